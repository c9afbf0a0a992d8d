//! The reference TCP: the Linux TCP socket layer, sans-IO, in virtual time.
#![forbid(unsafe_code)]

pub mod errno;
pub mod flow;
pub mod mib;
pub mod rng;
pub mod seq;
pub mod sysctl;
pub mod time;

mod congestion;
mod sock;
mod table;
#[cfg(feature = "fuzzing")]
pub mod wire;
#[cfg(not(feature = "fuzzing"))]
mod wire;
