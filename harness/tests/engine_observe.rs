//! A run that observes: nothing the target does ends it, and all of it is in the log.
#![allow(clippy::unwrap_used, reason = "helpers of tests panic like tests")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks at some kinds of entries")]

mod engine_support;

use engine_support::{ESTABLISHED, ISN, Plan, Ran, data, observe_plan, segment, syn_ack};
use insta::assert_snapshot;
use synproof_harness::command::CommandOutcome;
use synproof_harness::engine::log::What;
use synproof_harness::engine::outcome::{Class, Outcome};
use synproof_harness::packet::{Tcp, TcpOption, flag};
use synproof_harness::target::{Errno, Output, Returned, TcpState};

/// What was observed without states and samples, one entry a line: time, line of the script, what.
fn seen(ran: &Ran) -> String {
    assert_eq!(ran.run.outcome, Outcome::Pass { warnings: vec![] }, "{:#?}", ran.run.log.entries);
    let entries = ran.run.log.entries.iter().filter_map(|entry| {
        let line = entry.line.map_or("-".to_owned(), |line| line.to_string());
        let what = match &entry.what {
            What::Packet { direction, text, .. } => format!("{direction:?} {text}"),
            What::Malformed { reason } => format!("malformed {reason}"),
            What::Return { text, .. } => format!("return {text}"),
            What::Command { text, status } => format!("`{text}` {status}"),
            What::Asked { text, state } => format!("{text} is {state:?}"),
            What::Code { failed } => format!("code {failed:?}"),
            _ => return None,
        };
        Some(format!("{} {line} {what}", entry.at.0))
    });
    entries.collect::<Vec<_>>().join("\n")
}

/// Without the lines of [`ESTABLISHED`].
fn after_open(ran: &Ran) -> String {
    let all = seen(ran);
    let inside = |line: &&str| {
        let line = line.split(' ').nth(1).unwrap();
        line.parse::<u32>().map_or(true, |line| line > 7)
    };
    all.lines().filter(inside).collect::<Vec<_>>().join("\n")
}

fn packets(ran: &Ran) -> String {
    let all = seen(ran);
    all.lines().filter(|line| line.contains("bound")).collect::<Vec<_>>().join("\n")
}

fn opened(more: &str, plan: Plan) -> Ran {
    observe_plan(&format!("{ESTABLISHED}{more}\n"), plan.sends(0, syn_ack()))
}

#[test]
fn another_packet_than_the_line_has_is_taken_and_the_script_goes_on() {
    let more = "+.1 > F. 100:100(0) ack 7\n+.1 < . 1:1(0) ack 11 win 1000";
    assert_snapshot!(after_open(&opened(more, Plan::default().sends(100_000, data(1, 10)))), @r"
    100000 8 Outbound . 1:11(10) ack 1 win 65535
    200000 9 Inbound . 1:1(0) ack 11 win 1000
    ");
}

#[test]
fn a_packet_that_never_comes_is_waited_for_up_to_its_tolerance() {
    let more = "+.1 > . 1:11(10) ack 1\n+0 < . 1:1(0) ack 1 win 1000";
    // 12.5 % of 0.1 s.
    assert_snapshot!(after_open(&opened(more, Plan::default())), @"112500 9 Inbound . 1:1(0) ack 1 win 1000");
}

#[test]
fn what_leaves_long_before_a_line_is_not_what_the_line_waits_for() {
    let more = "+.5 > . 1:11(10) ack 1\n+0 < . 1:1(0) ack 11 win 1000";
    let plan = Plan::default().sends(100_000, data(1, 10)).sends(500_000, data(1, 10));
    assert_snapshot!(after_open(&opened(more, plan)), @r"
    100000 - Outbound . 1:11(10) ack 1 win 65535
    500000 8 Outbound . 1:11(10) ack 1 win 65535
    500000 9 Inbound . 1:1(0) ack 11 win 1000
    ");
}

#[test]
fn pieces_of_one_line_stay_pieces() {
    let more = "+0 > P. 1:21(20) ack 1\n+0 > . 21:31(10) ack 1\n+.1 < . 1:1(0) ack 31 win 1000";
    let plan = Plan::default().sends(1, data(1, 10)).sends(2, data(11, 10)).sends(3, data(21, 10));
    assert_snapshot!(after_open(&opened(more, plan)), @r"
    1 8 Outbound . 1:11(10) ack 1 win 65535
    2 8 Outbound . 11:21(10) ack 1 win 65535
    3 9 Outbound . 21:31(10) ack 1 win 65535
    100003 10 Inbound . 1:1(0) ack 31 win 1000
    ");
}

#[test]
fn pieces_that_do_not_fit_are_for_the_next_line() {
    let more = "+0 > P. 1:31(30) ack 1\n+0 > . 1:31(30) ack 1\n+.1 < . 1:1(0) ack 31 win 1000";
    let plan = Plan::default().sends(1, data(1, 10)).sends(2, data(21, 10));
    assert_snapshot!(after_open(&opened(more, plan)), @r"
    1 8 Outbound . 1:11(10) ack 1 win 65535
    2 9 Outbound . 21:31(10) ack 1 win 65535
    100002 10 Inbound . 1:1(0) ack 31 win 1000
    ");
}

#[test]
fn a_script_of_stimuli_knows_the_numbers_of_what_it_saw() {
    let text = "\
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 1000 <mss 1000>
+.01 < . 1:1(0) ack 1 win 1000 <nop,nop,TS val 5 ecr 0>
+.1 < . 1:1(0) ack 11 win 1000 <nop,nop,TS val 105 ecr 100>
";
    let with_ts = |tcp: Tcp, val| {
        let options = vec![TcpOption::Nop, TcpOption::Nop, TcpOption::Ts { val, ecr: 5 }];
        Tcp { options, ..tcp }
    };
    let plan = Plan::default()
        .sends(1, with_ts(syn_ack(), 77_000))
        .sends(50_000, with_ts(data(1, 10), 77_050));
    let ran = observe_plan(text, plan);
    let injected: Vec<_> = ran.diary.iter().filter(|line| line.contains('<')).collect();
    assert_eq!(
        injected[1..],
        [
            "0.010000 < 40001 > 8080 . 1:1(0) ack 7000001 win 1000 <nop,nop,TS val 5 ecr 77000>",
            "0.110000 < 40001 > 8080 . 1:1(0) ack 7000011 win 1000 <nop,nop,TS val 105 ecr 77100>",
        ]
    );
    assert_snapshot!(after_open(&ran), @r"
    1 - Outbound S. 0:0(0) ack 1 win 65535 <nop,nop,TS val 0 ecr 5>
    50000 - Outbound . 1:11(10) ack 1 win 65535 <nop,nop,TS val 50 ecr 5>
    ");
}

#[test]
fn the_line_of_a_syn_names_its_number() {
    let text = ESTABLISHED.replace("S. 0:0(0)", "S. 900:900(0)");
    let all = seen(&observe_plan(&text, Plan::default().sends(0, syn_ack())));
    assert!(all.contains("0 5 Outbound S. 900:900(0) ack 1 win 65535 <mss 1460>"), "{all}");
}

#[test]
fn results_are_values_and_failed_calls_end_nothing() {
    let more = "\
+0 accept(3, ..., ...) = -1 EAGAIN (Resource temporarily unavailable)
+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 6
+0 write(6, ..., 10) = 10
+0 close(9) = 0";
    let plan = Plan::default()
        .returns(5, 0, Returned::err(Errno(24)))
        .returns(6, 0, Returned::err(Errno(9)))
        .returns(7, 0, Returned::err(Errno(9)));
    let ran = opened(more, plan);
    let results = ran.run.log.entries.iter().filter_map(|entry| match &entry.what {
        What::Return { result, .. } => Some((result.value, result.errno)),
        _ => None,
    });
    let results: Vec<_> = results.collect();
    let failed = |errno| (-1, Some(Errno(errno)));
    assert_eq!(
        results,
        [(3, None), (0, None), (0, None), (4, None), (0, None), failed(24), failed(9), failed(9),]
    );
    assert_snapshot!(after_open(&ran), @r"
    0 8 return accept(3, ..., ...) = 0
    0 9 return socket(..., SOCK_STREAM, IPPROTO_TCP) = -1 EMFILE
    0 10 return write(6, ..., 10) = -1 EBADF
    0 11 return close(9) = -1 EBADF
    ");
}

#[test]
fn a_call_that_blocks_unexpectedly_is_left_alone_after_a_second() {
    let more = "+0 read(4, ..., 10) = 10\n+0 write(4, ..., 5) = 5";
    let plan = Plan::default().returns(4, 1_500_000, Returned::ok(3));
    assert_snapshot!(after_open(&opened(more, plan)), @"1000000 9 return write(4, ..., 5) = 5");
}

#[test]
fn descriptors_in_results_are_labels() {
    let more = "\
+0 epoll_create(1) = 7
+0 epoll_ctl(7, EPOLL_CTL_ADD, 4, {events=EPOLLIN, fd=4}) = 0
+0 epoll_wait(7, {events=EPOLLIN, fd=4}, 1, 0) = 1
+0 pipe([8, 9]) = 0";
    let event = synproof_harness::target::EpollEvent { events: 1, data: 12 };
    let waited = Returned { output: Output::Epoll(vec![event]), ..Returned::ok(1) };
    let ran = opened(more, Plan::default().returns(6, 0, waited));
    let outputs = ran.run.log.entries.iter().filter_map(|entry| match &entry.what {
        What::Return { result, .. } => Some(format!("{:?}", result.output)),
        _ => None,
    });
    let outputs: Vec<_> = outputs.filter(|o| o.contains("Epoll(") || o.contains("Pipe")).collect();
    assert_eq!(outputs, ["Epoll([EpollEvent { events: 1, data: 4 }])", "Pipe(Fd(8), Fd(9))"]);
}

#[test]
fn assertions_and_blocks_are_observations() {
    let more = "\
+0 tcp_state(4) = TCP_CLOSE
+0 tcp_state(9) = TCP_CLOSE
+0 %{ assert tcpi_state == 1 }%
+0 %{ assert tcpi_state == 2 }%";
    assert_snapshot!(after_open(&opened(more, Plan::default())), @r#"
    0 8 tcp_state(4) is Some(Established)
    0 9 tcp_state(9) is Some(Established)
    0 10 code None
    0 11 code Some("tcpi_state == 2 is false: tcpi_state = 1 (TCP_ESTABLISHED)")
    "#);
}

#[test]
fn a_command_that_fails_is_seen() {
    let why = CommandOutcome::Failed { status: 3, why: String::new() };
    let more = "+0 `false`\n+0 `true`";
    assert_snapshot!(after_open(&opened(more, Plan::default().command(why))), @r"
    0 8 `false` 3
    0 9 `true` 0
    ");
}

#[test]
fn an_init_command_that_fails_is_the_environment() {
    let why = CommandOutcome::Failed { status: 3, why: "no such sysctl".into() };
    let ran = observe_plan("`init`\n0 close(9) = 0\n", Plan::default().command(why));
    let Outcome::Error(failure) = &ran.run.outcome else { panic!("{:?}", ran.run.outcome) };
    assert_eq!(failure.class, Class::Command);
}

#[test]
fn malformed_packets_are_logged_and_passed_over() {
    let more = "+.1 > . 1:11(10) ack 1\n+0 < . 1:1(0) ack 11 win 1000";
    let plan = Plan::default().sends_bytes(90_000, vec![0x45, 0]).sends(100_000, data(1, 10));
    assert_snapshot!(after_open(&opened(more, plan)), @r"
    90000 - malformed IPv4 header needs 20 bytes, 2 are left (byte 0)
    100000 8 Outbound . 1:11(10) ack 1 win 65535
    100000 9 Inbound . 1:1(0) ack 11 win 1000
    ");
}

#[test]
fn packets_of_an_earlier_life_keep_its_numbers() {
    let text = "\
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < 40001 > 8080 S 0:0(0) win 1000 <mss 1000>
+.5 < 40001 > 8080 S 0:0(0) win 1000 <mss 1000>
+.5 > 8080 > 40001 S. 9:9(0) ack 1 <mss 1460>
";
    let again = Tcp { seq: 42, ..syn_ack() };
    let plan = Plan::default()
        .sends(1, syn_ack())
        .sends(100_000, segment(flag::ACK, ISN + 1, 1, 0))
        .sends(1_000_000, again);
    assert_snapshot!(packets(&observe_plan(text, plan)), @r"
    0 4 Inbound S 0:0(0) win 1000 <mss 1000>
    1 - Outbound S. 0:0(0) ack 1 win 65535 <mss 1460>
    100000 - Outbound . 1:1(0) ack 1 win 65535
    500000 5 Inbound S 0:0(0) win 1000 <mss 1000>
    1000000 6 Outbound 8080 > 40001 S. 9:9(0) ack 1 win 65535 <mss 1460>
    ");
}

#[test]
fn samples_are_logged_when_they_change() {
    let ran = opened("+.1 close(4) = 0", Plan { state: TcpState::Established, ..Plan::default() });
    let samples = ran.run.log.entries.iter().filter_map(|entry| match &entry.what {
        What::Ready { socket, events } => Some(format!("{socket} ready {events}")),
        What::Info { socket, fields } => {
            Some(format!("{socket} {} fields, state {}", fields.len(), fields["tcpi_state"]))
        }
        _ => None,
    });
    let samples: Vec<_> = samples.collect();
    assert_eq!(
        samples,
        ["#1 ready 4", "#1 46 fields, state 1", "#2 ready 4", "#2 46 fields, state 1",]
    );
}
