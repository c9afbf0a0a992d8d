//! Runs one script against one target: what is due when, what to send, what to expect.
//!
//! Time passes only in `Target::observe`; there is no clock, no sleep and no branch on the kind of
//! target in here.
//!
//! A run judges, or it only observes (`mode`): the flow of control is the same, and `observe` has what
//! the two do differently.
//!
//! Reading order: `run` (the whole of a run), `session` (the event loop), then one file
//! per kind of event: `inbound`, `outbound` (with `sniff` and `hints`), `syscalls`, `commands`,
//! `states`. The leaves: `schedule` (when), `flow` (which connection, which numbers), `packets` and
//! `calls` (script notation to values), `expect` (field-wise comparison).

mod aggregate;
mod calls;
mod commands;
mod descriptors;
mod expect;
mod failure;
mod flow;
mod hints;
mod inbound;
pub mod log;
mod log_text;
pub mod mode;
mod names;
pub(crate) mod needs;
mod numbers;
mod observe;
mod outbound;
pub mod outcome;
mod packets;
mod result;
mod run;
#[cfg(test)]
mod sample;
mod sampling;
mod schedule;
mod session;
mod sniff;
mod states;
mod syscalls;

pub use mode::Mode;
pub use numbers::{AsWritten, Numbers};
pub use run::{Run, carry_out, observe, observe_with, run};
