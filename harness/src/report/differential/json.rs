//! One JSON object a line: a `comparison` for each script and pair of targets in the order of the
//! plan, then a `summary` for each pair.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::{DiffReport, verdict_name};
use crate::report::Show;
use crate::runner::{DiffEvent, DiffResult, DiffSummary, PairResult, PairSummary};

/// Writes for programs.
pub struct JsonDiff<W> {
    out: W,
    show: Show,
}

#[derive(Serialize)]
struct ComparisonLine<'a> {
    r#type: &'static str,
    script: &'a str,
    ip: &'a str,
    answer: &'a str,
    #[serde(flatten)]
    pair: &'a PairResult,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    judged: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wall_us: Option<u64>,
}

#[derive(Serialize)]
struct SummaryLine<'a> {
    r#type: &'static str,
    left: &'a str,
    left_version: &'a str,
    right: &'a str,
    right_version: &'a str,
    planned: usize,
    agree: usize,
    by_rule: usize,
    known: usize,
    differ: usize,
    incomparable: usize,
    skipped: usize,
    off_in_time: usize,
    rules: BTreeMap<String, usize>,
    classes: BTreeMap<String, usize>,
    known_ids: BTreeMap<&'a str, usize>,
    reasons: &'a BTreeMap<String, usize>,
    stale: &'a [String],
    interrupted: bool,
    seed: u64,
}

impl<W: Write> JsonDiff<W> {
    /// Writes to `out`.
    pub fn new(out: W, show: Show) -> Self {
        Self { out, show }
    }

    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        self.out.write_all(text)?;
        self.out.flush()
    }

    fn result(&mut self, result: &DiffResult) -> io::Result<()> {
        let judged = result.judged.iter().map(|j| (j.target.as_str(), j.verdict.name()));
        let judged: BTreeMap<_, _> = judged.collect();
        let mut text = Vec::new();
        for pair in &result.pairs {
            let line = ComparisonLine {
                r#type: "comparison",
                script: &result.id.script,
                ip: result.id.ip.name(),
                answer: verdict_name(pair),
                pair,
                judged: judged.clone(),
                wall_us: self.show.wall.then_some(result.wall_us),
            };
            append(&mut text, &line)?;
        }
        self.write(&text)
    }

    fn summary(&mut self, summary: &DiffSummary) -> io::Result<()> {
        let mut text = Vec::new();
        for pair in &summary.pairs {
            append(&mut text, &summary_line(summary, pair))?;
        }
        self.write(&text)
    }
}

fn append(text: &mut Vec<u8>, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *text, line).map_err(io::Error::other)?;
    text.push(b'\n');
    Ok(())
}

fn summary_line<'a>(summary: &DiffSummary, pair: &'a PairSummary) -> SummaryLine<'a> {
    SummaryLine {
        r#type: "summary",
        left: &pair.left.0,
        left_version: &pair.left.1,
        right: &pair.right.0,
        right_version: &pair.right.1,
        planned: summary.planned,
        agree: pair.agree,
        by_rule: pair.by_rule,
        known: pair.known,
        differ: pair.differ,
        incomparable: pair.incomparable,
        skipped: pair.skipped,
        off_in_time: pair.off_in_time,
        rules: pair.used.iter().map(|(rule, count)| (rule.to_string(), *count)).collect(),
        classes: pair.classes.iter().map(|(c, found)| (c.to_string(), found.scripts)).collect(),
        known_ids: pair.known_ids.iter().map(|(id, found)| (id.as_str(), found.scripts)).collect(),
        reasons: &pair.reasons,
        stale: &pair.stale,
        interrupted: summary.interrupted,
        seed: summary.seed,
    }
}

impl<W: Write> DiffReport for JsonDiff<W> {
    fn on(&mut self, event: &DiffEvent<'_>) -> io::Result<()> {
        match event {
            DiffEvent::Planned { .. } | DiffEvent::Started(_) => Ok(()),
            DiffEvent::Finished(result) => self.result(result),
            DiffEvent::Summary(summary) => self.summary(summary),
        }
    }
}
