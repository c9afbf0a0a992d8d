//! UDP datagrams and ICMP messages.

use crate::script::ast::{Echoed, IcmpSpec, IpInfo, Tos, UdpSpec};
use crate::script::source::Spanned;
use crate::script::token::TokenKind;

use super::cursor::{Parsed, Parser};

/// Header bytes of an ICMP message, the least that `[raw (LEN)]` can hold.
const ICMP_HEADER: u16 = 8;

impl Parser<'_> {
    pub(super) fn udp(&mut self) -> Parsed<UdpSpec> {
        let ports = self.ports()?;
        self.expect("(")?;
        let len = self.ranged("UDP payload size")?;
        self.expect(")")?;
        Ok(UdpSpec { ports, len })
    }

    pub(super) fn no_ecn_in_udp(&mut self, ip: &IpInfo) {
        if let Some(tos) = &ip.tos
            && matches!(tos.node, Tos::Ecn(_) | Tos::Ect01)
        {
            let message = "ECN can only be used with TCP packets";
            self.error("parse::ecn-not-tcp", tos.span, message);
        }
    }

    pub(super) fn icmp(&mut self) -> Parsed<IcmpSpec> {
        let ty = self.expect_kind(TokenKind::Word, "an ICMP type")?;
        let code = self.accept_kind(TokenKind::Word);
        let mtu = self.icmp_number("mtu", "mtu")?;
        let id = self.icmp_number("id", "echo id")?;
        let (mut echoed, mut echoed_udp) = (None, None);
        if let Some(open) = self.accept("[") {
            let what = self.echoed()?;
            echoed_udp = self.outer_udp()?;
            self.expect("]")?;
            echoed = Some(Spanned::new(what, self.span_from(open.span)));
        }
        Ok(IcmpSpec {
            ty: Spanned::new(ty.text.to_owned(), ty.span),
            code: code.map(|token| Spanned::new(token.text.to_owned(), token.span)),
            mtu,
            id,
            echoed,
            echoed_udp,
        })
    }

    fn icmp_number<T: TryFrom<i64> + Default>(
        &mut self,
        name: &str,
        what: &str,
    ) -> Parsed<Option<Spanned<T>>> {
        let Some(start) = self.accept(name) else { return Ok(None) };
        let value = self.ranged(what)?;
        Ok(Some(Spanned::new(value, self.span_from(start.span))))
    }

    fn echoed(&mut self) -> Parsed<Echoed> {
        let start = self.peek().span;
        if self.accept("udp").is_some() {
            return Ok(Echoed::Udp(self.parenthesised("UDP payload size")?));
        }
        if self.accept("raw").is_some() {
            let len = self.parenthesised("ICMP size")?;
            if len < ICMP_HEADER {
                let span = self.span_from(start);
                let message = format!("{len} bytes are less than the ICMP header of {ICMP_HEADER}");
                self.error("parse::out-of-range", span, message);
            }
            return Ok(Echoed::Raw(len));
        }
        let seq = self.seq(false)?;
        let (start, len) = (seq.start.value(), seq.len.value());
        Ok(Echoed::Tcp { seq: start.unwrap_or_default(), len: len.unwrap_or_default() })
    }

    pub(super) fn parenthesised(&mut self, what: &str) -> Parsed<u16> {
        self.expect("(")?;
        let value = self.ranged(what)?;
        self.expect(")")?;
        Ok(value)
    }
}
