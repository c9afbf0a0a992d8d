//! Packet lines: direction, encapsulation, IP part, transport.

use crate::script::ast::{
    Direction, Echoed, Encap, EncapKind, Field, Flags, GreSpec, IcmpSpec, IpInfo, OptionsSpec,
    PacketBody, PacketSpec, Ports, SeqSpec, TcpSpec, Tos, UdpSpec,
};
use crate::script::diagnostic::Diagnostic;
use crate::script::source::{Span, Spanned};
use crate::script::token::TokenKind;

use super::cursor::{Parsed, Parser};

/// Headers of one packet, IP and transport included.
const HEADERS: usize = 6;

/// Header bytes of an ICMP message, the least that `[raw (LEN)]` can hold.
const ICMP_HEADER: u16 = 8;

/// Largest TCP segment with its headers.
const DATAGRAM: usize = 65_536;

impl Parser<'_> {
    /// The caller saw `<` or `>`.
    pub(super) fn packet(&mut self) -> Parsed<PacketSpec> {
        let token = self.next();
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
        let packet = PacketSpec {
            direction,
            encap,
            ip,
            psp,
            body,
            outer_udp,
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
            let kind = if self.accept("ipv4").is_some() || self.accept("ipv6").is_some() {
                self.outer_ip()?
            } else if self.accept("gre").is_some() || self.accept("GREv0").is_some() {
                let bare = self.at(":");
                self.accept(",");
                EncapKind::Gre(if bare { GreSpec::default() } else { self.gre_header()? })
            } else if self.accept("mpls").is_some() {
                EncapKind::Mpls(self.mpls_stack()?)
            } else {
                return Ok(headers);
            };
            self.expect(":")?;
            headers.push(Encap { kind, span: self.span_from(start) });
        }
    }

    fn outer_ip(&mut self) -> Parsed<EncapKind> {
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
    fn outer_udp(&mut self) -> Parsed<Option<Spanned<Ports>>> {
        if self.accept("/").is_none() {
            return Ok(None);
        }
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

    // ---- TCP -----------------------------------------------------------------------------------

    fn tcp(&mut self, way: Direction) -> Parsed<TcpSpec> {
        let ports = self.ports()?;
        let flags = self.flags()?;
        let seq = self.seq(true)?;
        let ack = self.keyed("ack", "TCP ack sequence number")?;
        let win = self.keyed("win", "TCP window value")?;
        let urg = self.keyed("urg", "urgent pointer")?;
        let options = self.tcp_options(way)?;
        Ok(TcpSpec { ports, flags, seq, ack, win, urg, options })
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
    fn seq(&mut self, open: bool) -> Parsed<SeqSpec> {
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
        if u64::from(start) + u64::from(len) != u64::from(end) {
            let message = format!(
                "sequence numbers and payload size disagree: {start} + {len} is {}",
                u64::from(start) + u64::from(len)
            );
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

    // ---- UDP and ICMP --------------------------------------------------------------------------

    fn udp(&mut self) -> Parsed<UdpSpec> {
        let ports = self.ports()?;
        self.expect("(")?;
        let len = self.ranged("UDP payload size")?;
        self.expect(")")?;
        Ok(UdpSpec { ports, len })
    }

    fn no_ecn_in_udp(&mut self, ip: &IpInfo) {
        if let Some(tos) = &ip.tos
            && matches!(tos.node, Tos::Ecn(_) | Tos::Ect01)
        {
            let message = "ECN can only be used with TCP packets";
            self.error("parse::ecn-not-tcp", tos.span, message);
        }
    }

    fn icmp(&mut self) -> Parsed<IcmpSpec> {
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

    fn parenthesised(&mut self, what: &str) -> Parsed<u16> {
        self.expect("(")?;
        let value = self.ranged(what)?;
        self.expect(")")?;
        Ok(value)
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

    fn segment_size(&mut self, packet: &PacketSpec, tcp: &TcpSpec) {
        // An IPv4 and a TCP header; whoever builds the packet checks the rest.
        if usize::from(tcp.seq.len.value().unwrap_or_default()) + 40 > DATAGRAM {
            self.error("parse::too-large", packet.span, "TCP segment is larger than a datagram");
        }
    }

    fn inbound_tcp(&mut self, packet: &PacketSpec, tcp: &TcpSpec) {
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

    /// Reports something that makes sense only where a packet is compared.
    pub(super) fn outbound_only(&mut self, span: Span, what: &str) {
        let message = format!("{what} can only be used with outbound packets");
        self.error("parse::outbound-only", span, message);
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
