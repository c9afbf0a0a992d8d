//! Source text and positions in it. Every node of the syntax tree and every diagnostic points here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A byte range `[start, end)` of one [`SourceFile`], as it is read in one row of a loop.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset one past the last byte.
    pub end: u32,
    /// Number of the row among those of all loops, from 1; 0 outside of loops.
    #[serde(default, skip_serializing_if = "is_no_row")]
    pub row: u16,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_no_row(row: &u16) -> bool {
    *row == 0
}

impl Span {
    /// The range `[start, end)`.
    #[must_use]
    pub fn new(start: u32, end: u32) -> Self {
        Self { start, end, row: 0 }
    }

    /// The same range, as read in that row.
    #[must_use]
    pub fn in_row(self, row: u16) -> Self {
        Self { row, ..self }
    }

    /// The smallest span that covers both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
            row: self.row.max(other.row),
        }
    }
}

/// A value and where it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Spanned<T> {
    /// The value.
    pub node: T,
    /// Where it stands in the source.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// `node`, written at `span`.
    pub fn new(node: T, span: Span) -> Self {
        Self { node, span }
    }
}

/// One script file in memory: its name for messages, its text, and where its lines start.
#[derive(Debug)]
pub struct SourceFile {
    path: PathBuf,
    text: String,
    line_starts: Vec<u32>,
}

impl SourceFile {
    /// Takes ownership of `text`; `path` is used in messages and to resolve relative commands.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Arc<Self> {
        let text = text.into();
        let starts = text.bytes().enumerate().filter(|&(_, b)| b == b'\n');
        let line_starts =
            std::iter::once(0).chain(starts.map(|(i, _)| offset(i + 1))).collect::<Vec<_>>();
        Arc::new(Self { path: path.into(), text, line_starts })
    }

    /// The path the script was read from (or a name in angle brackets for text without a file).
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text under `span`; empty where the span does not fall on character borders.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// 1-based line and 1-based column (in characters) of a byte offset.
    #[must_use]
    pub fn line_col(&self, at: u32) -> (usize, usize) {
        let line = self.line_starts.partition_point(|&start| start <= at).max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or_default();
        let before = self.text.get(start as usize..at as usize).unwrap_or_default();
        (line, before.chars().count() + 1)
    }

    /// 1-based line on which `span` starts.
    #[must_use]
    pub fn line(&self, span: Span) -> usize {
        self.line_col(span.start).0
    }

    /// The text of a 1-based line without its line ending.
    #[must_use]
    pub fn line_text(&self, line: usize) -> &str {
        self.text.lines().nth(line.saturating_sub(1)).unwrap_or_default()
    }
}

/// Offsets are 32 bits: a script of 4 GiB is refused by whoever reads the file.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
