//! A real Linux kernel in virtual time: User-Mode Linux with `time-travel=inf-cpu`.
//!
//! A guest is a Linux kernel that runs as an ordinary process, with the host's files below its own
//! and this same program as its init. Its clock stands still while anything computes and jumps to
//! the next timer when everything sleeps. Scripts travel in, and what they saw travels out:
//!
//! ```text
//!   host/                                            guest/
//!   executor ── one worker, one guest ── guest ══ frames on /dev/tty1 ══ serve ── engine ── target/linux
//!                                          │                              │
//!                                         boot (the kernel's arguments)  init, files (what PID 1 does)
//! ```
//!
//! The whole engine runs inside. Were it outside, the guest's clock would run on by itself while a
//! question travels between the two.

pub mod guest;
mod host;
mod kernel;
mod message;
mod stream;

pub use host::Guests;
pub use kernel::{Kernel, built};
