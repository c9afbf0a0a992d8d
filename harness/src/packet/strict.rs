//! Structural validation of a packet, before anything else reads it.
//!
//! `pnet` clamps lengths that overrun and reads on past the end of the option list, so every
//! length, offset and version is checked here and the accessors are used only on what passed.
//! RFC 791, 8200, 9293, 768, 792, 4443; encapsulation by RFC 2003, 2473, 2784, 2890, 3032, 4023.
//!
//! The bytes must be exactly one IP datagram: who reads frames from a link removes their padding.
//! Transport checksums are not looked at, because the kernel hands out packets whose checksum the
//! device was to fill in; see [`super::checksum`].

mod error;

use std::fmt;
use std::ops::Range;

pub use error::{Reason, StrictError};
use pnet_packet::util;

use super::checksum::same_sum;

/// Encapsulations that cannot be told from the bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decap {
    /// A UDP datagram from or to this port carries TCP.
    pub tcp_over_udp_port: Option<u16>,
}

/// Kinds of header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerKind {
    /// RFC 791.
    Ipv4,
    /// RFC 8200.
    Ipv6,
    /// RFC 2784 and 2890.
    Gre,
    /// RFC 3032, the whole label stack.
    Mpls,
    /// RFC 768.
    Udp,
    /// RFC 9293.
    Tcp,
    /// RFC 792.
    Icmpv4,
    /// RFC 4443.
    Icmpv6,
}

impl fmt::Display for LayerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
            Self::Gre => "GRE",
            Self::Mpls => "MPLS",
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Icmpv4 => "ICMP",
            Self::Icmpv6 => "ICMPv6",
        })
    }
}

/// One header of a checked packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layer {
    pub(super) kind: LayerKind,
    /// The header, TCP options included. Everything behind it is its payload.
    pub(super) header: Range<usize>,
}

/// The headers of a packet from outermost to transport, or why it is refused.
///
/// The list ends with TCP, UDP or ICMP, which stands behind IP, or behind IP and UDP.
pub(super) fn check(bytes: &[u8], decap: &Decap) -> Result<Vec<Layer>, StrictError> {
    let mut walk = Walk { bytes, at: 0, layers: Vec::new() };
    let mut next = Some(walk.ip_kind()?);
    while let Some(kind) = next {
        next = match kind {
            LayerKind::Ipv4 => Some(walk.ipv4()?),
            LayerKind::Ipv6 => Some(walk.ipv6()?),
            LayerKind::Gre => Some(walk.gre()?),
            LayerKind::Mpls => Some(walk.mpls()?),
            LayerKind::Udp => walk.udp(decap)?,
            LayerKind::Tcp => walk.tcp()?,
            LayerKind::Icmpv4 | LayerKind::Icmpv6 => walk.icmp(kind)?,
        };
    }
    Ok(walk.layers)
}

struct Walk<'a> {
    bytes: &'a [u8],
    /// Offset of the header to come.
    at: usize,
    layers: Vec<Layer>,
}

/// What a header function answers: the kind of the next header.
type Step<T> = Result<T, StrictError>;

impl Walk<'_> {
    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Refuses with `reason`, which a field `offset` bytes into the current header gives.
    fn refuse<T>(&self, offset: usize, reason: Reason) -> Step<T> {
        Err(StrictError { at: self.at + offset, reason })
    }

    /// The first `N` bytes of the current header.
    fn fixed<const N: usize>(&self, layer: LayerKind) -> Step<[u8; N]> {
        let rest = self.rest();
        match rest.first_chunk::<N>() {
            Some(chunk) => Ok(*chunk),
            None => self.refuse(0, Reason::Truncated { layer, need: N, have: rest.len() }),
        }
    }

    /// Takes `len` bytes as the current header.
    fn take(&mut self, kind: LayerKind, len: usize) -> Step<()> {
        let have = self.rest().len();
        if len > have {
            return self.refuse(0, Reason::Truncated { layer: kind, need: len, have });
        }
        self.layers.push(Layer { kind, header: self.at..self.at + len });
        self.at += len;
        Ok(())
    }

    /// IPv4 or IPv6 by the version nibble.
    fn ip_kind(&self) -> Step<LayerKind> {
        let [first] = self.fixed::<1>(LayerKind::Ipv4)?;
        match first >> 4 {
            4 => Ok(LayerKind::Ipv4),
            6 => Ok(LayerKind::Ipv6),
            other => self.refuse(0, Reason::Version(other)),
        }
    }

    fn ipv4(&mut self) -> Step<LayerKind> {
        let layer = LayerKind::Ipv4;
        let header = self.fixed::<20>(layer)?;
        let [first, _, len_hi, len_lo, _, _, frag_hi, frag_lo, _, protocol, sum_hi, sum_lo, ..] =
            header;
        let header_len = usize::from(first & 0xf) * 4;
        let says = usize::from(u16::from_be_bytes([len_hi, len_lo]));
        let have = self.rest().len();
        if first >> 4 != 4 {
            return self.refuse(0, Reason::Version(first >> 4));
        }
        if header_len < 20 {
            return self.refuse(0, Reason::HeaderLength(header_len));
        }
        if says != have {
            return self.refuse(2, Reason::Length { layer, says, have });
        }
        let Some(whole) = self.rest().get(..header_len) else {
            return self.refuse(0, Reason::Truncated { layer, need: header_len, have });
        };
        let found = u16::from_be_bytes([sum_hi, sum_lo]);
        let correct = util::checksum(whole, 5);
        if !same_sum(found, correct) {
            return self.refuse(10, Reason::Ipv4HeaderChecksum { found, correct });
        }
        let fragment = u16::from_be_bytes([frag_hi, frag_lo]);
        if fragment & 0x8000 != 0 {
            return self.refuse(6, Reason::Ipv4ReservedFlag);
        }
        if fragment & 0x3fff != 0 {
            return self.refuse(6, Reason::Fragment);
        }
        if header_len > 20 {
            return self.refuse(20, Reason::Ipv4Options(header_len - 20));
        }
        let Some(next) = carried(layer, protocol) else {
            return self.refuse(9, Reason::Protocol { layer, protocol });
        };
        self.take(layer, header_len)?;
        Ok(next)
    }

    fn ipv6(&mut self) -> Step<LayerKind> {
        let layer = LayerKind::Ipv6;
        let [first, _, _, _, len_hi, len_lo, protocol, ..] = self.fixed::<40>(layer)?;
        let says = usize::from(u16::from_be_bytes([len_hi, len_lo]));
        let have = self.rest().len() - 40;
        if first >> 4 != 6 {
            return self.refuse(0, Reason::Version(first >> 4));
        }
        if says == 0 && protocol == HOP_BY_HOP {
            return self.refuse(4, Reason::Jumbogram);
        }
        if says != have {
            return self.refuse(4, Reason::Length { layer, says, have });
        }
        self.take(layer, 40)?;
        if is_extension(protocol) {
            return self.extensions(protocol);
        }
        match carried(layer, protocol) {
            Some(next) => Ok(next),
            // The field stands in the header just taken, 34 bytes before its end.
            None => {
                Err(StrictError { at: self.at - 34, reason: Reason::Protocol { layer, protocol } })
            }
        }
    }

    /// Walks extension headers to see that they fit, and refuses: a packet of ours has none.
    fn extensions(&mut self, first: u8) -> Step<LayerKind> {
        let mut here = first;
        let chain = self.at;
        while is_extension(here) {
            let [next, len, ..] = self.fixed::<8>(LayerKind::Ipv6)?;
            if here == FRAGMENT {
                return self.refuse(0, Reason::Fragment);
            }
            let (need, have) = (8 + usize::from(len) * 8, self.rest().len());
            if need > have {
                let layer = LayerKind::Ipv6;
                return self.refuse(0, Reason::Truncated { layer, need, have });
            }
            self.at += need;
            here = next;
        }
        Err(StrictError { at: chain, reason: Reason::ExtensionHeader(first) })
    }

    fn gre(&mut self) -> Step<LayerKind> {
        let [flags_hi, flags_lo, proto_hi, proto_lo] = self.fixed::<4>(LayerKind::Gre)?;
        let flags = u16::from_be_bytes([flags_hi, flags_lo]);
        if flags & GRE_UNSUPPORTED != 0 {
            return self.refuse(0, Reason::GreFlags(flags));
        }
        let next = match u16::from_be_bytes([proto_hi, proto_lo]) {
            0x0800 => LayerKind::Ipv4,
            0x86dd => LayerKind::Ipv6,
            0x8847 => LayerKind::Mpls,
            other => return self.refuse(2, Reason::GreProtocol(other)),
        };
        self.take(LayerKind::Gre, gre_len(flags))?;
        Ok(next)
    }

    fn mpls(&mut self) -> Step<LayerKind> {
        let start = self.at;
        let mut bottom = false;
        while !bottom {
            let [_, _, low, _] = self.fixed::<4>(LayerKind::Mpls)?;
            bottom = low & 1 != 0;
            self.at += 4;
        }
        let len = self.at - start;
        self.at = start;
        self.take(LayerKind::Mpls, len)?;
        self.ip_kind()
    }

    fn udp(&mut self, decap: &Decap) -> Step<Option<LayerKind>> {
        let layer = LayerKind::Udp;
        let [src_hi, src_lo, dst_hi, dst_lo, len_hi, len_lo, ..] = self.fixed::<8>(layer)?;
        let says = usize::from(u16::from_be_bytes([len_hi, len_lo]));
        let have = self.rest().len();
        if says != have {
            return self.refuse(4, Reason::Length { layer, says, have });
        }
        self.take(layer, 8)?;
        let ports = [u16::from_be_bytes([src_hi, src_lo]), u16::from_be_bytes([dst_hi, dst_lo])];
        let carries_tcp = decap.tcp_over_udp_port.is_some_and(|port| ports.contains(&port));
        Ok(carries_tcp.then_some(LayerKind::Tcp))
    }

    fn tcp(&mut self) -> Step<Option<LayerKind>> {
        let header = self.fixed::<20>(LayerKind::Tcp)?;
        let [_, _, _, _, _, _, _, _, _, _, _, _, offset, ..] = header;
        let says = usize::from(offset >> 4) * 4;
        let have = self.rest().len();
        if says < 20 || says > have {
            return self.refuse(12, Reason::TcpDataOffset { says, have });
        }
        self.take(LayerKind::Tcp, says)?;
        Ok(None)
    }

    fn icmp(&mut self, kind: LayerKind) -> Step<Option<LayerKind>> {
        self.take(kind, 8)?;
        Ok(None)
    }
}

/// Version bits and the routing bit: source routes have a length of their own and no user.
pub(super) const GRE_UNSUPPORTED: u16 = 0x4007;

/// Size of a GRE header: four bytes for each of checksum, key and sequence number.
pub(super) fn gre_len(flags: u16) -> usize {
    let words = [0x8000, 0x2000, 0x1000].iter().filter(|&bit| flags & bit != 0).count();
    4 + 4 * words
}

const HOP_BY_HOP: u8 = 0;
const FRAGMENT: u8 = 44;

/// Hop-by-hop, routing, fragment, destination options: the ones with a length in common form.
fn is_extension(protocol: u8) -> bool {
    matches!(protocol, HOP_BY_HOP | 43 | FRAGMENT | 60)
}

/// What a protocol number stands for inside IPv4 or IPv6.
fn carried(layer: LayerKind, protocol: u8) -> Option<LayerKind> {
    match protocol {
        1 if layer == LayerKind::Ipv4 => Some(LayerKind::Icmpv4),
        4 => Some(LayerKind::Ipv4),
        6 => Some(LayerKind::Tcp),
        17 => Some(LayerKind::Udp),
        41 => Some(LayerKind::Ipv6),
        47 => Some(LayerKind::Gre),
        58 if layer == LayerKind::Ipv6 => Some(LayerKind::Icmpv6),
        137 => Some(LayerKind::Mpls),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
