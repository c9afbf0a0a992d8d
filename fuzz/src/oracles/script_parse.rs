//! Lexer, parser, checker and formatter take any text: no panic, no byte of it lost, every
//! diagnostic points into it and can be shown, and the canonical form means the same.

use synproof_harness::script::ast::Script;
use synproof_harness::script::check::{self, CheckOptions};
use synproof_harness::script::diagnostic::{Diagnostic, Severity, render};
use synproof_harness::script::print::format;
use synproof_harness::script::source::{SourceFile, Span};
use synproof_harness::script::token::Token;
use synproof_harness::script::{Defines, parse, same_meaning};

use crate::Verdict;

const LOSSLESS: &str = "the texts of the tokens, one after the other, are the source";
const IN_RANGE: &str = "a span lies in the source and on borders of characters";
const FORMATS: &str = "the canonical form of a script without errors parses without errors";
const SAME_MEANING: &str = "the canonical form of a script means the same";
const CANONICAL: &str = "the canonical form is its own canonical form";

/// Parses the bytes as a script; what is no UTF-8 in them is replaced first.
pub fn check(bytes: &[u8]) -> Verdict {
    let source = SourceFile::new("<fuzz>", String::from_utf8_lossy(bytes));
    let (script, diagnostics) = parse(&source, &Defines::new());
    if let Some(detail) = loss(&script.tokens, &source) {
        return Verdict::broken(LOSSLESS, detail);
    }
    let complete = !diagnostics.iter().any(|found| found.severity == Severity::Error);
    let mut diagnostics = diagnostics;
    if complete {
        diagnostics.extend(check::check(&script, &CheckOptions::default()));
    }
    let spans = diagnostics.iter().map(|diagnostic| diagnostic.span);
    let events = script.events.iter().map(|event| event.span);
    for span in spans.chain(events) {
        if !in_range(span, &source) {
            return Verdict::broken(IN_RANGE, format!("{span:?} of {} bytes", source.text().len()));
        }
    }
    show(&diagnostics, &source);
    if complete { canonical(&script) } else { Verdict::Holds }
}

/// The formatter changes how a script looks, and nothing else.
fn canonical(script: &Script) -> Verdict {
    let text = format(script);
    let (again, diagnostics) =
        parse(&SourceFile::new("<formatted>", text.clone()), &Defines::new());
    if let Some(error) = diagnostics.iter().find(|found| found.severity == Severity::Error) {
        return Verdict::broken(FORMATS, format!("{}\n{text}", error.message));
    }
    if !same_meaning(script, &again) {
        return Verdict::broken(SAME_MEANING, text);
    }
    let twice = format(&again);
    if twice != text {
        return Verdict::broken(CANONICAL, format!("{text}\nbecame\n{twice}"));
    }
    Verdict::Holds
}

fn loss(tokens: &[Token], source: &SourceFile) -> Option<String> {
    let mut at = 0;
    for token in tokens {
        if token.span.start != at || token.span.end <= at || !in_range(token.span, source) {
            return Some(format!("{token:?} follows a token that ends at {at}"));
        }
        at = token.span.end;
    }
    let len = source.text().len();
    (at as usize != len).then(|| format!("the last token ends at {at} of {len}"))
}

fn in_range(span: Span, source: &SourceFile) -> bool {
    span.start <= span.end && source.text().get(span.start as usize..span.end as usize).is_some()
}

/// Showing a diagnostic is code of its own that must not panic. The first and the last few are
/// enough, because each rendering reads the whole source.
fn show(diagnostics: &[Diagnostic], source: &SourceFile) {
    let ends = diagnostics.iter().take(2).chain(diagnostics.iter().rev().take(2));
    for diagnostic in ends {
        std::hint::black_box(render(diagnostic, source, false));
    }
}
