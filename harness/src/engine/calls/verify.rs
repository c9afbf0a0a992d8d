//! Did the call return what the script says?

use crate::script::ast::{Expr, ExprKind, SyscallSpec};
use crate::script::source::Span;
use crate::script::symbols;
use crate::target::{Errno, Output, Returned};

use super::super::outcome::FieldCheck;
use super::super::packets::Problem;
use super::message::{self, Clocked};
use super::{Expect, ExpectedControl, args, content};

/// The comparison of one result.
#[derive(Debug, Default)]
pub(crate) struct Judgement {
    /// Every value that was compared.
    pub(crate) fields: Vec<FieldCheck>,
    /// Where the first that differs is written.
    pub(crate) first_bad: Option<Span>,
}

impl Judgement {
    pub(super) fn check(
        &mut self,
        name: &str,
        span: Span,
        expected: String,
        actual: String,
        ok: bool,
    ) {
        if !ok && self.first_bad.is_none() {
            self.first_bad = Some(span);
        }
        self.fields.push(FieldCheck { name: name.into(), expected, actual, ok });
    }
}

/// The expected return value; [`None`] for `...`, `*` and `* as NAME`, which any value satisfies.
fn expected_value(result: &Expr) -> Result<Option<i64>, Problem> {
    if matches!(result.kind, ExprKind::Ellipsis | ExprKind::Any | ExprKind::Given(_)) {
        return Ok(None);
    }
    args::int(result).map(Some)
}

/// Compares `returned` with what `spec` and `expect` say. An error is the script's.
pub(crate) fn judge(
    spec: &SyscallSpec,
    expect: &Expect,
    returned: &Returned,
    clock: &Clocked,
) -> Result<Judgement, Problem> {
    let mut j = Judgement::default();
    let want = expected_value(&spec.result)?;
    let new_descriptor = matches!(expect, Expect::NewDescriptor);
    let value_ok = match want {
        None => true,
        Some(want) if new_descriptor && want >= 0 => returned.value >= 0,
        Some(want) => low_32(want) == low_32(returned.value),
    };
    let want_text = match (want, &spec.errno) {
        (None, _) => "...".into(),
        (Some(want), None) => want.to_string(),
        (Some(want), Some(errno)) => format!("{want} {}", errno.node),
    };
    j.check("return value", spec.result.span, want_text, value_text(returned), value_ok);
    if let Some(errno) = &spec.errno {
        let want = symbols::errno_from_name(&errno.node)
            .ok_or_else(|| (errno.span, format!("unknown errno {}", errno.node)))?;
        let got = returned.errno.map_or_else(|| "none".into(), errno_text);
        let ok = returned.errno == Some(Errno(want));
        j.check("errno", errno.span, errno.node.clone(), got, ok);
    }
    if value_ok && returned.value >= 0 {
        judge_output(&mut j, spec, (expect, &returned.output), clock);
    }
    Ok(j)
}

/// What the call wrote where the script says something else, in script notation, and where the
/// script says it; in the order of the script.
pub(crate) fn differing_output(
    spec: &SyscallSpec,
    expect: &Expect,
    returned: &Returned,
) -> Vec<(Span, String)> {
    let mut found = Vec::new();
    match (expect, &returned.output) {
        (Expect::OptVal { bytes, len, span }, Output::OptVal(got)) if returned.value >= 0 => {
            if bytes.as_ref().is_some_and(|bytes| bytes != got) {
                let text = opt_text(spec, got);
                let is_word = got.len() == 4 && !text.starts_with('"');
                found.push((*span, if is_word { format!("[{text}]") } else { text }));
            }
            if let Some(written) = spec.args.get(4).filter(|_| *len != got.len()) {
                found.push((written.span, format!("[{}]", got.len())));
            }
        }
        (Expect::Int(want, span), Output::Int(got)) if returned.value >= 0 && want != got => {
            found.push((*span, format!("[{got}]")));
        }
        (Expect::Content(content) | Expect::Message { content, .. }, output)
            if returned.value >= 0 =>
        {
            found.extend(content::differing(content, output));
        }
        (
            Expect::Nothing
            | Expect::NewDescriptor
            | Expect::Content(_)
            | Expect::OptVal { .. }
            | Expect::Int(..)
            | Expect::Poll(_)
            | Expect::Epoll(..)
            | Expect::Message { .. },
            _,
        ) => {}
    }
    found
}

/// Results are compared as 32-bit numbers, as C's int.
#[expect(clippy::cast_possible_truncation, reason = "that is the comparison packetdrill makes")]
fn low_32(n: i64) -> i32 {
    n as i32
}

fn value_text(returned: &Returned) -> String {
    match returned.errno {
        Some(errno) => format!("{} {}", returned.value, errno_text(errno)),
        None => returned.value.to_string(),
    }
}

/// `EAGAIN`, or the number of one we have no name for.
pub(crate) fn errno_text(errno: Errno) -> String {
    symbols::errno_name(errno.0).map_or_else(|| format!("errno {}", errno.0), Into::into)
}

fn judge_output(
    j: &mut Judgement,
    spec: &SyscallSpec,
    (expect, output): (&Expect, &Output),
    clock: &Clocked,
) {
    match (expect, output) {
        (Expect::OptVal { bytes, len, span }, Output::OptVal(got)) => {
            j.check(
                "option length",
                *span,
                len.to_string(),
                got.len().to_string(),
                *len == got.len(),
            );
            if let Some(bytes) = bytes {
                let (want, text) = (opt_text(spec, bytes), opt_text(spec, got));
                j.check("option value", *span, want, text, bytes == got);
            }
        }
        (Expect::Content(content), output) => content::judge(j, content, output),
        (Expect::Int(want, span), Output::Int(got)) => {
            j.check("value", *span, want.to_string(), got.to_string(), want == got);
        }
        (Expect::Poll(want), Output::Poll(got)) => {
            for (at, &(want, span)) in want.iter().enumerate() {
                let got = got.get(at).copied().unwrap_or_default();
                let name = format!("revents of entry {}", at + 1);
                j.check(&name, span, format!("{want:#06x}"), format!("{got:#06x}"), want == got);
            }
        }
        // Only the first event is compared, as in packetdrill.
        (Expect::Epoll(Some(want), span), Output::Epoll(got)) => {
            if let Some(got) = got.first() {
                let events = |e: u32| format!("{e:#x}");
                let (mask, want) = (want.data_mask, want.event);
                let ok = want.events == got.events;
                j.check("events", *span, events(want.events), events(got.events), ok);
                let data = |d: u64| d.to_string();
                let ok = want.data == got.data & mask;
                j.check("data", *span, data(want.data), data(got.data & mask), ok);
            }
        }
        (
            Expect::Message { content, flags, control, span },
            Output::Message { flags: got, control: c, .. },
        ) => {
            content::judge(j, content, output);
            let hex = |f: i32| format!("{f:#x}");
            j.check("msg_flags", *span, hex(*flags), hex(*got), flags == got);
            judge_control(j, *span, control, c, clock);
        }
        (
            Expect::Nothing
            | Expect::NewDescriptor
            | Expect::OptVal { .. }
            | Expect::Int(..)
            | Expect::Poll(_)
            | Expect::Epoll(..)
            | Expect::Message { .. },
            _,
        ) => {}
    }
}

fn judge_control(
    j: &mut Judgement,
    span: Span,
    want: &[ExpectedControl],
    got: &[crate::target::syscall::ControlMessage],
    clock: &Clocked,
) {
    if want.len() != got.len() {
        let count = |n: usize| n.to_string();
        j.check("control messages", span, count(want.len()), count(got.len()), false);
    }
    for (want, got) in want.iter().zip(got) {
        let (expected, actual, ok) = message::compare(want, got, clock);
        j.check("control message", want.span, expected, actual, ok);
    }
}

/// A string where it is one, an integer where it may be one, else bytes. The value of SO_ERROR is
/// the name of the error.
fn opt_text(spec: &SyscallSpec, bytes: &[u8]) -> String {
    let is_error = |name: &Expr| matches!(&name.kind, ExprKind::Symbol(n) if n == "SO_ERROR");
    if spec.args.get(2).is_some_and(is_error)
        && let Ok(word) = <[u8; 4]>::try_from(bytes)
        && let Some(name) = symbols::errno_name(i32::from_ne_bytes(word))
    {
        return name.to_owned();
    }
    let printable = |b: &u8| b.is_ascii_graphic() || *b == b' ';
    if !bytes.is_empty() && bytes.iter().all(printable) {
        return format!("\"{}\"", String::from_utf8_lossy(bytes));
    }
    match <[u8; 4]>::try_from(bytes) {
        Ok(word) => i32::from_ne_bytes(word).to_string(),
        Err(_) => bytes.iter().map(|b| format!("\\x{b:02x}")).collect(),
    }
}

#[cfg(test)]
mod tests;
