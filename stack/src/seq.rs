//! Sequence numbers: the one place where 32-bit wraparound lives (RFC 9293 §3.4).
//!
//! `Seq` has no `Ord`: "before" is not transitive around the circle, so sorted containers of
//! sequence numbers must be keyed by an offset from a base their owner knows.

use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};

/// A TCP sequence number, modulo 2³².
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seq(pub u32);

impl Seq {
    /// Strictly earlier in sequence space.
    ///
    /// Linux: before (include/net/tcp.h)
    #[must_use]
    pub const fn before(self, other: Self) -> bool {
        self.distance(other) < 0
    }

    /// Strictly later in sequence space.
    ///
    /// Linux: after (include/net/tcp.h)
    #[must_use]
    pub const fn after(self, other: Self) -> bool {
        other.before(self)
    }

    /// `low <= self <= high`, both ends included, counted upwards from `low`.
    ///
    /// Linux: between (include/net/tcp.h)
    #[must_use]
    pub const fn between(self, low: Self, high: Self) -> bool {
        high.0.wrapping_sub(low.0) >= self.0.wrapping_sub(low.0)
    }

    /// `start <= self < end`: membership of a half-open range such as a segment's data.
    #[must_use]
    pub const fn within(self, start: Self, end: Self) -> bool {
        self.0.wrapping_sub(start.0) < end.0.wrapping_sub(start.0)
    }

    /// Signed distance from `other` to `self`; negative when `self` is before `other`.
    #[must_use]
    pub const fn distance(self, other: Self) -> i32 {
        self.0.wrapping_sub(other.0).cast_signed()
    }

    /// The later of the two.
    #[must_use]
    pub const fn max(self, other: Self) -> Self {
        if self.before(other) { other } else { self }
    }

    /// The earlier of the two.
    #[must_use]
    pub const fn min(self, other: Self) -> Self {
        if other.before(self) { other } else { self }
    }

    /// `len` bytes further, for lengths that are `usize`; whole turns of the circle cancel out.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "sequence space is modulo 2^32")]
    pub const fn plus_len(self, len: usize) -> Self {
        Self(self.0.wrapping_add(len as u32))
    }
}

impl Add<u32> for Seq {
    type Output = Self;
    fn add(self, n: u32) -> Self {
        Self(self.0.wrapping_add(n))
    }
}

impl Sub<u32> for Seq {
    type Output = Self;
    fn sub(self, n: u32) -> Self {
        Self(self.0.wrapping_sub(n))
    }
}

impl Sub for Seq {
    type Output = u32;
    /// Bytes from `other` up to `self`, modulo 2³².
    fn sub(self, other: Self) -> u32 {
        self.0.wrapping_sub(other.0)
    }
}

impl AddAssign<u32> for Seq {
    fn add_assign(&mut self, n: u32) {
        *self = *self + n;
    }
}

impl SubAssign<u32> for Seq {
    fn sub_assign(&mut self, n: u32) {
        *self = *self - n;
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests;
