//! Every shell text of a script corpus: how many are beyond `command::parse`, and why.
//!
//! Runs only with `SYNPROOF_CORPUS_DIR` (several directories are separated by colons); scripts of
//! other projects are not part of this repository.

use std::collections::BTreeMap;
use std::path::Path;

use synproof_harness::command::ip::IpObject;
use synproof_harness::command::parse::understand_with_reason;
use synproof_harness::command::tc::TcObject;
use synproof_harness::command::{Command, Step};
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
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        for shell in shell_texts(&text) {
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

/// What opens and closes a part of a script in which back quotes mean something else.
const BRACKETS: [(&str, &str); 5] =
    [("//", "\n"), ("/*", "*/"), ("%{", "}%"), ("\"", "\""), ("`", "`")];

/// The texts between back quotes, outside comments, strings and code blocks.
fn shell_texts(script: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut rest = script;
    while let Some(at) = rest.find(['`', '/', '%', '"']) {
        rest = &rest[at..];
        let Some((open, close)) = BRACKETS.iter().find(|(open, _)| rest.starts_with(open)) else {
            rest = &rest[1..];
            continue;
        };
        let body = &rest[open.len()..];
        let end = body.find(close).unwrap_or(body.len());
        if *open == "`" {
            texts.push(body[..end].to_owned());
        }
        rest = body.get(end + close.len()..).unwrap_or("");
    }
    texts
}
