//! What a comparison comes to, as plain values; `report` makes text of them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::rules::RuleName;
use crate::target::ScriptTime;

/// The comparison of two logs of one script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Its answer.
    pub verdict: Verdict,
    /// The first difference of each flow, call, and sampled value, in order of time: what is left when
    /// the first of all is known already.
    #[serde(skip)]
    pub found: Vec<Divergence>,
    /// How often each rule allowed a difference, up to the first that none allows.
    pub used: BTreeMap<RuleName, usize>,
    /// When things happened; never part of the content.
    pub timing: Timing,
}

/// Whether two targets did the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// They did, but for what rules allow.
    Agree,
    /// They did not: the first difference.
    Differ(Box<Divergence>),
    /// Nobody can tell, for this reason.
    Incomparable(String),
}

/// The first difference of two logs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Divergence {
    /// What kind: differences of one kind are one finding.
    pub class: Class,
    /// When, on the side that was first.
    pub at: ScriptTime,
    /// 1-based line of the last thing the script did before.
    pub line: Option<usize>,
    /// One line: what differs.
    pub message: String,
    /// What the left side did; none if it did nothing.
    pub left: Option<Seen>,
    /// What the right side did; none if it did nothing.
    pub right: Option<Seen>,
    /// Every field that was compared.
    pub fields: Vec<FieldDiff>,
}

/// What differences are told apart by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Class {
    /// State of the connection, without `TCP_`: `ESTABLISHED`; `-` where there is none.
    pub state: String,
    /// The last thing that happened to it: `rcv-syn`, `call-close`, `timeout`.
    pub event: String,
    /// What was compared: `packet`, `left-only`, `right-only`, `result`, `state`, `readiness`,
    /// `tcp-info`, `assertion`, `code`, `command`, `malformed`, `timing`, or the name of a rule that
    /// is off.
    pub rule: String,
    /// Which part of it: a field, or the kind of a packet that only one side sent.
    pub field: String,
}

impl Class {
    /// It is about what a look at a socket showed, not about what the socket did: what follows does
    /// not follow from it.
    #[must_use]
    pub fn is_of_a_look(&self) -> bool {
        ["tcp-info", "readiness", "state"].contains(&self.rule.as_str())
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {} / {} / {}", self.state, self.event, self.rule, self.field)
    }
}

/// One side of a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Index into the entries of the log.
    pub entry: usize,
    /// When.
    pub at: ScriptTime,
    /// In script notation.
    pub text: String,
}

/// One field of two things that were compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldDiff {
    /// `flags`, `seq`, `mss`, `errno`, `tcpi_snd_cwnd`, …
    pub name: String,
    /// On the left side.
    pub left: String,
    /// On the right side.
    pub right: String,
    /// Whether they are the same.
    pub same: bool,
    /// The rule that allows a difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<RuleName>,
}

impl FieldDiff {
    /// Two values as text.
    pub(super) fn new(name: &str, left: impl ToString, right: impl ToString) -> Self {
        let (left, right) = (left.to_string(), right.to_string());
        Self { name: name.to_owned(), same: left == right, left, right, allowed: None }
    }

    /// A difference that no rule allows.
    pub(super) fn is_bad(&self) -> bool {
        !self.same && self.allowed.is_none()
    }
}

/// When the same things happened on both sides.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// Moments that were compared.
    pub compared: usize,
    /// Those that are not the same microsecond.
    pub off: usize,
    /// The largest difference, in microseconds, right minus left.
    pub worst_us: i64,
    /// The first difference that no rule allows. It is the verdict where both clocks are virtual,
    /// and stands only here where one is the machine's.
    pub beyond: Option<Box<Divergence>>,
}
