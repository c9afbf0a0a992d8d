use rstest::rstest;

use super::*;

#[rstest]
#[case(IpFamily::V4, "unreachable", Some("frag_needed"), (3, 4))]
#[case(IpFamily::V4, "unreachable", Some("precedence_cutoff"), (3, 15))]
#[case(IpFamily::V4, "unreachable", None, (3, 0))]
#[case(IpFamily::V4, "time_exceeded", Some("ttl_exceeded_in_transit"), (11, 0))]
#[case(IpFamily::V4, "time_exceeded", Some("frag_reass_exceeded"), (11, 1))]
#[case(IpFamily::V4, "parameter_problem", Some("code_2"), (12, 2))]
#[case(IpFamily::V4, "type_3", Some("code_7"), (3, 7))]
#[case(IpFamily::V4, "type_255", Some("code_255"), (255, 255))]
#[case(IpFamily::V4, "echo_request", None, (8, 0))]
#[case(IpFamily::V6, "echo_request", None, (128, 0))]
#[case(IpFamily::V6, "packet_too_big", None, (2, 0))]
#[case(IpFamily::V6, "unreachable", Some("net_unreachable"), (1, 0))]
#[case(IpFamily::V6, "unreachable", Some("no_route"), (1, 0))]
#[case(IpFamily::V6, "unreachable", Some("port_unreachable"), (1, 4))]
#[case(IpFamily::V6, "time_exceeded", Some("exceeded_frag_time"), (3, 1))]
#[case(IpFamily::V6, "parameter_problem", Some("unknown_option"), (4, 2))]
fn words_have_numbers(
    #[case] family: IpFamily,
    #[case] ty: &str,
    #[case] code: Option<&str>,
    #[case] expected: (u8, u8),
) {
    assert_eq!(resolve(family, ty, code), Ok(expected));
}

#[rstest]
#[case(IpFamily::V4, "packet_too_big", None, "unknown ICMP type `packet_too_big`")]
#[case(IpFamily::V6, "redirect", None, "unknown ICMPv6 type `redirect`")]
#[case(
    IpFamily::V4,
    "type_3",
    Some("host_unknown"),
    "unknown ICMP code `host_unknown` for type `type_3`"
)]
#[case(IpFamily::V4, "type_256", None, "unknown ICMP type `type_256`")]
#[case(IpFamily::V4, "type_+1", None, "unknown ICMP type `type_+1`")]
#[case(IpFamily::V4, "type_", None, "unknown ICMP type `type_`")]
#[case(
    IpFamily::V4,
    "redirect",
    Some("port_unreachable"),
    "unknown ICMP code `port_unreachable` for type `redirect`"
)]
#[case(
    IpFamily::V4,
    "type_77",
    Some("frag_needed"),
    "unknown ICMP code `frag_needed` for type `type_77`"
)]
fn other_words_have_none(
    #[case] family: IpFamily,
    #[case] ty: &str,
    #[case] code: Option<&str>,
    #[case] expected: &str,
) {
    assert_eq!(resolve(family, ty, code), Err(expected.to_owned()));
}

#[test]
fn every_number_has_a_name_that_resolves_back() {
    for family in [IpFamily::V4, IpFamily::V6] {
        for ty in 0..=255 {
            for code in 0..=255 {
                let (ty_name, code_name) = (type_name(family, ty), code_name(family, ty, code));
                assert_eq!(resolve(family, &ty_name, Some(&code_name)), Ok((ty, code)));
            }
        }
    }
}

fn addresses(v6: bool) -> (std::net::IpAddr, std::net::IpAddr) {
    let (src, dst) = if v6 { ("fd3d::1", "fd3d::2") } else { ("192.0.2.1", "192.168.0.1") };
    (src.parse().unwrap(), dst.parse().unwrap())
}

#[rstest]
fn a_quoted_packet_reads_back(
    #[values(false, true)] v6: bool,
    #[values(
        QuotedTransport::Tcp { src_port: 1, dst_port: 2, seq: 0xfeed_beef },
        QuotedTransport::Udp { src_port: 1, dst_port: 2 },
        QuotedTransport::Other(132, [1, 2, 3, 4, 5, 6, 7, 8])
    )]
    transport: QuotedTransport,
    #[values(0, 1, 1460)] len: u16,
) {
    let (src, dst) = addresses(v6);
    let packet = Quoted { src, dst, transport, len };
    let body = quote(&packet);
    assert_eq!(body.len(), if v6 { 48 } else { 28 });
    assert_eq!(quoted(&body), Some(packet));
}

#[test]
fn a_quoted_header_says_the_length_of_the_whole_packet() {
    let (src, dst) = addresses(false);
    let transport = QuotedTransport::Tcp { src_port: 1, dst_port: 2, seq: 3 };
    let body = quote(&Quoted { src, dst, transport, len: 1000 });
    assert_eq!(u16::from_be_bytes([body[2], body[3]]), 1040);
    assert_eq!(pnet_packet::util::checksum(&body[..20], 10), 0);
}

#[test]
fn ipv4_options_in_a_quoted_header_are_passed_over() {
    let (src, dst) = addresses(false);
    let transport = QuotedTransport::Udp { src_port: 1, dst_port: 2 };
    let mut body = quote(&Quoted { src, dst, transport, len: 8 });
    body[0] = 0x46;
    body.splice(20..20, [1, 1, 1, 1]);
    assert_eq!(quoted(&body), Some(Quoted { src, dst, transport, len: 4 }));
}

#[test]
fn short_and_strange_bodies_quote_nothing() {
    for v6 in [false, true] {
        let (src, dst) = addresses(v6);
        let transport = QuotedTransport::Udp { src_port: 1, dst_port: 2 };
        let body = quote(&Quoted { src, dst, transport, len: 8 });
        for len in 0..body.len() {
            assert_eq!(quoted(&body[..len]), None);
        }
    }
    assert_eq!(quoted(&[0x44; 40]), None, "header length 16");
    assert_eq!(quoted(&[0x55; 60]), None, "version 5");
}

#[test]
fn mixed_families_quote_nothing() {
    let transport = QuotedTransport::Udp { src_port: 1, dst_port: 2 };
    let (src, dst) = (addresses(false).0, addresses(true).1);
    assert_eq!(quote(&Quoted { src, dst, transport, len: 0 }), [] as [u8; 0]);
}

#[rstest]
#[case(IpFamily::V4, 3, 4, Some(MtuField::Low16))]
#[case(IpFamily::V4, 3, 3, None)]
#[case(IpFamily::V4, 2, 0, None)]
#[case(IpFamily::V6, 2, 0, Some(MtuField::All32))]
#[case(IpFamily::V6, 3, 4, None)]
fn two_messages_have_an_mtu(
    #[case] family: IpFamily,
    #[case] ty: u8,
    #[case] code: u8,
    #[case] expected: Option<MtuField>,
) {
    assert_eq!(mtu_field(family, ty, code), expected);
}
