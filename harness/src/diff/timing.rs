//! When the same thing happened on both sides: measured from the last thing that the script did on
//! both, because later ones are as late as what they waited for.

use super::rules::{RuleName, Rules};
use super::view::View;
use crate::target::ScriptTime;

/// What happens so soon after the script did something answers it. Later it is the work of a timer.
pub(crate) const AT_ONCE_US: i64 = 3_000;

/// How far apart two moments are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Apart {
    /// Right minus left, in microseconds.
    pub(super) by_us: i64,
    /// The longer of the two times since the script did something.
    pub(super) after_us: i64,
}

/// Entry `l` of the left log against entry `r` of the right.
pub(super) fn apart(left: &View<'_>, right: &View<'_>, l: usize, r: usize) -> Apart {
    let done = left.stimuli_before(l).min(right.stimuli_before(r));
    let since = |view: &View<'_>, index: usize| view.at(index).since(origin(view, done));
    let (l, r) = (since(left, l), since(right, r));
    Apart { by_us: r.saturating_sub(l), after_us: l.max(r) }
}

/// When the script did its thing number `done`, from 1.
fn origin(view: &View<'_>, done: usize) -> ScriptTime {
    let last = done.checked_sub(1).and_then(|at| view.stimuli.get(at));
    last.map_or(ScriptTime(0), |stimulus| stimulus.at)
}

/// Whether something that `has` did at `index` may come after the end of the other log. What answers
/// the script at once may not: both logs end with a last look.
pub(super) fn beyond_end(
    has: &View<'_>,
    lacks: &View<'_>,
    index: usize,
    rules: &Rules,
) -> Option<RuleName> {
    let done = has.stimuli_before(index).min(lacks.stimuli.len());
    let after_us = has.at(index).since(origin(has, done));
    if after_us <= AT_ONCE_US {
        return None;
    }
    let left_us = lacks.end.since(origin(lacks, done));
    let allowed = rules.allowed_us(after_us).into_iter();
    allowed.filter(|(_, us)| after_us.saturating_add(*us) >= left_us).map(|(rule, _)| rule).next()
}

/// The rule that allows two moments to be so far apart; `Ok(None)` where none is needed.
pub(super) fn allows(rules: &Rules, apart: Apart) -> Result<Option<RuleName>, ()> {
    if apart.by_us == 0 {
        return Ok(None);
    }
    let allowed = rules.allowed_us(apart.after_us).into_iter();
    allowed
        .filter(|(_, us)| apart.by_us.saturating_abs() <= *us)
        .map(|(rule, _)| Some(rule))
        .next()
        .ok_or(())
}
