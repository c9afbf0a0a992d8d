//! Expressions: arguments and results of system calls.

use std::net::{IpAddr, Ipv6Addr};

use crate::script::ast::{Expr, ExprKind, GreSpec, MplsLabel};
use crate::script::source::Span;
use crate::script::token::TokenKind;

use super::cursor::{Parsed, Parser, Stuck, Tok};

/// Brackets inside brackets inside brackets: more than this is nonsense, and would cost stack.
const DEEPEST: usize = 64;

/// Entries of a MPLS label stack.
const MPLS_ENTRIES: usize = 6;

impl Parser<'_> {
    /// `a | b | c`
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        self.nested_expression(0)
    }

    /// Comma-separated expressions up to and with `close`.
    pub(super) fn expressions(&mut self, close: &str) -> Parsed<Vec<Expr>> {
        self.nested_expressions(close, 0)
    }

    fn nested_expressions(&mut self, close: &str, depth: usize) -> Parsed<Vec<Expr>> {
        let mut list = Vec::new();
        if self.accept(close).is_some() {
            return Ok(list);
        }
        loop {
            list.push(self.nested_expression(depth)?);
            if self.accept(close).is_some() {
                return Ok(list);
            }
            if self.accept(",").is_none() {
                return Err(self.unexpected(&format!("`,` or `{close}`")));
            }
        }
    }

    pub(super) fn nested_expression(&mut self, depth: usize) -> Parsed<Expr> {
        if depth > DEEPEST {
            let span = self.peek().span;
            self.error("parse::too-deep", span, "brackets are nested too deep");
            return Err(Stuck);
        }
        let mut left = self.primary(depth)?;
        while self.accept("|").is_some() {
            let right = self.primary(depth)?;
            let span = left.span.to(right.span);
            left = Expr { kind: ExprKind::Or(Box::new(left), Box::new(right)), span };
        }
        Ok(left)
    }

    fn primary(&mut self, depth: usize) -> Parsed<Expr> {
        let token = self.peek();
        if let Some(kind) = self.name_expression()? {
            return Ok(Expr { kind, span: self.span_from(token.span) });
        }
        let kind = match token.kind {
            TokenKind::Ellipsis => self.leaf(ExprKind::Ellipsis),
            TokenKind::Int | TokenKind::Hex => {
                self.next();
                ExprKind::Int(self.value(token))
            }
            TokenKind::Word => self.leaf(ExprKind::Symbol(token.text.to_owned())),
            TokenKind::Str => self.strings(),
            TokenKind::Ipv4 | TokenKind::Ipv6 => ExprKind::Addr(self.address()?),
            TokenKind::Keyword if is_function(token) => self.call(depth)?,
            TokenKind::Punct if token.text == "*" => self.leaf(ExprKind::Any),
            TokenKind::Punct if token.text == "[" => {
                self.next();
                ExprKind::List(self.nested_expressions("]", depth + 1)?)
            }
            TokenKind::Punct if token.text == "{" => self.braces(depth)?,
            TokenKind::Space
            | TokenKind::Comment
            | TokenKind::Directive
            | TokenKind::Skipped
            | TokenKind::Keyword
            | TokenKind::Option
            | TokenKind::Float
            | TokenKind::Command
            | TokenKind::Code
            | TokenKind::Name
            | TokenKind::Punct
            | TokenKind::Error => return Err(self.unexpected("an expression")),
        };
        Ok(Expr { kind, span: self.span_from(token.span) })
    }

    fn leaf(&mut self, kind: ExprKind) -> ExprKind {
        self.next();
        kind
    }

    /// Adjacent strings are one; a `...` behind a string (as strace prints it) says nothing.
    fn strings(&mut self) -> ExprKind {
        let is_one = self.peek_at(1).kind != TokenKind::Str;
        let text = self.text();
        if text.times > 1 {
            return ExprKind::Repeated(text);
        }
        if is_one {
            self.accept_kind(TokenKind::Ellipsis);
        }
        ExprKind::Str(text.raw)
    }

    fn call(&mut self, depth: usize) -> Parsed<ExprKind> {
        let name = self.next().text.to_owned();
        self.expect("(")?;
        let args = self.nested_expressions(")", depth + 1)?;
        self.argument_fits(&name, &args);
        Ok(ExprKind::Call(name, args))
    }

    /// `htons(8080)`, `inet_addr("192.0.2.1")` (in a sockaddr of IPv6 also that), `inet6_addr("::1")`.
    fn argument_fits(&mut self, name: &str, args: &[Expr]) {
        match (name, args) {
            ("htons", [Expr { kind: ExprKind::Int(port), span }]) => {
                self.within(*port, 0..=0xffff, "port", *span);
            }
            ("inet_addr", [Expr { kind: ExprKind::Str(text), span }]) => {
                if text.parse::<IpAddr>().is_err() {
                    let message = format!("bad IP address `{text}`");
                    self.error("parse::bad-address", *span, message);
                }
            }
            ("inet6_addr", [Expr { kind: ExprKind::Str(text), span }]) => {
                if text.parse::<Ipv6Addr>().is_err() {
                    let message = format!("bad IPv6 address `{text}`");
                    self.error("parse::bad-address", *span, message);
                }
            }
            _ => {
                let span = self.peek().span;
                let message = format!("`{name}` has one argument, a port or a string");
                self.error("parse::expected", span, message);
            }
        }
    }

    /// An address token. One that only looks like an address is an error.
    pub(super) fn address(&mut self) -> Parsed<IpAddr> {
        let token = self.peek();
        if !matches!(token.kind, TokenKind::Ipv4 | TokenKind::Ipv6) {
            return Err(self.unexpected("an IP address"));
        }
        self.next();
        token.text.parse().map_err(|_| {
            let message = format!("bad IP address `{}`", token.text);
            self.error("parse::bad-address", token.span, message);
            Stuck
        })
    }

    /// `(label N, tc N, [S], ttl N) …`
    pub(super) fn mpls_stack(&mut self) -> Parsed<Vec<MplsLabel>> {
        let start = self.peek().span;
        let mut stack = Vec::new();
        while self.accept("(").is_some() {
            self.expect("label")?;
            let (label, label_at) = self.decimal("a label")?;
            self.expect(",")?;
            self.expect("tc")?;
            let (tc, tc_at) = self.decimal("a traffic class")?;
            self.expect(",")?;
            let bottom = self.mpls_bottom()?;
            self.expect("ttl")?;
            let ttl = self.ranged("MPLS ttl")?;
            self.expect(")")?;
            self.within(label, 0..=0xf_ffff, "MPLS label", label_at);
            self.within(tc, 0..=7, "MPLS traffic class", tc_at);
            stack.push(MplsLabel {
                label: u32::try_from(label).unwrap_or_default(),
                tc: u8::try_from(tc).unwrap_or_default(),
                bottom,
                ttl,
            });
        }
        if stack.len() > MPLS_ENTRIES {
            let span = self.span_from(start);
            let message = format!("more than {MPLS_ENTRIES} MPLS labels");
            self.error("parse::too-many-labels", span, message);
        }
        Ok(stack)
    }

    fn mpls_bottom(&mut self) -> Parsed<bool> {
        if self.accept("[").is_none() {
            return Ok(false);
        }
        if !self.peek().is_word("S") {
            return Err(self.unexpected("`S`, the bottom of the stack"));
        }
        self.next();
        self.expect("]")?;
        self.expect(",")?;
        Ok(true)
    }

    /// `flags [..], sum N, off N, key=N, seq N`; the commas may be left out.
    pub(super) fn gre_header(&mut self) -> Parsed<GreSpec> {
        let flags = self.gre_flags()?;
        let mut words = [0_i64; 4];
        let mut spans = [Span::default(); 4];
        for ((name, word), at) in
            ["sum", "off", "key", "seq"].iter().zip(&mut words).zip(&mut spans)
        {
            self.accept(",");
            self.expect(name)?;
            if *name == "key" {
                self.accept("=");
            }
            (*word, *at) = self.integer("a number")?;
        }
        let ([sum, off, key, seq], [sum_at, off_at, key_at, seq_at]) = (words, spans);
        Ok(GreSpec {
            flags,
            sum: self.narrow(sum, "GRE sum", sum_at),
            off: self.narrow(off, "GRE off", off_at),
            key: self.narrow(key, "GRE key", key_at),
            seq: self.narrow(seq, "GRE seq", seq_at),
        })
    }

    fn gre_flags(&mut self) -> Parsed<u16> {
        if self.accept("flags").is_none() && self.accept("Flags").is_none() {
            return Err(self.unexpected("`flags`"));
        }
        if self.accept("[").is_none() {
            let (flags, span) = self.integer("the GRE flags")?;
            return Ok(self.narrow(flags, "GRE flags", span));
        }
        let mut flags = 0;
        loop {
            flags |= self.gre_flag()?;
            if self.accept("]").is_some() {
                return Ok(flags);
            }
            self.expect(",")?;
        }
    }

    fn gre_flag(&mut self) -> Parsed<u16> {
        if self.accept("none").is_some() {
            return Ok(0);
        }
        for (name, bit) in [("checksum", 0x8000), ("key", 0x2000), ("sequence#", 0x1000)] {
            if self.accept(name).is_some() {
                self.expect("present")?;
                return Ok(bit);
            }
        }
        Err(self.unexpected("`none`, `checksum`, `key` or `sequence#`"))
    }
}

pub(super) fn is_function(token: Tok<'_>) -> bool {
    matches!(token.text, "inet_addr" | "inet6_addr" | "htons")
}
