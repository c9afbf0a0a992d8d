//! Each lie is told, is counted, and leaves a datagram whose checksums are right.

use pnet_packet::ipv4::{self, Ipv4Packet};
use pnet_packet::ipv6::Ipv6Packet;
use pnet_packet::tcp::{self, TcpPacket};
use pnet_packet::{MutablePacket, Packet};
use rstest::rstest;

use super::datagram::Segment;

/// SYN-ACK-like segment with MSS, NOP, window scale, and `payload` bytes of data.
fn datagram(v6: bool, flags: u8, payload: usize) -> Vec<u8> {
    let mut tcp = vec![0x1f, 0x90, 0x9c, 0x41, 0, 0, 0, 5, 0, 0, 0, 9, 0x70, flags, 0x10, 0];
    tcp.extend([0, 0, 0, 0, 2, 4, 5, 0xb4, 1, 3, 3, 7]);
    tcp.extend(std::iter::repeat_n(0, payload));
    let length = u8::try_from(tcp.len()).unwrap();
    let mut bytes = if v6 {
        let mut header = vec![0x60, 0, 0, 0, 0, length, 6, 64];
        header.extend([0xfd; 32]);
        header
    } else {
        vec![0x45, 0, 0, 20 + length, 0, 0, 0x40, 0, 64, 6, 0, 0, 192, 168, 0, 1, 192, 0, 2, 1]
    };
    bytes.extend(tcp);
    assert!(Segment::locate(&mut bytes).unwrap().set_urgent());
    assert!(Segment::locate(&mut bytes).unwrap().set_urgent());
    bytes
}

fn assert_checksums(bytes: &[u8], v6: bool) {
    if v6 {
        let ip = Ipv6Packet::new(bytes).unwrap();
        let segment = TcpPacket::new(ip.payload()).unwrap();
        let (src, dst) = (ip.get_source(), ip.get_destination());
        assert_eq!(segment.get_checksum(), tcp::ipv6_checksum(&segment, &src, &dst));
        assert_eq!(usize::from(ip.get_payload_length()), bytes.len() - 40);
    } else {
        let ip = Ipv4Packet::new(bytes).unwrap();
        let segment = TcpPacket::new(ip.payload()).unwrap();
        let (src, dst) = (ip.get_source(), ip.get_destination());
        assert_eq!(segment.get_checksum(), tcp::ipv4_checksum(&segment, &src, &dst));
        assert_eq!(ip.get_checksum(), ipv4::checksum(&ip));
        assert_eq!(usize::from(ip.get_total_length()), bytes.len());
    }
}

type Lie = fn(&mut Segment<'_>) -> bool;

#[rstest]
#[case::ack(Segment::ack_off_by_one as Lie, 0x10, 0, true)]
#[case::ack_without_flag(Segment::ack_off_by_one as Lie, 0x04, 0, false)]
#[case::seq(Segment::seq_off_by_one as Lie, 0x10, 0, true)]
#[case::seq_of_syn(Segment::seq_off_by_one as Lie, 0x12, 0, false)]
#[case::option(Segment::drop_option as Lie, 0x12, 0, true)]
#[case::short(Segment::shorten as Lie, 0x18, 7, true)]
#[case::short_without_data(Segment::shorten as Lie, 0x10, 0, false)]
#[case::psh(Segment::flip_psh as Lie, 0x10, 3, true)]
#[case::urgent(Segment::set_urgent as Lie, 0x10, 0, true)]
fn lie_changes_the_datagram_and_keeps_it_valid(
    #[case] lie: Lie,
    #[case] flags: u8,
    #[case] payload: usize,
    #[case] strikes: bool,
    #[values(false, true)] v6: bool,
) {
    let honest = datagram(v6, flags, payload);
    assert_checksums(&honest, v6);
    let mut told = honest.clone();
    assert_eq!(lie(&mut Segment::locate(&mut told).unwrap()), strikes);
    assert_eq!(told != honest, strikes);
    assert_checksums(&told, v6);
}

#[test]
fn sequence_numbers_wrap() {
    let mut bytes = datagram(false, 0x10, 0);
    let ip = &mut pnet_packet::ipv4::MutableIpv4Packet::new(&mut bytes).unwrap();
    tcp::MutableTcpPacket::new(ip.payload_mut()).unwrap().set_sequence(u32::MAX);
    assert!(Segment::locate(&mut bytes).unwrap().seq_off_by_one());
    let ip = Ipv4Packet::new(&bytes).unwrap();
    assert_eq!(TcpPacket::new(ip.payload()).unwrap().get_sequence(), 0);
}

#[rstest]
#[case(vec![])]
#[case(vec![0x45])]
#[case(vec![0x00; 60])]
#[case(vec![0x4f; 60])]
#[case(vec![0x60; 45])]
fn what_is_no_segment_is_left_alone(#[case] mut bytes: Vec<u8>) {
    assert!(Segment::locate(&mut bytes).is_none());
}
