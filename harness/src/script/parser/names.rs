//! Extensions: names for what the target chose (`* as NAME`, `$NAME`), and the text of payloads.

use crate::script::ast::{Direction, ExprKind, Field, NamedPart, Part, Ports, Role, SeqSpec, Text};
use crate::script::source::Spanned;
use crate::script::token::TokenKind;

use super::cursor::{Parsed, Parser};
use super::directive::unquote;

/// Bytes that a text may stand for.
const LONGEST: usize = 1 << 20;

impl Parser<'_> {
    // ---- names -----------------------------------------------------------------------------

    fn at_name(&self, ahead: usize) -> bool {
        let token = self.peek_at(ahead);
        token.kind == TokenKind::Name || token.is("*") && self.peek_at(ahead + 1).is_word("as")
    }

    /// `* as NAME` or `$NAME`, if one of them stands here.
    fn name(&mut self) -> Parsed<Option<(Role, Spanned<String>)>> {
        if !self.at_name(0) {
            return Ok(None);
        }
        let start = self.next();
        if start.kind == TokenKind::Name {
            let name = start.text.trim_start_matches('$').to_owned();
            return Ok(Some((Role::Used, Spanned::new(name, start.span))));
        }
        self.next();
        let name = self.expect_kind(TokenKind::Word, "a name")?;
        let span = self.span_from(start.span);
        Ok(Some((Role::Given, Spanned::new(name.text.to_owned(), span))))
    }

    /// The same as an expression.
    pub(super) fn name_expression(&mut self) -> Parsed<Option<ExprKind>> {
        Ok(self.name()?.map(|(role, name)| match role {
            Role::Given => ExprKind::Given(name.node),
            Role::Used => ExprKind::Used(name.node),
        }))
    }

    /// A name where a part of a packet could have one; true if one stands here.
    pub(super) fn named_part(&mut self, part: Part, way: Direction) -> Parsed<bool> {
        let Some((role, name)) = self.name()? else { return Ok(false) };
        if !may_be(part, role, way) {
            let message = match (role, way) {
                (Role::Given, Direction::Inbound) => "names are given to what the target sends",
                (Role::Given, Direction::Outbound) => "this is not for the target to choose",
                (Role::Used, _) => "the value of a name cannot stand here",
            };
            self.error("parse::misplaced-name", name.span, message);
        }
        if self.names.iter().any(|named| named.part == part) {
            let message = "a packet has one name for each of its parts";
            self.error("parse::duplicate", name.span, message);
        }
        self.names.push(NamedPart { part, role, name });
        Ok(true)
    }

    /// `N`, `*`, `* as NAME` or `$NAME`
    pub(super) fn named_field(
        &mut self,
        part: Part,
        way: Direction,
        what: &str,
    ) -> Parsed<Field<u32>> {
        if self.named_part(part, way)? { Ok(Field::Any) } else { self.field(what) }
    }

    /// `SRC > DST` of a segment, whose port of the target may have a name.
    pub(super) fn segment_ports(&mut self, way: Direction) -> Parsed<Option<Spanned<Ports>>> {
        let dst_named = self.at_kind(TokenKind::Int) && self.peek_at(1).is(">") && self.at_name(2);
        if !self.at_name(0) && !dst_named {
            return self.ports();
        }
        let start = self.peek().span;
        let src = self.port(Part::SrcPort, way, "source port")?;
        self.expect(">")?;
        let dst = self.port(Part::DstPort, way, "destination port")?;
        Ok(Some(Spanned::new(Ports { src, dst }, self.span_from(start))))
    }

    fn port(&mut self, part: Part, way: Direction, what: &str) -> Parsed<u16> {
        if self.named_part(part, way)? { Ok(0) } else { self.ranged(what) }
    }

    // ---- text ------------------------------------------------------------------------------

    /// Adjacent strings, which are one, and how often they are written: `"ab" "c"*500`.
    pub(super) fn text(&mut self) -> Text {
        let mut raw = String::new();
        while let Some(token) = self.accept_kind(TokenKind::Str) {
            raw.push_str(unquote(token.text));
        }
        let is_count = self.peek_at(1).kind == TokenKind::Int;
        if raw.is_empty() || !is_count || self.accept("*").is_none() {
            return Text { raw, times: 1 };
        }
        let token = self.next();
        let value = self.value(token);
        let times = self.narrow(value, "repetition", token.span);
        let count = usize::try_from(times).unwrap_or(usize::MAX);
        if times == 0 || raw.len().saturating_mul(count) > LONGEST {
            let message = format!("a text is of 1 to {LONGEST} bytes");
            self.error("parse::out-of-range", token.span, message);
            return Text { raw, times: 1 };
        }
        Text { raw, times }
    }

    /// The text at the end of a segment, which is as long as the segment says.
    pub(super) fn payload(&mut self, seq: &SeqSpec) -> Option<Spanned<Text>> {
        if !self.at_kind(TokenKind::Str) {
            return None;
        }
        let start = self.peek().span;
        let text = self.text();
        let span = self.span_from(start);
        match (text.bytes(), seq.len) {
            (Err(error), _) => self.error("parse::payload", span, error.to_string()),
            (Ok(bytes), Field::Value(len)) if bytes.len() != usize::from(len) => {
                let message = format!("the text has {} bytes, the segment {len}", bytes.len());
                self.error("parse::payload", span, message);
            }
            (Ok(_), Field::Value(_) | Field::Any) => {}
        }
        Some(Spanned::new(text, span))
    }
}

/// What a name can be given to is chosen by the target; what has the value of one is up to the
/// script, or must be the same again.
fn may_be(part: Part, role: Role, way: Direction) -> bool {
    matches!(
        (part, role, way),
        (Part::SrcPort | Part::Cookie, _, Direction::Outbound)
            | (Part::DstPort | Part::TsEcr | Part::Cookie, Role::Used, Direction::Inbound)
            | (Part::TsVal, Role::Given, Direction::Outbound)
    )
}
