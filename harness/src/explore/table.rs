//! State × event, and what each target did: what a campaign comes to.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::journal::{Ended, Record};

/// What was done in one state with one event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// What each target did at the plain event.
    pub plain: Option<Vec<String>>,
    /// Cases, variants included.
    pub cases: u64,
    /// Answers of the first target, with how often each was given.
    pub answers: BTreeMap<String, u64>,
    /// Cases in which targets differ.
    pub differ: u64,
    /// Cases in which they differ as recorded.
    pub known: u64,
    /// Cases that could not be compared.
    pub incomparable: u64,
}

/// All cells.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// With the number of the first case of each, by which they are sorted.
    states: BTreeMap<String, u64>,
    events: BTreeMap<String, u64>,
    /// By state and event.
    cells: BTreeMap<(String, String), Cell>,
    /// Reasons why cases could not be compared.
    reasons: BTreeMap<String, u64>,
    /// Cases of each recorded difference.
    known: BTreeMap<String, u64>,
    /// Cases of each class of differences.
    classes: BTreeMap<String, u64>,
}

impl Table {
    /// One more case.
    pub fn add(&mut self, record: &Record) {
        note(&mut self.states, &record.state, record.n);
        note(&mut self.events, &record.event, record.n);
        let at = (record.state.clone(), record.event.clone());
        let cell = self.cells.entry(at).or_default();
        cell.cases += 1;
        if let Some(first) = record.did.first() {
            *cell.answers.entry(first.clone()).or_default() += 1;
        }
        if record.variant.is_empty() {
            cell.plain = Some(record.did.clone());
        }
        match &record.ended {
            Ended::Agree => {}
            Ended::Differ(class) => {
                cell.differ += 1;
                *self.classes.entry(class.clone()).or_default() += 1;
            }
            Ended::Known(id) => {
                cell.known += 1;
                *self.known.entry(id.clone()).or_default() += 1;
            }
            Ended::Incomparable(why) => {
                cell.incomparable += 1;
                *self.reasons.entry(why.clone()).or_default() += 1;
            }
        }
    }

    /// Cases in all, cases that differ, cases that could not be compared.
    #[must_use]
    pub fn totals(&self) -> (u64, u64, u64) {
        self.cells.values().fold((0, 0, 0), |(cases, differ, not), cell| {
            (cases + cell.cases, differ + cell.differ, not + cell.incomparable)
        })
    }

    /// Cases of each recorded difference, by its id.
    #[must_use]
    pub fn known(&self) -> &BTreeMap<String, u64> {
        &self.known
    }

    /// Cases of each class of differences.
    #[must_use]
    pub fn classes(&self) -> &BTreeMap<String, u64> {
        &self.classes
    }

    /// The cell of a state and an event.
    #[must_use]
    pub fn cell(&self, state: &str, event: &str) -> Option<&Cell> {
        self.cells.get(&(state.to_owned(), event.to_owned()))
    }

    /// As text: for each state its events, with what the targets `names` did.
    #[must_use]
    pub fn text(&self, names: &[String]) -> String {
        let mut text = String::new();
        let (states, events) = (in_order(&self.states), in_order(&self.events));
        let width = events.iter().map(|event| event.len()).max().unwrap_or(0);
        for state in states {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{state}");
            let cells = events.iter().map(|event| (event, self.cell(state, event)));
            for (event, cell) in cells.filter_map(|(event, cell)| Some((event, cell?))) {
                let _ = writeln!(text, "  {event:width$}  {}", cell.text(names));
            }
            text.push('\n');
        }
        for (why, count) in &self.reasons {
            let _ = writeln!(text, "incomparable, {count} cases: {why}");
        }
        text
    }
}

impl Cell {
    fn text(&self, names: &[String]) -> String {
        let plain = match &self.plain {
            None => self.answers.keys().next().cloned().unwrap_or_default(),
            Some(did) if did.windows(2).all(|pair| pair.first() == pair.last()) => {
                did.first().cloned().unwrap_or_default()
            }
            Some(did) => {
                let each = names.iter().zip(did).map(|(name, did)| format!("{name}: {did}"));
                each.collect::<Vec<_>>().join("  |  ")
            }
        };
        let mut notes = Vec::new();
        if self.cases > 1 {
            notes.push(format!("{} cases, {} answers", self.cases, self.answers.len()));
        }
        if self.differ > 0 {
            notes.push(format!("{} DIFFER", self.differ));
        }
        if self.known > 0 {
            notes.push(format!("{} as recorded", self.known));
        }
        if self.incomparable > 0 {
            notes.push(format!("{} incomparable", self.incomparable));
        }
        if notes.is_empty() { plain } else { format!("{plain}  ({})", notes.join(", ")) }
    }
}

fn note(known: &mut BTreeMap<String, u64>, name: &str, number: u64) {
    let first = known.entry(name.to_owned()).or_insert(number);
    *first = number.min(*first);
}

fn in_order(known: &BTreeMap<String, u64>) -> Vec<&str> {
    let mut names: Vec<(u64, &str)> = known.iter().map(|(name, n)| (*n, name.as_str())).collect();
    names.sort_unstable();
    names.into_iter().map(|(_, name)| name).collect()
}
