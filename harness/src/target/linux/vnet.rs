//! `struct virtio_net_hdr` in front of injected packets (include/uapi/linux/virtio_net.h).

use super::sockaddr::array;

/// Its size.
pub(super) const VNET_HEADER: usize = 10;
const GSO_TCPV4: u8 = 1;
const GSO_TCPV6: u8 = 4;

/// The header of an injected packet. Only a TCP packet with more payload than `gso_size` is marked
/// as an aggregate; the kernel finds the length of its headers itself.
pub(super) fn header(packet: &[u8], gso_size: u16) -> [u8; VNET_HEADER] {
    let Some(tcp) = tcp(packet) else { return [0; VNET_HEADER] };
    if gso_size == 0 || packet.len() <= tcp.payload_at + usize::from(gso_size) {
        return [0; VNET_HEADER];
    }
    let [g0, g1] = gso_size.to_ne_bytes();
    // flags, gso_type, hdr_len (2), gso_size (2), csum_start (2), csum_offset (2)
    [0, tcp.gso_type, 0, 0, g0, g1, 0, 0, 0, 0]
}

/// Payload length of a plain TCP packet.
pub(super) fn tcp_payload(packet: &[u8]) -> Option<usize> {
    packet.len().checked_sub(tcp(packet)?.payload_at)
}

struct TcpLayout {
    gso_type: u8,
    payload_at: usize,
}

/// Where the payload of a plain TCP packet starts.
fn tcp(packet: &[u8]) -> Option<TcpLayout> {
    const TCP: u8 = 6;
    let first = packet.first()?;
    let (gso_type, protocol_at, tcp_at) = match first >> 4 {
        4 => (GSO_TCPV4, 9, usize::from(first & 0xf) * 4),
        6 => (GSO_TCPV6, 6, 40),
        _ => return None,
    };
    if *packet.get(protocol_at)? != TCP {
        return None;
    }
    let [data_offset] = array(packet, tcp_at + 12)?;
    Some(TcpLayout { gso_type, payload_at: tcp_at + usize::from(data_offset >> 4) * 4 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp4(payload: usize) -> Vec<u8> {
        let mut packet = vec![0; 40 + payload];
        packet[0] = 0x45;
        packet[9] = 6;
        packet[32] = 0x50;
        packet
    }

    #[test]
    fn only_aggregates_are_marked() {
        assert_eq!(header(&tcp4(2000), 0), [0; 10]);
        assert_eq!(header(&tcp4(1000), 1000), [0; 10]);
        assert_eq!(header(&tcp4(2000), 1000)[1], GSO_TCPV4);
        assert_eq!(header(&tcp4(2000), 1000)[4..6], 1000_u16.to_ne_bytes());
        assert_eq!(header(&[], 1000), [0; 10]);
        assert_eq!(header(&[0x60; 10], 1000), [0; 10]);
    }
}
