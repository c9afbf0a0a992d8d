//! The timers of a socket: which are armed and when they go off.
//!
//! Linux: icsk_retransmit_timer (four purposes, one timer), icsk_delack_timer, sk_timer and the
//! compressed-ACK and pacing hrtimers. One slot per kernel timer, so that arming one purpose disarms another
//! exactly where Linux does.

use crate::time::Instant;

/// A timer of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// ICSK_TIME_RETRANS
    Retransmit,
    /// ICSK_TIME_PROBE0
    Probe0,
    /// ICSK_TIME_LOSS_PROBE
    LossProbe,
    /// ICSK_TIME_REO_TIMEOUT
    ReoTimeout,
    /// ICSK_TIME_DACK
    Delack,
    /// sk_timer: keepalive, and FIN-WAIT-2 before the socket is handed over.
    Keepalive,
    /// tcp_compressed_ack_kick's hrtimer
    CompressedAck,
    /// tcp_pace_kick's hrtimer
    Pacing,
    /// SYN-ACK of a half-open connection (rsk_timer)
    SynAck,
    /// 2MSL (tw_timer)
    TimeWait,
}

/// The kernel timer a purpose occupies.
const fn slot(timer: Timer) -> Option<usize> {
    match timer {
        Timer::Retransmit | Timer::Probe0 | Timer::LossProbe | Timer::ReoTimeout => Some(0),
        Timer::Delack => Some(1),
        Timer::Keepalive => Some(2),
        Timer::CompressedAck => Some(3),
        Timer::Pacing => Some(4),
        Timer::SynAck | Timer::TimeWait => None,
    }
}

const SLOTS: usize = 5;

/// Armed timers.
#[derive(Clone, Debug, Default)]
pub(crate) struct TimerTable {
    armed: [Option<(Instant, Timer)>; SLOTS],
}

impl TimerTable {
    /// Arms `timer` for `at`; whatever shared its kernel timer is disarmed.
    pub(crate) fn arm(&mut self, timer: Timer, at: Instant) {
        if let Some(entry) = slot(timer).and_then(|index| self.armed.get_mut(index)) {
            *entry = Some((at, timer));
        }
    }

    /// Disarms the kernel timer behind `timer`, whatever its purpose.
    pub(crate) fn stop(&mut self, timer: Timer) {
        if let Some(entry) = slot(timer).and_then(|index| self.armed.get_mut(index)) {
            *entry = None;
        }
    }

    /// Disarms everything (Linux: tcp_clear_xmit_timers and sk_stop_timer).
    pub(crate) fn stop_all(&mut self) {
        self.armed = [None; SLOTS];
    }

    /// The purpose the retransmission timer is armed for (icsk_pending).
    pub(crate) fn pending(&self) -> Option<Timer> {
        self.armed.first().copied().flatten().map(|(_, timer)| timer)
    }

    /// When `timer` goes off, if it is armed for that purpose.
    pub(crate) fn deadline(&self, timer: Timer) -> Option<Instant> {
        let entry = slot(timer).and_then(|index| self.armed.get(index)).copied().flatten();
        entry.filter(|(_, armed)| *armed == timer).map(|(at, _)| at)
    }

    /// The next timer to go off.
    pub(crate) fn next(&self) -> Option<(Instant, Timer)> {
        self.armed.iter().copied().flatten().min()
    }
}
