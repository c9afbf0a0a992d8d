//! What can be wrong with a packet, as changes of bytes that were right.
//!
//! They are made in the order listed, after lengths and checksums have been computed; none of them
//! mends a checksum. Only the first IP header and the TCP header directly behind it are known.

use serde::{Deserialize, Serialize};

/// One change. `docs/language.md` has their notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Malform {
    /// These bits of the TCP checksum are flipped.
    Checksum(u16),
    /// The data offset of the TCP header, in words (0 to 15). The TCP checksum is right.
    DataOffset(u8),
    /// The three reserved bits behind the data offset (0 to 7). The TCP checksum is right.
    Reserved(u8),
    /// These bits of the IPv4 header checksum are flipped; nothing in IPv6.
    IpChecksum(u16),
    /// So much is added to the length field of the IP header, modulo 2^16. The IPv4 header checksum
    /// is right.
    IpLength(i16),
    /// The version field of the IP header (0 to 15). The IPv4 header checksum is right.
    IpVersion(u8),
    /// The header length of IPv4, in words (0 to 15), with a right checksum over the 20 bytes that
    /// are there; nothing in IPv6.
    IpHeaderLength(u8),
    /// So many bytes at the end are not sent; all lengths stay.
    Cut(u16),
    /// So many zeros are added behind the end; all lengths stay.
    Pad(u16),
}

impl Malform {
    /// Makes the change.
    pub fn apply(self, bytes: &mut Vec<u8>) {
        let is_v4 = bytes.first().is_some_and(|first| first >> 4 == 4);
        let tcp = if is_v4 { 20 } else { 40 };
        match self {
            Self::Checksum(bits) => flip(bytes, tcp + 16, bits),
            Self::DataOffset(words) => {
                high_byte(bytes, tcp + 12, Some(tcp + 16), |byte| words << 4 | byte & 0x0f)
            }
            Self::Reserved(bits) => {
                high_byte(bytes, tcp + 12, Some(tcp + 16), |byte| byte & 0xf1 | (bits & 7) << 1)
            }
            Self::IpChecksum(bits) if is_v4 => flip(bytes, 10, bits),
            Self::IpLength(by) => {
                let field = if is_v4 { 2 } else { 4 };
                let Some(old) = get16(bytes, field) else { return };
                let new = old.wrapping_add_signed(by);
                put16(bytes, field, new);
                if is_v4 {
                    mend(bytes, 10, old, new);
                }
            }
            Self::IpVersion(version) => {
                high_byte(bytes, 0, is_v4.then_some(10), |byte| version << 4 | byte & 0x0f)
            }
            Self::IpHeaderLength(words) if is_v4 => {
                high_byte(bytes, 0, Some(10), |byte| byte & 0xf0 | words & 0x0f);
            }
            Self::IpChecksum(_) | Self::IpHeaderLength(_) => {}
            Self::Cut(len) => bytes.truncate(bytes.len().saturating_sub(usize::from(len))),
            Self::Pad(len) => bytes.resize(bytes.len() + usize::from(len), 0),
        }
    }
}

/// Changes the byte at `at`, the first of its word, and mends the checksum at `sum` if there is one.
fn high_byte(bytes: &mut [u8], at: usize, sum: Option<usize>, change: impl Fn(u8) -> u8) {
    let Some(byte) = bytes.get_mut(at) else { return };
    let old = *byte;
    let new = change(old);
    *byte = new;
    if let Some(sum) = sum {
        mend(bytes, sum, u16::from(old) << 8, u16::from(new) << 8);
    }
}

fn get16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().map(u16::from_be_bytes)
}

fn put16(bytes: &mut [u8], at: usize, value: u16) {
    if let Some(field) = bytes.get_mut(at..at + 2) {
        field.copy_from_slice(&value.to_be_bytes());
    }
}

fn flip(bytes: &mut [u8], at: usize, bits: u16) {
    if let Some(old) = get16(bytes, at) {
        put16(bytes, at, old ^ bits);
    }
}

/// The checksum at `at` after a word that it covers changed (RFC 1624).
fn mend(bytes: &mut [u8], at: usize, old: u16, new: u16) {
    let Some(sum) = get16(bytes, at) else { return };
    let total = u32::from(!sum) + u32::from(!old) + u32::from(new);
    let folded = (total & 0xffff) + (total >> 16);
    let folded = (folded & 0xffff) + (folded >> 16);
    put16(bytes, at, !u16::try_from(folded).unwrap_or(0));
}

/// Names in scripts, and what stands behind them.
type Make = fn(i64) -> Option<Malform>;

/// Every name with what its number makes.
const NAMES: [(&str, Make); 9] = [
    ("checksum", |n| u16::try_from(n).ok().map(Malform::Checksum)),
    ("data_offset", |n| nibble(n).map(Malform::DataOffset)),
    ("reserved", |n| u8::try_from(n).ok().filter(|bits| *bits < 8).map(Malform::Reserved)),
    ("ip_checksum", |n| u16::try_from(n).ok().map(Malform::IpChecksum)),
    ("ip_length", |n| i16::try_from(n).ok().map(Malform::IpLength)),
    ("ip_version", |n| nibble(n).map(Malform::IpVersion)),
    ("ip_header_length", |n| nibble(n).map(Malform::IpHeaderLength)),
    ("cut", |n| u16::try_from(n).ok().map(Malform::Cut)),
    ("pad", |n| u16::try_from(n).ok().map(Malform::Pad)),
];

fn nibble(n: i64) -> Option<u8> {
    u8::try_from(n).ok().filter(|n| *n < 16)
}

impl Malform {
    /// What `name` with `number` is in a script; inner [`None`] if the number does not fit, outer if
    /// nothing has that name.
    #[must_use]
    pub fn named(name: &str, number: i64) -> Option<Option<Self>> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, make)| make(number))
    }

    /// All names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }
}

/// As a script writes it: `data_offset 4`.
impl std::fmt::Display for Malform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::Checksum(bits) => write!(f, "checksum {bits:#x}"),
            Self::DataOffset(words) => write!(f, "data_offset {words}"),
            Self::Reserved(bits) => write!(f, "reserved {bits}"),
            Self::IpChecksum(bits) => write!(f, "ip_checksum {bits:#x}"),
            Self::IpLength(by) => write!(f, "ip_length {by}"),
            Self::IpVersion(version) => write!(f, "ip_version {version}"),
            Self::IpHeaderLength(words) => write!(f, "ip_header_length {words}"),
            Self::Cut(len) => write!(f, "cut {len}"),
            Self::Pad(len) => write!(f, "pad {len}"),
        }
    }
}

#[cfg(test)]
mod tests;
