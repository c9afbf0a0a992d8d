//! Control messages of recvmsg and sendmsg.

use crate::script::ast::{Expr, ExprKind, Member};
use crate::script::source::Span;
use crate::script::symbols;
use crate::target::control::attributes;
use crate::target::syscall::ControlMessage;

use super::super::packets::Problem;
use super::args;

/// Length of `struct cmsghdr` on a 64-bit Linux.
const CMSG_HDR_LEN: usize = 16;
/// Three `struct timespec`.
const SCM_TIMESTAMPING_LEN: usize = 48;
/// One `struct timespec` or `struct timeval`.
const SCM_TIMESTAMP_LEN: usize = 16;
const SOL_SOCKET: i32 = 1;
/// SCM_TIMESTAMP, SCM_TIMESTAMPNS, old and new.
const SCM_TIMESTAMP: [i32; 2] = [29, 63];
const SCM_TIMESTAMPNS: [i32; 2] = [35, 64];
const SOCK_EXTENDED_ERR_LEN: usize = 16;
const SOL_IP: i32 = 0;
const SOCKADDR_IN_LEN: usize = 16;
const SOCKADDR_IN6_LEN: usize = 28;
/// Room for any set of `TCP_NLA_*` attributes.
const OPT_STATS_ROOM: usize = 512;

/// CMSG_SPACE: header and payload, both aligned to 8 bytes.
pub(super) fn cmsg_space(len: usize) -> usize {
    CMSG_HDR_LEN + len.next_multiple_of(8)
}

/// One control message that recvmsg must return.
#[derive(Debug)]
pub(crate) struct ExpectedControl {
    /// `cmsg_level`
    pub(crate) level: i32,
    /// `cmsg_type`
    pub(crate) ty: i32,
    /// Payload.
    pub(crate) data: ExpectedData,
    /// Room to hand in for its payload.
    pub(crate) room: usize,
    /// As written.
    pub(crate) span: Span,
}

/// The payload of a control message, as a script can say it.
#[derive(Debug)]
pub(crate) enum ExpectedData {
    /// An int.
    Int(i32),
    /// `{scm_sec=S,scm_nsec=N}` in script time, microseconds; 0 is not compared.
    Timestamp(i64, Stamp),
    /// `sock_extended_err`: errno, origin, type, code, info, data.
    ExtendedErr([u32; 6]),
    /// `TCP_NLA_*` attributes in order: number, value (not compared if absent).
    OptStats(Vec<(u16, Option<u64>)>),
}

/// How a time is laid out, which the type of the message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stamp {
    /// SCM_TIMESTAMP: seconds and microseconds.
    Timeval,
    /// SCM_TIMESTAMPNS: seconds and nanoseconds.
    Timespec,
    /// SCM_TIMESTAMPING: three of those.
    Timestamping,
}

impl Stamp {
    fn of(level: i32, ty: i32) -> Self {
        match (level, ty) {
            (SOL_SOCKET, ty) if SCM_TIMESTAMP.contains(&ty) => Self::Timeval,
            (SOL_SOCKET, ty) if SCM_TIMESTAMPNS.contains(&ty) => Self::Timespec,
            (_, _) => Self::Timestamping,
        }
    }

    const fn len(self) -> usize {
        match self {
            Self::Timeval | Self::Timespec => SCM_TIMESTAMP_LEN,
            Self::Timestamping => SCM_TIMESTAMPING_LEN,
        }
    }

    /// The part below a second, in microseconds.
    const fn micros(self, fraction: i64) -> i64 {
        match self {
            Self::Timeval => fraction,
            Self::Timespec | Self::Timestamping => fraction / 1000,
        }
    }
}

fn fields(expr: &Expr) -> Result<(i32, i32, &Expr), Problem> {
    let members = args::members(expr)?;
    let level = args::i32_of(args::required(members, "cmsg_level", expr.span)?)?;
    let ty = args::i32_of(args::required(members, "cmsg_type", expr.span)?)?;
    Ok((level, ty, args::required(members, "cmsg_data", expr.span)?))
}

/// A control message to send: only ints can be written.
pub(super) fn to_send(expr: &Expr) -> Result<ControlMessage, Problem> {
    let (level, ty, data) = fields(expr)?;
    let data = args::i32_of(data)?.to_ne_bytes().to_vec();
    Ok(ControlMessage { level, ty, data })
}

/// A control message to expect.
pub(super) fn expected(expr: &Expr) -> Result<ExpectedControl, Problem> {
    let (level, ty, data) = fields(expr)?;
    let (data, room) = if let ExprKind::Struct(members) = &data.kind {
        expected_struct(members, data.span, (level, ty))?
    } else {
        (ExpectedData::Int(args::i32_of(data)?), 4)
    };
    Ok(ExpectedControl { level, ty, data, room, span: expr.span })
}

fn expected_struct(
    members: &[Member],
    span: Span,
    (level, ty): (i32, i32),
) -> Result<(ExpectedData, usize), Problem> {
    let has = |name: &str| args::member(members, name).is_some();
    if has("scm_sec") || has("scm_nsec") {
        let sec = args::int(args::required(members, "scm_sec", span)?)?;
        let nsec = args::int(args::required(members, "scm_nsec", span)?)?;
        let us = sec.saturating_mul(1_000_000).saturating_add(nsec / 1000);
        let stamp = Stamp::of(level, ty);
        return Ok((ExpectedData::Timestamp(us, stamp), stamp.len()));
    }
    if has("ee_errno") {
        let mut values = [0; 6];
        let names = ["ee_errno", "ee_origin", "ee_type", "ee_code", "ee_info", "ee_data"];
        for (slot, name) in values.iter_mut().zip(names) {
            *slot = match args::member(members, name) {
                Some(member) => args::i32_of(&member.value)?.cast_unsigned(),
                None => 0,
            };
        }
        // The level says which address follows.
        let addr = if level == SOL_IP { SOCKADDR_IN_LEN } else { SOCKADDR_IN6_LEN };
        return Ok((ExpectedData::ExtendedErr(values), SOCK_EXTENDED_ERR_LEN + addr));
    }
    let mut stats = Vec::new();
    for member in members {
        let Some(name) = &member.name else {
            return Err((member.value.span, "a named member is expected".into()));
        };
        let number = symbols::lookup(&name.node)
            .filter(|_| name.node.starts_with("TCP_NLA_"))
            .and_then(|n| u16::try_from(n).ok())
            .ok_or_else(|| (name.span, format!("unknown member {}", name.node)))?;
        let open = matches!(member.value.kind, ExprKind::Ellipsis);
        let value = if open { None } else { Some(args::int(&member.value)?.cast_unsigned()) };
        stats.push((number, value));
    }
    Ok((ExpectedData::OptStats(stats), OPT_STATS_ROOM))
}

/// What comparing control messages needs beside them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clocked {
    /// CLOCK_REALTIME at script time 0, in microseconds.
    pub(crate) realtime_at_start_us: i64,
    /// Tolerance of stamps, in microseconds.
    pub(crate) tolerance_us: i64,
    /// How far the run has fallen behind the script, in microseconds: a stamp tells the time, and
    /// everything else follows what came before it.
    pub(crate) behind_us: i64,
}

impl Clocked {
    /// How much later a time may be than the script says.
    const fn latest_us(&self) -> i64 {
        self.tolerance_us.saturating_add(self.behind_us)
    }
}

/// Expected and actual in words, and whether they agree.
pub(super) fn compare(
    want: &ExpectedControl,
    got: &ControlMessage,
    clock: &Clocked,
) -> (String, String, bool) {
    let head = |level: i32, ty: i32| format!("level {level} type {ty}");
    let (want_head, got_head) = (head(want.level, want.ty), head(got.level, got.ty));
    let (want_data, got_data, ok) = match &want.data {
        ExpectedData::Int(n) => {
            let actual = word(&got.data, 0).map(u32::cast_signed);
            let ok = got.data.len() == 4 && actual == Some(*n);
            (n.to_string(), actual.map_or_else(|| hex(&got.data), |n| n.to_string()), ok)
        }
        ExpectedData::Timestamp(us, stamp) => timestamp((*us, *stamp), &got.data, clock),
        ExpectedData::ExtendedErr(values) => extended_err(values, &got.data, want.room),
        ExpectedData::OptStats(stats) => opt_stats(stats, &got.data, clock.latest_us()),
    };
    let ok = ok && want_head == got_head;
    (format!("{want_head}: {want_data}"), format!("{got_head}: {got_data}"), ok)
}

fn timestamp(
    (want_us, stamp): (i64, Stamp),
    data: &[u8],
    clock: &Clocked,
) -> (String, String, bool) {
    // The first of three stamps is the software's, the one a script can write.
    let actual = long(data, 0).zip(long(data, 8)).map(|(sec, fraction)| {
        let fraction = stamp.micros(fraction.cast_signed());
        let us = sec.cast_signed().saturating_mul(1_000_000).saturating_add(fraction);
        us.saturating_sub(clock.realtime_at_start_us)
    });
    let off = -clock.tolerance_us..=clock.latest_us();
    let near = actual.is_some_and(|us| off.contains(&(us - want_us)));
    let ok = data.len() == stamp.len() && (want_us == 0 || near);
    let text = |us: i64| format!("{} s", super::super::schedule::seconds(us));
    (text(want_us), actual.map_or_else(|| hex(data), text), ok)
}

/// SCM_TIMESTAMPING, old and new.
const SCM_TIMESTAMPING: [i32; 2] = [37, 65];

/// Stamps of CLOCK_REALTIME in a control message become script time. A stamp of zero is none.
pub(crate) fn stamps_in_script_time(message: &mut ControlMessage, realtime_at_start_us: i64) {
    let is_stamp = |types: [i32; 2]| message.level == SOL_SOCKET && types.contains(&message.ty);
    if ![SCM_TIMESTAMP, SCM_TIMESTAMPNS, SCM_TIMESTAMPING].into_iter().any(is_stamp) {
        return;
    }
    let per_second = if is_stamp(SCM_TIMESTAMP) { 1_000_000 } else { 1_000_000_000 };
    let origin = i128::from(realtime_at_start_us) * i128::from(per_second / 1_000_000);
    for stamp in message.data.chunks_exact_mut(SCM_TIMESTAMP_LEN) {
        let (Some(sec), Some(fraction)) = (long(stamp, 0), long(stamp, 8)) else { continue };
        if (sec, fraction) == (0, 0) {
            continue;
        }
        let at = i128::from(sec) * i128::from(per_second) + i128::from(fraction) - origin;
        let per_second = i128::from(per_second);
        let parts = [at.div_euclid(per_second), at.rem_euclid(per_second)];
        let parts = parts.map(|part| i64::try_from(part).unwrap_or(i64::MAX).to_ne_bytes());
        for (to, from) in stamp.iter_mut().zip(parts.as_flattened()) {
            *to = *from;
        }
    }
}

/// An address of the sender follows the structure; it is not compared, but its length is.
fn extended_err(want: &[u32; 6], data: &[u8], len: usize) -> (String, String, bool) {
    let byte = |at: usize| data.get(at).copied().map_or(0, u32::from);
    let got = [
        word(data, 0).unwrap_or(0),
        byte(4),
        byte(5),
        byte(6),
        word(data, 8).unwrap_or(0),
        word(data, 12).unwrap_or(0),
    ];
    let text = |v: &[u32; 6]| {
        let [errno, origin, ty, code, info, data] = v;
        format!("errno {errno} origin {origin} type {ty} code {code} info {info} data {data}")
    };
    (text(want), text(&got), *want == got && data.len() == len)
}

/// Attributes that measure time are compared with the tolerance: TCP_NLA_BUSY (1),
/// RWND_LIMITED (2), SNDBUF_LIMITED (3).
fn opt_stats(
    want: &[(u16, Option<u64>)],
    data: &[u8],
    tolerance_us: i64,
) -> (String, String, bool) {
    let got = attributes(data);
    let ok = want.len() == got.len()
        && want.iter().zip(&got).all(|(&(kind, value), &(got_kind, got_value))| {
            let off = |v: u64| v.abs_diff(got_value);
            let near = |v: u64| {
                v == got_value || (v != 0 && kind <= 3 && off(v) <= tolerance_us.unsigned_abs())
            };
            kind == got_kind && value.is_none_or(near)
        });
    let show = |(kind, value): (u16, Option<u64>)| match value {
        Some(value) => format!("{kind}={value}"),
        None => format!("{kind}=..."),
    };
    let want_text: Vec<String> = want.iter().copied().map(show).collect();
    let got_text: Vec<String> = got.into_iter().map(|(k, v)| show((k, Some(v)))).collect();
    (want_text.join(" "), got_text.join(" "), ok)
}

fn word(data: &[u8], at: usize) -> Option<u32> {
    data.get(at..)?.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes))
}

fn long(data: &[u8], at: usize) -> Option<u64> {
    data.get(at..)?.first_chunk().map(|bytes| u64::from_ne_bytes(*bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests;
