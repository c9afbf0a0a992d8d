//! Signatures of TCP-MD5: what a segment's digest has to be (RFC 2385, 2.0).

use std::net::IpAddr;

use md5::{Digest as _, Md5};

use super::{Packet, TcpOption, Transport, build};

const PROTOCOL: u8 = 6;
const HEADER_LEN: usize = 20;
const CHECKSUM: std::ops::Range<usize> = 16..18;
const IPV6_HEADER_LEN: usize = 40;

/// The digest of a TCP segment under `key`: pseudo-header, header without options and with checksum
/// zero, payload, key. `None` for anything that is no TCP segment or cannot be built.
#[must_use]
pub fn md5_digest(packet: &Packet, key: &[u8]) -> Option<[u8; 16]> {
    if !packet.outer.is_empty() || !matches!(packet.transport, Transport::Tcp(_)) {
        return None;
    }
    let bytes = build(packet).ok()?;
    let segment = bytes.get(ip_header_len(&bytes)?..)?;
    let options = usize::from(segment.get(12)? >> 4) * 4;
    let mut header = segment.get(..HEADER_LEN)?.to_vec();
    header.get_mut(CHECKSUM)?.fill(0);
    let mut hash = Md5::new();
    match (packet.ip.src, packet.ip.dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            hash.update(src.octets());
            hash.update(dst.octets());
            hash.update([0, PROTOCOL]);
            hash.update(u16::try_from(segment.len()).ok()?.to_be_bytes());
        }
        (IpAddr::V6(src), IpAddr::V6(dst)) => {
            hash.update(src.octets());
            hash.update(dst.octets());
            hash.update(u32::try_from(segment.len()).ok()?.to_be_bytes());
            hash.update([0, 0, 0, PROTOCOL]);
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return None,
    }
    hash.update(header);
    hash.update(segment.get(options..)?);
    hash.update(key);
    Some(hash.finalize().into())
}

/// Puts the digest under `key` into the segment's signature, if it has one.
pub fn md5_sign(packet: &mut Packet, key: &[u8]) {
    let Some(right) = md5_digest(packet, key) else { return };
    let Transport::Tcp(tcp) = &mut packet.transport else { return };
    for option in &mut tcp.options {
        if let TcpOption::Md5(digest) = option {
            *digest = right.to_vec();
        }
    }
}

fn ip_header_len(bytes: &[u8]) -> Option<usize> {
    let first = bytes.first()?;
    if first >> 4 == 4 { Some(usize::from(first & 0xf) * 4) } else { Some(IPV6_HEADER_LEN) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{Ip, Tcp};

    #[test]
    fn digest_covers_what_rfc_2385_lists() {
        let tcp = Tcp {
            src_port: 179,
            dst_port: 8080,
            seq: 1,
            ack: 2,
            flags: crate::packet::flag::ACK,
            window: 3,
            urgent: 0,
            options: vec![TcpOption::Nop, TcpOption::Nop, TcpOption::Md5(vec![0; 16])],
            payload: b"data".to_vec(),
        };
        let ip = Ip::new([192, 0, 2, 1].into(), [192, 168, 0, 1].into());
        let mut packet = Packet { outer: Vec::new(), ip, transport: Transport::Tcp(tcp) };
        let mut bytes = vec![192, 0, 2, 1, 192, 168, 0, 1, 0, 6, 0, 44, 0, 179, 0x1f, 0x90];
        bytes.extend([0, 0, 0, 1, 0, 0, 0, 2, 0xa0, 0x10, 0, 3, 0, 0, 0, 0]);
        bytes.extend(b"datasecret");
        let expected: [u8; 16] = Md5::digest(&bytes).into();
        assert_eq!(md5_digest(&packet, b"secret"), Some(expected));
        md5_sign(&mut packet, b"secret");
        let Transport::Tcp(tcp) = packet.transport else { panic!("it is TCP") };
        assert_eq!(tcp.options.last(), Some(&TcpOption::Md5(expected.to_vec())));
    }
}
