//! Both logs side by side, around a difference.

use serde::{Deserialize, Serialize};

use super::verdict::Divergence;
use super::view::View;
use crate::engine::log::{Entry, RunLog, What};
use crate::target::ScriptTime;

/// Things the script did that are shown before and after.
const BEFORE: usize = 4;
const AFTER: usize = 2;
/// Entries of one side that are shown at most.
const MOST: usize = 48;

/// One line of both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// On the left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<Cell>,
    /// On the right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub right: Option<Cell>,
    /// It is the difference.
    pub here: bool,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// When.
    pub at: ScriptTime,
    /// 1-based line of the script.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// In script notation.
    pub text: String,
}

/// What happened around `divergence`, both sides side by side: equal things in one row.
#[must_use]
pub fn timeline(left: &RunLog, right: &RunLog, divergence: &Divergence) -> Vec<Row> {
    let l = window(left, divergence, true);
    let r = window(right, divergence, false);
    let key = |log: &RunLog, at: usize| log.entries.get(at).map(|entry| entry.what.to_string());
    let l_keys: Vec<_> = l.iter().map(|at| key(left, *at)).collect();
    let r_keys: Vec<_> = r.iter().map(|at| key(right, *at)).collect();
    let here = |seen: Option<usize>, at: usize| seen == Some(at);
    let l_here = divergence.left.as_ref().map(|seen| seen.entry);
    let r_here = divergence.right.as_ref().map(|seen| seen.entry);
    let mut rows = Vec::new();
    for (i, j) in alignment(&l_keys, &r_keys) {
        let (i, j) = (i.and_then(|i| l.get(i)), j.and_then(|j| r.get(j)));
        let mark = i.is_some_and(|i| here(l_here, *i)) || j.is_some_and(|j| here(r_here, *j));
        let cell =
            |log: &RunLog, at: Option<&usize>| at.and_then(|at| log.entries.get(*at)).map(cell);
        rows.push(Row { left: cell(left, i), right: cell(right, j), here: mark });
    }
    rows
}

fn cell(entry: &Entry) -> Cell {
    Cell { at: entry.at, line: entry.line, text: entry.what.to_string() }
}

/// The entries around the difference. Samples are shown where they are the difference.
fn window(log: &RunLog, divergence: &Divergence, is_left: bool) -> Vec<usize> {
    let view = View::new(log);
    let seen = if is_left { &divergence.left } else { &divergence.right };
    let own = seen.as_ref().map(|seen| seen.entry);
    // The side that did nothing is shown around the moment.
    let at = own.unwrap_or_else(|| log.entries.partition_point(|e| e.at <= divergence.at));
    let done = view.stimuli_before(at);
    let start = done.checked_sub(BEFORE).and_then(|k| view.stimuli.get(k)).map_or(0, |s| s.entry);
    let end = view.stimuli.get(done + AFTER).map_or(log.entries.len(), |s| s.entry);
    let shown = |index: &usize| {
        own == Some(*index)
            || log.entries.get(*index).is_some_and(|entry| {
                !matches!(entry.what, What::Info { .. } | What::Ready { .. } | What::Call { .. })
            })
    };
    let all: Vec<_> = (start..end.max(at + 1).min(log.entries.len())).filter(shown).collect();
    let from = all.iter().position(|index| *index >= at).unwrap_or(all.len());
    let from = from.saturating_sub(MOST / 2);
    all.into_iter().skip(from).take(MOST).collect()
}

/// A longest common subsequence as rows; what stands alone on both sides shares no row.
fn alignment<T: PartialEq>(l: &[T], r: &[T]) -> Vec<(Option<usize>, Option<usize>)> {
    let width = r.len() + 1;
    let mut longest = vec![0_usize; (l.len() + 1) * width];
    let get = |table: &[usize], i: usize, j: usize| table.get(i * width + j).copied().unwrap_or(0);
    for (i, left) in l.iter().enumerate().rev() {
        for (j, right) in r.iter().enumerate().rev() {
            let value = if left == right {
                get(&longest, i + 1, j + 1) + 1
            } else {
                get(&longest, i + 1, j).max(get(&longest, i, j + 1))
            };
            if let Some(slot) = longest.get_mut(i * width + j) {
                *slot = value;
            }
        }
    }
    let (mut i, mut j, mut rows) = (0, 0, Vec::new());
    while i < l.len() || j < r.len() {
        let same = l.get(i).zip(r.get(j)).is_some_and(|(left, right)| left == right);
        let skip_left = get(&longest, i + 1, j) >= get(&longest, i, j + 1);
        if same {
            rows.push((Some(i), Some(j)));
            i += 1;
            j += 1;
        } else if i < l.len() && (j >= r.len() || skip_left) {
            rows.push((Some(i), None));
            i += 1;
        } else {
            rows.push((None, Some(j)));
            j += 1;
        }
    }
    rows
}
