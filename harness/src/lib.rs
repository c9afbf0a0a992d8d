//! Everything behind `synproof`: the script language, the engine, the targets and the reports.
//!
//! Who may use whom is drawn in `docs/architecture.md`: `cli → runner → engine → {script, packet,
//! target}`; a script knows no target, a target never sees a script.

pub mod cli;
pub mod code;
pub mod command;
pub mod config;
pub mod diff;
pub mod doctor;
pub mod engine;
pub mod executor;
pub mod explore;
pub mod minimize;
pub mod packet;
pub mod panics;
pub mod profile;
pub mod registry;
pub mod report;
pub mod runner;
pub mod scenario;
pub mod script;
pub mod target;
#[cfg(all(target_os = "linux", feature = "target-linux"))]
pub mod uml;
