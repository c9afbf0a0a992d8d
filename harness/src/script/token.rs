//! Tokens of the script language. See the table in `docs/language.md`.

use super::source::Span;

/// One token, trivia included; its text is the source under `span`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What kind.
    pub kind: TokenKind,
    /// Where.
    pub span: Span,
}

/// Kinds of token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Spaces, tabs, line ends.
    Space,
    /// `// …` or `/* … */`.
    Comment,
    /// A byte sequence that starts no token.
    Error,
}
