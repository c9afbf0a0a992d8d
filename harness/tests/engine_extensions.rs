//! What scripts of our own can say: bytes of a payload and of what is read, names for what the
//! target chose, and loops.
#![allow(clippy::unwrap_used, reason = "helpers of tests panic like tests")]

mod engine_support;

use engine_support::{ESTABLISHED, ISN, Plan, Ran, observe_plan, run_plan, segment, syn_ack};
use synproof_harness::engine::log::What;
use synproof_harness::engine::outcome::{Failure, Outcome};
use synproof_harness::packet::{Tcp, TcpOption, flag};
use synproof_harness::target::syscall::Output;
use synproof_harness::target::{Errno, Returned};

/// Number of the first call after [`ESTABLISHED`].
const NEXT: u32 = 4;

fn connected(lines: &str, plan: Plan) -> Ran {
    run_plan(&format!("{ESTABLISHED}{lines}\n"), plan.sends(0, syn_ack()))
}

fn problem(ran: &Ran) -> &Failure {
    match &ran.run.outcome {
        Outcome::Fail(failure) | Outcome::Error(failure) => failure,
        other @ (Outcome::Pass { .. } | Outcome::Skip { .. }) => panic!("{other:?}"),
    }
}

#[track_caller]
fn passes(ran: &Ran) {
    assert!(matches!(ran.run.outcome, Outcome::Pass { .. }), "{:?}", ran.run.outcome);
}

/// A failure: its message and the text it points at.
#[track_caller]
fn fails(ran: &Ran, message: &str, at: &str) {
    let failure = problem(ran);
    assert_eq!((failure.message.as_str(), ran.script.source.slice(failure.span)), (message, at));
}

fn says(bytes: &[u8]) -> Tcp {
    Tcp { payload: bytes.to_vec(), ..segment(flag::ACK | flag::PSH, ISN + 1, 1, 0) }
}

fn received(bytes: &[u8]) -> Returned {
    let count = i64::try_from(bytes.len()).unwrap();
    Returned { output: Output::Data(bytes.to_vec()), ..Returned::ok(count) }
}

fn calls(ran: &Ran) -> Vec<String> {
    let text =
        |what: &What| if let What::Return { text, .. } = what { Some(text.clone()) } else { None };
    ran.run.log.entries.iter().filter_map(|entry| text(&entry.what)).skip(NEXT as usize).collect()
}

#[test]
fn bytes_of_a_segment() {
    let line = "+0 > P. 1:6(5) ack 1 \"hello\"";
    passes(&connected(line, Plan::default().sends(100, says(b"hello"))));
    let wrong = "payload: expected 0x6c \"l\" at offset 3, got 0x0a \"\\n\" at offset 3";
    fails(&connected(line, Plan::default().sends(100, says(b"hel\no"))), wrong, "\"hello\"");
    let zeros = "payload: expected zero bytes, got 0x68 at offset 0";
    let ran = connected("+0 > P. 1:6(5) ack 1", Plan::default().sends(100, says(b"hello")));
    fails(&ran, zeros, "1:6(5)");
    assert_eq!(problem(&ran).actual.as_deref(), Some("P. 1:6(5) ack 1 win 65535 \"hello\""));
}

#[test]
fn bytes_of_joined_pieces() {
    let second = Tcp { payload: b"lo".to_vec(), ..segment(flag::ACK | flag::PSH, ISN + 4, 1, 0) };
    let plan = Plan::default().sends(100, says(b"hel")).sends(100, second);
    passes(&connected("+0 > P. 1:6(5) ack 1 \"hello\"", plan));
}

#[test]
fn bytes_that_are_injected() {
    let ran = connected("+0 < P. 1:7(6) ack 1 win 1000 \"ab\\x00\"*2", Plan::default());
    let injected = "0.000000 < 40001 > 8080 P. 1:7(6) ack 7000001 win 1000 \"ab\\x00ab\\x00\"";
    assert_eq!(ran.diary.last().map(String::as_str), Some(injected));
}

#[test]
fn bytes_that_are_read() {
    let plan = |bytes: &[u8]| Plan::default().returns(NEXT, 0, received(bytes));
    let line = "+0 read(4, \"hello\", 100) = *";
    passes(&connected(line, plan(b"hello")));
    let wrong = "read content: expected 0x6f \"o\" at offset 4, got 0x00 \"\\x00\" at offset 4";
    fails(&connected(line, plan(b"hell\0")), wrong, "\"hello\"");
    let short = "read content: expected 0x6f \"o\" at offset 4, got the end at offset 4";
    fails(&connected(line, plan(b"hell")), short, "\"hello\"");
    let long = "read content: expected the end at offset 5, got 0x21 \"!\" at offset 5";
    let ran = connected(line, plan(b"hello!"));
    fails(&ran, long, "\"hello\"");
    assert_eq!(calls(&ran), ["read(4, \"hello!\", 100) = 6"]);
}

#[test]
fn bytes_that_are_scattered() {
    let line = "+0 readv(4, [{\"hel\", 3}, {..., 1}, {\"!\", 10}], 3) = *";
    let plan = |bytes: &[u8]| Plan::default().returns(NEXT, 0, received(bytes));
    passes(&connected(line, plan(b"helo!")));
    let wrong = "readv content: expected 0x21 \"!\" at offset 0, got 0x3f \"?\" at offset 0";
    fails(&connected(line, plan(b"helo?")), wrong, "\"!\"");
}

#[test]
fn a_result_and_an_option_get_names() {
    let value = Returned { output: Output::OptVal(vec![5, 0, 0, 0]), ..Returned::ok(0) };
    let plan = Plan::default().returns(NEXT, 0, value).returns(NEXT + 1, 0, Returned::ok(5));
    let lines = "\
+0 getsockopt(4, SOL_TCP, TCP_MAXSEG, [* as MSS], [4]) = 0
+0 write(4, ..., 9) = * as SENT
+0 write(4, ..., $SENT) = $MSS";
    let ran = connected(lines, plan);
    passes(&ran);
    assert_eq!(calls(&ran).last().map(String::as_str), Some("write(4, ..., $SENT) = 5"));
    let hidden = |what: &What| matches!(what, What::Return { result, .. } if result.output == Output::OptVal(vec![0; 4]));
    assert!(ran.run.log.entries.iter().any(|entry| hidden(&entry.what)));
}

#[test]
fn a_descriptor_with_a_name_has_a_label_in_the_log() {
    let lines = "+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = * as ONE\n+0 close($ONE) = 0";
    let ran = connected(lines, Plan::default());
    passes(&ran);
    let label = "socket(..., SOCK_STREAM, IPPROTO_TCP) = 1000000";
    assert_eq!(calls(&ran), [label, "close($ONE) = 0"]);
}

#[test]
fn a_name_without_a_value() {
    let plan = || Plan::default().returns(NEXT, 0, Returned::err(Errno(11)));
    let lines = "\
+0 read(4, * as DATA, 5) = -1 EAGAIN (Resource temporarily unavailable)
+0 write(4, $DATA, 0) = 0";
    fails(&connected(lines, plan()), "$DATA was not given a value", "$DATA");
    let text = format!("{ESTABLISHED}{lines}\n");
    passes(&observe_plan(&text, plan().sends(0, syn_ack())));
}

#[test]
fn a_timestamp_is_echoed_as_it_was_sent() {
    let stamped = |val: u32, options: &[TcpOption], tcp: Tcp| Tcp {
        options: [options, &[TcpOption::Ts { val, ecr: 7 }]].concat(),
        ..tcp
    };
    let nops = [TcpOption::Nop, TcpOption::Nop];
    let syn = stamped(123_456, &[TcpOption::Mss(1460), TcpOption::SackOk], syn_ack());
    let first = stamped(123_500, &nops, says(b"a"));
    let text = "\
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 1000 <mss 1000,sackOK,TS val 7 ecr 0>
+0 > S. 0:0(0) ack 1 <mss 1460,sackOK,TS val * as OPENED ecr 7>
+0 < . 1:1(0) ack 1 win 1000 <nop,nop,TS val 7 ecr $OPENED>
+0 > P. 1:2(1) ack 1 <nop,nop,TS val * as FIRST ecr 7> \"a\"
+0 < . 1:1(0) ack 2 win 1000 <nop,nop,TS val 8 ecr $FIRST>
";
    let ran = run_plan(text, Plan::default().sends(0, syn).sends(0, first));
    passes(&ran);
    let echoed = ran.diary.iter().filter_map(|line| line.split(" ecr ").nth(1));
    assert_eq!(echoed.collect::<Vec<_>>(), ["0>", "123456>", "123500>"]);
}

#[test]
fn a_loop_is_its_rows_written_out() {
    let short = "\
for LEN, END in (1, 2), (2, 3) {
+0 write(4, ..., LEN) = LEN
+0.1 < . 1:1(0) ack END win 1000
}
+0 close(4) = 0";
    let long = "\
+0 write(4, ..., 1) = 1
+0.1 < . 1:1(0) ack 2 win 1000
+0 write(4, ..., 2) = 2
+0.1 < . 1:1(0) ack 3 win 1000
+0 close(4) = 0";
    let (short, long) = (connected(short, Plan::default()), connected(long, Plan::default()));
    passes(&short);
    assert_eq!(short.diary, long.diary);
    assert_eq!(calls(&short), calls(&long));
}

#[test]
fn a_failure_in_a_loop_says_which_row() {
    let lines = "\
for LEN in (1), (2) {
+0 write(4, ..., LEN) = LEN
}";
    let ran = connected(lines, Plan::default().returns(NEXT + 1, 0, Returned::ok(1)));
    fails(&ran, "write return value: expected 2, got 1", "LEN");
    let failure = problem(&ran);
    assert_eq!(failure.notes, ["in row 2 of the loop in line 8: LEN = 2"]);
    assert_eq!(failure.expected.as_deref(), Some("write(4, ..., 2) = 2"));
    assert_eq!(failure.actual.as_deref(), Some("write(4, ..., 2) = 1"));
}
