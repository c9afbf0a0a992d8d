//! Text to tokens. Total: any text gives tokens whose slices, joined, are the text again.
//!
//! Matching is that of a flex scanner: the longest match wins, and of equally long ones the kind
//! that is named first in `candidates`. Two things happen to words on the way: a word with a
//! definition (`-D SYM=val`, `--define=SYM=val`, `#define SYM val`) gets a [`Substitution`], and the
//! lines that an `#ifdef` leaves out become one [`TokenKind::Skipped`]. What tokens mean is the
//! parser's business.

mod address;
mod conditional;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::Defines;
use super::diagnostic::Diagnostic;
use super::source::Span;
use super::token::{Token, TokenKind, is_keyword};
use conditional::Conditionals;

/// What [`lex`] finds.
#[derive(Debug)]
pub struct Lexed {
    /// Every token, trivia included.
    pub tokens: Vec<Token>,
    /// Replaced words, by the offset at which the word starts.
    pub substitutions: BTreeMap<u32, Substitution>,
    /// Unfinished strings and comments, misplaced `#` lines.
    pub diagnostics: Vec<Diagnostic>,
}

/// What a defined word stands for: one token, found in one pass (no recursion).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Substitution {
    /// [`TokenKind::Str`], [`TokenKind::Command`], [`TokenKind::Int`] or [`TokenKind::Word`].
    pub kind: TokenKind,
    /// The value as defined, quotes included.
    pub text: String,
}

/// Splits `text` into tokens.
#[must_use]
pub fn lex(text: &str, defines: &Defines) -> Lexed {
    let mut lexer = Lexer {
        text,
        at: 0,
        at_line_start: true,
        given: defines,
        defined: defines.clone(),
        definition: Definition::None,
        conditionals: Conditionals::default(),
        out: Lexed { tokens: Vec::new(), substitutions: BTreeMap::new(), diagnostics: Vec::new() },
    };
    while let Some(rest) = text.get(lexer.at..).filter(|rest| !rest.is_empty()) {
        lexer.step(rest);
    }
    lexer.out.diagnostics.extend(lexer.conditionals.unfinished());
    lexer.out
}

struct Lexer<'s> {
    text: &'s str,
    at: usize,
    at_line_start: bool,
    /// Definitions from outside: a script cannot change them.
    given: &'s Defines,
    defined: Defines,
    definition: Definition,
    conditionals: Conditionals,
    out: Lexed,
}

/// How much of `--define=SYM=val` has gone by.
enum Definition {
    None,
    Option,
    Equals,
    Name(String),
    NameEquals(String),
}

impl Lexer<'_> {
    fn step(&mut self, rest: &str) {
        if self.at_line_start && rest.starts_with('#') {
            return self.directive(rest);
        }
        let (kind, len) = next_token(rest, self.at == 0);
        let start = self.at;
        let text = rest.get(..len).unwrap_or(rest);
        self.push(kind, len);
        if kind == TokenKind::Error {
            self.unfinished(text, start);
        }
        self.note_definition(kind, text, start);
        self.at_line_start =
            kind == TokenKind::Space && (self.at_line_start || text.contains('\n'));
    }

    fn push(&mut self, kind: TokenKind, len: usize) {
        let span = Span::new(offset(self.at), offset(self.at + len));
        self.at += len;
        if len > 0 {
            self.out.tokens.push(Token { kind, span });
        }
    }

    fn unfinished(&mut self, text: &str, start: usize) {
        let what = match text.as_bytes().first() {
            Some(b'"') => "string has no closing `\"`",
            Some(b'`') => "shell command has no closing `` ` ``",
            Some(b'%') => "code block has no closing `}%`",
            _ => "comment has no closing `*/`",
        };
        // Only the opening is marked: the rest of the file is not what is wrong.
        let len = if text.starts_with(['"', '`']) { 1 } else { 2 };
        let span = Span::new(offset(start), offset(start + len));
        self.out.diagnostics.push(Diagnostic::error("parse::unterminated", span, what));
    }

    fn directive(&mut self, rest: &str) {
        let line = rest.split_inclusive('\n').next().unwrap_or(rest);
        let body = line.trim_end_matches(['\n', '\r']);
        let span = Span::new(offset(self.at), offset(self.at + body.len()));
        self.push(TokenKind::Directive, body.len());
        let outcome = self.conditionals.line(body, span, self.given, &mut self.defined);
        self.out.diagnostics.extend(outcome.problem);
        if outcome.skip {
            self.push(TokenKind::Space, line.len() - body.len());
            let rest = self.text.get(self.at..).unwrap_or_default();
            self.push(TokenKind::Skipped, conditional::skipped(rest));
        }
        self.at_line_start = outcome.skip;
    }

    /// Follows `--define=SYM=val`, and replaces defined words everywhere else.
    fn note_definition(&mut self, kind: TokenKind, text: &str, start: usize) {
        if kind.is_trivia() {
            return;
        }
        let stage = std::mem::replace(&mut self.definition, Definition::None);
        self.definition = match (stage, kind, text) {
            (_, TokenKind::Option, "--define") => Definition::Option,
            (Definition::Option, TokenKind::Punct, "=") => Definition::Equals,
            (Definition::Equals, TokenKind::Word, name) => Definition::Name(name.to_owned()),
            (Definition::Equals, TokenKind::Str, both) => {
                if let Some((name, value)) = both.trim_matches('"').split_once('=') {
                    self.define(name, value);
                }
                Definition::None
            }
            (Definition::Name(name), TokenKind::Punct, "=") => Definition::NameEquals(name),
            (
                Definition::NameEquals(name),
                TokenKind::Word | TokenKind::Str | TokenKind::Command | TokenKind::Int,
                value,
            ) => {
                self.define(&name, value);
                Definition::None
            }
            (_, TokenKind::Word, word) => {
                if let Some(value) = self.defined.get(word) {
                    self.out.substitutions.insert(offset(start), substitution(value));
                }
                Definition::None
            }
            _other => Definition::None,
        };
    }

    fn define(&mut self, name: &str, value: &str) {
        if !self.given.contains_key(name) {
            self.defined.insert(name.to_owned(), value.to_owned());
        }
    }
}

/// The token a defined value stands for: quotes decide first, then whether C's `strtol` with base
/// 0 would take all of it.
fn substitution(value: &str) -> Substitution {
    let kind = if value.len() > 1 && value.starts_with('"') && value.ends_with('"') {
        TokenKind::Str
    } else if value.len() > 1 && value.starts_with('`') && value.ends_with('`') {
        TokenKind::Command
    } else if base0(value).is_some() {
        TokenKind::Int
    } else {
        TokenKind::Word
    };
    Substitution { kind, text: value.to_owned() }
}

/// A whole number as `strtol` with base 0 reads it: decimal, `0x…` or octal `0…`.
#[must_use]
pub fn base0(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, radix) =
        if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
            (hex, 16)
        } else if digits.len() > 1 && digits.starts_with('0') {
            (digits.trim_start_matches('0'), 8)
        } else {
            (digits, 10)
        };
    if digits.is_empty() && radix == 8 {
        return Some(0);
    }
    if !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let value = i64::from_str_radix(digits, radix).ok()?;
    Some(if negative { -value } else { value })
}

/// Kind and length in bytes (at least 1) of the token at the start of `rest`, which is not empty.
fn next_token(rest: &str, at_start: bool) -> (TokenKind, usize) {
    let bytes = rest.as_bytes();
    let blank = spaces(bytes);
    if blank > 0 {
        return (TokenKind::Space, blank);
    }
    if at_start && rest.starts_with('\u{feff}') {
        return (TokenKind::Space, '\u{feff}'.len_utf8());
    }
    if let Some(found) = delimited(rest) {
        return found;
    }
    let mut best = (TokenKind::Punct, rest.chars().next().map_or(1, char::len_utf8));
    if !begins_candidate(bytes) {
        return best;
    }
    for (kind, len) in candidates(rest) {
        // A single character is Punct only where nothing else matches.
        if len > best.1 || (len > 0 && len == best.1 && best.0 == TokenKind::Punct) {
            best = (kind, len);
        }
    }
    best
}

fn spaces(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)).count()
}

/// Comments, strings, commands and code blocks.
fn delimited(rest: &str) -> Option<(TokenKind, usize)> {
    if rest.starts_with("//") {
        let len = rest.find('\n').unwrap_or(rest.len());
        // The line end is white space of its own, also a CR LF one.
        let line = rest.get(..len).unwrap_or(rest);
        return Some((TokenKind::Comment, line.trim_end_matches('\r').len()));
    }
    if rest.starts_with("/*") {
        return Some(closed(TokenKind::Comment, rest, "*/"));
    }
    if rest.starts_with("%{") {
        return Some(closed(TokenKind::Code, rest, "}%"));
    }
    match rest.as_bytes().first() {
        Some(b'"') => Some(quoted(TokenKind::Str, rest, b'"')),
        Some(b'`') => Some(quoted(TokenKind::Command, rest, b'`')),
        _ => None,
    }
}

fn closed(kind: TokenKind, rest: &str, end: &str) -> (TokenKind, usize) {
    match rest.get(2..).and_then(|body| body.find(end)) {
        Some(len) => (kind, 2 + len + end.len()),
        None => (TokenKind::Error, rest.len()),
    }
}

/// Up to the closing quote. A backslash hides the quote behind it, unless then there is none.
fn quoted(kind: TokenKind, rest: &str, quote: u8) -> (TokenKind, usize) {
    let bytes = rest.as_bytes();
    let mut escaped = false;
    let mut hidden = None;
    for (at, &byte) in bytes.iter().enumerate().skip(1) {
        match byte {
            _ if byte == quote && !escaped => return (kind, at + 1),
            _ if byte == quote => hidden = Some(at + 1),
            _ => {}
        }
        escaped = byte == b'\\' && !escaped;
    }
    match hidden {
        Some(len) => (kind, len),
        None => (TokenKind::Error, rest.len()),
    }
}

/// More than one character may belong together: what no candidate begins with is [`TokenKind::Punct`].
fn begins_candidate(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|&b| is_word(b) || matches!(b, b'-' | b'$' | b'.' | b':'))
}

/// What could start here, in the order that decides between equally long matches; 0 is no match.
fn candidates(rest: &str) -> [(TokenKind, usize); 10] {
    let bytes = rest.as_bytes();
    let word = count(bytes, is_word);
    let keyword = if rest.starts_with("sequence#") {
        "sequence#".len()
    } else if rest.get(..word).is_some_and(is_keyword) {
        word
    } else {
        0
    };
    let sign = usize::from(bytes.first() == Some(&b'-'));
    let unsigned = bytes.get(sign..).unwrap_or_default();
    let int = count(unsigned, |b| b.is_ascii_digit());
    [
        (TokenKind::Keyword, keyword),
        (TokenKind::Ellipsis, if rest.starts_with("...") { 3 } else { 0 }),
        (TokenKind::Option, option(bytes)),
        (TokenKind::Float, fraction(unsigned, int).map_or(0, |len| sign + len)),
        (TokenKind::Int, if int > 0 { sign + int } else { 0 }),
        (TokenKind::Hex, hex(rest)),
        (TokenKind::Word, word),
        (TokenKind::Name, name(bytes)),
        (TokenKind::Ipv4, address::ipv4(bytes)),
        (TokenKind::Ipv6, address::ipv6(rest)),
    ]
}

fn option(bytes: &[u8]) -> usize {
    match bytes.strip_prefix(b"--").map(|name| count(name, is_word)) {
        Some(len) if len > 0 => 2 + len,
        _ => 0,
    }
}

/// `$NAME`
fn name(bytes: &[u8]) -> usize {
    match bytes.strip_prefix(b"$").map(|name| count(name, is_word)) {
        Some(len) if len > 0 => 1 + len,
        _ => 0,
    }
}

/// Length of `[0-9]*\.[0-9]+` whose first part is `int` digits.
fn fraction(bytes: &[u8], int: usize) -> Option<usize> {
    let digits = bytes.get(int..)?.strip_prefix(b".")?;
    let len = count(digits, |b| b.is_ascii_digit());
    (len > 0).then_some(int + 1 + len)
}

fn hex(rest: &str) -> usize {
    match rest.strip_prefix("0x").map(|hex| count(hex.as_bytes(), |b| b.is_ascii_hexdigit())) {
        Some(len) if len > 0 => 2 + len,
        _ => 0,
    }
}

fn count(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|&&b| belongs(b)).count()
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Offsets are 32 bits: whoever reads a file refuses larger ones.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
