//! Why a packet was refused, and at which byte.

use thiserror::Error;

use super::LayerKind;

/// A refused packet: what is wrong, and the offset of the field that says so.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{reason} (byte {at})")]
pub struct StrictError {
    /// Offset from the first byte of the outermost IP header.
    pub at: usize,
    /// What is wrong there.
    pub reason: Reason,
}

impl StrictError {
    /// The packet may be well-formed and holds something [`crate::packet::Packet`] cannot: another
    /// protocol, a fragment, IPv4 options, IPv6 extension headers. A conforming host sends such
    /// packets (neighbour discovery, multicast listener reports), so who waits for one connection
    /// may pass over them. Everything else is a malformed packet.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        match self.reason {
            Reason::Fragment
            | Reason::Ipv4Options(_)
            | Reason::ExtensionHeader(_)
            | Reason::Jumbogram
            | Reason::Protocol { .. }
            | Reason::GreProtocol(_) => true,
            Reason::Truncated { .. }
            | Reason::Version(_)
            | Reason::HeaderLength(_)
            | Reason::Length { .. }
            | Reason::Ipv4ReservedFlag
            | Reason::Ipv4HeaderChecksum { .. }
            | Reason::GreFlags(_)
            | Reason::TcpDataOffset { .. } => false,
        }
    }
}

/// The reasons. Lengths are in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Reason {
    /// A header does not fit into what is left.
    #[error("{layer} header needs {need} bytes, {have} are left")]
    Truncated {
        /// Of which header.
        layer: LayerKind,
        /// Size of the header.
        need: usize,
        /// Bytes left.
        have: usize,
    },
    /// The version nibble is neither 4 nor 6, or not the one announced by the header before.
    #[error("IP version {0}")]
    Version(u8),
    /// IPv4 header length below 20.
    #[error("IPv4 header length {0}, at least 20 is required")]
    HeaderLength(usize),
    /// A length field disagrees with the bytes that are there, in either direction.
    #[error("{layer} length is {says}, the packet has {have} bytes")]
    Length {
        /// Of which header.
        layer: LayerKind,
        /// What the field says (IPv6: payload length, without the header).
        says: usize,
        /// What is there, counted the same way.
        have: usize,
    },
    /// The bit next to DF is set.
    #[error("reserved bit of the IPv4 fragment word is set")]
    Ipv4ReservedFlag,
    /// The IPv4 header checksum is wrong.
    #[error("IPv4 header checksum is {found:#06x}, should be {correct:#06x}")]
    Ipv4HeaderChecksum {
        /// As in the header.
        found: u16,
        /// As it should be.
        correct: u16,
    },
    /// Any fragment, the first one and IPv6 atomic fragments included.
    #[error("IP fragment")]
    Fragment,
    /// That many bytes of IPv4 options.
    #[error("{0} bytes of IPv4 options")]
    Ipv4Options(usize),
    /// IPv6 extension header of this number; the chain behind it is well-formed.
    #[error("IPv6 extension header {0}")]
    ExtensionHeader(u8),
    /// IPv6 payload length 0 with hop-by-hop options (RFC 2675).
    #[error("IPv6 jumbogram")]
    Jumbogram,
    /// IP carries something else than TCP, UDP, ICMP of its version, IP, GRE or MPLS.
    #[error("protocol {protocol} in {layer}")]
    Protocol {
        /// IPv4 or IPv6.
        layer: LayerKind,
        /// The number.
        protocol: u8,
    },
    /// GRE version other than 0, or source routing.
    #[error("GRE flags {0:#06x}")]
    GreFlags(u16),
    /// GRE carries something else than IPv4, IPv6 or MPLS.
    #[error("GRE protocol {0:#06x}")]
    GreProtocol(u16),
    /// Below 20, or beyond the end of the segment.
    #[error("TCP data offset says {says} bytes, the segment has {have}")]
    TcpDataOffset {
        /// Header size by the data offset.
        says: usize,
        /// Size of header and payload.
        have: usize,
    },
}
