//! JUnit XML, written when the comparison is over: one suite for each pair of targets, one case for
//! each script. A recorded difference, and a script that cannot be compared, is a skipped case.

use std::io::{self, Write};
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};

use super::{DiffReport, render_difference, verdict_name, why};
use crate::diff::Verdict as Diff;
use crate::report::{Paint, Show};
use crate::runner::{DiffEvent, DiffResult, PairResult};

/// Writes JUnit XML.
pub struct JunitDiff<W> {
    out: W,
    show: Show,
    suites: Vec<TestSuite>,
}

impl<W: Write> JunitDiff<W> {
    /// Writes to `out`.
    pub fn new(out: W, show: Show) -> Self {
        Self { out, show, suites: Vec::new() }
    }

    fn add(&mut self, result: &DiffResult) {
        for (suite, pair) in self.suites.iter_mut().zip(&result.pairs) {
            let name = format!("{} [{}]", result.id.name(), result.id.ip.name());
            let mut case = TestCase::new(name, status(pair));
            case.set_classname(format!("{}~{}", pair.left, pair.right));
            if self.show.wall {
                case.set_time(Duration::from_micros(result.wall_us));
            }
            if verdict_name(pair) == "differ" {
                case.set_system_out(render_difference(result, pair, Paint::default()));
            }
            suite.add_test_case(case);
        }
    }
}

fn status(pair: &PairResult) -> TestCaseStatus {
    let mut status = match &pair.comparison.verdict {
        Diff::Agree => return TestCaseStatus::success(),
        Diff::Differ(divergence) if !pair.explained => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type(divergence.class.rule.clone());
            status
        }
        Diff::Differ(_) | Diff::Incomparable(_) => TestCaseStatus::skipped(),
    };
    status.set_message(why(pair));
    status
}

impl<W: Write> DiffReport for JunitDiff<W> {
    fn on(&mut self, event: &DiffEvent<'_>) -> io::Result<()> {
        match event {
            DiffEvent::Planned { targets, .. } => {
                let name = |target: &crate::target::TargetInfo| {
                    format!("{} {}", target.name, target.version)
                };
                if let Some((left, others)) = targets.split_first() {
                    let suite = |right| format!("{} ~ {}", name(left), name(right));
                    self.suites = others.iter().map(|right| TestSuite::new(suite(right))).collect();
                }
                Ok(())
            }
            DiffEvent::Started(_) => Ok(()),
            DiffEvent::Finished(result) => {
                self.add(result);
                Ok(())
            }
            DiffEvent::Summary(_) => {
                let mut document = Document::new("synproof");
                document.add_test_suites(self.suites.clone());
                let xml = document.to_string().map_err(io::Error::other)?;
                self.out.write_all(xml.as_bytes())?;
                self.out.flush()
            }
        }
    }
}
