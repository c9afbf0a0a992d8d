//! Every script of `specs/scripts` and of `specs/regressions` is a test on the Rust stack. On the running kernel, where they
//! take their time, `cargo xtask test` runs them as a suite.
#![cfg(feature = "target-stack")]
#![allow(clippy::unwrap_used, reason = "helpers of tests panic like tests")]

use std::path::PathBuf;

use rstest::rstest;
use synproof_harness::executor::{Executor as _, InProcess};
use synproof_harness::report::{Paint, render_failure};
use synproof_harness::runner::{Context, PlanOptions, discover, plan, run_case};
use synproof_harness::target::IpVersion;
use synproof_harness::target::registry::launcher;

/// Runs one script with every kind of socket and packet; a report for each result that was not
/// expected.
fn run(script: PathBuf, target: &str) -> String {
    let launch = launcher(target).unwrap();
    let info = launch.info().unwrap();
    let ips = vec![IpVersion::Ipv4, IpVersion::Ipv4Mapped, IpVersion::Ipv6];
    let options = PlanOptions { ips: Some(ips), ..PlanOptions::default() };
    let plan = plan(&discover(&[script]).unwrap(), &options, &info).unwrap();
    let here = InProcess::new(launch.as_ref());
    let context =
        Context { executor: &here, info: &info, cli: &options.cli, artifacts: None, retries: 0 };
    let mut reports = String::new();
    for case in &plan.cases {
        let result = run_case(case, &context, here.worker().as_mut()).unwrap();
        if !result.verdict.is_expected() {
            reports.push_str(&render_failure(&result, Paint::new(false)));
        }
    }
    reports
}

/// What exploration and fuzzing once found does not come back.
#[rstest]
fn regression(#[files("../specs/regressions/*.pkt")] script: PathBuf) {
    let reports = run(script, "stack");
    assert!(reports.is_empty(), "{reports}");
}

#[rstest]
fn stack(#[files("../specs/scripts/**/*.pkt")] script: PathBuf) {
    let reports = run(script, "stack");
    assert!(reports.is_empty(), "{reports}");
}
