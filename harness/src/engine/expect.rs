//! Is this the packet the script expects? Field by field, every field reported.

use crate::config::Config;
use crate::packet::text::{flags_text, flags_text_ace, option_text};
use crate::packet::{Ip, Packet, Tcp, TcpOption, Transport, flag};
use crate::script::ast::{
    Field, Flags, OptionsSpec, PacketBody, PacketSpec, SeqSpec, TcpOptionSpec, TcpSpec, Tos,
};
use crate::script::source::Span;

use super::outcome::FieldCheck;
use super::packets;

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
    /// Script time of the packet, in microseconds, for the tolerance of timestamps.
    pub(crate) at_us: i64,
    /// Live flow label that the script's label stands for, once it is bound.
    pub(crate) flow_label: Option<u32>,
}

/// Compares `actual` (in script numbers) with `spec`.
pub(crate) fn compare(spec: &PacketSpec, actual: &Packet, cx: &Context<'_>) -> Comparison {
    let mut c = Comparison::default();
    compare_layers(&mut c, spec, actual);
    compare_ip(&mut c, spec, &actual.ip, cx);
    match (&spec.body, &actual.transport) {
        (PacketBody::Tcp(want), Transport::Tcp(got)) => compare_tcp(&mut c, spec, want, got, cx),
        (PacketBody::Udp(want), Transport::Udp(got)) => {
            c.number("udp payload", spec.span, usize::from(want.len), got.payload.len());
            compare_payload(&mut c, spec.span, &got.payload);
        }
        (PacketBody::Icmp(want), Transport::Icmp(got)) => {
            let family = crate::packet::icmp::IpFamily::of(actual.ip.src);
            let code = want.code.as_ref().map(|w| w.node.as_str());
            let got_text = format!("type {} code {}", got.ty, got.code);
            match crate::packet::icmp::resolve(family, &want.ty.node, code) {
                Ok((ty, code)) => {
                    let want_text = format!("type {ty} code {code}");
                    let ok = want_text == got_text;
                    c.check("icmp", want.ty.span, want_text, got_text, ok);
                }
                Err(why) => c.check("icmp", want.ty.span, why, got_text, false),
            }
        }
        (PacketBody::Tcp(_) | PacketBody::Udp(_) | PacketBody::Icmp(_), got) => {
            let name = |t: &Transport| match t {
                Transport::Tcp(_) => "tcp",
                Transport::Udp(_) => "udp",
                Transport::Icmp(_) => "icmp",
            };
            let want = match &spec.body {
                PacketBody::Tcp(_) => "tcp",
                PacketBody::Udp(_) => "udp",
                PacketBody::Icmp(_) => "icmp",
            };
            c.check("protocol", spec.span, want.into(), name(got).into(), false);
        }
    }
    c
}

fn compare_layers(c: &mut Comparison, spec: &PacketSpec, actual: &Packet) {
    let want = spec.encap.len() + usize::from(spec.outer_udp.is_some());
    if want > 0 || !actual.outer.is_empty() {
        c.number("encapsulation headers", spec.span, want, actual.outer.len());
    }
}

fn compare_ip(c: &mut Comparison, spec: &PacketSpec, got: &Ip, cx: &Context<'_>) {
    if let Some(tos) = spec.ip.tos {
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
    if let Some(ttl) = spec.ip.ttl.filter(|t| t.node != 255) {
        c.number("ttl", ttl.span, ttl.node, got.ttl);
    }
    if let Some(label) = spec.ip.flow_label {
        let want = cx.flow_label.map_or_else(|| "any but 0".into(), |l| format!("{l:#x}"));
        let ok = got.flow_label != 0 && cx.flow_label.is_none_or(|l| l == got.flow_label);
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

fn compare_tcp(c: &mut Comparison, line: &PacketSpec, want: &TcpSpec, got: &Tcp, cx: &Context<'_>) {
    compare_flags(c, want.flags.span, want.flags.node, got);
    compare_seq(c, &want.seq, got);
    // Where a part is not written the caret points at the sequence number it would follow.
    let after = want.seq.span;
    let ack = want.ack.map_or((Field::Value(0), after), |a| (a.node, a.span));
    if let Some(number) = ack.0.value() {
        c.number("ack", ack.1, number, got.ack);
    }
    if let Some(win) = want.win
        && let Some(number) = win.node.value()
    {
        c.number("win", win.span, number, got.window);
    }
    let urg = want.urg.map_or((Field::Value(0), after), |u| (u.node, u.span));
    if let Some(number) = urg.0.value()
        && (number != 0 || got.urgent != 0)
    {
        c.number("urg", urg.1, number, got.urgent);
    }
    compare_options(c, line, want, got, cx);
    compare_payload(c, after, &got.payload);
}

fn compare_flags(c: &mut Comparison, span: Span, want: Field<Flags>, got: &Tcp) {
    let Some(want) = want.value() else { return };
    let ok = want.bits == got.flags & !flag::RESERVED;
    let text = if want.ace.is_some() { flags_text_ace } else { flags_text };
    c.check("flags", span, text(want.bits), text(got.flags), ok);
    if got.flags & flag::RESERVED != 0 {
        let bits = format!("{:#05x}", got.flags & flag::RESERVED);
        c.check("reserved bits", span, "0".into(), bits, false);
    }
}

fn compare_seq(c: &mut Comparison, want: &SeqSpec, got: &Tcp) {
    let len = got.payload.len();
    let len32 = u32::try_from(len).unwrap_or(u32::MAX);
    let got_text = format!("{}:{}({len})", got.seq, got.seq.wrapping_add(len32));
    let start_ok = want.start.value().is_none_or(|start| start == got.seq);
    let len_ok = want.len.value().is_none_or(|l| usize::from(l) == len);
    let want_text = match (want.start, want.len) {
        (Field::Value(start), Field::Value(len)) => {
            format!("{start}:{}({len})", start.wrapping_add(u32::from(len)))
        }
        (Field::Any, Field::Value(len)) => format!("*({len})"),
        (Field::Value(start), Field::Any) => format!("{start}:*"),
        (Field::Any, Field::Any) => "*".into(),
    };
    c.check("seq", want.span, want_text, got_text, start_ok && len_ok);
}

fn compare_payload(c: &mut Comparison, span: Span, payload: &[u8]) {
    if let Some(at) = payload.iter().position(|&b| b != 0) {
        let byte = payload.get(at).copied().unwrap_or_default();
        let got = format!("{byte:#04x} at offset {at}");
        c.check("payload", span, "zero bytes".into(), got, false);
    }
}

fn compare_options(
    c: &mut Comparison,
    line: &PacketSpec,
    want: &TcpSpec,
    got: &Tcp,
    cx: &Context<'_>,
) {
    let (list, span) = match &want.options {
        OptionsSpec::Any(_) => return,
        OptionsSpec::None => (&[][..], Span::new(line.span.end.saturating_sub(1), line.span.end)),
        OptionsSpec::List(list, span) => (list.as_slice(), *span),
    };
    let kinds_match = list.len() == got.options.len()
        && list.iter().zip(&got.options).all(|(w, g)| same_kind(&w.node, g));
    if !kinds_match {
        let want_text = list_text(&packets::options_from_spec(&want.options));
        c.check("options", span, want_text, list_text(&got.options), false);
        return;
    }
    for (want, got) in list.iter().zip(&got.options) {
        compare_option(c, want.span, &want.node, got, cx);
    }
}

fn list_text(options: &[TcpOption]) -> String {
    if options.is_empty() {
        return "none".into();
    }
    let texts: Vec<String> = options.iter().map(option_text).collect();
    format!("<{}>", texts.join(","))
}

fn same_kind(want: &TcpOptionSpec, got: &TcpOption) -> bool {
    match want {
        TcpOptionSpec::Eol => matches!(got, TcpOption::Eol),
        TcpOptionSpec::Nop => matches!(got, TcpOption::Nop),
        TcpOptionSpec::Mss(_) => matches!(got, TcpOption::Mss(_)),
        TcpOptionSpec::Wscale(_) => matches!(got, TcpOption::Wscale(_)),
        TcpOptionSpec::SackOk => matches!(got, TcpOption::SackOk),
        TcpOptionSpec::Sack(_) | TcpOptionSpec::SackAny => matches!(got, TcpOption::Sack(_)),
        TcpOptionSpec::Ts { .. } => matches!(got, TcpOption::Ts { .. }),
        TcpOptionSpec::Md5(_) | TcpOptionSpec::Md5Valid => matches!(got, TcpOption::Md5(_)),
        TcpOptionSpec::Fastopen { exp, .. } => {
            matches!(got, TcpOption::Fastopen { exp: e, .. } if e == exp)
        }
        TcpOptionSpec::AccEcn { first_e1b, .. } => {
            matches!(got, TcpOption::AccEcn { first_e1b: f, .. } if f == first_e1b)
        }
    }
}

/// Both are of the same kind here.
fn compare_option(
    c: &mut Comparison,
    span: Span,
    want: &TcpOptionSpec,
    got: &TcpOption,
    cx: &Context<'_>,
) {
    match (want, got) {
        (TcpOptionSpec::Mss(Field::Value(w)), TcpOption::Mss(g)) => c.number("mss", span, *w, *g),
        (TcpOptionSpec::Wscale(Field::Value(w)), TcpOption::Wscale(g)) => {
            c.number("wscale", span, *w, *g);
        }
        (TcpOptionSpec::Ts { val, .. }, TcpOption::Ts { val: got, .. }) => {
            compare_ts_val(c, span, *val, *got, cx);
        }
        (TcpOptionSpec::Sack(w), TcpOption::Sack(g)) => {
            let text = |blocks: &[(u32, u32)]| option_text(&TcpOption::Sack(blocks.to_vec()));
            c.check("sack", span, text(w), text(g), w == g);
        }
        (TcpOptionSpec::Md5(Some(w)), TcpOption::Md5(g)) => {
            c.check("md5", span, hex(w), hex(g), w == g);
        }
        (
            TcpOptionSpec::Fastopen { cookie: Some(w), .. },
            TcpOption::Fastopen { cookie: g, .. },
        ) => c.check("fast open cookie", span, hex(w), hex(g), w == g),
        (TcpOptionSpec::AccEcn { counters: w, .. }, TcpOption::AccEcn { counters: g, .. }) => {
            c.check("AccECN counters", span, format!("{w:?}"), format!("{g:?}"), w == g);
        }
        (
            TcpOptionSpec::Eol
            | TcpOptionSpec::Nop
            | TcpOptionSpec::Mss(_)
            | TcpOptionSpec::Wscale(_)
            | TcpOptionSpec::SackOk
            | TcpOptionSpec::Sack(_)
            | TcpOptionSpec::SackAny
            | TcpOptionSpec::Ts { .. }
            | TcpOptionSpec::Md5(_)
            | TcpOptionSpec::Md5Valid
            | TcpOptionSpec::Fastopen { .. }
            | TcpOptionSpec::AccEcn { .. },
            _,
        ) => {}
    }
}

/// TS val is compared only where the script says how long a tick is; TS ecr never, as packetdrill.
fn compare_ts_val(c: &mut Comparison, span: Span, want: Field<u32>, got: u32, cx: &Context<'_>) {
    let (Some(want), tick) = (want.value(), i64::from(cx.config.tcp_ts_tick_usecs)) else { return };
    if tick == 0 {
        return;
    }
    let off_us = i64::from(want.wrapping_sub(got).cast_signed()).abs() * tick;
    let tolerance = &cx.config.tolerance;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "script times are far below 2^53 microseconds"
    )]
    let relative = (tolerance.percent / 100.0 * cx.at_us as f64) as i64;
    let ok = off_us <= tolerance.usecs.max(relative);
    c.check("TS val", span, want.to_string(), got.to_string(), ok);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
