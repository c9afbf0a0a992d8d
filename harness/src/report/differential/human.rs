//! For people: one line for each script, everything about each difference, totals at the end.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::{DiffReport, render_difference, verdict_name, why};
use crate::report::Show;
use crate::runner::{DiffEvent, DiffResult, DiffSummary, Finding, PairResult, PairSummary};

/// Widest column for names.
const MAX_NAME_WIDTH: usize = 80;
/// Reasons and findings shown of each kind.
const SHOWN: usize = 40;

/// Writes for people.
pub struct HumanDiff<W> {
    out: W,
    show: Show,
    name_width: usize,
    several: bool,
}

impl<W: Write> HumanDiff<W> {
    /// Writes to `out`.
    pub fn new(out: W, show: Show) -> Self {
        Self { out, show, name_width: 0, several: false }
    }

    fn result(&self, result: &DiffResult) -> String {
        let mut text = String::new();
        for pair in &result.pairs {
            text += &self.line(result, pair);
            if verdict_name(pair) == "differ" || self.show.verbose {
                let difference = render_difference(result, pair, self.show.paint);
                text += &difference;
                text.extend((!difference.is_empty()).then_some('\n'));
            }
        }
        for judged in result.judged.iter().filter(|judged| !judged.verdict.is_expected()) {
            let (target, verdict) = (&judged.target, judged.verdict.name());
            let _ = writeln!(
                text,
                "        {target} against the script: {verdict}: {}",
                judged.message
            );
        }
        text
    }

    fn line(&self, result: &DiffResult, pair: &PairResult) -> String {
        let name = verdict_name(pair);
        let shown = format!("{:<12}", name.to_uppercase());
        let shown = match name {
            "agree" => self.show.paint.good(&shown),
            "differ" => self.show.paint.bad(&shown),
            _ => self.show.paint.quiet(&shown),
        };
        let pair_name =
            if self.several { format!("{}~{}  ", pair.left, pair.right) } else { String::new() };
        let (id, width) = (&result.id, self.name_width);
        let mut line = format!("{shown}  {pair_name}{:<16}  {:<width$}", id.ip.name(), id.name());
        if self.show.wall {
            let ms = result.wall_us / 1000;
            let _ = write!(line, "  {:>3}.{:03}s", ms / 1000, ms % 1000);
        }
        let mut line = format!("{line}  {}", why(pair)).trim_end().to_owned();
        line.push('\n');
        line
    }

    fn summary(&self, summary: &DiffSummary) -> String {
        let mut text = format!("{}\n", "-".repeat(72));
        for pair in &summary.pairs {
            text += &self.pair(pair);
        }
        if summary.misjudged > 0 {
            let _ = writeln!(text, "{} scripts judged otherwise than expected", summary.misjudged);
        }
        let compared = summary.pairs.iter().map(PairSummary::compared).min().unwrap_or_default();
        let of = summary.finished;
        let of = if compared == of { String::new() } else { format!(" of {of}") };
        let _ = write!(text, "{compared}{of} compared (seed {:#x}", summary.seed);
        if self.show.wall {
            let tenths = summary.wall_us / 100_000;
            let _ = write!(text, ", {}.{} s", tenths / 10, tenths % 10);
        }
        text.push_str(")\n");
        if summary.interrupted {
            let left = summary.planned.saturating_sub(summary.finished);
            let _ = writeln!(text, "interrupted: {left} of {} not compared", summary.planned);
        }
        text
    }

    fn pair(&self, pair: &PairSummary) -> String {
        let ((left, left_version), (right, right_version)) = (&pair.left, &pair.right);
        let mut text = format!("{left} {left_version} ~ {right} {right_version}\n");
        let total = pair.total().max(1);
        let counts = [
            (pair.agree, "agree in everything"),
            (pair.by_rule, "agree, but for what rules allow"),
            (pair.known, "differ as recorded"),
            (pair.differ, "differ"),
            (pair.skipped, "skipped: one of the two lacks what the script needs"),
            (pair.incomparable, "cannot be compared"),
        ];
        for (count, what) in counts {
            let tenths = count * 1000 / total;
            let line = format!("{count:>6}  {:>3}.{}%  {what}", tenths / 10, tenths % 10);
            let bad = what == "differ" && count > 0;
            let line = if bad { self.show.paint.bad(&line) } else { line };
            let _ = writeln!(text, "{line}");
        }
        if pair.off_in_time > 0 {
            let _ =
                writeln!(text, "{:>6}          agree in content, not in time", pair.off_in_time);
        }
        let used: Vec<_> = pair.used.iter().map(|(rule, n)| format!("{rule} {n}")).collect();
        if !used.is_empty() {
            let _ = writeln!(text, "  rules used: {}", used.join(", "));
        }
        text += &list("recorded differences", &pair.known_ids);
        text += &list("differences by class", &pair.classes);
        let mut reasons: Vec<_> = pair.reasons.iter().collect();
        reasons.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        for (reason, count) in reasons.into_iter().take(SHOWN) {
            let _ = writeln!(text, "{count:>6} not compared: {reason}");
        }
        for id in &pair.stale {
            let line = format!("  {id} is stale: no script shows it any more");
            let _ = writeln!(text, "{}", self.show.paint.bad(&line));
        }
        text
    }
}

fn list<K: ToString>(title: &str, findings: &std::collections::BTreeMap<K, Finding>) -> String {
    if findings.is_empty() {
        return String::new();
    }
    let mut text = format!("  {title}:\n");
    let mut found: Vec<_> = findings.iter().collect();
    found.sort_by_key(|(_, finding)| std::cmp::Reverse(finding.scripts));
    for (key, Finding { scripts, first, what }) in found.iter().take(SHOWN) {
        let _ =
            writeln!(text, "{scripts:>6}  {}\n        {what}\n        {first}", key.to_string());
    }
    if let Some(more) = found.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let _ = writeln!(text, "        and {more} more");
    }
    text
}

impl<W: Write> DiffReport for HumanDiff<W> {
    fn on(&mut self, event: &DiffEvent<'_>) -> io::Result<()> {
        let text = match event {
            DiffEvent::Planned { widest, targets, .. } => {
                self.name_width = (*widest).min(MAX_NAME_WIDTH);
                self.several = targets.len() > 2;
                return Ok(());
            }
            DiffEvent::Started(_) => return Ok(()),
            DiffEvent::Finished(result) => self.result(result),
            DiffEvent::Summary(summary) => self.summary(summary),
        };
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}
