//! What is hashed, and where the digest goes.
//!
//! RFC 2385 §2.0 · Linux: tcp_v4_md5_hash_skb, tcp_v6_md5_hash_skb

use std::net::IpAddr;

use md5::{Digest as _, Md5};

use super::Md5Key;
use crate::wire::{Segment, fixed_header};

const PROTOCOL: u8 = 6;

/// The digest of a segment under `key`: pseudo-header, header without options and with checksum
/// zero, data, key.
///
/// RFC 2385 §2.0 · Linux: tcp_v4_md5_hash_skb
pub(crate) fn tcp_v4_md5_hash_skb(seg: &Segment, key: &Md5Key) -> [u8; 16] {
    let header = fixed_header(seg);
    let len = header.len() + seg.option_bytes.padded_len() + seg.payload.len();
    let mut hash = Md5::new();
    match (seg.ip.src, seg.ip.dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            hash.update(src.octets());
            hash.update(dst.octets());
            hash.update([0, PROTOCOL]);
            hash.update(u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes());
        }
        (IpAddr::V4(_) | IpAddr::V6(_), IpAddr::V4(_) | IpAddr::V6(_)) => {
            for end in [seg.ip.src, seg.ip.dst] {
                hash.update(as_v6(end).octets());
            }
            hash.update(u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
            hash.update([0, 0, 0, PROTOCOL]);
        }
    }
    hash.update(header);
    hash.update(&seg.payload);
    hash.update(&key.key);
    hash.finalize().into()
}

/// Fills in the digest of a segment that has the option.
pub(crate) fn sign(seg: &mut Segment, key: &Md5Key) {
    let digest = tcp_v4_md5_hash_skb(seg, key);
    seg.option_bytes.set_md5(&digest);
}

const fn as_v6(addr: IpAddr) -> std::net::Ipv6Addr {
    match addr {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::md5::Md5Keys;
    use crate::wire::Flags;

    /// The digest of one bare ACK, computed by hand: md5sum of the bytes RFC 2385 lists.
    #[test]
    fn digest_covers_pseudo_header_header_data_and_key() {
        let end = |text: &str| text.parse::<SocketAddr>().unwrap();
        let (src, dst) = (end("192.0.2.1:179"), end("192.168.0.1:8080"));
        let mut seg = Segment::new(src, dst, Flags::ACK);
        seg.option_bytes.push_nop();
        seg.option_bytes.push_nop();
        seg.option_bytes.push_md5(&[0; 16]);
        let mut keys = Md5Keys::default();
        let key = keys.for_test(src.ip(), b"secret").clone();
        let mut bytes = vec![192, 0, 2, 1, 192, 168, 0, 1, 0, 6, 0, 40, 0, 179, 0x1f, 0x90];
        bytes.extend([0; 8]);
        bytes.extend([0xa0, 0x10, 0, 0, 0, 0, 0, 0]);
        bytes.extend(b"secret");
        let expected: [u8; 16] = Md5::digest(&bytes).into();
        assert_eq!(tcp_v4_md5_hash_skb(&seg, &key), expected);
        sign(&mut seg, &key);
        assert_eq!(seg.option_bytes.as_bytes().get(4..), Some(&expected[..]));
    }
}
