//! poll and epoll.

use crate::script::ast::{Expr, ExprKind, Member};
use crate::target::syscall::PollFd;
use crate::target::{EpollEvent, Syscall};

use super::super::packets::Problem;
use super::args::{self, Args};
use super::{Effect, Expect, Made, Prepared};

const SA_RESTART: i32 = 0x1000_0000;

/// `fd` and `u32` are half of the union.
const LOW_32: u64 = 0xffff_ffff;

/// `interrupt(fd, flags)`, the flags of sigaction(2) with which the handler was installed.
pub(super) fn interrupt(args: &Args<'_>) -> Made {
    args.expect_count(&[2])?;
    let flags = args.i32(1)?;
    if flags & !SA_RESTART != 0 {
        return Err((args.get(1)?.span, "the flags are 0 or SA_RESTART".into()));
    }
    Ok(Prepared::plain(Syscall::Interrupt { fd: args.fd(0)?, restart: flags != 0 }))
}

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
    let event = event(args, args.get(3)?)?.event;
    Ok(Prepared::plain(Syscall::EpollCtl { epfd, op, fd, event }))
}

pub(super) fn epoll_wait(args: &Args<'_>) -> Made {
    args.expect_count(&[4])?;
    let expr = args.get(1)?;
    let open = matches!(expr.kind, ExprKind::Ellipsis);
    let expected = if open { None } else { Some(event(args, expr)?) };
    let syscall = Syscall::EpollWait {
        epfd: args.fd(0)?,
        max_events: args.i32(2)?,
        timeout_ms: args.i32(3)?,
    };
    Ok(Prepared::plain(syscall).expecting(Expect::Epoll(expected, expr.span)))
}

/// An event as written, and which bits of its data the member that is written covers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventSpec {
    pub(crate) event: EpollEvent,
    pub(crate) data_mask: u64,
}

/// `{events=X, fd=Y}` and its kin. `fd` is a label; the rest are plain numbers.
fn event(args: &Args<'_>, expr: &Expr) -> Result<EventSpec, Problem> {
    let members: &[Member] = args::members(expr)?;
    let events = args::i32_of(args::required(members, "events", expr.span)?)?.cast_unsigned();
    if let Some(member) = args::member(members, "fd") {
        let label = args::int(&member.value)?;
        let live = args.live(label, member.value.span)?;
        let data = u64::from(live.0.cast_unsigned());
        return Ok(EventSpec { event: EpollEvent { events, data }, data_mask: LOW_32 });
    }
    let members_with_mask = [("ptr", u64::MAX), ("u64", u64::MAX), ("u32", LOW_32)];
    let value =
        members_with_mask.iter().find_map(|&(n, mask)| Some((args::member(members, n)?, mask)));
    match value {
        Some((member, data_mask)) => {
            let data = args::int(&member.value)?.cast_unsigned() & data_mask;
            Ok(EventSpec { event: EpollEvent { events, data }, data_mask })
        }
        None => Err((expr.span, "one of fd, ptr, u32, u64 is expected".into())),
    }
}
