//! The rig: gives a sans-IO TCP a TUN device in a network namespace, a clock, and the kernel's own
//! TCP on the other side.
//!
//! A [`Host`] is told of packets and time and says what to send and when to come back; a
//! [`Driver`] does that with a [`Tun`] and sleeps in between; a [`Link`] in the middle loses,
//! duplicates and reorders by a seed. [`netns::enter`] makes the namespace. The reference stack is
//! a `Host`, and so is smoltcp.
//!
//! [`story`] needs none of that: two stacks and a link, in virtual time.
//!
//! Unsafe code is in `sys` and nowhere else. Linux only.
#![cfg(target_os = "linux")]

mod driver;
mod host;
pub mod kernel;
mod link;
pub mod netns;
#[cfg(feature = "smoltcp")]
pub mod smol;
pub mod story;
mod sys;
#[cfg(feature = "smoltcp")]
pub mod tcp;
#[cfg(feature = "smoltcp")]
pub mod transfer;
mod tun;
mod vnet;

pub use driver::Driver;
pub use host::Host;
pub use link::{Link, Way, Weather};
pub use tun::{Tun, TunConfig};
