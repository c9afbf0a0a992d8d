//! One JSON object a line: a `result` for each run in the order of the plan, then a `summary`.
//!
//! `wall_us` is the only member that two runs on a virtual clock do not share; it can be left out.

use std::io::{self, Write};

use serde::Serialize;

use super::{Report, Show};
use crate::runner::{CaseResult, Event, Expectation, Summary, Verdict};

/// Writes for programs.
pub struct Json<W> {
    out: W,
    show: Show,
}

#[derive(Serialize)]
struct ResultLine<'a> {
    r#type: &'static str,
    script: &'a str,
    ip: &'a str,
    target: &'a str,
    verdict: &'a str,
    class: Option<&'a str>,
    line: Option<usize>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expectation: Option<&'a Expectation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<u32>,
    script_us: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    wall_us: Option<u64>,
}

#[derive(Serialize)]
struct SummaryLine<'a> {
    r#type: &'static str,
    target: &'a str,
    version: &'a str,
    planned: usize,
    run: usize,
    pass: usize,
    fail: usize,
    error: usize,
    xfail: usize,
    xpass: usize,
    skip: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeated: Option<usize>,
    interrupted: bool,
    seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    wall_us: Option<u64>,
}

impl<W: Write> Json<W> {
    /// Writes to `out`.
    pub fn new(out: W, show: Show) -> Self {
        Self { out, show }
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_vec(line).map_err(io::Error::other)?;
        text.push(b'\n');
        self.out.write_all(&text)?;
        self.out.flush()
    }

    fn result(&mut self, result: &CaseResult) -> io::Result<()> {
        let line = ResultLine {
            r#type: "result",
            script: &result.id.script,
            ip: result.id.ip.name(),
            target: &result.target,
            verdict: result.verdict.name(),
            class: result.class.map(crate::engine::outcome::Class::name),
            line: result.line,
            message: &result.message,
            expectation: result.expectation.as_ref(),
            attempts: (result.attempts > 1).then_some(result.attempts),
            script_us: result.script_us,
            wall_us: self.show.wall.then_some(result.wall_us),
        };
        self.line(&line)
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        let line = SummaryLine {
            r#type: "summary",
            target: &summary.target,
            version: &summary.version,
            planned: summary.planned,
            run: summary.finished(),
            pass: summary.count(Verdict::Pass),
            fail: summary.count(Verdict::Fail),
            error: summary.count(Verdict::Error),
            xfail: summary.count(Verdict::Xfail),
            xpass: summary.count(Verdict::Xpass),
            skip: summary.count(Verdict::Skip),
            repeated: (summary.repeated > 0).then_some(summary.repeated),
            interrupted: summary.interrupted,
            seed: summary.seed,
            wall_us: self.show.wall.then_some(summary.wall_us),
        };
        self.line(&line)
    }
}

impl<W: Write> Report for Json<W> {
    fn on(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Planned { .. } | Event::Started(_) => Ok(()),
            Event::Finished(result) => self.result(result),
            Event::Summary(summary) => self.summary(summary),
        }
    }
}
