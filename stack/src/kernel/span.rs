//! From which version to which something holds.

use super::KernelVersion;

/// Versions from `since` on, up to but not with `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first version; none for one before every known.
    pub since: Option<KernelVersion>,
    /// The first version after; none if it still holds.
    pub until: Option<KernelVersion>,
}

impl Span {
    /// Always.
    pub(super) const ALWAYS: Self = Self { since: None, until: None };

    /// From `major.minor` on.
    pub(super) const fn since(major: u16, minor: u16) -> Self {
        Self { since: Some(KernelVersion::new(major, minor)), until: None }
    }

    /// Before `major.minor`.
    pub(super) const fn until(major: u16, minor: u16) -> Self {
        Self { since: None, until: Some(KernelVersion::new(major, minor)) }
    }

    /// Of these, only those before `major.minor`.
    pub(super) const fn and_until(self, major: u16, minor: u16) -> Self {
        Self { since: self.since, until: Some(KernelVersion::new(major, minor)) }
    }

    /// Whether `version` is among them.
    #[must_use]
    pub const fn holds(self, version: KernelVersion) -> bool {
        let begun = match self.since {
            Some(since) => !version.is_before(since),
            None => true,
        };
        let over = match self.until {
            Some(until) => !version.is_before(until),
            None => false,
        };
        begun && !over
    }
}
