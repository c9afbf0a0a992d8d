//! Colours: a meaning for each, and plain text where there is no terminal.

use crate::runner::Verdict;

/// Whether to write ANSI escapes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// Plain text.
    pub const OFF: Self = Self { on: false };

    /// Escapes, or plain text.
    #[must_use]
    pub fn new(on: bool) -> Self {
        Self { on }
    }

    /// Escapes are written.
    #[must_use]
    pub fn is_on(self) -> bool {
        self.on
    }

    fn escape(self, code: &str, text: &str) -> String {
        if self.on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// What differs.
    #[must_use]
    pub fn bad(self, text: &str) -> String {
        self.escape("1;31", text)
    }

    /// What is as it should be.
    #[must_use]
    pub fn good(self, text: &str) -> String {
        self.escape("32", text)
    }

    /// What is there to guide the eye.
    #[must_use]
    pub fn quiet(self, text: &str) -> String {
        self.escape("2", text)
    }

    /// Names of parts.
    #[must_use]
    pub fn key(self, text: &str) -> String {
        self.escape("1;34", text)
    }

    /// A verdict.
    #[must_use]
    pub fn verdict(self, verdict: Verdict, text: &str) -> String {
        let code = match verdict {
            Verdict::Pass => "32",
            Verdict::Fail | Verdict::Error => "1;31",
            Verdict::Skip => "33",
            Verdict::Xfail => "36",
            Verdict::Xpass => "1;35",
        };
        self.escape(code, text)
    }
}
