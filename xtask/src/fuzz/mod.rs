//! `cargo xtask fuzz`: the fuzz targets, from building them to campaigns of hours.
//!
//! Thin: `synproof-fuzz` judges, `synproof-campaign` runs; here they are built, found and called.

mod build;
mod jobs;
mod sancov;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};

pub(crate) use jobs::smoke;
pub(crate) use sancov::as_wrapper;

/// What is done.
#[derive(Subcommand)]
pub(crate) enum FuzzJob {
    /// A campaign: workers, time shared by what finds something new; resumes where it was
    Run(RunArgs),
    /// For CI: every target builds, holds for fixed seeds and for its corpus, and finds what is planted
    Smoke,
    /// Write seeds for every target: generated ones, and what the scripts of specs/ hold
    Seed {
        /// Where to
        #[arg(default_value = "fuzz/campaign/corpus")]
        dir: PathBuf,
    },
    /// How the campaign stands
    Status {
        /// Directory of the campaign
        #[arg(long, default_value = "fuzz/campaign")]
        dir: PathBuf,
    },
    /// Write the campaign's report again
    Report {
        /// Directory of the campaign
        #[arg(long, default_value = "fuzz/campaign")]
        dir: PathBuf,
    },
    /// Judge inputs again
    Replay {
        /// Which target
        target: String,
        /// Files and directories
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
    /// The smallest input that finds the same, beside the input as INPUT.small
    Tmin {
        /// Which target
        target: String,
        /// Input
        input: PathBuf,
    },
    /// Keep of a corpus only what is needed to reach what it reaches
    Cmin {
        /// Which target
        target: String,
        /// Corpus; without it the campaign's
        corpus: Option<PathBuf>,
    },
    /// What the corpora reach: edges of the state table, drop reasons, lines of stack/src
    Cover {
        /// A directory with a corpus for each target
        #[arg(default_value = "fuzz/campaign/corpus")]
        corpus: PathBuf,
    },
}

/// How a campaign is run.
#[derive(Args)]
pub(crate) struct RunArgs {
    /// Targets
    targets: Vec<String>,
    /// Every target that looks for bugs
    #[arg(long, conflicts_with = "targets")]
    all: bool,
    /// How long, in hours
    #[arg(long, conflicts_with = "seconds")]
    hours: Option<f64>,
    /// How long, in seconds
    #[arg(long)]
    seconds: Option<u64>,
    /// Workers at a time
    #[arg(short, long, default_value_t = 1)]
    jobs: usize,
    /// Directory of the campaign
    #[arg(long, default_value = "fuzz/campaign")]
    dir: PathBuf,
    /// With AddressSanitizer; needs the nightly toolchain
    #[arg(long)]
    asan: bool,
}

/// Does it; true when nothing was found but what is planted.
pub(crate) fn fuzz(job: FuzzJob) -> Result<bool> {
    match job {
        FuzzJob::Run(args) => jobs::run(&args),
        FuzzJob::Smoke => smoke(),
        FuzzJob::Seed { dir } => jobs::seed(&dir),
        FuzzJob::Status { dir } => jobs::campaign(&dir, "status"),
        FuzzJob::Report { dir } => jobs::campaign(&dir, "report"),
        FuzzJob::Replay { target, paths } => jobs::replay(&target, &paths),
        FuzzJob::Tmin { target, input } => jobs::tmin(&target, &input),
        FuzzJob::Cmin { target, corpus } => jobs::cmin(&target, corpus),
        FuzzJob::Cover { corpus } => jobs::cover(&corpus),
    }
}
