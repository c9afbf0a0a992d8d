//! Runs added up: what each target was seen to do, and which requirements that proves.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::observe::{Observed, observe};
use super::requirement::{Claim, Claims, Requirement};
use crate::runner::{CaseResult, Verdict};
use crate::target::TargetInfo;
use crate::target::transition::Transition;

/// Coverage of some targets, as `--format json` writes it and `--from` reads it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Coverage {
    /// One for each.
    pub targets: Vec<TargetCoverage>,
}

/// Name of a cell, an edge or a call to the scripts that met it.
pub type Met = BTreeMap<String, Vec<String>>;

/// What one target was seen to do.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TargetCoverage {
    /// Its name.
    pub target: String,
    /// What runs there.
    pub version: String,
    /// Every script with the worst of its verdicts.
    pub scripts: BTreeMap<String, String>,
    /// State × segment × position.
    pub cells: Met,
    /// Edges of the transition table.
    pub edges: Met,
    /// State × call.
    pub calls: Met,
}

/// What the runs of a target say about a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// A script that covers it fails, expectedly or not.
    Fails,
    /// A script shows that something else is done.
    Deviates,
    /// Every script that covers it and ran passes.
    Passes,
    /// No script, or none that this target can run.
    Nothing,
}

impl Proof {
    /// One word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fails => "fails",
            Self::Deviates => "deviates",
            Self::Passes => "passes",
            Self::Nothing => "–",
        }
    }
}

impl TargetCoverage {
    /// Of a target, before any run.
    #[must_use]
    pub fn new(info: &TargetInfo) -> Self {
        let (target, version) = (info.name.clone(), info.version.clone());
        Self { target, version, ..Self::default() }
    }

    /// Adds a run. What a run met that did not end as expected counts for nothing.
    pub fn add(&mut self, result: &CaseResult, table: &[Transition]) {
        let name = result.id.name().to_owned();
        let verdict = result.verdict.name().to_owned();
        let worst = self.scripts.entry(name.clone()).or_insert_with(|| verdict.clone());
        if rank(&verdict) < rank(worst) {
            *worst = verdict;
        }
        if matches!(result.verdict, Verdict::Pass | Verdict::Xfail) {
            let Observed { cells, edges, calls } = observe(&result.log.entries, table);
            note(&mut self.cells, cells, &name);
            note(&mut self.edges, edges, &name);
            note(&mut self.calls, calls, &name);
        }
    }

    /// What is proved about a requirement.
    #[must_use]
    pub fn proof(&self, requirement: &Requirement, claims: &Claims) -> Proof {
        let claims = claims.get(&requirement.id).map(Vec::as_slice).unwrap_or_default();
        let proofs = claims.iter().filter_map(|(claim, script)| {
            let verdict = self.scripts.get(script)?.as_str();
            match (claim, verdict) {
                (_, "skip") => None,
                (Claim::Covers, "pass") => Some(Proof::Passes),
                (Claim::Deviates, "pass") => Some(Proof::Deviates),
                (Claim::Covers, _) => Some(Proof::Fails),
                (Claim::Deviates, _) => None,
            }
        });
        proofs.min().unwrap_or(Proof::Nothing)
    }
}

/// A script met these.
fn note(met: &mut Met, seen: BTreeSet<String>, script: &str) {
    for what in seen {
        let scripts = met.entry(what).or_default();
        if !scripts.iter().any(|known| known == script) {
            scripts.push(script.to_owned());
        }
    }
}

/// The worse, the smaller.
fn rank(verdict: &str) -> usize {
    ["error", "fail", "xpass", "xfail", "pass"].iter().position(|v| *v == verdict).unwrap_or(5)
}
