//! The reference stack beside Linux kernels in virtual time: as each of the kernels that has been built
//! and whose rules it knows, it sends the same packets in the same ticks. Without kernels these tests
//! say so and pass.
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
    ("open/simultaneous-window-unscaled", "D-0001"),
    ("state/syn_recv/", "D-0001"),
    ("state/syn_sent/rcv-syn", "D-0001"),
    ("data/window-update", "6.1 cuts what was made for a smaller window once more"),
];

/// A packet: when it left, and what it was.
type Sent = (i64, String);

/// What left the target, by script.
fn sent(sandbox: &Sandbox, args: &[&str], scripts: &Path) -> BTreeMap<String, Vec<Sent>> {
    let out = args[1].replace(['/', ':'], "_");
    let mut command = sandbox.command(&["run", "--ip", "ipv4", "--out", &out]);
    let ended = Ended::of(&command.args(args).arg(scripts).output().unwrap());
    // Whether scripts pass is not asked here.
    assert!(matches!(ended.code, Some(0 | 1 | 5)), "{ended:?}");
    let logs = walkdir::WalkDir::new(sandbox.path().join(&out)).into_iter().map(Result::unwrap);
    let logs = logs.filter(|file| file.file_name().to_string_lossy().ends_with(".json"));
    logs.map(|file| packets(file.path(), scripts)).collect()
}

fn packets(log: &Path, scripts: &Path) -> (String, Vec<Sent>) {
    let log: serde_json::Value = serde_json::from_slice(&fs::read(log).unwrap()).unwrap();
    let script = PathBuf::from(log["script"].as_str().unwrap()).with_extension("");
    let script = script.strip_prefix(scripts).unwrap().display().to_string();
    let outbound =
        |entry: &&serde_json::Value| entry["what"] == "packet" && entry["direction"] == "outbound";
    let sent = |entry: &serde_json::Value| {
        (entry["at"].as_i64().unwrap(), entry["text"].as_str().unwrap().to_owned())
    };
    (script, log["entries"].as_array().unwrap().iter().filter(outbound).map(sent).collect())
}

/// The two runs of `scripts`, as the profile says: on the kernel, and on the stack as that kernel.
struct Twins {
    kernel: BTreeMap<String, Vec<Sent>>,
    stack: BTreeMap<String, Vec<Sent>>,
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
            kernel: sent(&sandbox, &["--target", &uml, "--profile", profile], &scripts),
            stack: sent(&sandbox, &of_stack, &scripts),
            half_a_tick: i64::from(500_000 / kernel.hz),
        })
    }

    /// Scripts in which a packet differs, with the first that does.
    fn other_packets(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (script, wanted) in &self.kernel {
            let seen = self.stack.get(script).map_or(&[][..], Vec::as_slice);
            let same = seen.iter().zip(wanted).take_while(|(seen, wanted)| seen.1 == wanted.1);
            let same = same.count();
            if same < seen.len().max(wanted.len()) {
                let shown =
                    |sent: &[Sent]| sent.get(same).map_or("nothing".into(), |s| s.1.clone());
                found.push(format!("{script}: {} instead of {}", shown(seen), shown(wanted)));
            }
        }
        found
    }

    /// Scripts in which a packet leaves in another tick, up to the first packet that differs.
    fn other_times(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (script, wanted) in &self.kernel {
            let seen = self.stack.get(script).map_or(&[][..], Vec::as_slice);
            let mut both = seen.iter().zip(wanted).take_while(|(seen, wanted)| seen.1 == wanted.1);
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
    let packets = without(twins.other_packets(), DIFFERS.iter().map(|(script, _)| *script));
    assert!(packets.is_empty(), "{packets:#?}");
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
