//! The whole of a comparison: everything up to its first difference, and the first of those.

use std::collections::{BTreeMap, BTreeSet};

use super::class::{class, line_before, seen};
use super::rules::{RuleName, Rules};
use super::timing::Apart;
use super::verdict::{Comparison, Divergence, Timing, Verdict};
use super::view::View;
use super::{drawn, flows, results, series};
use crate::engine::log::RunLog;

/// Compares what two targets did to the same script, as `rules` allow.
#[must_use]
pub fn compare(left: &RunLog, right: &RunLog, rules: &Rules) -> Comparison {
    let pair = Pair { left: View::new(left), right: View::new(right), rules };
    let mut tally = Tally::default();
    if let Some(reason) = pair.not_the_same_script() {
        return tally.comparison(Verdict::Incomparable(reason), Vec::new());
    }
    let keys: BTreeSet<_> = pair.left.flows.keys().chain(pair.right.flows.keys()).collect();
    let mut found = Vec::new();
    found.extend(drawn::compare(&pair, &mut tally));
    for flow in keys {
        found.extend(flows::compare(&pair, *flow, &mut tally));
    }
    found.extend(results::compare(&pair, &mut tally));
    found.extend(series::compare(&pair, &mut tally));
    // On a virtual clock another time is a difference like any other; on the machine's it is none.
    let late = tally.timing.beyond.clone().filter(|_| !rules.is_real());
    found.extend(late.map(|late| *late));
    // On a virtual clock much happens at the same moment; then the script's order counts.
    found.sort_by_key(|divergence| (divergence.at, divergence.line.unwrap_or(usize::MAX)));
    match found.first().cloned() {
        Some(first) => tally.comparison(Verdict::Differ(Box::new(first)), found),
        None => tally.comparison(Verdict::Agree, found),
    }
}

/// Both sides.
pub(super) struct Pair<'a> {
    pub(super) left: View<'a>,
    pub(super) right: View<'a>,
    pub(super) rules: &'a Rules,
}

impl Pair<'_> {
    /// The script did the same things on both sides, in the same order.
    fn not_the_same_script(&self) -> Option<String> {
        let lines = |view: &View<'_>| view.stimuli.iter().map(|s| s.line).collect::<Vec<_>>();
        let (left, right) = (lines(&self.left), lines(&self.right));
        if left == right {
            return None;
        }
        let same = left.iter().zip(&right).take_while(|(l, r)| l == r).count();
        let line = left.get(same).or(right.get(same)).copied().flatten();
        let at = line.map_or_else(String::new, |line| format!(" at line {line}"));
        Some(format!("the script did not do the same on both sides{at}"))
    }

    /// The same thing at moments that no rule reconciles.
    pub(super) fn late(
        &self,
        left: usize,
        right: usize,
        socket: Option<&str>,
        field: &str,
        apart: Apart,
    ) -> Divergence {
        let Apart { by_us, after_us } = apart;
        let way = if by_us > 0 { "later" } else { "earlier" };
        let by = by_us.unsigned_abs();
        let message = format!("{by} us {way} on the right, {after_us} us after the script's last");
        Divergence {
            class: class(&self.left, left, socket, "timing", field),
            at: self.left.at(left).min(self.right.at(right)),
            line: line_before(&self.left, left),
            message,
            left: seen(&self.left, left),
            right: seen(&self.right, right),
            fields: Vec::new(),
        }
    }
}

/// What is counted on the way.
#[derive(Default)]
pub(super) struct Tally {
    used: BTreeMap<RuleName, usize>,
    timing: Timing,
}

impl Tally {
    /// A rule allowed something.
    pub(super) fn used(&mut self, rule: RuleName) {
        *self.used.entry(rule).or_default() += 1;
    }

    /// The same thing on both sides, and the rule that allows it to be so far apart.
    pub(super) fn moment(&mut self, apart: Apart, rule: Option<RuleName>) {
        let timing = &mut self.timing;
        timing.compared += 1;
        timing.off += usize::from(apart.by_us != 0);
        if apart.by_us.abs() > timing.worst_us.abs() {
            timing.worst_us = apart.by_us;
        }
        rule.into_iter().for_each(|rule| self.used(rule));
    }

    /// A difference in time that no rule allows; the first one stays.
    pub(super) fn beyond(&mut self, divergence: impl FnOnce() -> Divergence) {
        let divergence = divergence();
        if self.timing.beyond.as_ref().is_none_or(|first| divergence.at < first.at) {
            self.timing.beyond = Some(Box::new(divergence));
        }
    }

    fn comparison(self, verdict: Verdict, found: Vec<Divergence>) -> Comparison {
        Comparison { verdict, found, used: self.used, timing: self.timing }
    }
}

#[cfg(test)]
mod tests;
