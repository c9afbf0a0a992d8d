//! TCP segments: ports, flags, sequence numbers, window, urgent pointer.

use crate::script::ast::{Direction, Field, Flags, OptionsSpec, PacketSpec, SeqSpec, TcpSpec};
use crate::script::diagnostic::Diagnostic;
use crate::script::source::{Span, Spanned};
use crate::script::token::TokenKind;

use super::cursor::{Parsed, Parser, Stuck};

/// Largest TCP segment with its headers.
const DATAGRAM: usize = 65_536;

impl Parser<'_> {
    pub(super) fn tcp(&mut self, way: Direction) -> Parsed<TcpSpec> {
        let ports = self.segment_ports(way)?;
        let flags = self.flags()?;
        let seq = self.seq(true)?;
        let ack = self.keyed("ack", "TCP ack sequence number")?;
        let win = self.keyed("win", "TCP window value")?;
        let urg = self.keyed("urg", "urgent pointer")?;
        let options = self.tcp_options(way)?;
        let payload = self.payload(&seq);
        self.no_word_left()?;
        Ok(TcpSpec { ports, flags, seq, ack, win, urg, options, payload })
    }

    /// A word in the same line can only be a slip: what it says would be missed elsewhere.
    fn no_word_left(&mut self) -> Parsed<()> {
        let token = self.peek();
        if !self.at_kind(TokenKind::Word) || token.first_on_line {
            return Ok(());
        }
        let near = ["ack", "win", "urg"].into_iter().find(|name| is_slip_of(token.text, name));
        let message = format!("expected the end of the packet, found {}", token.describe());
        let help = match near {
            Some(name) if name != token.text => format!("did you mean `{name}`?"),
            Some(_) | None => "`ack N`, `win N`, `urg N`, `<OPTIONS>` stand in this order".into(),
        };
        self.report(Diagnostic::error("parse::expected", token.span, message).with_help(help));
        Err(Stuck)
    }

    /// `NAME N` or `NAME *`, if it is there.
    fn keyed<T: TryFrom<i64> + Default>(
        &mut self,
        name: &str,
        what: &str,
    ) -> Parsed<Option<Spanned<Field<T>>>> {
        let Some(start) = self.accept(name) else { return Ok(None) };
        let field = self.field(what)?;
        Ok(Some(Spanned::new(field, self.span_from(start.span))))
    }

    /// `N` or `*`
    pub(super) fn field<T: TryFrom<i64> + Default>(&mut self, what: &str) -> Parsed<Field<T>> {
        if self.accept("*").is_some() {
            return Ok(Field::Any);
        }
        Ok(Field::Value(self.ranged(what)?))
    }

    /// `S`, `FP.`, `.`, `-`, `.5`, `P5.`, `*`. Up to two tokens, which need not touch.
    fn flags(&mut self) -> Parsed<Spanned<Field<Flags>>> {
        let start = self.peek();
        if self.accept("*").is_some() {
            return Ok(Spanned::new(Field::Any, start.span));
        }
        if self.accept("-").is_some() {
            return Ok(Spanned::new(Field::Value(Flags::default()), start.span));
        }
        let mut text = String::new();
        if let Some(word) = self.accept_kind(TokenKind::Word) {
            text.push_str(word.text);
        }
        let rest = self.peek();
        if rest.is(".") || self.at_kind(TokenKind::Float) {
            self.next();
            text.push_str(rest.text);
        }
        if text.is_empty() {
            return Err(self.unexpected("TCP flags"));
        }
        let span = self.span_from(start.span);
        let flags = match flag_bits(&text) {
            Ok(flags) => flags,
            Err(message) => {
                self.report(
                    Diagnostic::error("parse::bad-flags", span, message)
                        .with_help("letters F S R P E W A U, then `.` for ACK; `-` for none"),
                );
                Flags::default()
            }
        };
        Ok(Spanned::new(Field::Value(flags), span))
    }

    /// `START:END(LEN)`, and where `open`: `START:END(LEN)!`, `...(LEN)` (both FreeBSD), `*(LEN)`, `*`.
    pub(super) fn seq(&mut self, open: bool) -> Parsed<SeqSpec> {
        let first = self.peek().span;
        if open && self.accept_kind(TokenKind::Ellipsis).is_some() {
            let len = Field::Value(self.parenthesised("TCP payload size")?);
            let span = self.span_from(first);
            return Ok(SeqSpec { start: Field::Any, len, ignored_start: None, span });
        }
        if open && self.accept("*").is_some() {
            let mut len = Field::Any;
            if self.accept("(").is_some() {
                len = Field::Value(self.ranged("TCP payload size")?);
                self.expect(")")?;
            }
            let span = self.span_from(first);
            return Ok(SeqSpec { start: Field::Any, len, ignored_start: None, span });
        }
        let start: u32 = self.ranged("TCP start sequence number")?;
        self.expect(":")?;
        let end: u32 = self.ranged("TCP end sequence number")?;
        self.expect("(")?;
        let len: u16 = self.ranged("TCP payload size")?;
        self.expect(")")?;
        let span = self.span_from(first);
        let sum = start.wrapping_add(u32::from(len));
        if sum != end {
            let message =
                format!("sequence numbers and payload size disagree: {start} + {len} is {sum}");
            self.error("parse::seq-mismatch", span, message);
        }
        if open && self.accept("!").is_some() {
            let span = self.span_from(first);
            let len = Field::Value(len);
            return Ok(SeqSpec { start: Field::Any, len, ignored_start: Some(start), span });
        }
        Ok(SeqSpec {
            start: Field::Value(start),
            len: Field::Value(len),
            ignored_start: None,
            span,
        })
    }

    pub(super) fn segment_size(&mut self, packet: &PacketSpec, tcp: &TcpSpec) {
        // An IPv4 and a TCP header; whoever builds the packet checks the rest.
        if usize::from(tcp.seq.len.value().unwrap_or_default()) + 40 > DATAGRAM {
            self.error("parse::too-large", packet.span, "TCP segment is larger than a datagram");
        }
    }

    pub(super) fn inbound_tcp(&mut self, packet: &PacketSpec, tcp: &TcpSpec) {
        if tcp.win.is_none() {
            self.report(
                Diagnostic::error(
                    "parse::inbound-window",
                    packet.direction.span.to(tcp.seq.span),
                    "window must be specified for inbound packets",
                )
                .with_help("add `win N`"),
            );
        }
        let fields: [(bool, Span, &str); 5] = [
            (tcp.flags.node == Field::Any, tcp.flags.span, "flags `*`"),
            (tcp.seq.start == Field::Any, tcp.seq.span, "an open sequence number"),
            open(tcp.ack.as_ref(), "ack *"),
            open(tcp.win.as_ref(), "win *"),
            open(tcp.urg.as_ref(), "urg *"),
        ];
        for (is_open, span, what) in fields {
            if is_open {
                self.outbound_only(span, what);
            }
        }
        if let OptionsSpec::Any(span) = tcp.options {
            self.outbound_only(span, "`<...>`");
        }
    }
}

fn open<T: PartialEq>(
    field: Option<&Spanned<Field<T>>>,
    what: &'static str,
) -> (bool, Span, &'static str) {
    let span = field.map_or(Span::default(), |field| field.span);
    (field.is_some_and(|field| field.node == Field::Any), span, what)
}

/// Header bits of flag letters. A digit from 1 to 7 is the three-bit ACE field (AE 4, CWR 2, ECE
/// 1); 0 says nothing that the absent letters do not say.
fn flag_bits(text: &str) -> Result<Flags, String> {
    let mut flags = Flags::default();
    let mut digit = false;
    let mut letter = false;
    for flag in text.chars() {
        let bit = match flag {
            'F' => 0x001,
            'S' => 0x002,
            'R' => 0x004,
            'P' => 0x008,
            '.' => 0x010,
            'U' => 0x020,
            'E' => 0x040,
            'W' => 0x080,
            'A' => 0x100,
            '0'..='7' => 0,
            _ => return Err(format!("invalid TCP flag `{flag}`")),
        };
        if digit && (flag.is_ascii_digit() || matches!(flag, 'E' | 'W' | 'A'))
            || letter && flag.is_ascii_digit()
        {
            return Err(format!("conflicting TCP flag `{flag}`: one ACE digit, or E, W and A"));
        }
        letter |= matches!(flag, 'E' | 'W' | 'A');
        flags.bits |= bit;
        if let Some(ace) = flag.to_digit(8) {
            digit = true;
            let ace = u8::try_from(ace).unwrap_or_default();
            flags.ace = (ace > 0).then_some(ace);
            flags.bits |= u16::from(ace) << 6;
        }
    }
    Ok(flags)
}

/// Whether three letters are those of `name` in another order, or all but one at their place.
fn is_slip_of(text: &str, name: &str) -> bool {
    let sorted = |word: &str| {
        let mut bytes = word.to_ascii_lowercase().into_bytes();
        bytes.sort_unstable();
        bytes
    };
    let same = text.bytes().zip(name.bytes()).filter(|(a, b)| a.eq_ignore_ascii_case(b)).count();
    sorted(text) == sorted(name) || (same + 1 >= name.len() && text.len() <= name.len() + 1)
}
