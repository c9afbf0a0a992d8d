//! IPv4 segments by hand: the third packet codec, so small that it can be checked by eye.

use std::fmt;
use std::net::SocketAddr;

pub(crate) const F: u8 = 0x01;
pub(crate) const S: u8 = 0x02;
pub(crate) const R: u8 = 0x04;
pub(crate) const P: u8 = 0x08;
pub(crate) const A: u8 = 0x10;

/// The window of every hand-made segment.
const WINDOW: u16 = 10_000;

/// A segment that was sent, in relative numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) flags: u8,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) wnd: u16,
    pub(crate) data: Vec<u8>,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (bit, letter) in [(F, 'F'), (S, 'S'), (R, 'R'), (P, 'P'), (A, '.')] {
            if self.flags & bit != 0 {
                write!(f, "{letter}")?;
            }
        }
        let len = self.data.len();
        write!(f, " {}:{}({len})", self.seq, self.seq as usize + len)?;
        if self.flags & A != 0 {
            write!(f, " ack {}", self.ack)?;
        }
        Ok(())
    }
}

/// An IPv4 datagram with a TCP segment without options.
pub(crate) fn build(
    src: SocketAddr,
    dst: SocketAddr,
    (flags, seq, ack): (u8, u32, u32),
    data: &[u8],
) -> Vec<u8> {
    let (SocketAddr::V4(src), SocketAddr::V4(dst)) = (src, dst) else { panic!("IPv4 only") };
    let mut tcp = Vec::new();
    tcp.extend(src.port().to_be_bytes());
    tcp.extend(dst.port().to_be_bytes());
    tcp.extend(seq.to_be_bytes());
    tcp.extend(ack.to_be_bytes());
    tcp.extend([5 << 4, flags]);
    tcp.extend(WINDOW.to_be_bytes());
    tcp.extend([0, 0, 0, 0]);
    tcp.extend(data);
    let tcp_len = u16::try_from(tcp.len()).unwrap();
    let mut pseudo = Vec::new();
    pseudo.extend(src.ip().octets());
    pseudo.extend(dst.ip().octets());
    pseudo.extend([0, 6]);
    pseudo.extend(tcp_len.to_be_bytes());
    pseudo.extend(&tcp);
    tcp[16..18].copy_from_slice(&checksum(&pseudo).to_be_bytes());

    let mut ip = vec![0x45, 0];
    ip.extend((20 + tcp_len).to_be_bytes());
    ip.extend([0, 0, 0, 0, 64, 6, 0, 0]);
    ip.extend(src.ip().octets());
    ip.extend(dst.ip().octets());
    let sum = checksum(&ip);
    ip[10..12].copy_from_slice(&sum.to_be_bytes());
    ip.extend(tcp);
    ip
}

fn checksum(bytes: &[u8]) -> u16 {
    let words =
        bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap()
}

/// Reads a segment of this host; its numbers become relative to `isn` and `peer_isn`.
pub(crate) fn read(bytes: &[u8], isn: u32, peer_isn: u32) -> Seen {
    let tcp = &bytes[20..];
    let word = |at: usize| u32::from_be_bytes(tcp[at..at + 4].try_into().unwrap());
    let flags = tcp[13];
    let ack = if flags & A != 0 { word(8).wrapping_sub(peer_isn) } else { 0 };
    Seen {
        flags,
        seq: word(4).wrapping_sub(isn),
        ack,
        wnd: u16::from_be_bytes([tcp[14], tcp[15]]),
        data: tcp[usize::from(tcp[12] >> 4) * 4..].to_vec(),
    }
}
