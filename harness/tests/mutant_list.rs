//! `specs/mutants.toml`, the list of mutants that no script notices, names mutants there are.
#![cfg(feature = "target-stack")]

use std::collections::BTreeSet;

use synproof_harness::runner::survivors;
use synproof_harness::target::stack::Mutant;

#[test]
fn every_survivor_is_a_mutant_and_has_a_reason() {
    let survivors = survivors().unwrap();
    let names: BTreeSet<&str> = survivors.iter().map(|survivor| survivor.name.as_str()).collect();
    assert_eq!(names.len(), survivors.len(), "a mutant is listed twice");
    for survivor in &survivors {
        assert!(Mutant::named(&survivor.name).is_some(), "there is no mutant {}", survivor.name);
        assert!(survivor.reason.split_whitespace().count() > 5, "{}: why?", survivor.name);
    }
    // The list is for the few that cannot be seen, not for those that nobody has looked at.
    assert!(survivors.len() * 20 < Mutant::ALL.len(), "{} survivors", survivors.len());
}
