//! Names of kernels.

use std::fmt;

/// A Linux series, such as 6.12.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KernelVersion {
    major: u16,
    minor: u16,
}

impl KernelVersion {
    /// What the stack behaves as unless told otherwise.
    pub const CURRENT: Self = Self::new(6, 18);
    /// The versions whose rules are known: 4.3 from its documentation, the others from running them.
    pub const KNOWN: [Self; 4] =
        [Self::new(4, 3), Self::new(6, 1), Self::new(6, 12), Self::CURRENT];

    /// `major.minor`.
    pub(super) const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }

    /// The known version called `name`: `linux-6.12`.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::KNOWN.into_iter().find(|version| version.to_string() == name)
    }

    /// Earlier than `other`; `Ord` is not const.
    pub(super) const fn is_before(self, other: Self) -> bool {
        self.major < other.major || (self.major == other.major && self.minor < other.minor)
    }
}

impl Default for KernelVersion {
    fn default() -> Self {
        Self::CURRENT
    }
}

impl fmt::Display for KernelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "linux-{}.{}", self.major, self.minor)
    }
}
