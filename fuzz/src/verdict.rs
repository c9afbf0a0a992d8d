//! What an oracle says about one input.

use std::fmt;

/// The answer of an oracle. Three values, because a fuzzer that only ever rejects its inputs
/// looks as healthy as one that finds nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// The input got to the end, and every property holds.
    Holds,
    /// The code under test refused the input, as it may; the properties say nothing about it.
    Rejected,
    /// A property is broken.
    Broken(Finding),
}

/// A broken property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which property, as a sentence that should be true.
    pub property: &'static str,
    /// What was seen instead.
    pub detail: String,
}

impl Verdict {
    /// A finding.
    pub fn broken(property: &'static str, detail: impl Into<String>) -> Self {
        Self::Broken(Finding { property, detail: detail.into() })
    }

    /// The finding, if there is one.
    #[must_use]
    pub fn finding(self) -> Option<Finding> {
        match self {
            Self::Broken(finding) => Some(finding),
            Self::Holds | Self::Rejected => None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken: {}\n{}", self.property, self.detail)
    }
}
