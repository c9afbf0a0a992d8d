//! Every field of TCP_INFO and SO_MEMINFO, in many situations, alike on the reference stack and on
//! Linux: times and rates against a kernel in virtual time, everything else against the running
//! kernel, too.
//!
//! The situations are scripts in `data/tcp_info`; a line `//@ dump NAME` becomes a code block that
//! notes all fields, and the last block fails with what was noted, so that a report carries it.
#![cfg(all(target_os = "linux", feature = "target-linux", feature = "target-stack"))]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "helpers of tests panic like tests, and skips are told"
)]

mod cli_support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cli_support::{Ended, Sandbox};
use synproof_harness::code::vars::variables;
use synproof_harness::target::Launch;
use synproof_harness::target::SockSnapshot;
use synproof_harness::target::linux::LinuxLaunch;
use synproof_harness::uml::Kernel;

/// How near two values of a field must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    Exact,
    /// Microseconds: the kernel's own work takes some, its timers up to an eighth more.
    Micros,
    /// Bytes per second, from such times.
    Rate,
    /// Milliseconds or microseconds that end with a tick, of a moment that may never have been:
    /// then the kernel counts from its boot.
    Ticks(u64),
    /// What the stack does not have.
    Apart,
}

/// Fields that are not compared exactly, and why.
const RULES: &[(&str, Rule)] = &[
    ("tcpi_rtt", Rule::Micros),
    ("tcpi_min_rtt", Rule::Micros),
    ("tcpi_rttvar", Rule::Micros),
    ("tcpi_rcv_rtt", Rule::Micros),
    ("tcpi_pacing_rate", Rule::Rate),
    ("tcpi_delivery_rate", Rule::Rate),
    ("tcpi_rto", Rule::Ticks(1000)),
    ("tcpi_busy_time", Rule::Ticks(1000)),
    ("tcpi_rwnd_limited", Rule::Ticks(1000)),
    ("tcpi_sndbuf_limited", Rule::Ticks(1000)),
    ("tcpi_total_rto_time", Rule::Ticks(1)),
    ("tcpi_last_data_sent", Rule::Ticks(1)),
    ("tcpi_last_data_recv", Rule::Ticks(1)),
    ("tcpi_last_ack_recv", Rule::Ticks(1)),
    // Sizes of the kernel's own structures, which depend on its configuration (the stack's are those
    // of a 6.18 that distributions build), and what follows from them; what it keeps in stock for the
    // next packet; drops that no counter of ours stands for.
    ("tcpi_rcv_ssthresh", Rule::Apart),
    ("SK_MEMINFO_RMEM_ALLOC", Rule::Apart),
    ("SK_MEMINFO_WMEM_QUEUED", Rule::Apart),
    ("SK_MEMINFO_FWD_ALLOC", Rule::Apart),
    ("SK_MEMINFO_DROPS", Rule::Apart),
];

/// Situation, place, field, why; `*` is any place.
const APART: &[(&str, &str, &str, &str)] = &[
    (
        "fastopen_client_fail",
        "taken",
        "tcpi_delivery_rate",
        "the sample begins with the boot, as no SYN starts one",
    ),
    ("fastopen_server", "*", "tcpi_options", "TCPI_OPT_TFO_CHILD is of 6.17"),
    (
        "receive",
        "later",
        "tcpi_last_ack_recv",
        "the kernel's fast path does not look at an ACK it knows, if memory is in stock",
    ),
];

/// Fields that Linux 6.12 has not.
const NOT_IN_6_12: &[&str] = &[
    "tcpi_received_ce",
    "tcpi_delivered_e1_bytes",
    "tcpi_delivered_e0_bytes",
    "tcpi_delivered_ce_bytes",
    "tcpi_received_e1_bytes",
    "tcpi_received_e0_bytes",
    "tcpi_received_ce_bytes",
    "tcpi_ecn_mode",
    "tcpi_accecn_opt_seen",
    "tcpi_accecn_fail_mode",
    "tcpi_options2",
];

/// The bits of tcpi_ecn_mode are two fields of 16 bits in Linux 6.18, and a Fast Open child has a bit
/// that 6.12 does not set.
const OTHERWISE_IN_6_18: &[&str] = &["tcpi_ecn_mode"];

/// Situations that a clock decides, so that a kernel in real time comes to another end.
const BY_CLOCK: &[&str] = &[
    "dsack_undo",
    "fast_retransmit",
    "reordering",
    "reno_retransmit",
    "rto",
    "spurious_rto",
    "tlp",
];

/// Milliseconds from which a time can only be that since the boot of a kernel, or of the stack.
const SINCE_BOOT: u64 = 100_000;

fn rule(field: &str) -> Rule {
    RULES.iter().find(|(name, _)| *name == field).map_or(Rule::Exact, |(_, rule)| *rule)
}

impl Rule {
    fn allows(self, ours: u64, theirs: u64) -> bool {
        let differ = ours.abs_diff(theirs);
        match self {
            Self::Exact => ours == theirs,
            Self::Micros => differ <= 30 + theirs / 50,
            Self::Rate => differ <= theirs / 25,
            Self::Ticks(tick) => {
                differ <= 2 * tick + theirs / 10 || ours.min(theirs) > SINCE_BOOT * tick
            }
            Self::Apart => true,
        }
    }

    /// Whether a kernel in real time gives the same.
    fn is_untimed(self) -> bool {
        self == Self::Exact
    }
}

/// Names of all fields, in the order of their structures.
fn fields() -> Vec<&'static str> {
    let names = variables(&SockSnapshot::default()).into_iter().map(|(name, _)| name);
    names.filter(|name| name.starts_with("tcpi_") || name.starts_with("SK_")).collect()
}

/// `script` with a block in the place of each `//@ dump NAME`.
fn instrumented(script: &str) -> String {
    let values: Vec<_> = fields().iter().map(|name| format!("str({name})")).collect();
    let values = values.join(r#" + " " + "#);
    let mut begun = false;
    let mut text = String::new();
    for line in script.lines() {
        let Some(place) = line.strip_prefix("//@ dump ") else {
            text += &format!("{line}\n");
            continue;
        };
        let begin = if std::mem::replace(&mut begun, true) { "" } else { "dump = \"\"\n" };
        text += &format!("+0 %{{\n{begin}dump = dump + \"@{place}:\" + {values} + \";\"\n}}%\n");
    }
    assert!(begun, "a situation without a dump");
    text + "+0 %{ assert not dump, dump }%\n"
}

/// Situation and place, to the values of the fields.
type Noted = BTreeMap<(String, String), Vec<u64>>;

/// Runs all situations on `target`; on a real clock those that came off in time.
fn noted(target: &str) -> Noted {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tcp_info");
    let mut scripts: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    scripts.sort();
    let runs_on = |script: &PathBuf| {
        let name = script.file_stem().unwrap().to_str().unwrap();
        let has_accecn = ["stack", "uml:7.2"].contains(&target);
        (has_accecn || !name.starts_with("accecn"))
            && (target != "linux" || !BY_CLOCK.contains(&name))
    };
    scripts.retain(runs_on);
    let sandbox = Sandbox::new(&[]);
    for script in &scripts {
        let text = instrumented(&fs::read_to_string(script).unwrap());
        sandbox.write(script.file_name().unwrap().to_str().unwrap(), text.as_bytes());
    }
    let args = ["run", "--target", target, "--profile", "synproof", "--ip", "ipv4", "-j", "2"];
    let more = ["--format", "json", "--tolerance_usecs", "100000", "."];
    let mut command = sandbox.command(&[&args[..], &more].concat());
    let ended = Ended::of(&command.output().unwrap());
    let mut all = Noted::new();
    for line in ended.out.lines() {
        let result: serde_json::Value = serde_json::from_str(line).unwrap();
        let Some(script) = result["script"].as_str() else { continue };
        let situation = Path::new(script).file_stem().unwrap().to_str().unwrap().to_owned();
        if target == "linux" && result["class"] != "code" {
            // The machine was busy, and a timer of the kernel went first.
            eprintln!("not compared: {line}");
            continue;
        }
        assert_eq!(result["class"], "code", "{situation} on {target}: {line}");
        all.extend(places(result["message"].as_str().unwrap(), &situation));
    }
    assert!(all.len() > scripts.len(), "{target} noted {}", all.len());
    all
}

/// What one script noted: `@NAME:VALUE VALUE …;` for each place.
fn places(message: &str, situation: &str) -> Vec<((String, String), Vec<u64>)> {
    let parts = message.split('@').skip(1).filter_map(|part| part.split_once(';'));
    let one = |part: &str| {
        let (place, values) = part.split_once(':').unwrap();
        let values = values.split(' ').map(|value| value.parse().unwrap()).collect();
        ((situation.to_owned(), place.to_owned()), values)
    };
    parts.map(|(part, _)| one(part)).collect()
}

/// The differences, one a line, in the fields that `is_compared`.
fn differences(ours: &Noted, theirs: &Noted, is_compared: fn(&str) -> bool) -> String {
    let mut found = String::new();
    for ((situation, place), values) in ours {
        let Some(other) = theirs.get(&(situation.clone(), place.clone())) else { continue };
        let is_apart = |field: &str| {
            let is = |name: &str, place: &str| name == "*" || name == place;
            APART.iter().any(|apart| apart.0 == situation && is(apart.1, place) && apart.2 == field)
        };
        for ((field, a), b) in fields().into_iter().zip(values).zip(other) {
            if is_compared(field) && !is_apart(field) && !rule(field).allows(*a, *b) {
                found += &format!("{situation}, {place}: {field} is {a}, the kernel's {b}\n");
            }
        }
    }
    found
}

#[test]
fn all_fields_are_those_of_a_kernel_in_virtual_time() {
    if let Err(why) = Kernel::find(Some("6.12")) {
        return eprintln!("skipped: {why}");
    }
    let is_compared =
        |field: &str| !NOT_IN_6_12.contains(&field) && !OTHERWISE_IN_6_18.contains(&field);
    let found = differences(&noted("stack"), &noted("uml:6.12"), is_compared);
    assert!(found.is_empty(), "{found}");
}

/// `cargo xtask uml build --source TREE --name 7.2`, with a tree that has accurate ECN.
#[test]
fn all_fields_are_those_of_a_kernel_with_accurate_ecn() {
    if let Err(why) = Kernel::find(Some("7.2")) {
        return eprintln!("skipped: {why}");
    }
    let found = differences(&noted("stack"), &noted("uml:7.2"), |_| true);
    assert!(found.is_empty(), "{found}");
}

#[test]
fn fields_without_time_are_those_of_the_running_kernel() {
    match LinuxLaunch::default().info() {
        Ok(info) if info.version.starts_with("6.18.") => {}
        Ok(info) => return eprintln!("skipped: the kernel is {}, not 6.18", info.version),
        Err(error) => return eprintln!("skipped: {error}"),
    }
    let is_compared = |field: &str| {
        let own_size = ["tcpi_rcv_ssthresh", "SK_MEMINFO_RMEM_ALLOC"].contains(&field);
        (rule(field).is_untimed() || own_size) && !OTHERWISE_IN_6_18.contains(&field)
    };
    let found = differences(&noted("stack"), &noted("linux"), is_compared);
    assert!(found.is_empty(), "{found}");
}
