//! Segments and ICMP errors that arrive, in numbers relative to what the peer has seen.
//!
//! The peer is the end that a scenario plays. "Sees" means: of the packets that the target sent and
//! the link did not lose. Offsets are added modulo 2^32.

use serde::{Deserialize, Serialize};

use super::model::is_default;
use crate::packet::Malform;

/// A sequence number of the peer's own stream, as `SEG.SEQ` of what arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Seq {
    /// A number of the script: counted from the peer's initial sequence number, absolute in a SYN.
    At(u32),
    /// From the peer's initial sequence number.
    Isn(i32),
    /// From the number behind everything that the peer has sent in order (its SND.NXT).
    Next(i32),
    /// From the last acknowledgment that the peer has seen: the target's RCV.NXT, the left edge.
    RcvNxt(i32),
    /// From the right edge of the last window that the peer has seen: the first number beyond it.
    RightEdge(i32),
}

/// A sequence number of the target's stream, as `SEG.ACK` of what arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Ack {
    /// A number of the script: counted from the target's initial sequence number.
    At(u32),
    /// From the target's initial sequence number.
    Isn(i32),
    /// From the highest number that the peer has acknowledged (the target's SND.UNA).
    SndUna(i32),
    /// From the number behind everything that the peer has seen (the target's SND.NXT).
    SndNxt(i32),
}

/// A 32-bit value of the timestamps option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Stamp {
    /// A number of the script.
    At(u32),
    /// As TSval: from the peer's clock, which is 1000 at time 0 and counts milliseconds. As TSecr:
    /// from the last TSval of the target that the peer has seen.
    Recent(i32),
}

/// One TCP option. None is padded: the list is to fill a multiple of four bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Opt {
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
    Sack(Vec<(Ack, Ack)>),
    /// Kind 8.
    Ts {
        /// TSval
        val: Stamp,
        /// TSecr
        ecr: Stamp,
    },
    /// Kind 34: a request without a cookie, or a cookie.
    FastOpen(Vec<u8>),
    /// These bytes, whatever they mean.
    Raw(Vec<u8>),
}

impl Opt {
    /// Bytes in the header.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Eol | Self::Nop => 1,
            Self::SackOk => 2,
            Self::Wscale(_) => 3,
            Self::Mss(_) => 4,
            Self::Ts { .. } => 10,
            Self::Sack(blocks) => 2 + 8 * blocks.len(),
            Self::FastOpen(cookie) => 2 + cookie.len(),
            Self::Raw(bytes) => bytes.len(),
        }
    }
}

/// Which connection: 0 is the one of the last connect() or of the last segment with a number of its
/// own; any other is that from port 40000 and so many to port 8080.
pub type Number = u8;

/// A TCP segment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Segment {
    /// Of which connection.
    #[serde(default, skip_serializing_if = "is_default")]
    pub conn: Number,
    /// The twelve bits after the data offset, as [`crate::packet::flag`] has them.
    pub flags: u16,
    /// SEG.SEQ
    pub seq: Seq,
    /// SEG.ACK, whatever the ACK flag says; 0 if none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ack: Option<Ack>,
    /// SEG.WND, unscaled.
    pub window: u16,
    /// SEG.UP
    #[serde(default, skip_serializing_if = "is_default")]
    pub urgent: u16,
    /// Bytes of data; zeros.
    #[serde(default, skip_serializing_if = "is_default")]
    pub payload: u16,
    /// In order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Opt>,
    /// Traffic class of the IP header.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tos: u8,
    /// What is wrong with its bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub malform: Vec<Malform>,
}

impl Segment {
    /// An empty segment in order, with `flags` and, where they say ACK, acknowledging everything.
    #[must_use]
    pub fn new(flags: u16) -> Self {
        let acks = flags & crate::packet::flag::ACK != 0;
        Self {
            conn: 0,
            flags,
            seq: Seq::Next(0),
            ack: acks.then_some(Ack::SndNxt(0)),
            window: 65_535,
            urgent: 0,
            payload: 0,
            options: Vec::new(),
            tos: 0,
            malform: Vec::new(),
        }
    }
}

/// An ICMP (or ICMPv6) error about a segment that the target sent on the connection of the last
/// segment or connect().
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IcmpError {
    /// Which.
    pub kind: IcmpKind,
    /// The sequence number that it quotes.
    pub seq: Ack,
    /// Bytes of data of the quoted segment.
    #[serde(default, skip_serializing_if = "is_default")]
    pub payload: u16,
}

/// Errors that both IP versions have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum IcmpKind {
    /// Network unreachable; in IPv6 no route.
    NetUnreachable,
    /// Host unreachable; in IPv6 address unreachable.
    HostUnreachable,
    /// Port unreachable.
    PortUnreachable,
    /// Administratively prohibited.
    Prohibited,
    /// Fragmentation needed; in IPv6 packet too big: the MTU.
    TooBig(u32),
    /// Time exceeded.
    TimeExceeded,
    /// Parameter problem.
    ParameterProblem,
}
