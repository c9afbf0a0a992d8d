//! The reference stack as a target: in process, in virtual time, byte for byte reproducible.
//!
//! The only place that knows the crate `synproof_stack`. Reading order: `launch` (what a script's
//! network becomes), `target` (the trait), `machine` (time, timers) with `sleepers` (who waits, and who is woken first), then how a
//! [`Syscall`](crate::target::Syscall) becomes a call of the stack: `calls`, with `transfer` and
//! `options` for the longer ones. `commands` and `network` carry shell commands out. `beyond` names
//! what Linux has and the stack lacks, so that a script that needs it is skipped and not failed.

mod beyond;
mod calls;
mod commands;
mod files;
mod launch;
mod machine;
mod metrics;
mod network;
mod options;
mod qdisc;
mod sleepers;
mod target;
mod transfer;
mod transitions;

#[cfg(feature = "mutants")]
pub use launch::MutantLaunch;
pub use launch::StackLaunch;
pub use synproof_stack::Mutant;
pub use target::StackTarget;
pub use transitions::transitions;
