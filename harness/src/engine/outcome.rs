//! How a run ended. A mismatch is data, not text; `report` turns it into what people read.

use serde::{Deserialize, Serialize};

use crate::script::source::Span;
use crate::target::{ScriptTime, TcpState};

/// How one run of one script ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// Everything was as the script says. Warnings come from `--non_fatal=packet`.
    Pass {
        /// Mismatches that were not fatal.
        warnings: Vec<Failure>,
    },
    /// The target did something else than the script says.
    Fail(Box<Failure>),
    /// The target lacks something the script needs.
    Skip {
        /// Which, in words.
        reason: String,
        /// The line that needs it, where one does.
        span: Option<Span>,
    },
    /// Neither the script nor the target under test: the environment (class `environment`), or
    /// the script cannot be run (class `script`).
    Error(Box<Failure>),
}

/// What kind of thing went wrong; *what* is kept apart from *when*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// A packet or a state differs from what is expected, or never came.
    Content,
    /// The right thing, too early.
    Early,
    /// The right thing, too late.
    Late,
    /// A system call returned something else.
    Syscall,
    /// An assertion of a code block.
    Code,
    /// A shell command failed.
    Command,
    /// The script itself is wrong (unknown descriptor label, unknown symbol, …).
    Script,
    /// The machine or the harness.
    Environment,
    /// What it ran on is gone: a kernel that panicked, or that something keeps busy for ever.
    Lost,
}

impl Class {
    /// Lower-case name, as in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Early => "early",
            Self::Late => "late",
            Self::Syscall => "syscall",
            Self::Code => "code",
            Self::Command => "command",
            Self::Script => "script",
            Self::Environment => "environment",
            Self::Lost => "lost",
        }
    }
}

/// Everything a report needs to explain a failure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind.
    pub class: Class,
    /// The token to point the caret at.
    pub span: Span,
    /// The whole event.
    pub event: Span,
    /// One line, lower case, without a full stop: `flags: expected R, got R.`
    pub message: String,
    /// Every field that was compared, matching ones included, in the order of comparison.
    pub fields: Vec<FieldCheck>,
    /// The expected packet or call in script notation, where there is one.
    pub expected: Option<String>,
    /// What came instead, in script notation.
    pub actual: Option<String>,
    /// When it was due and when it happened.
    pub timing: Option<Timing>,
    /// State of every known socket at that moment: name (`fd 4`, `192.0.2.1:40001 > :8080`), state.
    pub sockets: Vec<(String, TcpState)>,
    /// Further explanations, one line each (what packetdrill would do, what to try).
    pub notes: Vec<String>,
}

/// One compared field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldCheck {
    /// `flags`, `seq`, `ack`, `win`, `options`, `mss`, `payload`, `return value`, …
    pub name: String,
    /// As the script has it.
    pub expected: String,
    /// As observed.
    pub actual: String,
    /// Whether they match.
    pub ok: bool,
}

/// Timing of an event: what was due, what happened, what was allowed, whose lateness it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// Earliest moment the script allows, without tolerance.
    pub due_from: ScriptTime,
    /// Latest moment the script allows, without tolerance.
    pub due_to: ScriptTime,
    /// When it happened.
    pub actual: ScriptTime,
    /// Effective tolerance in microseconds.
    pub tolerance_us: i64,
    /// Where it came from, in words: `--tolerance_usecs 4000 (default)`, `12.5 % of 0.2 s`, …
    pub origin: String,
    /// How late the harness itself was with the event before (its own scheduling delay), in
    /// microseconds; 0 on a virtual clock.
    pub harness_late_us: i64,
}
