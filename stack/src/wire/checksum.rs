//! The Internet checksum (RFC 1071) and the pseudo headers of RFC 9293 §3.1 and RFC 8200 §8.1.

use std::net::IpAddr;

/// A running ones' complement sum of big-endian 16-bit words.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum(u64);

impl Sum {
    /// Adds bytes; an odd last byte is padded with zero, so only the last piece may be odd.
    pub(super) fn bytes(self, bytes: &[u8]) -> Self {
        let (words, rest) = bytes.as_chunks::<2>();
        let sum = words.iter().map(|&word| u64::from(u16::from_be_bytes(word))).sum::<u64>();
        let odd = rest.first().map_or(0, |&last| u64::from(last) << 8);
        Self(self.0 + sum + odd)
    }

    /// Adds the pseudo header for `len` bytes of the transport `protocol`.
    pub(super) fn pseudo_header(self, src: IpAddr, dst: IpAddr, protocol: u8, len: usize) -> Self {
        let len = len as u64;
        let rest = Self(self.0 + u64::from(protocol) + (len >> 16) + (len & 0xffff));
        rest.address(src).address(dst)
    }

    /// The value of the checksum field; verifying a sum that includes the field gives 0.
    #[expect(clippy::cast_possible_truncation, reason = "folded to 16 bits by the loop")]
    pub(super) fn finish(self) -> u16 {
        let mut sum = self.0;
        while sum > 0xffff {
            sum = (sum >> 16) + (sum & 0xffff);
        }
        !(sum as u16)
    }

    fn address(self, addr: IpAddr) -> Self {
        match addr {
            IpAddr::V4(v4) => self.bytes(&v4.octets()),
            IpAddr::V6(v6) => self.bytes(&v6.octets()),
        }
    }
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
    fn a_sum_over_its_own_field_is_zero_and_odd_bytes_are_padded() {
        let sum = Sum::default().bytes(&[1, 2, 3]).finish();
        let whole = Sum::default().bytes(&[1, 2, 3, 0]).bytes(&sum.to_be_bytes());
        assert_eq!(whole.finish(), 0);
        assert_eq!(Sum::default().finish(), 0xffff);
    }
}
