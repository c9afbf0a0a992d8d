//! Commands of scripts on the kernel target: done in process, and seen to be done by the programs.
//!
//! Each case runs a command and then a shell line that must succeed if it took effect.
#![cfg(all(target_os = "linux", feature = "target-linux"))]

use std::io::Read;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rstest::rstest;
use synproof_harness::command::parse::understand;
use synproof_harness::command::{Command, CommandOutcome, ShellScript, Step, When};
use synproof_harness::target::linux::LinuxLaunch;
use synproof_harness::target::{IpVersion, Launch, Setup, Target, TargetError};

fn started() -> Option<Box<dyn Target>> {
    let setup = Setup {
        ip_version: IpVersion::Ipv4,
        local_ip: Ipv4Addr::new(192, 168, 0, 17).into(),
        local_prefix: 16,
        remote_ip: Ipv4Addr::new(192, 0, 2, 1).into(),
        remote_prefix: 24,
        gateway_ip: Ipv4Addr::new(192, 168, 0, 1).into(),
        mtu: 1500,
        inject_gso_size: 0,
        is_anyip: false,
        speed_mbps: None,
        hz: None,
        sysctls: vec![("net.ipv4.tcp_syn_retries".into(), "3".into())],
        seed: 0,
    };
    match LinuxLaunch::default().launch(&setup) {
        Ok(target) => Some(target),
        Err(TargetError::Unavailable { what, why, fix }) => {
            eprintln!("skipped: {what}: {why}; {fix}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// `text` exactly as /bin/sh runs it.
fn shell(text: &str) -> ShellScript {
    let command = Command::Shell(text.to_owned());
    let step = Step { command, when: When::Always, text: text.to_owned() };
    ShellScript { text: text.to_owned(), dir: PathBuf::from("/"), commands: vec![step] }
}

#[rstest]
#[case("true", "[ $(cat /proc/sys/net/ipv4/tcp_syn_retries) = 3 ]")]
#[case("sysctl -q net.ipv4.tcp_sack=0", "[ $(cat /proc/sys/net/ipv4/tcp_sack) = 0 ]")]
#[case("true", "ip addr show dev tun0 | grep -q 'inet 192.168.0.17/16'")]
#[case("true", "ip route | grep -q '192.0.2.0/24 via 192.168.0.1 dev tun0'")]
#[case("true", "[ $(cat /proc/net/dev | grep -c tun0) = 1 ]")]
#[case("true", "[ -n \"$PACKETDRILL_PID\" ] && [ \"$PPID\" = \"$PACKETDRILL_PID\" ]")]
#[case(
    "ip route change 192.0.2.0/24 via 192.168.0.1 dev tun0 mtu lock 1300 initcwnd 4",
    "ip route | grep -q '192.0.2.0/24 via 192.168.0.1 dev tun0 mtu lock 1300 initcwnd 4'"
)]
#[case(
    "ip route add 10.0.0.0/8 dev tun0 congctl lock reno rto_min 25",
    "ip route | grep -q '10.0.0.0/8 dev tun0 scope link rto_min lock'; \
     ip route | grep '10.0.0.0/8 dev tun0 scope link' | grep -q 'congctl lock reno'"
)]
#[case("ip route del 192.0.2.0/24", "! ip route | grep -q 192.0.2.0")]
#[case("ip route add local 10.1.0.0/16 dev lo", "ip route show table local | grep -q 10.1.0.0/16")]
#[case("ip -6 route add 2001:db9::/32 dev tun0", "ip -6 route | grep -q '2001:db9::/32 dev tun0'")]
#[case("ip addr add 10.2.3.4/24 dev tun0", "ip addr | grep -q 'inet 10.2.3.4/24'")]
#[case("ip addr del 192.168.0.17/16 dev tun0", "! ip addr | grep -q 192.168.0.17")]
#[case("ip link set dev tun0 mtu 1400", "ip link | grep -q 'tun0.*mtu 1400'")]
#[case("ip link set dev tun0 gso_max_segs 4", "ip -d link show tun0 | grep -q 'gso_max_segs 4'")]
#[case("tc qdisc replace dev tun0 root pfifo limit 7", "tc qdisc | grep -q 'pfifo .*limit 7p'")]
#[case("tc qdisc add dev tun0 root pfifo", "tc qdisc | grep -q 'pfifo .* dev tun0 root'")]
#[case(
    "tc qdisc add dev tun0 root pfifo; tc qdisc del dev tun0 root",
    "! tc qdisc | grep -q 'pfifo '"
)]
#[case("tc qdisc add dev tun0 clsact", "tc qdisc | grep -q 'clsact'")]
#[case("ethtool -K tun0 tso off", "ethtool -k tun0 | grep -q 'tcp-segmentation-offload: off'")]
#[case(
    "ethtool -K tun0 gso off gro off",
    "ethtool -k tun0 | grep -q 'generic-receive-offload: off'"
)]
#[case("ip tcp_metrics flush all", "true")]
#[case("nstat -n", "true")]
#[case("nstat | grep -q Ip6InNothing || true", "true")]
fn a_command_has_its_effect(#[case] text: &str, #[case] proof: &str) {
    let Some(mut target) = started() else { return };
    let script = understand(text, Path::new("/"));
    assert_eq!(target.command(&script).unwrap(), CommandOutcome::Ok, "{text}: {script:?}");
    if proof.contains("ethtool")
        && target.command(&shell("command -v ethtool")).unwrap() != CommandOutcome::Ok
    {
        println!("skipped the proof `{proof}`: ethtool is not installed");
        return;
    }
    assert_eq!(target.command(&shell(proof)).unwrap(), CommandOutcome::Ok, "{proof}");
}

#[rstest]
#[case("sysctl -q net.ipv4.no_such_key=1", 1)]
#[case("sysctl -q net.ipv4.tcp_ecn=77", 1)]
#[case("ip route del 203.0.113.0/24", 2)]
#[case("tc qdisc add dev tun0 root no_such_qdisc", 2)]
#[case("exit 3", 3)]
#[case("kill -TERM $$", 143)]
#[case("no_such_program_at_all --x", 127)]
fn a_failing_command_gives_its_status_and_says_why(#[case] text: &str, #[case] expected: i32) {
    let Some(mut target) = started() else { return };
    match target.command(&understand(text, Path::new("/"))).unwrap() {
        CommandOutcome::Failed { status, why } => {
            assert_eq!(status, expected, "{why}");
            assert!(!why.is_empty());
        }
        other @ (CommandOutcome::Ok | CommandOutcome::Unsupported(_)) => panic!("{other:?}"),
    }
}

/// Longer than any test takes, and short enough to leave nothing behind for long.
const LEFT_RUNNING: &str = "sleep 60";

fn under_a_minute(begin: Instant) {
    assert!(begin.elapsed() < Duration::from_secs(30), "it took {:?}", begin.elapsed());
}

#[rstest]
#[case::with_the_streams_of_the_shell("& true")]
#[case::whatever_the_shell_returns("& exit 0")]
#[case::in_a_subshell("& (exit 0)")]
fn a_command_is_over_when_its_shell_is(#[case] end: &str) {
    let Some(mut target) = started() else { return };
    let begin = Instant::now();
    let text = format!("{LEFT_RUNNING} {end}");
    assert_eq!(target.command(&shell(&text)).unwrap(), CommandOutcome::Ok);
    drop(target);
    under_a_minute(begin);
}

#[test]
fn a_failing_shell_says_what_both_streams_had_in_order() {
    let Some(mut target) = started() else { return };
    let text = format!("echo one; echo two >&2; echo three; {LEFT_RUNNING} & exit 4");
    let why = "one\ntwo\nthree".to_owned();
    let expected = CommandOutcome::Failed { status: 4, why };
    assert_eq!(target.command(&shell(&text)).unwrap(), expected);
}

/// Members of a process group; those that are dead but not reaped do not count.
fn alive_in_group(group: &str) -> usize {
    let stats = std::fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // After the name in parentheses: state, parent, group.
        let fields: Vec<_> =
            stat.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect();
        Some(fields)
    });
    stats
        .filter(|f| f.get(2).is_some_and(|g| g == group) && f.first().is_some_and(|s| s != "Z"))
        .count()
}

/// The writers of a FIFO are gone when its reader sees the end.
#[test]
fn what_a_script_left_in_the_background_ends_with_its_target() {
    let Some(mut target) = started() else { return };
    let begin = Instant::now();
    let dir = tempfile::tempdir().unwrap();
    let (fifo, group) = (dir.path().join("fifo"), dir.path().join("group"));
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let text = format!(
        "echo $$ > {}; exec > {}; {LEFT_RUNNING} & (while :; do {LEFT_RUNNING}; done) &",
        group.display(),
        fifo.display(),
    );
    let reader = std::thread::spawn(move || std::fs::File::open(&fifo).unwrap());
    assert_eq!(target.command(&shell(&text)).unwrap(), CommandOutcome::Ok);
    let mut end = reader.join().unwrap();
    let group = std::fs::read_to_string(&group).unwrap();
    assert!(alive_in_group(group.trim()) >= 2);
    drop(target);
    assert_eq!(end.read_to_end(&mut Vec::new()).unwrap(), 0);
    under_a_minute(begin);
}

/// Two signals end the process at once, in the middle of a command and before any target is
/// dropped. They are two different ones because equal ones that are pending count once.
#[test]
fn an_interrupted_run_leaves_nothing_in_the_background() {
    if started().is_none() {
        return;
    }
    let begin = Instant::now();
    let dir = tempfile::tempdir().unwrap();
    let (fifo, script) = (dir.path().join("fifo"), dir.path().join("waits.pkt"));
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let text = format!(
        "`exec > {}; {LEFT_RUNNING} & {LEFT_RUNNING}; true`\n\n\
         0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n",
        fifo.display(),
    );
    std::fs::write(&script, text).unwrap();
    let mut run = std::process::Command::new(env!("CARGO_BIN_EXE_synproof"))
        .args(["run", "--target", "linux"])
        .arg(&script)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut end = std::fs::File::open(&fifo).unwrap();
    let pid = nix::unistd::Pid::from_raw(i32::try_from(run.id()).unwrap());
    for signal in [nix::sys::signal::SIGINT, nix::sys::signal::SIGTERM] {
        nix::sys::signal::kill(pid, signal).unwrap();
    }
    assert_eq!(run.wait().unwrap().code(), Some(130));
    assert_eq!(end.read_to_end(&mut Vec::new()).unwrap(), 0);
    under_a_minute(begin);
}
