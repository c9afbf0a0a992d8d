//! Which recorded difference applies.

use super::*;
use crate::diff::sample::target;
use crate::target::Clock;

const CLOCK: Clock = Clock::Virtual { tick_us: 1_000 };

fn entry() -> Recorded {
    toml::from_str(
        r#"
id = "D-9001"
between = ["stack", "linux < 6.13"]
script = ["close/linger*.pkt", "state/*/rcv-rst*.pkt"]
state = "ESTABLISHED"
rule = "left-only"
rfc = "first"
verdict = "accepted"
source = "RFC 5961, 3.2"
reason = "a reason"
"#,
    )
    .unwrap()
}

fn class(rule: &str) -> Class {
    let [state, event, field] = ["ESTABLISHED", "rcv-rst", "ack"].map(str::to_owned);
    Class { state, event, rule: rule.into(), field }
}

fn id(left: &str, right: &str, path: &str, rule: &str) -> Option<String> {
    let (left, right) = (target(left, CLOCK), target(right, CLOCK));
    let all = [entry()];
    let found = known(&all, (&left, &right), (path, IpVersion::Ipv4), &class(rule));
    found.map(|entry| entry.id.clone())
}

#[test]
fn a_record_is_about_its_targets_scripts_and_class() {
    let path = "specs/scripts/state/established/rcv-rst-in-window.pkt";
    assert_eq!(id("stack", "uml", path, "left-only").as_deref(), Some("D-9001"));
    assert_eq!(id("stack", "uml", path, "packet"), None);
    assert_eq!(id("stack", "stack", path, "left-only"), None);
    assert_eq!(id("stack", "uml", "specs/scripts/close/active.pkt", "left-only"), None);
}

#[test]
fn with_the_sides_the_other_way_round_so_is_the_class() {
    let path = "state/established/rcv-rst.pkt";
    assert_eq!(id("uml", "stack", path, "right-only").as_deref(), Some("D-9001"));
    assert_eq!(id("uml", "stack", path, "left-only"), None);
}

#[test]
fn the_embedded_lists_are_well_formed() {
    let all = recorded().unwrap();
    for entry in &all {
        assert!(!entry.reason.is_empty() && !entry.source.is_empty(), "{}", entry.id);
        assert!(!entry.script.is_empty() || entry.field != "*", "{}", entry.id);
    }
}
