//! An input that finds something to the smallest that finds the same, to a fixed point: no single
//! step of any pass below makes it smaller.

use synproof_harness::scenario::{Ack, Action, Family, Scenario, Segment, Seq, Step};

use crate::oracles::scenario::{read, write};
use crate::{Finding, Shape, Target, judge};

/// The smallest input, and how many were tried. An input that finds nothing is its own smallest.
#[must_use]
pub fn shrink(target: &Target, input: &[u8]) -> (Vec<u8>, u64) {
    let mut tried = 1;
    let Some(finding) = judge::check(target, input).finding() else { return (input.to_vec(), 1) };
    let mut same = |candidate: &[u8]| {
        tried += 1;
        judge::check(target, candidate).finding().is_some_and(|found| is_same(&found, &finding))
    };
    let small = match (target.shape, read(input)) {
        (Shape::Structure(_), Some(scenario)) => structure(scenario, &mut same),
        _ => bytes(input.to_vec(), &mut same),
    };
    (small, tried)
}

fn is_same(a: &Finding, b: &Finding) -> bool {
    (a.property, &a.class) == (b.property, &b.class)
}

/// Applies every pass until none of them changes anything.
fn structure(mut scenario: Scenario, same: &mut impl FnMut(&[u8]) -> bool) -> Vec<u8> {
    loop {
        let before = scenario.clone();
        fewer(&mut scenario, same);
        for at in 0..scenario.steps.len() {
            simpler(&mut scenario, at, same);
        }
        if scenario == before {
            return write(scenario);
        }
    }
}

fn keep(
    scenario: &mut Scenario,
    same: &mut impl FnMut(&[u8]) -> bool,
    change: impl FnOnce(&mut Scenario),
) -> bool {
    let mut candidate = scenario.clone();
    change(&mut candidate);
    if candidate == *scenario || !same(&write(candidate.clone())) {
        return false;
    }
    *scenario = candidate;
    true
}

/// Runs of steps go, long ones first; then sysctls, and the family.
fn fewer(scenario: &mut Scenario, same: &mut impl FnMut(&[u8]) -> bool) {
    let mut run = scenario.steps.len().max(1) / 2 + 1;
    while run > 0 {
        let mut at = 0;
        while at < scenario.steps.len() {
            let end = (at + run).min(scenario.steps.len());
            let gone = keep(scenario, same, |candidate| {
                candidate.steps.drain(at..end);
            });
            at += if gone { 0 } else { 1 };
        }
        run /= 2;
    }
    for at in (0..scenario.sysctls.len()).rev() {
        keep(scenario, same, |candidate| {
            candidate.sysctls.remove(at);
        });
    }
    keep(scenario, same, |candidate| candidate.family = Family::V4);
}

/// Fields of one step become what they usually are.
fn simpler(scenario: &mut Scenario, at: usize, same: &mut impl FnMut(&[u8]) -> bool) {
    for change in STEP_CHANGES {
        keep(scenario, same, |candidate| {
            if let Some(step) = candidate.steps.get_mut(at) {
                change(step);
            }
        });
    }
    for change in SEGMENT_CHANGES {
        keep(scenario, same, |candidate| {
            if let Some(Step { action: Action::Segment(segment), .. }) = candidate.steps.get_mut(at)
            {
                change(segment);
            }
        });
    }
}

const STEP_CHANGES: [fn(&mut Step); 2] = [
    |step| step.after_us = 0,
    // Whole milliseconds, if time is needed.
    |step| {
        step.after_us =
            if step.after_us > 1000 { step.after_us / 1000 * 1000 } else { step.after_us }
    },
];

const SEGMENT_CHANGES: [fn(&mut Segment); 11] = [
    |segment| segment.malform.clear(),
    |segment| segment.options.clear(),
    |segment| segment.payload = 0,
    |segment| segment.payload = segment.payload.min(1),
    |segment| segment.urgent = 0,
    |segment| segment.tos = 0,
    |segment| segment.window = u16::MAX,
    |segment| segment.seq = Seq::Next(0),
    |segment| segment.ack = segment.ack.map(|_| Ack::SndNxt(0)),
    |segment| segment.flags &= 0x3f,
    |segment| segment.flags &= !0x08,
];

/// Runs of bytes go, long ones first; then bytes become zero.
fn bytes(mut input: Vec<u8>, same: &mut impl FnMut(&[u8]) -> bool) -> Vec<u8> {
    loop {
        let before = input.clone();
        let mut run = input.len().max(1) / 2 + 1;
        while run > 0 {
            without_runs(&mut input, run, same);
            run /= 2;
        }
        for at in 0..input.len() {
            if input.get(at).is_some_and(|byte| *byte != 0) {
                keep_bytes(&mut input, same, |it| it.splice(at..=at, [0]).for_each(drop));
            }
        }
        if input == before {
            return input;
        }
    }
}

fn without_runs(input: &mut Vec<u8>, run: usize, same: &mut impl FnMut(&[u8]) -> bool) {
    let mut at = 0;
    while at < input.len() {
        let end = (at + run).min(input.len());
        let gone = keep_bytes(input, same, |candidate| candidate.drain(at..end).for_each(drop));
        at += usize::from(!gone);
    }
}

fn keep_bytes(
    input: &mut Vec<u8>,
    same: &mut impl FnMut(&[u8]) -> bool,
    change: impl FnOnce(&mut Vec<u8>),
) -> bool {
    let mut candidate = input.clone();
    change(&mut candidate);
    let kept = same(&candidate);
    if kept {
        *input = candidate;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn bytes_shrink_to_a_fixed_point() {
        let needs = |input: &[u8]| input.windows(2).any(|pair| pair == [7, 9]);
        let small = bytes((0..200).chain([7, 9]).chain(0..50).collect(), &mut |input| needs(input));
        assert_eq!(small, [7, 9]);
        assert_eq!(bytes(small.clone(), &mut |input| needs(input)), small);
    }
}
