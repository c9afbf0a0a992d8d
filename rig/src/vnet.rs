//! `struct virtio_net_hdr` between device and kernel: bursts of segments as one packet, checksums
//! left to the receiver (include/uapi/linux/virtio_net.h).

/// Its size.
pub(crate) const HEADER: usize = 10;

const NEEDS_CSUM: u8 = 1;
const GSO_TCPV4: u8 = 1;
const GSO_TCPV6: u8 = 4;
/// The largest IPv6 and TCP headers that a packet can have here.
const MOST_HEADERS: usize = 40 + 60;

/// The header for a packet on its way to the kernel. One that exceeds `mtu` is a burst, to be
/// taken as segments of what fits; its checksum is complete.
pub(crate) fn header(packet: &[u8], mtu: usize) -> [u8; HEADER] {
    if packet.len() <= mtu {
        return [0; HEADER];
    }
    let is_v6 = packet.first().is_some_and(|first| first >> 4 == 6);
    let gso_type = if is_v6 { GSO_TCPV6 } else { GSO_TCPV4 };
    let size = u16::try_from(mtu - MOST_HEADERS.min(mtu)).unwrap_or(u16::MAX);
    let [size0, size1] = size.to_ne_bytes();
    // flags, gso_type, hdr_len (2), gso_size (2), csum_start (2), csum_offset (2)
    [0, gso_type, 0, 0, size0, size1, 0, 0, 0, 0]
}

/// Finishes the checksum of a packet from the kernel, whose field holds the sum of the pseudo
/// header only if `header` says so. A packet that is too short for that is left alone.
pub(crate) fn complete_checksum(header: &[u8], packet: &mut [u8]) {
    let [flags, _, _, _, _, _, start0, start1, offset0, offset1] = header else { return };
    if flags & NEEDS_CSUM == 0 {
        return;
    }
    let start = usize::from(u16::from_ne_bytes([*start0, *start1]));
    let offset = usize::from(u16::from_ne_bytes([*offset0, *offset1]));
    let Some(covered) = packet.get_mut(start..) else { return };
    let sum = checksum(covered).to_be_bytes();
    if let Some(field) = covered.get_mut(offset..).and_then(<[u8]>::first_chunk_mut) {
        *field = sum;
    }
}

/// RFC 1071, eight bytes at a time.
fn checksum(bytes: &[u8]) -> u16 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut sum: u128 = words.iter().map(|word| u128::from(u64::from_be_bytes(*word))).sum();
    let mut last = [0_u8; 8];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    sum += u128::from(u64::from_be_bytes(last));
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    !u16::try_from(sum).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_over_its_own_field_is_zero() {
        let mut packet: Vec<u8> = (0..101).collect();
        packet[20 + 16..20 + 18].fill(0);
        let mut header = [0; HEADER];
        header[0] = NEEDS_CSUM;
        header[6..8].copy_from_slice(&20_u16.to_ne_bytes());
        header[8..10].copy_from_slice(&16_u16.to_ne_bytes());
        complete_checksum(&header, &mut packet);
        assert_eq!(checksum(&packet[20..]), 0);
        complete_checksum(&header, &mut [0; 10]);
        complete_checksum(&[], &mut packet);
    }

    #[test]
    fn only_bursts_are_marked() {
        assert_eq!(header(&[0x45; 1500], 1500), [0; HEADER]);
        assert_eq!(header(&[0x45; 1501], 1500)[1], GSO_TCPV4);
        assert_eq!(header(&[0x60; 9000], 1500)[1], GSO_TCPV6);
    }
}
