//! The significant tokens, one after the other, with defined words already replaced, and the
//! primitives every production is made of: look, take, complain.

use std::ops::RangeInclusive;

use crate::script::ast::{Loop, NamedPart};
use crate::script::diagnostic::{Diagnostic, Severity};
use crate::script::lexer::{Lexed, base0};
use crate::script::source::Span;
use crate::script::token::TokenKind;

use super::rows::{self, Expanded};

/// A significant token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tok<'s> {
    pub(super) kind: TokenKind,
    /// As written, or the defined value that stands for it.
    pub(super) text: &'s str,
    pub(super) span: Span,
    /// Nothing significant stands before it on its line.
    pub(super) first_on_line: bool,
    /// It stands for a defined word.
    pub(super) defined: bool,
}

impl Tok<'_> {
    pub(super) fn is(&self, text: &str) -> bool {
        matches!(self.kind, TokenKind::Punct | TokenKind::Keyword) && self.text == text
    }

    pub(super) fn is_word(&self, text: &str) -> bool {
        self.kind == TokenKind::Word && self.text == text
    }

    /// How messages call it.
    pub(super) fn describe(&self) -> String {
        match self.kind {
            TokenKind::Command | TokenKind::Code | TokenKind::Error => {
                self.kind.describe().to_owned()
            }
            TokenKind::Space
            | TokenKind::Comment
            | TokenKind::Directive
            | TokenKind::Skipped
            | TokenKind::Keyword
            | TokenKind::Word
            | TokenKind::Option
            | TokenKind::Int
            | TokenKind::Hex
            | TokenKind::Float
            | TokenKind::Str
            | TokenKind::Ipv4
            | TokenKind::Ipv6
            | TokenKind::Name
            | TokenKind::Ellipsis
            | TokenKind::Punct => format!("`{}`", self.text),
        }
    }
}

/// What was being parsed cannot go on; the reason is among the diagnostics already.
#[derive(Debug)]
pub(super) struct Stuck;

/// A production's result.
pub(super) type Parsed<T> = Result<T, Stuck>;

/// Tokens, position, findings.
pub(super) struct Parser<'s> {
    tokens: Vec<Tok<'s>>,
    end: Tok<'s>,
    at: usize,
    /// The lexer found no end of something, and said so: that the text ends is no news.
    cut_short: bool,
    diagnostics: Vec<Diagnostic>,
    /// Of the packet that is being read.
    pub(super) names: Vec<NamedPart>,
    loops: Vec<Loop>,
}

impl<'s> Parser<'s> {
    pub(super) fn new(text: &'s str, lexed: &'s Lexed) -> Self {
        let mut tokens = Vec::with_capacity(lexed.tokens.len() / 2);
        let mut first_on_line = true;
        for token in &lexed.tokens {
            let slice =
                text.get(token.span.start as usize..token.span.end as usize).unwrap_or_default();
            if token.kind.is_trivia() {
                first_on_line |= slice.contains('\n');
                continue;
            }
            if token.kind == TokenKind::Error {
                // Reported by the lexer, and it reaches to the end.
                break;
            }
            let defined = lexed.substitutions.get(&token.span.start);
            tokens.push(Tok {
                kind: defined.map_or(token.kind, |s| s.kind),
                text: defined.map_or(slice, |s| s.text.as_str()),
                span: token.span,
                first_on_line,
                defined: defined.is_some(),
            });
            first_on_line = false;
        }
        let last = u32::try_from(text.trim_end().len()).unwrap_or(u32::MAX);
        let end = Tok {
            kind: TokenKind::Error,
            text: "",
            span: Span::new(last, last),
            first_on_line: true,
            defined: false,
        };
        let cut_short = lexed.tokens.iter().any(|token| token.kind == TokenKind::Error);
        let Expanded { tokens, loops, diagnostics, .. } = rows::expand(text, tokens, end);
        Self { tokens, end, at: 0, cut_short, diagnostics, names: Vec::new(), loops }
    }

    pub(super) fn into_findings(self) -> (Vec<Diagnostic>, Vec<Loop>) {
        (self.diagnostics, self.loops)
    }

    // ---- look ------------------------------------------------------------------------------

    pub(super) fn peek(&self) -> Tok<'s> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Tok<'s> {
        self.tokens.get(self.at + ahead).copied().unwrap_or(self.end)
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub(super) fn at(&self, text: &str) -> bool {
        self.peek().is(text)
    }

    pub(super) fn at_kind(&self, kind: TokenKind) -> bool {
        !self.is_at_end() && self.peek().kind == kind
    }

    /// From `start` to the end of the last token taken.
    pub(super) fn span_from(&self, start: Span) -> Span {
        let last = self.at.checked_sub(1).and_then(|last| self.tokens.get(last));
        last.map_or(start, |last| start.to(last.span))
    }

    // ---- take ------------------------------------------------------------------------------

    /// Takes the next token; at the end of the text this is the end, again and again.
    pub(super) fn next(&mut self) -> Tok<'s> {
        let token = self.peek();
        if !self.is_at_end() {
            self.at += 1;
        }
        token
    }

    pub(super) fn accept(&mut self, text: &str) -> Option<Tok<'s>> {
        self.at(text).then(|| self.next())
    }

    pub(super) fn accept_kind(&mut self, kind: TokenKind) -> Option<Tok<'s>> {
        self.at_kind(kind).then(|| self.next())
    }

    pub(super) fn expect(&mut self, text: &str) -> Parsed<Tok<'s>> {
        match self.accept(text) {
            Some(token) => Ok(token),
            None => Err(self.unexpected(&format!("`{text}`"))),
        }
    }

    pub(super) fn expect_kind(&mut self, kind: TokenKind, what: &str) -> Parsed<Tok<'s>> {
        match self.accept_kind(kind) {
            Some(token) => Ok(token),
            None => Err(self.unexpected(what)),
        }
    }

    /// A decimal integer (a defined word may also be hexadecimal or octal).
    pub(super) fn decimal(&mut self, what: &str) -> Parsed<(i64, Span)> {
        let word = self.peek();
        let is_symbol = word.kind == TokenKind::Word
            && !word.text.bytes().any(|byte| byte.is_ascii_lowercase());
        let Some(token) = self.accept_kind(TokenKind::Int) else {
            let stuck = self.unexpected(what);
            if let (true, Some(last)) = (is_symbol, self.diagnostics.last_mut()) {
                last.help =
                    Some(format!("if it is to be defined from outside: -D {}=value", word.text));
            }
            return Err(stuck);
        };
        Ok((self.value(token), token.span))
    }

    /// A hexadecimal integer `0x…`.
    pub(super) fn hexadecimal(&mut self, what: &str) -> Parsed<(i64, Span)> {
        let token = self.expect_kind(TokenKind::Hex, what)?;
        Ok((self.value(token), token.span))
    }

    /// A decimal or hexadecimal integer.
    pub(super) fn integer(&mut self, what: &str) -> Parsed<(i64, Span)> {
        if self.at_kind(TokenKind::Hex) { self.hexadecimal(what) } else { self.decimal(what) }
    }

    /// A decimal integer of one of the ranges 0 to `T::MAX`.
    pub(super) fn ranged<T: TryFrom<i64> + Default>(&mut self, what: &str) -> Parsed<T> {
        let (value, span) = self.decimal(what)?;
        Ok(self.narrow(value, what, span))
    }

    /// The number as a `T`. Out of range is reported and reads as 0, so that parsing goes on.
    pub(super) fn narrow<T: TryFrom<i64> + Default>(
        &mut self,
        value: i64,
        what: &str,
        span: Span,
    ) -> T {
        T::try_from(value).unwrap_or_else(|_| {
            let bits = 8 * size_of::<T>();
            let message = format!("{what} out of range: {value} does not fit in {bits} bits");
            self.error("parse::out-of-range", span, message);
            T::default()
        })
    }

    /// Reports a number outside of `range`.
    pub(super) fn within(&mut self, value: i64, range: RangeInclusive<i64>, what: &str, at: Span) {
        if !range.contains(&value) {
            let (low, high) = (range.start(), range.end());
            let message = format!("{what} out of range: {value} is not in {low} to {high}");
            self.error("parse::out-of-range", at, message);
        }
    }

    /// The value of an integer token. Digits beyond 64 bits are reported, and read as 0.
    pub(super) fn value(&mut self, token: Tok<'_>) -> i64 {
        let value = match token.text.strip_prefix("0x") {
            Some(digits) if token.kind == TokenKind::Hex => {
                u64::from_str_radix(digits, 16).ok().map(u64::cast_signed)
            }
            _ if token.defined => base0(token.text),
            _ => token.text.parse().ok(),
        };
        value.unwrap_or_else(|| {
            let message = format!("integer does not fit in 64 bits: `{}`", token.text);
            self.error("parse::out-of-range", token.span, message);
            0
        })
    }

    // ---- complain --------------------------------------------------------------------------

    pub(super) fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(code, span, message));
    }

    /// Nothing is wrong so far, as far as the parser saw.
    pub(super) fn is_clean(&self) -> bool {
        let is_error = |found: &Diagnostic| found.severity == Severity::Error;
        !self.diagnostics.iter().any(is_error) && !self.cut_short
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reports the next token as not being what is needed.
    pub(super) fn unexpected(&mut self, what: &str) -> Stuck {
        if self.is_at_end() && self.cut_short {
            return Stuck;
        }
        let message = if self.is_at_end() {
            format!("expected {what}, found the end of the script")
        } else {
            format!("expected {what}, found {}", self.peek().describe())
        };
        let span = self.peek().span;
        self.error("parse::expected", span, message);
        Stuck
    }

    /// What was read since `from` is partly in another row of a loop, or in a loop and no event.
    pub(super) fn leaves_row(&self, from: usize, is_event: bool) -> Option<Span> {
        let read = self.tokens.get(from..self.at)?;
        let row = if is_event { read.first()?.span.row } else { 0 };
        read.iter().map(|token| token.span).find(|span| span.row != row)
    }

    // ---- recover ---------------------------------------------------------------------------

    /// Goes to the next token that starts a line and looks like the start of an event, or to the
    /// end. Takes at least one token if `from` is where the failed event started.
    pub(super) fn recover(&mut self, from: usize) {
        if self.at == from {
            self.next();
        }
        while !self.is_at_end() && !self.starts_event() {
            self.next();
        }
    }

    /// Where [`Self::recover`] counts from.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    fn starts_event(&self) -> bool {
        let token = self.peek();
        let time = matches!(token.kind, TokenKind::Int | TokenKind::Float);
        let whole = matches!(token.kind, TokenKind::Command | TokenKind::Option);
        token.first_on_line && (time || whole || token.is("+") || token.is("*"))
    }
}
