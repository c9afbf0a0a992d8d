use std::fs;

use rstest::rstest;

use super::*;
use crate::command::{NstatCounters, Setting};

fn set(pairs: &[(&str, &str)]) -> Command {
    Command::SetSysctls { settings: settings(pairs), ignore_missing: false }
}

fn settings(pairs: &[(&str, &str)]) -> Vec<Setting> {
    let one = |&(name, value): &(&str, &str)| Setting { name: name.into(), value: value.into() };
    pairs.iter().map(one).collect()
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn understood(text: &str) -> Vec<Step> {
    let (script, why) = understand_with_reason(text, Path::new("/nowhere"));
    assert_eq!(why, None, "{text}");
    script.commands
}

const CHANGED: NstatCounters = NstatCounters { absolute: false, zeros: false };
const ALL: NstatCounters = NstatCounters { absolute: true, zeros: true };

#[rstest]
#[case("sysctl -q -w a.x=b c.x=d", set(&[("a.x", "b"), ("c.x", "d")]))]
#[case("sysctl a/b=c", set(&[("a.b", "c")]))]
#[case("/sbin/sysctl -qw a.b='1 2'", set(&[("a.b", "1 2")]))]
#[case(
    "sysctl -q net.ipv4.tcp_rmem=\"4096 540000 $((15*1024*1024))\"",
    set(&[("net.ipv4.tcp_rmem", "4096 540000 15728640")])
)]
#[case("sysctl -w net.inet.tcp.sack.enable=1", set(&[("net.inet.tcp.sack.enable", "1")]))]
#[case(
    "sysctl -e -q a.b=1",
    Command::SetSysctls { settings: settings(&[("a.b", "1")]), ignore_missing: true }
)]
#[case(
    "sysctl -n a.b",
    Command::ReadSysctls { names: strings(&["a.b"]), ignore_missing: false }
)]
#[case(
    "../common/set_sysctls.py /proc/sys/a/b=\"1 2\" \\\n  /proc/sys/c/d=3=4",
    Command::SaveAndSetSysctls { settings: settings(&[("a.b", "1 2"), ("c.d", "3")]) }
)]
#[case("/tmp/sysctl_restore_${PPID}.sh", Command::RestoreSysctls)]
#[case("sh /tmp/sysctl_restore_$PPID.sh", Command::RestoreSysctls)]
#[case("echo 3 > /proc/sys/net/ipv4/tcp_sack", set(&[("net.ipv4.tcp_sack", "3")]))]
#[case(
    "echo 3 > /sys/module/tcp_cubic/parameters/hystart_detect\n",
    Command::WriteFile {
        path: "/sys/module/tcp_cubic/parameters/hystart_detect".into(),
        value: "3".into(),
    }
)]
#[case("cat /proc/net/tcp", Command::ReadFiles { paths: strings(&["/proc/net/tcp"]) })]
#[case(
    "ethtool -K tun0 tso off gso on",
    Command::EthtoolFeatures {
        dev: "tun0".into(),
        features: vec![("tso".into(), false), ("gso".into(), true)],
    }
)]
#[case("nstat > /dev/null", Command::Nstat)]
#[case("nstat -n", Command::Nstat)]
#[case(
    "nstat | grep TcpExtOutOfWindowIcmps > /dev/null",
    Command::NstatGrep {
        counters: CHANGED,
        patterns: strings(&["TcpExtOutOfWindowIcmps"]),
        update_history: true,
    }
)]
#[case(
    "nstat -az | grep -q X",
    Command::NstatGrep { counters: ALL, patterns: strings(&["X"]), update_history: true }
)]
#[case(
    "grep \" 0A \" /proc/net/tcp /proc/net/tcp6 | grep \":1F90\"",
    Command::Grep {
        patterns: strings(&[" 0A ", ":1F90"]),
        files: strings(&["/proc/net/tcp", "/proc/net/tcp6"]),
    }
)]
#[case(
    "cat /proc/net/tcp | grep 0A",
    Command::Grep { patterns: strings(&["0A"]), files: strings(&["/proc/net/tcp"]) }
)]
#[case("sleep 0.25", Command::Sleep { us: 250_000 })]
#[case("sleep 2m", Command::Sleep { us: 120_000_000 })]
#[case("true", Command::True)]
#[case(":", Command::True)]
#[case("false", Command::False)]
#[case("exit 3", Command::Exit(3))]
fn one_command(#[case] text: &str, #[case] want: Command) {
    let steps = understood(text);
    assert_eq!(steps.len(), 1, "{steps:?}");
    assert_eq!(steps[0].command, want);
    assert_eq!(steps[0].when, When::Always);
}

#[test]
fn lists_with_operators_comments_and_continuations() {
    let text = "true # a comment\n\n  false &&\n true || exit 2; tc qdisc add dev tun0 root \\\n\
                \tpfifo 2>/dev/null";
    let steps = understood(text);
    let shown = steps.iter().map(|s| (s.when, s.text.as_str())).collect::<Vec<_>>();
    let want = [
        (When::Always, "true"),
        (When::Always, "false"),
        (When::AfterSuccess, "true"),
        (When::AfterFailure, "exit 2"),
        (When::Always, "tc qdisc add dev tun0 root pfifo 2>/dev/null"),
    ];
    assert_eq!(shown, want);
}

#[test]
fn no_command_is_no_command() {
    assert_eq!(understood(" \n # nothing\n"), []);
}

#[rstest]
#[case("/bin/mv /tmp/x /tmp/y", "the command mv")]
#[case("/bin/dd if=/dev/zero of=/tmp/x", "a dd without of= or count=")]
#[case("for i in 1 2; do true; done", "the control flow word for")]
#[case("X=1", "the variable assignment X=1")]
#[case("sysctl -a", "the option -a of sysctl")]
#[case("sysctl -q a.b=1; sysctl -p x", "the option -p of sysctl")]
#[case("sysctl a.b c.d=1", "a sysctl that neither only sets nor only reads")]
#[case("echo $PPID", "the process id in $PPID")]
#[case("echo a > out.txt", "the file out.txt")]
#[case("sysctl -n a.b > /tmp/x", "the output of sysctl going to the file /tmp/x")]
#[case("sockstat -4 | grep 1", "a pipe from sockstat")]
#[case("nstat | awk x", "a pipe from nstat to awk")]
#[case("nstat | grep [a-z]", "a file name pattern")]
#[case("nstat | grep '[a-z]'", "the pattern \"[a-z]\" of a grep")]
#[case("grep -E 'a|b' /proc/net/tcp", "the pattern \"a|b\" of a grep")]
#[case("grep x", "a grep that reads its standard input")]
#[case("set_sysctls.py /sys/x=1", "/sys/x, which is no sysctl")]
#[case("true && ", "an operator without a command")]
#[case("| true", "an operator without a command")]
#[case("true >", "a redirection without a file")]
#[case("sleep 1e3", "sleep 1e3")]
#[case("ethtool -K tun0 tso", "tso in ethtool")]
#[case("../no/such/file.sh", "the file ../no/such/file.sh: No such file or directory (os error 2)")]
fn beyond_us_means_the_whole_text(#[case] text: &str, #[case] why: &str) {
    let (script, reason) = understand_with_reason(text, Path::new("/"));
    assert_eq!(reason.as_deref(), Some(why));
    assert_eq!(script.commands.len(), 1);
    assert_eq!(script.commands[0].command, Command::Shell(text.to_owned()));
}

#[test]
fn shell_files_are_understood_whole() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    write("inner.sh", "sysctl -q a.b=1\nexit 4\n");
    write("outer.sh", "#!/bin/bash\n# comment\n./inner.sh || true\n");
    write("loop.sh", "./loop.sh\n");
    write("python.sh", "#!/usr/bin/env python3\nprint(1)\n");
    let (script, why) = understand_with_reason("sh outer.sh && true", dir.path());
    assert_eq!(why, None);
    let Command::File { steps, path } = &script.commands[0].command else { panic!() };
    assert_eq!(path, &dir.path().join("outer.sh"));
    let Command::File { steps: inner, .. } = &steps[0].command else { panic!() };
    assert_eq!(inner[1].command, Command::Exit(4));
    assert_eq!(script.commands[1].when, When::AfterSuccess);

    let reason = |text: &str| understand_with_reason(text, dir.path()).1.unwrap();
    assert!(reason("./loop.sh").starts_with("shell files that call each other too deeply"));
    assert_eq!(reason(". ./inner.sh"), "an exit in the sourced file ./inner.sh");
    assert_eq!(reason("./python.sh"), "the file ./python.sh, which is no shell script");
}

/// Pieces that mean something to the shell, in 3,000 random orders.
#[test]
fn any_text_has_an_answer() {
    const PIECES: [&str; 24] = [
        "sysctl ",
        "a.b=1 ",
        "echo ",
        "> ",
        "2>&1",
        "&& ",
        "|| ",
        "| ",
        "; ",
        "\n",
        "\\",
        "'",
        "\"",
        "$((",
        "))",
        "1+",
        "${PPID}",
        "grep ",
        "/proc/x ",
        "ip route ",
        "\u{e9}",
        "#",
        "$",
        "exit 1",
    ];
    let mut seed = 1_u64;
    for _ in 0..3_000 {
        let mut text = String::new();
        for _ in 0..12 {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            text.push_str(PIECES[usize::try_from(seed >> 33).unwrap() % PIECES.len()]);
        }
        let (script, why) = understand_with_reason(&text, Path::new("/nowhere"));
        let shell = Command::Shell(text.clone());
        assert_eq!(why.is_some(), script.commands.iter().any(|s| s.command == shell), "{text:?}");
    }
}
