//! [`Syscall`] values to system calls, on whatever thread this runs.
//!
//! Deliberately no checking of arguments: descriptors, flags and lengths go to the kernel as the
//! script has them, since the kernel's answer is what is tested.

use std::ffi::CString;

use super::sockaddr;
use super::sys::{self, Memory, Message, Sys};
use crate::target::syscall::{Buffer, EpollEvent, Fd, Output, PollFd, SockAddr};
use crate::target::{Errno, Returned, Syscall};

/// Sizes beyond this are refused before a call is made: nobody means them, and they would only
/// exhaust memory.
const MAX_BUFFER: usize = 1 << 30;

/// What a call left behind besides its result.
pub(super) struct Finished {
    /// The result.
    pub returned: Returned,
    /// Buffers that the kernel may still read (MSG_ZEROCOPY), to be kept until the sockets are gone.
    pub pinned: Vec<Memory>,
}

impl From<Returned> for Finished {
    fn from(returned: Returned) -> Self {
        Self { returned, pinned: Vec::new() }
    }
}

/// Total bytes of buffers in `call`; the reason it cannot be made, if they are too many.
pub(super) fn too_large(call: &Syscall) -> Option<String> {
    let total = buffers(call).into_iter().fold(0_usize, usize::saturating_add);
    (total > MAX_BUFFER).then(|| format!("a call with {total} bytes of buffers"))
}

fn buffers(call: &Syscall) -> Vec<usize> {
    let owned = |buffer: &Buffer| match buffer {
        Buffer::Zeros(len) => *len,
        Buffer::Bytes(bytes) => bytes.len(),
        Buffer::Null(_) => 0,
    };
    match call {
        Syscall::Read { buf, .. }
        | Syscall::Write { buf, .. }
        | Syscall::Recv { buf, .. }
        | Syscall::Send { buf, .. }
        | Syscall::Recvfrom { buf, .. }
        | Syscall::Sendto { buf, .. } => vec![owned(buf)],
        Syscall::Readv { iov, .. } | Syscall::Writev { iov, .. } | Syscall::Sendmsg { iov, .. } => {
            iov.iter().map(owned).collect()
        }
        Syscall::Recvmsg { iov, control_len, .. } => {
            iov.iter().map(owned).chain([*control_len]).collect()
        }
        Syscall::Socket { .. }
        | Syscall::Bind { .. }
        | Syscall::Listen { .. }
        | Syscall::Accept { .. }
        | Syscall::Connect { .. }
        | Syscall::Fcntl { .. }
        | Syscall::Ioctl { .. }
        | Syscall::Close { .. }
        | Syscall::Shutdown { .. }
        | Syscall::Getsockopt { .. }
        | Syscall::Setsockopt { .. }
        | Syscall::Poll { .. }
        | Syscall::EpollCreate { .. }
        | Syscall::EpollCtl { .. }
        | Syscall::EpollWait { .. }
        | Syscall::Pipe
        | Syscall::Splice { .. }
        | Syscall::Sendfile { .. }
        | Syscall::Open { .. }
        | Syscall::Interrupt { .. }
        | Syscall::CapSet { .. } => Vec::new(),
    }
}

/// Makes the call on the present thread. [`Syscall::CapSet`] changes the present thread only;
/// `worker` repeats it on the others.
pub(super) fn make(call: &Syscall) -> Finished {
    match call {
        Syscall::Socket { domain, ty, protocol } => plain(sys::socket(*domain, *ty, *protocol)),
        Syscall::Bind { fd, addr } => plain(sys::bind(fd.0, &sockaddr::encode(addr))),
        Syscall::Listen { fd, backlog } => plain(sys::listen(fd.0, *backlog)),
        Syscall::Accept { fd } => accept(*fd),
        Syscall::Connect { fd, addr } => plain(sys::connect(fd.0, &sockaddr::encode(addr))),
        Syscall::Read { fd, buf } => receive(buf, |memory| sys::read(fd.0, memory)),
        Syscall::Write { fd, buf } => plain(sys::write(fd.0, &mut memory(buf))),
        Syscall::Readv { fd, iov } => readv(*fd, iov),
        Syscall::Writev { fd, iov } => plain(sys::writev(fd.0, &mut memories(iov))),
        Syscall::Recv { fd, buf, flags } | Syscall::Recvfrom { fd, buf, flags } => {
            receive(buf, |memory| sys::recv(fd.0, memory, *flags))
        }
        Syscall::Send { fd, buf, flags } => sendto(*fd, buf, *flags, None),
        Syscall::Sendto { fd, buf, flags, addr } => sendto(*fd, buf, *flags, addr.as_ref()),
        Syscall::Recvmsg { .. } | Syscall::Sendmsg { .. } => message_call(call),
        Syscall::Fcntl { fd, cmd, arg } => plain(sys::fcntl(fd.0, *cmd, arg.unwrap_or(0))),
        Syscall::Ioctl { fd, request, arg } => ioctl(*fd, *request, *arg),
        Syscall::Close { fd } => plain(sys::close(fd.0)),
        Syscall::Shutdown { fd, how } => plain(sys::shutdown(fd.0, *how)),
        Syscall::Getsockopt { fd, level, name, len } => {
            output(sys::getsockopt(fd.0, *level, *name, *len).map(|v| (0, Output::OptVal(v))))
        }
        Syscall::Setsockopt { fd, level, name, value, len } => {
            setsockopt(*fd, (*level, *name), value, *len)
        }
        Syscall::Poll { fds, timeout_ms } => poll(fds, *timeout_ms),
        Syscall::EpollCreate { size } => plain(sys::epoll_create(*size)),
        Syscall::EpollCtl { epfd, op, fd, event } => {
            plain(sys::epoll_ctl(epfd.0, *op, fd.0, event.events, event.data))
        }
        Syscall::EpollWait { epfd, max_events, timeout_ms } => {
            epoll_wait(*epfd, *max_events, *timeout_ms)
        }
        Syscall::Pipe => output(sys::pipe().map(|[r, w]| (0, Output::Pipe(Fd(r), Fd(w))))),
        Syscall::Splice { fd_in, off_in, fd_out, off_out, len, flags } => {
            plain(sys::splice((fd_in.0, *off_in), (fd_out.0, *off_out), *len, *flags))
        }
        Syscall::Sendfile { out_fd, in_fd, offset, count } => {
            plain(sys::sendfile(out_fd.0, in_fd.0, *offset, *count))
        }
        Syscall::Open { path, flags } => plain(match CString::new(path.as_str()) {
            Ok(path) => sys::open(&path, *flags),
            Err(_) => Err(Errno(libc::EINVAL)),
        }),
        // The pool does that, which knows who sleeps.
        Syscall::Interrupt { .. } => plain(Err(Errno(libc::ENOSYS))),
        Syscall::CapSet { which, cap, set } => plain(cap_set(*which, *cap, *set)),
    }
}

/// A result with nothing written through pointers.
fn plain(result: Sys) -> Finished {
    output(result.map(|value| (value, Output::None)))
}

fn output(result: Result<(i64, Output), Errno>) -> Finished {
    match result {
        Ok((value, output)) => Returned { value, errno: None, output }.into(),
        Err(errno) => Returned::err(errno).into(),
    }
}

fn memory(buffer: &Buffer) -> Memory {
    match buffer {
        Buffer::Zeros(len) => Memory::Owned(vec![0; *len]),
        Buffer::Bytes(bytes) => Memory::Owned(bytes.clone()),
        Buffer::Null(len) => Memory::Null(*len),
    }
}

fn memories(buffers: &[Buffer]) -> Vec<Memory> {
    buffers.iter().map(memory).collect()
}

/// The first `got` bytes of the buffers, in order.
fn gathered(iov: Vec<Memory>, got: i64) -> Vec<u8> {
    let got = usize::try_from(got).unwrap_or(0);
    let mut data: Vec<u8> = iov.into_iter().flat_map(Memory::into_bytes).collect();
    data.truncate(got);
    data
}

fn receive(buffer: &Buffer, call: impl FnOnce(&mut Memory) -> Sys) -> Finished {
    let mut memory = memory(buffer);
    output(call(&mut memory).map(|got| (got, Output::Data(gathered(vec![memory], got)))))
}

fn readv(fd: Fd, iov: &[Buffer]) -> Finished {
    let mut iov = memories(iov);
    output(sys::readv(fd.0, &mut iov).map(|got| (got, Output::Data(gathered(iov, got)))))
}

fn accept(fd: Fd) -> Finished {
    output(
        sys::accept(fd.0)
            .map(|(fd, addr)| (fd, sockaddr::decode(&addr).map_or(Output::None, Output::Peer))),
    )
}

fn sendto(fd: Fd, buf: &Buffer, flags: i32, addr: Option<&SockAddr>) -> Finished {
    let mut memory = memory(buf);
    let addr = addr.map(sockaddr::encode);
    let mut finished = plain(sys::sendto(fd.0, &mut memory, flags, addr.as_deref()));
    if flags & libc::MSG_ZEROCOPY != 0 {
        finished.pinned.push(memory);
    }
    finished
}

fn message_call(call: &Syscall) -> Finished {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller dispatches exactly these two")]
    match call {
        Syscall::Recvmsg { fd, iov, control_len, flags } => {
            let control = vec![0; *control_len];
            let mut message = Message { name: Vec::new(), iov: memories(iov), control, flags: 0 };
            output(sys::recvmsg(fd.0, &mut message, *flags).map(|got| {
                let control = sockaddr::decode_control(&message.control);
                let data = gathered(message.iov, got);
                (got, Output::Message { data, flags: message.flags, control })
            }))
        }
        Syscall::Sendmsg { fd, addr, iov, control, flags } => {
            let name = addr.as_ref().map(sockaddr::encode).unwrap_or_default();
            let control = sockaddr::encode_control(control);
            let mut message = Message { name, iov: memories(iov), control, flags: 0 };
            let mut finished = plain(sys::sendmsg(fd.0, &mut message, *flags));
            if flags & libc::MSG_ZEROCOPY != 0 {
                finished.pinned = message.iov;
            }
            finished
        }
        _ => Returned::err(Errno(libc::ENOSYS)).into(),
    }
}

fn ioctl(fd: Fd, request: u64, arg: Option<i32>) -> Finished {
    let Some(mut int) = arg else { return plain(sys::ioctl_int(fd.0, request, None)) };
    let result = sys::ioctl_int(fd.0, request, Some(&mut int));
    output(result.map(|value| (value, Output::Int(int))))
}

/// No value at all is a null pointer; a value shorter than the length is padded with zeros.
fn setsockopt(fd: Fd, (level, name): (i32, i32), value: &[u8], len: u32) -> Finished {
    if value.is_empty() {
        return plain(sys::setsockopt(fd.0, level, name, None, len));
    }
    let wanted = usize::try_from(len).unwrap_or(usize::MAX).min(1 << 20);
    let mut padded = value.to_vec();
    padded.resize(padded.len().max(wanted), 0);
    plain(sys::setsockopt(fd.0, level, name, Some(&padded), len))
}

fn poll(fds: &[PollFd], timeout_ms: i32) -> Finished {
    let mut entries: Vec<_> = fds.iter().map(|entry| (entry.fd.0, entry.events, 0)).collect();
    let result = sys::poll(&mut entries, timeout_ms);
    let revents = entries.iter().map(|entry| entry.2).collect();
    output(result.map(|ready| (ready, Output::Poll(revents))))
}

fn epoll_wait(epfd: Fd, max_events: i32, timeout_ms: i32) -> Finished {
    output(sys::epoll_wait(epfd.0, max_events, timeout_ms).map(|ready| {
        let events: Vec<_> =
            ready.into_iter().map(|(events, data)| EpollEvent { events, data }).collect();
        (i64::try_from(events.len()).unwrap_or(i64::MAX), Output::Epoll(events))
    }))
}

/// Raises or drops one capability of the calling thread. `which`: 0 effective, 1 permitted,
/// 2 inheritable, as in libcap's `cap_flag_t`.
pub(super) fn cap_set(which: i32, cap: i32, set: bool) -> Sys {
    let bad = Errno(libc::EINVAL);
    let which = usize::try_from(which).map_err(|_| bad)?;
    let cap = usize::try_from(cap).map_err(|_| bad)?;
    let mut data = sys::capget()?;
    let word = data.get_mut(cap / 32).and_then(|sets| sets.get_mut(which)).ok_or(bad)?;
    let bit = 1_u32 << (cap % 32);
    *word = if set { *word | bit } else { *word & !bit };
    sys::capset(&data)
}
