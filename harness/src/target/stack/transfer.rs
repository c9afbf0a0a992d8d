//! read(), write() and their relatives: buffers, flags and control messages.

use std::task::Poll;

use synproof_stack::api::{ControlMessage as StackControlMessage, Message, MsgFlags, Received};
use synproof_stack::errno::Errno as StackErrno;

use super::calls::{Answer, Kernel, Refused, address, beyond, count, to_fd};
use super::options;
use crate::target::Syscall;
use crate::target::syscall::{Buffer, ControlMessage, Fd, Output, SockAddr};

/// Sizes beyond this are refused: nobody means them, and they would only exhaust memory.
const MAX_BUFFER: usize = 1 << 30;
/// UIO_MAXIOV
const MAX_IOV: usize = 1024;
/// sizeof(struct cmsghdr), and what messages are padded to.
const CMSG_HEADER: usize = 16;
const CMSG_ALIGN: usize = 8;

const MSG_PEEK: i32 = 0x2;
const MSG_CTRUNC: i32 = 0x8;
const MSG_TRUNC: i32 = 0x20;
const MSG_ERRQUEUE: i32 = 0x2000;

/// Carries out one of the calls that move bytes.
pub(super) fn transfer(kernel: &mut Kernel<'_>, syscall: &Syscall) -> Answer {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller dispatches exactly these")]
    match syscall {
        Syscall::Read { fd, buf } => read(kernel, *fd, &[buf]),
        Syscall::Readv { fd, iov } => {
            limit(iov, StackErrno::EINVAL)?;
            read(kernel, *fd, &refs(iov))
        }
        Syscall::Recv { fd, buf, flags } | Syscall::Recvfrom { fd, buf, flags } => {
            let received = receive(kernel, *fd, &[buf], *flags)?;
            Ok(data(received.map(|received| untouched(received, &[buf]))))
        }
        Syscall::Recvmsg { fd, iov, control_len, flags } => {
            limit(iov, StackErrno::EMSGSIZE)?;
            let received = receive(kernel, *fd, &refs(iov), *flags)?;
            let buffers = refs(iov);
            Ok(received.map(|got| message(untouched(got, &buffers), *control_len)))
        }
        Syscall::Write { fd, buf } => write(kernel, *fd, &[buf]),
        Syscall::Writev { fd, iov } => {
            limit(iov, StackErrno::EINVAL)?;
            write(kernel, *fd, &refs(iov))
        }
        Syscall::Send { fd, buf, flags } => send(kernel, *fd, &[buf], *flags, None),
        Syscall::Sendto { fd, buf, flags, addr } => {
            send(kernel, *fd, &[buf], *flags, addr.as_ref())
        }
        Syscall::Sendmsg { fd, addr, iov, control, flags } => {
            limit(iov, StackErrno::EMSGSIZE)?;
            send_message(kernel, *fd, (&refs(iov), control), *flags, addr.as_ref())
        }
        other => beyond(format!("{other:?}")),
    }
}

/// Receives into `buffers`, which are filled one after the other.
fn receive(
    kernel: &mut Kernel<'_>,
    fd: Fd,
    buffers: &[&Buffer],
    flags: i32,
) -> Result<Poll<Received>, Refused> {
    let room = total(buffers)?;
    let (fd, now) = (to_fd(fd), kernel.now);
    let null = flags & (MSG_TRUNC | MSG_ERRQUEUE) == 0 && first_is_null(buffers);
    // Nothing is taken from the stream if it cannot be written to memory.
    let flags = if null { flags | MSG_PEEK } else { flags };
    let received = kernel.stack.recv(now, fd, room, MsgFlags(flags), kernel.sleep)?;
    match received {
        Poll::Ready(received) if null && received.len > 0 => Err(StackErrno::EFAULT.into()),
        other @ (Poll::Ready(_) | Poll::Pending) => Ok(other),
    }
}

/// Sends `buffers` one after the other, up to a null pointer.
fn send(
    kernel: &mut Kernel<'_>,
    fd: Fd,
    buffers: &[&Buffer],
    flags: i32,
    addr: Option<&SockAddr>,
) -> Answer {
    send_message(kernel, fd, (buffers, &[]), flags, addr)
}

/// [`send`], with control messages.
fn send_message(
    kernel: &mut Kernel<'_>,
    fd: Fd,
    (buffers, control): (&[&Buffer], &[ControlMessage]),
    flags: i32,
    addr: Option<&SockAddr>,
) -> Answer {
    let size = total(buffers)?;
    let (mut data, mut ends) = (Vec::new(), Vec::new());
    for buffer in buffers.iter().take_while(|buffer| !is_null(buffer)) {
        data.extend_from_slice(&contents(buffer));
        ends.push(data.len());
    }
    let control: Vec<_> = control.iter().map(of_stack).collect();
    let message = Message {
        data: &data,
        size,
        ends: &ends,
        name: addr.map(address),
        control: &control,
        flags: MsgFlags(flags),
    };
    let (fd, now) = (to_fd(fd), kernel.now);
    let sent = kernel.stack.sendmsg(now, fd, &message, kernel.sleep)?;
    match sent {
        Poll::Ready(0) if first_is_null(buffers) => Err(StackErrno::EFAULT.into()),
        Poll::Ready(sent) => Ok(Poll::Ready((count(sent), Output::None))),
        Poll::Pending => Ok(Poll::Pending),
    }
}

/// read(), of a socket or of what is none.
fn read(kernel: &mut Kernel<'_>, fd: Fd, buffers: &[&Buffer]) -> Answer {
    let room = total(buffers)?;
    if room == 0 {
        // A socket is not asked for nothing (sock_read_iter).
        let domain = (options::SOL_SOCKET, options::SO_DOMAIN);
        match kernel.stack.getsockopt(kernel.now, to_fd(fd), domain.0, domain.1, 4) {
            Ok(_) => return Ok(Poll::Ready((0, Output::Data(Vec::new())))),
            Err(StackErrno::ENOTSOCK) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    match receive(kernel, fd, buffers, 0) {
        Err(Refused::Errno(StackErrno::ENOTSOCK)) => {
            let got = kernel.stack.read_file(kernel.now, to_fd(fd), room, kernel.sleep)?;
            Ok(got.map(|bytes| (count(bytes.len()), Output::Data(bytes))))
        }
        received => received.map(data),
    }
}

/// write(), to a socket or to what is none.
fn write(kernel: &mut Kernel<'_>, fd: Fd, buffers: &[&Buffer]) -> Answer {
    match send(kernel, fd, buffers, 0, None) {
        Err(Refused::Errno(StackErrno::ENOTSOCK)) => {
            let bytes: Vec<u8> = buffers.iter().flat_map(|buffer| contents(buffer)).collect();
            let sent = kernel.stack.write_file(kernel.now, to_fd(fd), &bytes, kernel.sleep)?;
            Ok(sent.map(|sent| (count(sent), Output::None)))
        }
        sent => sent,
    }
}

fn data(received: Poll<Received>) -> Poll<(i64, Output)> {
    received.map(|received| (count(received.len), Output::Data(received.data)))
}

/// What MSG_TRUNC throws away leaves the buffers as they were, which is zeros; a null pointer has
/// nothing to leave.
fn untouched(mut received: Received, buffers: &[&Buffer]) -> Received {
    let room: usize = buffers.iter().filter(|b| !is_null(b)).map(|buffer| buffer.len()).sum();
    let len = received.data.len().max(received.len.min(room));
    received.data.resize(len, 0);
    received
}

fn message(received: Received, control_len: usize) -> (i64, Output) {
    let (control, truncated) = control_messages(received.control, control_len);
    let flags = received.flags | truncated;
    (count(received.len), Output::Message { data: received.data, flags, control })
}

/// Control messages that fit into `room` bytes, and MSG_CTRUNC if not all of them did. Each is
/// followed by padding, which the last one need not have room for.
///
/// Linux: put_cmsg (net/core/scm.c)
fn control_messages(
    messages: Vec<StackControlMessage>,
    mut room: usize,
) -> (Vec<ControlMessage>, i32) {
    let mut put = Vec::new();
    let mut flags = 0;
    for StackControlMessage { level, ty, mut data } in messages {
        let Some(rest) = room.checked_sub(CMSG_HEADER) else {
            flags = MSG_CTRUNC;
            continue;
        };
        if rest < data.len() {
            flags = MSG_CTRUNC;
            data.truncate(rest);
        }
        room = rest.saturating_sub(data.len().next_multiple_of(CMSG_ALIGN));
        put.push(ControlMessage { level, ty, data });
    }
    (put, flags)
}

fn of_stack(message: &ControlMessage) -> StackControlMessage {
    let ControlMessage { level, ty, data } = message.clone();
    StackControlMessage { level, ty, data }
}

fn limit(iov: &[Buffer], errno: StackErrno) -> Result<(), Refused> {
    if iov.len() > MAX_IOV { Err(errno.into()) } else { Ok(()) }
}

fn refs(iov: &[Buffer]) -> Vec<&Buffer> {
    iov.iter().collect()
}

fn total(buffers: &[&Buffer]) -> Result<usize, Refused> {
    let total = buffers.iter().map(|buffer| buffer.len()).fold(0, usize::saturating_add);
    if total > MAX_BUFFER {
        beyond(format!("room for {total} bytes of buffers"))
    } else {
        Ok(total)
    }
}

fn is_null(buffer: &Buffer) -> bool {
    matches!(buffer, Buffer::Null(len) if *len > 0)
}

fn first_is_null(buffers: &[&Buffer]) -> bool {
    buffers.iter().find(|buffer| !buffer.is_empty()).is_some_and(|buffer| is_null(buffer))
}

fn contents(buffer: &Buffer) -> Vec<u8> {
    match buffer {
        Buffer::Zeros(len) => vec![0; *len],
        Buffer::Bytes(bytes) => bytes.clone(),
        Buffer::Null(_) => Vec::new(),
    }
}
