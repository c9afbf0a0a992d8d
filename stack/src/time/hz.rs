//! The length of a tick, and what follows from it: the rounding of every time that Linux counts in
//! jiffies.
//!
//! Linux: include/linux/jiffies.h, kernel/time/time.c. Where HZ divides a second, as all values but
//! 300 do, a tick is a whole number of nanoseconds; with 300 the kernel's clock keeps three hundred
//! ticks at one second on average, and so does this one.

use super::Instant;

const NSEC_PER_SEC: u64 = 1_000_000_000;
const USEC_PER_SEC: u64 = 1_000_000;
const MSEC_PER_SEC: u64 = 1000;

/// Ticks per second (CONFIG_HZ).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hz(u32);

impl Default for Hz {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl std::fmt::Display for Hz {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A tick count: a point in time when it comes from [`Hz::jiffies`], a span otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Jiffies(pub u64);

impl Jiffies {
    /// `n` ticks later.
    #[must_use]
    pub const fn plus(self, n: u64) -> Self {
        Self(self.0.saturating_add(n))
    }

    /// Ticks from `earlier` to `self`; 0 when `earlier` is later. Linux computes in 32 bits.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u32 {
        saturated(self.0.saturating_sub(earlier.0))
    }
}

impl Hz {
    /// What the kernel can be configured with on x86 (kernel/Kconfig.hz).
    pub const CHOICES: [u32; 4] = [100, 250, 300, 1000];
    /// A thousand: what distributions for desktops have, and where a tick is the clock of timestamps.
    pub const DEFAULT: Self = Self(1000);

    /// `per_sec` ticks per second; none if no kernel is configured so.
    #[must_use]
    pub fn new(per_sec: u32) -> Option<Self> {
        Self::CHOICES.contains(&per_sec).then_some(Self(per_sec))
    }

    /// Ticks per second.
    #[must_use]
    pub const fn per_sec(self) -> u32 {
        self.0
    }

    const fn get(self) -> u64 {
        self.0 as u64
    }

    /// Length of a tick in nanoseconds, rounded down (Linux: TICK_NSEC).
    #[must_use]
    pub const fn tick_ns(self) -> u64 {
        NSEC_PER_SEC / self.get()
    }

    const fn is_exact(self) -> bool {
        NSEC_PER_SEC.is_multiple_of(self.get())
    }

    /// The counter at the epoch: five minutes before its low 32 bits wrap.
    ///
    /// Linux: INITIAL_JIFFIES
    const fn initial_jiffies(self) -> u64 {
        (1 << 32) - 300 * self.get()
    }

    /// The tick counter at `at`.
    #[must_use]
    pub const fn jiffies(self, at: Instant) -> Jiffies {
        Jiffies(self.initial_jiffies() + self.nsecs(at.0))
    }

    /// The moment the tick `at` happens.
    #[must_use]
    pub fn instant(self, at: Jiffies) -> Instant {
        let ticks = at.0.saturating_sub(self.initial_jiffies());
        if self.is_exact() {
            return Instant(ticks.saturating_mul(self.tick_ns()));
        }
        let ns = (u128::from(ticks) * u128::from(NSEC_PER_SEC)).div_ceil(u128::from(self.get()));
        Instant(u64::try_from(ns).unwrap_or(u64::MAX))
    }

    /// Ticks from `earlier` to `later`; 0 when they are the other way round.
    #[must_use]
    pub const fn ticks_between(self, earlier: Instant, later: Instant) -> u32 {
        self.jiffies(later).since(self.jiffies(earlier))
    }

    /// Ticks of so many seconds.
    #[must_use]
    pub const fn secs(self, secs: u64) -> u64 {
        secs.saturating_mul(self.get())
    }

    /// Linux: usecs_to_jiffies — rounds up, so that a timer never fires early.
    #[must_use]
    pub const fn usecs_to_jiffies(self, us: u64) -> u32 {
        saturated(us.saturating_mul(self.get()).div_ceil(USEC_PER_SEC))
    }

    /// Linux: msecs_to_jiffies — rounds up, too.
    #[must_use]
    pub const fn msecs_to_jiffies(self, ms: u32) -> u32 {
        saturated((ms as u64).saturating_mul(self.get()).div_ceil(MSEC_PER_SEC))
    }

    /// Linux: nsecs_to_jiffies — rounds down, unlike its siblings.
    #[must_use]
    pub const fn nsecs_to_jiffies(self, ns: u64) -> u32 {
        saturated(self.nsecs(ns))
    }

    const fn nsecs(self, ns: u64) -> u64 {
        if self.is_exact() {
            return ns / self.tick_ns();
        }
        // Whole seconds and the rest apart, so that 64 bits are enough.
        ns / NSEC_PER_SEC * self.get() + ns % NSEC_PER_SEC * self.get() / NSEC_PER_SEC
    }

    /// Linux: jiffies_to_usecs — rounds down.
    #[must_use]
    pub const fn jiffies_to_usecs(self, ticks: u32) -> u64 {
        ticks as u64 * USEC_PER_SEC / self.get()
    }

    /// Linux: jiffies_to_msecs — rounds up.
    #[must_use]
    pub const fn jiffies_to_msecs(self, ticks: u32) -> u64 {
        (ticks as u64 * MSEC_PER_SEC).div_ceil(self.get())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "compared before")]
const fn saturated(ticks: u64) -> u32 {
    if ticks > u32::MAX as u64 { u32::MAX } else { ticks as u32 }
}
