//! How a sender spends its time: busy, or limited by the peer's window or its own buffer.
//!
//! Linux: tcp_chrono_start, tcp_chrono_stop (net/ipv4/tcp_output.c), for TCP_INFO only.

use crate::time::Jiffies;

/// What limits the sender; the later ones matter more (enum tcp_chrono).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Chrono {
    /// TCP_CHRONO_BUSY
    Busy,
    /// TCP_CHRONO_RWND_LIMITED
    RwndLimited,
    /// TCP_CHRONO_SNDBUF_LIMITED
    SndbufLimited,
}

/// One stopwatch with three counters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chronograph {
    running: Option<(Chrono, Jiffies)>,
    /// Ticks spent in each.
    ticks: [u64; 3],
}

impl Chronograph {
    /// `what` begins, unless something that matters more is going on.
    pub(crate) fn start(&mut self, what: Chrono, now: Jiffies) {
        if self.running.is_none_or(|(present, _)| what > present) {
            self.set(Some(what), now);
        }
    }

    /// `what` is over: the sender is busy, or idle if its queues are empty.
    pub(crate) fn stop(&mut self, what: Chrono, queues_empty: bool, now: Jiffies) {
        if queues_empty {
            self.set(None, now);
        } else if self.running.is_some_and(|(present, _)| present == what) {
            self.set(Some(Chrono::Busy), now);
        }
    }

    /// Ticks spent in `what` so far.
    pub(crate) fn spent(&self, what: Chrono, now: Jiffies) -> u64 {
        let running = self.running.filter(|(present, _)| *present == what);
        let extra = running.map_or(0, |(_, since)| u64::from(now.since(since)));
        self.ticks.get(what as usize).copied().unwrap_or(0) + extra
    }

    fn set(&mut self, new: Option<Chrono>, now: Jiffies) {
        if let Some((old, since)) = self.running
            && let Some(ticks) = self.ticks.get_mut(old as usize)
        {
            *ticks += u64::from(now.since(since));
        }
        self.running = new.map(|what| (what, now));
    }
}
