//! What a stack's trace shows, as keys: edges of the state table, what became of segments in which
//! state, timers, states of loss recovery. Noted for libFuzzer, and counted for reports.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use synproof_stack::input::{Disposition, DropReason, ResetReason};
use synproof_stack::state::edges::EDGES;
use synproof_stack::state::{Event, TcpState};
use synproof_stack::trace::{Trace, TraceEvent};

use crate::feedback;

/// Where each kind of key begins; what lies between is room.
const DISPOSITIONS: usize = 128;
const PER_STATE: usize = 64;
const TIMERS: usize = 1024;
const CA_STATES: usize = 1072;
const KEYS: usize = 1088;

/// How often each key was reached in this process.
static COUNTS: [AtomicU64; KEYS] = [const { AtomicU64::new(0) }; KEYS];

/// Something was reached for the first time since somebody asked.
static IS_NEWS: AtomicBool = AtomicBool::new(false);

/// Whether something was reached for the first time since this was asked last.
pub fn take_news() -> bool {
    IS_NEWS.swap(false, Ordering::Relaxed)
}

/// Notes everything in the trace, and empties it.
pub fn note(trace: &mut Trace) {
    for event in trace.drain() {
        if let Some(key) = key(&event) {
            feedback::note(key);
            if let Some(count) = COUNTS.get(key) {
                let before = count.fetch_add(1, Ordering::Relaxed);
                IS_NEWS.fetch_or(before == 0, Ordering::Relaxed);
            }
        }
    }
}

fn key(event: &TraceEvent) -> Option<usize> {
    match event {
        TraceEvent::StateChanged { from, event, .. } => edge(*from, *event),
        TraceEvent::SegmentIn { state, disposition, .. } => {
            let of_state = DISPOSITIONS + usize::from(state.number() - 1) * PER_STATE;
            Some(of_state + index(*disposition))
        }
        TraceEvent::TimerFired { timer, .. } => Some(TIMERS + *timer as usize),
        TraceEvent::CaStateChanged { to, .. } => Some(CA_STATES + *to as usize),
        TraceEvent::SegmentOut { .. } => None,
    }
}

fn edge(from: TcpState, event: Event) -> Option<usize> {
    EDGES.iter().position(|edge| edge.from == from && edge.event == event)
}

/// Below [`PER_STATE`].
fn index(disposition: Disposition) -> usize {
    match disposition {
        Disposition::Queued => 0,
        Disposition::Consumed => 1,
        Disposition::Dropped(reason) => 2 + reason as usize,
        Disposition::Reset(reason) => 2 + DropReason::ALL.len() + reason as usize,
    }
}

/// One key that can be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// `edge`, `drop`, `reset` or `done`.
    pub kind: String,
    /// State before.
    pub state: String,
    /// Event, or what became of the segment.
    pub what: String,
    /// How often; absent from a list of all there are.
    #[serde(default)]
    pub count: u64,
}

/// Every edge, and every disposition in every state in which it was seen, with their counts.
#[must_use]
pub fn marks() -> Vec<Mark> {
    let count = |key: usize| COUNTS.get(key).map_or(0, |count| count.load(Ordering::Relaxed));
    let mut marks: Vec<Mark> = EDGES
        .iter()
        .enumerate()
        .map(|(at, edge)| mark("edge", edge.from, format!("{:?}", edge.event), count(at)))
        .collect();
    for state in TcpState::ALL {
        let base = DISPOSITIONS + usize::from(state.number() - 1) * PER_STATE;
        for (kind, what, at) in dispositions() {
            let count = count(base + at);
            if count > 0 {
                marks.push(mark(kind, state, what, count));
            }
        }
    }
    marks
}

fn mark(kind: &str, state: TcpState, what: String, count: u64) -> Mark {
    Mark { kind: kind.into(), state: state.linux_name().into(), what, count }
}

/// Kind, name and index of every disposition.
fn dispositions() -> impl Iterator<Item = (&'static str, String, usize)> {
    let done = [Disposition::Queued, Disposition::Consumed];
    let done = done.into_iter().map(|done| ("done", format!("{done:?}"), index(done)));
    let drops = DropReason::ALL.iter().map(|reason| {
        ("drop", reason.linux_name().to_owned(), index(Disposition::Dropped(*reason)))
    });
    let resets = ResetReason::ALL
        .iter()
        .map(|reason| ("reset", format!("{reason:?}"), index(Disposition::Reset(*reason))));
    done.chain(drops).chain(resets)
}

/// Names of every drop reason and reset reason there is.
#[must_use]
pub fn reasons() -> Vec<(&'static str, String)> {
    dispositions().map(|(kind, what, _)| (kind, what)).collect()
}

/// Shares: edges reached of all; drop reasons; reset reasons.
#[must_use]
pub fn shares(marks: &[Mark]) -> BTreeMap<&'static str, (usize, usize)> {
    let distinct = |kind: &str| {
        let mut whats: Vec<&str> = marks
            .iter()
            .filter(|mark| mark.kind == kind && mark.count > 0)
            .map(|mark| mark.what.as_str())
            .collect();
        whats.sort_unstable();
        whats.dedup();
        whats.len()
    };
    let edges = marks.iter().filter(|mark| mark.kind == "edge" && mark.count > 0).count();
    BTreeMap::from([
        ("edges", (edges, EDGES.len())),
        ("drops", (distinct("drop"), DropReason::ALL.len())),
        ("resets", (distinct("reset"), ResetReason::ALL.len())),
    ])
}
