//! `check` and `shrink`: files in, verdicts or a smaller file out.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;
use synproof_fuzz::shrink::shrink as smallest;
use synproof_fuzz::{Target, Verdict, judge, reached};
use walkdir::WalkDir;

use super::{Answer, say_json};

/// A line for each input.
#[derive(Serialize)]
struct Line<'a> {
    file: &'a Path,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    property: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// What all inputs together reached.
#[derive(Serialize)]
struct Marks {
    inputs: usize,
    shares: std::collections::BTreeMap<&'static str, (usize, usize)>,
    marks: Vec<reached::Mark>,
    reasons: Vec<(&'static str, String)>,
}

pub(super) fn check(target: &Target, paths: &[PathBuf], marks: bool) -> Answer {
    let files = files(paths)?;
    let mut all_hold = true;
    for file in &files {
        let bytes = read(file)?;
        let verdict = judge::check(target, &bytes);
        all_hold &= !matches!(verdict, Verdict::Broken(_));
        if !marks {
            say_json(&line(file, verdict));
        }
    }
    if marks {
        let marks = reached::marks();
        let (shares, reasons) = (reached::shares(&marks), reached::reasons());
        say_json(&Marks { inputs: files.len(), shares, marks, reasons });
    }
    Ok(all_hold)
}

fn line(file: &Path, verdict: Verdict) -> Line<'_> {
    let word = match verdict {
        Verdict::Holds => "holds",
        Verdict::Rejected => "rejected",
        Verdict::Broken(_) => "broken",
    };
    let finding = verdict.finding();
    let (property, rest) =
        finding.map(|found| (found.property, (found.class, found.detail))).unzip();
    let (class, detail) = rest.unzip();
    Line { file, verdict: word, property, class, detail }
}

pub(super) fn shrink(target: &Target, path: &Path) -> Answer {
    let (small, _tried) = smallest(target, &read(path)?);
    let written = std::io::stdout().write_all(&small);
    written.map(|()| true).map_err(|error| format!("standard output: {error}"))
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// The files, and those below the directories, in order of their names.
pub(super) fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for path in paths {
        for entry in WalkDir::new(path).sort_by_file_name() {
            let entry = entry.map_err(|error| error.to_string())?;
            if entry.file_type().is_file() {
                files.push(entry.into_path());
            }
        }
    }
    Ok(files)
}
