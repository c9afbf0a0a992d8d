//! Loops (extension): the tree has their events once for each row, and spans with its number.

use std::collections::BTreeSet;

use super::Script;
use crate::script::diagnostic::Diagnostic;
use crate::script::source::{Span, Spanned};

/// `for A, B in (1, 2), (3, 4) { … }` (extension).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loop {
    /// What the values stand for.
    pub names: Vec<Spanned<String>>,
    /// As many as there are repetitions.
    pub rows: Vec<Row>,
    /// From `for` to `{`.
    pub head: Span,
    /// `}`
    pub close: Span,
}

/// One row of a [`Loop`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The text of each value.
    pub values: Vec<String>,
    /// Brackets included.
    pub span: Span,
}

impl Script {
    /// `row 2 of the loop in line 7: LEN = 10`, for what is of a row.
    #[must_use]
    pub fn row_text(&self, span: Span) -> Option<String> {
        let mut at = usize::from(span.row).checked_sub(1)?;
        for Loop { names, rows, head, .. } in &self.loops {
            let Some(row) = rows.get(at) else {
                at -= rows.len();
                continue;
            };
            let pairs = names.iter().zip(&row.values);
            let values: Vec<String> =
                pairs.map(|(name, value)| format!("{} = {value}", name.node)).collect();
            let line = self.source.line(*head);
            return Some(format!(
                "row {} of the loop in line {line}: {}",
                at + 1,
                values.join(", ")
            ));
        }
        None
    }

    /// Sorts findings by place, and says of each which row of a loop it is about. What is wrong in
    /// every row is told once.
    pub(crate) fn settle(&self, found: &mut Vec<Diagnostic>) {
        for diagnostic in found.iter_mut() {
            diagnostic.row = self.row_text(diagnostic.span);
        }
        found.sort_by_key(|diagnostic| (diagnostic.span, diagnostic.code));
        let mut told = BTreeSet::new();
        found.retain(|Diagnostic { code, span, message, .. }| {
            span.row == 0 || told.insert((*code, span.start, span.end, message.clone()))
        });
    }
}
