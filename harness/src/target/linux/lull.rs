//! What need not be asked twice.
//!
//! In a guest there is one processor, its time passes only while everything sleeps, and the threads
//! of a script run before the runner's does. So from one deed of the runner to the next, or to its
//! next sleep, nothing happens, no state changes and the clock stands still (but for the one
//! nanosecond of each reading). On a real clock there are no lulls.

use std::collections::BTreeMap;

use super::clock;
use super::launch::Passage;
use crate::target::{FlowKey, TcpState};

/// What is known to be as it was.
pub(super) struct Lull {
    possible: bool,
    now_ns: Option<i64>,
    collected: bool,
    states: BTreeMap<FlowKey, TcpState>,
}

impl Lull {
    /// Nothing is known yet.
    pub(super) fn new(passage: Passage) -> Self {
        let possible = passage != Passage::Machine;
        Self { possible, now_ns: None, collected: false, states: BTreeMap::new() }
    }

    /// The runner did something.
    pub(super) fn disturb(&mut self) {
        self.collected = false;
        self.states.clear();
    }

    /// The runner slept, or may have.
    pub(super) fn end(&mut self) {
        self.disturb();
        self.now_ns = None;
    }

    /// CLOCK_REALTIME, as of the beginning of the lull.
    pub(super) fn now_ns(&mut self) -> i64 {
        match self.now_ns {
            Some(now_ns) => now_ns,
            None => self.exact_now_ns(),
        }
    }

    /// CLOCK_REALTIME, if it stands still.
    pub(super) fn still_ns(&self) -> Option<i64> {
        self.now_ns
    }

    /// CLOCK_REALTIME to the nanosecond.
    pub(super) fn exact_now_ns(&mut self) -> i64 {
        let now_ns = clock::realtime_ns();
        self.now_ns = Some(now_ns).filter(|_| self.possible);
        now_ns
    }

    /// Everything that has happened was collected.
    pub(super) fn is_collected(&self) -> bool {
        self.collected
    }

    /// Everything that has happened is collected now.
    pub(super) fn set_collected(&mut self) {
        self.collected = self.possible;
    }

    /// The state of `flow`, if it was asked for since the last deed.
    pub(super) fn state(&self, flow: &FlowKey) -> Option<TcpState> {
        self.states.get(flow).copied()
    }

    /// The state of `flow` was asked for.
    pub(super) fn set_state(&mut self, flow: FlowKey, state: TcpState) {
        if self.possible {
            self.states.insert(flow, state);
        }
    }
}
