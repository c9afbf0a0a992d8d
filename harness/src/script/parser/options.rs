//! TCP options: `<mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 8>`.

use crate::script::ast::{Direction, Field, OptionsSpec, Part, TcpOptionSpec};
use crate::script::diagnostic::Diagnostic;
use crate::script::source::{Span, Spanned};
use crate::script::token::TokenKind;

use super::cursor::{Parsed, Parser, Stuck};

/// Bytes that a TCP header has room for.
const ROOM: usize = 40;

/// Bytes of an MD5 digest.
const DIGEST: usize = 16;

const ACCECN_MAX: i64 = 0xff_ffff;

impl Parser<'_> {
    pub(super) fn tcp_options(&mut self, way: Direction) -> Parsed<OptionsSpec> {
        let Some(open) = self.accept("<") else { return Ok(OptionsSpec::None) };
        if self.accept_kind(TokenKind::Ellipsis).is_some() {
            self.expect(">")?;
            return Ok(OptionsSpec::Any(self.span_from(open.span)));
        }
        let mut list = Vec::new();
        loop {
            let start = self.peek().span;
            let named = self.names.len();
            let option = self.tcp_option(way)?;
            let span = self.span_from(start);
            let has_name = self.names.len() > named;
            if way == Direction::Inbound && !has_name && is_open(&option) {
                self.outbound_only(span, "an option with `*`");
            }
            list.push(Spanned::new(option, span));
            if self.accept(">").is_some() {
                break;
            }
            if self.accept(",").is_none() {
                return Err(self.unexpected("`,` or `>`"));
            }
        }
        let span = self.span_from(open.span);
        self.options_size(&list, span);
        Ok(OptionsSpec::List(list, span))
    }

    fn options_size(&mut self, list: &[Spanned<TcpOptionSpec>], span: Span) {
        let sizes = list.iter().map(|option| size(&option.node));
        let Some(total) = sizes.sum::<Option<usize>>() else { return };
        if total > ROOM {
            let message = format!("TCP option list too long: {total} bytes, {ROOM} fit");
            self.error("parse::options-too-long", span, message);
        } else if !total.is_multiple_of(4) {
            let message = format!(
                "TCP options are not padded to a multiple of 4 bytes: {} excess bytes",
                total % 4
            );
            self.report(
                Diagnostic::error("parse::options-padding", span, message).with_help(format!(
                    "{total} bytes need {} more, `nop` or `eol`",
                    4 - total % 4
                )),
            );
        }
    }

    fn tcp_option(&mut self, way: Direction) -> Parsed<TcpOptionSpec> {
        let token = self.peek();
        if token.kind != TokenKind::Keyword {
            return Err(self.unexpected("a TCP option"));
        }
        let is_option = matches!(
            token.text,
            "eol"
                | "nop"
                | "mss"
                | "wscale"
                | "sackOK"
                | "sack"
                | "TS"
                | "md5"
                | "FO"
                | "FOEXP"
                | "ECN"
                | "raw"
        );
        if !is_option {
            return Err(self.unexpected("a TCP option"));
        }
        self.next();
        match token.text {
            "eol" => Ok(TcpOptionSpec::Eol),
            "nop" => Ok(TcpOptionSpec::Nop),
            "mss" => Ok(TcpOptionSpec::Mss(self.field("mss value")?)),
            "wscale" => Ok(TcpOptionSpec::Wscale(self.field("window scale shift count")?)),
            "sackOK" => Ok(TcpOptionSpec::SackOk),
            "sack" => self.sack(),
            "TS" => self.timestamps(way),
            "md5" => self.md5(),
            "ECN" => self.accecn(),
            "raw" => self.raw_option(),
            name => self.fast_open(name == "FOEXP", way),
        }
    }

    fn sack(&mut self) -> Parsed<TcpOptionSpec> {
        if self.accept("*").is_some() {
            return Ok(TcpOptionSpec::SackAny);
        }
        let mut blocks = Vec::new();
        while self.at_kind(TokenKind::Int) || blocks.is_empty() {
            let left = self.ranged("TCP SACK left sequence number")?;
            self.expect(":")?;
            blocks.push((left, self.ranged("TCP SACK right sequence number")?));
        }
        Ok(TcpOptionSpec::Sack(blocks))
    }

    fn timestamps(&mut self, way: Direction) -> Parsed<TcpOptionSpec> {
        self.expect("val")?;
        let val = self.named_field(Part::TsVal, way, "TS val")?;
        self.expect("ecr")?;
        Ok(TcpOptionSpec::Ts { val, ecr: self.named_field(Part::TsEcr, way, "TS ecr")? })
    }

    fn md5(&mut self) -> Parsed<TcpOptionSpec> {
        if self.accept("*").is_some() {
            return Ok(TcpOptionSpec::Md5(None));
        }
        if self.peek().is_word("valid") {
            self.next();
            return Ok(TcpOptionSpec::Md5Valid);
        }
        match self.hex_bytes()? {
            Some((digest, span)) => {
                if digest.len() > DIGEST {
                    let message = format!("TCP MD5 digest is longer than {DIGEST} bytes");
                    self.error("parse::bad-hex", span, message);
                }
                Ok(TcpOptionSpec::Md5(Some(digest)))
            }
            None => Err(self.unexpected("a digest in hex")),
        }
    }

    fn fast_open(&mut self, exp: bool, way: Direction) -> Parsed<TcpOptionSpec> {
        if self.named_part(Part::Cookie, way)? || self.accept("*").is_some() {
            return Ok(TcpOptionSpec::Fastopen { exp, cookie: None });
        }
        let cookie = self.hex_bytes()?.map_or_else(Vec::new, |(cookie, _)| cookie);
        Ok(TcpOptionSpec::Fastopen { exp, cookie: Some(cookie) })
    }

    fn raw_option(&mut self) -> Parsed<TcpOptionSpec> {
        match self.hex_bytes()? {
            Some((bytes, _)) => Ok(TcpOptionSpec::Raw(bytes)),
            None => Err(self.unexpected("bytes in hex")),
        }
    }

    /// Hex digits without a prefix; digits only make an integer token, which keeps its zeros.
    fn hex_bytes(&mut self) -> Parsed<Option<(Vec<u8>, Span)>> {
        let token = self.peek();
        if !matches!(token.kind, TokenKind::Word | TokenKind::Int) || self.is_at_end() {
            return Ok(None);
        }
        self.next();
        if !token.text.len().is_multiple_of(2) {
            let message = format!("`{}` has an odd number of digits", token.text);
            self.error("parse::bad-hex", token.span, message);
            return Err(Stuck);
        }
        let pairs = (0..token.text.len()).step_by(2);
        let bytes = pairs
            .map(|at| {
                let pair = token.text.get(at..at + 2)?;
                pair.bytes().all(|b| b.is_ascii_hexdigit()).then_some(())?;
                u8::from_str_radix(pair, 16).ok()
            })
            .collect::<Option<Vec<u8>>>();
        let Some(bytes) = bytes else {
            let message = format!("`{}` is not a hex string", token.text);
            self.error("parse::bad-hex", token.span, message);
            return Err(Stuck);
        };
        Ok(Some((bytes, token.span)))
    }

    /// `ECN e0b N [ceb N [e1b N]]` or the same from the other end.
    fn accecn(&mut self) -> Parsed<TcpOptionSpec> {
        let first_e1b = self.at("e1b");
        let order = if first_e1b { ["e1b", "ceb", "e0b"] } else { ["e0b", "ceb", "e1b"] };
        let mut counters = Vec::new();
        for name in order {
            if !counters.is_empty() && !self.at(name) {
                break;
            }
            self.expect(name)?;
            let (value, span) = self.decimal("a counter")?;
            self.within(value, 0..=ACCECN_MAX, "TCP AccECN field value", span);
            counters.push(u32::try_from(value).unwrap_or_default());
        }
        Ok(TcpOptionSpec::AccEcn { first_e1b, counters })
    }
}

/// Something in it is left open.
fn is_open(option: &TcpOptionSpec) -> bool {
    match option {
        TcpOptionSpec::Mss(field) => *field == Field::Any,
        TcpOptionSpec::Wscale(field) => *field == Field::Any,
        TcpOptionSpec::Ts { val, ecr } => *val == Field::Any || *ecr == Field::Any,
        TcpOptionSpec::SackAny
        | TcpOptionSpec::Md5(None)
        | TcpOptionSpec::Fastopen { cookie: None, .. } => true,
        TcpOptionSpec::Eol
        | TcpOptionSpec::Nop
        | TcpOptionSpec::SackOk
        | TcpOptionSpec::Sack(_)
        | TcpOptionSpec::Md5(Some(_))
        | TcpOptionSpec::Md5Valid
        | TcpOptionSpec::Fastopen { cookie: Some(_), .. }
        | TcpOptionSpec::AccEcn { .. }
        | TcpOptionSpec::Raw(_) => false,
    }
}

/// Bytes on the wire; [`None`] where `*` leaves the length open.
fn size(option: &TcpOptionSpec) -> Option<usize> {
    Some(match option {
        TcpOptionSpec::Eol | TcpOptionSpec::Nop => 1,
        TcpOptionSpec::Mss(_) => 4,
        TcpOptionSpec::Wscale(_) => 3,
        TcpOptionSpec::SackOk => 2,
        TcpOptionSpec::Sack(blocks) => 2 + 8 * blocks.len(),
        TcpOptionSpec::Ts { .. } => 10,
        TcpOptionSpec::Md5(Some(digest)) => 2 + digest.len(),
        TcpOptionSpec::Md5(None) | TcpOptionSpec::Md5Valid => 2 + DIGEST,
        TcpOptionSpec::Fastopen { exp, cookie: Some(cookie) } => {
            if *exp {
                4 + cookie.len()
            } else {
                2 + cookie.len()
            }
        }
        TcpOptionSpec::AccEcn { counters, .. } => 2 + 3 * counters.len(),
        TcpOptionSpec::Raw(bytes) => bytes.len(),
        TcpOptionSpec::SackAny | TcpOptionSpec::Fastopen { cookie: None, .. } => return None,
    })
}
