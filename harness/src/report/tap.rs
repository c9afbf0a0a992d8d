//! TAP version 14, for consumers that know kselftest's or Perl's output.
//!
//! An expected failure is `not ok … # TODO`, as TAP defines it. A pass that was expected to fail
//! is a plain `not ok`: consumers take `ok … # TODO` for success, and it is none here.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::Report;
use crate::runner::{CaseResult, Event, Summary, Verdict};

/// Writes TAP.
pub struct Tap<W> {
    out: W,
    number: usize,
}

impl<W: Write> Tap<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out, number: 0 }
    }

    fn result(&mut self, result: &CaseResult) -> String {
        self.number += 1;
        let (status, directive) = match result.verdict {
            Verdict::Pass => ("ok", String::new()),
            Verdict::Skip => ("ok", format!(" # SKIP {}", flat(&result.message))),
            Verdict::Xfail => {
                let reason = result.expectation.as_ref().map_or("", |e| e.reason.as_str());
                ("not ok", format!(" # TODO {}", flat(reason)))
            }
            Verdict::Fail | Verdict::Error | Verdict::Xpass => ("not ok", String::new()),
        };
        let name = result.id.name().replace('\\', r"\\").replace('#', r"\#");
        let mut text = format!("{status} {} - {name} ({})", self.number, result.id.ip.name());
        text += &directive;
        text.push('\n');
        if result.attempts > 1 {
            let _ = writeln!(text, "# run {} of it", result.attempts);
        }
        if !result.verdict.is_expected() {
            text += &details(result);
        }
        text
    }
}

/// The YAML block of a result that is not as it should be. JSON strings are YAML strings.
fn details(result: &CaseResult) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut text = String::from("  ---\n");
    let _ = writeln!(text, "  message: {}", quoted(&result.message));
    let _ = writeln!(text, "  verdict: {}", result.verdict.name());
    if let Some(class) = result.class {
        let _ = writeln!(text, "  class: {}", class.name());
    }
    let line = result.line.map(|line| format!(":{line}")).unwrap_or_default();
    let _ = writeln!(text, "  at: {}", quoted(&format!("{}{line}", result.id.script)));
    text + "  ...\n"
}

fn flat(text: &str) -> String {
    text.lines().collect::<Vec<_>>().join(" ")
}

fn summary(summary: &Summary) -> String {
    if summary.interrupted { "Bail out! interrupted\n".into() } else { String::new() }
}

impl<W: Write> Report for Tap<W> {
    fn on(&mut self, event: &Event<'_>) -> io::Result<()> {
        let text = match event {
            Event::Planned { cases, .. } => format!("TAP version 14\n1..{cases}\n"),
            Event::Started(_) => return Ok(()),
            Event::Finished(result) => self.result(result),
            Event::Summary(totals) => summary(totals),
        };
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}
