//! How runs end: every class of failure, the token it points at, what it says, and what it tells
//! beside that.
#![allow(clippy::unwrap_used, reason = "helpers of tests panic like tests")]

mod engine_support;

use std::fmt::Write;

use engine_support::{
    ESTABLISHED, ISN, Plan, Ran, config, data, run_plan, run_with, segment, syn_ack,
};
use insta::assert_snapshot;
use synproof_harness::command::CommandOutcome;
use synproof_harness::engine::outcome::{Failure, Outcome};
use synproof_harness::packet::flag;
use synproof_harness::target::syscall::Output;
use synproof_harness::target::{Capability, Errno, Returned, TcpState};

fn describe(ran: &Ran, kind: &str, failure: &Failure) -> String {
    let source = &ran.script.source;
    let mut text = format!(
        "{kind} {} in line {} at `{}`\n{}\n",
        failure.class.name(),
        source.line(failure.event),
        source.slice(failure.span),
        failure.message
    );
    for (name, value) in [("expected", &failure.expected), ("actual", &failure.actual)] {
        if let Some(value) = value {
            let _ = writeln!(text, "{name}: {value}");
        }
    }
    if let Some(timing) = &failure.timing {
        let (from, to, at) = (timing.due_from.0, timing.due_to.0, timing.actual.0);
        let _ = writeln!(text, "time: {from} to {to}, was {at}, ±{}", timing.tolerance_us);
    }
    for note in &failure.notes {
        let _ = writeln!(text, "note: {note}");
    }
    text
}

fn outcome(ran: &Ran) -> String {
    match &ran.run.outcome {
        Outcome::Pass { warnings } => {
            let texts = warnings.iter().map(|warning| describe(ran, "warning", warning));
            format!("pass\n{}", texts.collect::<String>())
        }
        Outcome::Fail(failure) => describe(ran, "fail", failure),
        Outcome::Error(failure) => describe(ran, "error", failure),
        Outcome::Skip { reason, span } => {
            let at = span.map_or("", |span| ran.script.source.slice(span));
            format!("skip at `{at}`\n{reason}\n")
        }
    }
}

/// A connection at 0, then `lines`, against a target that sends `plan` besides its SYN-ACK.
fn connected(lines: &str, plan: Plan) -> String {
    outcome(&run_plan(&format!("{ESTABLISHED}{lines}\n"), plan.sends(0, syn_ack())))
}

fn called(lines: &str, plan: Plan) -> String {
    outcome(&run_plan(&format!("{lines}\n"), plan))
}

#[test]
fn everything_as_written() {
    let plan = Plan::default().sends(100_000, data(1, 1000));
    assert_snapshot!(connected("+.1 > . 1:1001(1000) ack 1", plan), @"pass");
}

#[test]
fn a_field_differs() {
    let plan = Plan::default().sends(100_000, segment(flag::ACK | flag::PSH, ISN + 1, 1, 1000));
    assert_snapshot!(connected("+.1 > . 1:1001(1000) ack 1", plan), @r"
    fail content in line 8 at `.`
    flags: expected ., got P.
    expected: > . 1:1001(1000) ack 1
    actual: P. 1:1001(1000) ack 1 win 65535
    ");
}

#[test]
fn a_field_differs_and_the_time_is_off() {
    let plan = Plan::default().sends(300_000, segment(flag::ACK | flag::PSH, ISN + 1, 1, 1000));
    assert_snapshot!(connected("+.1 > . 1:1001(1000) ack 1", plan), @r"
    fail content in line 8 at `.`
    flags: expected ., got P.
    expected: > . 1:1001(1000) ack 1
    actual: P. 1:1001(1000) ack 1 win 65535
    time: 100000 to 100000, was 300000, ±12500
    ");
}

#[test]
fn too_early() {
    let plan = Plan::default().sends(100_000, data(1, 1000));
    assert_snapshot!(connected("+.2 > . 1:1001(1000) ack 1", plan), @r"
    fail early in line 8 at `+.2`
    the packet left at 0.100000 s, 0.100000 s before it was due (at 0.200000 s)
    expected: > . 1:1001(1000) ack 1
    actual: . 1:1001(1000) ack 1 win 65535
    time: 200000 to 200000, was 100000, ±25000
    ");
}

#[test]
fn too_late_for_a_range() {
    let plan = Plan::default().sends(500_000, data(1, 1000));
    assert_snapshot!(connected("+.2~+.3 > . 1:1001(1000) ack 1", plan), @r"
    fail late in line 8 at `+.2~+.3`
    the packet left at 0.500000 s, 0.200000 s after it was due (at 0.200000 to 0.300000 s)
    expected: > . 1:1001(1000) ack 1
    actual: . 1:1001(1000) ack 1 win 65535
    time: 200000 to 300000, was 500000, ±25000
    ");
}

#[test]
fn any_time_is_right() {
    let plan = Plan::default().sends(60_000_000, data(1, 1000));
    assert_snapshot!(connected("* > . 1:1001(1000) ack 1", plan), @"pass");
}

#[test]
fn nothing_came() {
    assert_snapshot!(connected("+.1 > . 1:1001(1000) ack 1", Plan::default()), @r"
    fail content in line 8 at `> . 1:1001(1000) ack 1`
    no packet came, waited 2.112500 s for it
    expected: > . 1:1001(1000) ack 1
    note: due at 0.100000 s, tolerance 0.012500 s, given up at 2.112500 s
    note: the last packet of this connection left at 0.000000 s (line 5): S. 0:0(0) ack 1 win 65535 <mss 1460>
    ");
}

#[test]
fn nothing_came_for_any_time() {
    assert_snapshot!(connected("* > . 1:1001(1000) ack 1", Plan::default()), @r"
    fail content in line 8 at `> . 1:1001(1000) ack 1`
    no packet came, waited 120.000000 s for it
    expected: > . 1:1001(1000) ack 1
    note: the last packet of this connection left at 0.000000 s (line 5): S. 0:0(0) ack 1 win 65535 <mss 1460>
    note: a line with * waits for two minutes
    ");
}

#[test]
fn nothing_came_but_another_connection_sent() {
    let lines = "\
+0 < 50001 > 8080 S 0:0(0) win 1000
+0 > 8080 > 50002 S. 0:0(0) ack 1 <...>";
    let plan = Plan::default().sends(500, data(1, 10));
    assert_snapshot!(connected(lines, plan), @r"
    fail content in line 9 at `> 8080 > 50002 S. 0:0(0) ack 1 <...>`
    no packet came, waited 2.004000 s for it
    expected: > 8080 > 50002 S. 0:0(0) ack 1 <...>
    note: due at 0.000000 s, tolerance 0.004000 s, given up at 2.004000 s
    note: no connection has the ports 8080 > 50002, so the line is about the current one
    note: this connection has not sent a packet yet
    note: packets of other connections that no line has asked for: 1, the first at 0.000500 s: 8080 > 40001 . 1:11(10) ack 1 win 65535
    ");
}

#[test]
fn nothing_came_from_a_listener() {
    let text = "\
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 > S. 0:0(0) ack 1 <...>";
    assert_snapshot!(called(text, Plan::default()), @r"
    fail content in line 4 at `> S. 0:0(0) ack 1 <...>`
    no packet came, waited 2.004000 s for it
    expected: > S. 0:0(0) ack 1 <...>
    note: due at 0.000000 s, tolerance 0.004000 s, given up at 2.004000 s
    note: the socket under test listens; it sends nothing of its own
    ");
}

#[test]
fn the_packet_of_a_later_line() {
    let lines = "\
+.1 > . 1:1001(1000) ack 1
+0 > F. 1001:1001(0) ack 1";
    let plan = Plan::default().sends(100_000, segment(flag::ACK | flag::FIN, ISN + 1001, 1, 0));
    assert_snapshot!(connected(lines, plan), @r"
    fail content in line 8 at `.`
    flags: expected ., got F.
    expected: > . 1:1001(1000) ack 1
    actual: F. 1001:1001(0) ack 1 win 65535
    note: this is what line 9 expects: the packet before it is missing
    ");
}

#[test]
fn a_retransmission() {
    let lines = "\
+.1 > . 1:1001(1000) ack 1
+.2 > . 1001:2001(1000) ack 1";
    let plan = Plan::default().sends(100_000, data(1, 1000)).sends(300_000, data(1, 1000));
    assert_snapshot!(connected(lines, plan), @r"
    fail content in line 9 at `1001:2001(1000)`
    seq: expected 1001:2001(1000), got 1:1001(1000)
    expected: > . 1001:2001(1000) ack 1
    actual: . 1:1001(1000) ack 1 win 65535
    note: line 8 got the same segment at 0.100000 s: this is a retransmission
    ");
}

#[test]
fn pieces_are_joined() {
    let plan = Plan::default().sends(100_000, data(1, 1000)).sends(100_200, data(1001, 500));
    assert_snapshot!(connected("+.1 > . 1:1501(1500) ack 1", plan), @"pass");
}

#[test]
fn pieces_with_a_gap() {
    let plan = Plan::default().sends(100_000, data(1, 1000)).sends(100_000, data(1101, 500));
    assert_snapshot!(connected("+.1 > . 1:1501(1500) ack 1", plan), @r"
    fail content in line 8 at `> . 1:1501(1500) ack 1`
    the segment came in pieces that do not fit: the next piece starts 100 bytes after the end of the one before
    expected: > . 1:1501(1500) ack 1
    actual: . 1:1001(1000) ack 1 win 65535, then . 1101:1601(500) ack 1 win 65535
    ");
}

#[test]
fn half_a_segment() {
    let plan = Plan::default().sends(100_000, data(1, 1000));
    assert_snapshot!(connected("+.1 > . 1:1501(1500) ack 1", plan), @r"
    fail content in line 8 at `1:1501(1500)`
    seq: expected 1:1501(1500), got 1:1001(1000)
    expected: > . 1:1501(1500) ack 1
    actual: . 1:1001(1000) ack 1 win 65535
    note: nothing more of it came until 2.112500 s
    ");
}

#[test]
fn pieces_are_not_joined_when_segments_are_strict() {
    let mut config = config();
    config.strict_segments = true;
    let plan =
        Plan::default().sends(0, syn_ack()).sends(0, data(1, 1000)).sends(0, data(1001, 500));
    let text = format!("{ESTABLISHED}+0 > . 1:1501(1500) ack 1\n");
    assert_snapshot!(outcome(&run_with(&text, plan, &config)), @r"
    fail content in line 8 at `1:1501(1500)`
    seq: expected 1:1501(1500), got 1:1001(1000)
    expected: > . 1:1501(1500) ack 1
    actual: . 1:1001(1000) ack 1 win 65535
    ");
}

#[test]
fn a_malformed_packet() {
    let plan = Plan::default().sends_bytes(100_000, vec![0x45, 0, 0]);
    assert_snapshot!(connected("+.1 > . 1:1001(1000) ack 1", plan), @r"
    fail content in line 8 at `> . 1:1001(1000) ack 1`
    the target sent a malformed packet: IPv4 header needs 20 bytes, 3 are left (byte 0)
    ");
}

fn lenient(lines: &str, plan: Plan) -> String {
    let mut config = config();
    config.non_fatal_packet = true;
    let text = format!("{ESTABLISHED}{lines}\n");
    outcome(&run_with(&text, plan.sends(0, syn_ack()), &config))
}

#[test]
fn mismatches_that_are_not_fatal() {
    let lines = "\
+.1 > P. 1:1001(1000) ack 1
+.1 > . 1001:2001(1000) ack 1";
    let plan = Plan::default().sends(100_000, data(1, 1000)).sends(300_000, data(1001, 1000));
    assert_snapshot!(lenient(lines, plan), @r"
    pass
    warning content in line 8 at `P.`
    flags: expected P., got .
    expected: > P. 1:1001(1000) ack 1
    actual: . 1:1001(1000) ack 1 win 65535
    warning late in line 9 at `+.1`
    the packet left at 0.300000 s, 0.100000 s after it was due (at 0.200000 s)
    expected: > . 1001:2001(1000) ack 1
    actual: . 1001:2001(1000) ack 1 win 65535
    time: 200000 to 200000, was 300000, ±12500
    ");
}

#[test]
fn a_missing_packet_is_always_fatal() {
    assert_snapshot!(lenient("+.1 > P. 1:1001(1000) ack 1", Plan::default()), @r"
    fail content in line 8 at `> P. 1:1001(1000) ack 1`
    no packet came, waited 2.112500 s for it
    expected: > P. 1:1001(1000) ack 1
    note: due at 0.100000 s, tolerance 0.012500 s, given up at 2.112500 s
    note: the last packet of this connection left at 0.000000 s (line 5): S. 0:0(0) ack 1 win 65535 <mss 1460>
    ");
}

#[test]
fn a_wrong_length_is_always_fatal() {
    let plan = Plan::default().sends(100_000, data(1, 1001));
    assert_snapshot!(lenient("+.1 > . 1:1001(1000) ack 1", plan), @r"
    fail content in line 8 at `1:1001(1000)`
    seq: expected 1:1001(1000), got 1:1002(1001)
    expected: > . 1:1001(1000) ack 1
    actual: . 1:1002(1001) ack 1 win 65535
    ");
}

#[test]
fn packets_that_no_line_asks_for_are_no_failure() {
    let plan = Plan::default().sends(50_000, data(1, 1000));
    assert_snapshot!(connected("+.1 < . 1:1(0) ack 1001 win 1000", plan), @"pass");
}

#[test]
fn a_timestamp_that_was_never_sent() {
    let line = "+0 < . 1:1(0) ack 1 win 1000 <nop,nop,TS val 1 ecr 5>";
    assert_snapshot!(connected(line, Plan::default()), @r"
    error script in line 8 at `<nop,nop,TS val 1 ecr 5>`
    no outbound packet has carried TS val 5, so ecr 5 has no live value
    note: --tcp_ts_ecr_scaled allows values that were never sent
    ");
}

#[test]
fn packets_without_a_socket() {
    assert_snapshot!(called("0 > S 0:0(0) <...>", Plan::default()), @r"
    error script in line 1 at `> S 0:0(0) <...>`
    no socket can send this packet: none was made before it
    ");
    assert_snapshot!(called("0 < udp (5)", Plan::default()), @r"
    error script in line 1 at `< udp (5)`
    no socket for this packet: none was created before it
    ");
}

const READ: &str = "\
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 read(3, ..., 9) = ";

#[test]
fn a_call_returned_another_value() {
    let plan = Plan::default().returns(1, 0, Returned::ok(5));
    assert_snapshot!(called(&format!("{READ}9"), plan), @r"
    fail syscall in line 2 at `9`
    read return value: expected 9, got 5
    expected: read(3, ..., 9) = 9
    actual: read(3, ..., 9) = 5
    ");
}

#[test]
fn a_call_failed_with_another_errno() {
    let plan = Plan::default().returns(1, 0, Returned::err(Errno(104)));
    assert_snapshot!(called(&format!("{READ}-1 EAGAIN (Resource temporarily unavailable)"), plan), @r"
    fail syscall in line 2 at `EAGAIN`
    read errno: expected EAGAIN, got ECONNRESET
    expected: read(3, ..., 9) = -1 EAGAIN (Resource temporarily unavailable)
    actual: read(3, ..., 9) = -1 ECONNRESET
    ");
}

#[test]
fn a_call_was_to_fail() {
    assert_snapshot!(called(&format!("{READ}-1 EAGAIN (again)"), Plan::default()), @r"
    fail syscall in line 2 at `-1`
    read return value: expected -1 EAGAIN, got 9
    expected: read(3, ..., 9) = -1 EAGAIN (again)
    actual: read(3, ..., 9) = 9
    ");
}

#[test]
fn a_call_wrote_something_else() {
    let value = Returned { output: Output::OptVal(vec![2, 0, 0, 0]), ..Returned::ok(0) };
    let text = "\
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 getsockopt(3, SOL_TCP, TCP_NODELAY, [1], [4]) = 0";
    assert_snapshot!(called(text, Plan::default().returns(1, 0, value)), @r"
    fail syscall in line 2 at `[1]`
    getsockopt option value: expected 1, got 2
    expected: getsockopt(3, SOL_TCP, TCP_NODELAY, [1], [4]) = 0
    actual: getsockopt(3, SOL_TCP, TCP_NODELAY, [2], [4]) = 0
    ");
}

#[test]
fn a_call_that_never_returns() {
    let plan = Plan::default().returns(1, 3_600_000_000, Returned::ok(9));
    assert_snapshot!(called(&format!("{READ}9"), plan), @r"
    fail syscall in line 2 at `read`
    read has not returned after 20.000000 s
    note: a call that blocks has an end: 0.1...0.3 read(…) = …
    ");
}

#[test]
fn a_label_that_nobody_has_given() {
    assert_snapshot!(called("0 close(7) = 0", Plan::default()), @r"
    error script in line 1 at `7`
    no descriptor has the label 7
    ");
}

#[test]
fn a_label_that_is_taken() {
    let text = "\
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3";
    assert_snapshot!(called(text, Plan::default()), @r"
    error script in line 2 at `3`
    descriptor label 3 is in use already
    ");
}

const BLOCKING: &str = "\
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+.1...0.3 read(3, ..., 9) = 9
";

#[test]
fn a_blocking_call_returns_when_it_must() {
    let plan = Plan::default().returns(1, 200_000, Returned::ok(9));
    assert_snapshot!(called(BLOCKING, plan), @"pass");
}

#[test]
fn a_blocking_call_returns_early() {
    let plan = Plan::default().returns(1, 50_000, Returned::ok(9));
    assert_snapshot!(called(BLOCKING, plan), @r"
    fail early in line 2 at `0.3`
    read returned at 0.150000 s, 0.150000 s before it was due (at 0.300000 s)
    time: 300000 to 300000, was 150000, ±25000
    ");
}

#[test]
fn a_blocking_call_returns_late() {
    let plan = Plan::default().returns(1, 250_000, Returned::ok(9));
    assert_snapshot!(called(BLOCKING, plan), @r"
    fail late in line 2 at `0.3`
    read returned at 0.350000 s, 0.050000 s after it was due (at 0.300000 s)
    time: 300000 to 300000, was 350000, ±25000
    ");
}

#[test]
fn a_blocking_call_goes_on_blocking() {
    let plan = Plan::default().returns(1, 3_600_000_000, Returned::ok(9));
    assert_snapshot!(called(BLOCKING, plan), @r"
    fail syscall in line 2 at `read`
    read still blocks at the end of the script
    ");
}

#[test]
fn a_call_too_late_because_the_one_before_took_long() {
    let plan = Plan::default().returns(1, 500_000, Returned::ok(9));
    assert_snapshot!(called(&format!("{READ}9\n0.1 close(3) = 0"), plan), @r"
    fail late in line 3 at `0.1`
    this event started at 0.500000 s, 0.400000 s after it was due (at 0.100000 s)
    time: 100000 to 100000, was 500000, ±12500
    note: the event before it took until 0.500000 s
    ");
}

#[test]
fn a_command_fails() {
    let failed = CommandOutcome::Failed { status: 2, why: "no such key".into() };
    let text = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+.1 `sysctl -w net.x=1`";
    assert_snapshot!(called(text, Plan::default().command(failed)), @r"
    fail command in line 2 at ``sysctl -w net.x=1``
    command ended with status 2
    note: no such key
    ");
}

#[test]
fn a_command_the_target_does_not_have() {
    let outcome = CommandOutcome::Unsupported("prepared has no shell".into());
    let text = "`magic`\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3";
    assert_snapshot!(called(text, Plan::default().command(outcome)), @r"
    skip at ``magic``
    prepared has no shell
    ");
}

#[test]
fn an_assertion_of_a_code_block() {
    let code = "+0 %{ assert tcpi_state == TCP_CLOSING, tcpi_state }%";
    assert_snapshot!(connected(code, Plan::default()), @r"
    fail code in line 8 at `assert tcpi_state == TCP_CLOSING, tcpi_state`
    tcpi_state == TCP_CLOSING is false: tcpi_state = 1 (TCP_ESTABLISHED), TCP_CLOSING = 11
    note: tcpi_state = 1 (TCP_ESTABLISHED)
    note: TCP_CLOSING = 11
    note: message of the assertion: 1
    ");
}

#[test]
fn a_packet_fails_before_an_assertion_does() {
    let lines = "+0 %{ assert tcpi_state == TCP_CLOSING }%\n+0 > . 1:1001(1000) ack 1";
    let plan = Plan::default().sends(100, data(1, 10));
    assert_snapshot!(connected(lines, plan).lines().next().unwrap(), @"fail content in line 9 at `1:1001(1000)`");
}

#[test]
fn a_code_block_without_a_socket() {
    assert_snapshot!(connected("+0 close(4) = 0\n+0 %{ assert True }%", Plan::default()), @r"
    error script in line 9 at `%{ assert True }%`
    this code block has no socket to look at
    note: the socket under test has no descriptor yet, or it was closed
    ");
    let plan = Plan { probe: Err(Errno(9)), ..Plan::default() };
    assert_snapshot!(connected("+0 %{ assert True }%", plan), @r"
    error script in line 8 at `%{ assert True }%`
    getsockopt for this code block failed: EBADF
    ");
}

#[test]
fn a_state_differs() {
    let plan = Plan { state: TcpState::CloseWait, ..Plan::default() };
    assert_snapshot!(connected("+0 tcp_state(40001 > 8080) = TCP_FIN_WAIT1", plan), @r"
    fail content in line 8 at `TCP_FIN_WAIT1`
    state: expected TCP_FIN_WAIT1, got TCP_CLOSE_WAIT
    ");
    assert_snapshot!(connected("+0 tcp_state(4) = TCP_ESTABLISHED", Plan::default()), @"pass");
}

#[test]
fn a_target_that_cannot_be_had() {
    let text = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3";
    assert_snapshot!(called(text, Plan { launch_error: true, ..Plan::default() }), @r"
    error environment in line 1 at `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3`
    open /dev/x: no such device
    note: plug it in
    ");
    assert_snapshot!(called(text, Plan { start_error: true, ..Plan::default() }), @r"
    error environment in line 1 at `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3`
    internal error of the target: no tick
    ");
}

#[test]
fn a_target_that_lacks_something() {
    let plan = Plan { capabilities: vec![Capability::Ipv4], ..Plan::default() };
    let text = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 > S 0:0(0) <FO,nop,nop>";
    assert_snapshot!(called(text, plan), @r"
    skip at `FO`
    prepared has no FASTOPEN
    ");
}
