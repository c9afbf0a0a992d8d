use rstest::rstest;

use super::*;
use crate::packet::{Ip, Outer, Packet, Tcp, Transport, Udp, build, flag, parse};

fn tcp_packet(v6: bool) -> Vec<u8> {
    let (src, dst) = if v6 { ("fd3d::1", "fd3d::2") } else { ("192.0.2.1", "192.168.0.1") };
    let tcp = Tcp { flags: flag::SYN, payload: vec![0; 4], ..Tcp::default() };
    let packet = Packet {
        outer: Vec::new(),
        ip: Ip::new(src.parse().unwrap(), dst.parse().unwrap()),
        transport: Transport::Tcp(tcp),
    };
    build(&packet).unwrap()
}

fn udp_packet() -> Vec<u8> {
    let udp = Udp { src_port: 1, dst_port: 2, payload: vec![0; 3] };
    let packet = Packet {
        outer: Vec::new(),
        ip: Ip::new("1.1.1.1".parse().unwrap(), "2.2.2.2".parse().unwrap()),
        transport: Transport::Udp(udp),
    };
    build(&packet).unwrap()
}

/// Writes `patch` at `at`, and a right IPv4 header checksum over the result.
fn patched(mut bytes: Vec<u8>, at: usize, patch: &[u8]) -> Vec<u8> {
    bytes[at..at + patch.len()].copy_from_slice(patch);
    if bytes[0] >> 4 == 4 {
        let header_len = usize::from(bytes[0] & 0xf) * 4;
        let end = header_len.clamp(20, bytes.len());
        let sum = util::checksum(&bytes[..end], 5);
        bytes[10..12].copy_from_slice(&sum.to_be_bytes());
    }
    bytes
}

fn refusal(bytes: &[u8]) -> String {
    parse(bytes).unwrap_err().to_string()
}

#[rstest]
#[case(0, &[0x54], "IP version 5 (byte 0)")]
#[case(0, &[0x44], "IPv4 header length 16, at least 20 is required (byte 0)")]
#[case(0, &[0x4f], "IPv4 header needs 60 bytes, 44 are left (byte 0)")]
#[case(0, &[0x46], "4 bytes of IPv4 options (byte 20)")]
#[case(2, &[0, 43], "IPv4 length is 43, the packet has 44 bytes (byte 2)")]
#[case(2, &[0, 45], "IPv4 length is 45, the packet has 44 bytes (byte 2)")]
#[case(2, &[0, 0], "IPv4 length is 0, the packet has 44 bytes (byte 2)")]
#[case(6, &[0x80], "reserved bit of the IPv4 fragment word is set (byte 6)")]
#[case(6, &[0x20], "IP fragment (byte 6)")]
#[case(7, &[0x01], "IP fragment (byte 6)")]
#[case(9, &[132], "protocol 132 in IPv4 (byte 9)")]
#[case(9, &[58], "protocol 58 in IPv4 (byte 9)")]
#[case(32, &[0x40], "TCP data offset says 16 bytes, the segment has 24 (byte 32)")]
#[case(32, &[0x70], "TCP data offset says 28 bytes, the segment has 24 (byte 32)")]
fn ipv4_is_refused(#[case] at: usize, #[case] patch: &[u8], #[case] expected: &str) {
    assert_eq!(refusal(&patched(tcp_packet(false), at, patch)), expected);
}

#[rstest]
#[case(0, &[0x70], "IP version 7 (byte 0)")]
#[case(4, &[0, 23], "IPv6 length is 23, the packet has 24 bytes (byte 4)")]
#[case(4, &[0, 0], "IPv6 length is 0, the packet has 24 bytes (byte 4)")]
#[case(4, &[0, 0, 0], "IPv6 jumbogram (byte 4)")]
#[case(6, &[132], "protocol 132 in IPv6 (byte 6)")]
#[case(6, &[1], "protocol 1 in IPv6 (byte 6)")]
#[case(6, &[44], "IP fragment (byte 40)")]
#[case(52, &[0x40], "TCP data offset says 16 bytes, the segment has 24 (byte 52)")]
fn ipv6_is_refused(#[case] at: usize, #[case] patch: &[u8], #[case] expected: &str) {
    assert_eq!(refusal(&patched(tcp_packet(true), at, patch)), expected);
}

#[rstest]
#[case(0, &[6, 0], "IPv6 extension header 0 (byte 40)")]
#[case(43, &[6, 0], "IPv6 extension header 43 (byte 40)")]
#[case(60, &[6, 2], "IPv6 extension header 60 (byte 40)")]
#[case(60, &[6, 3], "IPv6 header needs 32 bytes, 24 are left (byte 40)")]
#[case(60, &[44, 0], "IP fragment (byte 48)")]
#[case(60, &[60, 2], "IPv6 header needs 8 bytes, 0 are left (byte 64)")]
fn extension_headers_are_walked_and_refused(
    #[case] first: u8,
    #[case] header: &[u8],
    #[case] expected: &str,
) {
    let bytes = patched(tcp_packet(true), 40, header);
    assert_eq!(refusal(&patched(bytes, 6, &[first])), expected);
}

#[test]
fn every_truncation_is_refused() {
    for bytes in [tcp_packet(false), tcp_packet(true), udp_packet()] {
        assert!(parse(&bytes).is_ok());
        for len in 0..bytes.len() {
            assert!(!parse(&bytes[..len]).unwrap_err().is_unsupported(), "{len} bytes");
        }
    }
}

#[rstest]
#[case(8, "UDP length is 8, the packet has 11 bytes (byte 24)")]
#[case(12, "UDP length is 12, the packet has 11 bytes (byte 24)")]
#[case(0, "UDP length is 0, the packet has 11 bytes (byte 24)")]
fn udp_length_counts_all_bytes(#[case] len: u8, #[case] expected: &str) {
    assert_eq!(refusal(&patched(udp_packet(), 24, &[0, len])), expected);
}

#[test]
fn link_padding_is_not_part_of_a_packet() {
    let mut bytes = tcp_packet(false);
    bytes.resize(46, 0);
    assert_eq!(refusal(&bytes), "IPv4 length is 44, the packet has 46 bytes (byte 2)");
}

#[test]
fn ipv4_header_checksum_is_verified() {
    let mut bytes = tcp_packet(false);
    bytes[8] ^= 1;
    let error = parse(&bytes).unwrap_err();
    assert_eq!(error.at, 10);
    assert!(matches!(error.reason, Reason::Ipv4HeaderChecksum { .. }), "{error}");
    assert!(!error.is_unsupported());
}

#[rstest]
#[case(6, &[0x20])]
#[case(9, &[132])]
#[case(0, &[0x46])]
fn unsupported_is_not_malformed(#[case] at: usize, #[case] patch: &[u8]) {
    assert!(parse(&patched(tcp_packet(false), at, patch)).unwrap_err().is_unsupported());
}

fn encapsulated(outer: Vec<Outer>) -> Vec<u8> {
    let inner = parse(&tcp_packet(false)).unwrap();
    let carrier = Ip::new("1.1.1.1".parse().unwrap(), "2.2.2.2".parse().unwrap());
    let outer = std::iter::once(Outer::Ip(carrier)).chain(outer).collect();
    build(&Packet { outer, ..inner }).unwrap()
}

fn gre(flags: u16) -> Outer {
    Outer::Gre { flags, sum: 0, off: 0, key: 0, seq: 0 }
}

#[rstest]
#[case(20, &[0x40, 0], "GRE flags 0x4000 (byte 20)")]
#[case(20, &[0, 1], "GRE flags 0x0001 (byte 20)")]
#[case(22, &[0x65, 0x58], "GRE protocol 0x6558 (byte 22)")]
#[case(22, &[0x86, 0xdd], "IP version 4 (byte 24)")]
fn gre_is_refused(#[case] at: usize, #[case] patch: &[u8], #[case] expected: &str) {
    let bytes = patched(encapsulated(vec![gre(0)]), at, patch);
    assert_eq!(refusal(&bytes), expected);
}

#[test]
fn a_label_stack_ends_with_its_bottom_bit() {
    let label = crate::packet::MplsEntry { label: 1, tc: 0, bottom: true, ttl: 1 };
    let bytes = encapsulated(vec![gre(0), Outer::Mpls(vec![label])]);
    assert!(parse(&bytes).is_ok());
    // Without the bit the IPv4 header is read as labels: 0xc0a80001 has one, at its end.
    assert!(parse(&patched(bytes, 26, &[0x10])).is_err());
}

#[test]
fn errors_inside_encapsulation_count_from_the_outermost_byte() {
    let bytes = patched(encapsulated(vec![gre(0)]), 56, &[0xf0]);
    assert_eq!(refusal(&bytes), "TCP data offset says 60 bytes, the segment has 24 (byte 56)");
}
