//! The fields of the TCP header.

use crate::packet::text::{flags_text, flags_text_ace};
use crate::packet::{Tcp, flag, payload};
use crate::script::ast::{Field, Flags, PacketSpec, SeqSpec, TcpSpec, Text};
use crate::script::source::{Span, Spanned};

use super::{Comparison, Context, compare_payload, options};

/// All fields of the segment, and its options.
pub(super) fn compare(
    c: &mut Comparison,
    line: &PacketSpec,
    want: &TcpSpec,
    got: &Tcp,
    cx: &Context<'_>,
) {
    compare_flags(c, want.flags.span, want.flags.node, got);
    compare_seq(c, &want.seq, got);
    // Where a part is not written the caret points at the sequence number it would follow.
    let after = want.seq.span;
    let ack = want.ack.map_or((Field::Value(0), after), |a| (a.node, a.span));
    if let Some(number) = ack.0.value() {
        c.number("ack", ack.1, number, got.ack);
    }
    if let Some(win) = want.win
        && let Some(number) = win.node.value()
    {
        c.number("win", win.span, number, got.window);
    }
    let urg = want.urg.map_or((Field::Value(0), after), |u| (u.node, u.span));
    if let Some(number) = urg.0.value()
        && (number != 0 || got.urgent != 0)
    {
        c.number("urg", urg.1, number, got.urgent);
    }
    options::compare(c, line, want, got, cx);
    match &want.payload {
        Some(text) => compare_text(c, text, &got.payload),
        None => compare_payload(c, after, &got.payload),
    }
}

/// A wrong length is told by the sequence numbers already.
fn compare_text(c: &mut Comparison, text: &Spanned<Text>, got: &[u8]) {
    let Ok(want) = text.node.bytes() else { return };
    if want.len() == got.len()
        && let Some((expected, actual)) = payload::difference(&want, got)
    {
        c.check("payload", text.span, expected, actual, false);
    }
}

fn compare_flags(c: &mut Comparison, span: Span, want: Field<Flags>, got: &Tcp) {
    let Some(want) = want.value() else { return };
    let ok = want.bits == got.flags & !flag::RESERVED;
    let text = if want.ace.is_some() { flags_text_ace } else { flags_text };
    c.check("flags", span, text(want.bits), text(got.flags), ok);
    if got.flags & flag::RESERVED != 0 {
        let bits = format!("{:#05x}", got.flags & flag::RESERVED);
        c.check("reserved bits", span, "0".into(), bits, false);
    }
}

fn compare_seq(c: &mut Comparison, want: &SeqSpec, got: &Tcp) {
    let len = got.payload.len();
    let len32 = u32::try_from(len).unwrap_or(u32::MAX);
    let got_text = format!("{}:{}({len})", got.seq, got.seq.wrapping_add(len32));
    let start_ok = want.start.value().is_none_or(|start| start == got.seq);
    let len_ok = want.len.value().is_none_or(|l| usize::from(l) == len);
    let want_text = match (want.start, want.len) {
        (Field::Value(start), Field::Value(len)) => {
            format!("{start}:{}({len})", start.wrapping_add(u32::from(len)))
        }
        (Field::Any, Field::Value(len)) => format!("*({len})"),
        (Field::Value(start), Field::Any) => format!("{start}:*"),
        (Field::Any, Field::Any) => "*".into(),
    };
    c.check("seq", want.span, want_text, got_text, start_ok && len_ok);
}
