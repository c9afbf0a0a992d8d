//! IPv6 headers (RFC 8200). Hop-by-hop, routing and destination options are skipped; fragments
//! are not reassembled.

use std::net::{IpAddr, Ipv6Addr};

use super::ipv4::Datagram;
use super::read::{be16, be32, byte, ipv6};
use super::segment::{IpHeader, WireError};

const HEADER_LEN: usize = 40;
const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const DESTINATION: u8 = 60;

/// Header and upper-layer payload; bytes beyond the payload length are dropped.
///
/// Linux: ip6_rcv_core (net/ipv6/ip6_input.c)
pub(super) fn parse(bytes: &[u8]) -> Result<Datagram<'_>, WireError> {
    let header = bytes.get(..HEADER_LEN).ok_or(WireError::PktTooSmall)?;
    let len = usize::from(be16(header, 4).ok_or(WireError::PktTooSmall)?);
    let body = bytes.get(HEADER_LEN..HEADER_LEN + len).ok_or(WireError::PktTooSmall)?;
    fields(header, body).ok_or(WireError::PktTooSmall)
}

/// Header and as much payload as is quoted, for the packet inside an ICMPv6 error.
pub(super) fn parse_quoted(bytes: &[u8]) -> Option<Datagram<'_>> {
    fields(bytes.get(..HEADER_LEN)?, bytes.get(HEADER_LEN..)?)
}

fn fields<'a>(header: &[u8], body: &'a [u8]) -> Option<Datagram<'a>> {
    let first = be32(header, 0)?;
    let (protocol, fragment, payload) = upper_layer(byte(header, 6)?, body)?;
    Some(Datagram {
        header: IpHeader {
            src: IpAddr::V6(ipv6(header, 8)?),
            dst: IpAddr::V6(ipv6(header, 24)?),
            tos: u8::try_from(first >> 20 & 0xff).ok()?,
            ttl: byte(header, 7)?,
            flow_label: first & 0xf_ffff,
            id: 0,
            dont_fragment: false,
        },
        protocol,
        fragment,
        payload,
    })
}

/// Walks the extension headers to the first one that is none of ours to skip.
fn upper_layer(first: u8, body: &[u8]) -> Option<(u8, bool, &[u8])> {
    let (mut next, mut rest) = (first, body);
    while matches!(next, HOP_BY_HOP | ROUTING | DESTINATION) {
        let len = (usize::from(byte(rest, 1)?) + 1) * 8;
        next = byte(rest, 0)?;
        rest = rest.get(len..)?;
    }
    Some((next, next == FRAGMENT, rest))
}

/// Appends a 40-byte header for `payload_len` bytes of `protocol`.
pub(super) fn emit(
    ip: &IpHeader,
    addrs: (Ipv6Addr, Ipv6Addr),
    protocol: u8,
    payload_len: usize,
    out: &mut Vec<u8>,
) {
    let first = 6 << 28 | u32::from(ip.tos) << 20 | ip.flow_label & 0xf_ffff;
    out.extend(first.to_be_bytes());
    out.extend(u16::try_from(payload_len).unwrap_or(u16::MAX).to_be_bytes());
    out.extend([protocol, ip.ttl]);
    out.extend(addrs.0.octets());
    out.extend(addrs.1.octets());
}
