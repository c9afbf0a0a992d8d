//! One event: its time, its end if it blocks, and what it does.

use crate::script::ast::{
    CodeBlock, Direction, Event, EventKind, StateAssertion, StateSubject, Time,
};
use crate::script::source::{Span, Spanned};
use crate::script::token::TokenKind;

use super::cursor::{Parsed, Parser, Tok};

const SECOND: i64 = 1_000_000;

impl Parser<'_> {
    pub(super) fn event(&mut self) -> Parsed<Event> {
        let time = self.time()?;
        let mut end = None;
        let token = self.peek();
        let kind = if token.is("<") || token.is(">") {
            EventKind::Packet(Box::new(self.packet()?))
        } else if token.kind == TokenKind::Command {
            EventKind::Command(self.command())
        } else if token.kind == TokenKind::Code {
            EventKind::Code(self.code())
        } else if token.is_word("tcp_state") && self.peek_at(1).is("(") {
            EventKind::State(self.state_assertion()?)
        } else {
            if self.accept_kind(TokenKind::Ellipsis).is_some() {
                end = Some(self.seconds()?);
            }
            if !self.at_kind(TokenKind::Word) {
                return Err(self.unexpected("a packet, a system call, a command or a code block"));
            }
            EventKind::Syscall(Box::new(self.syscall()?))
        };
        self.time_fits(time, &kind);
        Ok(Event { time, end, kind, span: self.span_from(time.span) })
    }

    /// `0.5`, `+0.5`, `*`, `0.1~0.2`, `+0.1~+0.2`.
    fn time(&mut self) -> Parsed<Spanned<Time>> {
        let start = self.peek().span;
        if self.accept("*").is_some() {
            return Ok(Spanned::new(Time::Any, start));
        }
        let relative = self.accept("+").is_some();
        let first = self.seconds()?.node;
        let time = match (relative, self.accept("~").is_some()) {
            (false, false) => Time::Absolute(first),
            (true, false) => Time::Relative(first),
            (false, true) => Time::AbsoluteRange(first, self.seconds()?.node),
            (true, true) => {
                self.expect("+")?;
                Time::RelativeRange(first, self.seconds()?.node)
            }
        };
        let span = self.span_from(start);
        if let Time::AbsoluteRange(from, to) | Time::RelativeRange(from, to) = time
            && to < from
        {
            self.error("parse::time-range-backwards", span, "time range is backwards");
        }
        Ok(Spanned::new(time, span))
    }

    /// A time in seconds, as whole microseconds; what is below them is cut off.
    fn seconds(&mut self) -> Parsed<Spanned<i64>> {
        let token = self.peek();
        if !matches!(token.kind, TokenKind::Int | TokenKind::Float) || self.is_at_end() {
            return Err(self.unexpected("a time"));
        }
        self.next();
        if token.text.starts_with('-') {
            self.error("parse::negative-time", token.span, "time is negative");
            return Ok(Spanned::new(0, token.span));
        }
        let micros = micros(token).unwrap_or_else(|| {
            self.error("parse::out-of-range", token.span, "time does not fit in 64 bits");
            0
        });
        Ok(Spanned::new(micros, token.span))
    }

    /// `*` and ranges need something whose time is not in the script's hand.
    fn time_fits(&mut self, time: Spanned<Time>, kind: &EventKind) {
        let outbound = match kind {
            EventKind::Packet(packet) => packet.direction.node == Direction::Outbound,
            EventKind::Syscall(_)
            | EventKind::Command(_)
            | EventKind::Code(_)
            | EventKind::State(_) => false,
        };
        if outbound {
            return;
        }
        let what = match time.node {
            Time::Any => "time `*`",
            Time::AbsoluteRange(..) | Time::RelativeRange(..) => "a time range",
            Time::Absolute(_) | Time::Relative(_) => return,
        };
        let message = format!("{what} is only for outbound packets");
        self.error("parse::time-outbound-only", time.span, message);
    }

    fn code(&mut self) -> CodeBlock {
        let token = self.next();
        let text = token.text.strip_prefix("%{").unwrap_or(token.text);
        let text = text.strip_suffix("}%").unwrap_or(text);
        CodeBlock { text: text.trim_matches([' ', '\t']).to_owned(), span: token.span }
    }

    /// Extension: `tcp_state(4) = TCP_ESTABLISHED`, `tcp_state(40001 > 8080) = TCP_TIME_WAIT`.
    fn state_assertion(&mut self) -> Parsed<StateAssertion> {
        let start: Span = self.next().span;
        self.expect("(")?;
        let subject = match self.ports()? {
            Some(ports) => StateSubject::Ports(ports),
            None => {
                let (fd, span) = self.decimal("a descriptor or two ports")?;
                StateSubject::Fd(Spanned::new(fd, span))
            }
        };
        self.expect(")")?;
        self.expect("=")?;
        let state = self.expect_kind(TokenKind::Word, "a TCP state")?;
        Ok(StateAssertion {
            subject,
            state: Spanned::new(state.text.to_owned(), state.span),
            span: self.span_from(start),
        })
    }
}

/// Whole microseconds of a non-negative decimal number of seconds.
fn micros(token: Tok<'_>) -> Option<i64> {
    let (whole, fraction) = token.text.split_once('.').unwrap_or((token.text, ""));
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut micros = whole.checked_mul(SECOND)?;
    let mut unit = SECOND;
    for digit in fraction.bytes().take(6) {
        unit /= 10;
        micros = micros.checked_add(i64::from(digit.wrapping_sub(b'0')).checked_mul(unit)?)?;
    }
    Some(micros)
}
