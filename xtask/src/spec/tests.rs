use super::table::table;
use super::{Claims, File, Requirement, broken, tags};

const ROWS: &str = r#"
    [[requirement]]
    id = "RFC1:MUST-1"
    level = "MUST"
    section = "1"
    summary = "One."
    linux = "conforms"
    status = "tested"
    [[requirement]]
    id = "RFC1:SHLD-1"
    level = "SHOULD"
    section = "2"
    summary = "Two."
    linux = "deviates"
    note = "not so"
    status = "deviates"
    [[requirement]]
    id = "RFC1:MUST-2"
    level = "MUST"
    section = "3"
    summary = "Three."
    status = "not-testable"
    reason = "Nobody sees it."
    [[requirement]]
    id = "RFC2:1#1"
    level = "RULE"
    section = "1"
    summary = "Four."
    status = "todo"
"#;

fn rows() -> Vec<Requirement> {
    toml::from_str::<File>(ROWS).unwrap().requirement
}

fn claims() -> Claims {
    let mut claims = Claims::default();
    claims.covers.insert("RFC1:MUST-1".into(), vec!["a.pkt".into()]);
    claims.deviates.insert("RFC1:SHLD-1".into(), vec!["b.pkt".into()]);
    claims.code.insert("RFC1:MUST-2".into(), vec!["c.rs".into()]);
    claims
}

#[test]
fn what_holds_is_no_error() {
    assert_eq!(broken(&rows(), &claims()), Vec::<String>::new());
}

#[test]
fn a_claim_of_what_does_not_exist_is_an_error() {
    let mut claims = claims();
    claims.code.insert("RFC1:MUST-9".into(), vec!["d.rs".into(), "e.rs".into()]);
    assert_eq!(broken(&rows(), &claims), ["RFC1:MUST-9 is no requirement: d.rs, e.rs"]);
}

#[test]
fn a_test_that_is_gone_and_one_that_is_new_are_errors() {
    let mut claims = claims();
    claims.covers.clear();
    claims.covers.insert("RFC2:1#1".into(), vec!["a.pkt".into()]);
    assert_eq!(
        broken(&rows(), &claims),
        [
            "RFC1:MUST-1 is said to be tested, and no script covers it",
            "RFC2:1#1 has a script: its status is `tested`",
        ]
    );
}

#[test]
fn a_deviation_of_what_is_said_to_conform_is_an_error() {
    let mut claims = claims();
    claims.deviates.insert("RFC1:MUST-1".into(), vec!["b.pkt".into()]);
    assert_eq!(
        broken(&rows(), &claims),
        ["RFC1:MUST-1 is shown to be violated, and Linux is said to conform"]
    );
}

#[test]
fn a_reason_goes_with_what_cannot_be_tested_and_with_nothing_else() {
    let mut rows = rows();
    rows[2].reason = None;
    rows[3].reason = Some("Lazy.".into());
    let errors = broken(&rows, &claims());
    assert_eq!(errors.len(), 2);
    assert!(errors.iter().all(|error| error.contains("needs a reason")));
}

#[test]
fn tags_are_ids_in_brackets() {
    let text = "/// [RFC9293:MUST-2] a [RFC 9293] [RFC5961:3.2#1]; [other:x]";
    assert_eq!(tags(text).collect::<Vec<_>>(), ["RFC9293:MUST-2", "RFC5961:3.2#1"]);
}

#[test]
fn the_table_counts_per_rfc_and_together() {
    let text = table(&rows());
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[1].starts_with("RFC1"));
    assert!(lines[1].ends_with("2 of 2     100%"), "{}", lines[1]);
    assert!(lines[2].ends_with("0 of 0        –"), "{}", lines[2]);
    assert!(lines[3].starts_with("all"));
}
