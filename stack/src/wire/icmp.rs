//! ICMP and ICMPv6 errors about TCP segments (RFC 792, RFC 4443): which connection is meant, and
//! what is said. What an error does to a connection is not decided here.

use std::net::{IpAddr, SocketAddr};

use super::checksum::Sum;
use super::ipv4::Datagram;
use super::read::{be16, be32, byte};
use super::segment::{Ingress, WireError};
use super::tcp::PROTOCOL;
use super::{ipv4, ipv6};
use crate::seq::Seq;

pub(super) const V4: u8 = 1;
pub(super) const V6: u8 = 58;

const HEADER_LEN: usize = 8;
/// Destination unreachable, source quench, redirect, time exceeded, parameter problem.
const V4_ERRORS: [u8; 5] = [3, 4, 5, 11, 12];
/// Every ICMPv6 type below this is an error (RFC 4443 §2.1); redirect (137) is the other one.
const V6_FIRST_INFORMATIONAL: u8 = 128;
const V6_REDIRECT: u8 = 137;

/// An ICMP error whose quoted packet is a TCP segment this host sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IcmpError {
    /// Who sent the error.
    pub from: IpAddr,
    /// Source of the quoted segment: our side.
    pub local: SocketAddr,
    /// Destination of the quoted segment.
    pub remote: SocketAddr,
    /// SEG.SEQ of the quoted segment.
    pub seq: Seq,
    /// ICMP or ICMPv6 type; the family is that of the addresses.
    pub ty: u8,
    /// ICMP or ICMPv6 code.
    pub code: u8,
    /// The next-hop MTU of "fragmentation needed" and "packet too big", else the same four bytes
    /// in whatever meaning the type gives them.
    pub mtu: u32,
    /// The four bytes behind the checksum, whatever the type puts there.
    pub word: u32,
    /// The quoted segment, as much of it as there is.
    pub quoted: Vec<u8>,
}

pub(super) fn parse(outer: &Datagram<'_>, protocol: u8) -> Result<Ingress, WireError> {
    let bytes = outer.payload;
    let (src, dst) = (outer.header.src, outer.header.dst);
    let header = bytes.get(..HEADER_LEN).ok_or(WireError::PktTooSmall)?;
    let start = if protocol == V6 {
        Sum::default().pseudo_header(src, dst, V6, bytes.len())
    } else {
        Sum::default()
    };
    if start.bytes(bytes).finish() != 0 {
        return Err(WireError::IcmpCsum);
    }
    let quoted = bytes.get(HEADER_LEN..).unwrap_or_default();
    Ok(error(src, header, quoted, protocol).map_or(Ingress::Other, Ingress::Icmp))
}

fn error(from: IpAddr, header: &[u8], quoted: &[u8], protocol: u8) -> Option<IcmpError> {
    let (ty, code) = (byte(header, 0)?, byte(header, 1)?);
    let inner = if protocol == V6 {
        if ty >= V6_FIRST_INFORMATIONAL && ty != V6_REDIRECT {
            return None;
        }
        // A redirect carries target and destination addresses, then options; no segment to find.
        ipv6::parse_quoted(quoted)?
    } else {
        if !V4_ERRORS.contains(&ty) {
            return None;
        }
        ipv4::parse_quoted(quoted)?
    };
    if inner.protocol != PROTOCOL || inner.fragment {
        return None;
    }
    // RFC 1191 puts the MTU in the low half of the word; the high half is unused in IPv4.
    let mtu = if protocol == V6 { be32(header, 4)? } else { u32::from(be16(header, 6)?) };
    Some(IcmpError {
        from,
        local: SocketAddr::new(inner.header.src, be16(inner.payload, 0)?),
        remote: SocketAddr::new(inner.header.dst, be16(inner.payload, 2)?),
        seq: Seq(be32(inner.payload, 4)?),
        ty,
        code,
        mtu,
        word: be32(header, 4)?,
        quoted: inner.payload.to_vec(),
    })
}
