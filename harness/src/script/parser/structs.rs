//! The forms in braces: named and bare members, GRE headers, MPLS stacks.

use crate::script::ast::{ExprKind, Member};
use crate::script::diagnostic::Diagnostic;
use crate::script::source::{Span, Spanned};
use crate::script::token::{TokenKind, is_keyword};

use super::cursor::{Parsed, Parser};
use super::expr::is_function;

/// Members of the structs with reserved names, in their order.
const STRUCTS: [&[&str]; 13] = [
    &["sa_family", "sin_port", "sin_addr"],
    &["msg_name", "msg_iov", "msg_flags"],
    &["msg_name", "msg_iov", "msg_flags", "msg_control"],
    &["cmsg_level", "cmsg_type", "cmsg_data"],
    &["scm_sec", "scm_nsec"],
    &["ee_errno", "ee_origin", "ee_type", "ee_code", "ee_info", "ee_data"],
    &["fd", "events"],
    &["fd", "events", "revents"],
    &["events", "fd"],
    &["events", "ptr"],
    &["events", "u32"],
    &["events", "u64"],
    &["onoff", "linger"],
];

impl Parser<'_> {
    /// `{…}`: a GRE header, a MPLS stack, or named and bare members.
    pub(super) fn braces(&mut self, depth: usize) -> Parsed<ExprKind> {
        let start = self.next().span;
        if self.at("(") && self.peek_at(1).is("label") {
            let stack = self.mpls_stack()?;
            self.expect("}")?;
            return Ok(ExprKind::Mpls(stack));
        }
        if (self.at("flags") || self.at("Flags")) && !self.peek_at(1).is("=") {
            let gre = self.gre_header()?;
            self.expect("}")?;
            return Ok(ExprKind::Gre(gre));
        }
        let mut members = Vec::new();
        while self.accept("}").is_none() {
            if !members.is_empty() && self.accept(",").is_none() {
                return Err(self.unexpected("`,` or `}`"));
            }
            members.push(self.member(depth + 1)?);
        }
        self.is_known_struct(&members, start);
        Ok(ExprKind::Struct(members))
    }

    /// `value`, `name=value` or `name(arg)=value`.
    fn member(&mut self, depth: usize) -> Parsed<Member> {
        let token = self.peek();
        let can_name = matches!(token.kind, TokenKind::Word | TokenKind::Keyword);
        let has_arg = can_name && !is_function(token) && self.peek_at(1).is("(");
        let is_named = can_name && self.peek_at(1).is("=");
        if !has_arg && !is_named {
            let value = self.nested_expression(depth)?;
            return Ok(Member { name: None, arg: None, value });
        }
        self.next();
        let mut arg = None;
        if has_arg {
            self.next();
            arg = Some(Box::new(self.nested_expression(depth)?));
            self.expect(")")?;
        }
        self.expect("=")?;
        let value = self.nested_expression(depth)?;
        let name = Some(Spanned::new(token.text.to_owned(), token.span));
        Ok(Member { name, arg, value })
    }

    /// Reserved names make a struct that must be complete and in order. Bare values and other names
    /// (`{..., 100}`, `{TCP_NLA_BUSY=1}`) go together as they like.
    fn is_known_struct(&mut self, members: &[Member], start: Span) {
        let names: Vec<&str> = members
            .iter()
            .map(|member| member.name.as_ref().map_or("", |name| name.node.as_str()))
            .collect();
        let Some(first) = names.iter().find(|name| is_keyword(name)) else { return };
        if STRUCTS.contains(&names.as_slice()) {
            return;
        }
        let span = self.span_from(start);
        let message = "no struct has these members in this order";
        let mut diagnostic = Diagnostic::error("parse::bad-struct", span, message);
        if let Some(like) = STRUCTS.iter().find(|known| known.contains(first)) {
            diagnostic = diagnostic.with_help(format!("a similar one has {}", like.join(", ")));
        }
        self.report(diagnostic);
    }
}
