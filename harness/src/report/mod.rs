//! What people and machines read about a run. Every report is made from the runner's events and
//! writes to a sink it is given; none of them knows another.

mod differential;
mod failure;
mod human;
mod json;
mod junit;
#[cfg(all(feature = "target-stack", feature = "mutants"))]
mod mutants;
mod paint;
mod tap;

use std::io;

use crate::runner::Event;

pub use differential::{DiffReport, HumanDiff, JsonDiff, JunitDiff, render_difference};
pub use failure::render_failure;
pub use human::Human;
pub use json::Json;
pub use junit::Junit;
#[cfg(all(feature = "target-stack", feature = "mutants"))]
pub use mutants::{matrix_text, trial_line};
pub use paint::Paint;
pub use tap::Tap;

/// Turns events into a document.
pub trait Report {
    /// Takes the next event. An event is written with one call to the sink, or not at all.
    ///
    /// # Errors
    /// The sink's.
    fn on(&mut self, event: &Event<'_>) -> io::Result<()>;
}

/// What to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Show {
    /// Colours.
    pub paint: Paint,
    /// How long things took; without it two runs on a virtual clock give the same bytes.
    pub wall: bool,
    /// Everything observed, for every script.
    pub verbose: bool,
}

/// Seconds with microseconds, from microseconds: `-0.000120`.
fn seconds(us: i64) -> String {
    let sign = if us < 0 { "-" } else { "" };
    let us = us.unsigned_abs();
    format!("{sign}{}.{:06}", us / 1_000_000, us % 1_000_000)
}
