//! Everything about one difference, as text: the fields, and both sides around it.

use std::fmt::Write as _;

use crate::diff::{Divergence, Row, Verdict as Diff};
use crate::report::{Paint, seconds};
use crate::runner::{DiffResult, PairResult};

/// Width of the names in the margin.
const MARGIN: usize = 8;

/// What a difference of `pair` is; empty where there is none.
#[must_use]
pub fn render_difference(result: &DiffResult, pair: &PairResult, paint: Paint) -> String {
    let Diff::Differ(divergence) = &pair.comparison.verdict else { return String::new() };
    let mut text = String::new();
    let line = divergence.line.map(|line| format!(":{line}")).unwrap_or_default();
    let _ = writeln!(text, "{} {}", paint.bad("differ:"), divergence.message);
    let _ = writeln!(text, "  --> {}{line} ({})", result.id.script, result.id.ip.name());
    if let (Some(source), Some(line)) = (&result.source, divergence.line) {
        let _ = writeln!(text, "{line:>6} | {}", source.line_text(line));
    }
    let mut margin = |name: &str, what: &str| {
        let name = format!("{name:>MARGIN$}:");
        let _ = writeln!(text, "  = {} {what}", paint.key(&name));
    };
    margin("class", &divergence.class.to_string());
    let nothing = "nothing".to_owned();
    let side = |seen: &Option<crate::diff::Seen>| {
        seen.as_ref().map_or(nothing.clone(), |s| format!("{} s  {}", seconds(s.at.0), s.text))
    };
    margin("left", &format!("{} at {}", pair.left, side(&divergence.left)));
    margin("right", &format!("{} at {}", pair.right, side(&divergence.right)));
    text += &fields(divergence, paint);
    text += &rows(pair, paint);
    for file in &result.files {
        let _ = writeln!(text, "  = {} {}", paint.key("    log:"), file.display());
    }
    let _ = writeln!(text, "  = {} {}", paint.key("  again:"), result.reproduce);
    text
}

fn fields(divergence: &Divergence, paint: Paint) -> String {
    let mut text = String::new();
    let width = |of: fn(&crate::diff::FieldDiff) -> &str, least: usize| {
        let widths = divergence.fields.iter().map(|field| of(field).chars().count());
        widths.chain([least]).max().unwrap_or(least)
    };
    if divergence.fields.is_empty() {
        return text;
    }
    let (name, left) = (width(|f| &f.name, 4), width(|f| &f.left, 4));
    let right = width(|f| &f.right, 5);
    let title = format!("{:name$}  {:left$}  right", "", "left");
    let _ = writeln!(text, "  = {} {}", paint.key(" fields:"), paint.quiet(&title));
    for field in &divergence.fields {
        let line = format!("{:name$}  {:left$}  {:right$}", field.name, field.left, field.right);
        let line = match (field.same, field.allowed) {
            (true, _) => line.trim_end().to_owned(),
            (false, Some(rule)) => format!("{line}  allowed by {rule}"),
            (false, None) => paint.bad(&format!("{line}  <- differs")),
        };
        let _ = writeln!(text, "  = {:>MARGIN$}  {line}", "");
    }
    text
}

/// `=` both did it, `<` the left side alone, `>` the right side alone, `*` at the difference.
fn rows(pair: &PairResult, paint: Paint) -> String {
    let mut text = String::new();
    if pair.timeline.is_empty() {
        return text;
    }
    let legend = format!("= both, < {} alone, > {} alone", pair.left, pair.right);
    let _ = writeln!(text, "  = {} {}", paint.key("   both:"), paint.quiet(&legend));
    for row in &pair.timeline {
        let line = row_line(row);
        let line = if row.here { paint.bad(&line) } else { line };
        let _ = writeln!(text, "  = {:>MARGIN$}  {line}", "");
    }
    text
}

fn row_line(row: &Row) -> String {
    let (mark, cell) = match (&row.left, &row.right) {
        (Some(cell), Some(_)) => ("=", cell),
        (Some(cell), None) => ("<", cell),
        (None, Some(cell)) => (">", cell),
        (None, None) => return String::new(),
    };
    let here = if row.here { "*" } else { " " };
    let line = cell.line.map_or_else(String::new, |line| format!("line {line}"));
    let mut text = format!("{here}{mark} {:>11}  {line:<9} {}", seconds(cell.at.0), cell.text);
    if let (Some(left), Some(right)) = (&row.left, &row.right)
        && left.at != right.at
    {
        let _ = write!(text, "   (right at {})", seconds(right.at.0));
    }
    text
}
