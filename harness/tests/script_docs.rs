//! The examples of `docs/language.md` parse, and formatting keeps what they mean.

use std::path::Path;

use synproof_harness::script::diagnostic::render_all;
use synproof_harness::script::print::format;
use synproof_harness::script::source::SourceFile;
use synproof_harness::script::{Defines, parse, same_meaning};

/// The fenced blocks marked `pkt`, with the line each starts on.
fn examples(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut inside = false;
    for (at, line) in text.lines().enumerate() {
        match (inside, line) {
            (false, "```pkt") => found.push((at + 2, String::new())),
            (true, "```") | (false, _) => {}
            (true, line) => {
                if let Some((_, example)) = found.last_mut() {
                    example.push_str(line);
                    example.push('\n');
                }
            }
        }
        inside = if inside { line != "```" } else { line == "```pkt" };
    }
    found
}

#[test]
fn examples_parse() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/language.md");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let examples = examples(&text);
    assert!(examples.len() > 12, "{} examples", examples.len());
    for (line, example) in examples {
        let source = SourceFile::new(std::format!("language.md from line {line}"), example);
        let (script, found) = parse(&source, &Defines::new());
        assert!(found.is_empty(), "{}", render_all(&found, &source, false));
        let again = SourceFile::new("<formatted>", format(&script));
        assert!(same_meaning(&script, &parse(&again, &Defines::new()).0), "line {line}");
    }
}
