//! Packet lines as packets in script numbers: the common form that is injected (after mapping to
//! live numbers) and that observed packets are compared with.

use std::net::SocketAddr;

use crate::packet::icmp::{self, IpFamily, Quoted, QuotedTransport};
use crate::packet::model::{MplsEntry, Outer};
use crate::packet::{Icmp, Ip, Packet, Tcp, TcpOption, Transport, Udp};
use crate::script::ast::{
    Direction, Echoed, Encap, EncapKind, Field, IcmpSpec, IpInfo, MplsLabel, OptionsSpec,
    PacketBody, PacketSpec, TcpOptionSpec, TcpSpec, Tos,
};
use crate::script::source::Span;

/// A packet line that cannot be built, and where.
pub(crate) type Problem = (Span, String);

/// The packet that `spec` describes, between `src` and `dst`, in script numbers. Open fields
/// (`*`) are zero. `quoted_seq` turns the sequence number that an ICMP error quotes into a live
/// one.
pub(crate) fn from_spec(
    spec: &PacketSpec,
    src: SocketAddr,
    dst: SocketAddr,
    quoted_seq: impl Fn(u32) -> u32,
) -> Result<Packet, Problem> {
    let transport = match &spec.body {
        PacketBody::Tcp(tcp) => Transport::Tcp(tcp_from_spec(tcp, src.port(), dst.port())?),
        PacketBody::Udp(udp) => {
            let ports = udp.ports.map(|p| p.node);
            Transport::Udp(Udp {
                src_port: written(ports.map(|p| p.src), src.port()),
                dst_port: written(ports.map(|p| p.dst), dst.port()),
                payload: vec![0; usize::from(udp.len)],
            })
        }
        PacketBody::Icmp(message) => {
            // An error is sent to the target about a packet of the target: its end is `dst`.
            Transport::Icmp(icmp_from_spec(message, dst, src, quoted_seq)?)
        }
    };
    let mut ip = Ip::new(src.ip(), dst.ip());
    apply_info(&mut ip, &spec.ip, spec.direction.node);
    Ok(Packet { outer: outer_from_spec(spec), ip, transport })
}

/// A port as written, where one is and it is not zero.
fn written(port: Option<u16>, otherwise: u16) -> u16 {
    port.filter(|&p| p != 0).unwrap_or(otherwise)
}

fn tcp_from_spec(spec: &TcpSpec, src_port: u16, dst_port: u16) -> Result<Tcp, Problem> {
    let ports = spec.ports.map(|p| p.node);
    let number = |f: Field<u32>| f.value().unwrap_or(0);
    let short = |f: Field<u16>| f.value().unwrap_or(0);
    let payload = match &spec.payload {
        Some(text) => text.node.bytes().map_err(|why| (text.span, why.to_string()))?,
        None => vec![0; usize::from(short(spec.seq.len))],
    };
    Ok(Tcp {
        src_port: written(ports.map(|p| p.src), src_port),
        dst_port: written(ports.map(|p| p.dst), dst_port),
        seq: number(spec.seq.start),
        ack: spec.ack.map_or(0, |a| number(a.node)),
        flags: spec.flags.node.value().map_or(0, |f| f.bits),
        window: spec.win.map_or(0, |w| short(w.node)),
        urgent: spec.urg.map_or(0, |u| short(u.node)),
        options: options_from_spec(&spec.options),
        payload,
    })
}

/// Options as numbers; open fields (`*`) are zero.
pub(crate) fn options_from_spec(spec: &OptionsSpec) -> Vec<TcpOption> {
    match spec {
        OptionsSpec::None | OptionsSpec::Any(_) => Vec::new(),
        OptionsSpec::List(list, _) => list.iter().map(|o| option_from_spec(&o.node)).collect(),
    }
}

fn option_from_spec(spec: &TcpOptionSpec) -> TcpOption {
    match spec {
        TcpOptionSpec::Eol => TcpOption::Eol,
        TcpOptionSpec::Nop => TcpOption::Nop,
        TcpOptionSpec::Mss(mss) => TcpOption::Mss(mss.value().unwrap_or(0)),
        TcpOptionSpec::Wscale(shift) => TcpOption::Wscale(shift.value().unwrap_or(0)),
        TcpOptionSpec::SackOk => TcpOption::SackOk,
        TcpOptionSpec::Sack(blocks) => TcpOption::Sack(blocks.clone()),
        TcpOptionSpec::SackAny => TcpOption::Sack(Vec::new()),
        TcpOptionSpec::Ts { val, ecr } => {
            TcpOption::Ts { val: val.value().unwrap_or(0), ecr: ecr.value().unwrap_or(0) }
        }
        TcpOptionSpec::Md5(digest) => TcpOption::Md5(digest.clone().unwrap_or_default()),
        TcpOptionSpec::Md5Valid => TcpOption::Md5(vec![0; 16]),
        TcpOptionSpec::Fastopen { exp, cookie } => {
            TcpOption::Fastopen { exp: *exp, cookie: cookie.clone().unwrap_or_default() }
        }
        TcpOptionSpec::AccEcn { first_e1b, counters } => {
            TcpOption::AccEcn { first_e1b: *first_e1b, counters: counters.clone() }
        }
        TcpOptionSpec::Raw(bytes) => TcpOption::Malformed(bytes.clone()),
    }
}

fn apply_info(ip: &mut Ip, info: &IpInfo, direction: Direction) {
    if let Some(tos) = info.tos {
        ip.tos = match tos.node {
            Tos::Ecn(bits) => bits,
            Tos::Ect01 => 2,
            Tos::Byte(byte) => byte,
        };
    }
    if let Some(label) = info.flow_label {
        ip.flow_label = label.node;
    }
    // TTL 0 means "not written" (inbound: 255).
    if let Some(ttl) = info.ttl
        && (ttl.node != 0 || direction == Direction::Outbound)
    {
        ip.ttl = ttl.node;
    }
}

/// Encapsulation headers, outermost first; the UDP encapsulation last.
pub(crate) fn outer_from_spec(spec: &PacketSpec) -> Vec<Outer> {
    let udp = spec
        .outer_udp
        .map(|ports| Outer::Udp { src_port: ports.node.src, dst_port: ports.node.dst });
    spec.encap.iter().map(header_from_spec).chain(udp).collect()
}

fn header_from_spec(header: &Encap) -> Outer {
    match &header.kind {
        EncapKind::Ip { info, src, dst } => {
            let mut ip = Ip::new(*src, *dst);
            apply_info(&mut ip, info, Direction::Inbound);
            Outer::Ip(ip)
        }
        EncapKind::Gre(gre) => {
            Outer::Gre { flags: gre.flags, sum: gre.sum, off: gre.off, key: gre.key, seq: gre.seq }
        }
        EncapKind::Mpls(stack) => {
            let entry = |l: &MplsLabel| MplsEntry {
                label: l.label,
                tc: l.tc,
                bottom: l.bottom,
                ttl: l.ttl,
            };
            Outer::Mpls(stack.iter().map(entry).collect())
        }
    }
}

/// `near` is the end the message goes to, `far` the other end of what it quotes.
fn icmp_from_spec(
    spec: &IcmpSpec,
    near: SocketAddr,
    far: SocketAddr,
    quoted_seq: impl Fn(u32) -> u32,
) -> Result<Icmp, Problem> {
    let family = IpFamily::of(near.ip());
    let code_word = spec.code.as_ref().map(|c| c.node.as_str());
    let (ty, code) = icmp::resolve(family, &spec.ty.node, code_word)
        .map_err(|message| (spec.code.as_ref().map_or(spec.ty.span, |c| c.span), message))?;
    let rest = match (spec.mtu, spec.id) {
        (Some(mtu), _) => mtu.node,
        (None, Some(id)) => u32::from(id.node) << 16,
        (None, None) => 0,
    };
    let is_echo = spec.ty.node.starts_with("echo");
    let echoed = spec.echoed.map(|e| e.node);
    let (src_port, dst_port) = (near.port(), far.port());
    let quote =
        |transport, len| icmp::quote(&Quoted { src: near.ip(), dst: far.ip(), transport, len });
    let body = match echoed.unwrap_or(Echoed::Tcp { seq: 0, len: 0 }) {
        Echoed::Raw(len) => vec![0; usize::from(len).saturating_sub(8)],
        Echoed::Tcp { .. } if is_echo && echoed.is_none() => Vec::new(),
        Echoed::Tcp { seq, len } => {
            quote(QuotedTransport::Tcp { src_port, dst_port, seq: quoted_seq(seq) }, len)
        }
        Echoed::Udp(len) => quote(QuotedTransport::Udp { src_port, dst_port }, len),
    };
    Ok(Icmp { ty, code, rest, body })
}

#[cfg(test)]
mod tests;
