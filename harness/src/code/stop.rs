//! Why evaluation ends before the end of a block.

/// A cause and, once it is known, the byte offset in the block's text that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stop {
    pub(super) cause: Cause,
    pub(super) at: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// A false assertion, explained.
    Assertion { message: String, detail: Vec<String> },
    /// An exception that Python would raise.
    Exception { name: &'static str, message: String },
    /// Python that is not part of the subset, in words ("a for loop").
    Beyond(String),
}

impl Stop {
    pub(super) fn beyond(what: impl Into<String>) -> Self {
        Self { cause: Cause::Beyond(what.into()), at: None }
    }

    pub(super) fn raise(name: &'static str, message: impl Into<String>) -> Self {
        Self { cause: Cause::Exception { name, message: message.into() }, at: None }
    }

    pub(super) fn type_error(message: impl Into<String>) -> Self {
        Self::raise("TypeError", message)
    }

    /// The same, at `offset` unless it already has a place.
    pub(super) fn or_at(mut self, offset: usize) -> Self {
        self.at.get_or_insert(offset);
        self
    }
}
