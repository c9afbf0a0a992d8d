//! IPv4 headers (RFC 791). Options are skipped; fragments are not reassembled.

use std::net::{IpAddr, Ipv4Addr};

use super::checksum::Sum;
use super::read::{be16, byte, ipv4};
use super::segment::{IpHeader, WireError};

const MIN_LEN: usize = 20;
const DONT_FRAGMENT: u16 = 0x4000;
/// More-fragments bit and the 13-bit offset: any of them makes a packet a fragment.
const FRAGMENT: u16 = 0x3fff;

/// An IP packet taken apart; shared with IPv6.
#[derive(Debug)]
pub(super) struct Datagram<'a> {
    pub(super) header: IpHeader,
    pub(super) protocol: u8,
    pub(super) fragment: bool,
    pub(super) payload: &'a [u8],
}

/// Header and payload; bytes beyond the total length are link-layer padding and are dropped.
///
/// Linux: ip_rcv_core (net/ipv4/ip_input.c)
pub(super) fn parse(bytes: &[u8]) -> Result<Datagram<'_>, WireError> {
    let header_len = header_len(bytes).ok_or(WireError::PktTooSmall)?;
    if header_len < MIN_LEN {
        return Err(WireError::IpInHdr);
    }
    let header = bytes.get(..header_len).ok_or(WireError::PktTooSmall)?;
    if Sum::default().bytes(header).finish() != 0 {
        return Err(WireError::IpCsum);
    }
    let total = usize::from(be16(header, 2).ok_or(WireError::PktTooSmall)?);
    if total < header_len {
        return Err(WireError::IpInHdr);
    }
    let payload = bytes.get(header_len..total).ok_or(WireError::PktTooSmall)?;
    fields(header, payload).ok_or(WireError::PktTooSmall)
}

/// Header and as much payload as is quoted, for the packet inside an ICMP error, which is cut
/// short and whose checksum a router may have left stale.
pub(super) fn parse_quoted(bytes: &[u8]) -> Option<Datagram<'_>> {
    let header_len = header_len(bytes).filter(|&len| len >= MIN_LEN)?;
    fields(bytes.get(..header_len)?, bytes.get(header_len..)?)
}

fn header_len(bytes: &[u8]) -> Option<usize> {
    byte(bytes, 0).map(|first| usize::from(first & 0xf) * 4)
}

fn fields<'a>(header: &[u8], payload: &'a [u8]) -> Option<Datagram<'a>> {
    let frag = be16(header, 6)?;
    Some(Datagram {
        header: IpHeader {
            src: IpAddr::V4(ipv4(header, 12)?),
            dst: IpAddr::V4(ipv4(header, 16)?),
            tos: byte(header, 1)?,
            ttl: byte(header, 8)?,
            flow_label: 0,
            id: be16(header, 4)?,
            dont_fragment: frag & DONT_FRAGMENT != 0,
        },
        protocol: byte(header, 9)?,
        fragment: frag & FRAGMENT != 0,
        payload,
    })
}

/// Appends a 20-byte header for `payload_len` bytes of `protocol`.
pub(super) fn emit(
    ip: &IpHeader,
    addrs: (Ipv4Addr, Ipv4Addr),
    protocol: u8,
    payload_len: usize,
    out: &mut Vec<u8>,
) {
    let total = u16::try_from(MIN_LEN + payload_len).unwrap_or(u16::MAX);
    let frag = if ip.dont_fragment { DONT_FRAGMENT } else { 0 };
    let start = out.len();
    out.extend([0x45, ip.tos]);
    out.extend(total.to_be_bytes());
    out.extend(ip.id.to_be_bytes());
    out.extend(frag.to_be_bytes());
    out.extend([ip.ttl, protocol, 0, 0]);
    out.extend(addrs.0.octets());
    out.extend(addrs.1.octets());
    let sum = Sum::default().bytes(out.get(start..).unwrap_or_default()).finish();
    super::tcp::patch(out, start + 10, sum);
}
