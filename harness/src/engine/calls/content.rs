//! What is sent and what must have come, where a script has a text instead of `...`.

use crate::packet::payload;
use crate::script::ast::{Expr, ExprKind, Text};
use crate::script::source::Span;
use crate::target::Output;
use crate::target::syscall::Buffer;

use super::super::packets::Problem;
use super::args::{int, len_of, list, members};
use super::verify::Judgement;

/// What a receiving call must have put into one of its buffers.
#[derive(Debug)]
pub(crate) struct ExpectedContent {
    /// Bytes in the buffers before it.
    at: usize,
    /// Its own room.
    room: usize,
    /// What must be there.
    bytes: Vec<u8>,
    /// As written.
    span: Span,
}

/// The bytes of a text, if it is one.
fn text_of(expr: &Expr) -> Result<Option<Vec<u8>>, Problem> {
    expr.text().transpose().map_err(|why| (expr.span, why.to_string()))
}

pub(super) fn repeated(text: &Text, span: Span) -> Result<Vec<u8>, Problem> {
    text.bytes().map_err(|why| (span, why.to_string()))
}

/// What a sending call is given: the first `len` bytes of a text, or zeros.
pub(super) fn sent(expr: &Expr, len: usize) -> Result<Buffer, Problem> {
    let Some(mut bytes) = text_of(expr)? else { return plain(expr, len) };
    if bytes.len() < len {
        let message = format!("the text has {} bytes, {len} are to be sent", bytes.len());
        return Err((expr.span, message));
    }
    bytes.truncate(len);
    Ok(Buffer::Bytes(bytes))
}

/// `...`, a name, or `0` and `NULL`.
fn plain(expr: &Expr, len: usize) -> Result<Buffer, Problem> {
    if matches!(expr.kind, ExprKind::Ellipsis | ExprKind::Any | ExprKind::Given(_)) {
        return Ok(Buffer::Zeros(len));
    }
    match int(expr)? {
        0 => Ok(Buffer::Null(len)),
        _ => Err((expr.span, "a buffer is written as ..., as a text or as 0".into())),
    }
}

/// Room for what a receiving call gets, and what that must be. `at` bytes have room before it.
pub(super) fn received(
    expr: &Expr,
    room: usize,
    at: usize,
) -> Result<(Buffer, Option<ExpectedContent>), Problem> {
    let Some(bytes) = text_of(expr)? else { return Ok((plain(expr, room)?, None)) };
    let expected = ExpectedContent { at, room, bytes, span: expr.span };
    Ok((Buffer::Zeros(room), Some(expected)))
}

/// The entries of `[{BUF, n}, …]`.
fn entries(expr: &Expr) -> impl Iterator<Item = Result<(&Expr, usize), Problem>> {
    let items = list(expr).map(<[Expr]>::iter);
    let (items, problem) = match items {
        Ok(items) => (Some(items), None),
        Err(problem) => (None, Some(Err(problem))),
    };
    let entries = items.into_iter().flatten().map(|entry| match members(entry)? {
        [base, len] => Ok((&base.value, len_of(&len.value)?)),
        _ => Err((entry.span, "a buffer of an iovec is written as {..., LENGTH}".into())),
    });
    problem.into_iter().chain(entries)
}

/// `[{BUF, n}, …]` to send.
pub(super) fn sent_vector(expr: &Expr) -> Result<Vec<Buffer>, Problem> {
    entries(expr).map(|entry| entry.and_then(|(base, len)| sent(base, len))).collect()
}

/// `[{BUF, n}, …]` to receive into.
pub(super) fn received_vector(expr: &Expr) -> Result<(Vec<Buffer>, Vec<ExpectedContent>), Problem> {
    let (mut buffers, mut content, mut at) = (Vec::new(), Vec::new(), 0_usize);
    for entry in entries(expr) {
        let (base, room) = entry?;
        let (buffer, expected) = received(base, room, at)?;
        buffers.push(buffer);
        content.extend(expected);
        at = at.saturating_add(room);
    }
    Ok((buffers, content))
}

/// Compares what came with what must have come.
pub(super) fn judge(j: &mut Judgement, want: &[ExpectedContent], output: &Output) {
    let (Output::Data(data) | Output::Message { data, .. }) = output else { return };
    for ExpectedContent { at, room, bytes, span } in want {
        let from = data.get(*at..).unwrap_or_default();
        let got = from.get(..*room).unwrap_or(from);
        let (expected, actual, ok) = match payload::difference(bytes, got) {
            Some((expected, actual)) => (expected, actual, false),
            None => (payload::text(bytes), payload::text(got), true),
        };
        j.check("content", *span, expected, actual, ok);
    }
}

/// The texts that came instead of others, and where those are written.
pub(super) fn differing(want: &[ExpectedContent], output: &Output) -> Vec<(Span, String)> {
    let (Output::Data(data) | Output::Message { data, .. }) = output else { return Vec::new() };
    let differs = |ExpectedContent { at, room, bytes, span }: &ExpectedContent| {
        let from = data.get(*at..).unwrap_or_default();
        let got = from.get(..*room).unwrap_or(from);
        (bytes != got).then(|| (*span, payload::text(got)))
    };
    want.iter().filter_map(differs).collect()
}
