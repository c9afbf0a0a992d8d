//! The plain data of the wire: a segment, its IP header, its flags, and why bytes are not one.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::{BitAnd, BitOr, BitOrAssign, Not};

use super::{IcmpError, OptionBuf, Options};
use crate::seq::Seq;

/// The fields of an IP header a TCP looks at or chooses. The version is that of the addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IpHeader {
    /// Source.
    pub src: IpAddr,
    /// Destination.
    pub dst: IpAddr,
    /// TOS or traffic-class byte: DSCP and ECN.
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

impl IpHeader {
    /// TTL 64, don't-fragment on IPv4, everything else clear.
    #[must_use]
    pub const fn new(src: IpAddr, dst: IpAddr) -> Self {
        let dont_fragment = src.is_ipv4();
        Self { src, dst, tos: 0, ttl: 64, flow_label: 0, id: 0, dont_fragment }
    }

    /// The ECN field: 0 not-ECT, 1 ECT(1), 2 ECT(0), 3 CE (RFC 3168 §5).
    #[must_use]
    pub const fn ecn(&self) -> u8 {
        self.tos & 3
    }
}

/// The twelve bits after the data offset: AE, CWR … FIN, and the three still reserved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(pub u16);

impl Flags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// No more data from sender.
    pub const FIN: Self = Self(0x001);
    /// Synchronize sequence numbers.
    pub const SYN: Self = Self(0x002);
    /// Reset the connection.
    pub const RST: Self = Self(0x004);
    /// Push function.
    pub const PSH: Self = Self(0x008);
    /// Acknowledgment field is significant.
    pub const ACK: Self = Self(0x010);
    /// Urgent pointer field is significant.
    pub const URG: Self = Self(0x020);
    /// ECN-Echo, RFC 3168.
    pub const ECE: Self = Self(0x040);
    /// Congestion window reduced, RFC 3168.
    pub const CWR: Self = Self(0x080);
    /// Accurate ECN, RFC 9768.
    pub const AE: Self = Self(0x100);
    /// Reserved bits.
    pub const RESERVED: Self = Self(0xe00);

    /// Every bit of `mask` is set.
    #[must_use]
    pub const fn has(self, mask: Self) -> bool {
        self.0 & mask.0 == mask.0
    }
    /// FIN is set.
    #[must_use]
    pub const fn fin(self) -> bool {
        self.has(Self::FIN)
    }
    /// SYN is set.
    #[must_use]
    pub const fn syn(self) -> bool {
        self.has(Self::SYN)
    }
    /// RST is set.
    #[must_use]
    pub const fn rst(self) -> bool {
        self.has(Self::RST)
    }
    /// PSH is set.
    #[must_use]
    pub const fn psh(self) -> bool {
        self.has(Self::PSH)
    }
    /// ACK is set.
    #[must_use]
    pub const fn ack(self) -> bool {
        self.has(Self::ACK)
    }
    /// URG is set.
    #[must_use]
    pub const fn urg(self) -> bool {
        self.has(Self::URG)
    }
    /// ECE is set.
    #[must_use]
    pub const fn ece(self) -> bool {
        self.has(Self::ECE)
    }
    /// CWR is set.
    #[must_use]
    pub const fn cwr(self) -> bool {
        self.has(Self::CWR)
    }
    /// AE is set.
    #[must_use]
    pub const fn ae(self) -> bool {
        self.has(Self::AE)
    }
    /// This set without the bits of `mask`.
    #[must_use]
    pub const fn without(self, mask: Self) -> Self {
        Self(self.0 & !mask.0)
    }
}

impl BitOr for Flags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Flags {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl BitAnd for Flags {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl Not for Flags {
    type Output = Self;
    fn not(self) -> Self {
        Self(!self.0 & 0xfff)
    }
}

impl fmt::Display for Flags {
    /// packetdrill's letters, most significant last; `.` is ACK and `-` an empty set.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 & 0x1ff == 0 {
            return f.write_str("-");
        }
        const LETTERS: [char; 9] = ['F', 'S', 'R', 'P', '.', 'U', 'E', 'W', 'A'];
        for (bit, letter) in LETTERS.iter().enumerate() {
            if self.0 >> bit & 1 == 1 {
                write!(f, "{letter}")?;
            }
        }
        Ok(())
    }
}

/// A TCP segment with its IP header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// IP header.
    pub ip: IpHeader,
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// SEG.SEQ.
    pub seq: Seq,
    /// SEG.ACK, whatever the ACK flag says.
    pub ack: Seq,
    /// Control bits.
    pub flags: Flags,
    /// SEG.WND, unscaled.
    pub wnd: u16,
    /// SEG.UP.
    pub urg_ptr: u16,
    /// The option area as it is on the wire; the only thing `emit` encodes.
    pub option_bytes: OptionBuf,
    /// What Linux's parser reads in the option area; set by `parse`, ignored by `emit`.
    pub options: Options,
    /// SEG.TEXT.
    pub payload: Vec<u8>,
    /// Segment size of what arrived as one of several that the link had put together, as GRO or a
    /// virtual link do; 0 for a segment of its own. `emit` does not look at it. It counts as one
    /// segment: a virtual link does not say how many it was (Linux: SKB_GSO_DODGY, gso_segs 0).
    pub gso_size: u16,
}

impl Segment {
    /// A bare segment: no options, no payload, window 0.
    #[must_use]
    pub fn new(src: SocketAddr, dst: SocketAddr, flags: Flags) -> Self {
        Self {
            ip: IpHeader::new(src.ip(), dst.ip()),
            src_port: src.port(),
            dst_port: dst.port(),
            seq: Seq(0),
            ack: Seq(0),
            flags,
            wnd: 0,
            urg_ptr: 0,
            option_bytes: OptionBuf::default(),
            options: Options::default(),
            payload: Vec::new(),
            gso_size: 0,
        }
    }

    /// Source address and port.
    #[must_use]
    pub const fn src(&self) -> SocketAddr {
        SocketAddr::new(self.ip.src, self.src_port)
    }

    /// Destination address and port.
    #[must_use]
    pub const fn dst(&self) -> SocketAddr {
        SocketAddr::new(self.ip.dst, self.dst_port)
    }

    /// SEG.LEN: payload bytes, plus one for SYN and one for FIN.
    #[must_use]
    pub fn seg_len(&self) -> u32 {
        self.end_seq() - self.seq
    }

    /// The sequence number after this segment (Linux: TCP_SKB_CB(skb)->end_seq).
    #[must_use]
    pub fn end_seq(&self) -> Seq {
        let control = u32::from(self.flags.syn()) + u32::from(self.flags.fin());
        self.seq.plus_len(self.payload.len()) + control
    }
}

/// What arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ingress {
    /// A TCP segment, checksum verified.
    Tcp(Segment),
    /// An ICMP error about a TCP segment.
    Icmp(IcmpError),
    /// Valid IP that is nothing to TCP: another protocol, a fragment, an ICMP query.
    Other,
}

/// Why bytes are not a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WireError {
    /// A header or the announced length does not fit.
    PktTooSmall,
    /// The IP header is not one.
    IpInHdr,
    /// The IPv4 header checksum is wrong.
    IpCsum,
    /// The TCP checksum is wrong.
    TcpCsum,
    /// The ICMP checksum is wrong.
    IcmpCsum,
}

impl WireError {
    /// The name of the kernel's drop reason, without the SKB_DROP_REASON_ prefix.
    ///
    /// Linux: include/net/dropreason-core.h
    #[must_use]
    pub const fn drop_reason(self) -> &'static str {
        match self {
            Self::PktTooSmall => "PKT_TOO_SMALL",
            Self::IpInHdr => "IP_INHDR",
            Self::IpCsum => "IP_CSUM",
            Self::TcpCsum => "TCP_CSUM",
            Self::IcmpCsum => "ICMP_CSUM",
        }
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.drop_reason())
    }
}

impl std::error::Error for WireError {}
