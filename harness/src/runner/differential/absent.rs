//! A side that has nothing to compare, and what that makes of the comparison.

use std::collections::BTreeMap;

use super::PairResult;
use crate::diff::{Comparison, Timing, Verdict as Diff};
use crate::engine::Run;
use crate::engine::outcome::Outcome;
use crate::target::TargetInfo;

/// Why a side has nothing to compare.
#[derive(Clone)]
pub(super) enum Absent {
    /// It lacks what the script needs, for which `run` skips it there.
    Lacking(String),
    /// It began, and that came to no end.
    Broken(String),
}

impl Absent {
    /// The result of a script that it happens to.
    pub(super) fn pair(self, left: &TargetInfo, right: &TargetInfo) -> PairResult {
        match self {
            Self::Lacking(why) => PairResult { skipped: true, ..incomparable(left, right, why) },
            Self::Broken(why) => incomparable(left, right, why),
        }
    }
}

/// The run, if it can be compared.
pub(super) fn compares<'a>(
    info: &TargetInfo,
    run: &'a Result<Run, Absent>,
) -> Result<&'a Run, Absent> {
    let name = &info.name;
    let run = run.as_ref().map_err(|absent| match absent {
        Absent::Lacking(why) => Absent::Lacking(format!("{name}: {why}")),
        Absent::Broken(why) => Absent::Broken(format!("{name}: {why}")),
    })?;
    match &run.outcome {
        Outcome::Pass { .. } => Ok(run),
        Outcome::Skip { reason, .. } => Err(Absent::Lacking(format!("{name}: {reason}"))),
        Outcome::Fail(failure) | Outcome::Error(failure) => {
            Err(Absent::Broken(format!("{name}: {}", failure.message)))
        }
    }
}

/// Nobody can tell.
pub(super) fn incomparable(left: &TargetInfo, right: &TargetInfo, reason: String) -> PairResult {
    PairResult {
        left: left.name.clone(),
        right: right.name.clone(),
        comparison: Comparison {
            verdict: Diff::Incomparable(reason),
            found: Vec::new(),
            used: BTreeMap::new(),
            timing: Timing::default(),
        },
        known: Vec::new(),
        explained: true,
        timeline: Vec::new(),
        not_seen: Vec::new(),
        skipped: false,
    }
}
