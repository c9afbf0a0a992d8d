//! What was found once, and what corpora keep, finds nothing now: `fuzz/corpus/TARGET/*`, and every
//! script below `specs/` as the scenario that it is.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};

use synproof_fuzz::script_input::script_input;
use synproof_fuzz::{TARGETS, Target, Verdict, judge, target};
use walkdir::WalkDir;

fn below(dir: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(dir)
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = WalkDir::new(dir).sort_by_file_name().into_iter().flatten();
    entries.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

#[test]
fn corpora_find_nothing() {
    // Guests have the program that judges as their init, which a test is not: smoke runs replay those.
    let here = |target: &&Target| !target.planted && target.name != "differential";
    for target in TARGETS.iter().filter(here) {
        let inputs = files(&below("fuzz/corpus").join(target.name));
        assert!(!inputs.is_empty() || target.compares, "{} has no corpus", target.name);
        for input in inputs {
            let verdict = judge::check(target, &std::fs::read(&input).unwrap());
            assert!(!matches!(verdict, Verdict::Broken(_)), "{}: {verdict:?}", input.display());
        }
    }
}

#[test]
fn scripts_are_scenarios_that_find_nothing() {
    let target = target("api_sequence").unwrap();
    let (mut scripts, mut found) = (0, Vec::new());
    for path in files(&below("specs")) {
        if path.extension().is_none_or(|extension| extension != "pkt") {
            continue;
        }
        let Some(scenario) = script_input(target, &std::fs::read(&path).unwrap()) else { continue };
        scripts += 1;
        if let Verdict::Broken(finding) = judge::check(target, &scenario) {
            found.push(format!("{}: {} ({})", path.display(), finding.property, finding.class));
        }
    }
    println!("{scripts} scripts");
    assert!(scripts > 300, "{scripts} scripts became scenarios");
    assert!(found.is_empty(), "{} scripts:\n{}", found.len(), found.join("\n"));
}
