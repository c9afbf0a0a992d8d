//! Every shell text of a script corpus: how many are beyond `command::parse`, and why.
//!
//! Runs only with `SYNPROOF_CORPUS_DIR` (several directories are separated by colons); scripts of
//! other projects are not part of this repository.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::path::Path;

use synproof_harness::command::ip::IpObject;
use synproof_harness::command::parse::understand_with_reason;
use synproof_harness::command::tc::TcObject;
use synproof_harness::command::{Command, Step};
use synproof_harness::script::ast::EventKind;
use synproof_harness::script::source::SourceFile;
use synproof_harness::script::{Defines, parse};
use walkdir::WalkDir;

/// Programs of FreeBSD, and two that make a file.
const KNOWN_BEYOND: [&str; 5] = [
    "a pipe from sockstat",
    "the command kldstat",
    "the command rm",
    "the command setkey",
    "the command tcpdrop",
];

#[test]
fn shell_texts_of_a_corpus_are_understood() {
    let Ok(dirs) = std::env::var("SYNPROOF_CORPUS_DIR") else {
        println!("skipped: SYNPROOF_CORPUS_DIR is not set");
        return;
    };
    let scripts = dirs.split(':').flat_map(|dir| WalkDir::new(dir).sort_by_file_name());
    let scripts = scripts.map(|entry| entry.unwrap().into_path());
    let mut total = 0;
    let mut beyond = BTreeMap::<String, (usize, String)>::new();
    for path in scripts.filter(|path| path.extension().is_some_and(|ext| ext == "pkt")) {
        for shell in shell_texts(&path) {
            total += 1;
            let reasons = reasons(&shell, path.parent().unwrap());
            reasons
                .into_iter()
                .for_each(|why| beyond.entry(why).or_insert((0, shell.clone())).0 += 1);
        }
    }
    println!("{total} shell texts");
    for (why, (count, example)) in &beyond {
        println!("{count:5}  {why}: {example:?}");
    }
    let unexpected = beyond.keys().filter(|why| !KNOWN_BEYOND.contains(&why.as_str()));
    assert_eq!(unexpected.collect::<Vec<_>>(), Vec::<&String>::new());
}

/// Why a text, or an `ip` or `tc` in it, is not understood.
fn reasons(shell: &str, dir: &Path) -> Vec<String> {
    let (script, why) = understand_with_reason(shell, dir);
    let mut reasons = Vec::from_iter(why);
    words_beyond(&script.commands, &mut reasons);
    reasons
}

fn words_beyond(steps: &[Step], reasons: &mut Vec<String>) {
    for step in steps {
        if let Command::File { steps, .. } = &step.command {
            words_beyond(steps, reasons);
        } else if let Command::Ip(command) = &step.command
            && let IpObject::NotUnderstood(why) = &command.object
        {
            reasons.push(why.clone());
        } else if let Command::Tc(command) = &step.command
            && let TcObject::NotUnderstood(why) = &command.object
        {
            reasons.push(why.clone());
        }
    }
}

/// The init, timed and cleanup texts.
fn shell_texts(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let (script, _) = parse(&SourceFile::new(path, text), &Defines::new());
    let timed = script.events.into_iter().filter_map(|event| match event.kind {
        EventKind::Command(command) => Some(command),
        EventKind::Packet(_) | EventKind::Syscall(_) | EventKind::Code(_) | EventKind::State(_) => {
            None
        }
    });
    script.init.into_iter().chain(timed).chain(script.cleanup).map(|command| command.text).collect()
}
