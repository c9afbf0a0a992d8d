//! The reference stack beside Linux kernels in virtual time: as each of the kernels that has been built
//! and whose rules it knows, it sends the same packets in the same ticks, and its calls return the same.
//! Without kernels these tests say so and pass.
#![cfg(all(target_os = "linux", feature = "target-linux"))]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests panic like tests"
)]
#![allow(clippy::print_stderr, reason = "skips are told")]

mod cli_support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cli_support::{Ended, Sandbox};
use rstest::rstest;
use synproof_harness::uml::Kernel;

/// Scripts in which a time follows from a round trip of exactly so many ticks, or in which hundreds of
/// packets come at once. On a kernel either takes longer, by the microseconds that calls and readings of
/// the clock take.
const TAKES_TIME: &[&str] = &[
    "memory/out-of-order-pruned",
    "data/tail-loss-probe",
    "cubic/cubic-bulk-166k-idle-restart",
    "fastopen/client/fallback-exp-opt",
    "shutdown/shutdown-rdwr-send-queue-ack-close",
    "shutdown/shutdown-rdwr-write-queue-close",
];

/// Scripts in which the stack sends something else, and why that is known.
const DIFFERS: &[(&str, &str)] = &[
    ("fastopen/active-simultaneous", "D-0001: no window scale after a crossing SYN without one"),
    ("memory/", "D-0021: User-Mode Linux charges less for a received packet"),
    ("open/simultaneous-syn", "D-0001"),
    ("open/simultaneous-window-unscaled", "D-0001"),
    ("state/syn_recv/", "D-0001"),
    ("state/syn_sent/rcv-syn", "D-0001"),
    ("data/window-update", "6.1 cuts what was made for a smaller window once more"),
    ("data/dsack-partial", "6.1 announces 500 bytes less after a segment that is half a duplicate"),
];

/// What a target did in a script: packets that left with their times, and what calls returned.
#[derive(Default)]
struct Answers {
    packets: Vec<(i64, String)>,
    returned: Vec<String>,
    passed: bool,
}

/// What the target did, by script.
fn answers(sandbox: &Sandbox, args: &[&str], scripts: &Path) -> BTreeMap<String, Answers> {
    let out = args[1].replace(['/', ':'], "_");
    let mut command = sandbox.command(&["run", "--ip", "ipv4", "--out", &out]);
    let ended = Ended::of(&command.args(args).arg(scripts).output().unwrap());
    // Whether scripts pass is not asked here.
    assert!(matches!(ended.code, Some(0 | 1 | 5)), "{ended:?}");
    let logs = walkdir::WalkDir::new(sandbox.path().join(&out)).into_iter().map(Result::unwrap);
    let logs = logs.filter(|file| file.file_name().to_string_lossy().ends_with(".json"));
    logs.map(|file| read(file.path(), scripts)).collect()
}

fn read(log: &Path, scripts: &Path) -> (String, Answers) {
    let log: serde_json::Value = serde_json::from_slice(&fs::read(log).unwrap()).unwrap();
    let script = PathBuf::from(log["script"].as_str().unwrap()).with_extension("");
    let script = script.strip_prefix(scripts).unwrap().display().to_string();
    let text = |entry: &serde_json::Value| entry["text"].as_str().unwrap().to_owned();
    let mut answers = Answers { passed: log["verdict"] == "pass", ..Answers::default() };
    // A call that sends returns a moment later on a kernel, and at once on the stack: the two are not
    // put in one order.
    for entry in log["entries"].as_array().unwrap() {
        if entry["what"] == "packet" && entry["direction"] == "outbound" {
            answers.packets.push((entry["at"].as_i64().unwrap(), text(entry)));
        } else if entry["what"] == "return" {
            answers.returned.push(text(entry));
        }
    }
    (script, answers)
}

/// The two runs of `scripts`, as the profile says: on the kernel, and on the stack as that kernel.
struct Twins {
    kernel: BTreeMap<String, Answers>,
    stack: BTreeMap<String, Answers>,
    half_a_tick: i64,
}

impl Twins {
    /// None if that kernel has not been built.
    fn run(name: &str, profile: &str, scripts: &Path) -> Option<Self> {
        let kernel = Kernel::find(Some(name)).map_err(|why| eprintln!("skipped: {why}")).ok()?;
        let sandbox = Sandbox::new(&[]);
        let scripts = scripts.canonicalize().unwrap();
        let uml = format!("uml:{name}");
        let as_kernel = format!("stack:linux-{name}");
        let hz = kernel.hz.to_string();
        let of_stack = ["--target", &as_kernel, "--profile", profile, "--hz", &hz];
        Some(Self {
            kernel: answers(&sandbox, &["--target", &uml, "--profile", profile], &scripts),
            stack: answers(&sandbox, &of_stack, &scripts),
            half_a_tick: i64::from(500_000 / kernel.hz),
        })
    }

    /// Scripts with what both did in them.
    fn both(&self) -> impl Iterator<Item = (&String, &Answers, &Answers)> {
        let stack = |script| self.stack.get(script).unwrap();
        self.kernel.iter().map(move |(script, wanted)| (script, stack(script), wanted))
    }

    /// Scripts in which a packet or an answer differs, with the first that does. A run that fails on
    /// the kernel ends there: what the stack sent at the same moment is not held against it.
    fn other_answers(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (script, seen, wanted) in self.both() {
            let packets = if wanted.passed { usize::MAX } else { wanted.packets.len() };
            let of = |answers: &Answers| {
                let packets = answers.packets.iter().take(packets).map(|(_, text)| text.clone());
                packets.chain(answers.returned.clone()).collect::<Vec<_>>()
            };
            let (seen, wanted) = (of(seen), of(wanted));
            if seen != wanted {
                let same = seen.iter().zip(&wanted).take_while(|(seen, wanted)| seen == wanted);
                let at = same.count();
                found.push(format!("{script}: {:?} instead of {:?}", seen.get(at), wanted.get(at)));
            }
        }
        found
    }

    /// Scripts in which a packet leaves in another tick, up to the first packet that differs.
    fn other_times(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (script, seen, wanted) in self.both() {
            let both = seen.packets.iter().zip(&wanted.packets);
            let mut both = both.take_while(|(seen, wanted)| seen.1 == wanted.1);
            let late = both.find(|(seen, wanted)| (seen.0 - wanted.0).abs() >= self.half_a_tick);
            found.extend(late.map(|((seen, what), (wanted, _))| {
                format!("{script}: {seen} instead of {wanted}: {what}")
            }));
        }
        found
    }
}

fn without<'a>(found: Vec<String>, known: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
    found.into_iter().filter(|line| !known.clone().any(|known| line.starts_with(known))).collect()
}

#[rstest]
#[case("6.1")]
#[case("6.12")]
fn the_stack_is_the_kernel_it_is_told_to_be(#[case] name: &str) {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs/scripts");
    let Some(twins) = Twins::run(name, "synproof", &suite) else { return };
    assert!(twins.kernel.len() > 500, "{}", twins.kernel.len());
    let answers = without(twins.other_answers(), DIFFERS.iter().map(|(script, _)| *script));
    assert!(answers.is_empty(), "{answers:#?}");
    let times = without(twins.other_times(), TAKES_TIME.iter().copied());
    assert!(times.is_empty(), "{times:#?}");
}

/// google/packetdrill, with `SYNPROOF_CORPUS_DIR` at its `gtests/net/tcp`.
#[test]
fn packets_of_the_corpus_leave_in_the_kernels_ticks() {
    let Ok(dirs) = std::env::var("SYNPROOF_CORPUS_DIR") else {
        eprintln!("skipped: SYNPROOF_CORPUS_DIR is not set");
        return;
    };
    for dir in dirs.split(':') {
        let Some(twins) = Twins::run("6.12", "packetdrill", Path::new(dir)) else { return };
        let times = without(twins.other_times(), TAKES_TIME.iter().copied());
        assert!(times.is_empty(), "{times:#?}");
    }
}
