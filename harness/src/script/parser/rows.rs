//! Extension: `for NAME, .. in (VALUE, ..), .. { EVENTS }`. The events stand once for each row of
//! values, with the values in place of the names, before anything else looks at them; what is left
//! of a loop in the tree are its rows and the number of the row in spans.

use crate::script::ast::{Loop, Row};
use crate::script::diagnostic::Diagnostic;
use crate::script::source::{Span, Spanned};
use crate::script::token::TokenKind;

use super::cursor::Tok;

/// Rows of all loops of a script.
const ROWS: usize = 1000;

/// Tokens that loops may make of a script.
const TOKENS: usize = 200_000;

/// The tokens without loops, and what the loops were.
#[derive(Default)]
pub(super) struct Expanded<'s> {
    pub(super) tokens: Vec<Tok<'s>>,
    pub(super) loops: Vec<Loop>,
    pub(super) diagnostics: Vec<Diagnostic>,
    rows: usize,
    made: usize,
}

/// Repeats what stands in loops.
pub(super) fn expand<'s>(source: &str, tokens: Vec<Tok<'s>>, end: Tok<'s>) -> Expanded<'s> {
    let mut out = Expanded::default();
    if !(0..tokens.len()).any(|at| is_loop(&tokens, at)) {
        out.tokens = tokens;
        return out;
    }
    let mut reader = Reader { tokens: &tokens, end, at: 0 };
    while let Some(&token) = tokens.get(reader.at) {
        if !is_loop(&tokens, reader.at) {
            out.tokens.push(token);
            reader.at += 1;
            continue;
        }
        match reader.head() {
            Ok(head) => out.repeat(source, head),
            Err(problem) => {
                out.diagnostics.push(problem);
                reader.skip();
            }
        }
    }
    out
}

/// `for NAME in` or `for NAME,` at the beginning of a line: the text of a result can have a `for`.
fn is_loop(tokens: &[Tok<'_>], at: usize) -> bool {
    let is =
        |ahead: usize, test: &dyn Fn(&Tok<'_>) -> bool| tokens.get(at + ahead).is_some_and(test);
    is(0, &|token| token.first_on_line && token.is_word("for"))
        && is(1, &|token| token.kind == TokenKind::Word)
        && is(2, &|token| token.is(",") || token.is_word("in"))
}

/// A loop as written.
struct Head<'t, 's> {
    names: Vec<Tok<'s>>,
    rows: Vec<(Vec<Vec<Tok<'s>>>, Span)>,
    body: &'t [Tok<'s>],
    span: Span,
    close: Span,
}

type Found<T> = Result<T, Diagnostic>;

struct Reader<'t, 's> {
    tokens: &'t [Tok<'s>],
    end: Tok<'s>,
    at: usize,
}

impl<'t, 's> Reader<'t, 's> {
    fn peek(&self) -> Tok<'s> {
        self.tokens.get(self.at).copied().unwrap_or(self.end)
    }

    fn next(&mut self) -> Tok<'s> {
        let token = self.peek();
        self.at = (self.at + 1).min(self.tokens.len());
        token
    }

    fn accept(&mut self, text: &str) -> bool {
        let is = self.peek().is(text);
        if is {
            self.next();
        }
        is
    }

    fn unexpected(&self, what: &str) -> Diagnostic {
        let found = match self.tokens.get(self.at) {
            Some(token) => token.describe(),
            None => "the end of the script".to_owned(),
        };
        let message = format!("expected {what}, found {found}");
        Diagnostic::error("parse::expected", self.peek().span, message)
    }

    fn expect(&mut self, text: &str) -> Found<Tok<'s>> {
        if self.peek().is(text) {
            Ok(self.next())
        } else {
            Err(self.unexpected(&format!("`{text}`")))
        }
    }

    /// The caller saw `for`.
    fn head(&mut self) -> Found<Head<'t, 's>> {
        let start = self.next().span;
        let names = self.names()?;
        let mut rows = vec![self.row(&names)?];
        while self.accept(",") {
            rows.push(self.row(&names)?);
        }
        let open = self.expect("{")?;
        let span = start.to(open.span);
        let (body, close) = self.body(span)?;
        Ok(Head { names, rows, body, span, close })
    }

    /// Up to `in`, which goes with them.
    fn names(&mut self) -> Found<Vec<Tok<'s>>> {
        let mut names: Vec<Tok<'s>> = Vec::new();
        loop {
            let name = self.peek();
            if name.kind != TokenKind::Word || self.at == self.tokens.len() {
                return Err(self.unexpected("a name"));
            }
            if names.iter().any(|known| known.text == name.text) {
                let message = format!("the loop has a `{}` already", name.text);
                return Err(Diagnostic::error("parse::loop", name.span, message));
            }
            names.push(self.next());
            if self.peek().is_word("in") {
                self.next();
                return Ok(names);
            }
            if !self.accept(",") {
                return Err(self.unexpected("`,` or `in`"));
            }
        }
    }

    /// `(VALUE, ..)`, one for each name.
    fn row(&mut self, names: &[Tok<'s>]) -> Found<(Vec<Vec<Tok<'s>>>, Span)> {
        let start = self.expect("(")?.span;
        let mut values = vec![self.value()?];
        while self.accept(",") {
            values.push(self.value()?);
        }
        let span = start.to(self.expect(")")?.span);
        if values.len() == names.len() {
            return Ok((values, span));
        }
        let (have, want) = (values.len(), names.len());
        let message = format!("a row of {have} where the loop has {want} names");
        Err(Diagnostic::error("parse::loop-row", span, message))
    }

    /// Tokens up to a `,` or `)` that stands in no brackets. `<` opens some only as the first one.
    fn value(&mut self) -> Found<Vec<Tok<'s>>> {
        let mut value = Vec::new();
        let mut depth = 0_usize;
        let angular = self.peek().is("<");
        loop {
            let token = self.peek();
            let closes = depth == 0 && (token.is(",") || token.is(")"));
            if closes && !value.is_empty() {
                return Ok(value);
            }
            if closes || self.at == self.tokens.len() {
                return Err(self.unexpected("a value"));
            }
            let opens = ["(", "[", "{"].iter().any(|open| token.is(open));
            let shuts = [")", "]", "}"].iter().any(|close| token.is(close));
            if opens || angular && token.is("<") {
                depth += 1;
            } else if shuts || angular && token.is(">") {
                depth = depth.saturating_sub(1);
            }
            value.push(self.next());
        }
    }

    /// Everything up to the `}` of the loop, which goes with it.
    fn body(&mut self, head: Span) -> Found<(&'t [Tok<'s>], Span)> {
        let start = self.at;
        let mut depth = 0_usize;
        while let Some(token) = self.tokens.get(self.at) {
            if is_loop(self.tokens, self.at) {
                let message = "a loop cannot stand in a loop";
                return Err(Diagnostic::error("parse::loop", token.span, message));
            }
            if token.is("{") {
                depth += 1;
            } else if token.is("}") && depth > 0 {
                depth -= 1;
            } else if token.is("}") {
                let body = self.tokens.get(start..self.at).unwrap_or_default();
                self.next();
                return Ok((body, token.span));
            }
            self.at += 1;
        }
        Err(Diagnostic::error("parse::loop", head, "the loop has no closing `}`"))
    }

    /// What is wrong with a loop is known: on behind the `}` that stands alone, and those of loops
    /// inside.
    fn skip(&mut self) {
        let mut open = 1_usize;
        while open > 0 && self.at < self.tokens.len() {
            open += usize::from(is_loop(self.tokens, self.at));
            let token = self.next();
            open -= usize::from(token.first_on_line && token.is("}"));
        }
    }
}

impl<'s> Expanded<'s> {
    fn repeat(&mut self, source: &str, head: Head<'_, 's>) {
        let Head { names, rows, body, span, close } = head;
        self.rows += rows.len();
        let longest = rows.iter().flat_map(|(values, _)| values).map(Vec::len).max();
        let most = body.len().saturating_mul(longest.unwrap_or(1)).saturating_mul(rows.len());
        self.made = self.made.saturating_add(most);
        if self.rows > ROWS || self.made > TOKENS {
            let message = format!("loops make more than {ROWS} rows or {TOKENS} tokens");
            return self.diagnostics.push(Diagnostic::error("parse::loop", span, message));
        }
        let before: usize = self.loops.iter().map(|one| one.rows.len()).sum();
        for (at, (values, _)) in rows.iter().enumerate() {
            let number = u16::try_from(before + at + 1).unwrap_or(u16::MAX);
            for token in body {
                self.place(*token, number, &names, values);
            }
        }
        let text = |value: &Vec<Tok<'s>>| written(source, value);
        self.loops.push(Loop {
            names: names.iter().map(|n| Spanned::new(n.text.to_owned(), n.span)).collect(),
            rows: rows
                .iter()
                .map(|(values, span)| Row {
                    values: values.iter().map(text).collect(),
                    span: *span,
                })
                .collect(),
            head: span,
            close,
        });
    }

    /// A token of the body, or the value of the row in its place.
    fn place(&mut self, token: Tok<'s>, row: u16, names: &[Tok<'s>], values: &[Vec<Tok<'s>>]) {
        let span = token.span.in_row(row);
        let is_name = |(name, _): &(&Tok<'s>, &Vec<Tok<'s>>)| token.is_word(name.text);
        let Some((_, value)) = names.iter().zip(values).find(is_name) else {
            return self.tokens.push(Tok { span, ..token });
        };
        for (at, part) in value.iter().enumerate() {
            let first_on_line = at == 0 && token.first_on_line;
            self.tokens.push(Tok { span, first_on_line, ..*part });
        }
    }
}

/// The text of `tokens`, which follow each other.
fn written(source: &str, tokens: &[Tok<'_>]) -> String {
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else { return String::new() };
    let range = first.span.start as usize..last.span.end as usize;
    source.get(range).unwrap_or_default().to_owned()
}
