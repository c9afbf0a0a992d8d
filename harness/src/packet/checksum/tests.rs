use rstest::rstest;

use super::*;
use crate::packet::{Icmp, Ip, Outer, Packet, Tcp, Transport, Udp, build, flag};

fn packet(v6: bool, transport: Transport) -> Packet {
    let (src, dst) = if v6 { ("fd3d::1", "fd3d::2") } else { ("192.0.2.1", "192.168.0.1") };
    let ip = Ip::new(src.parse().unwrap(), dst.parse().unwrap());
    Packet { outer: Vec::new(), ip, transport }
}

fn tcp(payload: Vec<u8>) -> Transport {
    Transport::Tcp(Tcp { flags: flag::ACK, payload, ..Tcp::default() })
}

fn udp(payload: Vec<u8>) -> Transport {
    Transport::Udp(Udp { src_port: 7, dst_port: 8, payload })
}

fn icmp(body: Vec<u8>) -> Transport {
    Transport::Icmp(Icmp { ty: 128, code: 0, rest: 5, body })
}

#[rstest]
fn a_built_packet_is_right_and_every_flipped_bit_is_wrong(
    #[values(false, true)] v6: bool,
    #[values(tcp, udp, icmp)] transport: fn(Vec<u8>) -> Transport,
    #[values(0, 1, 2, 1001)] len: usize,
    #[values(0, 0xff)] fill: u8,
) {
    let mut bytes = build(&packet(v6, transport(vec![fill; len]))).unwrap();
    assert_eq!(transport_checksum_ok(&bytes), Some(true));
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    assert_eq!(transport_checksum_ok(&bytes), Some(false));
}

#[test]
fn a_message_of_zeros_has_a_sum_that_is_not_zero() {
    let zeros = Transport::Icmp(Icmp { ty: 0, code: 0, rest: 0, body: vec![0; 40] });
    let mut bytes = build(&packet(false, zeros)).unwrap();
    assert_eq!((&bytes[22..24], transport_checksum_ok(&bytes)), (&[0xff, 0xff][..], Some(true)));
    bytes[22..24].fill(0);
    assert_eq!(transport_checksum_ok(&bytes), Some(false));
}

#[test]
fn the_largest_segment_has_a_checksum() {
    let bytes = build(&packet(false, tcp(vec![0xff; 65_535 - 40]))).unwrap();
    assert_eq!(bytes.len(), 65_535);
    assert_eq!(transport_checksum_ok(&bytes), Some(true));
}

#[test]
fn the_pseudo_header_is_that_of_the_innermost_ip() {
    let carrier = Ip::new("1.1.1.1".parse().unwrap(), "2.2.2.2".parse().unwrap());
    let inner = packet(true, tcp(vec![1, 2, 3]));
    let bytes = build(&Packet { outer: vec![Outer::Ip(carrier)], ..inner }).unwrap();
    assert_eq!(transport_checksum_ok(&bytes), Some(true));
}

#[test]
fn a_tcp_segment_in_udp_is_covered_by_the_udp_checksum() {
    let outer = vec![Outer::Udp { src_port: 1, dst_port: 9811 }];
    let bytes = build(&Packet { outer, ..packet(false, tcp(vec![9])) }).unwrap();
    assert_eq!(bytes[44..46], [0, 0]);
    assert_eq!(transport_checksum_ok(&bytes), Some(true));
}

#[rstest]
#[case::not_sent_on_ipv4(false, None)]
#[case::forbidden_on_ipv6(true, Some(false))]
fn a_udp_checksum_of_zero(#[case] v6: bool, #[case] expected: Option<bool>) {
    let mut bytes = build(&packet(v6, udp(vec![1]))).unwrap();
    let at = if v6 { 46 } else { 26 };
    bytes[at..at + 2].fill(0);
    assert_eq!(transport_checksum_ok(&bytes), expected);
}

#[test]
fn a_udp_sum_of_zero_is_sent_as_ffff() {
    let sum_of = |bytes: &[u8]| u16::from_be_bytes([bytes[26], bytes[27]]);
    let before = sum_of(&build(&packet(false, udp(vec![0, 0]))).unwrap());
    // A payload equal to the checksum without it brings the sum to zero.
    let bytes = build(&packet(false, udp(before.to_be_bytes().to_vec()))).unwrap();
    assert_eq!(sum_of(&bytes), 0xffff);
    assert_eq!(transport_checksum_ok(&bytes), Some(true));
}

#[test]
fn what_does_not_parse_has_no_checksum() {
    assert_eq!(transport_checksum_ok(&[]), None);
    assert_eq!(transport_checksum_ok(&[0x45; 20]), None);
}

#[rstest]
#[case(0, 0xffff, false)]
#[case(0xffff, 0, true)]
#[case(5, 5, true)]
#[case(0, 1, false)]
fn both_zeros_are_one_number_unless_everything_is_zero(
    #[case] found: u16,
    #[case] correct: u16,
    #[case] same: bool,
) {
    assert_eq!(same_sum(found, correct), same);
}
