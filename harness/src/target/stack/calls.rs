//! System calls as values, made on a stack.

use std::task::Poll;

use synproof_stack::api::{
    Address, Domain, EpollEvent as StackEvent, EpollOp, How, MsgFlags, PollFd as StackPollFd,
    Received, Sleep,
};
use synproof_stack::errno::Errno as StackErrno;
use synproof_stack::time::Instant;
use synproof_stack::{Fd as StackFd, Stack};

use crate::target::syscall::{Buffer, ControlMessage, SockAddr};
use crate::target::{EpollEvent, Errno, Fd, Output, Returned, Syscall};

const AF_INET: i32 = 2;
const AF_INET6: i32 = 10;
const SOCK_STREAM: i32 = 1;
/// Low bits of the type argument; the rest is SOCK_NONBLOCK and SOCK_CLOEXEC.
const SOCK_TYPE_MASK: i32 = 0xf;
const SOCK_NONBLOCK: i32 = 0o4000;
const SOL_TCP: i32 = 6;
const TCP_CM_INQ: i32 = 36;
const MSG_CTRUNC: i32 = 0x8;
const MSG_TRUNC: i32 = 0x20;
/// CMSG_SPACE of an int.
const CMSG_SPACE_INT: usize = 24;

/// What became of one try of a call.
pub(super) enum Attempt {
    /// It returned.
    Done(Returned),
    /// It sleeps: try again.
    Asleep,
    /// The stack has no such call; named.
    Lacking(String),
}

impl From<Result<Returned, StackErrno>> for Attempt {
    fn from(result: Result<Returned, StackErrno>) -> Self {
        Self::Done(result.unwrap_or_else(|errno| Returned::err(Errno(errno.raw()))))
    }
}

/// A call that may sleep, its success turned into what the C library would return.
fn polled<T>(result: Poll<Result<T, StackErrno>>, returned: impl FnOnce(T) -> Returned) -> Attempt {
    match result {
        Poll::Ready(result) => result.map(returned).into(),
        Poll::Pending => Attempt::Asleep,
    }
}

fn zero(_: ()) -> Returned {
    Returned::ok(0)
}

fn count(n: usize) -> Returned {
    Returned::ok(i64::try_from(n).unwrap_or(i64::MAX))
}

fn with(value: i64, output: Output) -> Returned {
    Returned { value, errno: None, output }
}

fn descriptor(fd: StackFd) -> Returned {
    Returned::ok(i64::from(fd.0))
}

fn live(fd: Fd) -> StackFd {
    StackFd(fd.0)
}

fn address(addr: &SockAddr) -> Address {
    match addr {
        SockAddr::Inet(addr) => Address::Inet(*addr),
        SockAddr::Family(family) => Address::Family(*family),
    }
}

/// Tries `syscall` once. `sleep` is the same in every try of one call.
#[expect(clippy::too_many_lines, reason = "one arm per system call, each a line or two")]
pub(super) fn attempt(
    stack: &mut Stack,
    now: Instant,
    syscall: &Syscall,
    sleep: &mut Sleep,
) -> Attempt {
    match syscall {
        Syscall::Socket { domain, ty, protocol: _ } => socket(stack, now, *domain, *ty),
        Syscall::Bind { fd, addr } => stack.bind(now, live(*fd), address(addr)).map(zero).into(),
        Syscall::Listen { fd, backlog } => stack.listen(now, live(*fd), *backlog).map(zero).into(),
        Syscall::Accept { fd } => polled(stack.accept(now, live(*fd), false, sleep), |accepted| {
            with(i64::from(accepted.fd.0), Output::Peer(accepted.peer))
        }),
        Syscall::Connect { fd, addr } => {
            polled(stack.connect(now, live(*fd), address(addr), sleep), zero)
        }
        Syscall::Read { fd, buf } => receive(stack, now, *fd, buf, 0, sleep),
        Syscall::Recv { fd, buf, flags } | Syscall::Recvfrom { fd, buf, flags } => {
            receive(stack, now, *fd, buf, *flags, sleep)
        }
        Syscall::Readv { fd, iov } => receive(stack, now, *fd, &joined(iov), 0, sleep),
        Syscall::Recvmsg { fd, iov, control_len, flags } => {
            let max = iov.iter().map(Buffer::len).sum();
            let result = stack.recv(now, live(*fd), max, MsgFlags(*flags), sleep);
            polled(result, |received| message(received, *control_len))
        }
        Syscall::Write { fd, buf } => transmit(stack, now, *fd, buf, 0, sleep),
        Syscall::Send { fd, buf, flags } | Syscall::Sendto { fd, buf, flags, addr: _ } => {
            transmit(stack, now, *fd, buf, *flags, sleep)
        }
        Syscall::Writev { fd, iov } => transmit(stack, now, *fd, &joined(iov), 0, sleep),
        Syscall::Sendmsg { fd, addr: _, iov, control, flags } => {
            if !control.is_empty() {
                return Attempt::Lacking("control messages in sendmsg".into());
            }
            transmit(stack, now, *fd, &joined(iov), *flags, sleep)
        }
        Syscall::Fcntl { fd, cmd, arg } => {
            stack.fcntl(live(*fd), *cmd, arg.unwrap_or(0)).map(Returned::ok).into()
        }
        Syscall::Ioctl { fd, request, arg } => {
            stack.ioctl(live(*fd), *request, *arg).map(|value| with(0, Output::Int(value))).into()
        }
        Syscall::Close { fd } => polled(stack.close(now, live(*fd), sleep), zero),
        Syscall::Shutdown { fd, how } => How::from_number(*how)
            .and_then(|how| stack.shutdown(now, live(*fd), how))
            .map(zero)
            .into(),
        Syscall::Getsockopt { fd, level, name, len } => stack
            .getsockopt(now, live(*fd), *level, *name, *len as usize)
            .map(|value| with(0, Output::OptVal(value)))
            .into(),
        Syscall::Setsockopt { fd, level, name, value, len } => {
            let mut bytes = value.clone();
            bytes.resize(*len as usize & 0xffff, 0);
            stack.setsockopt(now, live(*fd), *level, *name, &bytes).map(zero).into()
        }
        Syscall::Poll { fds, timeout_ms } => {
            let fds: Vec<StackPollFd> =
                fds.iter().map(|p| StackPollFd { fd: live(p.fd), events: p.events }).collect();
            polled(stack.poll(now, &fds, *timeout_ms, sleep), |revents| {
                let ready = revents.iter().filter(|events| **events != 0).count();
                with(count(ready).value, Output::Poll(revents))
            })
        }
        Syscall::EpollCreate { size } => stack.epoll_create(*size).map(descriptor).into(),
        Syscall::EpollCtl { epfd, op, fd, event } => epoll_ctl(stack, (*epfd, *op, *fd), event),
        Syscall::EpollWait { epfd, max_events, timeout_ms } => {
            let result = stack.epoll_wait(now, live(*epfd), *max_events, *timeout_ms, sleep);
            polled(result, |events| {
                let events: Vec<EpollEvent> = events
                    .into_iter()
                    .map(|e| EpollEvent { events: e.events, data: e.data })
                    .collect();
                with(count(events.len()).value, Output::Epoll(events))
            })
        }
        Syscall::Pipe => Attempt::Lacking("pipes".into()),
        Syscall::Splice { .. } => Attempt::Lacking("splice".into()),
        Syscall::Sendfile { .. } => Attempt::Lacking("sendfile".into()),
        Syscall::Open { .. } => Attempt::Lacking("files to open".into()),
        Syscall::CapSet { .. } => Attempt::Lacking("capabilities of processes".into()),
    }
}

fn socket(stack: &mut Stack, now: Instant, domain: i32, ty: i32) -> Attempt {
    let domain = match domain {
        AF_INET => Domain::Inet,
        AF_INET6 => Domain::Inet6,
        _ => return Attempt::Lacking(format!("sockets of address family {domain}")),
    };
    if ty & SOCK_TYPE_MASK != SOCK_STREAM {
        return Attempt::Lacking(format!("sockets of type {}", ty & SOCK_TYPE_MASK));
    }
    Attempt::Done(descriptor(stack.socket(now, domain, ty & SOCK_NONBLOCK != 0)))
}

/// Several buffers as one: a stream does not see where they meet.
fn joined(iov: &[Buffer]) -> Buffer {
    let len = iov.iter().map(Buffer::len).sum();
    if iov.iter().any(|buf| matches!(buf, Buffer::Null(1..))) {
        return Buffer::Null(len);
    }
    let has_bytes = iov.iter().any(|buf| matches!(buf, Buffer::Bytes(_)));
    if !has_bytes {
        return Buffer::Zeros(len);
    }
    Buffer::Bytes(iov.iter().flat_map(bytes_of).collect())
}

fn bytes_of(buf: &Buffer) -> Vec<u8> {
    match buf {
        Buffer::Bytes(bytes) => bytes.clone(),
        Buffer::Zeros(len) | Buffer::Null(len) => vec![0; *len],
    }
}

fn receive(
    stack: &mut Stack,
    now: Instant,
    fd: Fd,
    buf: &Buffer,
    flags: i32,
    sleep: &mut Sleep,
) -> Attempt {
    // Without MSG_TRUNC the bytes have to be written somewhere.
    if matches!(buf, Buffer::Null(1..)) && flags & MSG_TRUNC == 0 {
        return Attempt::Done(Returned::err(Errno(StackErrno::EFAULT.raw())));
    }
    polled(stack.recv(now, live(fd), buf.len(), MsgFlags(flags), sleep), |received| {
        with(count(received.len).value, Output::Data(received.data))
    })
}

/// What recvmsg writes: with TCP_INQ the bytes that are left, if the control buffer has room.
fn message(received: Received, control_len: usize) -> Returned {
    let mut flags = received.flags;
    let mut control = Vec::new();
    if let Some(inq) = received.inq {
        if control_len >= CMSG_SPACE_INT {
            let data = inq.to_ne_bytes().to_vec();
            control.push(ControlMessage { level: SOL_TCP, ty: TCP_CM_INQ, data });
        } else {
            flags |= MSG_CTRUNC;
        }
    }
    let value = count(received.len).value;
    with(value, Output::Message { data: received.data, flags, control })
}

fn transmit(
    stack: &mut Stack,
    now: Instant,
    fd: Fd,
    buf: &Buffer,
    flags: i32,
    sleep: &mut Sleep,
) -> Attempt {
    if matches!(buf, Buffer::Null(1..)) {
        return Attempt::Done(Returned::err(Errno(StackErrno::EFAULT.raw())));
    }
    polled(stack.send(now, live(fd), &bytes_of(buf), MsgFlags(flags), sleep), count)
}

fn epoll_ctl(stack: &mut Stack, (epfd, op, fd): (Fd, i32, Fd), event: &EpollEvent) -> Attempt {
    let op = match op {
        1 => EpollOp::Add,
        2 => EpollOp::Del,
        3 => EpollOp::Mod,
        _ => return Attempt::Done(Returned::err(Errno(StackErrno::EINVAL.raw()))),
    };
    let event = StackEvent { events: event.events, data: event.data };
    stack.epoll_ctl(live(epfd), op, live(fd), event).map(zero).into()
}
