//! The packet inside an ICMP error: IP header and the first eight bytes behind it.
//!
//! RFC 792 asks for eight bytes, RFC 1812 and 4443 for more; eight hold the ports and the TCP
//! sequence number, which is all that demultiplexing needs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use pnet_packet::util;

/// What an ICMP error says about the packet that caused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// Source of the quoted packet.
    pub src: IpAddr,
    /// Destination of the quoted packet.
    pub dst: IpAddr,
    /// What it carried.
    pub transport: QuotedTransport,
    /// Bytes behind the IP header and the fixed transport header (20 for TCP, 8 otherwise), by the
    /// quoted length field: TCP options count. 0 when the field says less.
    pub len: u16,
}

/// The first eight bytes of a quoted transport header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotedTransport {
    /// TCP.
    Tcp {
        /// Source port.
        src_port: u16,
        /// Destination port.
        dst_port: u16,
        /// SEG.SEQ.
        seq: u32,
    },
    /// UDP.
    Udp {
        /// Source port.
        src_port: u16,
        /// Destination port.
        dst_port: u16,
    },
    /// Another protocol number and its first eight bytes.
    Other(u8, [u8; 8]),
}

impl QuotedTransport {
    fn protocol(self) -> u8 {
        match self {
            Self::Tcp { .. } => 6,
            Self::Udp { .. } => 17,
            Self::Other(protocol, _) => protocol,
        }
    }

    /// Size of the fixed header.
    fn header_len(self) -> u16 {
        match self {
            Self::Tcp { .. } => 20,
            Self::Udp { .. } | Self::Other(..) => 8,
        }
    }
}

/// Reads the body of an ICMP error ([`crate::packet::Icmp::body`]). The IP version is that of the
/// quoted header. [`None`] if there is no IP header with eight bytes behind it. IPv6 extension
/// headers are not walked; checksums are not verified, since routers change what they quote.
#[must_use]
pub fn quoted(body: &[u8]) -> Option<Quoted> {
    match body.first()? >> 4 {
        4 => quoted_v4(body),
        6 => quoted_v6(body),
        _ => None,
    }
}

fn quoted_v4(body: &[u8]) -> Option<Quoted> {
    let &[first, _, len_hi, len_lo, _, _, _, _, _, protocol, _, _, ref addresses @ ..] =
        body.first_chunk::<20>()?;
    let header_len = u16::from(first & 0xf) * 4;
    if header_len < 20 {
        return None;
    }
    let &[s0, s1, s2, s3, d0, d1, d2, d3] = addresses;
    let transport = transport(protocol, body.get(usize::from(header_len)..)?)?;
    let total = u16::from_be_bytes([len_hi, len_lo]);
    Some(Quoted {
        src: IpAddr::V4(Ipv4Addr::new(s0, s1, s2, s3)),
        dst: IpAddr::V4(Ipv4Addr::new(d0, d1, d2, d3)),
        transport,
        len: total.saturating_sub(header_len + transport.header_len()),
    })
}

fn quoted_v6(body: &[u8]) -> Option<Quoted> {
    let &[_, _, _, _, len_hi, len_lo, protocol, _] = body.first_chunk::<8>()?;
    let address = |at: usize| body.get(at..).and_then(<[u8]>::first_chunk::<16>);
    let transport = transport(protocol, body.get(40..)?)?;
    let payload = u16::from_be_bytes([len_hi, len_lo]);
    Some(Quoted {
        src: IpAddr::V6(Ipv6Addr::from(*address(8)?)),
        dst: IpAddr::V6(Ipv6Addr::from(*address(24)?)),
        transport,
        len: payload.saturating_sub(transport.header_len()),
    })
}

/// Where the transport header starts in the body of an ICMP error. IPv6 extension headers are not
/// walked.
#[must_use]
pub fn transport_at(body: &[u8]) -> Option<usize> {
    let first = *body.first()?;
    match first >> 4 {
        4 => Some(usize::from(first & 0xf) * 4),
        6 => Some(40),
        _ => None,
    }
}

fn transport(protocol: u8, bytes: &[u8]) -> Option<QuotedTransport> {
    let eight = bytes.first_chunk::<8>()?;
    let &[s0, s1, d0, d1, q0, q1, q2, q3] = eight;
    let (src_port, dst_port) = (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1]));
    Some(match protocol {
        6 => QuotedTransport::Tcp { src_port, dst_port, seq: u32::from_be_bytes([q0, q1, q2, q3]) },
        17 => QuotedTransport::Udp { src_port, dst_port },
        _ => QuotedTransport::Other(protocol, *eight),
    })
}

/// The body of an ICMP error about `packet`: an IP header with its length, protocol and addresses
/// and everything else clear, and eight bytes of transport header. The IPv4 header checksum is
/// right. A UDP length is written, its checksum is 0. Lengths beyond 16 bits saturate, and
/// addresses of different families give an empty body.
#[must_use]
pub fn quote(packet: &Quoted) -> Vec<u8> {
    let protocol = packet.transport.protocol();
    let behind = packet.len.saturating_add(packet.transport.header_len());
    let mut body = match (packet.src, packet.dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => ipv4(src, dst, behind, protocol),
        (IpAddr::V6(src), IpAddr::V6(dst)) => ipv6(src, dst, behind, protocol),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return Vec::new(),
    };
    match packet.transport {
        QuotedTransport::Tcp { src_port, dst_port, seq } => {
            body.extend_from_slice(&src_port.to_be_bytes());
            body.extend_from_slice(&dst_port.to_be_bytes());
            body.extend_from_slice(&seq.to_be_bytes());
        }
        QuotedTransport::Udp { src_port, dst_port } => {
            body.extend_from_slice(&src_port.to_be_bytes());
            body.extend_from_slice(&dst_port.to_be_bytes());
            body.extend_from_slice(&behind.to_be_bytes());
            body.extend_from_slice(&[0, 0]);
        }
        QuotedTransport::Other(_, eight) => body.extend_from_slice(&eight),
    }
    body
}

fn ipv4(src: Ipv4Addr, dst: Ipv4Addr, behind: u16, protocol: u8) -> Vec<u8> {
    let mut header = vec![0x45, 0];
    header.extend_from_slice(&behind.saturating_add(20).to_be_bytes());
    header.extend_from_slice(&[0, 0, 0, 0, 0, protocol]);
    let mut whole = header.clone();
    whole.extend_from_slice(&[0, 0]);
    whole.extend_from_slice(&src.octets());
    whole.extend_from_slice(&dst.octets());
    header.extend_from_slice(&util::checksum(&whole, 5).to_be_bytes());
    header.extend_from_slice(&src.octets());
    header.extend_from_slice(&dst.octets());
    header
}

fn ipv6(src: Ipv6Addr, dst: Ipv6Addr, behind: u16, protocol: u8) -> Vec<u8> {
    let mut header = vec![0x60, 0, 0, 0];
    header.extend_from_slice(&behind.to_be_bytes());
    header.extend_from_slice(&[protocol, 0]);
    header.extend_from_slice(&src.octets());
    header.extend_from_slice(&dst.octets());
    header
}
