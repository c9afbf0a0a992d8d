//! `synproof diff` as people and programs meet it.
#![cfg(feature = "target-stack")]
#![allow(clippy::unwrap_used, reason = "helpers of tests panic like tests")]

mod cli_support;

use cli_support::{BROKEN, Ended, Sandbox};
use rstest::rstest;
use serde_json::Value;

const LISTENS: &str = "\
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 65535 <mss 1000>
+0 > S. 0:0(0) ack 1 <mss 1460>
+.1 < . 1:1(0) ack 1 win 65535
+0 accept(3, ..., ...) = 4
";

fn diff(sandbox: &Sandbox, args: &[&str]) -> Ended {
    let mut all = vec!["diff", "--targets=stack,stack", "--ip=ipv4", "--no-wall"];
    all.extend(args);
    sandbox.run(&all)
}

/// The lines of a JSON report.
fn lines(ended: &Ended) -> Vec<Value> {
    ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_target_agrees_with_itself_whatever_the_script_expects() {
    let wrong = LISTENS.replace("mss 1460", "mss 7");
    let sandbox = Sandbox::new(&[("a.pkt", LISTENS), ("b.pkt", &wrong)]);
    let ended = diff(&sandbox, &["--format=json", "."]).expect(0);
    let lines = lines(&ended);
    let [a, b, summary] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!([&a["answer"], &b["answer"]], ["agree", "agree"]);
    assert_eq!((&summary["agree"], &summary["differ"]), (&2.into(), &0.into()));
}

#[test]
fn both_sides_are_judged_when_asked() {
    let wrong = LISTENS.replace("mss 1460", "mss 7");
    let sandbox = Sandbox::new(&[("a.pkt", &wrong)]);
    let ended = diff(&sandbox, &["--judge", "a.pkt"]).expect(1);
    assert!(ended.out.contains("stack against the script: fail: mss: expected 7"), "{}", ended.out);
}

#[test]
fn a_difference_is_shown_with_both_sides_around_it() {
    let sandbox = Sandbox::new(&[("a.pkt", LISTENS)]);
    let ended = diff(&sandbox, &["--fault=ack-off-by-one", "--out=o", "a.pkt"]).expect(1);
    for said in [
        "DIFFER",
        "differ: ack: 1 on the left, 2 on the right",
        "--> a.pkt:4 (ipv4)",
        "4 | +0 < S 0:0(0) win 65535 <mss 1000>",
        "class: NEW_SYN_RECV / rcv-syn / packet / ack",
        "ack    1            2            <- differs",
        "*<    0.000000",
        "*>    0.000000",
        "again: synproof diff --targets stack,stack --ip ipv4 a.pkt",
        "1  100.0%  differ",
    ] {
        assert!(ended.out.contains(said), "{said}: {}", ended.out);
    }
    assert!(ended.err.contains("ack-off-by-one struck"), "{}", ended.err);
    let pair: Value = serde_json::from_str(&sandbox.read("o/a.ipv4.stack~stack.json")).unwrap();
    assert_eq!(pair["verdict"]["differ"]["class"]["field"], "ack");
    let log: Value = serde_json::from_str(&sandbox.read("o/a.ipv4.stack.json")).unwrap();
    assert!(log["log"]["entries"].as_array().unwrap().len() > 10);
}

#[test]
fn reports_are_the_same_bytes_each_time() {
    let sandbox = Sandbox::new(&[("a.pkt", LISTENS)]);
    for format in ["human", "json", "junit"] {
        let arguments = [&format!("--format={format}"), "--fault=psh-flipped", "a.pkt"];
        let one = diff(&sandbox, &arguments);
        let other = diff(&sandbox, &arguments);
        assert!(!one.out.is_empty());
        if format != "junit" {
            assert_eq!(one.out, other.out);
        }
    }
}

#[rstest]
#[case::one_target(&["--targets=stack", "a.pkt"], 2, "needs at least two")]
#[case::unknown_target(&["--targets=stack,vax", "a.pkt"], 2, "expected one of")]
#[case::unknown_rule(&["--targets=stack,stack", "--without-rule=isns", "a.pkt"], 2, "no rule `isns`")]
#[case::broken(&["--targets=stack,stack", "broken.pkt"], 2, "")]
#[case::nothing(&["--targets=stack,stack", "--filter=nothing", "a.pkt"], 4, "none of 1")]
fn bad_input_has_its_exit_code(#[case] args: &[&str], #[case] code: i32, #[case] said: &str) {
    let sandbox = Sandbox::new(&[("a.pkt", LISTENS), ("broken.pkt", BROKEN)]);
    let mut all = vec!["diff", "--ip=ipv4"];
    all.extend(args);
    let ended = sandbox.run(&all).expect(code);
    assert!(ended.err.contains(said), "{}", ended.err);
}

#[test]
fn a_script_that_a_target_lacks_something_for_is_skipped() {
    let sandbox = Sandbox::new(&[("a.pkt", &format!("//! needs: FREE_BSD\n{LISTENS}"))]);
    let ended = diff(&sandbox, &["a.pkt"]).expect(4);
    assert!(ended.out.contains("SKIP"), "{}", ended.out);
    assert!(ended.out.contains("0.0%  cannot be compared"), "{}", ended.out);
    assert!(ended.out.contains("stack: needs FREE_BSD"), "{}", ended.out);
}

#[test]
fn three_targets_make_two_pairs() {
    let sandbox = Sandbox::new(&[("a.pkt", LISTENS)]);
    let args = ["diff", "--targets=stack,stack,stack", "--ip=ipv4", "--format=json", "a.pkt"];
    let ended = sandbox.run(&args).expect(0);
    let kinds: Vec<_> = lines(&ended).iter().map(|line| line["type"].clone()).collect();
    assert_eq!(kinds, ["comparison", "comparison", "summary", "summary"]);
}

#[rstest]
#[case(&["rule", "isn"], "RFC 9293, 3.4.1")]
#[case(&["rules"], "tso-segmentation")]
#[case(&["D-0101"], "stack and linux differ")]
#[case(&["D-0004"], "fails fastopen/active-pmtu-v?.pkt")]
fn rules_and_recorded_differences_are_explained(#[case] words: &[&str], #[case] said: &str) {
    let sandbox = Sandbox::new(&[]);
    let mut all = vec!["explain"];
    all.extend(words);
    let ended = sandbox.run(&all).expect(0);
    assert!(ended.out.contains(said), "{}", ended.out);
}

#[test]
fn an_unknown_rule_is_refused() {
    let sandbox = Sandbox::new(&[]);
    let ended = sandbox.run(&["explain", "rule", "isns"]).expect(2);
    assert!(ended.err.contains("there are isn, "), "{}", ended.err);
}
