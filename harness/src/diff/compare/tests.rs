//! Every verdict, and every rule used and switched off, over logs made by hand.

use rstest::rstest;

use super::super::sample::{ACK, Sample, real_rules, rules, segment, ts};
use super::*;
use crate::engine::log::{DrawnKind, What};
use crate::packet::{Tcp, TcpOption, flag};
use crate::target::{Errno, Output, Returned, TcpState};

fn with(left: &Sample, right: &Sample, rules: &Rules) -> Comparison {
    compare(&left.0, &right.0, rules)
}

/// The class of the first difference, in words; `agree` where there is none.
fn class(left: &Sample, right: &Sample) -> String {
    class_with(left, right, &rules())
}

fn class_with(left: &Sample, right: &Sample, rules: &Rules) -> String {
    match with(left, right, rules).verdict {
        Verdict::Agree => "agree".into(),
        Verdict::Differ(divergence) => divergence.class.to_string(),
        Verdict::Incomparable(reason) => reason,
    }
}

fn without(name: &str) -> Rules {
    let mut rules = rules();
    rules.switch(name, false).unwrap();
    rules
}

fn data(seq: u32, len: usize) -> Tcp {
    segment(ACK, seq, 1, len)
}

/// An open connection to which data has come, on line 4.
fn asked() -> Sample {
    Sample::open().sends_in(100_000, 4, segment(ACK, 1, 1, 10))
}

#[test]
fn a_log_agrees_with_itself() {
    let log = asked().sends(100_000, segment(ACK, 1, 11, 0)).state(100_000, 4, TcpState::CloseWait);
    let comparison = with(&log, &log, &rules());
    assert_eq!(comparison.verdict, Verdict::Agree);
    assert_eq!((comparison.used.len(), comparison.timing.off), (0, 0));
}

#[rstest]
#[case::seq(Tcp { seq: 2, ..segment(ACK, 1, 11, 0) }, "seq")]
#[case::ack(Tcp { ack: 12, ..segment(ACK, 1, 11, 0) }, "ack")]
#[case::flags(Tcp { flags: ACK | flag::PSH, ..segment(ACK, 1, 11, 0) }, "flags")]
#[case::window(Tcp { window: 7, ..segment(ACK, 1, 11, 0) }, "win")]
#[case::urgent(Tcp { urgent: 7, ..segment(ACK, 1, 11, 0) }, "urg")]
#[case::options(Tcp { options: ts(1), ..segment(ACK, 1, 11, 0) }, "options")]
#[case::length(segment(ACK, 1, 11, 1), "len")]
fn another_field_is_another_class(#[case] other: Tcp, #[case] field: &str) {
    let left = asked().sends(100_000, segment(ACK, 1, 11, 0));
    let right = asked().sends(100_000, other);
    let expected = format!("ESTABLISHED / rcv-data / packet / {field}");
    assert_eq!(class(&left, &right), expected);
}

#[test]
fn every_field_is_told_and_so_are_both_sides() {
    let left = asked().sends(100_000, segment(ACK, 1, 11, 0));
    let right = asked().sends(100_000, Tcp { window: 7, ..segment(ACK, 1, 12, 0) });
    let Verdict::Differ(found) = with(&left, &right, &rules()).verdict else { panic!() };
    let bad: Vec<_> = found.fields.iter().filter(|f| f.is_bad()).map(|f| f.name.as_str()).collect();
    assert_eq!(bad, ["ack", "win"]);
    assert_eq!((found.line, found.at.0), (Some(4), 100_000));
    assert_eq!(found.left.unwrap().text, "> . 1:1(0) ack 11 win 65535");
    assert_eq!(found.right.unwrap().text, "> . 1:1(0) ack 12 win 7");
}

#[test]
fn payload_is_compared_byte_by_byte() {
    let mut other = data(1, 3);
    other.payload[2] = 9;
    let (left, right) = (asked().sends(100_000, data(1, 3)), asked().sends(100_000, other));
    assert_eq!(class(&left, &right), "ESTABLISHED / rcv-data / packet / payload");
}

#[test]
fn a_packet_more_on_one_side_is_told_as_that() {
    let answered = asked().sends(100_000, segment(ACK, 1, 11, 0));
    assert_eq!(class(&answered, &asked()), "ESTABLISHED / rcv-data / left-only / ack");
    assert_eq!(class(&asked(), &answered), "ESTABLISHED / rcv-data / right-only / ack");
    // Before others that are the same.
    let reset = asked().sends(100_000, segment(flag::RST, 1, 0, 0));
    let both = |log: Sample| log.sends(100_000, segment(ACK, 1, 11, 0));
    assert_eq!(class(&both(reset), &both(asked())), "ESTABLISHED / rcv-data / left-only / rst");
}

#[test]
fn what_comes_long_after_the_script_did_something_is_a_timers_work() {
    let later = asked().sends(300_000, data(1, 5));
    assert_eq!(
        class(&later.call(400_000, 5, "read(4)"), &asked().call(400_000, 5, "read(4)")),
        "ESTABLISHED / timeout / left-only / data"
    );
}

#[test]
fn the_first_difference_is_the_one() {
    let both = |window| {
        let first = Tcp { window, ..segment(ACK, 1, 11, 0) };
        asked().sends(100_000, first).state(100_000, 4, TcpState::CloseWait)
    };
    let late =
        both(5).sends_in(200_000, 5, data(11, 1)).sends(200_000, segment(flag::RST, 1, 0, 0));
    let other = both(6).sends_in(200_000, 5, data(11, 1));
    assert_eq!(class(&late, &other), "ESTABLISHED / rcv-data / packet / win");
}

#[rstest]
#[case::value(Returned::ok(5), "write value")]
#[case::errno(Returned::err(Errno(11)), "write value")]
#[case::output(Returned { output: Output::Data(vec![0; 3]), ..Returned::ok(10) }, "write output")]
fn results_are_compared(#[case] other: Returned, #[case] field: &str) {
    let call = |result| {
        Sample::open().call(5, 4, "write(4, ..., 10)").returns(
            5,
            4,
            "write(4, ..., 10) = 10",
            result,
        )
    };
    let expected = format!("- / call-write / result / {field}");
    assert_eq!(class(&call(Returned::ok(10)), &call(other)), expected);
}

#[test]
fn another_errno_is_told_although_the_value_is_the_same() {
    let call = |errno| {
        Sample::open().call(5, 4, "read(4)").returns(
            5,
            4,
            "read(4) = -1",
            Returned::err(Errno(errno)),
        )
    };
    assert_eq!(class(&call(11), &call(104)), "- / call-read / result / read errno");
}

#[test]
fn a_call_that_returns_on_one_side_alone_is_a_difference() {
    let call = Sample::open().call(5, 4, "read(4)");
    let on = |log: Sample| log.sends_in(100_000, 5, data(1, 1));
    let returned = on(call.clone()).returns(100_000, 4, "read(4) = 1", Returned::ok(1));
    assert_eq!(
        class(&returned, &on(call).sends_in(5_000_000, 6, data(2, 1))),
        "the script did not do the same on both sides at line 6"
    );
}

#[test]
fn states_readiness_and_info_are_compared_after_each_event() {
    let ready = |events| asked().what(100_000, 4, What::Ready { socket: "#1".into(), events });
    assert_eq!(class(&ready(1), &ready(1)), "agree");
    assert_eq!(class(&ready(1), &ready(5)), "ESTABLISHED / rcv-data / readiness / events");
    let state = |state| asked().state(100_000, 4, state);
    assert_eq!(
        class(&state(TcpState::CloseWait), &state(TcpState::Closing)),
        "ESTABLISHED / rcv-data / state / state"
    );
    let info = |value| asked().info(100_000, 4, "tcpi_snd_cwnd", value);
    assert_eq!(class(&info(10), &info(11)), "ESTABLISHED / rcv-data / tcp-info / tcpi_snd_cwnd");
    // A side that lacks the field says nothing about it.
    assert_eq!(class(&info(10), &asked()), "agree");
}

#[rstest]
#[case::assertion(What::Asked { text: "tcp_state(4)".into(), state: Some(TcpState::Close) }, "assertion")]
#[case::code(What::Code { failed: Some("x is false".into()) }, "code")]
#[case::malformed(What::Malformed { reason: "short".into() }, "malformed")]
fn statements_are_compared(#[case] what: What, #[case] kind: &str) {
    let said = asked().what(100_000, 5, what);
    let expected = format!("- / rcv-data / {kind} / {kind}");
    assert_eq!(class(&said, &asked()), expected);
    assert_eq!(class(&asked(), &said), expected);
    assert_eq!(class(&said, &said), "agree");
}

#[test]
fn the_status_of_a_command_is_compared() {
    let ended = |status| asked().what(100_000, 5, What::Command { text: "true".into(), status });
    assert_eq!(class(&ended(0), &ended(1)), "- / rcv-data / command / command");
}

#[test]
fn logs_of_different_scripts_cannot_be_compared() {
    let reason = class(&asked(), &Sample::open());
    assert_eq!(reason, "the script did not do the same on both sides at line 4");
}

#[rstest]
#[case(DrawnKind::Isn, "isn")]
#[case(DrawnKind::EphemeralPort, "ephemeral-port")]
#[case(DrawnKind::TimestampBase, "timestamp-base")]
#[case(DrawnKind::FlowLabel, "flow-label")]
#[case(DrawnKind::IpId, "ip-id")]
fn drawn_values_may_differ_until_their_rule_is_off(#[case] kind: DrawnKind, #[case] rule: &str) {
    let (left, right) = (asked().drawn(kind, 5), asked().drawn(kind, 6));
    let allowed = with(&left, &right, &rules());
    assert_eq!(allowed.verdict, Verdict::Agree);
    let used: Vec<_> = allowed.used.iter().map(|(rule, n)| (rule.to_string(), *n)).collect();
    assert_eq!(used, [(rule.to_owned(), 1)]);
    let class = class_with(&left, &right, &without(rule));
    assert!(class.ends_with(&format!("/ {rule} / {rule}")), "{class}");
    assert_eq!(class_with(&left, &left, &without(rule)), "agree");
}

/// A reset on ports of no connection repeats a number that counts from what another socket drew.
#[test]
fn numbers_on_foreign_ports_count_from_what_another_socket_drew() {
    let resets = |isn: u32, seq: u32| {
        let reset = Tcp { dst_port: 40_002, ..segment(flag::RST, seq, 0, 0) };
        asked().drawn(DrawnKind::Isn, isn).sends(100_000, reset)
    };
    assert_eq!(class(&resets(1000, 1000), &resets(5000, 5000)), "agree");
    assert_eq!(class(&resets(1000, 995), &resets(u32::MAX, u32::MAX - 5)), "agree");
    assert!(class(&resets(1000, 1000), &resets(5000, 5001)).ends_with("packet / seq"));
}

/// The log counts the numbers of such a flow from its first one, which may come from one socket and the
/// next from another.
#[test]
fn numbers_on_foreign_ports_count_from_one_socket_to_another() {
    let resets = |isns: [u32; 2], seq: u32| {
        let reset = Tcp { dst_port: 40_002, ..segment(flag::RST, seq, 0, 0) };
        let [first, second] = isns;
        asked().drawn(DrawnKind::Isn, first).drawn(DrawnKind::Isn, second).sends(100_000, reset)
    };
    let left = resets([1000, 1700], 705);
    assert_eq!(class(&left, &resets([5000, 4000], 5_u32.wrapping_sub(1000))), "agree");
    assert!(class(&left, &resets([5000, 4000], 5)).ends_with("packet / seq"));
}

/// `rule` allows it and is counted; without it the class ends as given.
fn allows(rule: &str, (left, right): (&Sample, &Sample), otherwise: &str) {
    let mut on = rules();
    on.switch(rule, true).unwrap();
    let allowed = with(left, right, &on);
    assert_eq!(allowed.verdict, Verdict::Agree, "{:#?}", allowed.verdict);
    let used: Vec<_> = allowed.used.keys().map(ToString::to_string).collect();
    assert_eq!(used, [rule.to_owned()]);
    let class = class_with(left, right, &without(rule));
    assert!(class.ends_with(otherwise), "{class}");
}

#[test]
fn timestamps_may_be_a_tick_apart() {
    let at = |val| asked().sends(100_000, Tcp { options: ts(val), ..segment(ACK, 1, 11, 0) });
    allows("timestamp-phase", (&at(5), &at(6)), "packet / tsval");
    allows("timestamp-phase", (&at(6), &at(5)), "packet / tsval");
    assert_eq!(class(&at(5), &at(8)), "ESTABLISHED / rcv-data / packet / tsval");
}

#[test]
fn timers_may_be_rounded() {
    let at = |us: i64| asked().sends(100_000 + us, data(1, 5));
    allows("timer-rounding", (&at(200_000), &at(222_000)), "ESTABLISHED / timeout / timing / data");
    let comparison = with(&at(200_000), &at(222_000), &rules());
    assert_eq!((comparison.timing.off, comparison.timing.worst_us), (1, 22_000));
    // More than an eighth and two ticks: of the same content at another time.
    let late = at(200_000).call(1_000_000, 5, "read(4)");
    let later = at(240_000).call(1_000_000, 5, "read(4)");
    assert_eq!(class(&late, &later), "ESTABLISHED / timeout / timing / data");
}

#[test]
fn times_count_from_the_last_thing_the_script_did() {
    let delayed = |by: i64| {
        Sample::open()
            .sends_in(100_000 + by, 4, segment(ACK, 1, 1, 10))
            .sends(140_000 + by, segment(ACK, 1, 11, 0))
    };
    assert_eq!(class_with(&delayed(0), &delayed(50_000), &without("timer-rounding")), "agree");
}

#[test]
fn the_same_bytes_may_leave_in_other_pieces() {
    let whole = asked().sends(100_000, segment(ACK | flag::PSH, 1, 11, 30));
    let pieces = asked()
        .sends(100_000, segment(ACK, 1, 11, 10))
        .sends(100_000, segment(ACK, 11, 11, 10))
        .sends(100_000, segment(ACK | flag::PSH, 21, 11, 10));
    allows("tso-segmentation", (&whole, &pieces), "packet / flags");
    allows("tso-segmentation", (&pieces, &whole), "packet / flags");
    // A hole, other bytes, another window: no mere cut.
    let hole =
        asked().sends(100_000, segment(ACK, 1, 11, 10)).sends(100_000, segment(ACK, 21, 11, 10));
    assert_ne!(class(&whole, &hole), "agree");
    let mut bytes = segment(ACK | flag::PSH, 21, 11, 10);
    bytes.payload[0] = 1;
    let other = asked().sends(100_000, segment(ACK, 1, 11, 20)).sends(100_000, bytes);
    assert_ne!(class(&whole, &other), "agree");
    let missing =
        asked().sends(100_000, segment(ACK, 1, 11, 10)).sends(100_000, segment(ACK, 11, 11, 10));
    assert_ne!(class(&whole, &missing), "agree");
}

#[test]
fn an_acknowledgment_that_the_next_one_covers_may_be_left_out() {
    let one = asked().sends(100_000, segment(ACK, 1, 11, 0));
    let two = asked().sends(100_000, segment(ACK, 1, 6, 0)).sends(100_000, segment(ACK, 1, 11, 0));
    allows("ack-coalescing", (&one, &two), "right-only / ack");
    allows("ack-coalescing", (&two, &one), "left-only / ack");
    // A duplicate means something.
    let twice =
        asked().sends(100_000, segment(ACK, 1, 11, 0)).sends(100_000, segment(ACK, 1, 11, 0));
    let mut on = rules();
    on.switch("ack-coalescing", true).unwrap();
    assert_ne!(class_with(&one, &twice, &on), "agree");
}

#[test]
fn windows_may_be_tuned_as_long_as_both_are_open() {
    let offers = |window| asked().sends(100_000, Tcp { window, ..segment(ACK, 1, 11, 0) });
    allows("autotuned-window", (&offers(500), &offers(600)), "packet / win");
    let mut on = rules();
    on.switch("autotuned-window", true).unwrap();
    assert!(class_with(&offers(0), &offers(600), &on).ends_with("packet / win"));
}

#[test]
fn measured_times_may_be_near() {
    let rtt = |us| asked().info(100_000, 4, "tcpi_rtt", us);
    allows("measured-time", (&rtt(10_000), &rtt(11_000)), "tcp-info / tcpi_rtt");
    assert_ne!(class(&rtt(10_000), &rtt(20_000)), "agree");
}

#[test]
fn cookies_of_one_length_may_differ() {
    let sends = |cookie: &[u8]| {
        let options = vec![TcpOption::Fastopen { exp: false, cookie: cookie.to_vec() }];
        asked().sends(100_000, Tcp { options, ..segment(ACK, 1, 11, 0) })
    };
    allows("fastopen-cookie", (&sends(b"12345678"), &sends(b"abcdefgh")), "packet / fastopen");
    assert_ne!(class(&sends(b"12345678"), &sends(b"abcd")), "agree");
}

#[test]
fn on_the_machines_clock_times_are_no_content() {
    let at = |us: i64| asked().sends(100_000 + us, data(1, 5));
    let near = with(&at(200_000), &at(240_000), &real_rules());
    assert_eq!((near.verdict, near.timing.beyond), (Verdict::Agree, None));
    assert_eq!(near.used.keys().map(ToString::to_string).collect::<Vec<_>>(), ["real-clock"]);
    // Far off is told, and is no difference of content.
    let (left, right) =
        (at(200_000).call(2_000_000, 5, "f()"), at(700_000).call(2_000_000, 5, "f()"));
    let far = with(&left, &right, &real_rules());
    assert_eq!(far.verdict, Verdict::Agree);
    assert_eq!(far.timing.beyond.unwrap().class.rule, "timing");
    let rtt = |us| asked().info(100_000, 4, "tcpi_rtt", us);
    assert_eq!(class_with(&rtt(10), &rtt(20_000), &real_rules()), "agree");
}

#[test]
fn what_is_due_when_the_other_log_ends_may_come_after_it() {
    let end = |log: Sample| log.call(400_000, 5, "close(4)");
    let left = asked().sends(395_000, data(1, 5)).call(400_000, 5, "close(4)");
    let right = end(asked());
    // The close is on both sides; the timer is late by less than an eighth.
    assert_eq!(class(&left, &right), "agree");
    let early = end(asked().sends(200_000, data(1, 5)));
    assert_eq!(class(&early, &right), "ESTABLISHED / timeout / left-only / data");
}
