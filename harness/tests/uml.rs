//! Kernels in virtual time, as a user meets them: the binary, a kernel that has been built, and
//! everything that can happen to a guest. Without a kernel these tests say so and pass.
#![cfg(all(target_os = "linux", feature = "target-linux"))]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "helpers of tests panic like tests, and skips are told"
)]

mod cli_support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cli_support::{Ended, Sandbox};
use rstest::rstest;
use synproof_harness::uml::Kernel;

/// Half a minute of virtual time in a few events, with a timer, a call that blocks, and TIME_WAIT.
const BUSY: &str = "\
0  socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 65535 <mss 1000>
+0 > S. 0:0(0) ack 1 <mss 1460>
+0 < . 1:1(0) ack 1 win 65535
+0 accept(3, ..., ...) = 4
+0...0.5 read(4, ..., 100) = 10
+.5 < P. 1:11(10) ack 1 win 65535
+0 > . 1:1(0) ack 11
+0 write(4, ..., 100) = 100
+0 > P. 1:101(100) ack 11
+.2~+.3 > P. 1:101(100) ack 11
+.01 < . 11:11(0) ack 101 win 65535
+30 close(4) = 0
+0 > F. 101:101(0) ack 11
+0 < F. 11:11(0) ack 102 win 65535
+0 > . 102:102(0) ack 12
+61 < . 12:12(0) ack 102 win 65535
+0 > R 102:102(0) win 0
";

/// What a script can leave behind: a listener, a connection with data on the way, a call that blocks,
/// fewer capabilities, other settings, a program that runs on, and an end in the middle.
const DIRTY: [&str; 4] = [
    "\
0  socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 65535 <mss 1000,sackOK,TS val 1 ecr 0>
+0 > S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 100 ecr 1>
+0 < . 1:1(0) ack 1 win 65535 <nop,nop,TS val 2 ecr 100>
+0 accept(3, ..., ...) = 4
+0 write(4, ..., 5000) = 5000
+0 < P. 1:11(10) ack 1 win 65535 <nop,nop,TS val 3 ecr 100>
+0...9 accept(3, ..., ...) = 5
",
    "\
0  socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 cap_set(CAP_EFFECTIVE, CAP_NET_ADMIN, CAP_CLEAR) = 0
+0 cap_set(CAP_EFFECTIVE, CAP_NET_RAW, CAP_CLEAR) = 0
+0 setsockopt(3, SOL_SOCKET, SO_MARK, [1], 4) = -1 EPERM (Operation not permitted)
",
    "\
`sysctl -q net.ipv4.tcp_timestamps=0 net.ipv4.tcp_sack=0; sleep 1000 &`
0  socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 `ip tcp_metrics flush all; ip link set tun0 mtu 600`
",
    "\
0  socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 > S 0:0(0)
",
];

/// Notices what it should not find.
const PROBE: &str = "\
0  socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 setsockopt(3, SOL_SOCKET, SO_MARK, [1], 4) = 0
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 65535 <mss 1000,sackOK,TS val 1 ecr 0>
+0 > S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 100 ecr 1>
+0 < . 1:1(0) ack 1 win 65535 <nop,nop,TS val 2 ecr 100>
+0 accept(3, ..., ...) = 4
+0 write(4, ..., 500) = 500
+0 > P. 1:501(500) ack 1 <nop,nop,TS val 100 ecr 2>
+0~+.3 > P. 1:501(500) ack 1 <...>
+0 < R. 1:1(0) ack 501 win 0
+0 close(4) = 0
";

/// Half a minute of which the text says nothing.
const LASTING: &str = "\
0  socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 65535 <mss 1000>
+0 > S. 0:0(0) ack 1 <mss 1460>
*  > S. 0:0(0) ack 1 <mss 1460>
*  > S. 0:0(0) ack 1 <mss 1460>
*  > S. 0:0(0) ack 1 <mss 1460>
*  > S. 0:0(0) ack 1 <mss 1460>
*  > S. 0:0(0) ack 1 <mss 1460>
";

/// Computes until it is stopped.
const LOOP: &str = "0 `while :; do :; done`\n";

const QUICK: &str = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 close(3) = 0\n";

/// The default kernel, or a line that says why there is none.
fn kernel() -> Option<Kernel> {
    Kernel::find(None).map_err(|why| eprintln!("skipped: {why}")).ok()
}

/// A folder for scripts, with a folder for temporary files and a kernel under a path of its own,
/// so that its processes can be told from all others.
struct Bench {
    sandbox: Sandbox,
    kernel: PathBuf,
}

impl Bench {
    fn new(scripts: &[(&str, &str)]) -> Option<Self> {
        let kernel = kernel()?;
        let sandbox = Sandbox::new(scripts);
        fs::create_dir(sandbox.path().join("tmp")).unwrap();
        let own = sandbox.path().join("linux");
        symlink(kernel.binary, &own).unwrap();
        Some(Self { sandbox, kernel: own })
    }

    fn command(&self, args: &[&str]) -> Command {
        let target = format!("uml:{}", self.kernel.display());
        let mut command = self.sandbox.command(&["run", "--target", &target, "--ip", "ipv4"]);
        command.args(args).env("TMPDIR", self.sandbox.path().join("tmp"));
        command
    }

    fn run(&self, args: &[&str]) -> Ended {
        Ended::of(&self.command(args).output().unwrap())
    }

    /// The same, started by a shell: `text` has the command as `"$0" "$@"`.
    fn run_in_shell(&self, text: &str, args: &[&str]) -> Ended {
        let inside = self.command(args);
        let mut shell = Command::new("sh");
        shell.args(["-c", text]).arg(inside.get_program()).args(inside.get_args());
        shell.envs(inside.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.current_dir(self.sandbox.path()).stdin(Stdio::null());
        Ended::of(&shell.output().unwrap())
    }

    /// Processes of our kernel: themselves, and what they trace.
    fn guests(&self) -> BTreeSet<i32> {
        let ours = |process: &PathBuf| {
            let line = fs::read(process.join("cmdline")).unwrap_or_default();
            line.starts_with(self.kernel.as_os_str().as_encoded_bytes())
        };
        let processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        processes.filter(ours).filter_map(|path| path.file_name()?.to_str()?.parse().ok()).collect()
    }

    /// No process, no file, no socket of any guest.
    #[track_caller]
    fn assert_nothing_left(&self) {
        assert_eq!(self.guests(), BTreeSet::new());
        let left: Vec<_> = fs::read_dir(self.sandbox.path().join("tmp")).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn two_runs_and_two_divisions_of_work_give_the_same_bytes() {
    let scripts = [("a.pkt", BUSY), ("b.pkt", QUICK), ("c.pkt", BUSY), ("d.pkt", BUSY)];
    let Some(bench) = Bench::new(&scripts) else { return };
    let logs = |out: &str, jobs: &str| {
        let args = ["--format", "json", "--no-wall", "--out", out, "-j", jobs, "a.pkt", "b.pkt"];
        let ended = bench.run(&[&args[..], &["c.pkt", "d.pkt"]].concat());
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let written = fs::read_dir(bench.sandbox.path().join(out)).unwrap().flatten();
        let mut logs: Vec<_> = written
            .map(|entry| (entry.file_name(), fs::read_to_string(entry.path()).unwrap()))
            .collect();
        logs.sort();
        assert_eq!(logs.len(), 4);
        (ended.out, logs)
    };
    let first = logs("first", "1");
    assert_eq!(first, logs("second", "1"));
    assert_eq!(first, logs("third", "3"));
    bench.assert_nothing_left();
}

/// What was observed in each script, by its name, in one guest.
fn observed(bench: &Bench, out: &str, scripts: &[String]) -> BTreeMap<String, serde_json::Value> {
    let scripts = scripts.iter().map(String::as_str).collect::<Vec<_>>();
    bench.run(&[&["-j", "1", "--out", out][..], &scripts].concat());
    let logs = fs::read_dir(bench.sandbox.path().join(out)).unwrap().flatten();
    logs.map(|entry| {
        let mut log: serde_json::Value =
            serde_json::from_slice(&fs::read(entry.path()).unwrap()).unwrap();
        let name = entry.file_name().to_string_lossy().split('.').next().unwrap().to_owned();
        (name, serde_json::json!([log["verdict"].take(), log["entries"].take()]))
    })
    .collect()
}

#[test]
fn nothing_of_a_script_reaches_the_next() {
    let names: Vec<_> = (0..DIRTY.len()).map(|n| format!("dirty{n}.pkt")).collect();
    let probes: Vec<_> = (0..=DIRTY.len()).map(|n| format!("probe{n}.pkt")).collect();
    let dirty = names.iter().map(String::as_str).zip(DIRTY);
    let clean = probes.iter().map(|name| (name.as_str(), PROBE));
    let Some(bench) = Bench::new(&dirty.chain(clean).collect::<Vec<_>>()) else { return };
    let alone = observed(&bench, "alone", &probes[..1]).remove("probe0").unwrap();
    assert_eq!(alone[0], "pass");
    let order: Vec<_> =
        names.iter().zip(&probes).flat_map(|(d, p)| [d.clone(), p.clone()]).collect();
    let after = observed(&bench, "after", &[&order[..], &probes[DIRTY.len()..]].concat());
    assert_eq!(after.len(), order.len() + 1);
    let verdicts = names.iter().map(|name| &after[name.trim_end_matches(".pkt")][0]);
    assert_eq!(verdicts.collect::<Vec<_>>(), ["fail", "pass", "pass", "fail"]);
    for probe in probes.iter().map(|name| name.trim_end_matches(".pkt")) {
        assert_eq!(after[probe], alone, "{probe}");
    }
    bench.assert_nothing_left();
}

#[test]
fn a_script_that_lasts_longer_than_its_text_says_is_run_as_if_it_had_said_so() {
    let spelled = LASTING.replace("*  >", "+0~+40 >");
    let scripts = [("a.pkt", LASTING), ("b.pkt", QUICK), ("c.pkt", LASTING), ("d.pkt", &spelled)];
    let Some(bench) = Bench::new(&scripts) else { return };
    let seen = observed(&bench, "out", &scripts.map(|(name, _)| name.to_owned()));
    assert_eq!(seen["a"][0], "pass", "{}", seen["a"]);
    assert!(seen["a"][1].as_array().unwrap().last().unwrap()["at"].as_i64() > Some(30_000_000));
    assert_eq!(seen["a"], seen["c"]);
    assert_eq!(seen["a"], seen["d"]);
}

#[test]
fn a_loop_is_one_error_and_the_next_script_runs() {
    let Some(bench) = Bench::new(&[("a.pkt", LOOP), ("b.pkt", QUICK)]) else { return };
    let ended = bench.run(&["--guest-timeout", "1", "-j", "1", "a.pkt", "b.pkt"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.out.contains("no result after 1 s of the host's clock"), "{}", ended.out);
    assert!(ended.out.contains("2 run: 1 pass, 1 ERROR"), "{}", ended.out);
    bench.assert_nothing_left();
}

#[test]
fn a_killed_guest_is_one_error_and_the_next_script_runs() {
    let Some(bench) = Bench::new(&[("a.pkt", LOOP), ("b.pkt", QUICK)]) else { return };
    // Each guest lives for four seconds, of which only the one in its loop needs more than one.
    let real = fs::read_link(&bench.kernel).unwrap();
    fs::remove_file(&bench.kernel).unwrap();
    let wrapper = format!(
        "#!/bin/sh\n[ $1 = --showconfig ] && exec {0} $1\nexec timeout --foreground -s KILL 4 {0} $*\n",
        real.display()
    );
    bench.sandbox.write("linux", wrapper.as_bytes());
    fs::set_permissions(&bench.kernel, fs::Permissions::from_mode(0o755)).unwrap();
    let ended = bench.run(&["-j", "1", "a.pkt", "b.pkt"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    // timeout(1) tells of the signal in one way or the other.
    let told = ["the guest was killed by SIGKILL", "the guest ended with exit code 137"];
    assert!(told.iter().any(|told| ended.out.contains(told)), "{}", ended.out);
    assert!(ended.out.contains("2 run: 1 pass, 1 ERROR"), "{}", ended.out);
    bench.assert_nothing_left();
}

#[test]
fn a_killed_host_takes_its_guests_along() {
    let Some(bench) = Bench::new(&[("a.pkt", LOOP), ("b.pkt", LOOP)]) else { return };
    // Descriptor 3 is the pipe that we read from, and every process inherits it: the end of our
    // reading is the end of the last guest.
    let killed = r#"exec timeout -s KILL 2 "$0" "$@" 3>&1 > /dev/null 2>&1"#;
    let ended = bench.run_in_shell(killed, &["-j", "2", "a.pkt", "b.pkt"]);
    assert_ne!(ended.code, Some(0), "{ended:?}");
    bench.assert_nothing_left();
}

#[test]
fn without_a_kernel_it_says_how_to_build_one() {
    let sandbox = Sandbox::new(&[("a.pkt", QUICK)]);
    for target in ["uml", "uml:6.12"] {
        let mut command = sandbox.command(&["run", "--target", target, "a.pkt"]);
        let ended = Ended::of(&command.env("XDG_CACHE_HOME", sandbox.path()).output().unwrap());
        assert_eq!(ended.code, Some(3), "{ended:?}");
        assert!(ended.err.contains("cargo xtask uml build"), "{}", ended.err);
    }
}

#[rstest]
#[case::no_time_travel(
    "#!/bin/sh\necho '# Linux/um 6.1.0 Kernel Configuration'\n",
    "was built without CONFIG_UML_TIME_TRAVEL_SUPPORT"
)]
#[case::another_program("#!/bin/sh\necho hello\n", "is no User-Mode Linux")]
#[case::no_program("hello\n", "cannot be started")]
fn what_is_no_kernel_for_us_is_refused(#[case] text: &str, #[case] why: &str) {
    let sandbox = Sandbox::new(&[("a.pkt", QUICK), ("linux", text)]);
    let program = sandbox.path().join("linux");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let target = format!("uml:{}", program.display());
    let ended = sandbox.run(&["run", "--target", &target, "a.pkt"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.err.contains(why), "{}", ended.err);
}

#[test]
fn a_kernel_that_dies_at_once_is_reported_with_its_words() {
    let config =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/uml.config"));
    let text = format!(
        "#!/bin/sh\n[ $1 = --showconfig ] && cat <<END && exit\n{}\nEND\necho 'no memory' >&2\nexit 7\n",
        config.unwrap()
    );
    let sandbox = Sandbox::new(&[("a.pkt", QUICK), ("linux", &text)]);
    let program = sandbox.path().join("linux");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let target = format!("uml:{}", program.display());
    let ended = sandbox.run(&["run", "--target", &target, "a.pkt"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.err.contains("ended with exit code 7; no memory"), "{}", ended.err);
}

/// Areas of the suite in which the reference stack answers as Linux does, byte for byte in script
/// notation, windows included.
const ALIKE: [&str; 15] = [
    "close",
    "icmp",
    "loss",
    "metrics",
    "poll",
    "repair",
    "syncookies",
    "state/close_wait",
    "state/closed",
    "state/closing",
    "state/fin_wait1",
    "state/fin_wait2",
    "state/last_ack",
    "state/listen",
    "state/new_syn_recv",
];

/// What a target sent and returned in each script, by the name of the log without the target's.
fn answers(bench: &Bench, target: &str, out: &str) -> BTreeMap<String, Vec<String>> {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs/scripts");
    let mut command = bench.sandbox.command(&["run", "--target", target, "--ip", "ipv4"]);
    command.args(["--out", out]).args(ALIKE.map(|area| suite.join(area)));
    let ended = Ended::of(&command.output().unwrap());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let mut answers = BTreeMap::new();
    for file in walkdir::WalkDir::new(bench.sandbox.path().join(out)) {
        let file = file.unwrap();
        let Some((name, _)) = file.file_name().to_str().unwrap().split_once(".ipv4.") else {
            continue;
        };
        let log: serde_json::Value =
            serde_json::from_slice(&fs::read(file.path()).unwrap()).unwrap();
        let entries = log["entries"].as_array().unwrap();
        let of = |what: &str| {
            let ours = entries.iter().filter(|entry| {
                entry["what"] == what && (what == "return" || entry["direction"] == "outbound")
            });
            ours.map(|entry| entry["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        // A call that sends returns a moment later on a kernel, and at once on the stack.
        let told = [of("packet"), of("return")].concat();
        let area = file.path().parent().unwrap().to_string_lossy().into_owned();
        let area = area.rsplit_once(out).map_or("", |(_, area)| area).to_owned();
        answers.insert(format!("{area}/{name}"), told);
    }
    answers
}

#[test]
fn the_stack_answers_as_the_kernel_does() {
    let Some(bench) = Bench::new(&[]) else { return };
    let kernel = answers(&bench, &format!("uml:{}", bench.kernel.display()), "kernel");
    let stack = answers(&bench, "stack", "stack");
    assert!(kernel.len() > 100, "{}", kernel.len());
    for (script, expected) in &kernel {
        assert_eq!(stack.get(script), Some(expected), "{script}");
    }
}
