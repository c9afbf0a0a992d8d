//! Parses every script below the directories in `SYNPROOF_CORPUS_DIR` (separated by `:`): none may
//! give an error. Other people's corpora are not part of this tree, so without the variable
//! there is nothing to do.

use std::path::{Path, PathBuf};
use std::time::Instant;

use synproof_harness::script::ast::Script;
use synproof_harness::script::check::{CheckOptions, check};
use synproof_harness::script::diagnostic::{Severity, render};
use synproof_harness::script::print::format;
use synproof_harness::script::source::SourceFile;
use synproof_harness::script::{Defines, parse, read, same_meaning};

/// What the runner of google/packetdrill defines for IPv4.
fn defines() -> Defines {
    [
        ("TFO_COOKIE", "3021b9d889017eeb"),
        ("CODE", "host_unreachable"),
        ("CMSG_LEVEL_IP", "SOL_IP"),
        ("CMSG_TYPE_RECVERR", "IP_RECVERR"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

fn scripts(below: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = walkdir::WalkDir::new(below)
        .into_iter()
        .filter_map(Result::ok)
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.extension().is_some_and(|ext| ext == "pkt"))
        .collect();
    found.sort();
    found
}

/// Formatting keeps the meaning, and formatting again changes nothing.
fn formats(script: &Script, with: &Defines) -> Result<(), String> {
    let once = format(script);
    let source = SourceFile::new("<formatted>", once.as_str());
    let (again, _diagnostics) = parse(&source, with);
    if !same_meaning(script, &again) {
        return Err(std::format!("formatting changes the meaning:\n{once}"));
    }
    let twice = format(&again);
    if once == twice { Ok(()) } else { Err(std::format!("not idempotent:\n{once}\n{twice}")) }
}

#[test]
fn corpora_have_no_errors() {
    let Ok(dirs) = std::env::var("SYNPROOF_CORPUS_DIR") else {
        println!("skipped: SYNPROOF_CORPUS_DIR names no directory with scripts");
        return;
    };
    let mut with = defines();
    if let Ok(more) = std::env::var("SYNPROOF_CORPUS_DEFINES") {
        with.extend(more.split_whitespace().map(|name| (name.to_owned(), String::new())));
    }
    let options = CheckOptions { defines: with.clone(), ip_version: None };
    let mut failed = Vec::new();
    let mut warnings = 0;
    for dir in dirs.split(':') {
        let paths = scripts(Path::new(dir));
        let begin = Instant::now();
        for path in &paths {
            let source = read(path).expect("readable script");
            let (script, mut diagnostics) = parse(&source, &with);
            diagnostics.extend(check(&script, &options));
            if let Err(problem) = formats(&script, &with) {
                failed.push(std::format!("{}: {problem}", path.display()));
            }
            for diagnostic in &diagnostics {
                let text = render(diagnostic, &source, false);
                match diagnostic.severity {
                    Severity::Error => failed.push(text),
                    Severity::Warning => {
                        println!("{text}");
                        warnings += 1;
                    }
                }
            }
        }
        println!("{dir}: {} scripts in {:?}", paths.len(), begin.elapsed());
    }
    println!("{warnings} warnings");
    assert!(failed.is_empty(), "{} errors\n{}", failed.len(), failed.join("\n"));
}
