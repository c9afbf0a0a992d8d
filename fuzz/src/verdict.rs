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
    /// What tells findings of one property apart: the state, the kind of segment, the place of a
    /// panic. Short, and the same for inputs that find the same.
    pub class: String,
    /// What was seen instead.
    pub detail: String,
}

impl Verdict {
    /// A finding.
    pub fn broken(property: &'static str, detail: impl Into<String>) -> Self {
        Self::Broken(Finding::of(property, "", detail))
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

impl Finding {
    /// A broken property.
    pub fn of(property: &'static str, class: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { property, class: class.into(), detail: detail.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken: {}", self.property)?;
        if !self.class.is_empty() {
            write!(f, " ({})", self.class)?;
        }
        write!(f, "\n{}", self.detail)
    }
}
