//! Two stacks over a lossy link in virtual time, one story per seed: links that lose, duplicate,
//! corrupt, delay and reorder; every combination of knobs, options, buffer sizes and endings.
//!
//! `SEEDS=10000 cargo test --profile checked -p synproof-stack --test seeds` plays 10,000 of them in
//! about a minute, with `Sock::check` after every entry point; without `SEEDS` it is a few hundred,
//! so that an ordinary test run stays short. `FIRST_SEED` plays on from another one. What fails is
//! printed with its seed: `FIRST_SEED=n SEEDS=1` plays it again.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests panic like tests")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use rstest::rstest;
use synproof_rig::story::{Play, Story};

/// Stories of an ordinary test run.
const FEW: u64 = 300;
/// What they are divided into.
const PARTS: u64 = 8;
fn play(seed: u64) -> Result<(), String> {
    let story = Story::of(seed);
    let mut play = Play::new(story.clone(), number("TELL", 0) != 0);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        play.run();
        play.check();
    }));
    outcome.map_err(|_| format!("seed {seed}: {story:?}\n  {}", play.situation()))
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// The stories are dealt to parts, so that they run on several processors.
#[rstest]
fn every_story_ends_well(#[values(0, 1, 2, 3, 4, 5, 6, 7)] part: u64) {
    let (first, count) = (number("FIRST_SEED", 1), number("SEEDS", FEW));
    let mine = (first..first + count).filter(|seed| seed % PARTS == part);
    let failures: Vec<_> = mine.filter_map(|seed| play(seed).err()).collect();
    for failure in failures.iter().take(10) {
        eprintln!("{failure}");
    }
    let seeds: Vec<_> = failures.iter().filter_map(|failure| failure.split(':').next()).collect();
    assert!(failures.is_empty(), "{} stories failed: {seeds:?}", failures.len());
}
