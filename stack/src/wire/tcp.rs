//! TCP headers (RFC 9293 §3.1), and the two entry points of this module.
//!
//! Linux: the checks at the top of tcp_v4_rcv (net/ipv4/tcp_ipv4.c).

use std::net::IpAddr;

use super::checksum::Sum;
use super::ipv4::Datagram;
use super::options::{OptionBuf, Options};
use super::read::{be16, be32, byte};
use super::segment::{Flags, Ingress, Segment, WireError};
use super::{icmp, ipv4, ipv6};
use crate::seq::Seq;

pub(super) const PROTOCOL: u8 = 6;
const HEADER_LEN: usize = 20;
const CHECKSUM_AT: usize = 16;
/// Bytes that are summed up before anything else is done with them.
const CHECKSUM_BREAK: usize = 76;

/// Takes one IP packet apart.
///
/// # Errors
/// The kernel's drop reason, when the bytes are not a valid IP, TCP or ICMP packet.
pub fn parse(bytes: &[u8]) -> Result<Ingress, WireError> {
    parse_as(bytes, true)
}

/// The segment in `bytes` whatever its checksum says, if it is longer than what the kernel looks at
/// before it looks for a socket.
///
/// Linux: CHECKSUM_BREAK (include/linux/skbuff.h)
pub(crate) fn parse_long_unverified(bytes: &[u8]) -> Option<Segment> {
    let Ok(Ingress::Tcp(seg)) = parse_as(bytes, false) else { return None };
    let len = HEADER_LEN + seg.option_bytes.as_bytes().len() + seg.payload.len();
    (len > CHECKSUM_BREAK).then_some(seg)
}

fn parse_as(bytes: &[u8], verify: bool) -> Result<Ingress, WireError> {
    let datagram = match byte(bytes, 0).map(|first| first >> 4) {
        Some(4) => ipv4::parse(bytes)?,
        Some(6) => ipv6::parse(bytes)?,
        Some(_) => return Err(WireError::IpInHdr),
        None => return Err(WireError::PktTooSmall),
    };
    match (datagram.protocol, datagram.header.src) {
        _ if datagram.fragment => Ok(Ingress::Other),
        (PROTOCOL, _) => segment(datagram, verify).map(Ingress::Tcp),
        (icmp::V4, IpAddr::V4(_)) => icmp::parse(&datagram, icmp::V4),
        (icmp::V6, IpAddr::V6(_)) => icmp::parse(&datagram, icmp::V6),
        _ => Ok(Ingress::Other),
    }
}

/// Linux's order: header, data offset, checksum.
fn segment(datagram: Datagram<'_>, verify: bool) -> Result<Segment, WireError> {
    let bytes = datagram.payload;
    let header = bytes.get(..HEADER_LEN).ok_or(WireError::PktTooSmall)?;
    let doff = be16(header, 12).map_or(0, |word| usize::from(word >> 12) * 4);
    let options = bytes.get(HEADER_LEN..doff).ok_or(WireError::PktTooSmall)?;
    let (src, dst) = (datagram.header.src, datagram.header.dst);
    let sum = || Sum::default().pseudo_header(src, dst, PROTOCOL, bytes.len()).bytes(bytes);
    if verify && sum().finish() != 0 {
        return Err(WireError::TcpCsum);
    }
    let option_bytes = OptionBuf::from_wire(options);
    let payload = bytes.get(doff..).unwrap_or_default();
    fields(datagram.header, header, option_bytes, payload).ok_or(WireError::PktTooSmall)
}

fn fields(
    ip: super::IpHeader,
    header: &[u8],
    option_bytes: OptionBuf,
    payload: &[u8],
) -> Option<Segment> {
    let flags = Flags(be16(header, 12)? & 0xfff);
    Some(Segment {
        ip,
        src_port: be16(header, 0)?,
        dst_port: be16(header, 2)?,
        seq: Seq(be32(header, 4)?),
        ack: Seq(be32(header, 8)?),
        flags,
        wnd: be16(header, 14)?,
        urg_ptr: be16(header, 18)?,
        options: Options::parse(option_bytes.as_bytes(), flags.syn()),
        option_bytes,
        payload: payload.to_vec(),
        gso_size: 0,
    })
}

/// The segment as one IP packet, checksums filled in. `seg.options` plays no part.
///
/// Both addresses must be of one family; a mixed pair is written as IPv6 with mapped addresses.
#[must_use]
pub fn emit(seg: &Segment) -> Vec<u8> {
    let tcp_len = HEADER_LEN + seg.option_bytes.padded_len() + seg.payload.len();
    let mut out = Vec::with_capacity(40 + tcp_len);
    match (seg.ip.src, seg.ip.dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            ipv4::emit(&seg.ip, (src, dst), PROTOCOL, tcp_len, &mut out);
        }
        (src, dst) => {
            let addrs = (as_v6(src), as_v6(dst));
            ipv6::emit(&seg.ip, addrs, PROTOCOL, tcp_len, &mut out);
        }
    }
    let start = out.len();
    out.extend(fixed_header(seg));
    options_and_payload(seg, &mut out);
    let tcp = out.get(start..).unwrap_or_default();
    let pseudo = Sum::default().pseudo_header(seg.ip.src, seg.ip.dst, PROTOCOL, tcp_len);
    let sum = pseudo.bytes(tcp).finish();
    patch(&mut out, start + CHECKSUM_AT, sum);
    out
}

/// The header without options, its checksum zero.
pub(crate) fn fixed_header(seg: &Segment) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_LEN);
    let words = (HEADER_LEN + seg.option_bytes.padded_len()) / 4;
    let doff = u16::try_from(words).unwrap_or(0xf);
    out.extend(seg.src_port.to_be_bytes());
    out.extend(seg.dst_port.to_be_bytes());
    out.extend(seg.seq.0.to_be_bytes());
    out.extend(seg.ack.0.to_be_bytes());
    out.extend((doff << 12 | seg.flags.0 & 0xfff).to_be_bytes());
    out.extend(seg.wnd.to_be_bytes());
    out.extend([0, 0]);
    out.extend(seg.urg_ptr.to_be_bytes());
    out
}

fn options_and_payload(seg: &Segment, out: &mut Vec<u8>) {
    out.extend(seg.option_bytes.as_bytes());
    let padding = seg.option_bytes.padded_len() - seg.option_bytes.as_bytes().len();
    out.extend(std::iter::repeat_n(super::options::NOP, padding));
    out.extend(&seg.payload);
}

const fn as_v6(addr: IpAddr) -> std::net::Ipv6Addr {
    match addr {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}

/// Writes a checksum into its place.
pub(super) fn patch(out: &mut [u8], at: usize, sum: u16) {
    if let Some(field) = out.get_mut(at..at + 2) {
        field.copy_from_slice(&sum.to_be_bytes());
    }
}

#[cfg(test)]
mod tests;
