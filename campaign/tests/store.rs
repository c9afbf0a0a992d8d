//! What a campaign keeps survives whatever ends it: torn writes, a full disk, doing it twice.

use std::fs;

use synproof_campaign::state::State;
use synproof_campaign::store::{Finding, Store};

fn finding(class: &str) -> Finding {
    Finding {
        target: "segment_storm".into(),
        property: "a reset is never answered with a reset".into(),
        class: class.into(),
        detail: "what was seen".into(),
        planted: false,
        at: 7,
    }
}

#[test]
fn a_finding_is_kept_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    assert!(store.keep(&finding("A"), &[("input", b"1"), ("small", b"")]).unwrap());
    assert!(!store.keep(&finding("A"), &[("input", b"2")]).unwrap());
    assert!(store.keep(&finding("B"), &[("input", b"3")]).unwrap());
    let all = Store::open(dir.path()).unwrap().findings().unwrap();
    assert_eq!(all.len(), 2);
    let first = all.iter().find(|(found, _)| found.class == "A").unwrap();
    assert_eq!(fs::read(first.1.join("input")).unwrap(), b"1");
}

/// Every prefix of the steps of keeping a finding, as a crash would leave it.
#[test]
fn a_torn_finding_is_no_finding_and_can_be_kept_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let torn = dir.path().join("findings").join(format!(".unfinished-{}", finding("A").id()));
    fs::create_dir_all(&torn).unwrap();
    fs::write(torn.join("input"), b"half").unwrap();
    let store_again = Store::open(dir.path()).unwrap();
    assert!(!torn.exists(), "what was not finished is cleared away");
    assert_eq!(store_again.findings().unwrap(), []);
    assert!(store.keep(&finding("A"), &[("input", b"whole")]).unwrap());
    // A directory without its last file is none either, and does not keep a finding out.
    let other = dir.path().join("findings").join(finding("B").id());
    fs::create_dir_all(&other).unwrap();
    fs::write(other.join("input"), b"half").unwrap();
    assert!(!store.has(&finding("B")));
    assert!(store.keep(&finding("B"), &[("input", b"whole")]).unwrap());
    assert_eq!(fs::read(other.join("input")).unwrap(), b"whole");
}

#[test]
fn what_was_found_is_no_part_of_the_corpus() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let corpus = store.dir("corpus", "segment_storm").unwrap();
    for (name, bytes) in [("found", "abc"), ("same length", "abd"), ("other", "ab")] {
        fs::write(corpus.join(name), bytes).unwrap();
    }
    store.withdraw("segment_storm", b"abc").unwrap();
    assert!(!corpus.join("found").exists());
    assert!(corpus.join("same length").exists() && corpus.join("other").exists());
    store.withdraw("segment_storm", b"not there").unwrap();
}

#[test]
fn a_torn_state_is_begun_anew_and_a_whole_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let state = State { seconds: 12.0, starts: 3, ..State::default() };
    store.write("state.json", &state).unwrap();
    assert_eq!(store.read::<State>("state.json"), Some(state.clone()));
    // The next write is cut short before its rename: the old one stays.
    fs::write(dir.path().join(".unfinished-state.json"), b"{\"sec").unwrap();
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(store.read::<State>("state.json"), Some(state));
    assert!(!dir.path().join(".unfinished-state.json").exists());
    fs::write(dir.path().join("state.json"), b"{\"seconds\":1").unwrap();
    assert_eq!(store.read::<State>("state.json"), None);
}

/// /dev/full answers every write with ENOSPC.
#[test]
fn a_full_disk_is_an_error_and_leaves_nothing_half() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    store.write("state.json", &State::default()).unwrap();
    std::os::unix::fs::symlink("/dev/full", dir.path().join(".unfinished-state.json")).unwrap();
    let refused = store.write("state.json", &State { starts: 9, ..State::default() });
    assert!(refused.is_err());
    assert_eq!(store.read::<State>("state.json"), Some(State::default()));
    store.write("state.json", &State { starts: 9, ..State::default() }).unwrap();
}

#[test]
fn names_follow_the_kind_and_not_the_detail() {
    let other = Finding { detail: "something else".into(), at: 99, ..finding("A") };
    assert_eq!(other.id(), finding("A").id());
    assert_ne!(finding("B").id(), finding("A").id());
}
