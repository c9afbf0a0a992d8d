//! `synproof check`, `fmt`, `explain`, `doctor`, `--help` and `--version` from outside.
#![allow(clippy::unwrap_used, reason = "helpers of tests panic like tests")]

mod cli_support;

use cli_support::{BROKEN, SCRIPT, Sandbox};
use rstest::rstest;

const UNTIDY: &str = "0   socket(...,SOCK_STREAM,IPPROTO_TCP)=3\n";

#[test]
fn check_says_each_thing_once() {
    let sandbox = Sandbox::new(&[("a.pkt", SCRIPT), ("b.pkt", &format!("--mtu=x\n{SCRIPT}"))]);
    let ended = sandbox.run(&["check", "."]).expect(2);
    assert_eq!(ended.out.matches("bad --mtu=x").count(), 1, "{}", ended.out);
    assert!(ended.out.ends_with("2 scripts: 1 error, 0 warnings\n"), "{}", ended.out);
    sandbox.run(&["check", "a.pkt"]).expect(0);
}

#[test]
fn check_looks_further_than_a_run() {
    let script = format!("{SCRIPT}+0 shutdown(7, SHUT_SIDEWAYS) = 0\n");
    let sandbox = Sandbox::new(&[("a.pkt", &script)]);
    let ended = sandbox.run(&["check", "a.pkt"]).expect(2);
    assert!(ended.out.contains("error[check::unknown-symbol]"), "{}", ended.out);
    assert!(ended.out.contains("a.pkt:2:"), "{}", ended.out);
}

#[test]
fn fmt_rewrites_what_is_untidy_and_nothing_else() {
    let sandbox = Sandbox::new(&[("a.pkt", UNTIDY), ("b.pkt", SCRIPT), ("c.pkt", BROKEN)]);
    let ended = sandbox.run(&["fmt", "--check", "a.pkt", "b.pkt"]).expect(1);
    assert_eq!(ended.out, "a.pkt\n");
    assert_eq!(sandbox.read("a.pkt"), UNTIDY, "--check changes nothing");
    sandbox.run(&["fmt", "a.pkt", "b.pkt"]).expect(0);
    sandbox.run(&["fmt", "--check", "a.pkt", "b.pkt"]).expect(0);
    assert_ne!(sandbox.read("a.pkt"), UNTIDY);
    let ended = sandbox.run(&["fmt", "c.pkt"]).expect(2);
    assert!(ended.err.contains("c.pkt:2:6"), "{}", ended.err);
    assert_eq!(sandbox.read("c.pkt"), BROKEN, "what is wrong stays as it is");
}

#[test]
fn fmt_leaves_words_of_a_profile_alone() {
    let sandbox = Sandbox::new(&[]);
    let tidy = "+0 < S 0:10(10) win 65535 <mss 1000,FO TFO_COOKIE,nop,nop>\n";
    let untidy = tidy.replace("win 65535", "win   65535");
    assert_eq!(sandbox.run_with_input(&["fmt", "-"], &untidy).expect(0).out, tidy);
    assert_eq!(sandbox.run_with_input(&["fmt", "-"], tidy).expect(0).out, tidy);
}

#[test]
fn fmt_is_a_filter_too() {
    let sandbox = Sandbox::new(&[]);
    let tidy = sandbox.run_with_input(&["fmt", "-"], UNTIDY).expect(0).out;
    assert_ne!(tidy, UNTIDY);
    assert_eq!(sandbox.run_with_input(&["fmt", "-"], &tidy).expect(0).out, tidy);
    sandbox.run_with_input(&["fmt", "--check", "-"], UNTIDY).expect(1);
}

#[test]
fn fmt_keeps_permissions_and_follows_links() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let sandbox = Sandbox::new(&[("real.pkt", UNTIDY)]);
    let real = sandbox.path().join("real.pkt");
    std::fs::set_permissions(&real, PermissionsExt::from_mode(0o640)).unwrap();
    symlink("real.pkt", sandbox.path().join("link.pkt")).unwrap();
    sandbox.run(&["fmt", "link.pkt"]).expect(0);
    assert!(sandbox.path().join("link.pkt").is_symlink());
    assert_ne!(sandbox.read("real.pkt"), UNTIDY);
    assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
}

#[rstest]
#[case(&["explain", "5"], 0, "stale")]
#[case(&["explain", "parse::expected"], 0, "something else should stand here")]
#[case(&["explain", "option::bad-value"], 0, "not of its form")]
#[case(&["explain", "77"], 2, "")]
#[case(&["--help"], 0, "Exit codes")]
#[case(&["run", "--help"], 0, "--tolerance_usecs")]
#[case(&["--version"], 0, "synproof ")]
#[case(&[], 2, "")]
#[case(&["fly"], 2, "")]
#[case(&["doctor"], 0, "linux")]
fn the_rest(#[case] args: &[&str], #[case] code: i32, #[case] said: &str) {
    let ended = Sandbox::new(&[]).run(args).expect(code);
    assert!(ended.out.contains(said), "{}", ended.out);
    assert!(!ended.err.contains("panicked"), "{}", ended.err);
}
