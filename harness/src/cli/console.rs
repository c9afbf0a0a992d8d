//! Standard output and standard error: what goes where, and whether in colour.

use std::io::{self, IsTerminal, Write};

use super::args::Color;
use crate::report::Paint;

/// Where the program prints.
pub(super) struct Console {
    color: Color,
}

impl Console {
    pub(super) fn new(color: Color) -> Self {
        Self { color }
    }

    /// Colours of standard output.
    pub(super) fn paint(&self) -> Paint {
        self.paint_for(io::stdout().is_terminal())
    }

    /// Colours of standard error.
    pub(super) fn error_paint(&self) -> Paint {
        self.paint_for(io::stderr().is_terminal())
    }

    fn paint_for(&self, is_terminal: bool) -> Paint {
        let given = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Paint::new(match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && !given("NO_COLOR") && !dumb,
        })
    }

    /// Somebody is watching: a progress bar helps.
    pub(super) fn is_watched(&self) -> bool {
        let in_ci = std::env::var_os("CI").is_some();
        io::stdout().is_terminal() && io::stderr().is_terminal() && !in_ci
    }

    /// Prints to standard output.
    pub(super) fn out(&self, text: &str) -> io::Result<()> {
        io::stdout().lock().write_all(text.as_bytes())
    }

    /// Prints `error: message` to standard error. There is nobody to tell if that fails.
    pub(super) fn error(&self, message: &str) {
        let label = self.error_paint().bad("error:");
        let _ = writeln!(io::stderr().lock(), "{label} {message}");
    }

    /// Prints a finished text to standard error.
    pub(super) fn error_text(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Prints `help: message` to standard error.
    pub(super) fn help(&self, message: &str) {
        let label = self.error_paint().key("help:");
        let _ = writeln!(io::stderr().lock(), "{label} {message}");
    }
}
