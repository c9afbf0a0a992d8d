//! The few fields of a TCP segment in an IP datagram that are worth falsifying, and the checksums
//! that hide it.

const TCP: u8 = 6;
const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;

/// A TCP segment inside the bytes of an unfragmented, unencapsulated IP datagram.
pub(super) struct Segment<'a> {
    bytes: &'a mut Vec<u8>,
    v6: bool,
    /// Offset of the TCP header.
    tcp: usize,
    /// Length of the TCP header.
    header: usize,
}

impl<'a> Segment<'a> {
    /// Finds the segment; none in anything else.
    pub(super) fn locate(bytes: &'a mut Vec<u8>) -> Option<Self> {
        let first = *bytes.first()?;
        let (v6, tcp, protocol) = match first >> 4 {
            4 => (false, usize::from(first & 0xf) * 4, *bytes.get(9)?),
            6 => (true, 40, *bytes.get(6)?),
            _ => return None,
        };
        let header = usize::from(bytes.get(tcp + 12)? >> 4) * 4;
        let whole = header >= 20 && bytes.len() >= tcp + header;
        (protocol == TCP && whole).then_some(Self { bytes, v6, tcp, header })
    }

    fn flags(&self) -> u8 {
        self.bytes.get(self.tcp + 13).copied().unwrap_or_default()
    }

    fn payload_len(&self) -> usize {
        self.bytes.len().saturating_sub(self.tcp + self.header)
    }

    pub(super) fn is_rst(&self) -> bool {
        self.flags() & RST != 0
    }

    pub(super) fn is_fin(&self) -> bool {
        self.flags() & FIN != 0
    }

    pub(super) fn ack_off_by_one(&mut self) -> bool {
        let applies = self.flags() & ACK != 0;
        applies && self.add_one(8)
    }

    /// Not on SYN: the harness takes the numbers of a connection from there.
    pub(super) fn seq_off_by_one(&mut self) -> bool {
        let applies = self.flags() & SYN == 0;
        applies && self.add_one(4)
    }

    pub(super) fn flip_psh(&mut self) -> bool {
        let applies = self.payload_len() > 0;
        applies
            && self.change(|segment| {
                if let Some(flags) = segment.get_mut(13) {
                    *flags ^= PSH;
                }
            })
    }

    pub(super) fn set_urgent(&mut self) -> bool {
        self.change(|segment| {
            if let Some(low) = segment.get_mut(19) {
                *low ^= 1;
            }
        })
    }

    pub(super) fn shorten(&mut self) -> bool {
        if self.payload_len() == 0 || self.bytes.pop().is_none() {
            return false;
        }
        let (at, length) = if self.v6 { (4, self.bytes.len() - 40) } else { (2, self.bytes.len()) };
        let length = u16::try_from(length).unwrap_or_default().to_be_bytes();
        if let Some(field) = self.bytes.get_mut(at..at + 2) {
            field.copy_from_slice(&length);
        }
        self.seal();
        true
    }

    pub(super) fn drop_option(&mut self) -> bool {
        let options = self.bytes.get(self.tcp + 20..self.tcp + self.header).unwrap_or_default();
        let Some((at, length)) = first_option(options) else { return false };
        self.change(|segment| {
            if let Some(option) = segment.get_mut(20 + at..20 + at + length) {
                option.fill(1);
            }
        })
    }

    pub(super) fn ts_ecr_off_by_one(&mut self) -> bool {
        const TIMESTAMPS: u8 = 8;
        let options = self.bytes.get(self.tcp + 20..self.tcp + self.header).unwrap_or_default();
        match first_option_of(options, |kind| kind == TIMESTAMPS) {
            // Kind, length, TSval, TSecr.
            Some((at, 10)) => self.add_one(20 + at + 6),
            Some(_) | None => false,
        }
    }

    fn add_one(&mut self, at: usize) -> bool {
        self.change(|segment| {
            if let Some(field) = segment.get_mut(at..at + 4) {
                let number = field.iter().fold(0_u32, |n, b| (n << 8) | u32::from(*b));
                field.copy_from_slice(&number.wrapping_add(1).to_be_bytes());
            }
        })
    }

    fn change(&mut self, change: impl FnOnce(&mut [u8])) -> bool {
        if let Some(segment) = self.bytes.get_mut(self.tcp..) {
            change(segment);
        }
        self.seal();
        true
    }

    /// Recomputes the checksums (RFC 1071; pseudo headers of RFC 9293 section 3.1).
    fn seal(&mut self) {
        if !self.v6 {
            self.store(0..self.tcp, 10, 0);
        }
        let addresses = if self.v6 { 8..40 } else { 12..20 };
        let pseudo = sum(self.bytes.get(addresses).unwrap_or_default())
            + u32::from(TCP)
            + u32::try_from(self.bytes.len() - self.tcp).unwrap_or_default();
        self.store(self.tcp..self.bytes.len(), self.tcp + 16, pseudo);
    }

    /// Puts the checksum of `covered` and `extra` at `at`.
    fn store(&mut self, covered: std::ops::Range<usize>, at: usize, extra: u32) {
        if let Some(field) = self.bytes.get_mut(at..at + 2) {
            field.fill(0);
        }
        let folded = fold(sum(self.bytes.get(covered).unwrap_or_default()) + extra);
        if let Some(field) = self.bytes.get_mut(at..at + 2) {
            field.copy_from_slice(&(!folded).to_be_bytes());
        }
    }
}

/// Offset and length of the first option that is neither NOP nor the end.
fn first_option(options: &[u8]) -> Option<(usize, usize)> {
    first_option_of(options, |_| true)
}

/// Offset and length of the first option, neither NOP nor the end, whose kind is `wanted`.
fn first_option_of(options: &[u8], wanted: impl Fn(u8) -> bool) -> Option<(usize, usize)> {
    let mut at = 0;
    loop {
        match *options.get(at)? {
            0 => return None,
            1 => at += 1,
            kind => {
                let length = usize::from(*options.get(at + 1)?);
                if length < 2 || at + length > options.len() {
                    return None;
                }
                if wanted(kind) {
                    return Some((at, length));
                }
                at += length;
            }
        }
    }
}

fn sum(bytes: &[u8]) -> u32 {
    let words = bytes.chunks(2).map(|pair| {
        let high = pair.first().copied().unwrap_or_default();
        let low = pair.get(1).copied().unwrap_or_default();
        u32::from(u16::from_be_bytes([high, low]))
    });
    words.sum()
}

fn fold(mut total: u32) -> u16 {
    while total > 0xffff {
        total = (total & 0xffff) + (total >> 16);
    }
    u16::try_from(total).unwrap_or_default()
}
