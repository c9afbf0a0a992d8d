//! Every script of `specs/scripts` is a test: on the Rust stack, and on the running kernel where
//! the machine allows it.
#![allow(clippy::unwrap_used, reason = "helpers of tests panic like tests")]

use std::path::PathBuf;

use rstest::rstest;
use synproof_harness::report::{Paint, render_failure};
use synproof_harness::runner::{Context, PlanOptions, discover, plan, run_case};
use synproof_harness::target::IpVersion;
use synproof_harness::target::registry::launcher;

/// Runs one script with every kind of socket and packet; a report for each result that was not
/// expected. [`None`] if this machine has no such target.
fn run(script: PathBuf, target: &str) -> Option<String> {
    let launch = match launcher(target).map_err(|e| e.to_string()) {
        Ok(launch) => launch,
        Err(why) => return skipped(target, &why),
    };
    let info = match launch.info() {
        Ok(info) => info,
        Err(why) => return skipped(target, &why.to_string()),
    };
    let ips = vec![IpVersion::Ipv4, IpVersion::Ipv4Mapped, IpVersion::Ipv6];
    let options = PlanOptions { ips: Some(ips), ..PlanOptions::default() };
    let plan = plan(&discover(&[script]).unwrap(), &options, &info).unwrap();
    let context =
        Context { launch: launch.as_ref(), info: &info, cli: &options.cli, artifacts: None };
    let mut reports = String::new();
    for case in &plan.cases {
        let result = run_case(case, &context).unwrap();
        if !result.verdict.is_expected() {
            reports.push_str(&render_failure(&result, Paint::new(false)));
        }
    }
    Some(reports)
}

fn skipped(target: &str, why: &str) -> Option<String> {
    eprintln!("{target} skipped: {why}");
    None
}

#[rstest]
fn stack(#[files("../specs/scripts/**/*.pkt")] script: PathBuf) {
    if let Some(reports) = run(script, "stack") {
        assert!(reports.is_empty(), "{reports}");
    }
}

#[rstest]
fn linux(#[files("../specs/scripts/**/*.pkt")] script: PathBuf) {
    if let Some(reports) = run(script, "linux") {
        assert!(reports.is_empty(), "{reports}");
    }
}
