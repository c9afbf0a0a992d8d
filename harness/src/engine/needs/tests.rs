use rstest::rstest;

use super::super::sample;
use super::*;
use crate::script;
use crate::script::source::SourceFile;
use crate::target::Clock;

fn info(capabilities: &[Capability]) -> TargetInfo {
    TargetInfo {
        name: "small".into(),
        version: "1".into(),
        clock: Clock::Virtual { tick_us: 1 },
        capabilities: capabilities.to_vec(),
    }
}

#[rstest]
#[case::nothing("0 close(3) = 0", None)]
#[case::udp("0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3", Some(("UDP", "SOCK_DGRAM")))]
#[case::in_an_or("0 socket(..., 1|SOCK_DGRAM, 0) = 3", Some(("UDP", "SOCK_DGRAM")))]
#[case::ping(
    "0 socket(..., SOCK_RAW, IPPROTO_ICMP) = 3",
    Some(("ICMP_SOCKETS", "IPPROTO_ICMP"))
)]
#[case::fast_open_flag(
    "0 sendto(3, ..., 1, MSG_FASTOPEN, ..., ...) = 1",
    Some(("FASTOPEN", "MSG_FASTOPEN"))
)]
#[case::fast_open_option("0 > S 0:0(0) <FO 0102>", Some(("FASTOPEN", "FO 0102")))]
#[case::in_a_list(
    "0 setsockopt(3, SOL_TCP, TCP_MD5SIG, [1], 4) = 0",
    Some(("MD5", "TCP_MD5SIG"))
)]
#[case::md5("0 < . 1:1(0) win 1 <md5 00,nop>", Some(("MD5", "md5 00")))]
#[case::accecn("0 > . 1:1(0) <ECN e0b 1,nop,nop,nop>", Some(("ACC_ECN", "ECN e0b 1")))]
#[case::code("0 %{ assert tcpi_rto > 0 }%", Some(("TCP_INFO", "%{ assert tcpi_rto > 0 }%")))]
#[case::encapsulation(
    "0 < ipv4 1.1.1.1 > 2.2.2.2: . 1:1(0) win 1",
    Some(("ENCAPSULATION", "< ipv4 1.1.1.1 > 2.2.2.2: . 1:1(0) win 1"))
)]
fn what_a_script_needs(#[case] text: &str, #[case] expected: Option<(&str, &str)>) {
    let script = sample::script(text);
    let found = missing(&script, &sample::config(), &info(&[Capability::Ipv4]));
    let found = found.map(|(reason, span)| (reason, script.source.slice(span.unwrap()).to_owned()));
    let expected = expected.map(|(name, at)| (format!("small has no {name}"), at.to_owned()));
    assert_eq!(found, expected);
}

#[test]
fn what_is_there_is_not_missing() {
    let script = sample::script("0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3");
    let all = info(&[Capability::Ipv4, Capability::Udp]);
    assert_eq!(missing(&script, &sample::config(), &all), None);
}

#[rstest]
#[case::v6(|c: &mut Config| c.setup.ip_version = IpVersion::Ipv6, "IPV6")]
#[case::mapped(|c: &mut Config| c.setup.ip_version = IpVersion::Ipv4Mapped, "IPV4_MAPPED")]
#[case::gso(|c: &mut Config| c.setup.inject_gso_size = 1000, "INJECT_GSO")]
#[case::udp(|c: &mut Config| c.udp_encapsulation = Some("tcp".into()), "UDP_ENCAPSULATION")]
#[case::md5(|c: &mut Config| c.tcp_md5_secret = Some("x".into()), "MD5")]
fn what_options_need(#[case] set: fn(&mut Config), #[case] name: &str) {
    let script = sample::script("0 close(3) = 0");
    let mut config = sample::config();
    set(&mut config);
    let found = missing(&script, &config, &info(&[Capability::Ipv4]));
    assert_eq!(found, Some((format!("small has no {name}"), None)));
}

#[test]
fn names_are_read_in_any_case_and_number() {
    let source = SourceFile::new("a.pkt", "//! needs: TSO, acc-ecn luck\n0 `true`\n".to_owned());
    let (script, _) = script::parse(&source, &Default::default());
    let words: Vec<_> = named(&script).map(|(_, word, of)| (word, of)).collect();
    let wanted =
        [("TSO", Some(Capability::Tso)), ("acc-ecn", Some(Capability::AccEcn)), ("luck", None)];
    assert_eq!(words, wanted);
}
