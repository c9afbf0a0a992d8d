//! Packet lines: direction, encapsulation, IP part, transport.

use crate::packet::Malform;
use crate::script::ast::{
    Direction, Encap, EncapKind, GreSpec, IpInfo, PacketBody, PacketSpec, Ports, Tos,
};
use crate::script::source::{Span, Spanned};
use crate::script::token::TokenKind;

use super::cursor::{Parsed, Parser};

/// Headers of one packet, IP and transport included.
const HEADERS: usize = 6;

impl Parser<'_> {
    /// The caller saw `<` or `>`.
    pub(super) fn packet(&mut self) -> Parsed<PacketSpec> {
        let token = self.next();
        self.names.clear();
        let way = if token.text == "<" { Direction::Inbound } else { Direction::Outbound };
        let direction = Spanned::new(way, token.span);
        let encap = self.encapsulation()?;
        let ip = self.ip_info()?;
        let psp = self.psp()?;
        let body = if self.accept("udp").is_some() {
            self.no_ecn_in_udp(&ip);
            PacketBody::Udp(self.udp()?)
        } else if self.accept("icmp").is_some() {
            PacketBody::Icmp(self.icmp()?)
        } else {
            PacketBody::Tcp(self.tcp(way)?)
        };
        let outer_udp = self.outer_udp()?;
        let malform = self.malformations(way)?;
        let packet = PacketSpec {
            direction,
            encap,
            ip,
            psp,
            body,
            outer_udp,
            malform,
            names: std::mem::take(&mut self.names),
            span: self.span_from(token.span),
        };
        self.inbound_is_complete(&packet);
        self.header_count(&packet);
        Ok(packet)
    }

    fn header_count(&mut self, packet: &PacketSpec) {
        let psp = if packet.psp.is_some() { 2 } else { 0 };
        let outer = usize::from(packet.outer_udp.is_some());
        if packet.encap.len() + psp + outer + 2 > HEADERS {
            let message = format!("more than {HEADERS} headers");
            self.error("parse::too-many-headers", packet.span, message);
        }
    }

    // ---- outer headers -----------------------------------------------------------------------

    fn encapsulation(&mut self) -> Parsed<Vec<Encap>> {
        let mut headers = Vec::new();
        loop {
            let start = self.peek().span;
            let token = self.peek();
            let kind = match (token.kind, token.text) {
                (TokenKind::Keyword, "ipv4" | "ipv6") => self.outer_ip()?,
                (TokenKind::Keyword, "gre" | "GREv0") => self.gre()?,
                (TokenKind::Keyword, "mpls") => {
                    self.next();
                    EncapKind::Mpls(self.mpls_stack()?)
                }
                _ => return Ok(headers),
            };
            self.expect(":")?;
            headers.push(Encap { kind, span: self.span_from(start) });
        }
    }

    /// `gre` alone is a header with all fields 0.
    fn gre(&mut self) -> Parsed<EncapKind> {
        self.next();
        if self.at(":") {
            return Ok(EncapKind::Gre(GreSpec::default()));
        }
        self.accept(",");
        Ok(EncapKind::Gre(self.gre_header()?))
    }

    fn outer_ip(&mut self) -> Parsed<EncapKind> {
        self.next();
        let start = self.peek().span;
        let info = self.ip_info()?;
        let src = self.address()?;
        self.expect(">")?;
        let dst = self.address()?;
        if src.is_ipv4() != dst.is_ipv4() {
            let span = self.span_from(start);
            self.error("parse::bad-address", span, "addresses are of different IP versions");
        }
        Ok(EncapKind::Ip { info, src, dst })
    }

    /// `[ect0]`, `(ttl 3)`, `[tos 0x10,flowlabel 0x1]`.
    fn ip_info(&mut self) -> Parsed<IpInfo> {
        let mut info = IpInfo::default();
        let close = match (self.accept("["), self.accept("(")) {
            (Some(_), _) => "]",
            (None, Some(_)) => ")",
            (None, None) => return Ok(info),
        };
        loop {
            let token = self.peek();
            let twice = match token.text {
                "flowlabel" => {
                    self.next();
                    let (label, span) = self.hexadecimal("a flow label in hex")?;
                    self.within(label, 0..=0xf_ffff, "flow label", span);
                    let label = u32::try_from(label).unwrap_or_default();
                    info.flow_label.replace(Spanned::new(label, token.span.to(span))).is_some()
                }
                "ttl" | "hlim" => {
                    self.next();
                    let ttl = self.ranged("ttl")?;
                    info.ttl.replace(Spanned::new(ttl, self.span_from(token.span))).is_some()
                }
                _ => info.tos.replace(self.tos()?).is_some(),
            };
            if twice {
                let message = format!("`{}` says again what was said before it", token.text);
                self.error("parse::duplicate", token.span, message);
            }
            if self.accept(close).is_some() {
                return Ok(info);
            }
            if self.accept(",").is_none() {
                return Err(self.unexpected(&format!("`,` or `{close}`")));
            }
        }
    }

    fn tos(&mut self) -> Parsed<Spanned<Tos>> {
        let token = self.peek();
        let tos = match token.text {
            "noecn" => Tos::Ecn(0),
            "ect1" => Tos::Ecn(1),
            "ect0" => Tos::Ecn(2),
            "ce" => Tos::Ecn(3),
            "ect01" => Tos::Ect01,
            "tos" | "class" => {
                self.next();
                let (value, span) = self.hexadecimal("a byte in hex")?;
                let byte = self.narrow(value, "tos", span);
                return Ok(Spanned::new(Tos::Byte(byte), token.span.to(span)));
            }
            _ => return Err(self.unexpected("an ECN name, `tos`, `flowlabel` or `ttl`")),
        };
        self.next();
        Ok(Spanned::new(tos, token.span))
    }

    /// `encap psp spi N`
    fn psp(&mut self) -> Parsed<Option<Spanned<u32>>> {
        let Some(start) = self.accept("encap") else { return Ok(None) };
        self.expect("psp")?;
        self.expect("spi")?;
        let (spi, span) = self.integer("the security parameter index")?;
        let spi = self.narrow(spi, "spi", span);
        Ok(Some(Spanned::new(spi, start.span.to(span))))
    }

    /// FreeBSD: `/udp(SRC > DST)`
    pub(super) fn outer_udp(&mut self) -> Parsed<Option<Spanned<Ports>>> {
        if !self.at("/") || self.peek_at(1).is_word("but") {
            return Ok(None);
        }
        self.next();
        self.expect("udp")?;
        self.expect("(")?;
        let ports = self.ports()?;
        if ports.is_none() {
            return Err(self.unexpected("two ports"));
        }
        self.expect(")")?;
        Ok(ports)
    }

    /// `SRC > DST`
    pub(super) fn ports(&mut self) -> Parsed<Option<Spanned<Ports>>> {
        if !self.at_kind(TokenKind::Int) || !self.peek_at(1).is(">") {
            return Ok(None);
        }
        let start = self.peek().span;
        let src = self.ranged("source port")?;
        self.expect(">")?;
        let dst = self.ranged("destination port")?;
        Ok(Some(Spanned::new(Ports { src, dst }, self.span_from(start))))
    }

    // ---- what an injected packet may not leave open ----------------------------------------------

    fn inbound_is_complete(&mut self, packet: &PacketSpec) {
        let inbound = packet.direction.node == Direction::Inbound;
        if let PacketBody::Tcp(tcp) = &packet.body {
            self.segment_size(packet, tcp);
            if inbound {
                self.inbound_tcp(packet, tcp);
            }
        }
        if let Some(tos) = &packet.ip.tos
            && inbound
            && tos.node == Tos::Ect01
        {
            self.outbound_only(tos.span, "ect01");
        }
    }

    /// Extension: `/but(data_offset 4, cut 2)`.
    fn malformations(&mut self, way: Direction) -> Parsed<Vec<Spanned<Malform>>> {
        let Some(start) = self.accept("/") else { return Ok(Vec::new()) };
        if !self.peek().is_word("but") {
            return Err(self.unexpected("`udp` or `but`"));
        }
        self.next();
        self.expect("(")?;
        let mut list = vec![self.malformation()?];
        while self.accept(",").is_some() {
            list.push(self.malformation()?);
        }
        self.expect(")")?;
        if way == Direction::Outbound {
            self.inbound_only(self.span_from(start.span), "/but(..)");
        }
        Ok(list)
    }

    fn malformation(&mut self) -> Parsed<Spanned<Malform>> {
        let name = self.peek();
        if Malform::named(name.text, 0).is_none() {
            let names: Vec<&str> = Malform::names().collect();
            return Err(self.unexpected(&format!("one of {}", names.join(", "))));
        }
        self.next();
        let (number, span) = self.integer("a number")?;
        let made = Malform::named(name.text, number).flatten().unwrap_or_else(|| {
            let message = format!("{} out of range: {number}", name.text);
            self.error("parse::out-of-range", span, message);
            Malform::Cut(0)
        });
        Ok(Spanned::new(made, name.span.to(span)))
    }

    /// Reports something that only a packet of ours can be.
    pub(super) fn inbound_only(&mut self, span: Span, what: &str) {
        let message = format!("{what} can only be used with inbound packets");
        self.error("parse::inbound-only", span, message);
    }

    /// Reports something that makes sense only where a packet is compared.
    pub(super) fn outbound_only(&mut self, span: Span, what: &str) {
        let message = format!("{what} can only be used with outbound packets");
        self.error("parse::outbound-only", span, message);
    }
}
