//! `name(args) = result ERRNO (text)`.

use crate::script::ast::SyscallSpec;
use crate::script::diagnostic::Diagnostic;
use crate::script::source::Spanned;
use crate::script::token::TokenKind;

use super::cursor::{Parsed, Parser};

impl Parser<'_> {
    /// The caller saw the word.
    pub(super) fn syscall(&mut self) -> Parsed<SyscallSpec> {
        let name = self.next();
        self.expect("(")?;
        let args = self.expressions(")")?;
        self.expect("=")?;
        let result = self.expression()?;
        let errno = self.accept_kind(TokenKind::Word);
        let note = self.note()?;
        if let (Some(errno), None) = (errno, &note) {
            self.report(
                Diagnostic::error("parse::errno-text", errno.span, "text of the error is missing")
                    .with_help(format!("write {} (text)", errno.text)),
            );
        }
        Ok(SyscallSpec {
            name: Spanned::new(name.text.to_owned(), name.span),
            args,
            result,
            errno: errno.map(|token| Spanned::new(token.text.to_owned(), token.span)),
            note,
            span: self.span_from(name.span),
        })
    }

    /// `(Resource temporarily unavailable)`: words on one line, kept with single spaces.
    fn note(&mut self) -> Parsed<Option<Spanned<String>>> {
        let Some(open) = self.accept("(") else { return Ok(None) };
        let mut text = String::new();
        while !self.at(")") {
            let token = self.peek();
            let is_word = matches!(
                token.kind,
                TokenKind::Word | TokenKind::Keyword | TokenKind::Int | TokenKind::Hex
            );
            let joins = token.is("|") || token.is("-");
            if !is_word && !joins {
                return Err(self.unexpected("words and `)`"));
            }
            self.next();
            if is_word && !text.is_empty() && !text.ends_with(['|', '-']) {
                text.push(' ');
            }
            text.push_str(token.text);
        }
        self.next();
        if text.is_empty() {
            let span = self.span_from(open.span);
            self.error("parse::errno-text", span, "text of the result is empty");
        }
        Ok(Some(Spanned::new(text, self.span_from(open.span))))
    }
}
