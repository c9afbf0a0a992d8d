//! Whatever the text is: no panic, no lost byte, and what parses without an error keeps its meaning
//! when it is formatted. Cuts, deletions, swaps and noise, from a small seeded generator.

use std::path::Path;

use synproof_harness::script::check::{CheckOptions, check};
use synproof_harness::script::diagnostic::{Severity, render_all};
use synproof_harness::script::lexer::lex;
use synproof_harness::script::print::format;
use synproof_harness::script::source::SourceFile;
use synproof_harness::script::{Defines, parse, same_meaning};

/// xorshift64*: the same numbers everywhere.
struct Noise(u64);

impl Noise {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).unwrap_or_default() % limit.max(1)
    }
}

fn samples() -> Vec<String> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/script");
    walkdir::WalkDir::new(data)
        .sort_by_file_name()
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|ext| ext == "pkt"))
        .filter_map(|entry| std::fs::read_to_string(entry.path()).ok())
        .collect()
}

fn survives(text: &str) {
    let source = SourceFile::new("<noise>", text);
    let (script, found) = parse(&source, &Defines::new());
    let again: String = script.tokens.iter().map(|token| source.slice(token.span)).collect();
    assert_eq!(again, text, "tokens lose text");
    assert!(script.tokens.iter().all(|token| token.span.start < token.span.end));
    let checked = check(&script, &CheckOptions::default());
    assert!(found.iter().chain(&checked).all(|d| d.span.end as usize <= text.len()));
    let once = format(&script);
    if found.iter().all(|diagnostic| diagnostic.severity == Severity::Warning) {
        let (reparsed, _found) = parse(&SourceFile::new("<once>", once.as_str()), &Defines::new());
        assert!(same_meaning(&script, &reparsed), "meaning changed:\n{text}\n---\n{once}");
        assert_eq!(format(&reparsed), once, "not idempotent:\n{text}");
    }
}

#[test]
fn there_is_something_to_disturb() {
    assert!(samples().len() > 50);
}

#[test]
fn every_cut() {
    for text in samples() {
        for (at, _char) in text.char_indices().step_by(3) {
            let _lexed = lex(&text[..at], &Defines::new());
        }
        for (at, _char) in text.char_indices().step_by(17) {
            survives(&text[..at]);
            survives(&text[at..]);
        }
    }
}

#[test]
fn every_token_deleted_or_doubled() {
    for text in samples() {
        let tokens = lex(&text, &Defines::new()).tokens;
        for token in tokens.iter().step_by(5) {
            let (start, end) = (token.span.start as usize, token.span.end as usize);
            survives(&[&text[..start], &text[end..]].concat());
            survives(&[&text[..end], &text[start..]].concat());
        }
    }
}

#[test]
fn tokens_shuffled() {
    let all: String = samples().join("\n");
    let tokens = lex(&all, &Defines::new()).tokens;
    let mut noise = Noise(0x5EED);
    for _round in 0..300 {
        let text: String = (0..noise.below(60))
            .map(|_| {
                let span = tokens[noise.below(tokens.len())].span;
                &all[span.start as usize..span.end as usize]
            })
            .collect();
        survives(&text);
    }
}

#[test]
fn arbitrary_characters() {
    const ALPHABET: &[char] = &[
        '0',
        '1',
        'x',
        'a',
        'S',
        '.',
        ':',
        '<',
        '>',
        '(',
        ')',
        '[',
        ']',
        '{',
        '}',
        '"',
        '`',
        '%',
        '/',
        '*',
        '#',
        '\\',
        '-',
        '+',
        '=',
        ',',
        '|',
        '~',
        '!',
        '\n',
        '\r',
        '\t',
        ' ',
        'ä',
        '€',
        '\u{0}',
        '\u{feff}',
        '\u{1f600}',
    ];
    let mut noise = Noise(0xC0FFEE);
    for _round in 0..2000 {
        let text: String =
            (0..noise.below(40)).map(|_| ALPHABET[noise.below(ALPHABET.len())]).collect();
        survives(&text);
    }
}

#[test]
fn rendering_survives_any_text() {
    for text in ["", "\n", "+", "+\t`", "ä€ 0", "0 \"\u{1f600}", "\r\n\r\n+0 x\r\n", "\u{feff}+"]
    {
        let source = SourceFile::new("<odd>", text);
        let (_script, found) = parse(&source, &Defines::new());
        assert!(!render_all(&found, &source, true).is_empty(), "{text:?}");
    }
}
