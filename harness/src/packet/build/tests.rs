use rstest::rstest;

use super::*;
use crate::packet::{Decap, Icmp, MplsEntry, Tcp, TcpOption, Udp, parse, parse_with};

fn ip(v6: bool) -> Ip {
    let (src, dst) = if v6 { ("fd3d::1", "fd3d::2") } else { ("192.0.2.1", "192.168.0.1") };
    Ip::new(src.parse().unwrap(), dst.parse().unwrap())
}

fn tcp(options: Vec<TcpOption>, len: usize) -> Tcp {
    Tcp { src_port: 1, dst_port: 2, options, payload: vec![7; len], ..Tcp::default() }
}

fn packet(v6: bool, transport: Transport) -> Packet {
    Packet { outer: Vec::new(), ip: ip(v6), transport }
}

fn label(label: u32, bottom: bool) -> MplsEntry {
    MplsEntry { label, tc: 3, bottom, ttl: 9 }
}

fn gre(flags: u16) -> Outer {
    Outer::Gre { flags, sum: 0, off: 0, key: 0, seq: 0 }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn an_ipv4_segment_byte_by_byte() {
    let ip = Ip { tos: 2, ttl: 64, id: 0x1234, dont_fragment: true, ..ip(false) };
    let tcp = Tcp {
        src_port: 0x1f90,
        dst_port: 0x9c40,
        seq: 1,
        ack: 2,
        flags: 0xf12,
        window: 3,
        urgent: 4,
        options: vec![TcpOption::Mss(1460)],
        payload: vec![0xaa],
    };
    let bytes = build(&Packet { outer: vec![], ip, transport: Transport::Tcp(tcp) }).unwrap();
    insta::assert_snapshot!(hex(&bytes[..20]), @"4502002d123440004006a5eac0000201c0a80001");
    insta::assert_snapshot!(hex(&bytes[20..]), @"1f909c4000000001000000026f120003a08f0004020405b4aa");
}

#[test]
fn an_ipv6_datagram_byte_by_byte() {
    let ip = Ip { tos: 0xab, flow_label: 0xcdef1, ..ip(true) };
    let udp = Udp { src_port: 1, dst_port: 2, payload: vec![0xaa] };
    let bytes = build(&Packet { outer: vec![], ip, transport: Transport::Udp(udp) }).unwrap();
    insta::assert_snapshot!(hex(&bytes), @"6abcdef1000911fffd3d0000000000000000000000000001fd3d00000000000000000000000000020001000200095b5aaa");
}

#[rstest]
#[case::none(0, "00000800")]
#[case::sum(0x8000, "8000080000010002")]
#[case::key(0x2000, "2000080000010002")]
#[case::key_and_sequence(0x3000, "300008000001000200000003")]
#[case::all(0xb000, "b0000800000100020000000300000004")]
fn gre_words_are_sent_by_position(#[case] flags: u16, #[case] expected: &str) {
    let gre = Outer::Gre { flags, sum: 1, off: 2, key: 3, seq: 4 };
    let outer = vec![Outer::Ip(ip(false)), gre];
    let packet = Packet { outer, ..packet(false, Transport::Tcp(tcp(vec![], 0))) };
    let bytes = build(&packet).unwrap();
    assert_eq!(hex(&bytes[20..20 + expected.len() / 2]), expected);
    assert_eq!(bytes[20 + expected.len() / 2] >> 4, 4);
}

fn stacks(v6: bool) -> Vec<Vec<Outer>> {
    let carrier = Outer::Ip(Ip { tos: 0x28, ttl: 3, ..ip(v6) });
    let full = Outer::Gre { flags: 0xb000, sum: 1, off: 2, key: 3, seq: 4 };
    let mpls = Outer::Mpls(vec![label(0, false), label(0xf_ffff, true)]);
    vec![
        vec![],
        vec![carrier.clone()],
        vec![carrier.clone(), Outer::Ip(ip(!v6))],
        vec![carrier.clone(), gre(0)],
        vec![carrier.clone(), full.clone(), mpls.clone()],
        vec![carrier.clone(), full, carrier.clone(), gre(0), carrier.clone()],
        vec![carrier, mpls],
    ]
}

fn transports() -> Vec<Transport> {
    let odd = TcpOption::Unknown { kind: 253, data: vec![1, 2] };
    let lists = [
        vec![],
        vec![TcpOption::Sack(vec![(1, 2), (3, 4), (5, 6), (7, 8)]), TcpOption::Nop, TcpOption::Nop],
        vec![TcpOption::Fastopen { exp: true, cookie: vec![1; 4] }],
        vec![odd, TcpOption::Mss(1), TcpOption::SackOk, TcpOption::Eol, TcpOption::Eol],
        vec![TcpOption::Nop, TcpOption::Malformed(vec![8, 1, 0])],
        vec![TcpOption::Md5(vec![7; 16]), TcpOption::Eol, TcpOption::Eol],
    ];
    let segments = lists.into_iter().map(|options| {
        let flags = 0xfff;
        Transport::Tcp(Tcp { flags, seq: u32::MAX, urgent: 9, ..tcp(options, 3) })
    });
    let udp = Udp { src_port: 9, dst_port: 9, payload: vec![1] };
    let icmp = Icmp { ty: 3, code: 4, rest: 1400, body: vec![1, 2, 3] };
    segments.chain([Transport::Udp(udp), Transport::Icmp(icmp)]).collect()
}

#[rstest]
fn what_is_built_parses_to_the_same_packet(
    #[values(false, true)] v6: bool,
    #[values(false, true)] outer_v6: bool,
) {
    for outer in stacks(outer_v6) {
        for transport in transports() {
            let packet = Packet { outer: outer.clone(), ..packet(v6, transport) };
            let bytes = build(&packet).unwrap();
            assert_eq!(parse(&bytes), Ok(packet));
            assert_eq!(crate::packet::transport_checksum_ok(&bytes), Some(true));
        }
    }
}

#[rstest]
fn tcp_in_udp_parses_with_its_port(#[values(false, true)] v6: bool) {
    for mut outer in stacks(v6) {
        outer.push(Outer::Udp { src_port: 5, dst_port: 9811 });
        let packet = Packet { outer, ..packet(v6, Transport::Tcp(tcp(vec![], 5))) };
        let decap = Decap { tcp_over_udp_port: Some(9811) };
        assert_eq!(parse_with(&build(&packet).unwrap(), &decap), Ok(packet));
    }
}

#[rstest]
#[case::ipv4(false, 65_535 - 40, 65_535 - 39, "IPv4 length 65536 does not fit its 16-bit length field")]
#[case::ipv6(true, 65_535 - 20, 65_535 - 19, "IPv6 length 65536 does not fit its 16-bit length field")]
fn packets_go_up_to_64k(
    #[case] v6: bool,
    #[case] fits: usize,
    #[case] too_long: usize,
    #[case] expected: &str,
) {
    let whole = packet(v6, Transport::Tcp(tcp(vec![], fits)));
    assert_eq!(parse(&build(&whole).unwrap()), Ok(whole));
    let error = build(&packet(v6, Transport::Tcp(tcp(vec![], too_long)))).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[rstest]
#[case(vec![gre(0)], "the outermost header is GRE, and must be IP")]
#[case(vec![Outer::Mpls(vec![label(1, true)])], "the outermost header is MPLS, and must be IP")]
#[case(vec![Outer::Ip(ip(false)), gre(0), gre(0)], "GRE cannot carry GRE")]
#[case(vec![Outer::Ip(ip(false)), gre(1)], "GRE flags 0x0001 ask for a version or for routing, which have no encoding here")]
#[case(vec![Outer::Ip(ip(false)), Outer::Mpls(vec![label(1, true)]), gre(0)], "MPLS cannot carry GRE")]
#[case(vec![Outer::Ip(ip(false)), Outer::Mpls(vec![])], "MPLS label stack is empty")]
#[case(vec![Outer::Ip(ip(false)), Outer::Mpls(vec![label(1, false)])], "MPLS bottom-of-stack bit must be on the last entry and on no other")]
#[case(vec![Outer::Ip(ip(false)), Outer::Mpls(vec![label(1 << 20, true)])], "MPLS label 0x100000 is wider than 20 bits")]
#[case(vec![Outer::Ip(ip(false)), Outer::Mpls(vec![MplsEntry { tc: 8, ..label(1, true) }])], "MPLS traffic class 8 is wider than 3 bits")]
#[case(vec![Outer::Udp { src_port: 1, dst_port: 2 }, Outer::Ip(ip(false))], "the outermost header is UDP, and must be IP")]
#[case(vec![Outer::Ip(ip(false)), Outer::Udp { src_port: 1, dst_port: 2 }, Outer::Ip(ip(false))], "UDP cannot carry IPv4")]
#[case(vec![Outer::Ip(Ip { dst: "::1".parse().unwrap(), ..ip(false) })], "source and destination of an IP header are of different families")]
#[case(vec![Outer::Ip(Ip { flow_label: 1 << 20, ..ip(true) })], "flow label 0x100000 is wider than 20 bits")]
fn header_orders_and_fields_without_encoding(#[case] outer: Vec<Outer>, #[case] expected: &str) {
    let packet = Packet { outer, ..packet(false, Transport::Tcp(tcp(vec![], 0))) };
    assert_eq!(build(&packet).unwrap_err().to_string(), expected);
}

#[test]
fn only_tcp_goes_into_udp() {
    let udp = Transport::Udp(Udp { src_port: 1, dst_port: 2, payload: vec![] });
    let outer = vec![Outer::Udp { src_port: 1, dst_port: 2 }];
    let error = build(&Packet { outer, ..packet(false, udp) }).unwrap_err();
    assert_eq!(error.to_string(), "UDP cannot carry UDP");
}

#[test]
fn tcp_flags_are_twelve_bits() {
    let tcp = Tcp { flags: 0x1000, ..tcp(vec![], 0) };
    let error = build(&packet(false, Transport::Tcp(tcp))).unwrap_err();
    assert_eq!(error, BuildError::TcpFlags(0x1000));
}
