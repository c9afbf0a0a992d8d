//! Encapsulation headers: the same kinds in the same order, then what a script can say of each.

use crate::packet::model::{MplsEntry, Outer};
use crate::packet::{Ip, Packet};
use crate::script::ast::{EncapKind, IpInfo, PacketSpec};
use crate::script::source::Span;

use super::super::packets;
use super::{Comparison, Context, compare_ip};

/// Compares the headers around the packet. Nothing is reported for a packet without any.
pub(super) fn compare(c: &mut Comparison, spec: &PacketSpec, actual: &Packet, cx: &Context<'_>) {
    let want = packets::outer_from_spec(spec);
    if want.is_empty() && actual.outer.is_empty() {
        return;
    }
    let kinds = |outer: &[Outer]| {
        let names: Vec<&str> = outer.iter().map(kind).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(" ") }
    };
    let (want_kinds, got_kinds) = (kinds(&want), kinds(&actual.outer));
    let ok = want_kinds == got_kinds;
    c.check("encapsulation", spec.span, want_kinds, got_kinds, ok);
    if !ok {
        return;
    }
    for (at, (want, got)) in want.iter().zip(&actual.outer).enumerate() {
        let written = spec.encap.get(at);
        let span = written.map_or(spec.span, |header| header.span);
        let info = written.and_then(|header| ip_info(&header.kind));
        layer(c, span, (want, got), info, cx);
    }
}

fn kind(outer: &Outer) -> &'static str {
    match outer {
        Outer::Ip(Ip { src, .. }) if src.is_ipv6() => "ipv6",
        Outer::Ip(_) => "ipv4",
        Outer::Gre { .. } => "gre",
        Outer::Mpls(_) => "mpls",
        Outer::Udp { .. } => "udp",
    }
}

fn ip_info(kind: &EncapKind) -> Option<&IpInfo> {
    match kind {
        EncapKind::Ip { info, .. } => Some(info),
        EncapKind::Gre(_) | EncapKind::Mpls(_) => None,
    }
}

/// Both are of the same kind here. Addresses and the ports of an encapsulation are not compared.
fn layer(
    c: &mut Comparison,
    span: Span,
    (want, got): (&Outer, &Outer),
    info: Option<&IpInfo>,
    cx: &Context<'_>,
) {
    match (want, got) {
        (Outer::Ip(_), Outer::Ip(got)) => {
            if let Some(info) = info {
                compare_ip(c, info, got, cx);
            }
        }
        (Outer::Gre { .. }, Outer::Gre { .. }) => {
            let (want, got) = (gre_text(want), gre_text(got));
            let ok = want == got;
            c.check("gre", span, want, got, ok);
        }
        (Outer::Mpls(want), Outer::Mpls(got)) => {
            c.check("mpls", span, mpls_text(want), mpls_text(got), want == got);
        }
        (Outer::Ip(_) | Outer::Gre { .. } | Outer::Mpls(_) | Outer::Udp { .. }, _) => {}
    }
}

fn mpls_text(stack: &[MplsEntry]) -> String {
    let entry = |l: &MplsEntry| {
        let bottom = if l.bottom { " [S]" } else { "" };
        format!("label {} tc {}{bottom} ttl {}", l.label, l.tc, l.ttl)
    };
    stack.iter().map(entry).collect::<Vec<_>>().join(", ")
}

/// The flags and as many optional words as they announce, by position.
fn gre_text(outer: &Outer) -> String {
    let Outer::Gre { flags, sum, off, key, seq } = outer else { return String::new() };
    let words = (flags & 0xb000).count_ones() as usize;
    let parts =
        [format!("sum {sum:#x} off {off:#x}"), format!("key {key:#x}"), format!("seq {seq:#x}")];
    let mut text = format!("flags {flags:#06x}");
    for part in parts.iter().take(words) {
        text.push(' ');
        text.push_str(part);
    }
    text
}
