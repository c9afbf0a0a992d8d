//! Extensions: names for what the target chose, and bytes as text.

use super::{Expr, ExprKind};
use crate::script::source::{Span, Spanned};
use crate::script::strings::{EscapeError, unescape};

/// A part of a packet that gives a name to what the target chose (`* as NAME`), or has the value
/// of one (`$NAME`). The field itself is open then, a port 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPart {
    /// Which part.
    pub part: Part,
    /// Given here, or used.
    pub role: Role,
    /// Without the `$`.
    pub name: Spanned<String>,
}

/// Parts of a packet that can have a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The port before `>`.
    SrcPort,
    /// The port behind it.
    DstPort,
    /// `TS val`
    TsVal,
    /// `TS ecr`
    TsEcr,
    /// The cookie of `FO` and `FOEXP`.
    Cookie,
}

/// What is done with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `* as NAME`
    Given,
    /// `$NAME`
    Used,
}

/// `"ab"*500`: bytes as a string, written once or so many times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Raw as written, escapes unresolved.
    pub raw: String,
    /// How many times; 1 where nothing is written.
    pub times: u32,
}

impl Text {
    /// The bytes it stands for.
    ///
    /// # Errors
    /// See [`unescape`].
    pub fn bytes(&self) -> Result<Vec<u8>, EscapeError> {
        Ok(unescape(&self.raw)?.repeat(usize::try_from(self.times).unwrap_or_default()))
    }
}

impl Expr {
    /// The bytes of a text, if it is one.
    #[must_use]
    pub fn text(&self) -> Option<Result<Vec<u8>, EscapeError>> {
        if let ExprKind::Str(raw) = &self.kind {
            return Some(unescape(raw));
        }
        if let ExprKind::Repeated(text) = &self.kind { Some(text.bytes()) } else { None }
    }

    /// The name that `[* as NAME]` gives.
    #[must_use]
    pub fn pointed_at(&self) -> Option<(&str, Span)> {
        let ExprKind::List(items) = &self.kind else { return None };
        let [Self { kind: ExprKind::Given(name), span }] = items.as_slice() else { return None };
        Some((name, *span))
    }
}
