//! Runs in this process, on targets of one launcher.

use super::{Executor, Job, Worker};
use crate::engine::{self, Run};
use crate::target::{Launch, TargetError, TargetInfo};

/// Runs scripts in this process.
pub struct InProcess<'a> {
    launch: &'a dyn Launch,
}

impl<'a> InProcess<'a> {
    /// On targets that `launch` makes.
    #[must_use]
    pub fn new(launch: &'a dyn Launch) -> Self {
        Self { launch }
    }
}

impl Executor for InProcess<'_> {
    fn info(&self) -> Result<TargetInfo, TargetError> {
        self.launch.info()
    }

    fn worker(&self) -> Box<dyn Worker + '_> {
        Box::new(Here { launch: self.launch })
    }
}

struct Here<'a> {
    launch: &'a dyn Launch,
}

impl Worker for Here<'_> {
    fn run(&mut self, job: &Job<'_>) -> Run {
        engine::carry_out(job.script, job.config, self.launch, job.mode)
    }
}
