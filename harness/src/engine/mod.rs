//! Runs one script against one target: what is due when, what to send, what to expect.
//!
//! Time passes only in `Target::observe`; there is no clock, no sleep and no branch on the kind of
//! target in here.

pub mod log;
pub mod outcome;

use crate::config::Config;
use crate::script::ast::Script;
use crate::target::Launch;

/// The result of one run.
#[derive(Clone, Debug)]
pub struct Run {
    /// How it ended.
    pub outcome: outcome::Outcome,
    /// What was seen.
    pub log: log::RunLog,
    /// Script time at the end, in microseconds.
    pub script_us: i64,
}

/// Runs `script`, which must have parsed without errors, on a fresh target.
pub fn run(_script: &Script, _config: &Config, _launch: &dyn Launch) -> Run {
    Run {
        outcome: outcome::Outcome::Skip { reason: "engine not linked".into(), span: None },
        log: log::RunLog::default(),
        script_us: 0,
    }
}
