//! What is counted, and which records are stale.

use super::*;
use crate::diff::{Comparison, Timing};
use crate::runner::{CaseId, KnownAs};
use crate::target::IpVersion;

fn pair(known: &[&str], not_seen: &[&str]) -> PairResult {
    let words = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    let known = words(known).into_iter().map(|id| KnownAs { id, reason: "why".into() });
    PairResult {
        left: "stack".into(),
        right: "uml".into(),
        comparison: Comparison {
            verdict: Diff::Agree,
            found: Vec::new(),
            used: BTreeMap::new(),
            timing: Timing::default(),
        },
        known: known.collect(),
        explained: true,
        timeline: Vec::new(),
        not_seen: words(not_seen),
        skipped: false,
    }
}

fn result(pair: PairResult) -> DiffResult {
    DiffResult {
        id: CaseId { script: "a.pkt".into(), ip: IpVersion::Ipv4 },
        pairs: vec![pair],
        judged: Vec::new(),
        source: None,
        files: Vec::new(),
        reproduce: String::new(),
        wall_us: 0,
        internal_bug: false,
        script_error: false,
    }
}

fn stale(results: Vec<PairResult>, interrupted: bool) -> Vec<String> {
    let pairs = vec![PairSummary::default()];
    let mut summary = DiffSummary { pairs, interrupted, ..DiffSummary::default() };
    results.into_iter().for_each(|pair| summary.add(&result(pair)));
    summary.find_stale();
    summary.pairs.remove(0).stale
}

#[test]
fn a_record_that_nothing_shows_is_stale() {
    assert_eq!(stale(vec![pair(&[], &["D-1", "D-2"])], false), ["D-1", "D-2"]);
    // Another of its scripts, or another IP version, shows it.
    assert_eq!(stale(vec![pair(&[], &["D-1"]), pair(&["D-1"], &[])], false), [""; 0]);
    assert_eq!(stale(vec![pair(&[], &[])], false), [""; 0]);
}

#[test]
fn an_interrupted_run_says_nothing_about_records() {
    assert_eq!(stale(vec![pair(&[], &["D-1"])], true), [""; 0]);
}

#[test]
fn a_stale_record_has_its_exit_code_and_a_difference_goes_before() {
    use crate::cli::Exit;
    let summary = |differ, stale: &[&str]| {
        let stale = stale.iter().map(|id| (*id).to_owned()).collect();
        let pair = PairSummary { differ, stale, ..PairSummary::default() };
        DiffSummary { pairs: vec![pair], planned: 1, finished: 1, ..DiffSummary::default() }
    };
    assert_eq!(Exit::of_comparison(&summary(0, &[])), Exit::Ok);
    assert_eq!(Exit::of_comparison(&summary(0, &["D-1"])), Exit::Stale);
    assert_eq!(Exit::of_comparison(&summary(1, &["D-1"])), Exit::Unexpected);
}
