//! The report for people: one line for each result, everything about each failure, totals at the
//! end.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::failure::{render_failure, render_log, render_warnings};
use super::{Report, Show};
use crate::runner::{CaseResult, Event, Summary, Verdict};
use crate::target::IpVersion;

/// Widest column for names; longer ones push the rest of their line to the right.
const MAX_NAME_WIDTH: usize = 80;
/// Results that need attention are listed again when this many scripts ran.
const LIST_AGAIN: usize = 20;
/// Reasons of skips shown.
const REASONS: usize = 10;

/// Writes for people.
pub struct Human<W> {
    out: W,
    show: Show,
    name_width: usize,
    attention: Vec<String>,
    reasons: BTreeMap<String, usize>,
}

impl<W: Write> Human<W> {
    /// Writes to `out`.
    pub fn new(out: W, show: Show) -> Self {
        Self { out, show, name_width: 0, attention: Vec::new(), reasons: BTreeMap::new() }
    }

    fn result(&mut self, result: &CaseResult) -> String {
        let mut text = self.line(result);
        let paint = self.show.paint;
        if self.show.verbose {
            text += &render_log(&result.log, paint);
        }
        text += &render_warnings(result, paint);
        if !result.verdict.is_expected() {
            self.attention.push(self.line(result));
        }
        match result.verdict {
            Verdict::Fail | Verdict::Error => {
                text += &render_failure(result, paint);
                text.push('\n');
            }
            Verdict::Skip => *self.reasons.entry(result.message.clone()).or_default() += 1,
            Verdict::Pass | Verdict::Xfail | Verdict::Xpass => {}
        }
        text
    }

    fn line(&self, result: &CaseResult) -> String {
        let verdict = format!("{:<5}", result.verdict.name().to_uppercase());
        let verdict = self.show.paint.verdict(result.verdict, &verdict);
        let (target, ip, name) = (&result.target, short(result.id.ip), result.id.name());
        let width = self.name_width;
        let mut line = format!("{verdict}  {target}  {ip:<6}  {name:<width$}");
        if self.show.wall {
            let ms = result.wall_us / 1000;
            let _ = write!(line, "  {:>3}.{:03}s", ms / 1000, ms % 1000);
        }
        let why = reason(result);
        if !why.is_empty() {
            let _ = write!(line, "  {why}");
        }
        let mut line = line.trim_end().to_owned();
        line.push('\n');
        line
    }

    fn summary(&self, summary: &Summary) -> String {
        let mut text = format!("{}\n", "-".repeat(72));
        if summary.finished() > LIST_AGAIN && !self.attention.is_empty() {
            text += &self.attention.concat();
            text += &format!("{}\n", "-".repeat(72));
        }
        let mut reasons: Vec<_> = self.reasons.iter().collect();
        reasons.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        for (reason, count) in reasons.iter().take(REASONS) {
            let _ = writeln!(text, "{count:>5} skipped: {reason}");
        }
        if let Some(more) = reasons.len().checked_sub(REASONS).filter(|more| *more > 0) {
            let _ = writeln!(text, "      and {more} more reasons");
        }
        let counts: Vec<_> = Verdict::ALL
            .into_iter()
            .map(|verdict| (verdict, summary.count(verdict)))
            .filter(|(verdict, count)| *count > 0 || *verdict == Verdict::Pass)
            .map(|(verdict, count)| self.count(verdict, count))
            .collect();
        let _ = write!(text, "{} run: {}", summary.finished(), counts.join(", "));
        if summary.repeated > 0 {
            let _ = write!(text, ", {} of them when repeated", summary.repeated);
        }
        let Summary { target, version: running, seed, .. } = summary;
        let _ = write!(text, "   (target {target} {running}, seed {seed:#x}");
        let _ = write!(text, ", {}", version());
        if self.show.wall {
            let tenths = summary.wall_us / 100_000;
            let _ = write!(text, ", {}.{} s", tenths / 10, tenths % 10);
        }
        text.push_str(")\n");
        if summary.interrupted {
            let left = summary.planned.saturating_sub(summary.finished());
            let _ = writeln!(text, "interrupted: {left} of {} not run", summary.planned);
        }
        text
    }

    fn count(&self, verdict: Verdict, count: usize) -> String {
        let text = format!("{count} {}", verdict.name());
        if verdict.is_expected() || count == 0 {
            text
        } else {
            self.show.paint.verdict(verdict, &text.to_uppercase())
        }
    }
}

/// Names of one width, near enough; the command to repeat a run has the full ones.
fn short(ip: IpVersion) -> &'static str {
    match ip {
        IpVersion::Ipv4 => "ipv4",
        IpVersion::Ipv4Mapped => "mapped",
        IpVersion::Ipv6 => "ipv6",
    }
}

/// Why a result is not a plain pass, for the end of its line.
fn reason(result: &CaseResult) -> String {
    let warnings = result.warnings.len();
    match (&result.verdict, &result.expectation) {
        (Verdict::Xfail | Verdict::Xpass, Some(expected)) => {
            let id = expected.id.as_deref().map(|id| format!("{id}: ")).unwrap_or_default();
            format!("{id}{}", expected.reason)
        }
        (Verdict::Pass, _) if result.attempts > 1 => format!("in run {}", result.attempts),
        (Verdict::Pass, _) if warnings > 0 => format!("{warnings} not fatal"),
        (Verdict::Skip | Verdict::Pass, _) => result.message.clone(),
        (Verdict::Fail | Verdict::Error | Verdict::Xfail | Verdict::Xpass, _) => {
            result.line.map(|line| format!("line {line}")).unwrap_or_default()
        }
    }
}

fn version() -> String {
    let commit = option_env!("SYNPROOF_COMMIT").map(|c| format!(" {c}")).unwrap_or_default();
    format!("synproof {}{commit}", env!("CARGO_PKG_VERSION"))
}

impl<W: Write> Report for Human<W> {
    fn on(&mut self, event: &Event<'_>) -> io::Result<()> {
        let text = match event {
            Event::Planned { widest, .. } => {
                self.name_width = (*widest).min(MAX_NAME_WIDTH);
                return Ok(());
            }
            Event::Started(_) => return Ok(()),
            Event::Finished(result) => self.result(result),
            Event::Summary(summary) => self.summary(summary),
        };
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}
