//! Each lie is told, is counted, and leaves a datagram whose checksums are right.

use pnet_packet::ipv4::{self, Ipv4Packet};
use pnet_packet::ipv6::Ipv6Packet;
use pnet_packet::tcp::{self, TcpPacket};
use pnet_packet::{MutablePacket, Packet};
use rstest::rstest;

use super::datagram::Segment;
use super::{Fault, falsify};

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

#[rstest]
#[case::ack(Fault::AckOffByOne, 0x10, 0, true)]
#[case::ack_without_flag(Fault::AckOffByOne, 0x04, 0, false)]
#[case::seq(Fault::SeqOffByOne, 0x10, 0, true)]
#[case::seq_of_syn(Fault::SeqOffByOne, 0x12, 0, false)]
#[case::option(Fault::OptionDropped, 0x12, 0, true)]
#[case::short(Fault::PayloadShort, 0x18, 7, true)]
#[case::short_without_data(Fault::PayloadShort, 0x10, 0, false)]
#[case::psh(Fault::PshFlipped, 0x10, 3, true)]
#[case::urgent(Fault::UrgentPointer, 0x10, 0, true)]
fn lie_changes_the_datagram_and_keeps_it_valid(
    #[case] fault: Fault,
    #[case] flags: u8,
    #[case] payload: usize,
    #[case] strikes: bool,
    #[values(false, true)] v6: bool,
) {
    let honest = datagram(v6, flags, payload);
    assert_checksums(&honest, v6);
    let mut bytes = honest.clone();
    assert_eq!(falsify(fault, &mut Segment::locate(&mut bytes).unwrap()), strikes);
    assert_eq!(bytes != honest, strikes);
    assert_checksums(&bytes, v6);
}

#[rstest]
#[case(Fault::RstSwallowed, 0x14, true)]
#[case(Fault::RstSwallowed, 0x11, false)]
#[case(Fault::FinSwallowed, 0x11, true)]
#[case(Fault::FinSwallowed, 0x14, false)]
fn swallowing_is_by_flag(#[case] fault: Fault, #[case] flags: u8, #[case] strikes: bool) {
    let mut bytes = datagram(false, flags, 0);
    assert_eq!(falsify(fault, &mut Segment::locate(&mut bytes).unwrap()), strikes);
}

#[test]
fn names_are_unique_and_lead_back() {
    assert!(Fault::ALL.iter().all(|fault| Fault::from_name(fault.name()) == Some(*fault)));
}

#[test]
fn sequence_numbers_wrap() {
    let mut bytes = datagram(false, 0x10, 0);
    let ip = &mut ipv4::MutableIpv4Packet::new(&mut bytes).unwrap();
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
