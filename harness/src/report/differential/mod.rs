//! Reports of comparisons.

mod around;
mod human;
mod json;
mod junit;

use std::io;

use crate::diff::Verdict as Diff;
use crate::runner::{DiffEvent, PairResult};

pub use around::render_difference;
pub use human::HumanDiff;
pub use json::JsonDiff;
pub use junit::JunitDiff;

/// Turns the events of a comparison into a document.
pub trait DiffReport {
    /// Takes the next event. An event is written with one call to the sink, or not at all.
    ///
    /// # Errors
    /// The sink's.
    fn on(&mut self, event: &DiffEvent<'_>) -> io::Result<()>;
}

/// `agree`, `known`, `differ`, `skip`, `incomparable`.
fn verdict_name(pair: &PairResult) -> &'static str {
    match &pair.comparison.verdict {
        Diff::Agree => "agree",
        Diff::Differ(_) if pair.explained => "known",
        Diff::Differ(_) => "differ",
        Diff::Incomparable(_) if pair.skipped => "skip",
        Diff::Incomparable(_) => "incomparable",
    }
}

/// One line on what is not plain agreement.
fn why(pair: &PairResult) -> String {
    match &pair.comparison.verdict {
        Diff::Agree => {
            let beyond = pair.comparison.timing.beyond.as_ref();
            beyond.map(|late| format!("times alone: {}", late.message)).unwrap_or_default()
        }
        Diff::Differ(_) if pair.explained => {
            let known = pair.known.iter().map(|known| format!("{}: {}", known.id, known.reason));
            known.collect::<Vec<_>>().join("; ")
        }
        Diff::Differ(divergence) => divergence.class.to_string(),
        Diff::Incomparable(reason) => reason.clone(),
    }
}
