//! Campaigns that are interrupted, by whatever, and go on.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const CASES: &str = "600";

fn explore(dir: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_synproof"));
    command.args(["explore", "--targets", "stack", "--budget", CASES, "--no-wall", "-j", "2"]);
    command.args(more).arg("--out").arg(dir).stdin(Stdio::null());
    command
}

fn finish(dir: &Path) -> String {
    let output = explore(dir, &[]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Lines of the journal that are whole, without its head.
fn recorded(dir: &Path) -> usize {
    let text = fs::read_to_string(dir.join("journal.jsonl")).unwrap_or_default();
    text.matches('\n').count().saturating_sub(1)
}

/// Waits until the journal has `lines` more, and kills.
fn kill_after(mut child: Child, dir: &Path, lines: usize) {
    let wanted = recorded(dir) + lines;
    while recorded(dir) < wanted && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    let _ = child.kill();
    child.wait().unwrap();
}

/// Ten times killed in the middle of something, nothing is lost and nothing is done twice.
#[test]
fn a_campaign_that_is_killed_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (killed, whole) = (dir.path().join("killed"), dir.path().join("whole"));
    for round in 0..10 {
        let before = recorded(&killed);
        let child = explore(&killed, &[]).stdout(Stdio::null()).spawn().unwrap();
        kill_after(child, &killed, 7 + 5 * round);
        assert!(recorded(&killed) >= before, "round {round}");
    }
    let text = finish(&killed);
    assert_eq!(text, finish(&whole));
    assert!(text.contains(&format!("{CASES} cases: 0 differ, in 0 classes; 0 incomparable")));
    let journal = fs::read_to_string(killed.join("journal.jsonl")).unwrap();
    let numbers: Vec<u64> = journal
        .lines()
        .skip(1)
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["n"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers.len(), numbers.iter().collect::<BTreeSet<_>>().len());
    assert_eq!(numbers.len().to_string(), CASES);
    // What is done is not done again.
    assert_eq!(finish(&killed), text);
    assert_eq!(fs::read_to_string(killed.join("journal.jsonl")).unwrap(), journal);
}

#[test]
fn the_directory_of_another_campaign_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let output = explore(dir.path(), &["--budget", "5"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "an option twice");
    finish(dir.path());
    let output = explore(dir.path(), &["--depth", "0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("belongs to another campaign"), "{said}");
}

/// The same seed and number is the same case, whoever plays it.
#[test]
fn generated_campaigns_are_reproducible() {
    let dir = tempfile::tempdir().unwrap();
    let mut seen = BTreeSet::new();
    for (name, jobs) in [("one", "1"), ("two", "2")] {
        let out = dir.path().join(name);
        let output = Command::new(env!("CARGO_BIN_EXE_synproof"))
            .args(["explore", "--targets", "stack", "--random", "--budget", "200", "-j", jobs])
            .arg("--out")
            .arg(&out)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let journal = fs::read_to_string(out.join("journal.jsonl")).unwrap();
        let mut lines: Vec<&str> = journal.lines().collect();
        lines.sort_unstable();
        seen.insert(lines.join("\n"));
    }
    assert_eq!(seen.len(), 1);
}
