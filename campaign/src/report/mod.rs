//! How it went: a page for a browser, JSON and JUnit for programs.

mod heat;
mod page;
mod plot;

use anyhow::{Context, Result};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde::Serialize;

use crate::state::State;
use crate::store::{Finding, Store};

pub use page::page;

/// The report as JSON.
#[derive(Serialize)]
struct Json<'a> {
    seconds: f64,
    executions: u64,
    edges_reached: usize,
    edges: usize,
    reasons_reached: usize,
    state: &'a State,
    findings: &'a [Finding],
}

/// Writes `report.html`, `report.json` and `report.xml` into the campaign's directory.
///
/// # Errors
/// They cannot be written.
pub fn write(store: &Store, state: &State) -> Result<()> {
    let found = store.findings()?;
    let findings: Vec<Finding> = found.iter().map(|(finding, _)| finding.clone()).collect();
    let scripts: Vec<Option<String>> =
        found.iter().map(|(_, dir)| std::fs::read_to_string(dir.join("script.pkt")).ok()).collect();
    let (edges_reached, edges) = state.edges();
    let json = Json {
        seconds: state.seconds,
        executions: state.executions(),
        edges_reached,
        edges,
        reasons_reached: state.reasons(),
        state,
        findings: &findings,
    };
    store.write("report.json", &json)?;
    store.write_bytes("report.html", page(state, &findings, &scripts).as_bytes())?;
    store.write_bytes("report.xml", junit(state, &findings)?.as_bytes())
}

/// A test case for each target; a finding that was not planted is a failure, and so is a planted
/// bug that was not found. What cannot run here is skipped.
fn junit(state: &State, findings: &[Finding]) -> Result<String> {
    let mut report = Report::new("synproof fuzz");
    let mut suite = TestSuite::new("targets");
    let blind = state.blind(findings);
    for name in state.targets.keys().filter(|name| !state.unavailable.contains_key(*name)) {
        let of = || findings.iter().filter(|finding| finding.target == *name && !finding.planted);
        let mut status = TestCaseStatus::success();
        if let Some(first) = of().next() {
            status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(format!(
                "{} ({}), {} in all",
                first.property,
                first.class,
                of().count()
            ));
            let details: Vec<_> = of().map(|finding| finding.detail.as_str()).collect();
            status.set_description(details.join("\n\n"));
        } else if blind.contains(&name.as_str()) {
            status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message("the planted bug was not found");
        }
        suite.add_test_case(TestCase::new(name, status));
    }
    for (name, why) in &state.unavailable {
        let mut status = TestCaseStatus::skipped();
        status.set_message(why.as_str());
        suite.add_test_case(TestCase::new(name, status));
    }
    report.add_test_suite(suite);
    report.to_string().context("no JUnit")
}
