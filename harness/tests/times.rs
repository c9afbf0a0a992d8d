//! When things happen: on the reference stack and on a Linux kernel in virtual time, every packet of every
//! script leaves in the same tick. Without a kernel the test says so and passes.
//!
//! What is compared is the time of packets, up to the first packet in which the two differ (which is
//! the business of `tests/uml.rs` and of `specs/divergences`).
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
use synproof_harness::uml::Kernel;

/// Scripts in which a time follows from a round trip of exactly so many ticks, or in which hundreds of
/// packets come at once. On a kernel either takes longer, by the microseconds that calls and readings of
/// the clock take.
const TAKES_TIME: [&str; 6] = [
    "memory/out-of-order-pruned",
    "data/tail-loss-probe",
    "cubic/cubic-bulk-166k-idle-restart",
    "fastopen/client/fallback-exp-opt",
    "shutdown/shutdown-rdwr-send-queue-ack-close",
    "shutdown/shutdown-rdwr-write-queue-close",
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

/// Every packet that both sent leaves in the same tick; says how many there were.
fn compare(kernel: &Kernel, profile: &str, scripts: &Path) -> usize {
    let sandbox = Sandbox::new(&[]);
    let scripts = scripts.canonicalize().unwrap();
    let target = format!("uml:{}", kernel.binary.display());
    let of_kernel = sent(&sandbox, &["--target", &target, "--profile", profile], &scripts);
    let hz = kernel.hz.to_string();
    let of_stack =
        sent(&sandbox, &["--target", "stack", "--profile", profile, "--hz", &hz], &scripts);
    let half_a_tick = i64::from(500_000 / kernel.hz);
    let (mut compared, mut differ) = (0, Vec::new());
    for (script, wanted) in &of_kernel {
        let seen = of_stack.get(script).map_or(&[][..], Vec::as_slice);
        let both = seen.iter().zip(wanted).take_while(|(seen, wanted)| seen.1 == wanted.1);
        for ((seen, what), (wanted, _)) in both {
            compared += 1;
            if (seen - wanted).abs() >= half_a_tick {
                differ.push(format!("{script}: {seen} instead of {wanted}: {what}"));
                break;
            }
        }
    }
    differ.retain(|line| !TAKES_TIME.iter().any(|known| line.starts_with(&format!("{known}:"))));
    assert!(differ.is_empty(), "{differ:#?}");
    compared
}

fn kernel() -> Option<Kernel> {
    Kernel::find(None).map_err(|why| eprintln!("skipped: {why}")).ok()
}

#[test]
fn packets_of_the_suite_leave_in_the_kernels_ticks() {
    let Some(kernel) = kernel() else { return };
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs/scripts");
    let compared = compare(&kernel, "synproof", &suite);
    assert!(compared > 1500, "{compared}");
}

/// google/packetdrill, with `SYNPROOF_CORPUS_DIR` at its `gtests/net/tcp`.
#[test]
fn packets_of_the_corpus_leave_in_the_kernels_ticks() {
    let (Some(kernel), Ok(dirs)) = (kernel(), std::env::var("SYNPROOF_CORPUS_DIR")) else {
        eprintln!("skipped: no kernel, or SYNPROOF_CORPUS_DIR is not set");
        return;
    };
    for dir in dirs.split(':') {
        let compared = compare(&kernel, "packetdrill", Path::new(dir));
        assert!(compared > 0, "{dir}");
    }
}
