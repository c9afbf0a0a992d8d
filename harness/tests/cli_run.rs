//! `synproof run` from outside: selection, exit codes, reports, files.
#![allow(clippy::unwrap_used, reason = "helpers of tests panic like tests")]

mod cli_support;

use cli_support::{BROKEN, SCRIPT, Sandbox, target};
use rstest::rstest;
use serde_json::Value;

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// `script ip verdict` of each result.
fn results(text: &str) -> Vec<String> {
    let results = lines(text).into_iter().filter(|line| line["type"] == "result");
    let word = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
    results.map(|l| ["script", "ip", "verdict"].map(|key| word(&l, key)).join(" ")).collect()
}

const DRY: [&str; 5] = ["run", "--dry_run", "--format=json", "--no-wall", "--target"];

#[test]
fn order_is_that_of_the_paths_and_the_ip_versions_however_many_run_at_once() {
    let sandbox = Sandbox::new(&[
        ("d/b.pkt", SCRIPT),
        ("d/a.pkt", SCRIPT),
        ("d/c-v6.pkt", SCRIPT),
        ("d/x.txt", SCRIPT),
        ("one.pkt", SCRIPT),
    ]);
    let run = |jobs| {
        let mut args = DRY.to_vec();
        args.extend([target(), "-j", jobs, "one.pkt", "d", "one.pkt"]);
        sandbox.run(&args).expect(0)
    };
    let ended = run("1");
    assert_eq!(
        results(&ended.out),
        [
            "one.pkt ipv4 pass",
            "one.pkt ipv4-mapped-ipv6 pass",
            "one.pkt ipv6 pass",
            "d/a.pkt ipv4 pass",
            "d/a.pkt ipv4-mapped-ipv6 pass",
            "d/a.pkt ipv6 pass",
            "d/b.pkt ipv4 pass",
            "d/b.pkt ipv4-mapped-ipv6 pass",
            "d/b.pkt ipv6 pass",
            "d/c-v6.pkt ipv6 pass",
        ]
    );
    assert_eq!(ended.out, run("4").out, "the same bytes");
}

#[rstest]
#[case::metadata("//! ip: ipv4, ipv6\n", &[], "ipv4 ipv6")]
#[case::option("--ip_version=ipv6\n", &[], "ipv6")]
#[case::option_and_filter("--ip_version=ipv6\n", &["--ip=all"], "ipv6")]
#[case::command_line_wins("--ip_version=ipv6\n", &["--ip_version=ipv4"], "ipv4")]
#[case::ip("", &["--ip", "ipv6,ipv4"], "ipv4 ipv6")]
#[case::profile("", &["--profile=kselftest"], "ipv4 ipv6")]
#[case::ip_over_profile("", &["--profile=kselftest", "--ip=ipv4-mapped-ipv6"], "ipv4-mapped-ipv6")]
#[case::address("", &["--local_ip=192.168.0.9", "--profile=synproof", "--ip=all"],
    "ipv4 ipv4-mapped-ipv6")]
fn what_restricts_the_ip_versions(
    #[case] head: &str,
    #[case] given: &[&str],
    #[case] expected: &str,
) {
    let sandbox = Sandbox::new(&[("a.pkt", &format!("{head}{SCRIPT}"))]);
    let mut args = DRY.to_vec();
    args.push(target());
    args.extend(given);
    args.push("a.pkt");
    let ended = sandbox.run(&args).expect(0);
    let ips: Vec<_> =
        results(&ended.out).iter().map(|line| line.split(' ').nth(1).unwrap().to_owned()).collect();
    assert_eq!(ips.join(" "), expected);
}

#[test]
fn packetdrills_options_are_taken_as_packetdrill_spells_them() {
    let sandbox = Sandbox::new(&[("a.pkt", "0 socket(..., SYM, IPPROTO_TCP) = 3\n")]);
    let mut args = DRY.to_vec();
    args.extend([target(), "--tolerance_usecs=40000", "-D", "SYM=SOCK_STREAM", "--mss", "1000"]);
    args.extend(["--define=X=\"y z\"", "--non_fatal=packet", "-v", "-v", "--ip_version=ipv4"]);
    args.extend(["--is_anyip", "a.pkt"]);
    assert_eq!(results(&sandbox.run(&args).expect(0).out), ["a.pkt ipv4 pass"]);
}

#[rstest]
#[case::no_such_path(&["nowhere"], 2, "nowhere")]
#[case::no_such_target(&["--target=vax", "a.pkt"], 2, "vax")]
#[case::no_such_kernel(&["--kernel-profile=linux-2.4", "a.pkt"], 2, "linux-6.1, linux-6.12")]
#[case::no_such_kernel_target(&["--target=stack:linux-2.4", "a.pkt"], 2, "expected one of")]
#[case::kernel_of_a_kernel(&["--target=linux", "--kernel-profile=linux-6.1", "a.pkt"], 2, "is for --target stack")]
#[case::no_such_hz(&["--hz=60", "a.pkt"], 2, "100, 250, 300, 1000")]
#[case::no_such_profile(&["--profile=nope", "a.pkt"], 2, "neither one of kselftest, packetdrill")]
#[case::no_such_ip(&["--ip=ipv5", "a.pkt"], 2, "expected ipv4, ipv4-mapped-ipv6, ipv6 or all")]
#[case::bad_option(&["--tolerance_usecs=0", "a.pkt"], 2, "at least 1")]
#[case::wire_mode(&["--wire_client", "a.pkt"], 2, "wire mode needs a second machine")]
#[case::shared_object(&["--so_filename=x.so", "a.pkt"], 2, "user-space stacks are targets")]
#[case::bad_report(&["--report=pdf=x", "a.pkt"], 2, "pdf")]
#[case::pcap_without_out(&["--pcap", "a.pkt"], 2, "--out")]
#[case::empty_directory(&["empty"], 4, "no script found")]
#[case::nothing_left(&["--filter=zzz", "a.pkt"], 4, "none of 1 scripts selected")]
#[case::report_nowhere(&["--report=json=no/where.json", "a.pkt"], 3, "no/where.json")]
#[case::out_is_a_file(&["--out=a.pkt", "a.pkt"], 3, "cannot write a.pkt")]
fn what_cannot_run_says_why(#[case] args: &[&str], #[case] code: i32, #[case] said: &str) {
    let sandbox = Sandbox::new(&[("a.pkt", SCRIPT), ("empty/readme", "")]);
    let mut all = vec!["run", "--dry_run"];
    if !args[0].starts_with("--target") {
        all.extend(["--target", target()]);
    }
    all.extend(args);
    let ended = sandbox.run(&all).expect(code);
    assert!(ended.err.contains(said), "{}", ended.err);
    assert!(!ended.err.contains("panicked"));
}

#[test]
fn a_wrong_script_is_shown_and_the_others_run() {
    let sandbox = Sandbox::new(&[("a.pkt", BROKEN), ("b.pkt", SCRIPT)]);
    sandbox.write("c.pkt", b"0 \xff");
    let ended = sandbox.run(&["run", "--dry_run", "--no-wall", "--target", target(), "."]);
    let ended = ended.expect(2);
    assert!(ended.out.contains("--> ./a.pkt:2:6"), "file, line and column: {}", ended.out);
    assert!(ended.out.contains("2 | +0 > ?"), "the line: {}", ended.out);
    assert!(ended.out.contains("./c.pkt:1: not UTF-8"), "{}", ended.out);
    assert!(ended.out.contains("5 run: 3 pass, 2 ERROR"), "once for each: {}", ended.out);
}

#[test]
fn a_script_can_come_from_standard_input() {
    let sandbox = Sandbox::new(&[]);
    let mut args = DRY.to_vec();
    args.extend([target(), "--ip=ipv4", "-"]);
    assert_eq!(
        results(&sandbox.run_with_input(&args, SCRIPT).expect(0).out),
        ["<stdin> ipv4 pass"]
    );
    assert_eq!(
        results(&sandbox.run_with_input(&args, BROKEN).expect(2).out),
        ["<stdin> ipv4 error"]
    );
}

#[test]
fn reports_can_be_written_beside_standard_output() {
    let sandbox = Sandbox::new(&[("a.pkt", SCRIPT)]);
    let mut args = vec!["run", "--dry_run", "--target", target(), "--report=json=r.jsonl"];
    args.extend(["--report=junit=r.xml", "--report=tap=r.tap", "--report=human=r.txt"]);
    args.extend(["--color=always", "a.pkt"]);
    let ended = sandbox.run(&args).expect(0);
    assert!(ended.out.contains("\x1b[32mPASS"));
    assert_eq!(lines(&sandbox.read("r.jsonl")).len(), 4);
    assert!(sandbox.read("r.xml").contains("tests=\"3\""));
    assert!(sandbox.read("r.tap").starts_with("TAP version 14\n1..3\nok 1 - a (ipv4)\n"));
    let human = sandbox.read("r.txt");
    assert!(human.contains("PASS") && !human.contains('\x1b'), "files have no colours");
}

#[test]
fn colours_are_for_terminals() {
    let sandbox = Sandbox::new(&[("a.pkt", SCRIPT)]);
    let ended = sandbox.run(&["run", "--dry_run", "--target", target(), "a.pkt"]).expect(0);
    assert!(!ended.out.contains('\x1b') && !ended.err.contains('\x1b'));
}

#[rstest]
#[case(&["--filter=syn"], &["d/syn.pkt"])]
#[case(&["--filter=*.pkt"], &["d/ack.pkt", "d/syn.pkt"])]
#[case(&["--filter=s?n.pkt"], &["d/syn.pkt"])]
#[case(&["--filter=ack", "--filter=syn"], &["d/ack.pkt", "d/syn.pkt"])]
fn filter_chooses_paths(#[case] given: &[&str], #[case] expected: &[&str]) {
    let sandbox = Sandbox::new(&[("d/syn.pkt", SCRIPT), ("d/ack.pkt", SCRIPT)]);
    let mut args = vec!["list", "--ip=ipv4", "d"];
    args.extend(given);
    let ended = sandbox.run(&args).expect(0);
    let listed: Vec<_> = ended.out.lines().map(|l| l.split('\t').next().unwrap()).collect();
    assert_eq!(listed, expected);
}

#[test]
fn the_nearest_project_file_names_profile_and_expectations() {
    let sandbox = Sandbox::new(&[
        (
            "synproof.toml",
            "profile = \"kselftest\"\n[[expect]]\nscript = \"d/*.pkt\"\nreason = \"known\"\n",
        ),
        ("d/a.pkt", SCRIPT),
        ("d/e/synproof.toml", "profile = \"own.toml\"\n"),
        (
            "d/e/own.toml",
            "name = \"own\"\ndescription = \"\"\nip_versions = [\"ipv6\"]\n[options]\nmtu = 1300\n",
        ),
        ("d/e/b.pkt", &format!("//! xfail(linux >= 99, stack < 99): later\n{SCRIPT}")),
    ]);
    let ended = sandbox.run(&["list", "d"]).expect(0);
    assert_eq!(
        ended.out.replace("\txfail: later", ""),
        "d/a.pkt\tipv4\tkselftest\txfail: known\n\
         d/a.pkt\tipv6\tkselftest\txfail: known\n\
         d/e/b.pkt\tipv6\town\n"
    );
    sandbox.write("d/e/synproof.toml", b"profile = ");
    let ended = sandbox.run(&["list", "d"]).expect(2);
    assert!(ended.err.contains("d/e/synproof.toml"), "{}", ended.err);
}

#[test]
fn wrong_metadata_is_a_wrong_script() {
    let text = format!("//! needs: FLUX_CAPACITOR\n//! ip: ipv5\n{SCRIPT}");
    let sandbox = Sandbox::new(&[("a.pkt", &text)]);
    let ended = sandbox.run(&["check", "a.pkt"]).expect(2);
    assert!(ended.out.contains("`FLUX_CAPACITOR` is not a capability"), "{}", ended.out);
    assert!(ended.out.contains("`ipv5` is not an IP version"), "{}", ended.out);
}
