//! `#ifdef`, `#ifndef`, `#else`, `#endif`, `#define`, `#undef` lines, as far as scripts use them: FreeBSD's
//! suite is run through the C preprocessor first. No macros with arguments, no `#if` arithmetic.

use crate::script::Defines;
use crate::script::diagnostic::Diagnostic;
use crate::script::source::Span;

/// The open `#ifdef`s.
#[derive(Debug, Default)]
pub(super) struct Conditionals {
    open: Vec<Open>,
}

#[derive(Debug)]
struct Open {
    span: Span,
    /// A branch of it was read already.
    taken: bool,
    seen_else: bool,
}

/// What a `#` line leads to.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// What follows is left out, up to the matching `#else` or `#endif`.
    pub(super) skip: bool,
    pub(super) problem: Option<Diagnostic>,
}

impl Conditionals {
    /// Handles one line, which starts with `#`.
    pub(super) fn line(
        &mut self,
        line: &str,
        span: Span,
        given: &Defines,
        defined: &mut Defines,
    ) -> Outcome {
        let (word, argument) = split(line);
        let name = argument.split_whitespace().next().unwrap_or_default();
        match word {
            "ifdef" | "ifndef" if name.is_empty() => {
                self.open.push(Open { span, taken: true, seen_else: false });
                problem(span, format!("`#{word}` needs a symbol"))
            }
            "ifdef" | "ifndef" => {
                let taken = defined.contains_key(name) == (word == "ifdef");
                self.open.push(Open { span, taken, seen_else: false });
                Outcome { skip: !taken, problem: None }
            }
            "else" => self.otherwise(span),
            "endif" => match self.open.pop() {
                Some(_) => Outcome::default(),
                None => problem(span, "`#endif` without `#ifdef`"),
            },
            "define" | "undef" if name.is_empty() => {
                problem(span, format!("`#{word}` needs a symbol"))
            }
            "define" => {
                if !given.contains_key(name) {
                    let value = argument.trim_start().strip_prefix(name).unwrap_or_default();
                    defined.insert(name.to_owned(), value.trim().to_owned());
                }
                Outcome::default()
            }
            "undef" => {
                if !given.contains_key(name) {
                    defined.remove(name);
                }
                Outcome::default()
            }
            _ => problem(span, format!("unknown preprocessor line `#{word}`")),
        }
    }

    fn otherwise(&mut self, span: Span) -> Outcome {
        match self.open.last_mut() {
            None => problem(span, "`#else` without `#ifdef`"),
            Some(open) if open.seen_else => problem(span, "second `#else` of one `#ifdef`"),
            Some(open) => {
                open.seen_else = true;
                let skip = open.taken;
                open.taken = true;
                Outcome { skip, problem: None }
            }
        }
    }

    /// What is to be said about `#ifdef`s that never end.
    pub(super) fn unfinished(self) -> impl Iterator<Item = Diagnostic> {
        self.open.into_iter().map(|open| error(open.span, "`#endif` is missing"))
    }
}

/// Length of the text to leave out: whole lines, up to the `#else` or `#endif` that belongs here.
pub(super) fn skipped(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut len = 0;
    for line in rest.split_inclusive('\n') {
        let trimmed = line.trim_start();
        let word = if trimmed.starts_with('#') { split(trimmed).0 } else { "" };
        match word {
            "ifdef" | "ifndef" | "if" => depth += 1,
            "else" | "endif" if depth == 0 => return len,
            "endif" => depth -= 1,
            _ => {}
        }
        len += line.len();
    }
    len
}

/// `#word` and the rest of the line, without a trailing `//` comment.
fn split(line: &str) -> (&str, &str) {
    let body = line.trim_start_matches('#').trim();
    let body = body.split("//").next().unwrap_or(body);
    match body.split_once(char::is_whitespace) {
        Some((word, rest)) => (word, rest.trim()),
        None => (body, ""),
    }
}

fn problem(span: Span, message: impl Into<String>) -> Outcome {
    Outcome { skip: false, problem: Some(error(span, message)) }
}

fn error(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error("parse::preprocessor", span, message)
}
