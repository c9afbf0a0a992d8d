//! The stack's parser against the harness's strict one: both accept or neither, every field agrees,
//! and what the stack writes of what it read is what was there.
//!
//! The only place in the workspace where the two parsers meet. The stack skips some things that the
//! strict parser refuses, as Linux does; [`conforming()`] takes them away first, and its answer for
//! bytes that are no IP packet is what the stack must answer.

mod conforming;

use std::net::SocketAddr;

use synproof_harness::packet::icmp::{IpFamily, QuotedTransport, is_error, quoted};
use synproof_harness::packet::strict::Reason;
use synproof_harness::packet::{
    Icmp, Ip, Outer, Packet, StrictError, Tcp, Transport, parse, transport_checksum_ok,
};
use synproof_stack::wire::{self, IcmpError, Ingress, IpHeader, Segment, WireError};

use self::conforming::{Conforming, conforming, header_sum};
use super::options_parse::linux_options;
use crate::Verdict;

const ACCEPTS: &str = "the stack accepts what the strict parser accepts, as the same kind";
const REFUSES: &str = "the stack refuses what the strict parser refuses, for the same reason";
const IP_LEVEL: &str = "bytes that are no IP packet are refused for the first reason Linux finds";
const IP_FIELDS: &str = "both parsers read the same IP header";
const TCP_FIELDS: &str = "both parsers read the same TCP header and payload";
const OPTIONS: &str = "the stack keeps of the options what Linux keeps";
const ICMP_FIELDS: &str = "both parsers read the same ICMP error";
const IDENTITY: &str = "what the stack writes of a segment it read is what it read";
const STRICT: &str = "the strict parser accepts a conforming IP header";

/// Any bytes. [`Verdict::Rejected`] if they are no IP packet.
pub fn check(bytes: &[u8]) -> Verdict {
    let stack = wire::parse(bytes);
    let plain = match conforming(bytes) {
        Conforming::Packet(plain) => plain,
        Conforming::Fragment => return same(&stack, &Ok(Ingress::Other), IP_LEVEL, Verdict::Holds),
        Conforming::Not(error) => return same(&stack, &Err(error), IP_LEVEL, Verdict::Rejected),
    };
    match parse(&plain) {
        Ok(packet) => accepted(&stack, &packet, &plain),
        Err(error) => refused(&stack, &error, &plain),
    }
}

type Parsed = Result<Ingress, WireError>;

fn same(stack: &Parsed, expected: &Parsed, property: &'static str, verdict: Verdict) -> Verdict {
    if stack == expected {
        verdict
    } else {
        Verdict::broken(property, format!("expected {expected:?}, got {stack:?}"))
    }
}

/// The strict parser accepts the packet.
fn accepted(stack: &Parsed, packet: &Packet, plain: &[u8]) -> Verdict {
    let tunnel = packet.outer.iter().any(|outer| !matches!(outer, Outer::Udp { .. }));
    if tunnel {
        return same(stack, &Ok(Ingress::Other), ACCEPTS, Verdict::Holds);
    }
    let intact = || transport_checksum_ok(plain) == Some(true);
    match &packet.transport {
        Transport::Udp(_) => same(stack, &Ok(Ingress::Other), ACCEPTS, Verdict::Holds),
        Transport::Tcp(_) if !intact() => {
            same(stack, &Err(WireError::TcpCsum), REFUSES, Verdict::Holds)
        }
        Transport::Icmp(_) if !intact() => {
            same(stack, &Err(WireError::IcmpCsum), REFUSES, Verdict::Holds)
        }
        Transport::Tcp(tcp) => match stack {
            Ok(Ingress::Tcp(seg)) => segment(seg, &packet.ip, tcp, plain),
            other => Verdict::broken(ACCEPTS, format!("{packet:?}\nis to the stack {other:?}")),
        },
        Transport::Icmp(icmp) => icmp_error(stack, &packet.ip, icmp),
    }
}

/// The strict parser does not. Below the first IP header the stack looks into TCP and ICMP only.
fn refused(stack: &Parsed, error: &StrictError, plain: &[u8]) -> Verdict {
    let v6 = plain.first().is_some_and(|first| first >> 4 == 6);
    let (at, header) = if v6 { (6, 40) } else { (9, 20) };
    let protocol = plain.get(at).copied().unwrap_or_default();
    let looks = protocol == 6 || protocol == if v6 { 58 } else { 1 };
    let in_ip_header = error.at < header;
    if in_ip_header && !matches!(error.reason, Reason::Protocol { .. }) {
        return Verdict::broken(STRICT, format!("{error}: {plain:02x?}"));
    }
    if looks && !in_ip_header {
        return same(stack, &Err(WireError::PktTooSmall), REFUSES, Verdict::Holds);
    }
    same(stack, &Ok(Ingress::Other), ACCEPTS, Verdict::Holds)
}

fn segment(seg: &Segment, ip: &Ip, tcp: &Tcp, plain: &[u8]) -> Verdict {
    if !same_ip(&seg.ip, ip) {
        return Verdict::broken(IP_FIELDS, format!("stack {:?}\nstrict {ip:?}", seg.ip));
    }
    let ours = (seg.src_port, seg.dst_port, seg.seq.0, seg.ack.0);
    let theirs = (tcp.src_port, tcp.dst_port, tcp.seq, tcp.ack);
    let rest = (seg.flags.0, seg.wnd, seg.urg_ptr) == (tcp.flags, tcp.window, tcp.urgent);
    if ours != theirs || !rest || seg.payload != tcp.payload {
        return Verdict::broken(TCP_FIELDS, format!("stack {seg:?}\nstrict {tcp:?}"));
    }
    let kept = linux_options(&tcp.options, seg.flags.syn());
    if seg.options != kept {
        return Verdict::broken(OPTIONS, format!("stack {:?}\nstrict {kept:?}", seg.options));
    }
    let written = wire::emit(seg);
    if without_sums(&written) != without_sums(plain) {
        return Verdict::broken(IDENTITY, format!("{plain:02x?}\nbecame {written:02x?}"));
    }
    let sums = transport_checksum_ok(&written) == Some(true)
        && written
            .first_chunk::<20>()
            .is_none_or(|head| head[0] >> 4 != 4 || header_sum(head) == 0);
    if !sums {
        return Verdict::broken(IDENTITY, format!("wrong checksums: {written:02x?}"));
    }
    Verdict::Holds
}

fn same_ip(stack: &IpHeader, strict: &Ip) -> bool {
    (stack.src, stack.dst, stack.tos, stack.ttl) == (strict.src, strict.dst, strict.tos, strict.ttl)
        && (stack.flow_label, stack.id, stack.dont_fragment)
            == (strict.flow_label, strict.id, strict.dont_fragment)
}

/// Checksums have two forms of zero; they are judged apart from the other bytes.
fn without_sums(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let places: &[usize] = if bytes.first().is_some_and(|first| first >> 4 == 6) {
        &[40 + 16]
    } else {
        &[10, 20 + 16]
    };
    for &at in places {
        if let Some(sum) = bytes.get_mut(at..at + 2) {
            sum.fill(0);
        }
    }
    bytes
}

/// An ICMP message with a right checksum: an error about one of our segments, or nothing to TCP.
fn icmp_error(stack: &Parsed, ip: &Ip, icmp: &Icmp) -> Verdict {
    let about = is_error(IpFamily::of(ip.src), icmp.ty).then(|| quoted(&icmp.body)).flatten();
    let tcp = about.and_then(|about| match about.transport {
        QuotedTransport::Tcp { src_port, dst_port, seq } => {
            Some((SocketAddr::new(about.src, src_port), SocketAddr::new(about.dst, dst_port), seq))
        }
        QuotedTransport::Udp { .. } | QuotedTransport::Other(..) => None,
    });
    match (stack, tcp) {
        // Linux reads the quoted header as one of the message's version, whatever it says.
        (Ok(Ingress::Other | Ingress::Icmp(_)), _) if !is_of_version(ip, icmp) => Verdict::Holds,
        (Ok(Ingress::Other), _) if !must_be_told(ip, icmp) || tcp.is_none() => Verdict::Holds,
        (Ok(Ingress::Icmp(error)), Some(tcp)) if same_error(error, ip, icmp, tcp) => Verdict::Holds,
        // The strict reader does not walk the extension headers of a quoted packet.
        (Ok(Ingress::Icmp(_)), None) if ip.src.is_ipv6() => Verdict::Holds,
        (other, _) => Verdict::broken(ICMP_FIELDS, format!("{other:?}\nfor {icmp:?} from {ip:?}")),
    }
}

/// The quoted packet says that it is of the version of the message.
fn is_of_version(ip: &Ip, icmp: &Icmp) -> bool {
    let version = if ip.src.is_ipv6() { 6 } else { 4 };
    icmp.body.first().is_some_and(|first| first >> 4 == version)
}

/// The quoted packet is no fragment.
fn must_be_told(ip: &Ip, icmp: &Icmp) -> bool {
    let fragment = |word: &[u8]| word.iter().zip([0x3f, 0xff]).any(|(byte, mask)| byte & mask != 0);
    ip.src.is_ipv6() || icmp.body.get(6..8).is_some_and(|word| !fragment(word))
}

fn same_error(
    error: &IcmpError,
    ip: &Ip,
    icmp: &Icmp,
    (local, remote, seq): (SocketAddr, SocketAddr, u32),
) -> bool {
    (error.from, error.ty, error.code, error.word) == (ip.src, icmp.ty, icmp.code, icmp.rest)
        && (error.local, error.remote, error.seq.0) == (local, remote, seq)
}
