//! The requirements in numbers, one line for each RFC.

use super::{Requirement, Status};

/// Counts of one RFC.
#[derive(Clone, Copy, Default)]
struct Counts {
    all: usize,
    not_testable: usize,
    tested: usize,
    deviates: usize,
    /// MUST and SHOULD that can be tested.
    strong: usize,
    strong_done: usize,
}

impl Counts {
    fn add(&mut self, row: &Requirement) {
        let done = matches!(row.status, Status::Tested | Status::Deviates);
        let testable = row.status != Status::NotTestable;
        self.all += 1;
        self.not_testable += usize::from(!testable);
        self.tested += usize::from(row.status == Status::Tested);
        self.deviates += usize::from(row.status == Status::Deviates);
        self.strong += usize::from(testable && row.level.is_strong());
        self.strong_done += usize::from(done && row.level.is_strong());
    }

    fn line(&self, name: &str) -> String {
        let testable = self.all - self.not_testable;
        let done = self.tested + self.deviates;
        format!(
            "{name:<10} {:>12} {testable:>9} {:>7} {:>9} {:>6}   {:>5} of {:<5} {:>4}",
            self.all,
            self.tested,
            self.deviates,
            testable - done,
            self.strong_done,
            self.strong,
            percent(self.strong_done, self.strong),
        )
    }
}

fn percent(part: usize, whole: usize) -> String {
    (part * 100).checked_div(whole).map_or_else(|| "–".into(), |percent| format!("{percent}%"))
}

/// The table: every RFC in the order of the files, and all of them together.
pub(super) fn table(requirements: &[Requirement]) -> String {
    let mut rfcs: Vec<(&str, Counts)> = Vec::new();
    let mut total = Counts::default();
    for row in requirements {
        let name = row.id.split(':').next().unwrap_or(&row.id);
        if rfcs.last().is_none_or(|(last, _)| *last != name) {
            rfcs.push((name, Counts::default()));
        }
        if let Some((_, counts)) = rfcs.last_mut() {
            counts.add(row);
        }
        total.add(row);
    }
    let mut lines = vec![format!(
        "{:<10} {:>12} {:>9} {:>7} {:>9} {:>6}   {}",
        "", "requirements", "testable", "tested", "deviates", "todo", "MUST and SHOULD"
    )];
    lines.extend(rfcs.iter().map(|(name, counts)| counts.line(name)));
    lines.push(total.line("all"));
    lines.join("\n")
}
