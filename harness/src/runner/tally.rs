//! A comparison in numbers: of each pair of targets, how many scripts agree, and what differs.

use std::collections::{BTreeMap, BTreeSet};

use super::differential::{DiffContext, DiffResult, PairResult};
use crate::diff::{Class, RuleName, Verdict as Diff};

/// The whole comparison in numbers.
#[derive(Clone, Debug, Default)]
pub struct DiffSummary {
    /// The first target with each of the others.
    pub pairs: Vec<PairSummary>,
    /// Scripts to compare, once for each IP version.
    pub planned: usize,
    /// Those that were compared.
    pub finished: usize,
    /// Scripts that are wrong.
    pub script_errors: usize,
    /// Panics of the harness.
    pub internal_bugs: usize,
    /// Scripts that a target judged otherwise than expected, with `--judge`.
    pub misjudged: usize,
    /// A signal stopped it before all of it was done.
    pub interrupted: bool,
    /// Seed of everything random.
    pub seed: u64,
    /// How long all of it took, in microseconds of the machine's clock.
    pub wall_us: u64,
}

/// Two targets in numbers.
#[derive(Clone, Debug, Default)]
pub struct PairSummary {
    /// Name and version of the first.
    pub left: (String, String),
    /// Name and version of the other.
    pub right: (String, String),
    /// Scripts on which they do the same in every respect.
    pub agree: usize,
    /// Scripts on which they do the same, but for what rules allow beside drawn values.
    pub by_rule: usize,
    /// Scripts on which they differ as recorded.
    pub known: usize,
    /// Scripts on which they differ.
    pub differ: usize,
    /// Scripts that cannot be compared.
    pub incomparable: usize,
    /// Scripts that are not for one of the two, which lacks what they need.
    pub skipped: usize,
    /// Scripts whose content agrees and whose times do not, one clock being the machine's.
    pub off_in_time: usize,
    /// Uses of each rule.
    pub used: BTreeMap<RuleName, usize>,
    /// Differences by class: how many scripts show it, and the first.
    pub classes: BTreeMap<Class, Finding>,
    /// Recorded differences by identifier.
    pub known_ids: BTreeMap<String, Finding>,
    /// Reasons for which scripts are skipped or cannot be compared, with how many.
    pub reasons: BTreeMap<String, usize>,
    /// Recorded differences that no script shows any more, all of whose scripts were compared.
    pub stale: Vec<String>,
    /// Recorded differences that scripts which agree should show.
    not_seen: BTreeSet<String>,
}

/// Scripts that show the same thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How many.
    pub scripts: usize,
    /// The first of them, with its IP version.
    pub first: String,
    /// What it is, in words.
    pub what: String,
}

/// Rules about values that are drawn anew in every run: every script uses some of them.
const DRAWN: [RuleName; 5] = [
    RuleName::Isn,
    RuleName::EphemeralPort,
    RuleName::TimestampBase,
    RuleName::IpId,
    RuleName::FlowLabel,
];

impl DiffSummary {
    /// Nothing has run yet.
    #[must_use]
    pub fn new(context: &DiffContext<'_>, planned: usize) -> Self {
        let names: Vec<_> = context
            .sides
            .iter()
            .map(|side| (side.info.name.clone(), side.info.version.clone()))
            .collect();
        let pairs = match names.split_first() {
            Some((left, others)) => others
                .iter()
                .map(|right| PairSummary {
                    left: left.clone(),
                    right: right.clone(),
                    ..PairSummary::default()
                })
                .collect(),
            None => Vec::new(),
        };
        Self { pairs, planned, seed: context.cli.seed, ..Self::default() }
    }

    /// Counts one more script.
    pub fn add(&mut self, result: &DiffResult) {
        self.finished += 1;
        self.script_errors += usize::from(result.script_error);
        self.internal_bugs += usize::from(result.internal_bug);
        self.misjudged +=
            usize::from(result.judged.iter().any(|judged| !judged.verdict.is_expected()));
        let name = format!("{} ({})", result.id.name(), result.id.ip.name());
        for (summary, pair) in self.pairs.iter_mut().zip(&result.pairs) {
            summary.add(pair, &name);
        }
    }

    /// Finds the recorded differences that nothing showed. An interrupted run says nothing.
    pub(super) fn find_stale(&mut self) {
        if self.interrupted {
            return;
        }
        for pair in &mut self.pairs {
            let unseen = pair.not_seen.iter().filter(|id| !pair.known_ids.contains_key(*id));
            pair.stale = unseen.cloned().collect();
        }
    }
}

impl PairSummary {
    fn add(&mut self, pair: &PairResult, name: &str) {
        let comparison = &pair.comparison;
        for (rule, count) in &comparison.used {
            *self.used.entry(*rule).or_default() += count;
        }
        for known in &pair.known {
            note(&mut self.known_ids, known.id.clone(), name, &known.reason);
        }
        match &comparison.verdict {
            Diff::Agree => {
                let behaviour = comparison.used.keys().any(|rule| !DRAWN.contains(rule));
                *if behaviour { &mut self.by_rule } else { &mut self.agree } += 1;
                self.off_in_time += usize::from(comparison.timing.beyond.is_some());
            }
            Diff::Differ(_) if pair.explained => self.known += 1,
            Diff::Differ(divergence) => {
                self.differ += 1;
                note(&mut self.classes, divergence.class.clone(), name, &divergence.message);
            }
            Diff::Incomparable(reason) => {
                *if pair.skipped { &mut self.skipped } else { &mut self.incomparable } += 1;
                *self.reasons.entry(reason.clone()).or_default() += 1;
            }
        }
        self.not_seen.extend(pair.not_seen.iter().cloned());
    }

    /// Scripts on which they were held against each other.
    #[must_use]
    pub fn compared(&self) -> usize {
        self.agree + self.by_rule + self.known + self.differ
    }

    /// Scripts that have a result.
    #[must_use]
    pub fn total(&self) -> usize {
        self.compared() + self.incomparable + self.skipped
    }
}

fn note<K: Ord>(findings: &mut BTreeMap<K, Finding>, key: K, name: &str, what: &str) {
    let new = || Finding { scripts: 0, first: name.to_owned(), what: what.to_owned() };
    findings.entry(key).or_insert_with(new).scripts += 1;
}

#[cfg(test)]
mod tests;
