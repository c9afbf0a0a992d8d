//! What stops a run, and how it is put together.

use crate::script::source::Span;
use crate::target::TargetError;

use super::outcome::{Class, Failure, FieldCheck, Timing};
use super::packets::Problem;

/// Why a run ended before the end of its script.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The target did something else.
    Fail(Box<Failure>),
    /// The script or the environment is at fault.
    Error(Box<Failure>),
    /// The target lacks something.
    Skip {
        /// What.
        reason: String,
        /// Where it is needed.
        span: Option<Span>,
    },
}

/// A step of a run.
pub(crate) type Step<T> = Result<T, Stop>;

/// A failure with nothing but its message.
pub(crate) fn failure(
    class: Class,
    span: Span,
    event: Span,
    message: impl Into<String>,
) -> Failure {
    Failure {
        class,
        span,
        event,
        message: message.into(),
        fields: Vec::new(),
        expected: None,
        actual: None,
        timing: None,
        sockets: Vec::new(),
        notes: Vec::new(),
    }
}

impl Failure {
    /// The same with the compared fields.
    pub(crate) fn with_fields(mut self, fields: Vec<FieldCheck>) -> Self {
        self.fields = fields;
        self
    }

    /// The same with what was expected and what came, in script notation.
    pub(crate) fn with_texts(mut self, expected: String, actual: Option<String>) -> Self {
        self.expected = Some(expected);
        self.actual = actual;
        self
    }

    /// The same with its timing.
    pub(crate) fn with_timing(mut self, timing: Timing) -> Self {
        self.timing = Some(timing);
        self
    }

    /// The same with one more explanation.
    pub(crate) fn with_note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Stops the run: the target is at fault.
    pub(crate) fn fail(self) -> Stop {
        Stop::Fail(Box::new(self))
    }

    /// Stops the run: the script or the environment is at fault.
    pub(crate) fn error(self) -> Stop {
        Stop::Error(Box::new(self))
    }
}

/// A script that asks for something impossible.
pub(crate) fn script_problem((span, message): Problem, event: Span) -> Stop {
    failure(Class::Script, span, event, message).error()
}

/// The target could not do what it promised.
pub(crate) fn target_problem(error: TargetError, event: Span) -> Stop {
    match error {
        TargetError::Unsupported(reason) => Stop::Skip { reason, span: Some(event) },
        TargetError::Unavailable { what, why, fix } => {
            failure(Class::Environment, event, event, format!("{what}: {why}"))
                .with_note(fix)
                .error()
        }
        error @ (TargetError::Io { .. } | TargetError::Internal(_)) => {
            failure(Class::Environment, event, event, error.to_string()).error()
        }
    }
}
