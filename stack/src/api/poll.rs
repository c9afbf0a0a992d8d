//! poll() and epoll.
//!
//! Linux: do_sys_poll (fs/select.c), fs/eventpoll.c

use std::task::Poll;

use super::readiness::{POLLERR, POLLHUP, POLLNVAL, tcp_poll};
use super::sleep::Sleep;
use crate::errno::Errno;
use crate::stack::Stack;
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

const EPOLLET: u32 = 1 << 31;
const EPOLLONESHOT: u32 = 1 << 30;
/// Bits that are no events.
const EP_PRIVATE_BITS: u32 = EPOLLET | EPOLLONESHOT | 1 << 29 | 1 << 28;

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
    fn events_of(&mut self, fd: Fd) -> Result<u32, Errno> {
        match self.fds.get(fd)? {
            FdEntry::Sock(id) => {
                let Self { objects, cx, .. } = self;
                Ok(objects.sock_mut(*id).map_or(0, |sk| tcp_poll(sk, cx)))
            }
            FdEntry::Epoll(_) => Ok(0),
        }
    }

    /// A fresh epoll instance.
    pub fn epoll_create(&mut self, size: i32) -> Result<Fd, Errno> {
        if size <= 0 {
            return Err(Errno::EINVAL);
        }
        Ok(self.fds.open(FdEntry::Epoll(EpollInstance::default())))
    }

    /// Changes what an epoll instance watches.
    pub fn epoll_ctl(
        &mut self,
        epfd: Fd,
        op: EpollOp,
        fd: Fd,
        event: EpollEvent,
    ) -> Result<(), Errno> {
        self.fds.get(fd)?;
        let epoll = self.fds.epoll_mut(epfd)?;
        let known = epoll.interest.contains_key(&fd);
        let interest = crate::table::fd::Interest {
            events: event.events,
            data: event.data,
            ready: true,
            disabled: false,
        };
        match (op, known) {
            (EpollOp::Add, true) => return Err(Errno::EEXIST),
            (EpollOp::Del | EpollOp::Mod, false) => return Err(Errno::ENOENT),
            (EpollOp::Add, false) | (EpollOp::Mod, true) => {
                epoll.interest.insert(fd, interest);
            }
            (EpollOp::Del, true) => {
                epoll.interest.remove(&fd);
            }
        }
        Ok(())
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
        let watched: Vec<Fd> = self.fds.epoll_mut(epfd)?.interest.keys().copied().collect();
        let mut events = Vec::new();
        for fd in watched {
            if events.len() < max
                && let Some(event) = self.epoll_one(epfd, fd)?
            {
                events.push(event);
            }
        }
        if timeout_ms == 0 || !events.is_empty() {
            return Poll::Ready(Ok(events));
        }
        sleep.wait(now, timeout_us(timeout_ms), Ok(events))
    }

    /// The event of one watched descriptor, if there is one to report.
    fn epoll_one(&mut self, epfd: Fd, fd: Fd) -> Result<Option<EpollEvent>, Errno> {
        let mask = self.events_of(fd)?;
        let epoll = self.fds.epoll_mut(epfd)?;
        let Some(interest) = epoll.interest.get_mut(&fd) else { return Ok(None) };
        let wanted = interest.events & !EP_PRIVATE_BITS | POLLERR | POLLHUP;
        if interest.disabled || !interest.ready || mask & wanted == 0 {
            return Ok(None);
        }
        // Level-triggered interest stays on the ready list as long as it is true.
        interest.ready = interest.events & EPOLLET == 0;
        interest.disabled = interest.events & EPOLLONESHOT != 0;
        Ok(Some(EpollEvent { events: mask & wanted, data: interest.data }))
    }
}

fn timeout_us(timeout_ms: i32) -> Option<u64> {
    u64::try_from(timeout_ms).ok().map(|ms| ms * 1000)
}
