//! [`Syscall`] values to calls of the stack, once per try.
//!
//! What the kernel's system-call layer checks before TCP sees a call is checked here (flags of
//! socket(), null pointers); every other answer is the stack's. What the stack has no notion of is
//! no error of the call: the script is skipped.

use std::task::Poll;

use synproof_stack::api::{Address, Domain, EpollEvent as StackEpollEvent, EpollOp, How, Sleep};
use synproof_stack::caps::{CapSet, Capability};
use synproof_stack::errno::Errno as StackErrno;
use synproof_stack::time::Instant;
use synproof_stack::{Fd as StackFd, Stack, api};

use super::files::{self, Files};
use super::{beyond, options, transfer};
use crate::target::syscall::{EpollEvent, Fd, Output, PollFd, SockAddr};
use crate::target::{Errno, Returned, Syscall, TargetError};

/// Why a call has no result of the usual kind.
#[derive(Debug)]
pub(super) enum Refused {
    /// It fails with this error.
    Errno(StackErrno),
    /// The stack cannot be asked this.
    Beyond(String),
}

impl From<StackErrno> for Refused {
    fn from(errno: StackErrno) -> Self {
        Self::Errno(errno)
    }
}

/// A return value with what goes through pointers, or a sleep.
pub(super) type Answer = Result<Poll<(i64, Output)>, Refused>;

/// Makes the call, or tries it again with the `sleep` of the first try.
pub(super) fn attempt(
    stack: &mut Stack,
    now: Instant,
    syscall: &Syscall,
    sleep: &mut Sleep,
    files: &Files,
) -> Result<Poll<Returned>, TargetError> {
    let mut kernel = Kernel { stack, now, sleep, files };
    match kernel.make(syscall) {
        Ok(Poll::Ready((value, output))) => {
            Ok(Poll::Ready(Returned { value, errno: None, output }))
        }
        Ok(Poll::Pending) => Ok(Poll::Pending),
        Err(Refused::Errno(errno)) => Ok(Poll::Ready(Returned::err(Errno(errno.raw())))),
        Err(Refused::Beyond(what)) => Err(beyond::lacks(what)),
    }
}

/// The descriptor whose news can end the sleep of `syscall`, if there is just one.
pub(super) fn sleeps_on(syscall: &Syscall) -> Option<Fd> {
    match syscall {
        Syscall::Accept { fd }
        | Syscall::Connect { fd, .. }
        | Syscall::Read { fd, .. }
        | Syscall::Write { fd, .. }
        | Syscall::Readv { fd, .. }
        | Syscall::Writev { fd, .. }
        | Syscall::Recv { fd, .. }
        | Syscall::Send { fd, .. }
        | Syscall::Recvfrom { fd, .. }
        | Syscall::Sendto { fd, .. }
        | Syscall::Recvmsg { fd, .. }
        | Syscall::Sendmsg { fd, .. } => Some(*fd),
        Syscall::Socket { .. }
        | Syscall::Bind { .. }
        | Syscall::Listen { .. }
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
        | Syscall::CapSet { .. } => None,
    }
}

/// The stack with the surroundings of one try.
pub(super) struct Kernel<'a> {
    pub(super) stack: &'a mut Stack,
    pub(super) now: Instant,
    pub(super) sleep: &'a mut Sleep,
    pub(super) files: &'a Files,
}

impl Kernel<'_> {
    fn make(&mut self, syscall: &Syscall) -> Answer {
        let now = self.now;
        match syscall {
            Syscall::Socket { domain, ty, protocol } => self.socket(*domain, *ty, *protocol),
            Syscall::Bind { fd, addr } => done(self.stack.bind(now, to_fd(*fd), address(addr))?),
            Syscall::Listen { fd, backlog } => {
                done(self.stack.listen(now, to_fd(*fd), *backlog)?)
            }
            Syscall::Accept { fd } => self.accept(*fd),
            Syscall::Connect { fd, addr } => {
                let (fd, addr) = (to_fd(*fd), address(addr));
                Ok(self.stack.connect(now, fd, addr, self.sleep)?.map(|()| (0, Output::None)))
            }
            Syscall::Read { .. }
            | Syscall::Readv { .. }
            | Syscall::Recv { .. }
            | Syscall::Recvfrom { .. }
            | Syscall::Recvmsg { .. }
            | Syscall::Write { .. }
            | Syscall::Writev { .. }
            | Syscall::Send { .. }
            | Syscall::Sendto { .. }
            | Syscall::Sendmsg { .. } => transfer::transfer(self, syscall),
            Syscall::Fcntl { fd, cmd, arg } => options::fcntl(self, *fd, *cmd, *arg),
            Syscall::Ioctl { fd, request, arg } => options::ioctl(self, *fd, *request, *arg),
            Syscall::Getsockopt { fd, level, name, len } => {
                options::getsockopt(self, *fd, (*level, *name), *len)
            }
            Syscall::Setsockopt { fd, level, name, value, len } => {
                options::setsockopt(self, *fd, (*level, *name), value, *len)
            }
            Syscall::Close { fd } => {
                let closed = self.stack.close(now, to_fd(*fd), self.sleep)?;
                Ok(closed.map(|()| (0, Output::None)))
            }
            Syscall::Shutdown { fd, how } => self.shutdown(*fd, *how),
            Syscall::Poll { fds, timeout_ms } => self.poll(fds, *timeout_ms),
            Syscall::EpollCreate { size } => opened(self.stack.epoll_create(*size)?),
            Syscall::EpollCtl { epfd, op, fd, event } => self.epoll_ctl(*epfd, *op, *fd, *event),
            Syscall::EpollWait { epfd, max_events, timeout_ms } => {
                self.epoll_wait(*epfd, *max_events, *timeout_ms)
            }
            Syscall::Pipe
            | Syscall::Splice { .. }
            | Syscall::Sendfile { .. }
            | Syscall::Open { .. } => files::call(self, syscall),
            // The machine does that, which knows who sleeps.
            Syscall::Interrupt { .. } => beyond("an interrupt of its own"),
            Syscall::CapSet { which, cap, set } => self.cap_set(*which, *cap, *set),
        }
    }

    fn socket(&mut self, domain: i32, ty: i32, protocol: i32) -> Answer {
        let nonblock = beyond::stream_socket(domain, ty, protocol)?;
        let domain = if domain == beyond::AF_INET6 { Domain::Inet6 } else { Domain::Inet };
        opened(self.stack.socket(self.now, domain, nonblock))
    }

    /// The numbers are libcap's: effective, permitted, inheritable.
    fn cap_set(&mut self, which: i32, cap: i32, on: bool) -> Answer {
        let set = match which {
            0 => CapSet::Effective,
            1 => CapSet::Permitted,
            2 => CapSet::Inheritable,
            _ => return Err(StackErrno::EINVAL.into()),
        };
        let cap = Capability::from_number(cap).ok_or(StackErrno::EINVAL)?;
        done(self.stack.capabilities_mut().set(set, cap, on)?)
    }

    fn accept(&mut self, fd: Fd) -> Answer {
        let accepted = self.stack.accept(self.now, to_fd(fd), false, self.sleep)?;
        Ok(accepted.map(|child| (i64::from(child.fd.0), Output::Peer(child.peer))))
    }

    fn shutdown(&mut self, fd: Fd, how: i32) -> Answer {
        let fd = to_fd(fd);
        // The descriptor is looked at before the direction.
        self.stack.getsockopt(self.now, fd, options::SOL_SOCKET, options::SO_DOMAIN, 4)?;
        done(self.stack.shutdown(self.now, fd, How::from_number(how)?)?)
    }

    fn poll(&mut self, fds: &[PollFd], timeout_ms: i32) -> Answer {
        let entries: Vec<_> = fds
            .iter()
            .map(|entry| api::PollFd { fd: to_fd(entry.fd), events: entry.events })
            .collect();
        let polled = self.stack.poll(self.now, &entries, timeout_ms, self.sleep)?;
        Ok(polled.map(|revents| {
            let ready = revents.iter().filter(|events| **events != 0).count();
            (count(ready), Output::Poll(revents))
        }))
    }

    fn epoll_ctl(&mut self, epfd: Fd, op: i32, fd: Fd, event: EpollEvent) -> Answer {
        let op = match op {
            1 => EpollOp::Add,
            2 => EpollOp::Del,
            3 => EpollOp::Mod,
            _ => return Err(StackErrno::EINVAL.into()),
        };
        let event = StackEpollEvent { events: event.events, data: event.data };
        done(self.stack.epoll_ctl(to_fd(epfd), op, to_fd(fd), event)?)
    }

    fn epoll_wait(&mut self, epfd: Fd, max_events: i32, timeout_ms: i32) -> Answer {
        let (now, epfd) = (self.now, to_fd(epfd));
        let events = self.stack.epoll_wait(now, epfd, max_events, timeout_ms, self.sleep)?;
        Ok(events.map(|events| {
            let events: Vec<_> = events
                .into_iter()
                .map(|event| EpollEvent { events: event.events, data: event.data })
                .collect();
            (count(events.len()), Output::Epoll(events))
        }))
    }
}

/// A descriptor in the stack's own type.
pub(super) fn to_fd(fd: Fd) -> StackFd {
    StackFd(fd.0)
}

/// A length or a number of things as a return value.
pub(super) fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Returns 0.
pub(super) fn done((): ()) -> Answer {
    Ok(Poll::Ready((0, Output::None)))
}

/// The stack cannot be asked for `what`.
pub(super) fn beyond<T>(what: impl Into<String>) -> Result<T, Refused> {
    Err(Refused::Beyond(what.into()))
}

fn opened(fd: StackFd) -> Answer {
    Ok(Poll::Ready((i64::from(fd.0), Output::None)))
}

pub(super) fn address(addr: &SockAddr) -> Address {
    match addr {
        SockAddr::Inet(addr) => Address::Inet(*addr),
        SockAddr::Family(family) => Address::Family(*family),
    }
}
