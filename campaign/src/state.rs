//! What a campaign knows and keeps: per target time, progress and history; what was reached.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::libfuzzer::Progress;
use crate::sharing::Account;
use crate::store::Finding;

/// Most points of a history; when there are more, every second one goes.
const MOST_POINTS: usize = 600;

/// One campaign.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Seconds it has run, over all its starts.
    pub seconds: f64,
    /// How often it was started.
    pub starts: u32,
    /// Its targets by name.
    pub targets: BTreeMap<String, Target>,
    /// Targets that cannot run on this machine, and why.
    #[serde(default)]
    pub unavailable: BTreeMap<String, String>,
    /// What the last problem was, if it has not gone.
    #[serde(default)]
    pub trouble: Option<String>,
}

/// One target of a campaign.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// It has a bug that must be found.
    #[serde(default)]
    pub planted: bool,
    /// Its time.
    pub account: Account,
    /// Executions in all slices.
    pub executions: u64,
    /// Edges of code, features, inputs of the corpus, as of the last slice.
    pub cov: u64,
    /// Features.
    pub features: u64,
    /// Inputs of the corpus.
    pub corpus: u64,
    /// Slices that ended by a crash.
    pub crashes: u64,
    /// Seconds of the campaign at which something new was found last.
    pub new_at: f64,
    /// How it went.
    pub history: Vec<Point>,
    /// What its scenarios reached, and how often.
    #[serde(default)]
    pub marks: Vec<Mark>,
}

/// One moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Seconds of the campaign.
    pub at: f64,
    /// Features so far.
    pub features: u64,
    /// Executions per second of the slice.
    pub rate: f64,
}

/// Something that can be reached, as `synproof-fuzz` names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mark {
    /// `edge`, `done`, `drop` or `reset`.
    pub kind: String,
    /// State before.
    pub state: String,
    /// Event, or what became of the segment.
    pub what: String,
    /// How often.
    pub count: u64,
}

impl Target {
    /// A slice ended, or goes on; says how many features are new.
    pub fn advance(&mut self, progress: Progress, at: f64) -> u64 {
        let new = progress.features.saturating_sub(self.features);
        if new > 0 {
            self.new_at = at;
        }
        self.cov = self.cov.max(progress.cov);
        self.features = self.features.max(progress.features);
        self.corpus = progress.corpus;
        new
    }

    /// Adds a point to the history.
    pub fn remember(&mut self, point: Point) {
        self.history.push(point);
        if self.history.len() > MOST_POINTS {
            let mut keep = false;
            self.history.retain(|_| {
                keep = !keep;
                keep
            });
        }
    }

    /// Adds what a worker reached.
    pub fn add_marks(&mut self, marks: Vec<Mark>) {
        for mark in marks {
            let same = |other: &&mut Mark| {
                (&other.kind, &other.state, &other.what) == (&mark.kind, &mark.state, &mark.what)
            };
            match self.marks.iter_mut().find(same) {
                Some(known) => known.count += mark.count,
                None => self.marks.push(mark),
            }
        }
    }
}

impl State {
    /// The marks of all targets together.
    #[must_use]
    pub fn marks(&self) -> Vec<Mark> {
        let mut all = Target::default();
        for target in self.targets.values() {
            all.add_marks(target.marks.clone());
        }
        all.marks
    }

    /// Edges of the state table that were reached, and all of them.
    #[must_use]
    pub fn edges(&self) -> (usize, usize) {
        let edges: Vec<Mark> =
            self.marks().into_iter().filter(|mark| mark.kind == "edge").collect();
        (edges.iter().filter(|mark| mark.count > 0).count(), edges.len())
    }

    /// Different reasons for which segments were dropped or reset.
    #[must_use]
    pub fn reasons(&self) -> usize {
        let of = |mark: &Mark| matches!(mark.kind.as_str(), "drop" | "reset") && mark.count > 0;
        let mut reasons: Vec<(String, String)> =
            self.marks().into_iter().filter(of).map(|mark| (mark.kind, mark.what)).collect();
        reasons.sort();
        reasons.dedup();
        reasons.len()
    }

    /// Targets that ran and whose planted bug is not among the findings: what finds it is broken.
    #[must_use]
    pub fn blind<'a>(&'a self, findings: &[Finding]) -> Vec<&'a str> {
        let is_blind = |(name, target): &(&String, &Target)| {
            let found = findings.iter().any(|finding| finding.target == **name);
            target.planted && target.executions > 0 && !found
        };
        self.targets.iter().filter(is_blind).map(|(name, _)| name.as_str()).collect()
    }

    /// Executions of all targets.
    #[must_use]
    pub fn executions(&self) -> u64 {
        self.targets.values().map(|target| target.executions).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_keeps_its_beginning_and_its_end() {
        let mut target = Target::default();
        for at in 0..5000 {
            target.remember(Point { at: f64::from(at), features: 1, rate: 1.0 });
        }
        assert!(target.history.len() <= MOST_POINTS);
        assert_eq!(target.history.first().map(|point| point.at), Some(0.0));
        assert_eq!(target.history.last().map(|point| point.at), Some(4999.0));
    }

    #[test]
    fn marks_add_up() {
        let mark = |what: &str, count| Mark {
            kind: "edge".into(),
            state: "TCP_CLOSE".into(),
            what: what.into(),
            count,
        };
        let mut state = State::default();
        for name in ["a", "b"] {
            let target = state.targets.entry(name.into()).or_default();
            target.add_marks(vec![mark("ActiveOpen", 2), mark("PassiveOpen", 0)]);
        }
        assert_eq!(state.marks(), [mark("ActiveOpen", 4), mark("PassiveOpen", 0)]);
        assert_eq!(state.edges(), (1, 2));
    }

    #[test]
    fn a_planted_bug_must_be_among_the_findings() {
        let mut state = State::default();
        let canary = Target { planted: true, executions: 9, ..Target::default() };
        state.targets.insert("canary".into(), canary);
        state.targets.insert("two_peers".into(), Target { executions: 9, ..Target::default() });
        assert_eq!(state.blind(&[]), ["canary"]);
        let found = Finding { target: "canary".into(), planted: true, ..Finding::default() };
        assert!(state.blind(&[found]).is_empty());
    }

    #[test]
    fn only_more_features_are_new() {
        let mut target = Target::default();
        let seen = |features| Progress { features, ..Progress::default() };
        assert_eq!(target.advance(seen(10), 1.0), 10);
        assert_eq!(target.advance(seen(8), 2.0), 0);
        assert_eq!(target.advance(seen(12), 3.0), 2);
        assert_eq!(target.new_at, 3.0);
    }
}
