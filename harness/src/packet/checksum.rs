//! Checksums of TCP, UDP and ICMP over their pseudo headers, calculated by `pnet`.

use std::net::IpAddr;

use pnet_packet::ip::IpNextHeaderProtocol;
use pnet_packet::util;

use super::parse::parse;
use super::strict::{Decap, LayerKind, check};

/// Whether the checksum of the innermost TCP, UDP or ICMP header is right.
///
/// [`None`] when there is nothing to verify: the packet does not parse, or it is UDP over IPv4
/// sent without a checksum. Packets read from a TUN device may be wrong here and yet be sent
/// rightly, because the kernel left the sum to the device.
#[must_use]
pub fn transport_checksum_ok(bytes: &[u8]) -> Option<bool> {
    let layers = check(bytes, &Decap::default()).ok()?;
    let layer = layers.last()?;
    let ip = parse(bytes).ok()?.ip;
    let segment = bytes.get(layer.header.start..)?;
    let place = place(layer.kind)?;
    let found = segment.get(place.offset..).and_then(<[u8]>::first_chunk::<2>)?;
    let found = u16::from_be_bytes(*found);
    if layer.kind == LayerKind::Udp && found == 0 {
        return ip.src.is_ipv6().then_some(false);
    }
    Some(same_sum(found, place.sum(segment, ip.src, ip.dst)))
}

/// In ones' complement 0 and 0xffff are the same number, and a receiver, who adds everything up, takes
/// either; only where everything else is zero does 0 add up to nothing at all, which is wrong.
pub(super) fn same_sum(found: u16, correct: u16) -> bool {
    found == correct || (found, correct) == (0xffff, 0)
}

/// Where a transport header keeps its checksum, and under which number the pseudo header has it.
pub(super) struct Place {
    /// Offset in the transport header.
    pub(super) offset: usize,
    /// Protocol number; [`None`] for ICMP over IPv4, which has no pseudo header.
    protocol: Option<u8>,
}

/// [`None`] for headers that have no checksum over their payload.
pub(super) fn place(kind: LayerKind) -> Option<Place> {
    match kind {
        LayerKind::Tcp => Some(Place { offset: 16, protocol: Some(6) }),
        LayerKind::Udp => Some(Place { offset: 6, protocol: Some(17) }),
        LayerKind::Icmpv4 => Some(Place { offset: 2, protocol: None }),
        LayerKind::Icmpv6 => Some(Place { offset: 2, protocol: Some(58) }),
        LayerKind::Ipv4 | LayerKind::Ipv6 | LayerKind::Gre | LayerKind::Mpls => None,
    }
}

impl Place {
    /// The checksum `segment` (header and payload) should have; what stands in its place is not
    /// looked at. Addresses of different families have none, and give 0.
    pub(super) fn sum(&self, segment: &[u8], src: IpAddr, dst: IpAddr) -> u16 {
        let word = self.offset / 2;
        let Some(protocol) = self.protocol else { return util::checksum(segment, word) };
        let protocol_number = IpNextHeaderProtocol(protocol);
        let sum = match (src, dst) {
            (IpAddr::V4(src), IpAddr::V4(dst)) => {
                util::ipv4_checksum(segment, word, &[], &src, &dst, protocol_number)
            }
            (IpAddr::V6(src), IpAddr::V6(dst)) => {
                util::ipv6_checksum(segment, word, &[], &src, &dst, protocol_number)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => 0,
        };
        // RFC 768: zero means "no checksum", so a sum of zero is sent as its other form.
        if protocol == 17 && sum == 0 { 0xffff } else { sum }
    }
}

#[cfg(test)]
mod tests;
