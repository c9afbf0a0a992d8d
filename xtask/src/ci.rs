//! `cargo xtask ci JOB`: the jobs of .github/workflows/ci.yml.

use anyhow::Result;
use clap::ValueEnum;

use crate::{fuzz, lint, map, states, test, uml};

/// One job.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum CiJob {
    /// Formatting, clippy, documentation, house rules
    Lint,
    /// Everything the machine can test
    Test,
    /// Every fuzz target builds, replays its corpus and holds for fixed seeds
    Fuzz,
    /// The kernel for virtual time, where it can be built; elsewhere a line that says why not
    Kernel,
    /// Generated documents are up to date
    Docs,
}

/// Runs one job; true when it succeeds.
pub(crate) fn ci(job: CiJob) -> Result<bool> {
    match job {
        CiJob::Lint => lint::lint(),
        CiJob::Test => test::test(),
        CiJob::Fuzz => fuzz::smoke(),
        CiJob::Kernel => uml::build_where_possible(),
        CiJob::Docs => Ok(map::map(true)? & states::states(true)?),
    }
}
