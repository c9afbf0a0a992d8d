//! JUnit XML, written when the run is over: one suite for the target, one case for each run.
//!
//! JUnit has no expected failures: one is a skipped case with its reason, and a pass that was
//! expected to fail is a failure of type `xpass`.

use std::io::{self, Write};
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};

use super::failure::render_failure;
use super::{Paint, Report, Show};
use crate::runner::{CaseResult, Event, Verdict};

/// Writes JUnit XML.
pub struct Junit<W> {
    out: W,
    show: Show,
    suite: TestSuite,
}

impl<W: Write> Junit<W> {
    /// Writes to `out`.
    pub fn new(out: W, show: Show) -> Self {
        Self { out, show, suite: TestSuite::new("synproof") }
    }

    fn case(&self, result: &CaseResult) -> TestCase {
        let name = format!("{} [{}]", result.id.name(), result.id.ip.name());
        let mut case = TestCase::new(name, status(result));
        case.set_classname(result.target.clone());
        if self.show.wall {
            case.set_time(Duration::from_micros(result.wall_us));
        }
        if result.attempts > 1 {
            case.add_property(("attempts", result.attempts.to_string().as_str()));
        }
        if !result.verdict.is_expected() {
            case.set_system_out(render_failure(result, Paint::default()));
        }
        case
    }
}

fn status(result: &CaseResult) -> TestCaseStatus {
    let class = result.class.map_or("error", crate::engine::outcome::Class::name);
    let (mut status, message) = match result.verdict {
        Verdict::Pass => return TestCaseStatus::success(),
        Verdict::Skip => (TestCaseStatus::skipped(), result.message.clone()),
        Verdict::Xfail => {
            let reason = result.expectation.as_ref().map_or("", |e| e.reason.as_str());
            (TestCaseStatus::skipped(), format!("expected failure: {reason}"))
        }
        Verdict::Fail => (non_success(NonSuccessKind::Failure, class), result.message.clone()),
        Verdict::Xpass => (non_success(NonSuccessKind::Failure, "xpass"), result.message.clone()),
        Verdict::Error => (non_success(NonSuccessKind::Error, class), result.message.clone()),
    };
    status.set_message(message);
    status
}

fn non_success(kind: NonSuccessKind, class: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(class);
    status
}

impl<W: Write> Report for Junit<W> {
    fn on(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Planned { target, .. } => {
                self.suite =
                    TestSuite::new(format!("synproof on {} {}", target.name, target.version));
                Ok(())
            }
            Event::Started(_) => Ok(()),
            Event::Finished(result) => {
                let case = self.case(result);
                self.suite.add_test_case(case);
                Ok(())
            }
            Event::Summary(_) => {
                let mut document = Document::new("synproof");
                document.add_test_suite(self.suite.clone());
                let xml = document.to_string().map_err(io::Error::other)?;
                self.out.write_all(xml.as_bytes())?;
                self.out.flush()
            }
        }
    }
}
