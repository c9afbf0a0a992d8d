//! Lines compared with packets that other lines describe: the actual one is built from its line.

use rstest::rstest;

use super::super::{packets, sample};
use super::*;
use crate::packet::{Outer, TcpOption, flag};

fn actual(line: &str) -> Packet {
    let (src, dst) = ("192.168.0.7:8080".parse().unwrap(), "192.0.2.1:40001".parse().unwrap());
    packets::from_spec(&sample::packet(line), src, dst, |seq| seq).unwrap()
}

fn actual_v6(line: &str) -> Packet {
    let src = "[fd3d:fa7b:d17d::7]:8080".parse().unwrap();
    let dst = "[2001:db8::1]:40001".parse().unwrap();
    packets::from_spec(&sample::packet(line), src, dst, |seq| seq).unwrap()
}

fn compared(line: &str, actual: &Packet, flow_label: Option<(u32, u32)>) -> Comparison {
    let config = sample::config();
    let context = Context { config: &config, due_us: 0, flow_label, md5: None, digest: None };
    compare(&sample::packet(line), actual, &context)
}

/// Message and the token it points at.
fn difference(line: &str, actual: &Packet) -> Option<(String, String)> {
    let comparison = compared(line, actual, None);
    let message = comparison.message();
    assert_eq!(message.is_some(), comparison.first_bad.is_some());
    let text = sample::script(&format!("0 close(9) = 0\n0 {line}"));
    Some((message?, text.source.slice(comparison.first_bad?).to_owned()))
}

const DATA: &str = "> P. 1:1001(1000) ack 1 win 257";

#[rstest]
#[case::all_written(DATA, DATA)]
#[case::no_window("> P. 1:1001(1000) ack 1", DATA)]
#[case::ports_are_not_compared("> 5 > 6 P. 1:1001(1000) ack 1", DATA)]
#[case::any_flags("> * 1:1001(1000) ack 1", DATA)]
#[case::any_sequence("> P. *(1000) ack 1", DATA)]
#[case::any_length("> P. * ack 1", DATA)]
#[case::any_ack("> P. 1:1001(1000) ack *", DATA)]
#[case::any_options("> . 1:1(0) ack 1 <...>", "> . 1:1(0) ack 1 <mss 1460>")]
#[case::any_value("> S 0:0(0) <mss *,wscale *,nop>", "> S 0:0(0) <mss 1460,wscale 7,nop>")]
#[case::any_sack("> . 1:1(0) ack 1 <nop,nop,sack *>", "> . 1:1(0) ack 1 <nop,nop,sack 1:2 4:5>")]
#[case::any_cookie("> S 0:0(0) <FO *>", "> S 0:0(0) <FO 0102>")]
#[case::any_digest(
    "> S 0:0(0) <md5 *,nop,nop>",
    "> S 0:0(0) <md5 0102030405060708090a0b0c0d0e0f10,nop,nop>"
)]
#[case::timestamps(
    "> . 1:1(0) ack 1 <nop,nop,TS val 1 ecr 2>",
    "> . 1:1(0) ack 1 <nop,nop,TS val 8 ecr 9>"
)]
#[case::ace("> .5 1:1(0) ack 1", "> EA. 1:1(0) ack 1")]
#[case::ace_as_letters("> EA. 1:1(0) ack 1", "> .5 1:1(0) ack 1")]
#[case::ect("> [ect01] . 1:1(0) ack 1", "> [ect1] . 1:1(0) ack 1")]
#[case::ecn_without_dscp("> [ce] . 1:1(0) ack 1", "> [tos 0x2b] . 1:1(0) ack 1")]
#[case::ttl_255_is_any("> [ttl 255] . 1:1(0) ack 1", "> [ttl 64] . 1:1(0) ack 1")]
#[case::ttl_0_is_any("> [ttl 0] . 1:1(0) ack 1", "> [ttl 64] . 1:1(0) ack 1")]
#[case::udp("> udp (10)", "> udp (10)")]
#[case::ping("> icmp echo_request", "> icmp echo_request id 7")]
#[case::gre(
    "> ipv4 1.1.1.1 > 2.2.2.2: gre flags 0x2000, sum 0x0, off 0x0, key=0x0, seq 0x0: . \
     1:1(0) ack 1",
    "> ipv4 3.3.3.3 > 4.4.4.4: gre flags 0x2000, sum 0x0, off 0x0, key=0x9, seq 0x9: . 1:1(0) ack 1"
)]
fn what_matches(#[case] line: &str, #[case] sent: &str) {
    assert_eq!(difference(line, &actual(sent)), None);
}

#[rstest]
#[case::flags(
    "> P. 1:1001(1000) ack 1",
    "> . 1:1001(1000) ack 1",
    "flags: expected P., got .",
    "P."
)]
#[case::cwr(
    "> P. 1:1001(1000) ack 1",
    "> PW. 1:1001(1000) ack 1",
    "flags: expected P., got PW.",
    "P."
)]
#[case::ace("> .5 1:1(0) ack 1", "> .4 1:1(0) ack 1", "flags: expected .5, got .4", ".5")]
#[case::seq("> . 1:1(0) ack 1", "> . 2:2(0) ack 1", "seq: expected 1:1(0), got 2:2(0)", "1:1(0)")]
#[case::length(
    "> . 1:11(10) ack 1",
    "> . 1:6(5) ack 1",
    "seq: expected 1:11(10), got 1:6(5)",
    "1:11(10)"
)]
#[case::length_of_any(
    "> . *(10) ack 1",
    "> . 1:6(5) ack 1",
    "seq: expected *(10), got 1:6(5)",
    "*(10)"
)]
#[case::ack("> . 1:1(0) ack 1", "> . 1:1(0) ack 2", "ack: expected 1, got 2", "ack 1")]
#[case::ack_without_flag("> R 1:1(0)", "> R 1:1(0) ack 5", "ack: expected 0, got 5", "1:1(0)")]
#[case::win("> . 1:1(0) ack 1 win 5", "> . 1:1(0) ack 1 win 6", "win: expected 5, got 6", "win 5")]
#[case::urg("> . 1:1(0) ack 1 urg 2", "> . 1:1(0) ack 1", "urg: expected 2, got 0", "urg 2")]
#[case::urg_unwritten(
    "> . 1:1(0) ack 1",
    "> . 1:1(0) ack 1 urg 3",
    "urg: expected 0, got 3",
    "1:1(0)"
)]
#[case::no_options(
    "> . 1:1(0) ack 1",
    "> . 1:1(0) ack 1 <nop,nop,sackOK>",
    "options: expected none, got <nop,nop,sackOK>",
    "1"
)]
#[case::options_missing(
    "> . 1:1(0) ack 1 <mss 5>",
    "> . 1:1(0) ack 1",
    "options: expected <mss 5>, got none",
    "<mss 5>"
)]
#[case::order(
    "> S 0:0(0) <nop,wscale 7,mss 5>",
    "> S 0:0(0) <mss 5,nop,wscale 7>",
    "options: expected <nop,wscale 7,mss 5>, got <mss 5,nop,wscale 7>",
    "<nop,wscale 7,mss 5>"
)]
#[case::mss("> S 0:0(0) <mss 5>", "> S 0:0(0) <mss 6>", "mss: expected 5, got 6", "mss 5")]
#[case::wscale(
    "> S 0:0(0) <nop,wscale 7>",
    "> S 0:0(0) <nop,wscale 8>",
    "wscale: expected 7, got 8",
    "wscale 7"
)]
#[case::sack(
    "> . 1:1(0) ack 1 <nop,nop,sack 1:2>",
    "> . 1:1(0) ack 1 <nop,nop,sack 1:3>",
    "sack: expected sack 1:2, got sack 1:3",
    "sack 1:2"
)]
#[case::cookie(
    "> S 0:0(0) <FO 0102>",
    "> S 0:0(0) <FO 0103>",
    "fast open cookie: expected 0102, got 0103",
    "FO 0102"
)]
#[case::cookie_kind(
    "> S 0:0(0) <FOEXP 01020304>",
    "> S 0:0(0) <FO 010203040506>",
    "options: expected <FOEXP 01020304>, got <FO 010203040506>",
    "<FOEXP 01020304>"
)]
#[case::md5(
    "> . 1:1(0) ack 1 <md5 01,nop>",
    "> . 1:1(0) ack 1 <md5 02,nop>",
    "md5: expected 01, got 02",
    "md5 01"
)]
#[case::accecn(
    "> . 1:1(0) ack 1 <ECN e0b 1 ceb 0 e1b 1,nop>",
    "> . 1:1(0) ack 1 <ECN e0b 1 ceb 2 e1b 1,nop>",
    "AccECN counters: expected [1, 0, 1], got [1, 2, 1]",
    "ECN e0b 1 ceb 0 e1b 1"
)]
#[case::ecn(
    "> [ect0] . 1:1(0) ack 1",
    "> [noecn] . 1:1(0) ack 1",
    "ecn: expected ect0, got noecn",
    "ect0"
)]
#[case::ect01(
    "> [ect01] . 1:1(0) ack 1",
    "> [ce] . 1:1(0) ack 1",
    "ecn: expected ect0 or ect1, got ce",
    "ect01"
)]
#[case::tos(
    "> [tos 0x28] . 1:1(0) ack 1",
    "> . 1:1(0) ack 1",
    "tos: expected 0x28, got 0x00",
    "tos 0x28"
)]
#[case::ttl(
    "> [ttl 64] . 1:1(0) ack 1",
    "> [ttl 63] . 1:1(0) ack 1",
    "ttl: expected 64, got 63",
    "ttl 64"
)]
#[case::udp("> udp (10)", "> udp (11)", "udp payload: expected 10, got 11", "> udp (10)")]
#[case::protocol("> udp (10)", "> . 1:1(0) ack 1", "protocol: expected udp, got tcp", "> udp (10)")]
#[case::icmp(
    "> icmp echo_request",
    "> icmp unreachable host_unreachable",
    "icmp: expected type 8 code 0, got type 3 code 1",
    "echo_request"
)]
#[case::icmp_length(
    "> icmp echo_request [raw (64)]",
    "> icmp echo_request [raw (65)]",
    "icmp length: expected 64, got 65",
    "[raw (64)]"
)]
#[case::encapsulated(
    "> . 1:1(0) ack 1",
    "> ipv4 1.1.1.1 > 2.2.2.2: . 1:1(0) ack 1",
    "encapsulation: expected none, got ipv4",
    "> . 1:1(0) ack 1"
)]
#[case::mpls(
    "> mpls (label 1, tc 2, ttl 3): . 1:1(0) ack 1",
    "> mpls (label 1, tc 2, ttl 4): . 1:1(0) ack 1",
    "mpls: expected label 1 tc 2 ttl 3, got label 1 tc 2 ttl 4",
    "mpls (label 1, tc 2, ttl 3):"
)]
#[case::outer_tos(
    "> ipv4 [tos 0x10] 1.1.1.1 > 2.2.2.2: . 1:1(0) ack 1",
    "> ipv4 1.1.1.1 > 2.2.2.2: . 1:1(0) ack 1",
    "tos: expected 0x10, got 0x00",
    "tos 0x10"
)]
fn what_differs(
    #[case] line: &str,
    #[case] sent: &str,
    #[case] message: &str,
    #[case] token: &str,
) {
    assert_eq!(difference(line, &actual(sent)), Some((message.into(), token.into())));
}

#[test]
fn every_field_is_reported_and_the_first_difference_is_the_message() {
    let comparison =
        compared("> P. 1:1001(1000) ack 1 win 5", &actual("> . 2:2(0) ack 1 win 6"), None);
    let fields: Vec<(&str, bool)> =
        comparison.fields.iter().map(|f| (f.name.as_str(), f.ok)).collect();
    assert_eq!(fields, [("flags", false), ("seq", false), ("ack", true), ("win", false)]);
    assert_eq!(comparison.message().unwrap(), "flags: expected P., got .");
}

#[test]
fn payload_is_zero_and_reserved_bits_are_clear() {
    let mut packet = actual(DATA);
    if let Transport::Tcp(tcp) = &mut packet.transport {
        tcp.payload[7] = 0xab;
        tcp.flags |= 0x400;
    }
    let comparison = compared(DATA, &packet, None);
    let bad: Vec<String> = comparison
        .fields
        .iter()
        .filter(|f| !f.ok)
        .map(|f| format!("{} {} {}", f.name, f.expected, f.actual))
        .collect();
    assert_eq!(bad, ["reserved bits 0 0x400", "payload zero bytes 0xab at offset 7"]);
}

#[test]
fn an_option_without_a_name_is_shown() {
    let mut packet = actual("> . 1:1(0) ack 1");
    if let Transport::Tcp(tcp) = &mut packet.transport {
        tcp.options = vec![TcpOption::Unknown { kind: 253, data: vec![1, 2] }];
        tcp.flags = flag::ACK;
    }
    let message = compared("> . 1:1(0) ack 1", &packet, None).message().unwrap();
    assert_eq!(message, "options: expected none, got <raw fd040102>");
}

#[rstest]
#[case::unchecked_without_a_tick(0, 1_000, 0, true)]
#[case::exact(1_000, 100, 0, true)]
#[case::within(1_000, 104, 0, true)]
#[case::beyond(1_000, 105, 0, false)]
#[case::before(1_000, 95, 0, false)]
#[case::share_of_the_time_passed(1_000, 225, 1_000_000, true)]
#[case::beyond_that_share(1_000, 226, 1_000_000, false)]
#[case::the_far_end_of_the_circle(1_000_000, 0x8000_0064, 0, false)]
fn timestamps_within_ticks(
    #[case] tick: u32,
    #[case] val: u32,
    #[case] due_us: i64,
    #[case] ok: bool,
) {
    let mut config = sample::config();
    config.tcp_ts_tick_usecs = tick;
    let spec = sample::packet("> . 1:1(0) ack 1 <nop,nop,TS val 100 ecr 2>");
    let sent = actual(&format!("> . 1:1(0) ack 1 <nop,nop,TS val {val} ecr 77>"));
    let context = Context { config: &config, due_us, flow_label: None, md5: None, digest: None };
    assert_eq!(compare(&spec, &sent, &context).message().is_none(), ok);
}

#[rstest]
#[case::first_use(0x1, 0x77, None, None)]
#[case::same(0x1, 0x77, Some((1, 0x77)), None)]
#[case::changed(0x1, 0x78, Some((1, 0x77)), Some("flowlabel: expected 0x77, got 0x78"))]
#[case::another(0x2, 0x78, Some((1, 0x77)), None)]
#[case::another_but_same(
    0x2,
    0x77,
    Some((1, 0x77)),
    Some("flowlabel: expected another than 0x77, got 0x77")
)]
#[case::unmarked(0x1, 0, None, Some("flowlabel: expected any but 0, got 0x0"))]
fn flow_labels_are_names(
    #[case] name: u32,
    #[case] live: u32,
    #[case] bound: Option<(u32, u32)>,
    #[case] message: Option<&str>,
) {
    let sent = actual_v6(&format!("> [flowlabel {live:#x}] . 1:1(0) ack 1"));
    let line = format!("> [flowlabel {name:#x}] . 1:1(0) ack 1");
    assert_eq!(compared(&line, &sent, bound).message().as_deref(), message);
}

#[test]
fn gre_compares_the_words_its_flags_announce() {
    let line = "> ipv4 1.1.1.1 > 2.2.2.2: gre flags 0x8000, sum 0x1, off 0x2, key=0x0, seq 0x0: . 1:1(0) ack 1";
    let mut sent = actual(line);
    assert_eq!(difference(line, &sent), None);
    if let Some(Outer::Gre { sum, .. }) = sent.outer.get_mut(1) {
        *sum = 9;
    }
    let (message, token) = difference(line, &sent).unwrap();
    assert_eq!(
        message,
        "gre: expected flags 0x8000 sum 0x1 off 0x2, got flags 0x8000 sum 0x9 off 0x2"
    );
    assert!(token.starts_with("gre flags"), "{token}");
}
