//! A packet in numbers: what [`super::build()`] encodes and what [`super::parse()`] decodes.
//!
//! The same type holds live values (what the wire carries) and script values (after
//! `engine::flow` mapped ports, sequence numbers and timestamps); who holds one knows which.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// One IP datagram with its transport, and the encapsulation around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packet {
    /// Encapsulation headers, outermost first; empty for an ordinary packet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outer: Vec<Outer>,
    /// The (inner) IP header.
    pub ip: Ip,
    /// What IP carries.
    pub transport: Transport,
}

/// One encapsulation header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outer {
    /// IPv4 or IPv6 by the family of the addresses.
    Ip(Ip),
    /// GRE, RFC 2784 and 2890. The optional words by position (first sum and offset, second key,
    /// third sequence number), as packetdrill has them: the flags say how many words are sent.
    Gre {
        /// Flags word (0x8000 checksum, 0x2000 key, 0x1000 sequence number).
        flags: u16,
        /// Checksum.
        sum: u16,
        /// Offset, the reserved half of the checksum word.
        off: u16,
        /// Key.
        key: u32,
        /// Sequence number.
        seq: u32,
    },
    /// MPLS label stack (ethertype 0x8847 in GRE).
    Mpls(Vec<MplsEntry>),
    /// UDP encapsulation of TCP (`/udp(src > dst)`). Always the last of [`Packet::outer`], and on
    /// the wire it stands between [`Packet::ip`] and the TCP header.
    Udp {
        /// Source port.
        src_port: u16,
        /// Destination port.
        dst_port: u16,
    },
}

/// One entry of an MPLS label stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MplsEntry {
    /// 20-bit label.
    pub label: u32,
    /// 3-bit traffic class.
    pub tc: u8,
    /// Bottom of stack.
    pub bottom: bool,
    /// Time to live.
    pub ttl: u8,
}

/// The fields of an IP header that matter here. Version is that of the addresses (both the same).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ip {
    /// Source.
    pub src: IpAddr,
    /// Destination.
    pub dst: IpAddr,
    /// Whole TOS or traffic-class byte.
    pub tos: u8,
    /// TTL or hop limit.
    pub ttl: u8,
    /// IPv6 flow label, 20 bits; 0 for IPv4.
    pub flow_label: u32,
    /// IPv4 identification; 0 for IPv6.
    pub id: u16,
    /// IPv4 don't-fragment bit; false for IPv6.
    pub dont_fragment: bool,
}

impl Ip {
    /// A header as packetdrill injects it: TTL 255, id 0, everything else clear.
    #[must_use]
    pub fn new(src: IpAddr, dst: IpAddr) -> Self {
        Self { src, dst, tos: 0, ttl: 255, flow_label: 0, id: 0, dont_fragment: false }
    }
}

/// What the (inner) IP header carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Transport {
    /// TCP.
    Tcp(Tcp),
    /// UDP.
    Udp(Udp),
    /// ICMP or ICMPv6, by the IP version.
    Icmp(Icmp),
}

/// A TCP segment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tcp {
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// SEG.SEQ.
    pub seq: u32,
    /// SEG.ACK (whatever the ACK flag says).
    pub ack: u32,
    /// The twelve bits after the data offset: FIN 0x001 … CWR 0x080, AE 0x100, reserved 0xe00.
    pub flags: u16,
    /// SEG.WND, unscaled.
    pub window: u16,
    /// SEG.UP.
    pub urgent: u16,
    /// Options in wire order, padding included as written (NOP, EOL).
    pub options: Vec<TcpOption>,
    /// Payload.
    #[serde(with = "super::payload")]
    pub payload: Vec<u8>,
}

/// Bits of [`Tcp::flags`].
pub mod flag {
    /// FIN
    pub const FIN: u16 = 0x001;
    /// SYN
    pub const SYN: u16 = 0x002;
    /// RST
    pub const RST: u16 = 0x004;
    /// PSH
    pub const PSH: u16 = 0x008;
    /// ACK
    pub const ACK: u16 = 0x010;
    /// URG
    pub const URG: u16 = 0x020;
    /// ECE
    pub const ECE: u16 = 0x040;
    /// CWR
    pub const CWR: u16 = 0x080;
    /// AE (accurate ECN, RFC 9768)
    pub const AE: u16 = 0x100;
    /// The three bits that are still reserved.
    pub const RESERVED: u16 = 0xe00;
}

impl Tcp {
    /// All bits of `mask` are set.
    #[must_use]
    pub fn has(&self, mask: u16) -> bool {
        self.flags & mask == mask
    }

    /// SEG.LEN: payload, plus one for SYN and one for FIN.
    #[must_use]
    pub fn seg_len(&self) -> u32 {
        let data = u32::try_from(self.payload.len()).unwrap_or(u32::MAX);
        data + u32::from(self.has(flag::SYN)) + u32::from(self.has(flag::FIN))
    }
}

/// One TCP option.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TcpOption {
    /// Kind 0.
    Eol,
    /// Kind 1.
    Nop,
    /// Kind 2.
    Mss(u16),
    /// Kind 3.
    Wscale(u8),
    /// Kind 4.
    SackOk,
    /// Kind 5: left and right edges.
    Sack(Vec<(u32, u32)>),
    /// Kind 8.
    Ts {
        /// TSval
        val: u32,
        /// TSecr
        ecr: u32,
    },
    /// Kind 19; up to 16 bytes.
    Md5(Vec<u8>),
    /// Kind 34, or 254 with magic 0xF989.
    Fastopen {
        /// The experimental form.
        exp: bool,
        /// Empty for a request.
        cookie: Vec<u8>,
    },
    /// Kind 172 (`first_e1b: false`) or 174: 24-bit counters in wire order.
    AccEcn {
        /// The e1b counter comes first.
        first_e1b: bool,
        /// Zero to three counters.
        counters: Vec<u32>,
    },
    /// Any other kind that has a length byte.
    Unknown {
        /// Option kind.
        kind: u8,
        /// Bytes after kind and length.
        data: Vec<u8>,
    },
    /// Bytes that are no well-formed option (length 0 or 1, or beyond the header), up to the end;
    /// also what follows EOL from the first byte on that is not zero.
    Malformed(Vec<u8>),
}

/// A UDP datagram.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Udp {
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// Payload.
    #[serde(with = "super::payload")]
    pub payload: Vec<u8>,
}

/// An ICMP or ICMPv6 message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Icmp {
    /// Type.
    pub ty: u8,
    /// Code.
    pub code: u8,
    /// The four bytes after the checksum (MTU, echo id and sequence, pointer).
    pub rest: u32,
    /// Everything after the first eight bytes.
    pub body: Vec<u8>,
}
