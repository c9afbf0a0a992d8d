//! The only unsafe code of the harness, with the two files below it: system calls with raw
//! descriptors and pointers, each behind a safe function that owns or borrows the memory the kernel
//! sees.
//!
//! Descriptors are plain numbers on purpose: scripts call with closed, foreign and negative ones,
//! and expect the kernel's answer. The threads that run script calls have a descriptor table of
//! their own (see `namespace`), so no number given here can reach a descriptor of the harness.
#![allow(unsafe_code, reason = "the one place that talks to the C library directly")]

mod spawn;
mod thread;

use std::io;

pub(super) use spawn::at_exit;
pub(crate) use spawn::{end_with_this_thread, with_all_it_starts, without_address_randomisation};
pub(super) use thread::{
    adopt_descriptor_three, block_foreign_signals, close_script_descriptors, install_wake_handler,
    private_descriptors, round_robin, wake_thread,
};

use crate::target::syscall::Errno;

/// Result of a system call: the return value, or errno.
pub(super) type Sys = Result<i64, Errno>;

/// Memory handed to the kernel: owned bytes, or a null pointer with a length.
#[derive(Debug)]
pub(super) enum Memory {
    /// Bytes that live here.
    Owned(Vec<u8>),
    /// A null pointer said to have this length.
    Null(usize),
}

impl Memory {
    fn pointer(&mut self) -> *mut libc::c_void {
        match self {
            Self::Owned(bytes) => bytes.as_mut_ptr().cast(),
            Self::Null(_) => std::ptr::null_mut(),
        }
    }

    /// Length as told to the kernel.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Owned(bytes) => bytes.len(),
            Self::Null(len) => *len,
        }
    }

    /// The bytes, empty for a null pointer.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Null(_) => Vec::new(),
        }
    }
}

/// The present thread's errno.
fn errno() -> Errno {
    Errno(io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO))
}

/// -1 becomes errno.
fn check(value: i64) -> Sys {
    if value == -1 { Err(errno()) } else { Ok(value) }
}

/// As [`check`], for pointer-sized results.
fn check_size(value: isize) -> Sys {
    check(i64::try_from(value).unwrap_or(i64::MAX))
}

/// `struct sockaddr` bytes to the length type of the C library.
fn socklen(len: usize) -> libc::socklen_t {
    libc::socklen_t::try_from(len).unwrap_or(libc::socklen_t::MAX)
}

/// socket(2)
pub(super) fn socket(domain: i32, ty: i32, protocol: i32) -> Sys {
    // SAFETY: no pointers.
    check(i64::from(unsafe { libc::socket(domain, ty, protocol) }))
}

/// bind(2)
pub(super) fn bind(fd: i32, addr: &[u8]) -> Sys {
    // SAFETY: pointer and length describe `addr`, which outlives the call.
    check(i64::from(unsafe { libc::bind(fd, addr.as_ptr().cast(), socklen(addr.len())) }))
}

/// connect(2)
pub(super) fn connect(fd: i32, addr: &[u8]) -> Sys {
    // SAFETY: pointer and length describe `addr`, which outlives the call.
    check(i64::from(unsafe { libc::connect(fd, addr.as_ptr().cast(), socklen(addr.len())) }))
}

/// listen(2)
pub(super) fn listen(fd: i32, backlog: i32) -> Sys {
    // SAFETY: no pointers.
    check(i64::from(unsafe { libc::listen(fd, backlog) }))
}

/// accept(2); the bytes of the peer's `struct sockaddr` come with the descriptor.
pub(super) fn accept(fd: i32) -> Result<(i64, Vec<u8>), Errno> {
    let mut addr = vec![0_u8; size_of::<libc::sockaddr_storage>()];
    let mut len = socklen(addr.len());
    // SAFETY: `addr` has `len` writable bytes, and both outlive the call.
    let fd = check(i64::from(unsafe { libc::accept(fd, addr.as_mut_ptr().cast(), &raw mut len) }))?;
    addr.truncate(usize::try_from(len).unwrap_or(0));
    Ok((fd, addr))
}

/// read(2)
pub(super) fn read(fd: i32, into: &mut Memory) -> Sys {
    let len = into.len();
    // SAFETY: `into` has `len` writable bytes, or is null, which the kernel answers with EFAULT.
    check_size(unsafe { libc::read(fd, into.pointer(), len) })
}

/// write(2)
pub(super) fn write(fd: i32, from: &mut Memory) -> Sys {
    let len = from.len();
    // SAFETY: `from` has `len` readable bytes, or is null, which the kernel answers with EFAULT.
    check_size(unsafe { libc::write(fd, from.pointer(), len) })
}

/// The vector of a readv, writev or msghdr. Valid as long as the buffers are not touched.
fn iovecs(buffers: &mut [Memory]) -> Vec<libc::iovec> {
    buffers
        .iter_mut()
        .map(|memory| libc::iovec { iov_len: memory.len(), iov_base: memory.pointer() })
        .collect()
}

/// readv(2)
pub(super) fn readv(fd: i32, into: &mut [Memory]) -> Sys {
    let vector = iovecs(into);
    let count = i32::try_from(vector.len()).unwrap_or(i32::MAX);
    // SAFETY: every entry describes a buffer of `into`, borrowed for the whole call.
    check_size(unsafe { libc::readv(fd, vector.as_ptr(), count) })
}

/// writev(2)
pub(super) fn writev(fd: i32, from: &mut [Memory]) -> Sys {
    let vector = iovecs(from);
    let count = i32::try_from(vector.len()).unwrap_or(i32::MAX);
    // SAFETY: every entry describes a buffer of `from`, borrowed for the whole call.
    check_size(unsafe { libc::writev(fd, vector.as_ptr(), count) })
}

/// recvfrom(2) without an address (recv is the same).
pub(super) fn recv(fd: i32, into: &mut Memory, flags: i32) -> Sys {
    let len = into.len();
    // SAFETY: `into` has `len` writable bytes, or is null.
    check_size(unsafe { libc::recv(fd, into.pointer(), len, flags) })
}

/// sendto(2); no address is a null pointer (send is the same).
pub(super) fn sendto(fd: i32, from: &mut Memory, flags: i32, addr: Option<&[u8]>) -> Sys {
    let len = from.len();
    let (addr, addr_len) = addr.map_or((std::ptr::null(), 0), |a| (a.as_ptr(), a.len()));
    // SAFETY: `from` has `len` readable bytes or is null; the address likewise.
    check_size(unsafe {
        libc::sendto(fd, from.pointer(), len, flags, addr.cast(), socklen(addr_len))
    })
}

/// A `struct msghdr` in safe terms.
#[derive(Debug)]
pub(super) struct Message {
    /// Bytes of `msg_name`; empty for null.
    pub name: Vec<u8>,
    /// `msg_iov`
    pub iov: Vec<Memory>,
    /// `msg_control`; empty for null. Truncated to `msg_controllen` by [`recvmsg`].
    pub control: Vec<u8>,
    /// `msg_flags`, out of [`recvmsg`].
    pub flags: i32,
}

/// The C structure for `message`. Valid as long as `message` and `vector` are not touched.
fn msghdr(message: &mut Message, vector: &mut [libc::iovec]) -> libc::msghdr {
    // SAFETY: all-zero bytes are a valid msghdr (null pointers, lengths 0).
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    if !message.name.is_empty() {
        header.msg_name = message.name.as_mut_ptr().cast();
        header.msg_namelen = socklen(message.name.len());
    }
    header.msg_iov = vector.as_mut_ptr();
    header.msg_iovlen = vector.len() as _;
    if !message.control.is_empty() {
        header.msg_control = message.control.as_mut_ptr().cast();
        header.msg_controllen = message.control.len() as _;
    }
    header
}

/// recvmsg(2)
pub(super) fn recvmsg(fd: i32, message: &mut Message, flags: i32) -> Sys {
    let mut vector = iovecs(&mut message.iov);
    let mut header = msghdr(message, &mut vector);
    // SAFETY: every pointer in `header` describes memory of `message` or `vector`, both borrowed.
    let got = check_size(unsafe { libc::recvmsg(fd, &raw mut header, flags) })?;
    #[allow(clippy::unnecessary_cast, reason = "the width differs between C libraries")]
    message.control.truncate(header.msg_controllen as usize);
    message.flags = header.msg_flags;
    Ok(got)
}

/// sendmsg(2)
pub(super) fn sendmsg(fd: i32, message: &mut Message, flags: i32) -> Sys {
    let mut vector = iovecs(&mut message.iov);
    let header = msghdr(message, &mut vector);
    // SAFETY: every pointer in `header` describes memory of `message` or `vector`, both borrowed.
    check_size(unsafe { libc::sendmsg(fd, &raw const header, flags) })
}

/// fcntl(2) with an integer argument.
pub(super) fn fcntl(fd: i32, cmd: i32, arg: i64) -> Sys {
    // SAFETY: commands whose argument is a pointer get an integer that the kernel checks before
    // it is used as an address (EFAULT); scripts have only integer commands.
    check(i64::from(unsafe { libc::fcntl(fd, cmd, arg) }))
}

/// ioctl(2) whose argument points to an int, or is null.
pub(super) fn ioctl_int(fd: i32, request: u64, arg: Option<&mut i32>) -> Sys {
    // A request may write more than an int; the slack keeps that in bounds for every size that
    // fits the 14-bit size field of an ioctl number.
    let mut memory = vec![0_i32; 4096 + 1];
    let given = arg.is_some();
    if let (Some(arg), Some(first)) = (&arg, memory.first_mut()) {
        *first = **arg;
    }
    let pointer = if given { memory.as_mut_ptr() } else { std::ptr::null_mut() };
    // SAFETY: the pointer is null or has 16 KiB of writable memory behind it.
    let result = check(i64::from(unsafe { libc::ioctl(fd, request as _, pointer) }));
    if let (Some(arg), Some(first)) = (arg, memory.first()) {
        *arg = *first;
    }
    result
}

/// ioctl(2) whose argument is a structure given as bytes, 8-byte aligned by copying.
pub(super) fn ioctl_bytes(fd: i32, request: u64, bytes: &mut [u8]) -> Sys {
    let mut memory = vec![0_u64; bytes.len().div_ceil(8) + 2048];
    for (word, chunk) in memory.iter_mut().zip(bytes.chunks(8)) {
        let mut eight = [0_u8; 8];
        eight.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
        *word = u64::from_ne_bytes(eight);
    }
    // SAFETY: the memory is at least 16 KiB, more than any size in an ioctl number.
    let result = check(i64::from(unsafe { libc::ioctl(fd, request as _, memory.as_mut_ptr()) }));
    for (chunk, word) in bytes.chunks_mut(8).zip(&memory) {
        chunk.iter_mut().zip(word.to_ne_bytes()).for_each(|(to, from)| *to = from);
    }
    result
}

/// ioctl(2) with two structures, the first of which holds a pointer to the second at `at`
/// (`struct ifreq` with `ifr_data`).
pub(super) fn ioctl_indirect(
    fd: i32,
    request: u64,
    outer: &[u8],
    at: usize,
    inner: &mut [u8],
) -> Sys {
    let mut memory = vec![0_u64; inner.len().div_ceil(8) + 2048];
    for (word, chunk) in memory.iter_mut().zip(inner.chunks(8)) {
        let mut eight = [0_u8; 8];
        eight.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
        *word = u64::from_ne_bytes(eight);
    }
    let address = (memory.as_mut_ptr() as usize).to_ne_bytes();
    let mut outer = outer.to_vec();
    for (to, from) in outer.iter_mut().skip(at).zip(address) {
        *to = from;
    }
    // The pointer stored in `outer` stays valid: `memory` is not moved before the call returns.
    let result = ioctl_bytes(fd, request, &mut outer);
    for (chunk, word) in inner.chunks_mut(8).zip(&memory) {
        chunk.iter_mut().zip(word.to_ne_bytes()).for_each(|(to, from)| *to = from);
    }
    result
}

/// ioctl(2) with an integer argument.
pub(super) fn ioctl_value(fd: i32, request: u64, value: u64) -> Sys {
    // SAFETY: used only with requests that take a number (TUNSETOFFLOAD).
    check(i64::from(unsafe { libc::ioctl(fd, request as _, value) }))
}

/// close(2)
pub(super) fn close(fd: i32) -> Sys {
    // SAFETY: the number refers to the script's own descriptor table (file header).
    check(i64::from(unsafe { libc::close(fd) }))
}

/// shutdown(2)
pub(super) fn shutdown(fd: i32, how: i32) -> Sys {
    // SAFETY: no pointers.
    check(i64::from(unsafe { libc::shutdown(fd, how) }))
}

/// getsockopt(2): up to `len` bytes of the option.
pub(super) fn getsockopt(fd: i32, level: i32, name: i32, len: u32) -> Result<Vec<u8>, Errno> {
    // Eight times the length: SO_GET_FILTER counts it in instructions of eight bytes.
    let room = usize::try_from(len).unwrap_or(0).min(1 << 20).saturating_mul(8);
    let mut value = vec![0_u8; room.max(4096)];
    let mut got: libc::socklen_t = len;
    // SAFETY: the kernel writes at most `len` bytes; larger lengths than the buffer are refused
    // by the kernel as negative or are bounded by the size of the option.
    check(i64::from(unsafe {
        libc::getsockopt(fd, level, name, value.as_mut_ptr().cast(), &raw mut got)
    }))?;
    value.truncate(usize::try_from(got).unwrap_or(0));
    Ok(value)
}

/// setsockopt(2) with `len` told to the kernel; no value is a null pointer.
pub(super) fn setsockopt(fd: i32, level: i32, name: i32, value: Option<&[u8]>, len: u32) -> Sys {
    let pointer = value.map_or(std::ptr::null(), <[u8]>::as_ptr);
    // SAFETY: the caller pads `value` to `len`; the kernel only reads.
    check(i64::from(unsafe { libc::setsockopt(fd, level, name, pointer.cast(), len) }))
}

/// poll(2); fills `revents`.
pub(super) fn poll(fds: &mut [(i32, i16, i16)], timeout_ms: i32) -> Sys {
    let mut raw: Vec<libc::pollfd> =
        fds.iter().map(|&(fd, events, revents)| libc::pollfd { fd, events, revents }).collect();
    // SAFETY: pointer and count describe `raw`.
    let result = check(i64::from(unsafe {
        libc::poll(raw.as_mut_ptr(), raw.len() as libc::nfds_t, timeout_ms)
    }));
    for (entry, done) in fds.iter_mut().zip(&raw) {
        entry.2 = done.revents;
    }
    result
}

/// epoll_create(2)
pub(super) fn epoll_create(size: i32) -> Sys {
    // SAFETY: no pointers.
    check(i64::from(unsafe { libc::epoll_create(size) }))
}

/// epoll_ctl(2)
pub(super) fn epoll_ctl(epfd: i32, op: i32, fd: i32, events: u32, data: u64) -> Sys {
    let mut event = libc::epoll_event { events, u64: data };
    // SAFETY: `event` outlives the call.
    check(i64::from(unsafe { libc::epoll_ctl(epfd, op, fd, &raw mut event) }))
}

/// epoll_wait(2): the events, as (mask, data).
pub(super) fn epoll_wait(
    epfd: i32,
    max_events: i32,
    timeout_ms: i32,
) -> Result<Vec<(u32, u64)>, Errno> {
    let room = usize::try_from(max_events).unwrap_or(0).min(4096);
    let mut events = vec![libc::epoll_event { events: 0, u64: 0 }; room.max(1)];
    let max = max_events.min(4096);
    // SAFETY: `events` has room for `max` entries; the kernel refuses a count below 1.
    let got =
        check(i64::from(unsafe { libc::epoll_wait(epfd, events.as_mut_ptr(), max, timeout_ms) }))?;
    events.truncate(usize::try_from(got).unwrap_or(0));
    Ok(events.iter().map(|event| (event.events, event.u64)).collect())
}

/// pipe(2)
pub(super) fn pipe() -> Result<[i32; 2], Errno> {
    let mut ends = [0_i32; 2];
    // SAFETY: `ends` is two ints.
    check(i64::from(unsafe { libc::pipe(ends.as_mut_ptr()) }))?;
    Ok(ends)
}

/// A pointer to an optional offset.
fn offset(value: &mut Option<i64>) -> *mut i64 {
    value.as_mut().map_or(std::ptr::null_mut(), std::ptr::from_mut)
}

/// splice(2)
pub(super) fn splice(
    (fd_in, mut off_in): (i32, Option<i64>),
    (fd_out, mut off_out): (i32, Option<i64>),
    len: usize,
    flags: u32,
) -> Sys {
    // SAFETY: the offsets are locals or null.
    check_size(unsafe {
        libc::splice(fd_in, offset(&mut off_in), fd_out, offset(&mut off_out), len, flags)
    })
}

/// sendfile(2)
pub(super) fn sendfile(out_fd: i32, in_fd: i32, mut off: Option<i64>, count: usize) -> Sys {
    // SAFETY: the offset is a local or null.
    check_size(unsafe { libc::sendfile64(out_fd, in_fd, offset(&mut off), count) })
}

/// open(2), creating files readable by their owner only.
pub(super) fn open(path: &std::ffi::CStr, flags: i32) -> Sys {
    // SAFETY: a NUL-terminated string that outlives the call.
    check(i64::from(unsafe { libc::open(path.as_ptr(), flags, 0o600 as libc::c_uint) }))
}

/// `struct __user_cap_header_struct` for version 3 and the calling thread.
#[repr(C)]
struct CapHeader {
    version: u32,
    pid: i32,
}

/// capget(2) of the calling thread: effective, permitted and inheritable, low word first.
pub(super) fn capget() -> Result<[[u32; 3]; 2], Errno> {
    let mut header = CapHeader { version: 0x2008_0522, pid: 0 }; // _LINUX_CAPABILITY_VERSION_3
    let mut data = [[0_u32; 3]; 2];
    // SAFETY: version 3 writes two structures of three u32.
    check(unsafe { libc::syscall(libc::SYS_capget, &raw mut header, data.as_mut_ptr()) })?;
    Ok(data)
}

/// capset(2) of the calling thread, not of the process.
pub(super) fn capset(data: &[[u32; 3]; 2]) -> Sys {
    let mut header = CapHeader { version: 0x2008_0522, pid: 0 };
    // SAFETY: version 3 reads two structures of three u32.
    check(unsafe { libc::syscall(libc::SYS_capset, &raw mut header, data.as_ptr()) })
}

/// Attaches a classic BPF program to a socket: (code, jump if true, jump if false, constant).
pub(super) fn attach_filter(fd: i32, program: &[(u16, u8, u8, u32)]) -> Sys {
    let mut code: Vec<libc::sock_filter> =
        program.iter().map(|&(code, jt, jf, k)| libc::sock_filter { code, jt, jf, k }).collect();
    let header = libc::sock_fprog {
        len: u16::try_from(code.len()).unwrap_or(u16::MAX),
        filter: code.as_mut_ptr(),
    };
    // SAFETY: `header` and the program it points to outlive the call.
    check(i64::from(unsafe {
        libc::setsockopt(
            fd,
            libc::SOL_SOCKET,
            libc::SO_ATTACH_FILTER,
            (&raw const header).cast(),
            socklen(size_of::<libc::sock_fprog>()),
        )
    }))
}
