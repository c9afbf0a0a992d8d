//! A segment or an ICMP error of a scenario as the packet that arrives.

use std::net::IpAddr;

use synproof_harness::scenario::{IcmpError, IcmpKind, Opt, Segment};

use super::numbers::{Stream, checksum, sum};
use super::peer::Peer;
use super::seen::{ACK, FIN, SYN};

/// Most bytes of payload that fit behind the largest headers.
const MOST_PAYLOAD: u16 = u16::MAX - 100;

/// A segment with its numbers, and the packet it is in.
#[derive(Clone, Debug, Default)]
pub struct Arrival {
    /// Port of the stack.
    pub local: u16,
    /// Port of the peer.
    pub remote: u16,
    /// The twelve bits.
    pub flags: u16,
    /// SEG.SEQ
    pub seq: u32,
    /// SEG.ACK, whatever the ACK flag says.
    pub ack: u32,
    /// SEG.WND, unscaled.
    pub window: u16,
    /// Bytes of payload.
    pub payload: u32,
    /// Maximum segment size it announces.
    pub mss: Option<u16>,
    /// Window scale it announces.
    pub wscale: Option<u8>,
    /// Nothing is wrong with its bytes, and every option is one this model knows.
    pub plain: bool,
    /// The one thing that is wrong with it is its checksum.
    pub corrupt: bool,
    /// Its data offset is another, so options may be data.
    pub scrambled: bool,
    /// It has a timestamp, so it may be refused for that.
    pub stamped: bool,
    /// TSval.
    pub tsval: Option<u32>,
}

impl Arrival {
    /// All bits of `mask` are set.
    #[must_use]
    pub const fn has(&self, mask: u16) -> bool {
        self.flags & mask == mask
    }

    /// SEG.LEN
    #[must_use]
    pub fn seg_len(&self) -> u32 {
        self.payload + u32::from(self.has(SYN)) + u32::from(self.has(FIN))
    }

    /// The number behind it.
    #[must_use]
    pub fn end(&self) -> u32 {
        self.seq.wrapping_add(self.seg_len())
    }

    /// SEG.ACK, if it counts.
    #[must_use]
    pub fn acks(&self) -> Option<u32> {
        self.has(ACK).then_some(self.ack)
    }
}

/// Addresses of the stack and of the peer.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    /// The stack.
    pub local: IpAddr,
    /// The peer.
    pub remote: IpAddr,
}

/// The segment with its numbers, and the packet.
#[must_use]
pub fn segment(
    ends: Ends,
    (local, remote): (u16, u16),
    segment: &Segment,
    peer: &Peer,
    now_ms: u64,
) -> (Arrival, Vec<u8>) {
    use synproof_harness::packet::Malform;
    let syn = segment.flags & SYN != 0;
    let mut options = Vec::new();
    let mut arrival = Arrival {
        local,
        remote,
        flags: segment.flags & 0xfff,
        seq: peer.seq(segment.seq, syn),
        ack: segment.ack.map_or(0, |ack| peer.ack(ack)),
        window: segment.window,
        payload: u32::from(segment.payload.min(MOST_PAYLOAD)),
        plain: segment.malform.is_empty(),
        corrupt: matches!(segment.malform.as_slice(), [Malform::Checksum(1..=0xfffe)]),
        ..Arrival::default()
    };
    for option in &segment.options {
        write_option(option, peer, now_ms, &mut options, &mut arrival);
    }
    options.truncate(40);
    options.resize(options.len().next_multiple_of(4), 0);
    arrival.scrambled =
        segment.malform.iter().any(|change| matches!(change, Malform::DataOffset(_)));
    let mut tcp = Vec::with_capacity(20 + options.len() + usize::from(segment.payload));
    tcp.extend(remote.to_be_bytes());
    tcp.extend(local.to_be_bytes());
    tcp.extend(arrival.seq.to_be_bytes());
    tcp.extend(arrival.ack.to_be_bytes());
    let words = u16::try_from(5 + options.len() / 4).unwrap_or(5);
    tcp.extend((words << 12 | arrival.flags).to_be_bytes());
    tcp.extend(segment.window.to_be_bytes());
    tcp.extend([0, 0]);
    tcp.extend(segment.urgent.to_be_bytes());
    tcp.extend(options);
    let data = arrival.seq.wrapping_add(u32::from(syn));
    let len = usize::try_from(arrival.payload).unwrap_or_default();
    tcp.extend(Stream::Peers.bytes(data, len));
    if arrival.scrambled {
        // As much as it can be.
        arrival.payload = u32::try_from(tcp.len() - 20).unwrap_or_default();
    }
    let mut bytes = packet(ends, 6, &mut tcp, 16, segment.tos);
    for change in &segment.malform {
        change.apply(&mut bytes);
    }
    (arrival, bytes)
}

fn write_option(option: &Opt, peer: &Peer, now_ms: u64, to: &mut Vec<u8>, arrival: &mut Arrival) {
    match option {
        Opt::Eol => to.push(0),
        Opt::Nop => to.push(1),
        Opt::Mss(mss) => {
            arrival.mss = arrival.mss.max(Some(*mss));
            to.extend([2, 4]);
            to.extend(mss.to_be_bytes());
        }
        Opt::Wscale(shift) => {
            arrival.wscale = arrival.wscale.max(Some(*shift));
            to.extend([3, 3, *shift]);
        }
        Opt::SackOk => to.extend([4, 2]),
        Opt::Sack(blocks) => {
            to.extend([5, u8::try_from(2 + blocks.len() * 8).unwrap_or(u8::MAX)]);
            for (left, right) in blocks {
                to.extend(peer.ack(*left).to_be_bytes());
                to.extend(peer.ack(*right).to_be_bytes());
            }
        }
        Opt::Ts { val, ecr } => {
            arrival.stamped = true;
            let (val, ecr) = peer.stamps(*val, *ecr, now_ms);
            arrival.tsval = Some(val);
            to.extend([8, 10]);
            to.extend(val.to_be_bytes());
            to.extend(ecr.to_be_bytes());
        }
        Opt::FastOpen(cookie) => {
            to.extend([34, u8::try_from(2 + cookie.len()).unwrap_or(u8::MAX)]);
            to.extend(cookie);
        }
        Opt::Raw(bytes) => {
            arrival.plain = false;
            to.extend(bytes);
        }
    }
}

/// An IP packet from the peer with this transport, its checksums filled in.
fn packet(ends: Ends, protocol: u8, transport: &mut Vec<u8>, sum_at: usize, tos: u8) -> Vec<u8> {
    let len = u16::try_from(transport.len()).unwrap_or(u16::MAX);
    let mut bytes = Vec::with_capacity(40 + transport.len());
    let pseudo = match (ends.remote, ends.local) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            bytes.extend([0x45, tos]);
            bytes.extend(len.saturating_add(20).to_be_bytes());
            bytes.extend([0, 0, 0, 0, 255, protocol, 0, 0]);
            bytes.extend(src.octets());
            bytes.extend(dst.octets());
            let head = checksum(sum(0, &bytes));
            put(&mut bytes, 10, head);
            sum(0, bytes.get(12..20).unwrap_or_default())
        }
        (src, dst) => {
            let octets = |ip: IpAddr| match ip {
                IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
                IpAddr::V6(v6) => v6.octets(),
            };
            bytes.extend((6 << 28 | u32::from(tos) << 20).to_be_bytes());
            bytes.extend(len.to_be_bytes());
            bytes.extend([protocol, 255]);
            bytes.extend(octets(src));
            bytes.extend(octets(dst));
            sum(0, bytes.get(8..40).unwrap_or_default())
        }
    };
    // ICMP over IPv4 has no pseudo header.
    let pseudo = if protocol == 1 { 0 } else { pseudo + u32::from(protocol) + u32::from(len) };
    let whole = checksum(sum(pseudo, transport));
    put(transport, sum_at, whole);
    bytes.append(transport);
    bytes
}

fn put(bytes: &mut [u8], at: usize, word: u16) {
    if let Some(field) = bytes.get_mut(at..at + 2) {
        field.copy_from_slice(&word.to_be_bytes());
    }
}

/// An ICMP error about a segment of the stack.
#[must_use]
pub fn icmp(ends: Ends, (local, remote): (u16, u16), error: &IcmpError, seq: u32) -> Vec<u8> {
    let v6 = ends.local.is_ipv6();
    let (ty, code, word) = if v6 { kind_v6(error.kind) } else { kind_v4(error.kind) };
    let mut message = vec![ty, code, 0, 0];
    message.extend(word.to_be_bytes());
    let len = error.payload.saturating_add(20);
    match (ends.local, ends.remote) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            message.extend([0x45, 0]);
            message.extend(len.saturating_add(20).to_be_bytes());
            message.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
            message.extend(src.octets());
            message.extend(dst.octets());
        }
        (IpAddr::V6(src), IpAddr::V6(dst)) => {
            message.extend((6_u32 << 28).to_be_bytes());
            message.extend(len.to_be_bytes());
            message.extend([6, 64]);
            message.extend(src.octets());
            message.extend(dst.octets());
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => {}
    }
    message.extend(local.to_be_bytes());
    message.extend(remote.to_be_bytes());
    message.extend(seq.to_be_bytes());
    packet(ends, if v6 { 58 } else { 1 }, &mut message, 2, 0)
}

/// Type, code and the four bytes behind the checksum (RFC 792, RFC 1191).
const fn kind_v4(kind: IcmpKind) -> (u8, u8, u32) {
    match kind {
        IcmpKind::NetUnreachable => (3, 0, 0),
        IcmpKind::HostUnreachable => (3, 1, 0),
        IcmpKind::PortUnreachable => (3, 3, 0),
        IcmpKind::Prohibited => (3, 13, 0),
        IcmpKind::TooBig(mtu) => (3, 4, mtu & 0xffff),
        IcmpKind::TimeExceeded => (11, 0, 0),
        IcmpKind::ParameterProblem => (12, 0, 0),
    }
}

/// The same for ICMPv6 (RFC 4443).
const fn kind_v6(kind: IcmpKind) -> (u8, u8, u32) {
    match kind {
        IcmpKind::NetUnreachable => (1, 0, 0),
        IcmpKind::HostUnreachable => (1, 3, 0),
        IcmpKind::PortUnreachable => (1, 4, 0),
        IcmpKind::Prohibited => (1, 1, 0),
        IcmpKind::TooBig(mtu) => (2, 0, mtu),
        IcmpKind::TimeExceeded => (3, 0, 0),
        IcmpKind::ParameterProblem => (4, 0, 0),
    }
}
