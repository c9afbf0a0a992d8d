//! The rules of this repository that no compiler checks: who may name what, and how files look.
//!
//! Rules look at text, not at syntax, so they are worded to be decidable line by line. Comments
//! do not count as naming something, and tests may look at a packet with whatever they like.

use anyhow::Result;

use crate::root::{self, Source};
use crate::shell::say;

/// A word that only some places may use.
struct Confined {
    /// What is looked for in code.
    word: &'static str,
    /// Path prefixes the rule is about.
    within: &'static [&'static str],
    /// Path prefixes that may use it.
    allowed: &'static [&'static str],
    /// Whether `tests.rs` and `tests/` may use it too.
    tests_may: bool,
    /// Why.
    reason: &'static str,
}

const CONFINED: &[Confined] = &[
    Confined {
        word: "synproof_stack",
        within: &["harness/"],
        allowed: &[
            "harness/src/target/stack.rs",
            "harness/src/target/stack/",
            "harness/tests/mutants.rs",
        ],
        tests_may: false,
        reason: "one adapter knows the reference stack; everything else sees a Target",
    },
    Confined {
        word: "pnet_",
        within: &["harness/", "fuzz/", "stack/"],
        allowed: &["harness/src/packet/"],
        tests_may: true,
        reason: "packets are taken apart in harness/src/packet only",
    },
    Confined {
        word: "std::time::Instant",
        within: &["harness/", "stack/", "fuzz/"],
        allowed: &[
            "harness/src/target/linux/",
            "harness/src/runner/stopwatch.rs",
            "fuzz/src/commands/hunt.rs",
        ],
        tests_may: true,
        reason: "time is an argument; only the kernel target and the wall clock of reports read it",
    },
    Confined {
        word: "SystemTime",
        within: &["harness/", "stack/", "fuzz/"],
        allowed: &["harness/src/target/linux/"],
        tests_may: false,
        reason: "time is an argument; only the kernel target reads it",
    },
    Confined {
        word: "unsafe ",
        within: &[""],
        allowed: &[
            "harness/src/target/linux/sys.rs",
            "harness/src/target/linux/sys/",
            "rig/src/sys.rs",
            "xtask/src/tidy",
        ],
        tests_may: false,
        reason: "one place of a crate talks to the C library",
    },
    Confined {
        word: "thread::sleep",
        within: &[""],
        allowed: &["xtask/src/tidy"],
        tests_may: false,
        reason: "waiting for something is blocking on it",
    },
];

/// File and directory names that say nothing about their content.
const NAMELESS: [&str; 7] = ["utils", "helpers", "common", "misc", "imp", "types", "manager"];

/// Comments that put work off without saying where it is counted.
const PUT_OFF: [&str; 3] = ["TODO:", "TODO(", "FIXME"];

/// The files that spell the rules out.
const RULES: &str = "xtask/src/tidy";

/// Checks every rule and prints every violation; true when there is none.
pub(crate) fn tidy() -> Result<bool> {
    let sources = root::sources("rs")?;
    let violations: Vec<_> = sources.iter().flat_map(violations).collect();
    violations.iter().for_each(|line| say(line));
    say(&format!("tidy: {} files, {} violations", sources.len(), violations.len()));
    Ok(violations.is_empty())
}

fn violations(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let mut report = |line: usize, what: String| {
        found.push(format!("{}:{line}: {what}", source.path));
    };
    let is_tests = source.path.ends_with("/tests.rs");
    // A crate attribute may come first.
    if !is_tests && !source.text.lines().take(3).any(|line| line.starts_with("//!")) {
        report(1, "a file begins with what it is for (`//!`)".into());
    }
    for part in source.path.split('/') {
        let stem = part.trim_end_matches(".rs");
        if NAMELESS.contains(&stem) {
            report(1, format!("`{stem}` says nothing; name the file for what it does"));
        }
    }
    for (number, line) in source.text.lines().enumerate() {
        let (code, comment) = split_comment(line);
        for rule in CONFINED.iter().filter(|rule| rule.applies_to(&source.path)) {
            if code.contains(rule.word) {
                report(number + 1, format!("`{}`: {}", rule.word.trim(), rule.reason));
            }
        }
        let put_off = PUT_OFF.iter().find(|word| comment.contains(*word));
        if let Some(word) = put_off.filter(|_| !source.path.starts_with(RULES)) {
            report(number + 1, format!("`{word}`: what is missing is named in the registry"));
        }
    }
    found
}

impl Confined {
    fn applies_to(&self, path: &str) -> bool {
        let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| path.starts_with(prefix));
        let is_test = path.ends_with("/tests.rs") || path.contains("/tests/");
        begins(self.within) && !begins(self.allowed) && !(self.tests_may && is_test)
    }
}

/// Code and comment of a line. A `//` inside a string counts as a comment, which only ever hides
/// the rest of a string.
fn split_comment(line: &str) -> (&str, &str) {
    line.find("//").map_or((line, ""), |at| line.split_at(at))
}

#[cfg(test)]
mod tests {
    use super::{Source, violations};

    fn found(path: &str, text: &str) -> Vec<String> {
        violations(&Source { path: path.into(), text: text.into() })
    }

    #[test]
    fn confined_words_are_found_in_code_and_not_in_comments() {
        let text = "//! x\nuse synproof_stack::Stack;\n// synproof_stack\n";
        assert_eq!(found("harness/src/target/stack.rs", text), [""; 0]);
        assert_eq!(found("fuzz/src/run.rs", text), [""; 0]);
        let [line] = &found("harness/src/engine/run.rs", text)[..] else { panic!() };
        assert!(line.starts_with("harness/src/engine/run.rs:2: `synproof_stack`"), "{line}");
    }

    #[test]
    fn tests_may_read_packets() {
        let text = "//! x\nuse pnet_packet::tcp;\n";
        assert_eq!(found("harness/src/engine/run/tests.rs", text), [""; 0]);
        assert_eq!(found("harness/src/engine/run.rs", text).len(), 1);
    }

    #[test]
    fn files_say_what_they_are_for() {
        assert_eq!(found("harness/src/utils.rs", "fn f() {}\n").len(), 2);
        assert_eq!(found("stack/src/imp/mod.rs", "//! x\n// FIXME later\n").len(), 2);
    }
}
