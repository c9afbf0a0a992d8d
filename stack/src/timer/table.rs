//! The timers of a socket: which are armed and when they go off.
//!
//! Linux: icsk_retransmit_timer (four purposes, one timer), icsk_delack_timer, sk_timer and the
//! compressed-ACK and pacing hrtimers. One slot per kernel timer, so that arming one purpose disarms another
//! exactly where Linux does.

use crate::time::{Instant, Jiffies, WheelTimer};

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
    /// ICSK_TIME_EARLY_RETRANS, of kernels before 4.11
    EarlyRetrans,
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

impl Timer {
    /// Armed in the place of the retransmission timer, to be followed by it.
    pub(super) const fn stands_in_for_retransmit(self) -> bool {
        matches!(self, Self::ReoTimeout | Self::LossProbe | Self::EarlyRetrans)
    }

    /// Armed with mod_timer(), not a timer of high resolution.
    pub(super) const fn is_on_wheel(self) -> bool {
        !matches!(self, Self::CompressedAck | Self::Pacing)
    }
}

/// The kernel timer a purpose occupies.
const fn slot(timer: Timer) -> Option<usize> {
    match timer {
        Timer::Retransmit
        | Timer::Probe0
        | Timer::LossProbe
        | Timer::ReoTimeout
        | Timer::EarlyRetrans => Some(0),
        Timer::Delack => Some(1),
        Timer::Keepalive => Some(2),
        Timer::CompressedAck => Some(3),
        Timer::Pacing => Some(4),
        Timer::SynAck | Timer::TimeWait => None,
    }
}

const SLOTS: usize = 5;

/// One armed kernel timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Armed {
    /// When it goes off: first, so that timers sort by it.
    due: Instant,
    timer: Timer,
    /// The tick a timer of the wheel was asked for.
    expires: Option<Jiffies>,
}

/// Armed timers.
#[derive(Clone, Debug, Default)]
pub(crate) struct TimerTable {
    armed: [Option<Armed>; SLOTS],
    /// What the retransmission timer was asked for last (icsk_timeout).
    timeout: Jiffies,
}

impl TimerTable {
    /// Arms a timer of high resolution for exactly `at`.
    pub(crate) fn arm_exact(&mut self, timer: Timer, at: Instant) {
        self.put(Armed { due: at, timer, expires: None });
    }

    /// Arms `timer` on the wheel; whatever shared its kernel timer is disarmed. A kernel timer that
    /// waits for the very same tick stays in its bucket, however coarse that is.
    ///
    /// Linux: sk_reset_timer (net/core/sock.c), __mod_timer (kernel/time/timer.c)
    pub(crate) fn arm(&mut self, timer: Timer, asked: WheelTimer) {
        let waiting = self.slot(timer).filter(|armed| armed.expires == Some(asked.expires));
        let due = waiting.map_or(asked.due, |armed| armed.due);
        if slot(timer) == slot(Timer::Retransmit) {
            self.timeout = asked.expires;
        }
        self.put(Armed { due, timer, expires: Some(asked.expires) });
    }

    fn put(&mut self, armed: Armed) {
        if let Some(entry) = slot(armed.timer).and_then(|index| self.armed.get_mut(index)) {
            *entry = Some(armed);
        }
    }

    fn slot(&self, timer: Timer) -> Option<Armed> {
        slot(timer).and_then(|index| self.armed.get(index)).copied().flatten()
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
        self.slot(Timer::Retransmit).map(|armed| armed.timer)
    }

    /// The tick the retransmission timer was last asked for (icsk_timeout).
    pub(crate) const fn icsk_timeout(&self) -> Jiffies {
        self.timeout
    }

    /// `timer` is armed for that purpose.
    pub(crate) fn is_armed(&self, timer: Timer) -> bool {
        self.slot(timer).is_some_and(|armed| armed.timer == timer)
    }

    /// The tick that `timer` was asked for, if it is armed and on the wheel.
    pub(crate) fn expires(&self, timer: Timer) -> Option<Jiffies> {
        self.slot(timer).filter(|armed| armed.timer == timer)?.expires
    }

    /// The next timer to go off.
    pub(crate) fn next(&self) -> Option<(Instant, Timer)> {
        self.armed.iter().copied().flatten().min().map(|armed| (armed.due, armed.timer))
    }
}
