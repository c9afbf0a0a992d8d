//! Packets: ICMP names, what a packet needs from the options, and what the packets and calls before
//! it rule out.

use crate::script::ast::{
    Direction, EventKind, ExprKind, Field, IcmpSpec, OptionsSpec, PacketBody, PacketSpec, Script,
    SyscallSpec, TcpOptionSpec, TcpSpec,
};
use crate::script::diagnostic::Diagnostic;
use crate::script::icmp::{IcmpNameError, numbers};
use crate::script::source::{Span, Spanned};

use super::{IpVersion, option};

const FIN: u16 = 0x001;
const SYN: u16 = 0x002;
const ACK: u16 = 0x010;

/// Acks from here on are meant to be wrong: they stand for numbers before the first byte.
const HALF: u32 = 1 << 31;

pub(super) fn check(script: &Script, version: Option<IpVersion>, found: &mut Vec<Diagnostic>) {
    let has_secret = option(script, "tcp_md5_secret").is_some();
    let has_tunnel = option(script, "udp_encapsulation").is_some();
    let mut flow = Flow::default();
    for event in &script.events {
        match &event.kind {
            EventKind::Packet(packet) => {
                if let PacketBody::Icmp(message) = &packet.body {
                    icmp(message, version, found);
                }
                if let (Some(ports), false) = (&packet.outer_udp, has_tunnel) {
                    let message = "UDP encapsulation is not switched on";
                    found.push(
                        Diagnostic::warning("check::udp-encapsulation", ports.span, message)
                            .with_help("add --udp_encapsulation=tcp"),
                    );
                }
                if let PacketBody::Tcp(segment) = &packet.body {
                    secret(segment, has_secret, found);
                    flow.segment(packet, segment, found);
                }
            }
            EventKind::Syscall(call) => flow.call(call),
            EventKind::Command(_) | EventKind::Code(_) | EventKind::State(_) => {}
        }
    }
}

fn icmp(message: &IcmpSpec, version: Option<IpVersion>, found: &mut Vec<Diagnostic>) {
    let code = message.code.as_ref();
    let resolve = |ipv6| numbers(&message.ty.node, code.map(|code| code.node.as_str()), ipv6);
    let ipv6 = version == Some(IpVersion::V6);
    if version.is_none() && resolve(false).is_err() && resolve(true).is_ok() {
        let text = format!("`{}` is only in ICMPv6, and the script is not", message.ty.node);
        found.push(
            Diagnostic::warning("check::icmp-version", message.ty.span, text)
                .with_help("add --ip_version=ipv6"),
        );
        return;
    }
    let protocol = if ipv6 { "ICMPv6" } else { "ICMPv4" };
    match resolve(ipv6) {
        Err(IcmpNameError::Type) => {
            let text = format!("`{}` is no {protocol} type", message.ty.node);
            found.push(Diagnostic::error("check::icmp-name", message.ty.span, text));
        }
        Err(IcmpNameError::Code) => {
            let at = code.unwrap_or(&message.ty);
            let text = format!("`{}` is no code of {protocol} {}", at.node, message.ty.node);
            found.push(Diagnostic::error("check::icmp-name", at.span, text));
        }
        Ok(numbers) => {
            if let Some(mtu) = &message.mtu {
                icmp_mtu(*mtu, numbers, ipv6, found);
            }
        }
    }
}

fn icmp_mtu(mtu: Spanned<u32>, numbers: (u8, u8), ipv6: bool, found: &mut Vec<Diagnostic>) {
    let (fits, message) = if ipv6 {
        (numbers == (2, 0), "an mtu is only in packet_too_big")
    } else if numbers != (3, 4) {
        (false, "an mtu is only in unreachable frag_needed")
    } else {
        (u16::try_from(mtu.node).is_ok(), "the mtu of an ICMPv4 message has 16 bits")
    };
    if !fits {
        found.push(Diagnostic::error("check::icmp-mtu", mtu.span, message));
    }
}

fn list(segment: &TcpSpec) -> &[Spanned<TcpOptionSpec>] {
    match &segment.options {
        OptionsSpec::List(list, _) => list,
        OptionsSpec::None | OptionsSpec::Any(_) => &[],
    }
}

fn secret(segment: &TcpSpec, has_secret: bool, found: &mut Vec<Diagnostic>) {
    let valid = list(segment).iter().find(|option| option.node == TcpOptionSpec::Md5Valid);
    if let (Some(option), false) = (valid, has_secret) {
        let message = "there is no secret to compute the digest with";
        found.push(
            Diagnostic::error("check::md5-secret", option.span, message)
                .with_help("add --tcp_md5_secret=…"),
        );
    }
}

/// What the connection under test has said so far, as far as the script tells. Generous on purpose:
/// it is never reset but by a new socket, so a second connection may do what the first one did.
#[derive(Default)]
struct Flow {
    /// The peer sent a SYN; what it offered.
    peer: Option<Offer>,
    /// One past the last sequence number the target may have used.
    sent: Option<u32>,
    /// Bytes given to sending calls, and one for a close.
    written: u32,
}

#[derive(Clone, Copy, Default)]
struct Offer {
    timestamps: bool,
    sack: bool,
    /// Options were not all written out.
    open: bool,
}

impl Offer {
    fn of(segment: &TcpSpec) -> Self {
        let has = |wanted: fn(&TcpOptionSpec) -> bool| {
            list(segment).iter().any(|option| wanted(&option.node))
        };
        Self {
            timestamps: has(|option| matches!(option, TcpOptionSpec::Ts { .. })),
            sack: has(|option| matches!(option, TcpOptionSpec::SackOk)),
            open: matches!(segment.options, OptionsSpec::Any(_)),
        }
    }

    fn and(self, more: Self) -> Self {
        Self {
            timestamps: self.timestamps || more.timestamps,
            sack: self.sack || more.sack,
            open: self.open || more.open,
        }
    }
}

impl Flow {
    fn call(&mut self, call: &SyscallSpec) {
        let ExprKind::Int(result) = call.result.kind else { return };
        let Ok(result) = u32::try_from(result) else { return };
        match call.name.node.as_str() {
            "socket" => *self = Self::default(),
            "write" | "writev" | "send" | "sendto" | "sendmsg" | "sendfile" | "splice" => {
                self.written = self.written.saturating_add(result);
            }
            "close" | "shutdown" => self.written = self.written.saturating_add(1),
            _ => {}
        }
    }

    fn segment(&mut self, packet: &PacketSpec, segment: &TcpSpec, found: &mut Vec<Diagnostic>) {
        let flags = segment.flags.node.value();
        let has = |bit: u16| flags.is_some_and(|flags| flags.bits & bit != 0);
        match packet.direction.node {
            Direction::Inbound => {
                if has(SYN) {
                    let offer = Offer::of(segment);
                    self.peer = Some(self.peer.map_or(offer, |before| before.and(offer)));
                } else if has(ACK) {
                    self.acked(segment, found);
                }
            }
            Direction::Outbound => {
                self.outbound(segment, has(SYN), has(FIN));
                self.negotiated(segment, has(SYN) && !has(ACK), found);
            }
        }
    }

    fn outbound(&mut self, segment: &TcpSpec, syn: bool, fin: bool) {
        let (start, len) = (segment.seq.start.value(), segment.seq.len.value());
        // A SYN's number is absolute; what follows counts from 1.
        let start = if syn { Some(1) } else { start };
        let end = match (start, len) {
            (Some(start), Some(len)) => {
                start.saturating_add(u32::from(len)).saturating_add(u32::from(fin))
            }
            _ => u32::MAX,
        };
        if end < HALF || end == u32::MAX {
            self.sent = Some(self.sent.map_or(end, |before| before.max(end)));
        }
    }

    /// An acknowledgment of what was never sent.
    fn acked(&self, segment: &TcpSpec, found: &mut Vec<Diagnostic>) {
        let Some(Spanned { node: Field::Value(ack), span }) = segment.ack else { return };
        let Some(sent) = self.sent else { return };
        let most = sent.max(self.written.saturating_add(1));
        if ack > most && ack < HALF {
            let message = format!("ack {ack} is beyond what was sent, the highest is {most}");
            found.push(Diagnostic::warning("check::ack-unsent", span, message));
        }
    }

    /// Options that the peer's SYN did not offer are not to be expected.
    fn negotiated(&self, segment: &TcpSpec, is_first: bool, found: &mut Vec<Diagnostic>) {
        let Some(peer) = self.peer.filter(|peer| !peer.open && !is_first) else { return };
        for option in list(segment) {
            let name = match &option.node {
                TcpOptionSpec::Ts { .. } if !peer.timestamps => "timestamps",
                TcpOptionSpec::Sack(_) | TcpOptionSpec::SackAny | TcpOptionSpec::SackOk
                    if !peer.sack =>
                {
                    "SACK"
                }
                TcpOptionSpec::Ts { .. }
                | TcpOptionSpec::Sack(_)
                | TcpOptionSpec::SackAny
                | TcpOptionSpec::SackOk
                | TcpOptionSpec::Eol
                | TcpOptionSpec::Nop
                | TcpOptionSpec::Mss(_)
                | TcpOptionSpec::Wscale(_)
                | TcpOptionSpec::Md5(_)
                | TcpOptionSpec::Md5Valid
                | TcpOptionSpec::Fastopen { .. }
                | TcpOptionSpec::AccEcn { .. }
                | TcpOptionSpec::Raw(_) => continue,
            };
            found.push(not_offered(name, option.span));
        }
    }
}

fn not_offered(name: &str, span: Span) -> Diagnostic {
    let message = format!("the peer's SYN did not offer {name}");
    Diagnostic::warning("check::not-negotiated", span, message)
}
