//! The Internet checksum (RFC 1071) and the pseudo headers of RFC 9293 §3.1 and RFC 8200 §8.1.

use std::net::IpAddr;

/// A running ones' complement sum of big-endian 16-bit words.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum(u64);

impl Sum {
    /// Adds bytes; an odd last byte is padded with zero, so only the last piece may be odd.
    ///
    /// RFC 1071 §2 (B) and (C): the sum of wider words in the machine's own order is the same once
    /// it is folded and turned round.
    pub(super) fn bytes(self, bytes: &[u8]) -> Self {
        let (wide, rest) = bytes.as_chunks::<8>();
        let halves = |word: u64| (word >> 32) + (word & 0xffff_ffff);
        let mut sum: u64 = wide.iter().map(|&word| halves(u64::from_ne_bytes(word))).sum();
        let (words, odd) = rest.as_chunks::<2>();
        sum += words.iter().map(|&word| u64::from(u16::from_ne_bytes(word))).sum::<u64>();
        sum += odd.first().map_or(0, |&last| u64::from(u16::from_ne_bytes([last, 0])));
        Self(self.0 + u64::from(u16::from_be(fold(sum))))
    }

    /// Adds the pseudo header for `len` bytes of the transport `protocol`.
    pub(super) fn pseudo_header(self, src: IpAddr, dst: IpAddr, protocol: u8, len: usize) -> Self {
        let len = len as u64;
        let rest = Self(self.0 + u64::from(protocol) + (len >> 16) + (len & 0xffff));
        rest.address(src).address(dst)
    }

    /// The value of the checksum field; verifying a sum that includes the field gives 0.
    pub(super) fn finish(self) -> u16 {
        !fold(self.0)
    }

    fn address(self, addr: IpAddr) -> Self {
        match addr {
            IpAddr::V4(v4) => self.bytes(&v4.octets()),
            IpAddr::V6(v6) => self.bytes(&v6.octets()),
        }
    }
}

/// Adds carries back in until none is left.
#[expect(clippy::cast_possible_truncation, reason = "folded to 16 bits by the loop")]
const fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    sum as u16
}

#[cfg(test)]
mod tests {
    use super::Sum;

    #[test]
    fn rfc_1071_example() {
        let data = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(Sum::default().bytes(&data).finish(), !0xddf2);
    }

    #[test]
    fn wide_words_give_the_sum_of_narrow_ones() {
        let bytes: Vec<u8> = (0..600_u32).map(|n| (n * n % 251).to_le_bytes()[0]).collect();
        for len in 0..bytes.len() {
            let words = bytes[..len].chunks(2);
            let narrow = words.map(|w| u32::from(w[0]) << 8 | u32::from(*w.get(1).unwrap_or(&0)));
            let mut sum: u32 = narrow.sum();
            while sum > 0xffff {
                sum = (sum >> 16) + (sum & 0xffff);
            }
            let wide = Sum::default().bytes(&bytes[..len]).finish();
            assert_eq!(wide, !u16::try_from(sum).unwrap(), "{len} bytes");
        }
    }

    #[test]
    fn a_sum_over_its_own_field_is_zero_and_odd_bytes_are_padded() {
        let sum = Sum::default().bytes(&[1, 2, 3]).finish();
        let whole = Sum::default().bytes(&[1, 2, 3, 0]).bytes(&sum.to_be_bytes());
        assert_eq!(whole.finish(), 0);
        assert_eq!(Sum::default().finish(), 0xffff);
    }
}
