//! Calls that move bytes, and those that make descriptors for them.

use crate::script::ast::{Expr, ExprKind, Member};
use crate::target::syscall::Buffer;
use crate::target::{IpVersion, Syscall};

use super::super::flow::Protocol;
use super::super::packets::Problem;
use super::args::{self, Args};
use super::{Effect, Expect, Made, Prepared, content, message, sockets};

const ICMP_ECHO: u8 = 8;
const ICMPV6_ECHO_REQUEST: u8 = 128;

pub(super) fn read(args: &Args<'_>) -> Made {
    args.expect_count(&[3])?;
    let (buf, expect) = args.room(1, 2)?;
    Ok(Prepared::plain(Syscall::Read { fd: args.fd(0)?, buf }).expecting(expect))
}

pub(super) fn write(args: &Args<'_>) -> Made {
    args.expect_count(&[3])?;
    Ok(Prepared::plain(Syscall::Write { fd: args.fd(0)?, buf: args.buffer(1, 2)? }))
}

pub(super) fn readv(args: &Args<'_>) -> Made {
    args.expect_count(&[3])?;
    let (iov, content) = content::received_vector(args.get(1)?)?;
    args.vector_count(iov.len(), 2)?;
    let syscall = Syscall::Readv { fd: args.fd(0)?, iov };
    Ok(Prepared::plain(syscall).expecting(Expect::Content(content)))
}

pub(super) fn writev(args: &Args<'_>) -> Made {
    args.expect_count(&[3])?;
    let iov = content::sent_vector(args.get(1)?)?;
    args.vector_count(iov.len(), 2)?;
    Ok(Prepared::plain(Syscall::Writev { fd: args.fd(0)?, iov }))
}

pub(super) fn recv(args: &Args<'_>) -> Made {
    args.expect_count(&[4])?;
    let ((buf, expect), flags) = (args.room(1, 2)?, args.i32(3)?);
    Ok(Prepared::plain(Syscall::Recv { fd: args.fd(0)?, buf, flags }).expecting(expect))
}

pub(super) fn send(args: &Args<'_>) -> Made {
    args.expect_count(&[4])?;
    let (fd, buf, flags) = (args.fd(0)?, args.buffer(1, 2)?, args.i32(3)?);
    Ok(Prepared::plain(Syscall::Send { fd, buf, flags }))
}

pub(super) fn recvfrom(args: &Args<'_>) -> Made {
    args.expect_count(&[6])?;
    args.ellipsis(4)?;
    args.ellipsis(5)?;
    let ((buf, expect), flags) = (args.room(1, 2)?, args.i32(3)?);
    Ok(Prepared::plain(Syscall::Recvfrom { fd: args.fd(0)?, buf, flags }).expecting(expect))
}

pub(super) fn sendto(args: &Args<'_>) -> Made {
    args.expect_count(&[6])?;
    args.ellipsis(5)?;
    let (fd, mut buf, flags) = (args.fd(0)?, args.buffer(1, 2)?, args.i32(3)?);
    let addr = args.remote_address(4)?;
    if args.scope.connections.protocol_of(fd) == Some(Protocol::Icmp) {
        buf = echo_request(buf, args.scope.config.setup.ip_version);
    }
    let effect = sockets::effect_of_address(fd, addr);
    Ok(Prepared::plain(Syscall::Sendto { fd, buf, flags, addr: Some(addr) }).with_effect(effect))
}

/// A ping socket sends nothing but an echo request, so a buffer with room for its header is one.
fn echo_request(buf: Buffer, version: IpVersion) -> Buffer {
    match buf {
        Buffer::Zeros(len) if len >= 8 => {
            let mut bytes = vec![0; len];
            if let Some(ty) = bytes.first_mut() {
                *ty = if version.wire_is_v6() { ICMPV6_ECHO_REQUEST } else { ICMP_ECHO };
            }
            Buffer::Bytes(bytes)
        }
        Buffer::Zeros(_) | Buffer::Bytes(_) | Buffer::Null(_) => buf,
    }
}

/// The parts of `{msg_name(...)=..., msg_iov(1)=[…], msg_flags=0, msg_control=[…]}`.
struct Header<'a> {
    has_name: bool,
    iov: &'a Member,
    flags: i32,
    control: &'a [Expr],
}

fn header<'a>(args: &Args<'a>, at: usize) -> Result<Header<'a>, Problem> {
    let expr = args.get(at)?;
    let members = args::members(expr)?;
    let iov = args::member(members, "msg_iov")
        .ok_or_else(|| (expr.span, "the member msg_iov is missing".to_owned()))?;
    check_count(iov, args::list(&iov.value)?.len())?;
    let flags = match args::member(members, "msg_flags") {
        Some(member) => args::i32_of(&member.value)?,
        None => 0,
    };
    let control = match args::member(members, "msg_control") {
        Some(member) => args::list(&member.value)?,
        None => &[],
    };
    let has_name = args::member(members, "msg_name")
        .is_some_and(|m| matches!(&m.arg, Some(arg) if matches!(arg.kind, ExprKind::Ellipsis)));
    Ok(Header { has_name, iov, flags, control })
}

fn check_count(member: &Member, have: usize) -> Result<(), Problem> {
    match member.arg.as_deref() {
        Some(arg) if !matches!(arg.kind, ExprKind::Ellipsis) => {
            let count = args::len_of(arg)?;
            if count == have {
                Ok(())
            } else {
                Err((arg.span, format!("{have} buffers are written, the count is {count}")))
            }
        }
        Some(_) | None => Ok(()),
    }
}

pub(super) fn recvmsg(args: &Args<'_>) -> Made {
    args.expect_count(&[3])?;
    let header = header(args, 1)?;
    let control = header.control.iter().map(message::expected).collect::<Result<Vec<_>, _>>()?;
    // packetdrill hands in room for exactly what it expects, so that more shows as MSG_CTRUNC.
    let control_len = control.iter().map(|c| message::cmsg_space(c.room)).sum();
    let (iov, content) = content::received_vector(&header.iov.value)?;
    let syscall = Syscall::Recvmsg { fd: args.fd(0)?, iov, control_len, flags: args.i32(2)? };
    let (flags, span) = (header.flags, args.get(1)?.span);
    Ok(Prepared::plain(syscall).expecting(Expect::Message { content, flags, control, span }))
}

pub(super) fn sendmsg(args: &Args<'_>) -> Made {
    args.expect_count(&[3])?;
    let header = header(args, 1)?;
    if header.flags != 0 {
        return Err((args.get(1)?.span, "msg_flags must be 0 in a sendmsg".into()));
    }
    let control = header.control.iter().map(message::to_send).collect::<Result<Vec<_>, _>>()?;
    let fd = args.fd(0)?;
    let connect = args.scope.connections.connect_address();
    let addr = header.has_name.then(|| args.socket_address(connect));
    let effect = if addr.is_some() { Effect::Connect(fd) } else { Effect::None };
    let flags = args.i32(2)?;
    let iov = content::sent_vector(&header.iov.value)?;
    Ok(Prepared::plain(Syscall::Sendmsg { fd, addr, iov, control, flags }).with_effect(effect))
}

/// `[off]`, or `0`/`NULL` for no offset.
fn offset(args: &Args<'_>, at: usize) -> Result<Option<i64>, Problem> {
    let expr = args.get(at)?;
    if let ExprKind::List(items) = &expr.kind {
        return match items.as_slice() {
            [one] => args::int(one).map(Some),
            _ => Err((expr.span, "one offset in brackets is expected".into())),
        };
    }
    match args::int(expr)? {
        0 => Ok(None),
        _ => Err((expr.span, "an offset is written as [N] or as NULL".into())),
    }
}

pub(super) fn sendfile(args: &Args<'_>) -> Made {
    args.expect_count(&[4])?;
    let (out_fd, in_fd) = (args.fd(0)?, args.fd(1)?);
    let (offset, count) = (offset(args, 2)?, args.len(3)?);
    Ok(Prepared::plain(Syscall::Sendfile { out_fd, in_fd, offset, count }))
}

pub(super) fn splice(args: &Args<'_>) -> Made {
    args.expect_count(&[6])?;
    let flags = args.i32(5)?.cast_unsigned();
    let syscall = Syscall::Splice {
        fd_in: args.fd(0)?,
        off_in: offset(args, 1)?,
        fd_out: args.fd(2)?,
        off_out: offset(args, 3)?,
        len: args.len(4)?,
        flags,
    };
    Ok(Prepared::plain(syscall))
}

pub(super) fn pipe(args: &Args<'_>) -> Made {
    args.expect_count(&[1])?;
    let expr = args.get(0)?;
    match args::list(expr)? {
        [read, write] => Ok(Prepared::plain(Syscall::Pipe)
            .with_effect(Effect::Pipe(args::int(read)?, args::int(write)?))),
        _ => Err((expr.span, "pipe takes two labels in brackets".into())),
    }
}

pub(super) fn open(args: &Args<'_>) -> Made {
    args.expect_count(&[2])?;
    let expr = args.get(0)?;
    let ExprKind::Str(text) = &expr.kind else {
        return Err((expr.span, "a path in quotes is expected".into()));
    };
    let path = String::from_utf8(args::bytes_of(text, expr.span)?)
        .map_err(|_| (expr.span, "the path is not UTF-8".to_owned()))?;
    Ok(Prepared::plain(Syscall::Open { path, flags: args.i32(1)? })
        .expecting(Expect::NewDescriptor)
        .with_effect(Effect::OpenFile))
}
