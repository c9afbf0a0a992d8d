//! A packet that the stack sent, read by a reader of its own: the third in the workspace, so small
//! that it can be checked by eye. What is wrong with the packet is the answer.

use super::numbers::{checksum, sum};

/// Bits of [`Seen::flags`].
pub const FIN: u16 = 0x01;
/// SYN
pub const SYN: u16 = 0x02;
/// RST
pub const RST: u16 = 0x04;
/// ACK
pub const ACK: u16 = 0x10;
/// URG
pub const URG: u16 = 0x20;

/// The fields of a segment that was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Port of the stack.
    pub local: u16,
    /// Port of the peer.
    pub remote: u16,
    /// SEG.SEQ
    pub seq: u32,
    /// SEG.ACK
    pub ack: u32,
    /// The twelve bits.
    pub flags: u16,
    /// SEG.WND, unscaled.
    pub window: u16,
    /// Where the payload begins in the packet.
    pub payload_at: usize,
    /// Bytes of payload.
    pub payload: u32,
    /// Bytes of options.
    pub options: u32,
    /// Maximum segment size.
    pub mss: Option<u16>,
    /// Window scale.
    pub wscale: Option<u8>,
    /// TSval.
    pub ts: Option<u32>,
    /// TSecr.
    pub ecr: Option<u32>,
    /// There is a Fast Open option.
    pub fastopen: bool,
}

impl Seen {
    /// All bits of `mask` are set.
    #[must_use]
    pub const fn has(&self, mask: u16) -> bool {
        self.flags & mask == mask
    }

    /// The number behind the segment.
    #[must_use]
    pub fn end(&self) -> u32 {
        let control = u32::from(self.has(SYN)) + u32::from(self.has(FIN));
        self.seq.wrapping_add(self.payload).wrapping_add(control)
    }

    /// Neither SYN, FIN nor RST, and no data.
    #[must_use]
    pub const fn is_pure_ack(&self) -> bool {
        self.has(ACK) && self.flags & (SYN | FIN | RST) == 0 && self.payload == 0
    }
}

/// Reads a packet; [`None`] for one that is not TCP.
///
/// # Errors
/// What no host may send: lengths that disagree, wrong checksums, a malformed option list.
pub fn read(bytes: &[u8]) -> Result<Option<Seen>, &'static str> {
    let (ip_len, protocol, total, pseudo) = match bytes.first().map(|first| first >> 4) {
        Some(4) => {
            let head = bytes.first_chunk::<20>().ok_or("an IPv4 header of 20 bytes")?;
            if checksum(sum(0, head)) != 0 {
                return Err("the IPv4 header checksum is right");
            }
            let total = usize::from(u16::from_be_bytes([head[2], head[3]]));
            (20, head[9], total, sum(0, head.get(12..20).unwrap_or_default()))
        }
        Some(6) => {
            let head = bytes.first_chunk::<40>().ok_or("an IPv6 header")?;
            let total = 40 + usize::from(u16::from_be_bytes([head[4], head[5]]));
            (40, head[6], total, sum(0, head.get(8..40).unwrap_or_default()))
        }
        Some(_) | None => return Err("an IP version"),
    };
    if total != bytes.len() {
        return Err("the length of the IP header is that of the packet");
    }
    if protocol != 6 {
        return Ok(None);
    }
    let tcp = bytes.get(ip_len..).unwrap_or_default();
    let len = u32::try_from(tcp.len()).unwrap_or_default();
    if checksum(sum(pseudo + 6 + len, tcp)) != 0 {
        return Err("the TCP checksum is right");
    }
    header(tcp, ip_len).map(Some)
}

fn header(tcp: &[u8], ip_len: usize) -> Result<Seen, &'static str> {
    let head = tcp.first_chunk::<20>().ok_or("a TCP header of 20 bytes")?;
    let &[s0, s1, d0, d1, q0, q1, q2, q3, a0, a1, a2, a3, f0, f1, w0, w1, ..] = head;
    let len = usize::from(f0 >> 4) * 4;
    let options = tcp.get(20..len).ok_or("the data offset lies in the segment")?;
    let mut seen = Seen {
        local: u16::from_be_bytes([s0, s1]),
        remote: u16::from_be_bytes([d0, d1]),
        seq: u32::from_be_bytes([q0, q1, q2, q3]),
        ack: u32::from_be_bytes([a0, a1, a2, a3]),
        flags: u16::from_be_bytes([f0 & 0xf, f1]),
        window: u16::from_be_bytes([w0, w1]),
        payload_at: ip_len + len,
        payload: u32::try_from(tcp.len() - len).unwrap_or_default(),
        options: u32::try_from(options.len()).unwrap_or_default(),
        ..Seen::default()
    };
    read_options(options, &mut seen)?;
    Ok(seen)
}

fn read_options(mut rest: &[u8], seen: &mut Seen) -> Result<(), &'static str> {
    while let Some((&kind, behind)) = rest.split_first() {
        rest = match kind {
            0 => return Ok(()),
            1 => behind,
            _ => {
                let len = usize::from(behind.first().copied().unwrap_or_default());
                let body = rest.get(2..len).ok_or("the options are well-formed")?;
                match (kind, body) {
                    (2, &[high, low]) => seen.mss = Some(u16::from_be_bytes([high, low])),
                    (3, &[shift]) => seen.wscale = Some(shift),
                    (34, _) | (254, &[0xf9, 0x89, ..]) => seen.fastopen = true,
                    (8, &[v0, v1, v2, v3, e0, e1, e2, e3]) => {
                        seen.ts = Some(u32::from_be_bytes([v0, v1, v2, v3]));
                        seen.ecr = Some(u32::from_be_bytes([e0, e1, e2, e3]));
                    }
                    _ => {}
                }
                rest.get(len..).unwrap_or_default()
            }
        };
    }
    Ok(())
}
