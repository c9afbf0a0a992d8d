//! Scripts on the reference stack that look at the adapter, not at TCP: calls that sleep, time
//! that passes, commands, and what is a skip.
#![cfg(feature = "target-stack")]
#![allow(clippy::unwrap_used, reason = "helpers of tests panic like tests")]

use std::path::PathBuf;

use rstest::rstest;
use synproof_harness::config::builtin;
use synproof_harness::engine::outcome::Outcome;
use synproof_harness::engine::{Run, run};
use synproof_harness::script::source::SourceFile;
use synproof_harness::target::IpVersion;
use synproof_harness::target::stack::StackLaunch;

/// Runs a script over IPv4.
fn run_text(text: &str) -> Run {
    let source = SourceFile::new(PathBuf::from("test.pkt"), text.to_owned());
    let (script, diagnostics) = synproof_harness::script::parse(&source, &Default::default());
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    run(&script, &builtin(IpVersion::Ipv4, 7), &StackLaunch::default())
}

/// A connection: descriptor 3 listens, 4 is accepted.
const CONNECTION: &str = "\
0  socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 10) = 0
+0 < S 0:0(0) win 65535 <mss 1000>
+0 > S. 0:0(0) ack 1 <mss 1460>
+.01 < . 1:1(0) ack 1 win 65535
+0 accept(3, ..., ...) = 4
";

#[rstest]
#[case::poll_returns_at_its_timeout(
    "+0...0.05 poll([{fd=4, events=POLLIN, revents=0}], 1, 50) = 0"
)]
#[case::poll_returns_when_data_comes(
    "+0...0.02 poll([{fd=4, events=POLLIN, revents=POLLIN}], 1, 50) = 1
     +.02 < P. 1:11(10) ack 1 win 65535
     +0 > . 1:1(0) ack 11"
)]
#[case::a_blocked_read_returns_what_comes(
    "+0...0.02 read(4, ..., 100) = 10
     +.02 < P. 1:11(10) ack 1 win 65535
     +0 > . 1:1(0) ack 11"
)]
#[case::two_calls_sleep_at_once(
    "+0...0.03 poll([{fd=3, events=POLLIN, revents=0}], 1, 30) = 0
     +0...0.02 read(4, ..., 100) = 10
     +.02 < P. 1:11(10) ack 1 win 65535
     +0 > . 1:1(0) ack 11
     +.02 write(4, ..., 10) = 10
     +0 > P. 1:11(10) ack 11"
)]
#[case::a_write_larger_than_the_buffer_goes_on(
    "+0 setsockopt(4, SOL_SOCKET, SO_SNDBUF, [5000], 4) = 0
     +0...0.04 write(4, ..., 60000) = 60000
     +0 > P. 1:10001(10000) ack 1
     +.02 < . 1:1(0) ack 10001 win 65535
     +0 > P. 10001:30001(20000) ack 1
     +.01 < . 1:1(0) ack 30001 win 65535
     +0 > P. 30001:42001(12000) ack 1
     +.01 < . 1:1(0) ack 42001 win 65535
     +0 > P. 42001:60001(18000) ack 1"
)]
#[case::a_close_that_lingers_waits_for_the_ack(
    "+0 setsockopt(4, SOL_SOCKET, SO_LINGER, {onoff=1, linger=5}, 8) = 0
     +0...0.02 close(4) = 0
     +0 > F. 1:1(0) ack 1
     +.02 < . 1:1(0) ack 2 win 65535"
)]
#[case::time_passes_while_a_command_sleeps(
    "+0 < P. 1:11(10) ack 1 win 65535
     +0 > . 1:1(0) ack 11
     +0 write(4, ..., 10) = 10
     +0 > P. 1:11(10) ack 11
     +0 `sleep 0.1`
     +.1~+.3 > P. 1:11(10) ack 11"
)]
#[case::counters_are_those_of_nstat("+0 `nstat -az | grep 'TcpPassiveOpens *1'`")]
#[case::a_sysctl_is_written_and_read(
    "+0 `sysctl -qw net.ipv4.tcp_fin_timeout=7 && sysctl -n net.ipv4.tcp_fin_timeout`"
)]
#[case::without_tso_segments_leave_one_by_one(
    "+0 `ethtool -K tun0 tso off`
     +0 write(4, ..., 2000) = 2000
     +0 > . 1:1001(1000) ack 1
     +0 > P. 1001:2001(1000) ack 1"
)]
fn passes(#[case] rest: &str) {
    let run = run_text(&format!("{CONNECTION}{rest}\n"));
    assert!(matches!(&run.outcome, Outcome::Pass { .. }), "{:?}", run.outcome);
}

#[test]
fn a_route_has_an_mtu() {
    let route = "`ip route change 192.0.2.0/24 via 192.168.0.1 dev tun0 mtu 600`\n";
    let connection = CONNECTION.replace("<mss 1460>", "<mss 560>");
    let run = run_text(&format!("{route}{connection}"));
    assert!(matches!(&run.outcome, Outcome::Pass { .. }), "{:?}", run.outcome);
}

#[rstest]
#[case::sysctls(
    "+0 `sysctl -qw net.ipv4.ip_forward=1`",
    "the stack has no sysctl net.ipv4.ip_forward"
)]
#[case::queues(
    "+0 `tc qdisc replace dev tun0 root netem delay 10ms`",
    "the stack has no `tc qdisc replace dev tun0 root netem delay 10ms`"
)]
#[case::a_shell(
    "+0 `for i in 1 2 3; do echo $i; done`",
    "the stack has no shell to run `for i in 1 2 3; do echo $i; done`"
)]
#[case::a_close_below_a_sleeper(
    "+0...0.05 read(4, ..., 100) = 0
     +.01 close(4) = 0",
    "the stack has no close() of a descriptor on which another call sleeps"
)]
fn is_skipped_for(#[case] rest: &str, #[case] expected: &str) {
    let run = run_text(&format!("{CONNECTION}{rest}\n"));
    let Outcome::Skip { reason, .. } = &run.outcome else { panic!("{:?}", run.outcome) };
    assert_eq!(reason, expected);
}

#[rstest]
#[case::unknown_to_linux_too("+0 `sysctl -qw net.ipv4.tcp_nonsense=1`")]
#[case::a_value_out_of_range("+0 `sysctl -qw net.ipv4.tcp_syn_retries=0`")]
fn fails(#[case] rest: &str) {
    let run = run_text(&format!("{CONNECTION}{rest}\n"));
    assert!(matches!(&run.outcome, Outcome::Fail(_)), "{:?}", run.outcome);
}

/// Retransmissions, blocked calls and ports chosen at random included.
#[test]
fn two_runs_give_the_same_log() {
    let script = "\
0  socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0...0.1 connect(3, ..., ...) = 0
+0 > S 0:0(0) <...>
+.1 < S. 0:0(0) ack 1 win 65535 <mss 1000>
+0 > . 1:1(0) ack 1
+0 write(3, ..., 3000) = 3000
+0 > P. 1:3001(3000) ack 1
+.2~+2 > . 1:1001(1000) ack 1
";
    let logs = [run_text(script), run_text(script)].map(|run| {
        assert!(matches!(&run.outcome, Outcome::Pass { .. }), "{:?}", run.outcome);
        run.log
    });
    assert_eq!(logs[0], logs[1]);
}
