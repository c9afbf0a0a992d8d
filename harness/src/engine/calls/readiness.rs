//! poll and epoll.

use crate::script::ast::{Expr, Member};
use crate::target::syscall::PollFd;
use crate::target::{EpollEvent, Syscall};

use super::super::packets::Problem;
use super::args::{self, Args};
use super::{Effect, Expect, Made, Prepared};

pub(super) fn poll(args: &Args<'_>) -> Made {
    args.expect_count(&[3])?;
    let list = args.get(0)?;
    let entries = args::list(list)?;
    let count = args.len(1)?;
    if count != entries.len() {
        let message = format!("{} entries are written, the count is {count}", entries.len());
        return Err((args.get(1)?.span, message));
    }
    let mut fds = Vec::new();
    let mut expected = Vec::new();
    for entry in entries {
        let members = args::members(entry)?;
        let fd_expr = args::required(members, "fd", entry.span)?;
        let fd = args.live(args::int(fd_expr)?, fd_expr.span)?;
        let events = mask(args::required(members, "events", entry.span)?)?;
        let revents = match args::member(members, "revents") {
            Some(member) => (mask(&member.value)?, member.value.span),
            None => (0, entry.span),
        };
        fds.push(PollFd { fd, events });
        expected.push(revents);
    }
    let timeout_ms = args.i32(2)?;
    Ok(Prepared::plain(Syscall::Poll { fds, timeout_ms }).expecting(Expect::Poll(expected)))
}

fn mask(expr: &Expr) -> Result<i16, Problem> {
    let bits = args::int(expr)?;
    i16::try_from(bits)
        .or_else(|_| u16::try_from(bits).map(u16::cast_signed))
        .map_err(|_| (expr.span, format!("{bits:#x} does not fit a poll mask")))
}

pub(super) fn epoll_create(args: &Args<'_>) -> Made {
    args.expect_count(&[1])?;
    Ok(Prepared::plain(Syscall::EpollCreate { size: args.i32(0)? })
        .expecting(Expect::NewDescriptor)
        .with_effect(Effect::OpenFile))
}

pub(super) fn epoll_ctl(args: &Args<'_>) -> Made {
    args.expect_count(&[4])?;
    let (epfd, op, fd) = (args.fd(0)?, args.i32(1)?, args.fd(2)?);
    let event = event(args, args.get(3)?)?;
    Ok(Prepared::plain(Syscall::EpollCtl { epfd, op, fd, event }))
}

pub(super) fn epoll_wait(args: &Args<'_>) -> Made {
    args.expect_count(&[4])?;
    let expr = args.get(1)?;
    let expected = match &expr.kind {
        crate::script::ast::ExprKind::Ellipsis => None,
        _ => Some(event(args, expr)?),
    };
    let syscall = Syscall::EpollWait {
        epfd: args.fd(0)?,
        max_events: args.i32(2)?,
        timeout_ms: args.i32(3)?,
    };
    Ok(Prepared::plain(syscall).expecting(Expect::Epoll(expected, expr.span)))
}

/// `{events=X, fd=Y}` and its kin. `fd` is a label; the rest are plain numbers.
fn event(args: &Args<'_>, expr: &Expr) -> Result<EpollEvent, Problem> {
    let members: &[Member] = args::members(expr)?;
    let events = args::i32_of(args::required(members, "events", expr.span)?)?.cast_unsigned();
    if let Some(member) = args::member(members, "fd") {
        let label = args::int(&member.value)?;
        let live = args.live(label, member.value.span)?;
        return Ok(EpollEvent { events, data: u64::from(live.0.cast_unsigned()) });
    }
    let value = ["ptr", "u64", "u32"].iter().find_map(|name| args::member(members, name));
    match value {
        Some(member) => {
            let data = args::int(&member.value)?.cast_unsigned();
            Ok(EpollEvent { events, data })
        }
        None => Err((expr.span, "one of fd, ptr, u32, u64 is expected".into())),
    }
}
