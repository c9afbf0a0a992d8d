//! Everything about one failure, as text: the source line, the comparison, the moments before.

use std::fmt::Write as _;

use super::{Paint, seconds};
use crate::engine::log::{Entry, RunLog};
use crate::engine::outcome::{Failure, FieldCheck, Timing};
use crate::runner::CaseResult;
use crate::script::diagnostic::{Diagnostic, Severity, render};

/// Entries of the log shown before a failure.
const BEFORE: usize = 8;
/// Width of the names in the margin.
const MARGIN: usize = 8;

/// The report of a result that is not as it should be; empty for others.
#[must_use]
pub fn render_failure(result: &CaseResult, paint: Paint) -> String {
    let mut text = String::new();
    let Some(source) = &result.source else {
        let _ = writeln!(text, "error: {}", result.message);
        return text;
    };
    let rendered = result.diagnostics.iter().map(|d| render(d, source, paint.is_on()));
    text += &rendered.collect::<Vec<_>>().join("\n\n");
    if !text.is_empty() {
        text.push('\n');
    }
    let mut notes = Margin { text: String::new(), paint };
    if let Some(failure) = &result.failure {
        if result.diagnostics.is_empty() {
            let headline = headline(failure, Severity::Error);
            let _ = writeln!(text, "{}", render(&headline, source, paint.is_on()));
        }
        details(&mut notes, failure);
        before(&mut notes, &result.log, failure);
        for note in &failure.notes {
            notes.line("note", note);
        }
    } else if result.diagnostics.is_empty() {
        let _ = writeln!(text, "error: {}: {}", result.id.script, result.message);
    }
    for file in &result.files {
        notes.line("log", &file.display().to_string());
    }
    notes.line("again", &result.reproduce);
    text + &notes.text
}

/// The warnings of a run that passed with `--non_fatal`.
pub(super) fn render_warnings(result: &CaseResult, paint: Paint) -> String {
    let Some(source) = &result.source else { return String::new() };
    let rendered = result.warnings.iter().map(|warning| {
        let mut notes = Margin { text: String::new(), paint };
        details(&mut notes, warning);
        let headline = headline(warning, Severity::Warning);
        format!("{}\n{}", render(&headline, source, paint.is_on()), notes.text)
    });
    rendered.collect()
}

/// All entries of a log, one a line.
pub(super) fn render_log(log: &RunLog, paint: Paint) -> String {
    let mut text = String::new();
    for entry in &log.entries {
        let _ = writeln!(text, "  {}", entry_line(entry, paint));
    }
    text
}

fn headline(failure: &Failure, severity: Severity) -> Diagnostic {
    let (code, message) = (failure.class.name(), failure.message.clone());
    Diagnostic { code, severity, span: failure.span, message, help: None, row: None }
}

/// Lines that hang from the source line: `   = name: text`.
struct Margin {
    text: String,
    paint: Paint,
}

impl Margin {
    fn line(&mut self, name: &str, text: &str) {
        let name = format!("{name:>MARGIN$}:");
        let _ = writeln!(self.text, "  = {} {text}", self.paint.key(&name));
    }

    fn more(&mut self, text: &str) {
        let _ = writeln!(self.text, "  = {:>MARGIN$}  {text}", "");
    }
}

fn details(notes: &mut Margin, failure: &Failure) {
    if let Some(expected) = &failure.expected {
        notes.line("expected", expected);
    }
    if let Some(actual) = &failure.actual {
        // Both with the arrow, so that they stand one above the other.
        let is_packet = failure.expected.as_deref().is_some_and(|e| e.starts_with("> "));
        let arrow = if is_packet && !actual.starts_with('>') { "> " } else { "" };
        notes.line("actual", &format!("{arrow}{actual}"));
    }
    fields(notes, &failure.fields);
    if let Some(timing) = &failure.timing {
        notes.line("time", &time(timing));
    }
    let sockets: Vec<_> = failure
        .sockets
        .iter()
        .map(|(name, state)| format!("{name} is {}", state.linux_name()))
        .collect();
    if !sockets.is_empty() {
        notes.line("sockets", &sockets.join(", "));
    }
}

fn fields(notes: &mut Margin, fields: &[FieldCheck]) {
    if fields.is_empty() {
        return;
    }
    let width = |of: fn(&FieldCheck) -> &str, title: &str| {
        let widths = fields.iter().map(|f| of(f).chars().count());
        widths.chain([title.len()]).max().unwrap_or_default()
    };
    let (name, expected) = (width(|f| &f.name, ""), width(|f| &f.expected, "expected"));
    let actual = width(|f| &f.actual, "actual");
    let title = format!("{:name$}  {:expected$}  actual", "", "expected");
    notes.line("compared", &notes.paint.quiet(title.trim_end()));
    for field in fields {
        let line =
            format!("{:name$}  {:expected$}  {:actual$}", field.name, field.expected, field.actual);
        if field.ok {
            notes.more(line.trim_end());
        } else {
            let line = notes.paint.bad(&format!("{line}  <- differs"));
            notes.more(&line);
        }
    }
}

fn time(timing: &Timing) -> String {
    let (from, to, actual) = (timing.due_from.0, timing.due_to.0, timing.actual.0);
    let due = if from == to { seconds(from) } else { format!("{}~{}", seconds(from), seconds(to)) };
    let off = match (actual < from, actual > to) {
        (true, _) => format!("{} us early", from.saturating_sub(actual)),
        (_, true) => format!("{} us late", actual.saturating_sub(to)),
        (false, false) => "on time".into(),
    };
    let mut text = format!(
        "due {due}, was {} ({off}; allowed ±{} us: {})",
        seconds(actual),
        timing.tolerance_us,
        timing.origin
    );
    if timing.harness_late_us > 0 {
        let _ = write!(text, "; the harness itself was {} us late", timing.harness_late_us);
    }
    text
}

fn before(notes: &mut Margin, log: &RunLog, failure: &Failure) {
    let skipped = log.entries.len().saturating_sub(BEFORE);
    let mut name = "before";
    if skipped > 0 {
        notes.line(name, &notes.paint.quiet(&format!("({skipped} earlier)")));
        name = "";
    }
    for entry in log.entries.iter().skip(skipped) {
        let line = entry_line(entry, notes.paint);
        let is_actual = failure.actual.as_deref().is_some_and(|a| line.ends_with(a));
        let line = if is_actual { notes.paint.bad(&line) } else { line };
        if name.is_empty() {
            notes.more(&line);
        } else {
            notes.line(name, &line);
            name = "";
        }
    }
}

fn entry_line(entry: &Entry, paint: Paint) -> String {
    let line = entry.line.map_or_else(String::new, |line| format!("line {line}"));
    let margin = paint.quiet(&format!("{:>11}  {line:<9}", seconds(entry.at.0)));
    format!("{margin} {}", entry.what)
}
