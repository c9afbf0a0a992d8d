//! Parses every script below the directories in `SYNPROOF_CORPUS_DIR` (separated by `:`): none may
//! give an error. Other people's corpora are not part of this tree, so without the variable
//! there is nothing to do.

use std::path::{Path, PathBuf};
use std::time::Instant;

use synproof_harness::script::ast::Script;
use synproof_harness::script::check::{CheckOptions, check};
use synproof_harness::script::diagnostic::{Diagnostic, Severity, render};
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
    let mut errors = Vec::new();
    let mut warnings = Vec::new();
    for dir in dirs.split(':') {
        let sources: Vec<_> = scripts(Path::new(dir))
            .iter()
            .map(|path| read(path).unwrap_or_else(|error| panic!("{error}")))
            .collect();
        let begin = Instant::now();
        let checked: Vec<_> = sources
            .iter()
            .map(|source| {
                let (script, mut found) = parse(source, &with);
                found.extend(check(&script, &options));
                (script, found)
            })
            .collect();
        println!("{dir}: {} scripts in {:?}", sources.len(), begin.elapsed());
        for (script, found) in checked {
            errors.extend(formats(&script, &with).err());
            let (bad, odd): (Vec<_>, Vec<_>) =
                found.iter().partition(|diagnostic| diagnostic.severity == Severity::Error);
            let text = |diagnostic: &&Diagnostic| render(diagnostic, &script.source, false);
            errors.extend(bad.iter().map(text));
            warnings.extend(odd.iter().map(text));
        }
    }
    println!("{}\n{} warnings", warnings.join("\n"), warnings.len());
    assert!(errors.is_empty(), "{} errors\n{}", errors.len(), errors.join("\n"));
}
