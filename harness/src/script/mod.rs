//! The script language: text to syntax tree and back. It knows no target.

pub mod ast;
pub mod check;
pub mod codes;
pub mod diagnostic;
pub mod icmp;
pub mod lexer;
mod meaning;
mod parser;
pub mod print;
mod read;
pub mod source;
pub mod strings;
pub mod symbols;
pub mod token;

use std::collections::BTreeMap;
use std::sync::Arc;

use ast::Script;
use diagnostic::Diagnostic;
use source::SourceFile;

pub use meaning::same_meaning;
pub use read::{MAX_BYTES, ReadError, read};

/// Values of `--define`, by symbol; string values keep their quotes.
pub type Defines = BTreeMap<String, String>;

/// Parses a script. Never fails: what could not be understood is in the diagnostics, and the tree
/// holds the rest. `--define` options inside the script apply to what follows them, and lose
/// against `defines`.
#[must_use]
pub fn parse(source: &Arc<SourceFile>, defines: &Defines) -> (Script, Vec<Diagnostic>) {
    parser::parse(source, defines)
}
