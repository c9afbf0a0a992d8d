//! What happened inside, event by event: for tests, coverage keys and people.
//!
//! The trace is off until asked for, and bounded: the oldest events go first.

use std::collections::VecDeque;

use crate::congestion::CaState;
use crate::flow::Flow;
use crate::input::Disposition;
use crate::seq::Seq;
use crate::state::{Event, TcpState};
use crate::time::Instant;
use crate::timer::Timer;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceEvent {
    /// A connection moved along an edge.
    StateChanged {
        /// When.
        at: Instant,
        /// Which connection.
        flow: Flow,
        /// State before.
        from: TcpState,
        /// What moved it.
        event: Event,
        /// State after.
        to: TcpState,
    },
    /// A segment arrived and was dealt with.
    SegmentIn {
        /// When.
        at: Instant,
        /// From the receiver's side.
        flow: Flow,
        /// SEG.SEQ
        seq: Seq,
        /// State it found; CLOSE when there was no socket.
        state: TcpState,
        /// What became of it.
        disposition: Disposition,
    },
    /// A segment left.
    SegmentOut {
        /// When.
        at: Instant,
        /// Which connection.
        flow: Flow,
        /// SEG.SEQ
        seq: Seq,
        /// Payload bytes.
        payload_len: usize,
    },
    /// A timer went off.
    TimerFired {
        /// When.
        at: Instant,
        /// Which connection.
        flow: Flow,
        /// Which timer.
        timer: Timer,
    },
    /// The loss recovery machine changed its state.
    CaStateChanged {
        /// When.
        at: Instant,
        /// Which connection.
        flow: Flow,
        /// State after.
        to: CaState,
    },
}

/// Most events kept.
const CAPACITY: usize = 65_536;

/// The events so far.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    enabled: bool,
    events: VecDeque<TraceEvent>,
}

impl Trace {
    /// Starts keeping events.
    pub fn enable(&mut self) {
        self.enabled = true;
    }

    /// Keeps `event`, if anybody listens.
    pub(crate) fn push(&mut self, event: TraceEvent) {
        if !self.enabled {
            return;
        }
        if self.events.len() == CAPACITY {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// The events so far, oldest first; they are gone afterwards.
    pub fn drain(&mut self) -> impl Iterator<Item = TraceEvent> + '_ {
        self.events.drain(..)
    }

    /// The events so far, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &TraceEvent> {
        self.events.iter()
    }
}
