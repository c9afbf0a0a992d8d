//! Where runs are carried out: in this process, or in guests of their own.
//!
//! The runner plans, judges and tells; an executor turns one script with its configuration into
//! what was seen. What a script runs against is chosen here by its name, once.

mod local;
mod venue;

use crate::config::Config;
use crate::engine::{Mode, Run};
use crate::script::Defines;
use crate::script::ast::Script;
use crate::target::{TargetError, TargetInfo};

pub use local::InProcess;
pub use venue::Venue;

/// One run to be made: everything it depends on.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// Parsed without errors.
    pub script: &'a Script,
    /// The symbols it was parsed with; with its text they give the same syntax tree anywhere.
    pub defines: &'a Defines,
    /// Under which options.
    pub config: &'a Config,
    /// Whether it judges.
    pub mode: Mode,
}

/// A place where scripts run.
pub trait Executor: Sync {
    /// What its target says about itself.
    ///
    /// # Errors
    /// This machine cannot run it; the error says what would help.
    fn info(&self) -> Result<TargetInfo, TargetError>;

    /// One worker: several run side by side, each on a thread of its own.
    fn worker(&self) -> Box<dyn Worker + '_>;
}

impl<T: Executor + ?Sized> Executor for &T {
    fn info(&self) -> Result<TargetInfo, TargetError> {
        (**self).info()
    }

    fn worker(&self) -> Box<dyn Worker + '_> {
        (**self).worker()
    }
}

/// Makes one run after the other.
pub trait Worker {
    /// Runs a script on a fresh target. Whatever goes wrong is an outcome.
    fn run(&mut self, job: &Job<'_>) -> Run;
}
