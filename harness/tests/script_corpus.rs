//! Parses every script below the directories in `SYNPROOF_CORPUS_DIR` (separated by `:`): none may
//! give an error. Other people's corpora are not part of this tree, so without the variable
//! there is nothing to do.

use std::path::{Path, PathBuf};
use std::time::Instant;

use synproof_harness::script::diagnostic::{Severity, render};
use synproof_harness::script::source::SourceFile;
use synproof_harness::script::{Defines, parse};

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
    let mut failed = Vec::new();
    let mut warnings = 0;
    for dir in dirs.split(':') {
        let paths = scripts(Path::new(dir));
        let begin = Instant::now();
        for path in &paths {
            let text = std::fs::read_to_string(path).expect("readable script");
            let source = SourceFile::new(path, text);
            let (_script, diagnostics) = parse(&source, &with);
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
