//! The reference TCP: the Linux TCP socket layer, sans-IO, in virtual time.
//!
//! A [`Stack`] has four kinds of method and no other way in or out:
//!
//! * *calls* (`socket`, `connect`, `send`, …): what a program asks for, one file each in [`api`];
//! * `on_*`: what the world does to it — a datagram arrives, a timer is due;
//! * `poll_*`: what it wants done — datagrams to send, when to come back, who may look again;
//! * getters, which change nothing.
//!
//! Time is an argument of every method that needs it and never runs backwards; randomness follows
//! from the seed. Two stacks that are told the same things do the same things, byte for byte.
//!
//! `README.md` beside this file says in which order to read.
#![forbid(unsafe_code)]

mod accecn;
pub mod api;
pub mod caps;
pub mod cx;
pub mod effect;
pub mod errno;
mod fastopen;
pub mod flow;
pub mod input;
mod invariants;
mod md5;
mod memory;
pub mod metrics;
pub mod mib;
pub mod mutant;
pub mod net;
pub mod qdisc;
mod repair;
pub mod rng;
pub mod seq;
pub mod state;
pub mod sysctl;
pub mod time;
pub mod timer;
pub mod trace;

mod congestion;
mod errqueue;
mod output;
mod sock;
mod stack;
mod table;
mod timestamping;
#[cfg(feature = "fuzzing")]
pub mod wire;
#[cfg(not(feature = "fuzzing"))]
mod wire;

pub use congestion::CaState;
pub use flow::Flow;
pub use mutant::Mutant;
pub use sock::{RequestSock, Shutdown, Sock, SockId, TimeWaitSock};
pub use stack::{Config, Stack, StackEvent};
pub use table::Fd;
