//! What is wrong with a script: a stable code, a severity, a place, a message and a help line.
//!
//! Nothing here prints. [`render`] turns a diagnostic into the text that people see.

use super::source::{SourceFile, Span};

/// How bad it is. Running refuses on any [`Severity::Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The script runs, and probably does not mean what it says.
    Warning,
    /// The script does not run.
    Error,
}

/// One finding about a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable identifier, for example `parse::expected` or `check::unknown-symbol`.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// Where in the source.
    pub span: Span,
    /// Lower-case fragment without a full stop.
    pub message: String,
    /// What to do about it, if there is something to say.
    pub help: Option<String>,
    /// The row of a loop that it is about: `row 2 of the loop in line 7: LEN = 10`.
    pub row: Option<String>,
}

impl Diagnostic {
    /// An error at `span`.
    #[must_use]
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            span,
            message: message.into(),
            help: None,
            row: None,
        }
    }

    /// A warning at `span`.
    #[must_use]
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Warning,
            span,
            message: message.into(),
            help: None,
            row: None,
        }
    }

    /// The same with a help line.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// All of them, one after the other with an empty line between, in the order given.
#[must_use]
pub fn render_all(diagnostics: &[Diagnostic], source: &SourceFile, color: bool) -> String {
    let rendered: Vec<String> =
        diagnostics.iter().map(|diagnostic| render(diagnostic, source, color)).collect();
    rendered.join("\n\n")
}

/// The text people see: `error[code]: message`, `--> file:line:col`, the source line with a caret,
/// and the help line. `color` adds ANSI escapes.
#[must_use]
pub fn render(diagnostic: &Diagnostic, source: &SourceFile, color: bool) -> String {
    use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
    let level = match diagnostic.severity {
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    let path = source.path().display().to_string();
    let end = source.text().len();
    let start = (diagnostic.span.start as usize).min(end);
    let range = start..(diagnostic.span.end as usize).clamp(start, end);
    let snippet =
        Snippet::source(source.text()).path(path).annotation(AnnotationKind::Primary.span(range));
    let mut group =
        level.primary_title(diagnostic.message.as_str()).id(diagnostic.code).element(snippet);
    if let Some(row) = &diagnostic.row {
        group = group.element(Level::NOTE.message(format!("in {row}")));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group]).to_string()
}
