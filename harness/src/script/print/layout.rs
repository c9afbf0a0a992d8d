//! The whole script: what stands on which line.

use crate::script::Defines;
use crate::script::ast::{Event, EventKind, OptionDecl, Script};
use crate::script::lexer::lex;
use crate::script::source::Span;
use crate::script::token::TokenKind;

use super::{event_text, seconds_text, time_text};

/// An event longer than this, time included, keeps the lines it has.
const WIDTH: usize = 100;

/// Before the lines of a loop.
const INDENT: &str = "    ";

/// Longer times stick out of their column.
const TIME_WIDTH: usize = 8;

/// The script in canonical form. Parsing it gives the same meaning, and formatting it again the
/// same text. Text that could not be parsed stays where it is.
#[must_use]
pub fn format(script: &Script) -> String {
    let items = items(script);
    let mut items = items.iter().peekable();
    let mut lines = Lines::default();
    let mut covered = 0;
    for token in &script.tokens {
        if token.span.start < covered {
            continue;
        }
        if let Some(item) = items.next_if(|item| item.span.start <= token.span.start) {
            covered = item.span.end;
            lines.indented &= item.place != Place::End;
            lines.place(&item.text, Join::Never);
            lines.indented |= item.place == Place::Head;
            continue;
        }
        let text = script.source.slice(token.span);
        match token.kind {
            TokenKind::Space => lines.space(text),
            TokenKind::Comment => lines.place(text.trim_end(), Join::OneSpace),
            TokenKind::Directive => lines.place(text.trim(), Join::Never),
            TokenKind::Skipped => {
                let indented = std::mem::take(&mut lines.indented);
                lines.place(text.strip_suffix('\n').unwrap_or(text), Join::Never);
                lines.indented = indented;
            }
            TokenKind::Keyword
            | TokenKind::Word
            | TokenKind::Option
            | TokenKind::Int
            | TokenKind::Hex
            | TokenKind::Float
            | TokenKind::Str
            | TokenKind::Command
            | TokenKind::Code
            | TokenKind::Ipv4
            | TokenKind::Ipv6
            | TokenKind::Name
            | TokenKind::Ellipsis
            | TokenKind::Punct
            | TokenKind::Error => lines.place(text, Join::AsWritten),
        }
    }
    lines.finish()
}

/// A stretch of the source and what to write for it.
struct Item {
    span: Span,
    text: String,
    place: Place,
}

/// What it is of a loop.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Head,
    End,
    Elsewhere,
}

fn items(script: &Script) -> Vec<Item> {
    let events = once(script);
    let times: Vec<String> = events.iter().map(|event| event_time(script, event)).collect();
    let widths = times.iter().map(String::len).filter(|width| *width <= TIME_WIDTH);
    let width = widths.max().unwrap_or_default();
    let mut items: Vec<Item> = script.options.iter().map(|decl| option(script, decl)).collect();
    for command in script.init.iter().chain(&script.cleanup) {
        let text = script.source.slice(command.span).to_owned();
        items.push(Item { span: command.span, text, place: Place::Elsewhere });
    }
    for one in &script.loops {
        let (head, close) = (script.source.slice(one.head), script.source.slice(one.close));
        items.push(Item { span: one.head, text: squeezed(head), place: Place::Head });
        items.push(Item { span: one.close, text: close.to_owned(), place: Place::End });
    }
    for (event, time) in events.iter().zip(&times) {
        let text = std::format!("{time:width$} {}", action(script, event, width));
        items.push(Item { span: event.span.in_row(0), text, place: Place::Elsewhere });
    }
    items.sort_by_key(|item| item.span);
    items
}

/// The events, those of a loop only in its first row. (A value can hold the beginning of an event.)
fn once(script: &Script) -> Vec<&Event> {
    let mut covered = 0;
    let mut events: Vec<&Event> = Vec::with_capacity(script.events.len());
    for event in &script.events {
        if event.span.row == 0 || event.span.start >= covered {
            events.push(event);
            covered = covered.max(event.span.end);
        }
    }
    events
}

fn event_time(script: &Script, event: &Event) -> String {
    let time = time_text(event.time.node);
    if event.span.row > 0 {
        // A time can be the value of a row, too.
        let end = event.end.as_ref().map_or(event.time.span.end, |end| end.span.end);
        return squeezed(script.source.slice(Span::new(event.time.span.start, end)));
    }
    match &event.end {
        Some(end) => std::format!("{time}...{}", seconds_text(end.node)),
        None => time,
    }
}

/// The event without its time: canonical, or as written where that says more.
fn action(script: &Script, event: &Event, width: usize) -> String {
    let after = event.end.as_ref().map_or(event.time.span.end, |end| end.span.end);
    let written = script.source.slice(Span::new(after, event.span.end)).trim_start();
    match &event.kind {
        EventKind::Command(_) | EventKind::Code(_) => return written.to_owned(),
        EventKind::Packet(_) | EventKind::Syscall(_) | EventKind::State(_) => {}
    }
    let canonical = event_text(&event.kind);
    let too_long = width + 1 + canonical.len() > WIDTH && written.contains('\n');
    if too_long || !says_the_same(written, &canonical) {
        return squeezed(written);
    }
    canonical
}

/// The same text with single blanks between its tokens. What is laid out over lines stays as it is.
fn squeezed(written: &str) -> String {
    if written.contains('\n') {
        return written.to_owned();
    }
    let tokens = lex(written, &Defines::new()).tokens;
    let slice = |span: Span| written.get(span.start as usize..span.end as usize);
    let parts = tokens.iter().map(|token| match token.kind {
        TokenKind::Space => " ",
        TokenKind::Comment
        | TokenKind::Directive
        | TokenKind::Skipped
        | TokenKind::Keyword
        | TokenKind::Word
        | TokenKind::Option
        | TokenKind::Int
        | TokenKind::Hex
        | TokenKind::Float
        | TokenKind::Str
        | TokenKind::Command
        | TokenKind::Code
        | TokenKind::Ipv4
        | TokenKind::Ipv6
        | TokenKind::Name
        | TokenKind::Ellipsis
        | TokenKind::Punct
        | TokenKind::Error => slice(token.span).unwrap_or_default(),
    });
    parts.collect()
}

fn option(script: &Script, decl: &OptionDecl) -> Item {
    let written = script.source.slice(decl.span);
    let canonical = match &decl.value {
        None => std::format!("--{}", decl.name),
        Some(value) if is_bare(value) => std::format!("--{}={value}", decl.name),
        Some(value) => std::format!("--{}=\"{value}\"", decl.name),
    };
    let same = says_the_same(written, &canonical);
    let text = if same { canonical } else { written.to_owned() };
    Item { span: decl.span, text, place: Place::Elsewhere }
}

/// The value needs no quotes to be read as the value of an option.
fn is_bare(value: &str) -> bool {
    let kinds: Vec<TokenKind> =
        lex(value, &Defines::new()).tokens.iter().map(|token| token.kind).collect();
    match kinds.as_slice() {
        [TokenKind::Int | TokenKind::Word | TokenKind::Ipv4 | TokenKind::Ipv6] => true,
        [TokenKind::Keyword] => matches!(value, "ipv4" | "ipv6"),
        [
            TokenKind::Word,
            TokenKind::Punct,
            TokenKind::Word | TokenKind::Str | TokenKind::Command | TokenKind::Int,
        ] => value.contains('='),
        _ => false,
    }
}

/// Both have the same words, hexadecimal numbers and ellipses, and neither has a comment.
fn says_the_same(written: &str, canonical: &str) -> bool {
    words(written).is_some_and(|words_written| Some(words_written) == words(canonical))
}

fn words(text: &str) -> Option<Vec<&str>> {
    let mut words = Vec::new();
    for token in lex(text, &Defines::new()).tokens {
        match token.kind {
            TokenKind::Comment | TokenKind::Directive | TokenKind::Skipped => return None,
            TokenKind::Word
            | TokenKind::Keyword
            | TokenKind::Hex
            | TokenKind::Name
            | TokenKind::Ellipsis => {
                words.push(text.get(token.span.start as usize..token.span.end as usize)?);
            }
            TokenKind::Space
            | TokenKind::Option
            | TokenKind::Int
            | TokenKind::Float
            | TokenKind::Str
            | TokenKind::Command
            | TokenKind::Code
            | TokenKind::Ipv4
            | TokenKind::Ipv6
            | TokenKind::Punct
            | TokenKind::Error => {}
        }
    }
    words.sort_unstable();
    Some(words)
}

/// Whether something may stand on the line of what is before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Join {
    Never,
    /// After a space, if it stood there in the source.
    OneSpace,
    /// Exactly as it stood in the source.
    AsWritten,
}

/// Lines under construction.
#[derive(Default)]
struct Lines {
    text: String,
    newlines: usize,
    blank: bool,
    /// In a loop.
    indented: bool,
}

impl Lines {
    fn space(&mut self, text: &str) {
        self.newlines += text.matches('\n').count();
        self.blank = true;
    }

    fn place(&mut self, text: &str, join: Join) {
        if self.text.is_empty() {
            self.text.push_str(text);
        } else if self.newlines == 0 && join != Join::Never {
            if join == Join::OneSpace || self.blank {
                self.text.push(' ');
            }
            self.text.push_str(text);
        } else {
            // Groups are divided by one blank line, however many there were.
            self.text.push_str(if self.newlines > 1 { "\n\n" } else { "\n" });
            if self.indented && !text.starts_with('#') {
                self.text.push_str(INDENT);
            }
            self.text.push_str(text);
        }
        self.newlines = 0;
        self.blank = false;
    }

    fn finish(mut self) -> String {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text
    }
}
