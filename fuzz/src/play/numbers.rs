//! Sequence numbers, and the bytes that stand at each place of a stream.

use std::sync::LazyLock;

use crate::Seeded;

/// `a` is before `b` (RFC 9293 §3.4).
#[must_use]
pub const fn before(a: u32, b: u32) -> bool {
    a.wrapping_sub(b).cast_signed() < 0
}

/// The later of two.
#[must_use]
pub const fn later(a: u32, b: u32) -> u32 {
    if before(a, b) { b } else { a }
}

/// Which of the two streams of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// What the application writes.
    Ours,
    /// What the peer sends.
    Peers,
}

/// Bytes after which a stream repeats: a prime, so that no usual distance is a multiple of it.
const PERIOD: usize = 65_521;

/// The bytes of both streams over one period.
static BYTES: LazyLock<[Vec<u8>; 2]> =
    LazyLock::new(|| [1, 2].map(|seed| Seeded::new(seed).bytes(PERIOD)));

impl Stream {
    fn period(self) -> &'static [u8] {
        let [ours, peers] = &*BYTES;
        match self {
            Self::Ours => ours,
            Self::Peers => peers,
        }
    }

    /// The stream from `offset` on, in pieces.
    fn pieces(self, offset: u32) -> impl Iterator<Item = &'static [u8]> {
        let mut at = u64::from(offset);
        std::iter::repeat_with(move || {
            let start = usize::try_from(at).unwrap_or_default() % PERIOD;
            let piece = self.period().get(start..).unwrap_or_default();
            let before_wrap = usize::try_from((1 << 32) - at).unwrap_or(usize::MAX);
            let piece = piece.get(..piece.len().min(before_wrap)).unwrap_or_default();
            at = (at + piece.len() as u64) % (1 << 32);
            piece
        })
    }

    /// The byte at `offset` of the stream: a function of the place, so that every copy of a byte is
    /// known to be right or wrong. Of the peer's stream the offset is the sequence number itself.
    #[must_use]
    pub fn byte(self, offset: u32) -> u8 {
        self.pieces(offset).next().and_then(<[u8]>::first).copied().unwrap_or_default()
    }

    /// `len` bytes from `offset` on.
    #[must_use]
    pub fn bytes(self, offset: u32, len: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(len);
        for piece in self.pieces(offset) {
            let left = len - bytes.len();
            bytes.extend_from_slice(piece.get(..left.min(piece.len())).unwrap_or_default());
            if bytes.len() == len {
                break;
            }
        }
        bytes
    }

    /// The bytes from `offset` on are these.
    #[must_use]
    pub fn is(self, offset: u32, mut bytes: &[u8]) -> bool {
        for piece in self.pieces(offset) {
            if bytes.is_empty() {
                break;
            }
            let (head, rest) = bytes.split_at(piece.len().min(bytes.len()));
            if piece.get(..head.len()) != Some(head) {
                return false;
            }
            bytes = rest;
        }
        true
    }
}

/// Sums 16-bit words in ones' complement, four of them at a time (RFC 1071 §2); an odd last byte is
/// padded.
#[must_use]
pub fn sum(start: u32, bytes: &[u8]) -> u32 {
    let (wide, rest) = bytes.as_chunks::<8>();
    let halves = |word: u64| (word >> 32) + (word & 0xffff_ffff);
    let mut whole = wide.iter().map(|word| halves(u64::from_be_bytes(*word))).sum::<u64>();
    let (words, odd) = rest.as_chunks::<2>();
    whole += words.iter().map(|word| u64::from(u16::from_be_bytes(*word))).sum::<u64>();
    whole += odd.first().map_or(0, |last| u64::from(*last) << 8);
    while whole > 0xffff {
        whole = (whole >> 16) + (whole & 0xffff);
    }
    start + u32::try_from(whole).unwrap_or_default()
}

/// Adds the carries, and turns the sum round.
#[must_use]
pub fn checksum(mut sum: u32) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Stream, checksum, sum};

    #[test]
    fn pieces_of_a_stream_fit_together() {
        for offset in [0, 65_500, 65_521, 1_000_000, u32::MAX - 70_000, u32::MAX] {
            let bytes = Stream::Peers.bytes(offset, 140_000);
            assert_eq!(bytes.len(), 140_000);
            for at in [0_u32, 1, 20, 69_999, 70_000, 70_001, 139_999] {
                let byte = bytes[at as usize];
                assert_eq!(byte, Stream::Peers.byte(offset.wrapping_add(at)), "{offset} + {at}");
            }
            assert!(Stream::Peers.is(offset, &bytes) && !Stream::Ours.is(offset, &bytes));
        }
    }

    #[test]
    fn a_byte_at_the_wrong_place_is_seen() {
        let mut bytes = Stream::Ours.bytes(70, 100_000);
        bytes[99_999] ^= 1;
        assert!(!Stream::Ours.is(70, &bytes) && Stream::Ours.is(70, &bytes[..99_999]));
        assert!(!Stream::Ours.is(71, &bytes[..100]));
    }

    #[test]
    fn the_sum_of_rfc_1071() {
        let data = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(checksum(sum(0, &data)), !0xddf2);
        assert_eq!(checksum(sum(0, &data[..7])), !0xdcfb);
    }
}
