//! Is this the packet the script expects? Field by field, every field reported.
//!
//! Not compared, because packets are found by them: addresses and ports. Not compared either, as in
//! packetdrill: IP identification, DF, and what an ICMP error quotes.

mod layers;
mod options;
mod tcp;

use crate::config::Config;
use crate::packet::icmp::{IpFamily, resolve};
use crate::packet::{Icmp, Ip, Packet, Transport};
use crate::script::ast::{Echoed, IcmpSpec, IpInfo, PacketBody, PacketSpec, Tos};
use crate::script::source::{Span, Spanned};

use super::outcome::FieldCheck;

/// The comparison of one packet: every field, and where the first difference is written.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    /// All fields in the order of comparison.
    pub(crate) fields: Vec<FieldCheck>,
    /// Where the first field that differs is written in the script.
    pub(crate) first_bad: Option<Span>,
}

impl Comparison {
    fn check(&mut self, name: &str, span: Span, expected: String, actual: String, ok: bool) {
        if !ok && self.first_bad.is_none() {
            self.first_bad = Some(span);
        }
        self.fields.push(FieldCheck { name: name.into(), expected, actual, ok });
    }

    fn number<T: PartialEq + ToString>(&mut self, name: &str, span: Span, want: T, got: T) {
        let ok = want == got;
        self.check(name, span, want.to_string(), got.to_string(), ok);
    }

    /// The first field that differs: `flags: expected R, got R.`
    pub(crate) fn message(&self) -> Option<String> {
        let bad = self.fields.iter().find(|f| !f.ok)?;
        Some(format!("{}: expected {}, got {}", bad.name, bad.expected, bad.actual))
    }
}

/// What the comparison needs beside the two packets.
pub(crate) struct Context<'a> {
    /// Timestamp tick and tolerance.
    pub(crate) config: &'a Config,
    /// When the packet is due, in microseconds: timestamps may be off by a share of that.
    pub(crate) due_us: i64,
    /// The last flow label that was named: the script's name and what stands for the label.
    pub(crate) flow_label: Option<(u32, u32)>,
    /// The digest that the segment must carry where `md5 valid` is written.
    pub(crate) md5: Option<[u8; 16]>,
    /// The MD5 digest as it was on the wire, where it is known: in script numbers there is none.
    pub(crate) digest: Option<&'a [u8]>,
}

/// Compares `actual` (in script numbers) with `spec`.
pub(crate) fn compare(spec: &PacketSpec, actual: &Packet, cx: &Context<'_>) -> Comparison {
    let mut c = Comparison::default();
    layers::compare(&mut c, spec, actual, cx);
    compare_ip(&mut c, &spec.ip, &actual.ip, cx);
    match (&spec.body, &actual.transport) {
        (PacketBody::Tcp(want), Transport::Tcp(got)) => tcp::compare(&mut c, spec, want, got, cx),
        (PacketBody::Udp(want), Transport::Udp(got)) => {
            c.number("udp payload", spec.span, usize::from(want.len), got.payload.len());
            compare_payload(&mut c, spec.span, &got.payload);
        }
        (PacketBody::Icmp(want), Transport::Icmp(got)) => {
            compare_icmp(&mut c, want, got, IpFamily::of(actual.ip.src));
        }
        (PacketBody::Tcp(_) | PacketBody::Udp(_) | PacketBody::Icmp(_), got) => {
            let got = match got {
                Transport::Tcp(_) => "tcp",
                Transport::Udp(_) => "udp",
                Transport::Icmp(_) => "icmp",
            };
            let want = match &spec.body {
                PacketBody::Tcp(_) => "tcp",
                PacketBody::Udp(_) => "udp",
                PacketBody::Icmp(_) => "icmp",
            };
            c.check("protocol", spec.span, want.into(), got.into(), false);
        }
    }
    c
}

fn compare_icmp(c: &mut Comparison, want: &IcmpSpec, got: &Icmp, family: IpFamily) {
    if let Some(Spanned { node: Echoed::Raw(len), span }) = want.echoed {
        c.number("icmp length", span, usize::from(len), 8 + got.body.len());
    }
    let code = want.code.as_ref().map(|w| w.node.as_str());
    let got_text = format!("type {} code {}", got.ty, got.code);
    match resolve(family, &want.ty.node, code) {
        Ok((ty, code)) => {
            let ok = (ty, code) == (got.ty, got.code);
            c.check("icmp", want.ty.span, format!("type {ty} code {code}"), got_text, ok);
        }
        Err(why) => c.check("icmp", want.ty.span, why, got_text, false),
    }
}

fn compare_ip(c: &mut Comparison, want: &IpInfo, got: &Ip, cx: &Context<'_>) {
    if let Some(tos) = want.tos {
        let ecn = got.tos & 3;
        match tos.node {
            Tos::Ecn(want) => {
                c.check("ecn", tos.span, ecn_name(want).into(), ecn_name(ecn).into(), want == ecn);
            }
            Tos::Ect01 => {
                let ok = ecn == 1 || ecn == 2;
                c.check("ecn", tos.span, "ect0 or ect1".into(), ecn_name(ecn).into(), ok);
            }
            Tos::Byte(want) => {
                let hex = |b: u8| format!("{b:#04x}");
                c.check("tos", tos.span, hex(want), hex(got.tos), want == got.tos);
            }
        }
    }
    // 255 and 0 mean "not written".
    if let Some(ttl) = want.ttl.filter(|t| !matches!(t.node, 0 | 255)) {
        c.number("ttl", ttl.span, ttl.node, got.ttl);
    }
    if let Some(label) = want.flow_label.filter(|label| label.node != 0) {
        let (want, ok) = match cx.flow_label {
            Some((name, live)) if name == label.node => {
                (format!("{live:#x}"), got.flow_label == live)
            }
            Some((_, live)) => (format!("another than {live:#x}"), got.flow_label != live),
            None => ("any but 0".into(), true),
        };
        let ok = ok && got.flow_label != 0;
        c.check("flowlabel", label.span, want, format!("{:#x}", got.flow_label), ok);
    }
}

fn ecn_name(bits: u8) -> &'static str {
    match bits & 3 {
        0 => "noecn",
        1 => "ect1",
        2 => "ect0",
        _ => "ce",
    }
}

fn compare_payload(c: &mut Comparison, span: Span, payload: &[u8]) {
    if let Some(at) = payload.iter().position(|&b| b != 0) {
        let byte = payload.get(at).copied().unwrap_or_default();
        let got = format!("{byte:#04x} at offset {at}");
        c.check("payload", span, "zero bytes".into(), got, false);
    }
}

#[cfg(test)]
mod tests;
