use rstest::rstest;

use super::*;
use crate::packet::icmp::{Quoted, QuotedTransport, quote};
use crate::packet::{Icmp, MplsEntry, TcpOption};

fn ip(v6: bool) -> Ip {
    let (src, dst) = if v6 { ("fd3d::1", "fd3d::2") } else { ("192.0.2.1", "192.168.0.1") };
    Ip::new(src.parse().unwrap(), dst.parse().unwrap())
}

fn packet(v6: bool, transport: Transport) -> Packet {
    Packet { outer: Vec::new(), ip: ip(v6), transport }
}

fn tcp(flags: u16) -> Tcp {
    Tcp { src_port: 40_000, dst_port: 8080, seq: 1, ack: 1, flags, window: 257, ..Tcp::default() }
}

fn line(packet: &Packet) -> String {
    packet_text(packet, &TextOptions::default())
}

#[test]
fn a_syn_ack_as_scripts_write_it() {
    let options = vec![
        TcpOption::Mss(1460),
        TcpOption::SackOk,
        TcpOption::Ts { val: 100, ecr: 0 },
        TcpOption::Nop,
        TcpOption::Wscale(8),
    ];
    let flags = flag::SYN | flag::ACK;
    let tcp = Tcp { seq: 0, window: 65_535, options, ..tcp(flags) };
    assert_eq!(
        line(&packet(false, Transport::Tcp(tcp))),
        "S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 8>"
    );
}

#[rstest]
#[case::data(Tcp { payload: vec![0; 1000], ..tcp(0x18) }, "P. 1:1001(1000) ack 1 win 257")]
#[case::fin_takes_no_length(tcp(0x11), "F. 1:1(0) ack 1 win 257")]
#[case::no_ack_no_number(Tcp { ack: 0, ..tcp(0x04) }, "R 1:1(0) win 257")]
#[case::number_without_ack(tcp(0x04), "R 1:1(0) ack 1 win 257")]
#[case::ack_of_zero(Tcp { ack: 0, ..tcp(0x10) }, ". 1:1(0) ack 0 win 257")]
#[case::urgent(Tcp { urgent: 5, ..tcp(0x30) }, "U. 1:1(0) ack 1 win 257 urg 5")]
#[case::null(Tcp { ack: 0, ..tcp(0) }, "- 1:1(0) win 257")]
#[case::wrap(Tcp { seq: u32::MAX, payload: vec![0; 2], ..tcp(0x10) }, ". 4294967295:1(2) ack 1 win 257")]
fn tcp_lines(#[case] tcp: Tcp, #[case] expected: &str) {
    assert_eq!(line(&packet(false, Transport::Tcp(tcp))), expected);
}

#[rstest]
#[case(0x000, "-", "-")]
#[case(0x010, ".", ".0")]
#[case(0x0ff, "FSRPUEW.", "FSRPU.3")]
#[case(0x1c2, "SEWA", "S7")]
#[case(0x150, "EA.", ".5")]
#[case(0x018, "P.", "P.0")]
#[case(0x100, "A", "A")]
#[case(0xe10, ".|0xe00", ".0|0xe00")]
#[case(0x200, "-|0x200", "-|0x200")]
fn flags_in_letters_and_with_a_digit(
    #[case] flags: u16,
    #[case] letters: &str,
    #[case] digit: &str,
) {
    assert_eq!(flags_text(flags), letters);
    assert_eq!(flags_text_ace(flags), digit);
}

#[rstest]
#[case(TcpOption::Eol, "eol")]
#[case(TcpOption::Sack(vec![(1, 2), (3, 4)]), "sack 1:2 3:4")]
#[case(TcpOption::Md5(vec![0xab; 3]), "md5 ababab")]
#[case(TcpOption::Md5(vec![]), "md5")]
#[case(TcpOption::Fastopen { exp: false, cookie: vec![] }, "FO")]
#[case(TcpOption::Fastopen { exp: true, cookie: vec![1, 2] }, "FOEXP 0102")]
#[case(TcpOption::AccEcn { first_e1b: false, counters: vec![1, 2, 3] }, "ECN e0b 1 ceb 2 e1b 3")]
#[case(TcpOption::AccEcn { first_e1b: true, counters: vec![1, 2] }, "ECN e1b 1 ceb 2")]
#[case(TcpOption::AccEcn { first_e1b: true, counters: vec![] }, "ECN e1b -")]
#[case(TcpOption::Unknown { kind: 253, data: vec![] }, "raw fd02")]
#[case(TcpOption::Unknown { kind: 253, data: vec![10, 11] }, "raw fd040a0b")]
#[case(TcpOption::Malformed(vec![2, 5]), "raw 0205")]
fn options_in_words(#[case] option: TcpOption, #[case] expected: &str) {
    assert_eq!(option_text(&option), expected);
}

#[rstest]
#[case::nothing(TextOptions::default(), "")]
#[case::ports(TextOptions { ports: true, ..TextOptions::default() }, "40000 > 8080 ")]
#[case::tos(TextOptions { tos: Show::NotDefault, ..TextOptions::default() }, "[ect0] ")]
#[case::ttl(TextOptions { ttl: Show::NotDefault, ..TextOptions::default() }, "")]
#[case::ttl_always(TextOptions { ttl: Show::Always, ..TextOptions::default() }, "[ttl 255] ")]
#[case::label(
    TextOptions { tos: Show::Always, flow_label: Show::Always, ..TextOptions::default() },
    "[ect0,flowlabel 0x1a2b3] "
)]
fn what_is_written_when_asked(#[case] options: TextOptions, #[case] before: &str) {
    let ip = Ip { tos: 2, flow_label: 0x1a2b3, ..ip(true) };
    let packet = Packet { outer: vec![], ip, transport: Transport::Tcp(tcp(0x10)) };
    assert_eq!(packet_text(&packet, &options), format!("{before}. 1:1(0) ack 1 win 257"));
}

#[rstest]
#[case(0, "[noecn] ")]
#[case(1, "[ect1] ")]
#[case(3, "[ce] ")]
#[case(0x28, "[tos 0x28] ")]
#[case(0x04, "[tos 0x04] ")]
fn tos_by_name_where_it_has_one(#[case] tos: u8, #[case] expected: &str) {
    let options = TextOptions { tos: Show::Always, ..TextOptions::default() };
    assert_eq!(ip_info(&Ip { tos, ..ip(false) }, &options), expected);
}

#[test]
fn udp_lines() {
    let udp = Transport::Udp(Udp { src_port: 5000, dst_port: 6000, payload: vec![0; 1000] });
    let packet = packet(true, udp);
    assert_eq!(line(&packet), "udp (1000)");
    let options = TextOptions { ports: true, ..TextOptions::default() };
    assert_eq!(packet_text(&packet, &options), "udp 5000 > 6000 (1000)");
}

fn quoting(v6: bool, transport: QuotedTransport, len: u16) -> Vec<u8> {
    let ip = ip(v6);
    quote(&Quoted { src: ip.dst, dst: ip.src, transport, len })
}

#[rstest]
#[case::frag_needed(false, 3, 4, 1400, true, "unreachable frag_needed mtu 1400 [5:1005(1000)]")]
#[case::mtu_above_16_bits(
    false,
    3,
    4,
    0x9_0578,
    true,
    "unreachable frag_needed mtu 1400 [5:1005(1000)]"
)]
#[case::too_big(true, 2, 0, 70_000, true, "packet_too_big mtu 70000 [5:1005(1000)]")]
#[case::words_of_v6(true, 1, 4, 0, true, "unreachable port_unreachable [5:1005(1000)]")]
#[case::code_without_word(false, 12, 2, 0, true, "parameter_problem code_2 [5:1005(1000)]")]
#[case::code_0_without_word(false, 12, 0, 0, true, "parameter_problem [5:1005(1000)]")]
#[case::type_without_word(false, 77, 0, 0, false, "type_77 [raw (8)]")]
#[case::echo(false, 8, 0, 7 << 16 | 1, false, "echo_request id 7 [raw (8)]")]
#[case::no_quote(false, 3, 3, 0, false, "unreachable port_unreachable [raw (8)]")]
fn icmp_lines(
    #[case] v6: bool,
    #[case] ty: u8,
    #[case] code: u8,
    #[case] rest: u32,
    #[case] with_segment: bool,
    #[case] expected: &str,
) {
    let segment = QuotedTransport::Tcp { src_port: 8080, dst_port: 40_000, seq: 5 };
    let body = if with_segment { quoting(v6, segment, 1000) } else { vec![] };
    let icmp = Transport::Icmp(Icmp { ty, code, rest, body });
    assert_eq!(line(&packet(v6, icmp)), format!("icmp {expected}"));
}

#[rstest]
#[case(QuotedTransport::Udp { src_port: 1, dst_port: 2 }, "[udp (9)]")]
#[case(QuotedTransport::Other(132, [0; 8]), "[raw (36)]")]
fn icmp_quotes_other_transports(#[case] inside: QuotedTransport, #[case] expected: &str) {
    let icmp = Icmp { ty: 3, code: 3, rest: 0, body: quoting(false, inside, 9) };
    let text = line(&packet(false, Transport::Icmp(icmp)));
    assert_eq!(text, format!("icmp unreachable port_unreachable {expected}"));
}

fn gre(flags: u16) -> Outer {
    Outer::Gre { flags, sum: 1, off: 2, key: 3, seq: 4 }
}

#[rstest]
#[case::ipv4(Outer::Ip(ip(false)), "ipv4 192.0.2.1 > 192.168.0.1: ")]
#[case::ipv6(Outer::Ip(Ip { tos: 1, ttl: 3, ..ip(true) }), "ipv6 [ect1,ttl 3] fd3d::1 > fd3d::2: ")]
#[case::gre(gre(0), "gre flags [none], sum 0x1, off 0x2, key=0x3, seq 0x4: ")]
#[case::gre_flags(
    gre(0xb000),
    "gre flags [checksum present,key present,sequence# present], sum 0x1, off 0x2, key=0x3, seq 0x4: "
)]
#[case::gre_number(gre(0x0800), "gre flags 0x0800, sum 0x1, off 0x2, key=0x3, seq 0x4: ")]
#[case::mpls(
    Outer::Mpls(vec![
        MplsEntry { label: 1, tc: 2, bottom: false, ttl: 3 },
        MplsEntry { label: 4, tc: 5, bottom: true, ttl: 6 },
    ]),
    "mpls (label 1, tc 2, ttl 3) (label 4, tc 5, [S], ttl 6): "
)]
fn encapsulation_stands_before_the_packet(#[case] outer: Outer, #[case] expected: &str) {
    let packet = Packet { outer: vec![outer], ..packet(false, Transport::Tcp(tcp(0x10))) };
    assert_eq!(line(&packet), format!("{expected}. 1:1(0) ack 1 win 257"));
}

#[test]
fn udp_encapsulation_stands_behind_the_packet() {
    let outer = vec![Outer::Udp { src_port: 1, dst_port: 9811 }];
    let packet = Packet { outer, ..packet(false, Transport::Tcp(tcp(0x10))) };
    assert_eq!(line(&packet), ". 1:1(0) ack 1 win 257 /udp(1 > 9811)");
}
