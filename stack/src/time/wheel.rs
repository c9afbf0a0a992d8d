//! The timer wheel: which tick serves a timer that was asked for another.
//!
//! Linux: kernel/time/timer.c. A wheel has levels of 64 buckets; a bucket of level n is served every
//! 8ⁿ ticks, and a timer goes into the lowest level that reaches as far as it asks for, into the
//! first bucket that is not too early. So a timer fires up to an eighth of its time late, and equally
//! late whenever it is armed at the same place of the wheel. Timers of TCP that Linux arms with
//! mod_timer() go through here; those of high resolution (pacing, compressed ACKs) are exact.

use super::{Hz, Instant, Jiffies};

// LVL_SIZE, LVL_CLK_SHIFT and LVL_DEPTH of kernel/time/timer.c.
const LVL_SIZE: u64 = 64;
const LVL_CLK_SHIFT: u32 = 3;
const LVL_DEPTH: u32 = 9;
/// With a hundred ticks per second and less there is one level fewer.
const LVL_DEPTH_SLOW: u32 = 8;

/// The wheel of a host.
#[derive(Clone, Copy, Debug)]
pub struct Wheel {
    hz: Hz,
    /// The first tick that is not served yet (Linux: timer_base.clk).
    clk: Jiffies,
}

/// A timer as it was asked for and as it will be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WheelTimer {
    /// When it goes off: first, so that timers sort by it.
    pub due: Instant,
    /// The tick it was asked for (Linux: timer_list.expires).
    pub expires: Jiffies,
}

impl Wheel {
    /// A wheel on which nothing has happened.
    #[must_use]
    pub const fn new(hz: Hz) -> Self {
        Self { hz, clk: Jiffies(0) }
    }

    /// Arms a timer at `now` for `delta` ticks later.
    #[must_use]
    pub fn after(&self, now: Instant, delta: u64) -> WheelTimer {
        self.at(now, self.hz.jiffies(now).plus(delta))
    }

    /// Arms a timer at `now` for the tick `expires`.
    ///
    /// Linux: mod_timer
    #[must_use]
    pub fn at(&self, now: Instant, expires: Jiffies) -> WheelTimer {
        let served = calc_wheel_index(self.base_clk(now), expires, self.depth());
        WheelTimer { due: self.hz.instant(served), expires }
    }

    /// The timers of the tick at `at` are about to run: whatever they arm is for later ticks.
    ///
    /// Linux: __run_timers
    pub fn runs(&mut self, at: Instant) {
        self.clk = self.clk.max(self.hz.jiffies(at).plus(1));
    }

    /// Where the wheel stands: at the present tick, or behind it once that was served.
    ///
    /// Linux: forward_timer_base
    fn base_clk(&self, now: Instant) -> Jiffies {
        self.clk.max(self.hz.jiffies(now))
    }

    const fn depth(&self) -> u32 {
        if self.hz.per_sec() > 100 { LVL_DEPTH } else { LVL_DEPTH_SLOW }
    }
}

/// The tick at which a wheel of `depth` levels that stands at `clk` serves a timer for `expires`.
///
/// Linux: calc_wheel_index, calc_index
#[must_use]
pub const fn calc_wheel_index(clk: Jiffies, expires: Jiffies, depth: u32) -> Jiffies {
    let Some(delta) = expires.0.checked_sub(clk.0) else {
        return clk;
    };
    let last = depth.saturating_sub(1) * LVL_CLK_SHIFT;
    let mut shift = 0;
    while shift < last && delta >= (LVL_SIZE - 1) << shift {
        shift += LVL_CLK_SHIFT;
    }
    // Whoever asks for more than the wheel holds gets all of it.
    let cutoff = (LVL_SIZE - 1) << last;
    let expires =
        if delta >= cutoff { clk.0.saturating_add(cutoff - (1 << last)) } else { expires.0 };
    Jiffies(((expires >> shift) + 1) << shift)
}
