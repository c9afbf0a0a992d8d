//! The `%{ … }%` blocks: assertions in Python about a socket's `TCP_INFO`.
//!
//! A block does not run when it is reached: the engine takes a [`SockSnapshot`] at that moment,
//! and all blocks run after the last event and the cleanup command, in one scope, as packetdrill
//! does it (`code.c`). The subset of Python that scripts use is evaluated in process; a script
//! with anything beyond it goes to an external interpreter as a whole.

mod arithmetic;
mod builtin;
mod compare;
mod evaluate;
mod explain;
mod external;
mod format;
mod interpret;
mod spec;
mod statement;
mod stop;
mod tcp_info;
mod value;
pub mod vars;

use std::path::PathBuf;

use crate::script::ast::CodeBlock;
use crate::script::source::SourceFile;
use crate::target::SockSnapshot;

/// A block and what the socket looked like when it was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// The text.
    pub block: CodeBlock,
    /// 1-based line of the script on which the block's text starts: [`text_line`].
    pub line: usize,
    /// The structures its variables are read from.
    pub snapshot: SockSnapshot,
}

/// How blocks are run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeOptions {
    /// `--code_command`: program and arguments of the external interpreter, split at blanks. It
    /// gets the name of a file. Empty for none.
    pub code_command: String,
    /// The script, for messages and for the variable `_file`.
    pub script_path: PathBuf,
}

/// All assertions held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeReport {
    /// What the blocks printed.
    pub output: String,
}

/// The first thing that did not hold or could not be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CodeFailure {
    /// Index into the blocks.
    pub block_index: usize,
    /// 1-based line of the block's text.
    pub line_in_block: usize,
    /// One line, lower case, without a full stop.
    pub message: String,
    /// More lines: each name of the failing expression with its value, the assertion's own
    /// message, the interpreter's stderr.
    pub detail: Vec<String>,
    /// What kind.
    pub kind: FailureKind,
    /// What the blocks printed before.
    pub output: String,
}

/// Kinds of [`CodeFailure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// An assertion is false: a verdict about the implementation under test.
    Assertion,
    /// The Python is wrong: a syntax error, an unknown name, a type error.
    Python,
    /// More Python than the built-in subset, and no external interpreter to run it.
    Beyond,
    /// The external interpreter could not be run, or died.
    Interpreter,
}

/// Runs `blocks` in order, in one scope. Nothing is printed.
pub fn run(blocks: &[Captured], options: &CodeOptions) -> Result<CodeReport, Box<CodeFailure>> {
    match interpret::interpret(blocks, options) {
        interpret::Verdict::Done(result) => result,
        interpret::Verdict::Beyond(beyond) => external::run(blocks, options, beyond),
    }
}

/// 1-based line of `source` on which the text of `block` starts. Blanks after `%{` belong to the
/// block but not to its text.
#[must_use]
pub fn text_line(block: &CodeBlock, source: &SourceFile) -> usize {
    let inside = source.slice(block.span).find(&block.text).unwrap_or_default();
    let skipped = u32::try_from(inside).unwrap_or_default();
    source.line_col(block.span.start.saturating_add(skipped)).0
}

#[cfg(test)]
mod tests;
