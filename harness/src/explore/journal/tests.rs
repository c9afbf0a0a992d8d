use super::*;

fn identity() -> Identity {
    Identity { cases: "some".into(), targets: vec!["stack 1".into()] }
}

fn record(n: u64) -> Record {
    Record {
        n,
        state: "listen".into(),
        event: "ack".into(),
        variant: String::new(),
        did: vec!["R".into()],
        ended: Ended::Agree,
    }
}

fn difference(n: u64) -> Difference {
    Difference {
        class: "LISTEN, ack: flags".into(),
        n,
        targets: ["a".into(), "b".into()],
        story: "one does, one does not".into(),
        scenario: Scenario::default(),
    }
}

#[test]
fn it_is_all_there_again() {
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, past) = Journal::open(dir.path(), &identity()).unwrap();
    assert!(past.records.is_empty() && past.differences.is_empty());
    journal.record(&record(0)).unwrap();
    journal.difference(&difference(1), "0 `true`\n").unwrap();
    journal.record(&record(1)).unwrap();
    journal.sync().unwrap();
    drop(journal);
    let (_, past) = Journal::open(dir.path(), &identity()).unwrap();
    assert_eq!(past.records, [record(0), record(1)]);
    assert_eq!(past.differences, [difference(1)]);
    assert!(dir.path().join("differences/000001-listen-ack-flags.pkt").exists());
    let settings = std::fs::read_to_string(dir.path().join("differences/synproof.toml")).unwrap();
    assert_eq!(settings, "profile = \"synproof\"\n");
}

/// Wherever a writer is killed, whole lines stay and the rest goes.
#[test]
fn a_line_that_was_cut_off_is_cut_away() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.jsonl");
    let (mut journal, _) = Journal::open(dir.path(), &identity()).unwrap();
    let head = std::fs::read(&path).unwrap().len();
    journal.record(&record(0)).unwrap();
    journal.record(&record(1)).unwrap();
    drop(journal);
    let whole = std::fs::read(&path).unwrap();
    for len in 0..=whole.len() {
        std::fs::write(&path, &whole[..len]).unwrap();
        let (mut journal, past) = Journal::open(dir.path(), &identity()).unwrap();
        let kept = whole[head.min(len)..len].iter().filter(|b| **b == b'\n').count();
        assert_eq!(past.records.len(), kept, "{len} bytes");
        journal.record(&record(7)).unwrap();
        drop(journal);
        let (_, past) = Journal::open(dir.path(), &identity()).unwrap();
        assert_eq!(past.records.last(), Some(&record(7)));
    }
}

#[test]
fn the_journal_of_something_else_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(Journal::open(dir.path(), &identity()).unwrap());
    let other = Identity { cases: "others".into(), ..identity() };
    assert!(matches!(Journal::open(dir.path(), &other), Err(JournalError::Another { .. })));
    std::fs::write(dir.path().join("journal.jsonl"), "what\n").unwrap();
    assert!(matches!(
        Journal::open(dir.path(), &identity()),
        Err(JournalError::Garbled { line: 1, .. })
    ));
}

/// /dev/full has never any room.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_with_its_reason() {
    let file = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut lines = Lines { path: "/dev/full".into(), file, end: 0 };
    let error = lines.add(&record(0)).unwrap_err();
    assert!(error.to_string().starts_with("/dev/full: No space left on device"), "{error}");
}
