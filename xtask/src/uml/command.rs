//! The command line of `cargo xtask uml`.

use std::num::NonZeroUsize;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};

use super::{build, shelf};

/// What to do with kernels.
#[derive(Subcommand)]
pub(crate) enum UmlJob {
    /// Build a kernel for the `uml` target, unless it is built already; prints where it is
    Build(BuildArguments),
    /// The kernels that are built, one a line
    List,
    /// Remove a kernel; without arguments the unpacked sources and object files only
    Clean {
        /// The kernel, by name
        name: Option<String>,
        /// Every kernel, and all that was needed to build them
        #[arg(long, conflicts_with = "name")]
        all: bool,
    },
}

#[derive(Args)]
pub(crate) struct BuildArguments {
    /// A kernel tree, a tarball of one, or the series of a Debian package linux-source-SERIES
    #[arg(long, value_name = "DIR|TARBALL|SERIES", default_value = "6.12")]
    pub(crate) source: String,
    /// Ticks per second: what timers are rounded to
    #[arg(long, value_enum, default_value = "1000")]
    pub(crate) hz: Hz,
    /// What to call the kernel (uml:NAME) [default: series, or release and a hash of the source]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Compilers at work at once [default: one per CPU]
    #[arg(long, short)]
    pub(crate) jobs: Option<NonZeroUsize>,
}

/// Frequencies that distributions ship.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Hz {
    #[value(name = "1000")]
    Hz1000,
    #[value(name = "250")]
    Hz250,
}

impl Hz {
    pub(crate) const fn per_second(self) -> u32 {
        match self {
            Self::Hz1000 => 1000,
            Self::Hz250 => 250,
        }
    }
}

/// Runs one job; true when it succeeds.
pub(crate) fn uml(job: UmlJob) -> Result<bool> {
    match job {
        UmlJob::Build(arguments) => build::build(&arguments),
        UmlJob::List => shelf::list(),
        UmlJob::Clean { name: Some(name), all: _ } => shelf::clean_one(&name),
        UmlJob::Clean { name: None, all: true } => shelf::clean_all(),
        UmlJob::Clean { name: None, all: false } => shelf::clean_work(),
    }
}
