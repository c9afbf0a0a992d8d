//! Tokens to syntax tree: recursive descent, one function per production, recovery at event borders.
//!
//! Everything packetdrill refuses while parsing is refused here, with the same meaning; what it
//! would only find while running is the business of [`super::check`].

mod cursor;
mod directive;
mod event;
mod expr;
mod icmp;
mod names;
mod options;
mod packet;
mod rows;
mod structs;
mod syscall;
mod tcp;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::Defines;
use super::ast::Script;
use super::diagnostic::Diagnostic;
use super::lexer::{Lexed, lex};
use super::source::SourceFile;
use cursor::Parser;

/// Parses a whole script. What could not be understood is in the diagnostics, sorted by place.
pub(super) fn parse(source: &Arc<SourceFile>, defines: &Defines) -> (Script, Vec<Diagnostic>) {
    let lexed = lex(source.text(), defines);
    let mut parser = Parser::new(source.text(), &lexed);
    let parts = parser.script();
    let (mut diagnostics, loops) = parser.into_findings();
    let Lexed { tokens, diagnostics: lexical, .. } = lexed;
    diagnostics.extend(lexical);
    let script = Script {
        source: Arc::clone(source),
        metadata: directive::metadata(source, &tokens),
        tokens,
        options: parts.options,
        init: parts.init,
        events: parts.events,
        cleanup: parts.cleanup,
        loops,
    };
    script.settle(&mut diagnostics);
    (script, diagnostics)
}
