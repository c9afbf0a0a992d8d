//! Real runs of the binary against a target: what passes, fails, is expected to, and is left behind.
#![allow(clippy::unwrap_used, reason = "helpers of tests panic like tests")]

mod cli_support;

use cli_support::{Sandbox, target};
use rstest::rstest;
use serde_json::Value;

const PASSES: &str = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 close(3) = 0\n";
const FAILS: &str = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 close(3) = 7\n";
const CONNECTS: &str = "\
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0
+0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)
+0 > S 0:0(0) <...>
+.01 < R. 0:0(0) ack 1 win 0
";

fn run(sandbox: &Sandbox, args: &[&str]) -> cli_support::Ended {
    let mut all = vec!["run", "--ip=ipv4", "--no-wall", "--target", target()];
    all.extend(args);
    sandbox.run(&all)
}

#[rstest]
#[case::pass(PASSES, "", 0, "pass")]
#[case::fail(FAILS, "", 1, "fail")]
#[case::xfail(FAILS, "//! xfail: known\n", 0, "xfail")]
#[case::xpass(PASSES, "//! xfail: known\n", 5, "xpass")]
#[case::xfail_elsewhere(FAILS, "//! xfail(vax): known\n", 1, "fail")]
#[case::lacking(PASSES, "//! needs: FREE_BSD\n", 0, "skip")]
#[case::broken("0 socket(\n", "", 2, "error")]
#[case::connects(CONNECTS, "", 0, "pass")]
fn verdicts_and_exit_codes(
    #[case] script: &str,
    #[case] head: &str,
    #[case] code: i32,
    #[case] verdict: &str,
) {
    let sandbox = Sandbox::new(&[("a.pkt", &format!("{head}{script}"))]);
    let ended = run(&sandbox, &["--format=json", "a.pkt"]).expect(code);
    let result: Value = serde_json::from_str(ended.out.lines().next().unwrap()).unwrap();
    assert_eq!(result["verdict"], verdict, "{result}");
}

/// The interval between SYNs doubles at once only where nothing is linear.
const DOUBLES: &str = "\
//! needs: VIRTUAL_TIME
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0
+0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)
+0 > S 0:0(0) <...>
+1~+1.1 > S 0:0(0) <...>
+2~+2.2 > S 0:0(0) <...>
";

#[cfg(feature = "target-stack")]
#[rstest]
#[case::now("", &[], 1, "fail", "stack")]
#[case::asked_for("", &["--kernel-profile=linux-6.1"], 0, "pass", "stack:linux-6.1")]
#[case::by_name("", &["--target=stack:linux-4.3"], 0, "pass", "stack:linux-4.3")]
#[case::in_the_script("//! kernel: linux-6.1\n", &[], 0, "pass", "stack")]
#[case::another("//! kernel: linux-6.1\n", &["--kernel-profile=linux-6.12"], 0, "skip", "stack:linux-6.12")]
#[case::known("//! xfail(linux >= 6.12): linear\n", &["--kernel-profile=linux-6.12"], 0, "xfail", "stack:linux-6.12")]
#[case::of_kernels("//! xfail(linux): linear\n", &["--kernel-profile=linux-6.12"], 1, "fail", "stack:linux-6.12")]
fn the_stack_is_the_kernel_it_is_told_to_be(
    #[case] head: &str,
    #[case] args: &[&str],
    #[case] code: i32,
    #[case] verdict: &str,
    #[case] target: &str,
) {
    let sandbox = Sandbox::new(&[("a.pkt", &format!("{head}{DOUBLES}"))]);
    let all = [&["run", "--ip=ipv4", "--no-wall", "--format=json", "a.pkt"], args].concat();
    let ended = sandbox.run(&all).expect(code);
    let result: Value = serde_json::from_str(ended.out.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&result["verdict"], &result["target"]),
        (&verdict.into(), &target.into()),
        "{result}"
    );
}

#[cfg(feature = "target-stack")]
#[test]
fn a_kernel_that_is_not_known_is_a_wrong_script() {
    let sandbox = Sandbox::new(&[("a.pkt", &format!("//! kernel: linux-2.4\n{PASSES}"))]);
    let ended = sandbox.run(&["run", "--ip=ipv4", "a.pkt"]).expect(2);
    assert!(ended.out.contains("metadata::unknown-kernel"), "{}", ended.out);
}

#[test]
fn a_failure_shows_the_line_and_what_came_instead() {
    let sandbox = Sandbox::new(&[("a.pkt", FAILS)]);
    let ended = run(&sandbox, &["a.pkt"]).expect(1);
    for said in ["--> a.pkt:2:", "2 | +0 close(3) = 7", "again: synproof run --target", "1 FAIL"] {
        assert!(ended.out.contains(said), "{said}: {}", ended.out);
    }
}

#[test]
fn logs_and_captures_are_left_where_asked() {
    let sandbox = Sandbox::new(&[("d/a.pkt", CONNECTS)]);
    run(&sandbox, &["--out=o", "--pcap", "d"]).expect(0);
    let stem = format!("o/d/a.ipv4.{}", target());
    let log: Value = serde_json::from_str(&sandbox.read(&format!("{stem}.json"))).unwrap();
    assert_eq!((&log["verdict"], &log["ip"]), (&"pass".into(), &"ipv4".into()));
    let packets = log["entries"].as_array().unwrap().iter().filter(|e| e["what"] == "packet");
    assert!(packets.count() >= 2);
    let capture = std::fs::read(sandbox.path().join(format!("{stem}.pcapng"))).unwrap();
    assert_eq!(capture[..4], [0x0a, 0x0d, 0x0d, 0x0a], "a pcapng section");
}

#[rstest]
#[case::report(&["--report=json=/dev/full"])]
#[case::junit(&["--report=junit=/dev/full"])]
fn a_full_disk_is_exit_3_and_says_so(#[case] args: &[&str]) {
    let sandbox = Sandbox::new(&[("a.pkt", PASSES)]);
    let mut all = args.to_vec();
    all.push("a.pkt");
    let ended = run(&sandbox, &all).expect(3);
    assert!(ended.err.contains("No space left on device"), "{}", ended.err);
    assert!(!ended.err.contains("panicked"), "{}", ended.err);
}

#[test]
fn whoever_closes_the_pipe_gets_no_complaint() {
    let sandbox = Sandbox::new(&[("a.pkt", PASSES)]);
    let mut command = sandbox.command(&["run", "--target", target(), "a.pkt"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = command.stdout(writer).stderr(std::process::Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(141));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[rstest]
#[case("wrong-return")]
#[case("option-dropped")]
fn a_lying_target_turns_a_green_script_red(#[case] fault: &str) {
    let options = "<mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>";
    let sandbox = Sandbox::new(&[("a.pkt", &CONNECTS.replace("<...>", options))]);
    run(&sandbox, &["--profile=synproof", "a.pkt"]).expect(0);
    let ended = run(&sandbox, &["--profile=synproof", "--fault", fault, "a.pkt"]).expect(1);
    assert!(ended.err.contains(&format!("{fault} struck")), "{}", ended.err);
    assert!(!ended.err.contains("struck 0 times"), "{}", ended.err);
}

#[rstest]
#[case::no_events("hi\n", 2, "error[parse::no-events]")]
#[case::unknown_call("0 soket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n", 2, "did you mean `socket`?")]
#[case::unknown_symbol("0 socket(..., SOCK_STREM, IPPROTO_TCP) = 3\n", 2, "check::unknown-symbol")]
#[case::slip_in_a_packet("0 < S 0:0(0) akc 1 win 65535\n", 2, "did you mean `ack`?")]
#[case::value_that_was_read(
    "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n\
     +0 getsockopt(3, SOL_SOCKET, SO_ERROR, [ECONNRESET], [4]) = 0\n",
    1,
    "actual: getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0"
)]
fn a_report_says_what_was_meant_and_what_came(
    #[case] script: &str,
    #[case] code: i32,
    #[case] says: &str,
) {
    let sandbox = Sandbox::new(&[("a.pkt", script)]);
    let ended = run(&sandbox, &["--ip=ipv4", "a.pkt"]).expect(code);
    assert!(ended.out.contains(says), "{}", ended.out);
}
