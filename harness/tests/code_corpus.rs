//! Every code block of a script corpus, evaluated in process and by python3: the verdict, the
//! block, the line and the printed text must be the same.
//!
//! Runs only with `SYNPROOF_CORPUS_DIR` (several directories are separated by colons); scripts of
//! other projects are not part of this repository.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use std::path::Path;
use std::process::Command;

use synproof_harness::code::{Captured, CodeFailure, CodeOptions, FailureKind, run, text_line};
use synproof_harness::script::ast::{CodeBlock, EventKind};
use synproof_harness::script::source::{SourceFile, Span};
use synproof_harness::script::{Defines, parse};
use synproof_harness::target::SockSnapshot;
use walkdir::WalkDir;

#[test]
fn code_blocks_of_a_corpus_agree_with_python() {
    let Ok(dirs) = std::env::var("SYNPROOF_CORPUS_DIR") else {
        println!("skipped: SYNPROOF_CORPUS_DIR is not set");
        return;
    };
    let python = Command::new("python3").arg("--version").output().is_ok();
    if !python {
        println!("no python3: only that nothing is beyond the built-in subset is checked");
    }
    let scripts = dirs.split(':').flat_map(|dir| WalkDir::new(dir).sort_by_file_name());
    let scripts = scripts.map(|entry| entry.unwrap().into_path());
    let (mut blocks, mut with_code) = (0, 0);
    for path in scripts.filter(|path| path.extension().is_some_and(|ext| ext == "pkt")) {
        let captured = captured(&path);
        if captured.is_empty() {
            continue;
        }
        with_code += 1;
        blocks += captured.len();
        // Alone, each block is reached, whatever the ones before it assert.
        for one in captured.iter().map(std::slice::from_ref).chain([captured.as_slice()]) {
            let own = verdict(one, &path, "");
            assert!(!own.contains("Beyond"), "{}: {own}", path.display());
            if python {
                let more = one.iter().cloned().chain([beyond()]).collect::<Vec<_>>();
                assert_eq!(own, verdict(&more, &path, "python3"), "{}", path.display());
            }
        }
    }
    println!("{blocks} blocks in {with_code} scripts");
}

/// A block that only an external interpreter can run, so that it runs the others, too.
fn beyond() -> Captured {
    let block = CodeBlock { text: "import sys".to_owned(), span: Span::default() };
    Captured { block, line: 1, snapshot: SockSnapshot::default() }
}

fn verdict(blocks: &[Captured], path: &Path, code_command: &str) -> String {
    let code_command = code_command.to_owned();
    match run(blocks, &CodeOptions { code_command, script_path: path.to_owned() }) {
        Ok(report) => format!("passed, printed {:?}", report.output),
        Err(failure) => {
            let CodeFailure { block_index, line_in_block, kind, output, message, detail: _ } =
                *failure;
            let message = if kind == FailureKind::Python { message } else { String::new() };
            format!("{kind:?} at {block_index}:{line_in_block} {message}, printed {output:?}")
        }
    }
}

fn captured(path: &Path) -> Vec<Captured> {
    let source = SourceFile::new(path, std::fs::read_to_string(path).unwrap());
    let (script, _) = parse(&source, &Defines::new());
    let blocks = script.events.into_iter().filter_map(|event| match event.kind {
        EventKind::Code(block) => Some(block),
        EventKind::Packet(_)
        | EventKind::Syscall(_)
        | EventKind::Command(_)
        | EventKind::State(_) => None,
    });
    blocks
        .map(|block| {
            let line = text_line(&block, &source);
            Captured { block, line, snapshot: snapshot() }
        })
        .collect()
}

/// Some assertions hold with it and some do not: an established connection that has sent 10
/// segments.
fn snapshot() -> SockSnapshot {
    let mut tcp_info = vec![0; 280];
    tcp_info[0] = 1;
    tcp_info[5] = 32;
    tcp_info[80] = 10;
    tcp_info[192] = 1;
    SockSnapshot { tcp_info, cc_info: vec![3; 20], meminfo: vec![1; 36] }
}
