//! The file and the code know the same rules.

use super::*;

#[test]
fn every_rule_has_its_source_and_reason() {
    let texts = rule_texts().unwrap();
    for text in &texts {
        assert!(text.source.contains(" · ") || text.source.contains(';'), "{}", text.source);
        assert!(!text.reason.is_empty());
    }
    let names: Vec<_> = texts.iter().map(|text| text.name).collect();
    let mut once = names.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), names.len());
    // All that the code knows are in the file.
    assert_eq!(once.len(), 14);
}

#[test]
fn an_unknown_rule_is_refused_with_the_known_ones() {
    let mut rules = crate::diff::sample::rules();
    let error = rules.switch("isn ", false).unwrap_err().to_string();
    assert!(
        error.starts_with("there is no rule `isn ` (there are isn, ephemeral-port,"),
        "{error}"
    );
}
