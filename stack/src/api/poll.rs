//! poll() and epoll.
//!
//! Linux: do_sys_poll (fs/select.c), fs/eventpoll.c

use std::task::Poll;

use super::readiness::{
    POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLRDNORM, POLLWRNORM, tcp_poll,
};
use super::sleep::Sleep;
use crate::effect::Wake;
use crate::errno::Errno;
use crate::mutant::Mutant;
use crate::stack::{EP_MAX_NESTS, Stack};
use crate::table::epoll::{
    EP_PRIVATE_BITS, EPOLLET, EPOLLEXCLUSIVE, EPOLLEXCLUSIVE_OK_BITS, EPOLLONESHOT, Interest,
};
use crate::table::pipe::{Pipe, PipeEnd};
use crate::table::{EpollInstance, Fd, FdEntry};
use crate::time::Instant;

/// One entry of poll().
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollFd {
    /// Descriptor.
    pub fd: Fd,
    /// Requested events.
    pub events: i16,
}

/// One event of epoll_wait().
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpollEvent {
    /// Event mask.
    pub events: u32,
    /// The user's word.
    pub data: u64,
}

/// EPOLL_CTL_*
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpollOp {
    /// EPOLL_CTL_ADD
    Add,
    /// EPOLL_CTL_DEL
    Del,
    /// EPOLL_CTL_MOD
    Mod,
}

impl Stack {
    /// Waits for one of `fds`; returns the events of each.
    pub fn poll(
        &mut self,
        now: Instant,
        fds: &[PollFd],
        timeout_ms: i32,
        sleep: &mut Sleep,
    ) -> Poll<Result<Vec<i16>, Errno>> {
        self.set_now(now);
        let revents: Vec<i16> = fds.iter().map(|entry| self.poll_one(*entry)).collect();
        if timeout_ms == 0 || revents.iter().any(|events| *events != 0) {
            return Poll::Ready(Ok(revents));
        }
        sleep.wait(now, timeout_us(timeout_ms), Ok(revents))
    }

    fn poll_one(&mut self, entry: PollFd) -> i16 {
        if entry.fd.0 < 0 {
            return 0;
        }
        let wanted = u32::from(entry.events.cast_unsigned()) | POLLERR | POLLHUP;
        let mask = self.events_of(entry.fd).map_or(POLLNVAL, |mask| mask & wanted);
        u16::try_from(mask).unwrap_or(0).cast_signed()
    }

    /// What is true of a descriptor now.
    ///
    /// Linux: vfs_poll: sock_poll, pipe_poll (fs/pipe.c), ep_eventpoll_poll (fs/eventpoll.c)
    fn events_of(&mut self, fd: Fd) -> Result<u32, Errno> {
        match self.fds.get(fd)? {
            FdEntry::Sock(id) => {
                let Self { objects, cx, .. } = self;
                Ok(objects.sock_mut(*id).map_or(0, |sk| tcp_poll(sk, cx)))
            }
            FdEntry::Epoll(epoll) => {
                let watched: Vec<Fd> = epoll.ready().collect();
                let mut has_news = false;
                for inner in watched {
                    has_news |= self.wanted_events(fd, inner)? != 0;
                }
                Ok(if has_news { POLLIN | POLLRDNORM } else { 0 })
            }
            FdEntry::Pipe(id, end) => {
                Ok(self.pipes.get(id).map_or(0, |pipe| pipe_poll(pipe, *end)))
            }
            FdEntry::File(_) => Ok(POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM),
        }
    }

    /// What is true of `fd` now, of what the epoll instance wants to know.
    fn wanted_events(&mut self, epfd: Fd, fd: Fd) -> Result<u32, Errno> {
        let mask = self.events_of(fd)?;
        let interest = self.fds.epoll_mut(epfd)?.interest.get(&fd);
        Ok(mask & interest.map_or(0, |interest| interest.wanted()))
    }

    /// A fresh epoll instance.
    pub fn epoll_create(&mut self, size: i32) -> Result<Fd, Errno> {
        if size <= 0 {
            return Err(Errno::EINVAL);
        }
        Ok(self.fds.open(FdEntry::Epoll(EpollInstance::default())))
    }

    /// Changes what an epoll instance watches.
    ///
    /// Linux: do_epoll_ctl, ep_insert, ep_modify (fs/eventpoll.c)
    pub fn epoll_ctl(
        &mut self,
        epfd: Fd,
        op: EpollOp,
        fd: Fd,
        event: EpollEvent,
    ) -> Result<(), Errno> {
        self.fds.get(epfd)?;
        let target_is_epoll = match self.fds.get(fd)? {
            FdEntry::File(_) => return Err(Errno::EPERM),
            FdEntry::Epoll(_) => true,
            FdEntry::Sock(_) | FdEntry::Pipe(..) => false,
        };
        let known = self.fds.epoll_mut(epfd)?.interest.get(&fd).copied();
        let exclusive = event.events & EPOLLEXCLUSIVE != 0;
        let misused = match op {
            EpollOp::Add => target_is_epoll || event.events & !EPOLLEXCLUSIVE_OK_BITS != 0,
            EpollOp::Mod => true,
            EpollOp::Del => false,
        };
        if epfd == fd || (exclusive && misused) {
            return Err(Errno::EINVAL);
        }
        if op == EpollOp::Add && target_is_epoll && self.ep_loop_check(fd, epfd, EP_MAX_NESTS) {
            return Err(Errno::ELOOP);
        }
        match (op, known) {
            (EpollOp::Add, Some(_)) => return Err(Errno::EEXIST),
            (EpollOp::Del | EpollOp::Mod, None) => return Err(Errno::ENOENT),
            (EpollOp::Del, Some(_)) => {
                self.fds.epoll_mut(epfd)?.remove(fd);
                return Ok(());
            }
            (EpollOp::Mod, Some(old)) if old.events & EPOLLEXCLUSIVE != 0 => {
                return Err(Errno::EINVAL);
            }
            (EpollOp::Add, None) | (EpollOp::Mod, Some(_)) => {}
        }
        // Errors and hang-ups are reported whether asked for or not.
        let added = known.map_or_else(|| self.fds.next_interest(), |known| known.added);
        let events = event.events | POLLERR | POLLHUP;
        let interest = Interest { events, data: event.data, added };
        self.fds.epoll_mut(epfd)?.interest.insert(fd, interest);
        if self.wanted_events(epfd, fd)? != 0 {
            self.fds.epoll_mut(epfd)?.push(fd);
            self.wake_fd(Some(epfd), Wake::Readable);
        }
        Ok(())
    }

    /// Whether `from` watches `epfd`, itself or through others, or lies too deep.
    ///
    /// Linux: ep_loop_check_proc (fs/eventpoll.c)
    fn ep_loop_check(&mut self, from: Fd, epfd: Fd, nests: usize) -> bool {
        let Some(nests) = nests.checked_sub(1) else { return true };
        let Ok(epoll) = self.fds.epoll_mut(from) else { return false };
        let watched: Vec<Fd> = epoll.interest.keys().copied().collect();
        watched.into_iter().any(|fd| fd == epfd || self.ep_loop_check(fd, epfd, nests))
    }

    /// Waits for events of an epoll instance.
    pub fn epoll_wait(
        &mut self,
        now: Instant,
        epfd: Fd,
        max_events: i32,
        timeout_ms: i32,
        sleep: &mut Sleep,
    ) -> Poll<Result<Vec<EpollEvent>, Errno>> {
        self.set_now(now);
        let max = usize::try_from(max_events).unwrap_or(0);
        if max == 0 {
            return Poll::Ready(Err(Errno::EINVAL));
        }
        let events = self.ep_send_events(epfd, max)?;
        let result = if timeout_ms == 0 || !events.is_empty() {
            Poll::Ready(Ok(events))
        } else {
            sleep.wait(now, timeout_us(timeout_ms), Ok(events))
        };
        self.fds.epoll_mut(epfd)?.is_waited_for = result.is_pending();
        result
    }

    /// Takes up to `max` events off the ready list. What stays true stays on it, behind the others,
    /// unless it is edge-triggered or was asked for once.
    ///
    /// Linux: ep_send_events (fs/eventpoll.c)
    fn ep_send_events(&mut self, epfd: Fd, max: usize) -> Result<Vec<EpollEvent>, Errno> {
        let mut ready = self.fds.epoll_mut(epfd)?.take_ready();
        let mut events = Vec::new();
        while events.len() < max
            && let Some(fd) = ready.pop_front()
        {
            let mask = self.wanted_events(epfd, fd)?;
            let epoll = self.fds.epoll_mut(epfd)?;
            let Some(interest) = epoll.interest.get_mut(&fd).filter(|_| mask != 0) else {
                continue;
            };
            events.push(EpollEvent { events: mask, data: interest.data });
            if interest.events & EPOLLONESHOT != 0 && !self.cx.mutant(Mutant::OneshotRepeats) {
                interest.events &= EP_PRIVATE_BITS;
            } else if interest.events & EPOLLET == 0 || self.cx.mutant(Mutant::EdgeRepeats) {
                epoll.push(fd);
            }
        }
        self.fds.epoll_mut(epfd)?.put_back(ready);
        Ok(events)
    }
}

/// Linux: pipe_poll (fs/pipe.c)
fn pipe_poll(pipe: &Pipe, end: PipeEnd) -> u32 {
    match end {
        PipeEnd::Read => {
            let readable = if pipe.is_empty() { 0 } else { POLLIN | POLLRDNORM };
            readable | if pipe.writer.is_none() { POLLHUP } else { 0 }
        }
        PipeEnd::Write => {
            let writable = if pipe.is_full() { 0 } else { POLLOUT | POLLWRNORM };
            writable | if pipe.reader.is_none() { POLLERR } else { 0 }
        }
    }
}

fn timeout_us(timeout_ms: i32) -> Option<u64> {
    u64::try_from(timeout_ms).ok().map(|ms| ms * 1000)
}
