//! Virtual time: nanoseconds since the stack was made, and the kernel's jiffies.
//!
//! Linux: include/linux/jiffies.h, kernel/time/timer.c. There is no conversion from `std::time`;
//! whoever drives the stack passes every `Instant` in.

use std::time::Duration;

/// Ticks per second. Everything that Linux counts in jiffies is counted in milliseconds here.
pub const HZ: u64 = 1000;

const NANOS_PER_SEC: u64 = 1_000_000_000;
/// Length of one tick in nanoseconds (Linux: TICK_NSEC).
pub const TICK_NS: u64 = NANOS_PER_SEC / HZ;

/// A point in virtual time: nanoseconds since the stack's epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub u64);

impl Instant {
    /// The epoch.
    pub const ZERO: Self = Self(0);
    /// Later than every timer.
    pub const MAX: Self = Self(u64::MAX);

    /// `us` microseconds after the epoch.
    #[must_use]
    pub const fn from_micros(us: u64) -> Self {
        Self(us.saturating_mul(1000))
    }

    /// `ms` milliseconds after the epoch.
    #[must_use]
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms.saturating_mul(1_000_000))
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whole microseconds since the epoch (Linux: tcp_mstamp).
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0 / 1000
    }

    /// Whole milliseconds since the epoch (Linux: tcp_clock_ms, the unit of timestamps).
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// `self` later by `by`.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// `self` later by `us` microseconds.
    #[must_use]
    pub const fn plus_micros(self, us: u64) -> Self {
        Self(self.0.saturating_add(us.saturating_mul(1000)))
    }

    /// `self` later by `ns` nanoseconds.
    #[must_use]
    pub const fn plus_nanos(self, ns: u64) -> Self {
        Self(self.0.saturating_add(ns))
    }

    /// Whole microseconds from `earlier` to `self`; 0 when `earlier` is later.
    #[must_use]
    pub const fn micros_since(self, earlier: Self) -> u64 {
        self.as_micros().saturating_sub(earlier.as_micros())
    }

    /// Nanoseconds from `earlier` to `self`; 0 when `earlier` is later.
    #[must_use]
    pub const fn nanos_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The tick counter at this point.
    #[must_use]
    pub const fn jiffies(self) -> Jiffies {
        Jiffies(self.0 / TICK_NS)
    }
}

/// A tick count: a point in time when it comes from [`Instant::jiffies`], a span otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Jiffies(pub u64);

impl Jiffies {
    /// The moment this tick happens.
    #[must_use]
    pub const fn instant(self) -> Instant {
        Instant(self.0.saturating_mul(TICK_NS))
    }

    /// `n` ticks later.
    #[must_use]
    pub const fn plus(self, n: u64) -> Self {
        Self(self.0.saturating_add(n))
    }

    /// The low 32 bits, which is what Linux stores as `tcp_jiffies32`.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "tcp_jiffies32 is the low half")]
    pub const fn low32(self) -> u32 {
        self.0 as u32
    }
}

/// When a timer armed at `now` for `delta` jiffies goes off: on a tick, never early.
///
/// Linux: mod_timer (kernel/time/timer.c) · Differs: the wheel's coarser levels are not modelled;
/// [`wheel_expiry`] says what they would add.
#[must_use]
pub const fn timer_deadline(now: Instant, delta: u64) -> Instant {
    Jiffies(now.0.div_ceil(TICK_NS)).plus(delta).instant()
}

/// The tick at which the kernel's timer wheel serves a timer armed at tick `now` for `expires`.
///
/// Level n has a granularity of 8ⁿ ticks and 64 buckets, and the wheel rounds up so that no timer
/// fires early; a timer of one second may therefore be up to 64 ms late.
///
/// Linux: calc_wheel_index (kernel/time/timer.c)
#[must_use]
pub const fn wheel_expiry(now: Jiffies, expires: Jiffies) -> Jiffies {
    let delta = expires.0.saturating_sub(now.0);
    let mut shift = 0;
    while shift < LAST_LEVEL_SHIFT && delta >= LEVEL_BUCKETS.saturating_sub(1) << shift {
        shift += LEVEL_CLK_SHIFT;
    }
    Jiffies(((expires.0 >> shift) + 1) << shift)
}

// LVL_SIZE, LVL_CLK_SHIFT and LVL_DEPTH - 1 of kernel/time/timer.c for HZ > 100.
const LEVEL_BUCKETS: u64 = 64;
const LEVEL_CLK_SHIFT: u32 = 3;
const LAST_LEVEL_SHIFT: u32 = 8 * LEVEL_CLK_SHIFT;

/// Linux: usecs_to_jiffies — rounds up, so that a timer never fires early.
#[must_use]
pub const fn usecs_to_jiffies(us: u64) -> u64 {
    us.div_ceil(1_000_000 / HZ)
}

/// Linux: msecs_to_jiffies — exact, because a tick is a millisecond.
#[must_use]
pub const fn msecs_to_jiffies(ms: u64) -> u64 {
    ms.saturating_mul(HZ).div_ceil(1000)
}

/// Linux: nsecs_to_jiffies — rounds down, unlike its siblings.
#[must_use]
pub const fn nsecs_to_jiffies(ns: u64) -> u64 {
    ns / TICK_NS
}

/// Linux: jiffies_to_usecs
#[must_use]
pub const fn jiffies_to_usecs(jiffies: u64) -> u64 {
    jiffies.saturating_mul(1_000_000 / HZ)
}

/// Linux: jiffies_to_msecs
#[must_use]
pub const fn jiffies_to_msecs(jiffies: u64) -> u64 {
    jiffies.saturating_mul(1000) / HZ
}

#[cfg(test)]
mod tests;
