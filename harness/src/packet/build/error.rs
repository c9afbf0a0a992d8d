//! Why a [`crate::packet::Packet`] has no encoding.

use thiserror::Error;

/// A packet that cannot be put into bytes. Lengths are in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BuildError {
    /// Source and destination of one IP header are not both IPv4 or both IPv6.
    #[error("source and destination of an IP header are of different families")]
    MixedFamilies,
    /// More than 20 bits.
    #[error("flow label {0:#x} is wider than 20 bits")]
    FlowLabel(u32),
    /// A datagram starts with IP.
    #[error("the outermost header is {0}, and must be IP")]
    OutermostNotIp(&'static str),
    /// No protocol number or ethertype says so.
    #[error("{outer} cannot carry {inner}")]
    Nesting {
        /// The carrying header.
        outer: &'static str,
        /// The header that should follow it.
        inner: &'static str,
    },
    /// GRE version other than 0, or source routing, which has no fixed length.
    #[error("GRE flags {0:#06x} ask for a version or for routing, which have no encoding here")]
    GreFlags(u16),
    /// An MPLS stack without entries.
    #[error("MPLS label stack is empty")]
    MplsEmpty,
    /// An MPLS label of more than 20 bits.
    #[error("MPLS label {0:#x} is wider than 20 bits")]
    MplsLabel(u32),
    /// An MPLS traffic class of more than 3 bits.
    #[error("MPLS traffic class {0} is wider than 3 bits")]
    MplsTc(u8),
    /// A bottom-of-stack bit before the last entry, or none on the last.
    #[error("MPLS bottom-of-stack bit must be on the last entry and on no other")]
    MplsBottom,
    /// More than twelve bits of TCP flags.
    #[error("TCP flags {0:#x} are wider than 12 bits")]
    TcpFlags(u16),
    /// Nothing pads automatically.
    #[error(
        "TCP options are not padded correctly: {len} bytes, {excess} in excess of 4 byte words"
    )]
    OptionsNotPadded {
        /// Size of the list.
        len: usize,
        /// Size modulo 4.
        excess: usize,
    },
    /// The header has room for 40.
    #[error("TCP options take {0} bytes, the header has room for 40")]
    OptionsTooLong(usize),
    /// Kinds 0 and 1 have no length and no data.
    #[error("TCP option kind {0} cannot have a length")]
    OptionKind(u8),
    /// The option has three.
    #[error("{0} AccECN counters, the option has room for 3")]
    AccEcnCounters(usize),
    /// More than 24 bits.
    #[error("AccECN counter {0:#x} is wider than 24 bits")]
    AccEcnCounter(u32),
    /// More than a 16-bit length field says.
    #[error("{layer} length {len} does not fit its 16-bit length field")]
    TooLong {
        /// Which header.
        layer: &'static str,
        /// Size by the rules of that field.
        len: usize,
    },
}
