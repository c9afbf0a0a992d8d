//! The lexer and the parser take any text: no panic, no byte of it lost, and every diagnostic
//! points into it and can be shown.

use synproof_harness::script::diagnostic::{Diagnostic, render};
use synproof_harness::script::source::{SourceFile, Span};
use synproof_harness::script::token::Token;
use synproof_harness::script::{Defines, parse};

use crate::Verdict;

const LOSSLESS: &str = "the texts of the tokens, one after the other, are the source";
const IN_RANGE: &str = "a span lies in the source and on borders of characters";

/// Parses the bytes as a script; what is no UTF-8 in them is replaced first.
pub fn check(bytes: &[u8]) -> Verdict {
    let source = SourceFile::new("<fuzz>", String::from_utf8_lossy(bytes));
    let (script, diagnostics) = parse(&source, &Defines::new());
    if let Some(detail) = loss(&script.tokens, &source) {
        return Verdict::broken(LOSSLESS, detail);
    }
    let spans = diagnostics.iter().map(|diagnostic| diagnostic.span);
    let events = script.events.iter().map(|event| event.span);
    for span in spans.chain(events) {
        if !in_range(span, &source) {
            return Verdict::broken(IN_RANGE, format!("{span:?} of {} bytes", source.text().len()));
        }
    }
    show(&diagnostics, &source);
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
