//! Virtual time: nanoseconds since the stack was made, the kernel's jiffies, and its timer wheel.
//!
//! Linux: include/linux/jiffies.h, kernel/time/timer.c. There is no conversion from `std::time`;
//! whoever drives the stack passes every `Instant` in. How long a tick is, [`Hz`] says.

mod hz;
mod wheel;

use std::time::Duration;

pub use hz::{Hz, Jiffies};
pub use wheel::{Wheel, WheelTimer, apply_slack, calc_wheel_index};

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

    /// Whole seconds since the epoch (Linux: ktime_get_seconds).
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0 / 1_000_000_000
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

    /// `self` earlier by `secs` seconds, but not before the epoch.
    #[must_use]
    pub const fn minus_secs(self, secs: u64) -> Self {
        Self(self.0.saturating_sub(secs.saturating_mul(1_000_000_000)))
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

    /// Seconds that began between `earlier` and `self`; 0 when `earlier` is later.
    #[must_use]
    pub const fn secs_since(self, earlier: Self) -> u64 {
        self.as_secs().saturating_sub(earlier.as_secs())
    }
}

#[cfg(test)]
mod tests;
