//! The reference Rust stack as a target: in process, in virtual time.
//!
//! The only place in the harness that names `synproof_stack`.

mod calls;
mod commands;
mod launch;
mod target;

pub use launch::StackLaunch;
