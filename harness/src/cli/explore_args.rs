//! The arguments of `explore` and `minimize`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use super::args::{Seed, jobs, target_name};
use crate::config::DEFAULT_SEED;
use crate::explore::sides::PROFILE;

#[derive(Debug, Args)]
pub(super) struct ExploreArgs {
    /// What to play on, comma separated: the first is compared with each of the others; with one
    /// alone, what it does is only told
    #[arg(long, value_delimiter = ',', required = true, value_parser = target_name)]
    pub(super) targets: Vec<String>,
    /// Mutations of a segment that are combined (0 to 2)
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=2))]
    pub(super) depth: u8,
    /// Generated scenarios instead, from the seed, until interrupted or until the budget is spent
    #[arg(long, conflicts_with = "depth")]
    pub(super) random: bool,
    /// No more than so many cases, those of earlier runs included
    #[arg(long, value_name = "CASES")]
    pub(super) budget: Option<u64>,
    /// Seed of everything random
    #[arg(long, default_value_t = Seed(DEFAULT_SEED))]
    pub(super) seed: Seed,
    /// Cases at once [default: processors]
    #[arg(short, long, value_name = "N", value_parser = jobs)]
    pub(super) jobs: Option<NonZeroUsize>,
    /// Keep what is found in this directory; the same command goes on where it was
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Give up a case that keeps a guest of the target uml busy for longer (host's clock)
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) guest_timeout: u64,
    /// Leave out how long it took
    #[arg(long)]
    pub(super) no_wall: bool,
}

#[derive(Debug, Args)]
pub(super) struct MinimizeArgs {
    /// A script on which the targets do not do the same
    pub(super) file: PathBuf,
    /// The two targets, comma separated; the script expects what the second does
    #[arg(long, value_delimiter = ',', required = true, value_parser = target_name)]
    pub(super) targets: Vec<String>,
    /// Where to write the script [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// First line of the script [default: how the targets differ]
    #[arg(long, value_name = "TEXT")]
    pub(super) title: Option<String>,
    /// Try no more than so many scenarios
    #[arg(long, value_name = "SCENARIOS", default_value_t = 5_000)]
    pub(super) budget: usize,
    /// Seed of everything random
    #[arg(long, default_value_t = Seed(DEFAULT_SEED))]
    pub(super) seed: Seed,
    /// Options of the scenario: a profile's name or file
    #[arg(long, value_name = "NAME", default_value = PROFILE)]
    pub(super) profile: String,
    /// Give up a scenario that keeps a guest of the target uml busy for longer (host's clock)
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) guest_timeout: u64,
}
