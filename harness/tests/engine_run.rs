//! The event loop: what is done to a target, in which order and when, and what the log says of it.
#![allow(clippy::unwrap_used, reason = "helpers of tests panic like tests")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks at some kinds of entries")]

mod engine_support;

use engine_support::{ESTABLISHED, ISN, Plan, Ran, data, run_plan, run_with, segment, syn_ack};
use insta::assert_snapshot;
use synproof_harness::command::CommandOutcome;
use synproof_harness::engine::log::What;
use synproof_harness::engine::outcome::Outcome;
use synproof_harness::packet::{Tcp, TcpOption, flag};
use synproof_harness::target::{Clock, Returned, TcpState};

fn passed(ran: Ran) -> Ran {
    assert!(matches!(ran.run.outcome, Outcome::Pass { .. }), "{:#?}", ran.run.outcome);
    ran
}

fn diary(text: &str, plan: Plan) -> String {
    passed(run_plan(&format!("{text}\n"), plan)).diary.join("\n")
}

/// The log, one entry a line: time, line of the script, what.
fn log(ran: &Ran) -> String {
    let entries = ran.run.log.entries.iter().map(|entry| {
        let line = entry.line.map_or("-".to_owned(), |line| line.to_string());
        let what = match &entry.what {
            What::Packet { direction, text, .. } => format!("{direction:?} {text}"),
            What::Malformed { reason } => format!("malformed {reason}"),
            What::Call { text } => format!("call {text}"),
            What::Return { text, .. } => format!("return {text}"),
            What::Command { text, status } => format!("`{text}` {status}"),
            What::State { socket, from, to } => format!("{socket} {from:?} -> {to:?}"),
            other => format!("{other:?}"),
        };
        format!("{} {line} {what}", entry.at.0)
    });
    entries.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_script_from_init_to_cleanup() {
    let text = "\
`init`
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
0.5 `in the middle`
+.25 close(3) = 0
`cleanup`";
    assert_snapshot!(diary(text, Plan::default()), @r"
    0.000000 `init`
    0.000000 start
    0.000000 Socket
    0.500000 `in the middle`
    0.750000 Close
    0.750000 `cleanup`
    ");
}

fn failed(text: &str, plan: Plan) -> Vec<String> {
    let ran = run_plan(&format!("{text}\n"), plan);
    assert!(!matches!(ran.run.outcome, Outcome::Pass { .. }), "{:#?}", ran.run.outcome);
    ran.diary
}

#[test]
fn cleanup_runs_after_a_failure_too() {
    let text = "`init`\n0 close(3) = 0\n`cleanup`";
    assert_eq!(
        failed(text, Plan::default()),
        ["0.000000 `init`", "0.000000 start", "0.000000 `cleanup`"]
    );
    let plan = Plan { start_error: true, ..Plan::default() };
    assert_eq!(failed(text, plan).last().unwrap(), "0.000000 `cleanup`");
}

#[test]
fn cleanup_does_not_run_without_init() {
    assert_eq!(failed("0 close(3) = 0\n`cleanup`", Plan::default()), ["0.000000 start"]);
    let outcome = CommandOutcome::Failed { status: 1, why: String::new() };
    let plan = Plan::default().command(outcome);
    assert_eq!(failed("`init`\n0 close(3) = 0\n`cleanup`", plan), ["0.000000 `init`"]);
}

#[test]
fn a_failing_cleanup_fails_the_run() {
    let outcome = CommandOutcome::Failed { status: 1, why: String::new() };
    let plan = Plan::default().command(CommandOutcome::Ok).command(outcome);
    let text = "`init`\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n`cleanup`";
    assert_eq!(failed(text, plan).last().unwrap(), "0.000000 `cleanup`");
}

#[test]
fn init_scripts_run_before_init() {
    let mut config = engine_support::config();
    config.init_scripts = vec!["/a.sh".into(), "/b.sh".into()];
    let text = "`init`\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n";
    let ran = passed(run_with(text, Plan::default(), &config));
    assert_eq!(ran.diary[..3], ["0.000000 `/a.sh`", "0.000000 `/b.sh`", "0.000000 `init`"]);
}

#[test]
fn a_connection_in_script_numbers() {
    let text = format!(
        "{ESTABLISHED}\
+.1 > P. 1:1001(1000) ack 1
+.01 < . 1:1(0) ack 1001 win 1000
+.01 < P. 1:11(10) ack 1001 win 1000
"
    );
    let push = segment(flag::ACK | flag::PSH, ISN + 1, 1, 1000);
    let plan = Plan::default()
        .sends(0, syn_ack())
        .sends(100_000, push)
        .sends(150_000, segment(flag::ACK, ISN + 1001, 11, 0));
    let ran = passed(run_plan(&text, plan));
    assert_snapshot!(ran.diary.join("\n"), @r"
    0.000000 start
    0.000000 Socket
    0.000000 Bind
    0.000000 Listen
    0.000000 < 40001 > 8080 S 0:0(0) win 1000 <mss 1000>
    0.000000 < 40001 > 8080 . 1:1(0) ack 7000001 win 1000
    0.000000 Accept
    0.110000 < 40001 > 8080 . 1:1(0) ack 7001001 win 1000
    0.120000 < 40001 > 8080 P. 1:11(10) ack 7001001 win 1000
    ");
    assert_snapshot!(log(&ran), @r"
    0 1 call socket(..., SOCK_STREAM, IPPROTO_TCP)
    0 1 return socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
    0 2 call bind(3, ..., ...)
    0 2 return bind(3, ..., ...) = 0
    0 3 call listen(3, 1)
    0 3 return listen(3, 1) = 0
    0 3 #1 None -> Established
    0 4 Inbound S 0:0(0) win 1000 <mss 1000>
    0 4 #2 None -> Established
    0 5 Outbound S. 0:0(0) ack 1 win 65535 <mss 1460>
    0 6 Inbound . 1:1(0) ack 1 win 1000
    0 7 call accept(3, ..., ...)
    0 7 return accept(3, ..., ...) = 4
    100000 8 Outbound P. 1:1001(1000) ack 1 win 65535
    110000 9 Inbound . 1:1(0) ack 1001 win 1000
    120000 10 Inbound P. 1:11(10) ack 1001 win 1000
    ");
    let sent = ran.run.log.capture.iter().map(|p| (p.at.0, p.line)).collect::<Vec<_>>();
    assert_eq!(
        sent,
        [
            (0, Some(4)),
            (0, Some(5)),
            (0, Some(6)),
            (100_000, Some(8)),
            (110_000, Some(9)),
            (120_000, Some(10))
        ]
    );
}

#[test]
fn packets_that_no_line_asked_for_are_logged() {
    let text = format!("{ESTABLISHED}+.1 > . 11:21(10) ack 1\n");
    let stranger = segment(flag::RST, 5, 0, 0);
    let stranger = Tcp { dst_port: 7, ..stranger };
    let plan = Plan::default()
        .sends(0, syn_ack())
        .sends(50_000, stranger)
        .sends(100_000, data(11, 10))
        .sends(100_000, data(21, 10));
    let ran = passed(run_plan(&format!("{text}+.1 close(4) = 0\n"), plan));
    let unasked: Vec<_> =
        log(&ran).lines().filter(|l| l.contains(" - ")).map(str::to_owned).collect();
    assert_eq!(
        unasked,
        ["50000 - Outbound R 0:0(0) win 65535", "100000 - Outbound . 21:31(10) ack 1 win 65535"]
    );
}

#[test]
fn inbound_trains_do_not_drift() {
    let text = "\
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 read(3, ..., 1) = 1
+.1 < . 1:1(0) win 1
+.1 < . 2:2(0) win 1
+.1 close(3) = 0";
    let plan = Plan::default().returns(1, 500, Returned::ok(1));
    assert_snapshot!(diary(text, plan), @r"
    0.000000 start
    0.000000 Socket
    0.000000 Read
    0.100500 < 8080 > 8080 . 1:1(0) ack 0 win 1
    0.200500 < 8080 > 8080 . 2:2(0) ack 0 win 1
    0.300500 Close
    ");
}

#[test]
fn a_late_event_moves_those_that_are_relative_to_it() {
    let text = "\
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 poll([{fd=3, events=POLLIN, revents=0}], 1, 300) = 0
+.1 close(3) = 0";
    let plan = Plan::default().returns(1, 300_000, Returned::ok(0));
    assert_snapshot!(diary(text, plan), @r"
    0.000000 start
    0.000000 Socket
    0.000000 Poll
    0.400000 Close
    ");
}

#[test]
fn the_last_piece_of_a_segment_gives_the_time() {
    let text = format!("{ESTABLISHED}+.1 > . 1:1501(1500) ack 1\n+.1 close(4) = 0\n");
    let plan = Plan::default()
        .sends(0, syn_ack())
        .sends(99_500, data(1, 1000))
        .sends(100_400, data(1001, 500));
    let ran = passed(run_plan(&text, plan));
    assert_eq!(ran.diary.last().unwrap(), "0.200400 Close");
}

#[test]
fn several_calls_block_at_once() {
    let text = "\
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0...0.5 read(3, ..., 1) = 1
+0...0.3 read(3, ..., 2) = 2
+.1 write(3, ..., 3) = 3
0.4 close(3) = 0";
    let plan =
        Plan::default().returns(1, 500_000, Returned::ok(1)).returns(2, 300_000, Returned::ok(2));
    let ran = passed(run_plan(&format!("{text}\n"), plan));
    assert_snapshot!(ran.diary.join("\n"), @r"
    0.000000 start
    0.000000 Socket
    0.000000 Read may block
    0.000000 Read may block
    0.100000 Write
    0.400000 Close
    ");
    let returns = log(&ran);
    let returns = returns.lines().filter(|line| line.contains(" return read"));
    assert_snapshot!(returns.collect::<Vec<_>>().join("\n"), @r"
    300000 3 return read(3, ..., 2) = 2
    500000 2 return read(3, ..., 1) = 1
    ");
}

#[test]
fn a_call_lets_one_finish_that_is_due() {
    let text = "\
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0...0.1 read(3, ..., 1) = 1
0.1 write(3, ..., 1) = 1";
    let plan = Plan::default().returns(1, 100_400, Returned::ok(1));
    let ran = passed(run_plan(&format!("{text}\n"), plan));
    assert_eq!(ran.diary.last().unwrap(), "0.100400 Write");
}

#[test]
fn connections_are_told_apart_by_their_ports() {
    let text = "\
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 2) = 0
+0 < 50001 > 8080 S 0:0(0) win 1000
+0 < 50002 > 8080 S 0:0(0) win 1000
+0 > 8080 > 50002 S. 0:0(0) ack 1
+0 > 8080 > 50001 S. 0:0(0) ack 1
+0 < 50001 > 8080 . 1:1(0) ack 1 win 1000
+0 < 50002 > 8080 . 1:1(0) ack 1 win 1000
";
    let to = |port, isn| Tcp { dst_port: port, ..segment(flag::SYN | flag::ACK, isn, 1, 0) };
    let plan = Plan::default().sends(0, to(50_001, 111)).sends(0, to(50_002, 222));
    let ran = passed(run_plan(text, plan));
    assert_eq!(
        ran.diary[ran.diary.len() - 2..],
        [
            "0.000000 < 50001 > 8080 . 1:1(0) ack 112 win 1000",
            "0.000000 < 50002 > 8080 . 1:1(0) ack 223 win 1000"
        ]
    );
}

#[test]
fn timestamps_are_echoed_as_the_target_sent_them() {
    let text = "\
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 2) = 0
+0 < S 0:0(0) win 1000 <mss 1000,sackOK,TS val 1 ecr 0>
+0 > S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 100 ecr 1>
+0 < . 1:1(0) ack 1 win 1000 <nop,nop,TS val 2 ecr 100>
";
    let options =
        vec![TcpOption::Mss(1460), TcpOption::SackOk, TcpOption::Ts { val: 987_654, ecr: 1 }];
    let plan = Plan::default().sends(0, Tcp { options, ..syn_ack() });
    let ran = passed(run_plan(text, plan));
    let last = ran.diary.last().unwrap();
    assert!(last.ends_with("<nop,nop,TS val 2 ecr 987654>"), "{last}");
}

#[test]
fn an_icmp_error_quotes_the_live_number() {
    let text = format!("{ESTABLISHED}+.1 < icmp unreachable frag_needed mtu 1200 [1:1001(1000)]\n");
    let ran = passed(run_plan(&text, Plan::default().sends(0, syn_ack())));
    let last = ran.diary.last().unwrap();
    assert!(last.contains("mtu 1200 [7000001:7001001(1000)]"), "{last}");
}

#[test]
fn what_the_target_draws_is_not_in_the_log() {
    let text = "\
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0...0.1 connect(3, ..., ...) = 0
+0 > S 0:0(0) <...>
+.1 < icmp unreachable frag_needed mtu 1200 [1:1001(1000)]
+0 < S. 0:0(0) ack 1 win 1000
+0 > . 1:1(0) ack 1
";
    let run = |port, isn: u32, val| {
        let from_port = |flags, seq, ack| {
            let options = vec![TcpOption::Nop, TcpOption::Nop, TcpOption::Ts { val, ecr: 0 }];
            let segment = segment(flags, seq, ack, 0);
            Tcp { src_port: port, dst_port: 8080, options, ..segment }
        };
        let plan = Plan::default()
            .returns(1, 100_000, Returned::ok(0))
            .sends(0, from_port(flag::SYN, isn, 0))
            .sends(100_000, Tcp { options: vec![], ..from_port(flag::ACK, isn.wrapping_add(1), 1) })
            .sends(150_000, from_port(flag::ACK, isn.wrapping_add(2), 1));
        passed(run_plan(text, plan)).run.log
    };
    let (one, other) = (run(50_505, 7, 1_000), run(33_333, 0xffff_ffff, 0xffff_0000));
    assert_eq!(one.entries, other.entries);
    assert_ne!(one.capture, other.capture);
    let quoting = one.entries.iter().find_map(|entry| match &entry.what {
        What::Packet { text, .. } if text.starts_with("icmp") => Some(text.as_str()),
        _ => None,
    });
    assert_eq!(quoting, Some("icmp unreachable frag_needed mtu 1200 [1:1001(1000)]"));
}

#[test]
fn states_are_logged_when_they_change() {
    let text = format!("{ESTABLISHED}+0 tcp_state(40001 > 8080) = TCP_FIN_WAIT2\n");
    let plan = Plan { state: TcpState::FinWait2, ..Plan::default() };
    let ran = passed(run_plan(&text, plan.sends(0, syn_ack())));
    let states = log(&ran);
    let states = states.lines().filter(|line| line.contains("->")).collect::<Vec<_>>();
    assert_eq!(states, ["0 3 #1 None -> FinWait2", "0 4 #2 None -> FinWait2"]);
}

#[test]
fn the_states_of_all_sockets_stand_in_a_failure() {
    let text = format!("{ESTABLISHED}+0 close(9) = 0\n");
    let ran = run_plan(&text, Plan::default().sends(0, syn_ack()));
    let Outcome::Error(failure) = &ran.run.outcome else { panic!("{:?}", ran.run.outcome) };
    let names: Vec<&str> = failure.sockets.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["fd 3, listening on 8080", "fd 4, 40001 > 8080"]);
}

#[test]
fn code_blocks_run_in_one_scope_after_the_cleanup() {
    let text = format!(
        "`init`\n{ESTABLISHED}+0 %{{ state = tcpi_state }}%\n+0 %{{ print(state) }}%\n`cleanup`\n"
    );
    let ran = passed(run_plan(&text, Plan::default().sends(0, syn_ack())));
    assert_eq!(ran.run.output, "1\n");
    assert_eq!(ran.diary.last().unwrap(), "0.000000 `cleanup`");
}

#[test]
fn a_real_clock_waits_half_a_second_beyond_the_tolerance() {
    let text = format!("{ESTABLISHED}+.2 > . 1:11(10) ack 1\n");
    let plan = Plan { clock: Clock::Real { tick_us: 4_000 }, ..Plan::default() };
    let ran = run_plan(&text, plan.sends(0, syn_ack()));
    let Outcome::Fail(failure) = &ran.run.outcome else { panic!("{:?}", ran.run.outcome) };
    assert_eq!(failure.message, "no packet came, waited 0.725000 s for it");
}

#[test]
fn a_label_may_be_given_again_after_close_and_by_accept() {
    let text = format!(
        "{ESTABLISHED}\
+0 close(4) = 0
+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 4
+0 accept(3, ..., ...) = 4
+0 pipe([7, 8]) = 0
+0 write(8, ..., 5) = 5
"
    );
    passed(run_plan(&text, Plan::default().sends(0, syn_ack())));
}
