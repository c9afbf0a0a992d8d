//! Generated scenarios and their mutations on the stack: nothing is found, and they reach what they
//! are about. `SCENARIOS=100000` plays more, `FIRST=n` from another seed.
#![expect(clippy::print_stderr, reason = "what is found is told")]

use std::collections::BTreeMap;

use rstest::rstest;
use synproof_fuzz::generators::scenario::steps;
use synproof_fuzz::oracles::scenario::{read, write};
use synproof_fuzz::{Seeded, Shape, Verdict, judge, reached, target};

const FEW: u64 = 300;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Every seed is one scenario and four mutations of it.
#[rstest]
fn scenarios_find_nothing(#[values("segment_storm", "api_sequence")] name: &str) {
    let target = target(name).unwrap();
    let Shape::Structure(mutate) = target.shape else { panic!("{name} has no structure") };
    let mut found: BTreeMap<(&str, String), (u64, Vec<u8>, String)> = BTreeMap::new();
    let (first, count) = (number("FIRST", 0), number("SCENARIOS", FEW));
    for seed in first..first + count {
        let mut case = (target.generate)(&mut Seeded::new(seed));
        for change in 0..5 {
            if let Verdict::Broken(finding) = judge::check(target, &case) {
                let kind = (finding.property, finding.class);
                let row = found.entry(kind).or_insert((0, case.clone(), finding.detail));
                row.0 += 1;
                if case.len() < row.1.len() {
                    row.1.clone_from(&case);
                }
            }
            case = mutate(&case, target.max_len, seed * 8 + change);
        }
    }
    for ((property, class), (times, case, detail)) in &found {
        eprintln!(
            "{times} x {property} ({class})\n  {}\n  {}",
            case.escape_ascii(),
            &detail[..detail.len().min(900)]
        );
    }
    assert!(found.is_empty(), "{} kinds of findings", found.len());
}

#[test]
fn scenarios_have_ten_steps_and_reach_every_state() {
    let target = target("segment_storm").unwrap();
    let mut lengths = Vec::new();
    for seed in 0..FEW {
        let case = (target.generate)(&mut Seeded::new(seed));
        lengths.push(steps(&read(&case).unwrap()));
        let _verdict = judge::check(target, &case);
    }
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!((8..=13).contains(&median), "median {median}");
    let marks = reached::marks();
    let states: std::collections::BTreeSet<&str> =
        marks.iter().filter(|mark| mark.count > 0).map(|mark| mark.state.as_str()).collect();
    assert!(states.len() >= 11, "{states:?}");
}

/// What is stored is read again as what it was.
#[test]
fn a_stored_scenario_is_the_scenario() {
    for seed in 0..200 {
        let mut seeded = Seeded::new(seed);
        let scenario = synproof_fuzz::generators::scenario::scenario(
            synproof_fuzz::generators::scenario::Profile::Api,
            &mut seeded,
        );
        let bytes = write(scenario.clone());
        assert_eq!(
            serde_json::from_slice::<synproof_harness::scenario::Scenario>(&bytes).unwrap(),
            scenario
        );
    }
}
