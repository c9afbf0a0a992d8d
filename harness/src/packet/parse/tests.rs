use rstest::rstest;

use super::*;
use crate::packet::{TcpOption, flag};

/// A SYN as Linux sends it, by hand from the header formats: DF, id 0x1234, TTL 64, ECT(0), AE and
/// the reserved bits set, urgent pointer 9.
const SYN: &str = "4502003812344000400600 00c0a80001c0000201\
                   1f909c40010203040a0b0c0daf020fa00000 0009\
                   020405b40402080a0000006400000000 01030308";

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.bytes().filter(u8::is_ascii_hexdigit).collect::<Vec<_>>();
    let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

fn with_ipv4_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    let total = u16::try_from(bytes.len()).unwrap();
    bytes[2..4].copy_from_slice(&total.to_be_bytes());
    let sum = pnet_packet::util::checksum(&bytes[..20], 5);
    bytes[10..12].copy_from_slice(&sum.to_be_bytes());
    bytes
}

#[test]
fn every_field_is_read_from_its_place() {
    let packet = parse(&with_ipv4_checksum(bytes(SYN))).unwrap();
    assert_eq!(packet.outer, []);
    let ip = Ip {
        src: "192.168.0.1".parse().unwrap(),
        dst: "192.0.2.1".parse().unwrap(),
        tos: 2,
        ttl: 64,
        flow_label: 0,
        id: 0x1234,
        dont_fragment: true,
    };
    assert_eq!(packet.ip, ip);
    let Transport::Tcp(tcp) = packet.transport else { panic!("no TCP") };
    let expected = Tcp {
        src_port: 8080,
        dst_port: 40_000,
        seq: 0x0102_0304,
        ack: 0x0a0b_0c0d,
        flags: flag::RESERVED | flag::AE | flag::SYN,
        window: 4000,
        urgent: 9,
        options: vec![
            TcpOption::Mss(1460),
            TcpOption::SackOk,
            TcpOption::Ts { val: 100, ecr: 0 },
            TcpOption::Nop,
            TcpOption::Wscale(8),
        ],
        payload: vec![],
    };
    assert_eq!(tcp, expected);
}

#[test]
fn ipv6_fields_are_read_from_their_place() {
    let header = "6abcdef1 0008 11 40\
                  fd3d0000000000000000000000000001 fd3d0000000000000000000000000002";
    let packet = parse(&bytes(&format!("{header} 0001 0002 0008 0000"))).unwrap();
    let ip = packet.ip;
    assert_eq!((ip.tos, ip.flow_label, ip.ttl), (0xab, 0xcdef1, 64));
    assert_eq!((ip.src, ip.dst), ("fd3d::1".parse().unwrap(), "fd3d::2".parse().unwrap()));
    let udp = Udp { src_port: 1, dst_port: 2, payload: vec![] };
    assert_eq!(packet.transport, Transport::Udp(udp));
}

#[rstest]
#[case::none(None, false)]
#[case::other(Some(9), false)]
#[case::source(Some(1), true)]
#[case::destination(Some(9811), true)]
fn tcp_in_udp_is_found_by_its_port(#[case] port: Option<u16>, #[case] found: bool) {
    let tcp = "1f909c40 00000001 00000000 50040000 00000000 2a";
    let udp = "0001 2653 001d 0000";
    let ip = "45000000 00000000 ff110000 01010101 02020202";
    let datagram = with_ipv4_checksum(bytes(&format!("{ip}{udp}{tcp}")));
    let packet = parse_with(&datagram, &Decap { tcp_over_udp_port: port }).unwrap();
    match packet.transport {
        Transport::Tcp(tcp) => {
            assert!(found);
            assert_eq!(packet.outer, [Outer::Udp { src_port: 1, dst_port: 9811 }]);
            assert_eq!((tcp.flags, tcp.payload), (flag::RST, vec![0x2a]));
        }
        Transport::Udp(udp) => {
            assert!(!found);
            assert_eq!(udp.payload.len(), 21);
        }
        Transport::Icmp(icmp) => panic!("{icmp:?}"),
    }
}

#[rstest]
#[case::none("0000", "", 0, 0, 0, 0)]
#[case::sum("8000", "00010002", 1, 2, 0, 0)]
#[case::all("b000", "00010002 00000003 00000004", 1, 2, 3, 4)]
#[case::sum_and_key("a000", "00010002 00000003", 1, 2, 3, 0)]
#[case::key_in_the_slot_of_the_sum("2000", "00010002", 1, 2, 0, 0)]
#[case::sequence_in_the_slot_of_the_key("3000", "00010002 00000003", 1, 2, 3, 0)]
fn gre_words_are_read_by_position(
    #[case] flags: &str,
    #[case] words: &str,
    #[case] sum: u16,
    #[case] off: u16,
    #[case] key: u32,
    #[case] seq: u32,
) {
    let inner = "6000000000081140\
                 fd3d0000000000000000000000000001 fd3d0000000000000000000000000002";
    let udp = "0001 0002 0008 0000";
    let ip = "45000000 00000000 ff2f0000 01010101 02020202";
    let packet = format!("{ip}{flags}86dd{words}{inner}{udp}");
    let packet = parse(&with_ipv4_checksum(bytes(&packet))).unwrap();
    let flags = u16::from_str_radix(flags, 16).unwrap();
    assert_eq!(packet.outer[1], Outer::Gre { flags, sum, off, key, seq });
    assert!(packet.ip.src.is_ipv6());
}

#[test]
fn mpls_entries_are_read_by_bits() {
    let udp = "0001 0002 0008 0000";
    let inner =
        with_ipv4_checksum(bytes(&format!("45000000 00000000 ff110000 01010101 02020202{udp}")));
    let outer = bytes("45000000 00000000 ff890000 01010101 02020202 12345a07 fffff1ff");
    let packet = parse(&with_ipv4_checksum([outer, inner].concat())).unwrap();
    let expected = vec![
        MplsEntry { label: 0x12345, tc: 5, bottom: false, ttl: 7 },
        MplsEntry { label: 0xfffff, tc: 0, bottom: true, ttl: 255 },
    ];
    assert_eq!(packet.outer[1], Outer::Mpls(expected));
}
