//! Two outbound packets, field by field.

use super::rules::{RuleName, Rules};
use super::timing::Apart;
use super::verdict::FieldDiff;
use crate::packet::model::Outer;
use crate::packet::{Ip, Packet, Tcp, TcpOption, Transport, flags_text, option_text};

/// Every field of both, with the rule that allows a difference where one does.
pub(super) fn fields(left: &Packet, right: &Packet, rules: &Rules, apart: Apart) -> Vec<FieldDiff> {
    let mut fields = Vec::new();
    outer(&mut fields, &left.outer, &right.outer);
    ip(&mut fields, &left.ip, &right.ip, rules);
    match (&left.transport, &right.transport) {
        (Transport::Tcp(left), Transport::Tcp(right)) => {
            tcp(&mut fields, left, right);
            let cx = Context { rules, apart };
            options(&mut fields, (left, right), &cx);
            window(&mut fields, rules);
        }
        (Transport::Udp(left), Transport::Udp(right)) => {
            fields.push(FieldDiff::new("sport", left.src_port, right.src_port));
            fields.push(FieldDiff::new("dport", left.dst_port, right.dst_port));
            payload(&mut fields, &left.payload, &right.payload);
        }
        (Transport::Icmp(left), Transport::Icmp(right)) => {
            fields.push(FieldDiff::new("type", left.ty, right.ty));
            fields.push(FieldDiff::new("code", left.code, right.code));
            fields.push(FieldDiff::new("rest", left.rest, right.rest));
            payload(&mut fields, &left.body, &right.body);
        }
        (left, right) => {
            fields.push(FieldDiff::new("protocol", protocol(left), protocol(right)));
        }
    }
    fields
}

struct Context<'a> {
    rules: &'a Rules,
    apart: Apart,
}

fn protocol(transport: &Transport) -> &'static str {
    match transport {
        Transport::Tcp(_) => "tcp",
        Transport::Udp(_) => "udp",
        Transport::Icmp(_) => "icmp",
    }
}

fn outer(fields: &mut Vec<FieldDiff>, left: &[Outer], right: &[Outer]) {
    if left != right {
        fields.push(FieldDiff::new("outer", format!("{left:?}"), format!("{right:?}")));
    }
}

fn ip(fields: &mut Vec<FieldDiff>, left: &Ip, right: &Ip, rules: &Rules) {
    fields.push(FieldDiff::new("src", left.src, right.src));
    fields.push(FieldDiff::new("dst", left.dst, right.dst));
    fields.push(FieldDiff::new("tos", left.tos, right.tos));
    fields.push(FieldDiff::new("ttl", left.ttl, right.ttl));
    if left.src.is_ipv6() {
        let mut field = FieldDiff::new("flowlabel", left.flow_label, right.flow_label);
        if !field.same && rules.has(RuleName::FlowLabel) {
            field.allowed = Some(RuleName::FlowLabel);
        }
        fields.push(field);
    } else {
        fields.push(FieldDiff::new("df", left.dont_fragment, right.dont_fragment));
        fields.push(FieldDiff::new("id", left.id, right.id));
    }
}

fn tcp(fields: &mut Vec<FieldDiff>, left: &Tcp, right: &Tcp) {
    fields.push(FieldDiff::new("flags", flags_text(left.flags), flags_text(right.flags)));
    fields.push(FieldDiff::new("seq", left.seq, right.seq));
    fields.push(FieldDiff::new("len", left.payload.len(), right.payload.len()));
    fields.push(FieldDiff::new("ack", left.ack, right.ack));
    fields.push(FieldDiff::new("win", left.window, right.window));
    fields.push(FieldDiff::new("urg", left.urgent, right.urgent));
    payload(fields, &left.payload, &right.payload);
}

/// Bytes of the same length; another length is a difference of its own.
fn payload(fields: &mut Vec<FieldDiff>, left: &[u8], right: &[u8]) {
    if left.len() != right.len() {
        if fields.iter().all(|field| field.name != "len") {
            fields.push(FieldDiff::new("len", left.len(), right.len()));
        }
        return;
    }
    if let Some(at) = left.iter().zip(right).position(|(left, right)| left != right) {
        let byte = |bytes: &[u8]| format!("{:#04x} at {at}", bytes.get(at).copied().unwrap_or(0));
        fields.push(FieldDiff::new("payload", byte(left), byte(right)));
    }
}

fn options(fields: &mut Vec<FieldDiff>, (left, right): (&Tcp, &Tcp), cx: &Context<'_>) {
    let kind = std::mem::discriminant::<TcpOption>;
    let same_kinds = left.options.iter().map(kind).eq(right.options.iter().map(kind));
    if !same_kinds {
        let list = |tcp: &Tcp| {
            let options = tcp.options.iter().map(option_text).collect::<Vec<_>>();
            format!("<{}>", options.join(","))
        };
        fields.push(FieldDiff::new("options", list(left), list(right)));
        return;
    }
    for (left, right) in left.options.iter().zip(&right.options) {
        option(fields, left, right, cx);
    }
}

fn option(fields: &mut Vec<FieldDiff>, left: &TcpOption, right: &TcpOption, cx: &Context<'_>) {
    match (left, right) {
        (TcpOption::Nop, _) | (TcpOption::Eol, _) => {}
        (TcpOption::Ts { val, ecr }, TcpOption::Ts { val: right_val, ecr: right_ecr }) => {
            let mut field = FieldDiff::new("tsval", val, right_val);
            let by = i64::from(right_val.wrapping_sub(*val).cast_signed());
            if !field.same && is_phase(by, cx) && cx.rules.has(RuleName::TimestampPhase) {
                field.allowed = Some(RuleName::TimestampPhase);
            }
            fields.push(field);
            fields.push(FieldDiff::new("tsecr", ecr, right_ecr));
        }
        (
            TcpOption::Fastopen { exp, cookie },
            TcpOption::Fastopen { exp: right_exp, cookie: right_cookie },
        ) => {
            let mut field = FieldDiff::new("fastopen", option_text(left), option_text(right));
            let same_form = exp == right_exp && cookie.len() == right_cookie.len();
            if !field.same && same_form && cx.rules.has(RuleName::FastopenCookie) {
                field.allowed = Some(RuleName::FastopenCookie);
            }
            fields.push(field);
        }
        (left, right) => {
            fields.push(FieldDiff::new(option_name(left), option_text(left), option_text(right)));
        }
    }
}

fn option_name(option: &TcpOption) -> &'static str {
    match option {
        TcpOption::Eol => "eol",
        TcpOption::Nop => "nop",
        TcpOption::Mss(_) => "mss",
        TcpOption::Wscale(_) => "wscale",
        TcpOption::SackOk => "sackOK",
        TcpOption::Sack(_) => "sack",
        TcpOption::Ts { .. } => "TS",
        TcpOption::Md5(_) => "md5",
        TcpOption::Fastopen { .. } => "fastopen",
        TcpOption::AccEcn { .. } => "accecn",
        TcpOption::Unknown { .. } | TcpOption::Malformed(_) => "option",
    }
}

/// A value counts milliseconds (or microseconds, where it grows a thousand times faster): it may be
/// one off, and as much more as the segments left at other moments.
fn is_phase(by: i64, cx: &Context<'_>) -> bool {
    /// On the machine's clock the segment that the numbers count from was late as well.
    const JITTER_MS: i64 = 30;
    let jitter = if cx.rules.is_real() { JITTER_MS } else { 0 };
    let late_ms = cx.apart.by_us.div_euclid(1_000);
    let as_milliseconds = (late_ms - 1 - jitter..=late_ms + 2 + jitter).contains(&by);
    let as_microseconds = (by - cx.apart.by_us).abs() <= 1 + 1_000 * jitter;
    as_milliseconds || as_microseconds
}

/// Another window is allowed as long as both are open, or both are closed.
fn window(fields: &mut [FieldDiff], rules: &Rules) {
    let Some(field) = fields.iter_mut().find(|field| field.name == "win" && !field.same) else {
        return;
    };
    let closed = |text: &str| text == "0";
    if closed(&field.left) == closed(&field.right) && rules.has(RuleName::AutotunedWindow) {
        field.allowed = Some(RuleName::AutotunedWindow);
    }
}
