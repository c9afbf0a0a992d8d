//! Sequence numbers, and the bytes that stand at each place of a stream.

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

impl Stream {
    /// The byte at `offset` of the stream: a function of the place, so that every copy of a byte is
    /// known to be right or wrong. Of the peer's stream the offset is the sequence number itself.
    #[must_use]
    pub const fn byte(self, offset: u32) -> u8 {
        let salt = match self {
            Self::Ours => 0x5bd1_e995,
            Self::Peers => 0x1b87_3593,
        };
        let mixed = (offset ^ salt).wrapping_mul(0x9e37_79b1);
        (mixed >> 24).to_le_bytes()[0] ^ (mixed >> 8).to_le_bytes()[0]
    }

    /// `len` bytes from `offset` on.
    #[must_use]
    pub fn bytes(self, offset: u32, len: usize) -> Vec<u8> {
        (0..).map(|at: u32| self.byte(offset.wrapping_add(at))).take(len).collect()
    }

    /// The bytes from `offset` on are these.
    #[must_use]
    pub fn is(self, offset: u32, bytes: &[u8]) -> bool {
        (0..).zip(bytes).all(|(at, byte): (u32, _)| self.byte(offset.wrapping_add(at)) == *byte)
    }
}

/// Sums 16-bit words in ones' complement; an odd last byte is padded.
#[must_use]
pub fn sum(start: u32, bytes: &[u8]) -> u32 {
    let (words, odd) = bytes.as_chunks::<2>();
    let whole = words.iter().map(|word| u32::from(u16::from_be_bytes(*word))).sum::<u32>();
    start + whole + odd.first().map_or(0, |last| u32::from(*last) << 8)
}

/// Adds the carries, and turns the sum round.
#[must_use]
pub fn checksum(mut sum: u32) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or_default()
}
