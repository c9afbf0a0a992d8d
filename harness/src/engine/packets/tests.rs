use rstest::rstest;

use super::super::sample;
use super::*;
use crate::packet::text::{TextOptions, packet_text};

fn ends(v6: bool) -> (SocketAddr, SocketAddr) {
    let (peer, target) = if v6 {
        ("[2001:db8::1]:40001", "[fd3d::7]:8080")
    } else {
        ("192.0.2.1:40001", "192.168.0.7:8080")
    };
    (peer.parse().unwrap(), target.parse().unwrap())
}

/// An inbound line, from the peer to the target; quoted numbers count from 1000.
fn built(line: &str, v6: bool) -> Result<Packet, String> {
    let (peer, target) = ends(v6);
    from_spec(&sample::packet(line), peer, target, |seq| seq + 1000).map_err(|(_, why)| why)
}

#[rstest]
#[case::syn("< S 0:0(0) win 1000 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>")]
#[case::data("< FP. 1:101(100) ack 7 win 257 urg 3")]
#[case::reset("< R 5:5(0) win 0")]
#[case::null("< - 5:5(0) win 0")]
#[case::options("< . 1:1(0) ack 1 win 5 <nop,nop,sack 1:2 3:4>")]
#[case::cookies("< S 0:0(0) win 5 <FO 0102,FOEXP 0304,nop,nop>")]
#[case::accecn("< .5 1:1(0) ack 1 win 5 <ECN e1b 1 ceb 2>")]
#[case::md5("< . 1:1(0) ack 1 win 5 <md5 0102030405060708090a0b0c0d0e0f10,nop,eol>")]
fn a_line_reads_back(#[case] line: &str) {
    let packet = built(line, false).unwrap();
    let options = TextOptions { ace: line.contains(".5"), ..TextOptions::default() };
    assert_eq!(format!("< {}", packet_text(&packet, &options)), line);
}

#[rstest]
#[case::those_of_the_connection("< . 1:1(0) win 1", 40_001, 8080)]
#[case::written("< 5 > 6 . 1:1(0) win 1", 5, 6)]
#[case::zero_is_not_written("< 0 > 6 . 1:1(0) win 1", 40_001, 6)]
fn ports(#[case] line: &str, #[case] src: u16, #[case] dst: u16) {
    let Transport::Tcp(tcp) = built(line, false).unwrap().transport else { panic!("no TCP") };
    assert_eq!((tcp.src_port, tcp.dst_port), (src, dst));
}

#[rstest]
#[case::nothing("< . 1:1(0) win 1", 0, 255)]
#[case::ecn("< [ce] . 1:1(0) win 1", 3, 255)]
#[case::tos("< [tos 0x1f] . 1:1(0) win 1", 0x1f, 255)]
#[case::ttl("< [ttl 3] . 1:1(0) win 1", 0, 3)]
#[case::ttl_zero_is_the_default("< [ttl 0] . 1:1(0) win 1", 0, 255)]
fn ip_fields(#[case] line: &str, #[case] tos: u8, #[case] ttl: u8) {
    let ip = built(line, false).unwrap().ip;
    assert_eq!((ip.tos, ip.ttl), (tos, ttl));
}

#[test]
fn udp() {
    let Transport::Udp(udp) = built("< udp 5 > 6 (9)", false).unwrap().transport else {
        panic!("no UDP")
    };
    assert_eq!((udp.src_port, udp.dst_port, udp.payload.len()), (5, 6, 9));
}

fn message(line: &str, v6: bool) -> Icmp {
    let Transport::Icmp(icmp) = built(line, v6).unwrap().transport else { panic!("no ICMP") };
    icmp
}

#[rstest]
#[case::code("< icmp unreachable host_unreachable", false, 3, 1, 0)]
#[case::mtu("< icmp unreachable frag_needed mtu 1400", false, 3, 4, 1400)]
#[case::no_code("< icmp source_quench", false, 4, 0, 0)]
#[case::numbers("< icmp type_3 code_200", false, 3, 200, 0)]
#[case::too_big("< icmp packet_too_big mtu 1400", true, 2, 0, 1400)]
#[case::v6("< icmp unreachable port_unreachable", true, 1, 4, 0)]
#[case::echo_id("< icmp echo_reply id 258", false, 0, 0, 0x0102_0000)]
fn icmp_headers(
    #[case] line: &str,
    #[case] v6: bool,
    #[case] ty: u8,
    #[case] code: u8,
    #[case] rest: u32,
) {
    let icmp = message(line, v6);
    assert_eq!((icmp.ty, icmp.code, icmp.rest), (ty, code, rest));
}

/// The quotation is a packet of the target: its ports first, live sequence number.
#[rstest]
#[case::default("< icmp source_quench", 40, 1000)]
#[case::sequence("< icmp source_quench [5:105(100)]", 140, 1005)]
fn what_an_error_quotes(#[case] line: &str, #[case] total: u16, #[case] seq: u32) {
    let body = message(line, false).body;
    assert_eq!(body.len(), 28);
    assert_eq!(body[2..4], total.to_be_bytes());
    assert_eq!(body[9], 6);
    assert_eq!(body[12..20], [192, 168, 0, 7, 192, 0, 2, 1]);
    assert_eq!(body[20..24], [8080_u16.to_be_bytes(), 40_001_u16.to_be_bytes()].concat());
    assert_eq!(body[24..28], seq.to_be_bytes());
}

#[test]
fn quotes_of_udp_and_of_nothing() {
    let body = message("< icmp unreachable port_unreachable [udp (10)]", false).body;
    assert_eq!((body[9], &body[2..4]), (17, &38_u16.to_be_bytes()[..]));
    assert_eq!(message("< icmp echo_reply [raw (12)]", false).body, [0; 4]);
    assert_eq!(message("< icmp echo_request", false).body, [0; 0]);
    let body = message("< icmp unreachable port_unreachable", true).body;
    assert_eq!((body.len(), body[6]), (48, 6));
}

#[test]
fn a_word_of_the_other_ip_version() {
    let why = built("< icmp packet_too_big mtu 1400", false).unwrap_err();
    assert!(why.contains("packet_too_big"), "{why}");
}

#[test]
fn headers_around_it() {
    let packet = built(
        "< ipv4 [ttl 9] 1.1.1.1 > 2.2.2.2: mpls (label 5, tc 1, [S], ttl 7): . 1:1(0) win 1",
        false,
    )
    .unwrap();
    let Outer::Ip(ip) = &packet.outer[0] else { panic!("{:?}", packet.outer) };
    assert_eq!((ip.src.to_string().as_str(), ip.ttl), ("1.1.1.1", 9));
    let entry = MplsEntry { label: 5, tc: 1, bottom: true, ttl: 7 };
    assert_eq!(packet.outer[1], Outer::Mpls(vec![entry]));
}

#[test]
fn udp_encapsulation_is_the_innermost_header() {
    let packet = built("< . 1:1(0) win 1 /udp(9899 > 9900)", false).unwrap();
    assert_eq!(packet.outer, [Outer::Udp { src_port: 9899, dst_port: 9900 }]);
}
