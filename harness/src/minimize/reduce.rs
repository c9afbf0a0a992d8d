//! Less and less of a scenario, as long as it still shows what it is about.

use super::candidates::simpler;
use crate::scenario::{Family, Scenario, Step};

/// The smallest scenario found that `still` holds for; `scenario` itself must. Steps are taken away,
/// in pieces that get smaller (Zeller and Hildebrandt, TSE 2002); what is left of each is made simpler
/// and time is made shorter, until nothing of that can be done any more.
pub fn reduce(scenario: &Scenario, still: &mut dyn FnMut(&Scenario) -> bool) -> Scenario {
    let mut best = scenario.clone();
    loop {
        let before = best.clone();
        settings(&mut best, still);
        steps(&mut best, still);
        fields(&mut best, still);
        times(&mut best, still);
        if best == before {
            return best;
        }
    }
}

/// Takes `candidate` if it still shows it.
fn take(
    best: &mut Scenario,
    candidate: Scenario,
    still: &mut dyn FnMut(&Scenario) -> bool,
) -> bool {
    let better = candidate != *best && still(&candidate);
    if better {
        *best = candidate;
    }
    better
}

fn settings(best: &mut Scenario, still: &mut dyn FnMut(&Scenario) -> bool) {
    take(best, Scenario { family: Family::V4, ..best.clone() }, still);
    for at in (0..best.sysctls.len()).rev() {
        let mut candidate = best.clone();
        candidate.sysctls.remove(at);
        take(best, candidate, still);
    }
}

fn steps(best: &mut Scenario, still: &mut dyn FnMut(&Scenario) -> bool) {
    let mut size = best.steps.len();
    while size > 0 {
        // From the end: what comes late depends on what comes early.
        let mut end = best.steps.len();
        while end > 0 {
            let start = end.saturating_sub(size);
            if !take(best, without(best, start, end, true), still) {
                take(best, without(best, start, end, false), still);
            }
            end = start.min(best.steps.len());
        }
        size /= 2;
    }
}

/// Without the steps from `start` to `end`; their time is over too, or passes before the next step.
fn without(scenario: &Scenario, start: usize, end: usize, with_time: bool) -> Scenario {
    let mut candidate = scenario.clone();
    let gone: u64 = candidate.steps.drain(start..end).map(|step| step.after_us).sum();
    if let (false, Some(next)) = (with_time, candidate.steps.get_mut(start)) {
        next.after_us += gone;
    }
    candidate
}

fn fields(best: &mut Scenario, still: &mut dyn FnMut(&Scenario) -> bool) {
    for at in 0..best.steps.len() {
        // Each candidate is simpler than the step, so this ends.
        while simplify(best, at, still) {}
    }
}

/// Takes the first simpler form of step `at` that still shows it; false if there is none.
fn simplify(best: &mut Scenario, at: usize, still: &mut dyn FnMut(&Scenario) -> bool) -> bool {
    let Some(step) = best.steps.get(at) else { return false };
    simpler(&step.action).into_iter().any(|action| {
        let mut candidate = best.clone();
        if let Some(step) = candidate.steps.get_mut(at) {
            step.action = action;
        }
        take(best, candidate, still)
    })
}

/// Times that are tried instead of one, shorter ones first.
const TIMES: [u64; 8] = [0, 10_000, 100_000, 500_000, 1_000_000, 2_000_000, 10_000_000, 60_000_000];

fn times(best: &mut Scenario, still: &mut dyn FnMut(&Scenario) -> bool) {
    for at in 0..best.steps.len() {
        let Some(after) = best.steps.get(at).map(|step| step.after_us) else { return };
        for us in TIMES.into_iter().filter(|us| *us < after) {
            let mut candidate = best.clone();
            if let Some(step) = candidate.steps.get_mut(at) {
                *step = Step { after_us: us, ..step.clone() };
            }
            if take(best, candidate, still) {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests;
