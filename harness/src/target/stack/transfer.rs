//! read(), write() and their relatives: buffers, flags and control messages.

use std::task::Poll;

use synproof_stack::api::{Message, MsgFlags, Received};
use synproof_stack::errno::Errno as StackErrno;

use super::calls::{Answer, Kernel, Refused, address, beyond, count, to_fd};
use crate::target::Syscall;
use crate::target::syscall::{Buffer, ControlMessage, Fd, Output, SockAddr};

/// Sizes beyond this are refused: nobody means them, and they would only exhaust memory.
const MAX_BUFFER: usize = 1 << 30;
/// UIO_MAXIOV
const MAX_IOV: usize = 1024;
/// sizeof(struct cmsghdr)
const CMSG_HEADER: usize = 16;

const SOL_SOCKET: i32 = 1;
const SOL_TCP: i32 = 6;
/// TCP_CM_INQ is the number of the option that asks for it, TCP_INQ.
const TCP_CM_INQ: i32 = 36;

const MSG_PEEK: i32 = 0x2;
const MSG_CTRUNC: i32 = 0x8;
const MSG_TRUNC: i32 = 0x20;
const MSG_ERRQUEUE: i32 = 0x2000;
const MSG_ZEROCOPY: i32 = 0x400_0000;

/// Carries out one of the calls that move bytes.
pub(super) fn transfer(kernel: &mut Kernel<'_>, syscall: &Syscall) -> Answer {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller dispatches exactly these")]
    match syscall {
        Syscall::Read { fd, buf } => file(receive(kernel, *fd, &[buf], 0)).map(data),
        Syscall::Readv { fd, iov } => {
            limit(iov, StackErrno::EINVAL)?;
            file(receive(kernel, *fd, &refs(iov), 0)).map(data)
        }
        Syscall::Recv { fd, buf, flags } | Syscall::Recvfrom { fd, buf, flags } => {
            receive(kernel, *fd, &[buf], *flags).map(data)
        }
        Syscall::Recvmsg { fd, iov, control_len, flags } => {
            limit(iov, StackErrno::EMSGSIZE)?;
            let received = receive(kernel, *fd, &refs(iov), *flags)?;
            Ok(received.map(|received| message(received, *control_len)))
        }
        Syscall::Write { fd, buf } => file(send(kernel, *fd, &[buf], 0, None)),
        Syscall::Writev { fd, iov } => {
            limit(iov, StackErrno::EINVAL)?;
            file(send(kernel, *fd, &refs(iov), 0, None))
        }
        Syscall::Send { fd, buf, flags } => send(kernel, *fd, &[buf], *flags, None),
        Syscall::Sendto { fd, buf, flags, addr } => {
            send(kernel, *fd, &[buf], *flags, addr.as_ref())
        }
        Syscall::Sendmsg { fd, addr, iov, control, flags } => {
            limit(iov, StackErrno::EMSGSIZE)?;
            // TCP passes over control messages of other levels.
            if let Some(message) = control.iter().find(|message| message.level == SOL_SOCKET) {
                return beyond(format!("SOL_SOCKET control message {}", message.ty));
            }
            send(kernel, *fd, &refs(iov), *flags, addr.as_ref())
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
    if flags & MSG_ERRQUEUE != 0 {
        return beyond("error queue (MSG_ERRQUEUE)");
    }
    let room = total(buffers)?;
    let (fd, now) = (to_fd(fd), kernel.now);
    let null = flags & MSG_TRUNC == 0 && first_is_null(buffers);
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
    if flags & MSG_ZEROCOPY != 0 {
        return beyond("MSG_ZEROCOPY");
    }
    let size = total(buffers)?;
    let mut bytes = Vec::new();
    let readable = buffers.iter().take_while(|buffer| !is_null(buffer));
    readable.for_each(|buffer| bytes.extend_from_slice(&contents(buffer)));
    let (fd, now) = (to_fd(fd), kernel.now);
    let name = addr.map(address);
    let message = Message { data: &bytes, size, name, flags: MsgFlags(flags) };
    let sent = kernel.stack.sendmsg(now, fd, &message, kernel.sleep)?;
    match sent {
        Poll::Ready(0) if first_is_null(buffers) => Err(StackErrno::EFAULT.into()),
        Poll::Ready(sent) => Ok(Poll::Ready((count(sent), Output::None))),
        Poll::Pending => Ok(Poll::Pending),
    }
}

/// read() and write() are calls of files: what is no socket cannot be read at all.
fn file<T>(result: Result<T, Refused>) -> Result<T, Refused> {
    match result {
        Err(Refused::Errno(StackErrno::ENOTSOCK)) => Err(StackErrno::EINVAL.into()),
        other => other,
    }
}

fn data(received: Poll<Received>) -> Poll<(i64, Output)> {
    received.map(|received| (count(received.len), Output::Data(received.data)))
}

fn message(received: Received, control_len: usize) -> (i64, Output) {
    let (control, truncated) = control_messages(received.inq, control_len);
    let flags = received.flags | truncated;
    (count(received.len), Output::Message { data: received.data, flags, control })
}

/// Control messages that fit into `room` bytes, and MSG_CTRUNC if not all of them did.
///
/// Linux: put_cmsg (net/core/scm.c)
fn control_messages(inq: Option<i32>, room: usize) -> (Vec<ControlMessage>, i32) {
    let Some(inq) = inq else { return (Vec::new(), 0) };
    let Some(room) = room.checked_sub(CMSG_HEADER) else { return (Vec::new(), MSG_CTRUNC) };
    let mut data = inq.to_ne_bytes().to_vec();
    let truncated = if room < data.len() { MSG_CTRUNC } else { 0 };
    data.truncate(room);
    (vec![ControlMessage { level: SOL_TCP, ty: TCP_CM_INQ, data }], truncated)
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
