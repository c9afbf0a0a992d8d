//! Socket options, fcntl() and ioctl(), and the structures behind code blocks.

use std::task::Poll;

use synproof_stack::Stack;
use synproof_stack::api::{PollFd, Sleep};
use synproof_stack::errno::Errno as StackErrno;
use synproof_stack::time::Instant;

use super::beyond;
use super::calls::{Answer, Kernel, beyond, done, to_fd};
use crate::target::look::ALL_EVENTS;
use crate::target::syscall::{Fd, Output};
use crate::target::{Errno, Sample, Sampling, SockSnapshot};

pub(super) const SOL_SOCKET: i32 = 1;
pub(super) const SO_DOMAIN: i32 = 39;
const SO_MEMINFO: i32 = 55;
const SOL_TCP: i32 = 6;
const TCP_INFO: i32 = 11;
const TCP_CONGESTION: i32 = 13;
const TCP_CC_INFO: i32 = 26;

/// Longer than any option of fixed size; a setsockopt with more is cut here.
const MAX_OPTION: usize = 1 << 16;

/// What the kernel's getsockopt would return for the code block of a script.
pub(super) fn snapshot(stack: &mut Stack, now: Instant, fd: Fd) -> Result<SockSnapshot, Errno> {
    let mut get = |level, name| {
        stack
            .getsockopt(now, to_fd(fd), level, name, MAX_OPTION)
            .map_err(|errno| Errno(errno.raw()))
    };
    Ok(SockSnapshot {
        tcp_info: get(SOL_TCP, TCP_INFO)?,
        cc_info: get(SOL_TCP, TCP_CC_INFO)?,
        meminfo: get(SOL_SOCKET, SO_MEMINFO)?,
    })
}

/// A look at one descriptor.
pub(super) fn sample(stack: &mut Stack, now: Instant, fd: Fd, sampling: Sampling) -> Sample {
    let readiness = sampling.readiness.then(|| {
        let entry = PollFd { fd: to_fd(fd), events: ALL_EVENTS };
        match stack.poll(now, &[entry], 0, &mut Sleep::default()) {
            Poll::Ready(Ok(revents)) => revents.first().copied(),
            Poll::Ready(Err(_)) | Poll::Pending => None,
        }
    });
    let info = sampling
        .tcp_info
        .then(|| stack.getsockopt(now, to_fd(fd), SOL_TCP, TCP_INFO, MAX_OPTION).ok());
    Sample { readiness: readiness.flatten(), tcp_info: info.flatten() }
}

pub(super) fn getsockopt(
    kernel: &mut Kernel<'_>,
    fd: Fd,
    (level, name): (i32, i32),
    len: u32,
) -> Answer {
    let room = usize::try_from(len).unwrap_or(usize::MAX);
    match kernel.stack.getsockopt(kernel.now, to_fd(fd), level, name, room) {
        Ok(value) => Ok(Poll::Ready((0, Output::OptVal(value)))),
        Err(errno) => match beyond::lacks_getter(level, name) {
            Some(what) if errno == StackErrno::ENOPROTOOPT => {
                beyond(format!("getsockopt({}, {name}) ({what})", beyond::level_name(level)))
            }
            Some(_) | None => Err(errno.into()),
        },
    }
}

pub(super) fn setsockopt(
    kernel: &mut Kernel<'_>,
    fd: Fd,
    (level, name): (i32, i32),
    value: &[u8],
    len: u32,
) -> Answer {
    let fd_of_stack = to_fd(fd);
    if i32::try_from(len).is_err() {
        kernel.stack.getsockopt(kernel.now, fd_of_stack, SOL_SOCKET, SO_DOMAIN, 4)?;
        return Err(StackErrno::EINVAL.into());
    }
    if value.is_empty() && len > 0 {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        return done(kernel.stack.setsockopt_null(kernel.now, fd_of_stack, (level, name), len)?);
    }
    // A value shorter than the length is padded with zeros, as memory behind it would be.
    let wanted = usize::try_from(len).unwrap_or(usize::MAX).min(MAX_OPTION);
    let mut bytes = value.to_vec();
    bytes.resize(wanted, 0);
    match kernel.stack.setsockopt(kernel.now, fd_of_stack, level, name, &bytes) {
        Ok(()) => done(()),
        Err(StackErrno::ENOPROTOOPT) => match beyond::lacks_setter(level, name) {
            Some(what) if linux_has(kernel, fd, level) => {
                beyond(format!("setsockopt({}, {name}) ({what})", beyond::level_name(level)))
            }
            Some(_) | None => Err(StackErrno::ENOPROTOOPT.into()),
        },
        Err(StackErrno::ENOENT) if (level, name) == (SOL_TCP, TCP_CONGESTION) => {
            let text = String::from_utf8_lossy(&bytes);
            match beyond::congestion_control(text.trim_end_matches('\0')) {
                Some(algorithm) => beyond(format!("congestion control {algorithm}")),
                None => Err(StackErrno::ENOENT.into()),
            }
        }
        Err(errno) => Err(errno.into()),
    }
}

/// Whether a Linux socket of this family has options of this level.
fn linux_has(kernel: &mut Kernel<'_>, fd: Fd, level: i32) -> bool {
    let domain = kernel.stack.getsockopt(kernel.now, to_fd(fd), SOL_SOCKET, SO_DOMAIN, 4);
    let is_v6 = domain.is_ok_and(|bytes| bytes == beyond::AF_INET6.to_ne_bytes());
    beyond::level_is_for(level, is_v6)
}

pub(super) fn fcntl(kernel: &mut Kernel<'_>, fd: Fd, cmd: i32, arg: Option<i64>) -> Answer {
    match kernel.stack.fcntl(to_fd(fd), cmd, arg.unwrap_or(0)) {
        Ok(value) => Ok(Poll::Ready((value, Output::None))),
        Err(StackErrno::EINVAL) if beyond::linux_has_fcntl(cmd) => {
            beyond(format!("fcntl() command {cmd}"))
        }
        Err(errno) => Err(errno.into()),
    }
}

pub(super) fn ioctl(kernel: &mut Kernel<'_>, fd: Fd, request: u64, arg: Option<i32>) -> Answer {
    match kernel.stack.ioctl(to_fd(fd), request, arg) {
        Ok(_) if arg.is_none() => Err(StackErrno::EFAULT.into()),
        Ok(int) => Ok(Poll::Ready((0, Output::Int(int)))),
        Err(StackErrno::ENOTTY) if beyond::linux_has_ioctl(request) => {
            beyond(format!("ioctl() request {request:#x}"))
        }
        Err(errno) => Err(errno.into()),
    }
}
