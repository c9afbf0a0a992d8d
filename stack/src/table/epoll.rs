//! An epoll instance: what it watches, and what has news.
//!
//! Linux: struct eventpoll, struct epitem (fs/eventpoll.c)

use std::collections::{BTreeMap, VecDeque};

use super::Fd;

const EPOLLIN: u32 = 0x1;
const EPOLLOUT: u32 = 0x4;
pub(crate) const EPOLLERR: u32 = 0x8;
pub(crate) const EPOLLHUP: u32 = 0x10;
pub(crate) const EPOLLET: u32 = 1 << 31;
pub(crate) const EPOLLONESHOT: u32 = 1 << 30;
const EPOLLWAKEUP: u32 = 1 << 29;
pub(crate) const EPOLLEXCLUSIVE: u32 = 1 << 28;
/// EP_PRIVATE_BITS: bits that are no events.
pub(crate) const EP_PRIVATE_BITS: u32 = EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE;
/// EPOLLEXCLUSIVE_OK_BITS: what may be asked for beside EPOLLEXCLUSIVE. Input and output of every
/// kind, but neither EPOLLPRI nor EPOLLRDHUP.
pub(crate) const EPOLLEXCLUSIVE_OK_BITS: u32 = EPOLLIN
    | EPOLLOUT
    | 0x40
    | 0x80
    | 0x100
    | 0x200
    | EPOLLERR
    | EPOLLHUP
    | EPOLLWAKEUP
    | EPOLLET
    | EPOLLEXCLUSIVE;

/// One watched descriptor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interest {
    pub(crate) events: u32,
    pub(crate) data: u64,
    /// Which of all interests ever this is: those with EPOLLEXCLUSIVE are woken in this order.
    pub(crate) added: u64,
}

/// What became of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    /// They concern the instance.
    pub(crate) concerns: bool,
    /// Somebody who waited takes care of them, so that no other exclusive waiter need be woken.
    pub(crate) taken: bool,
}

impl Interest {
    /// Events to report; none after EPOLLONESHOT was used up.
    pub(crate) const fn wanted(self) -> u32 {
        let events = self.events & !EP_PRIVATE_BITS;
        if events == 0 { 0 } else { events | EPOLLERR | EPOLLHUP }
    }

    /// EPOLLEXCLUSIVE
    pub(crate) const fn is_exclusive(self) -> bool {
        self.events & EPOLLEXCLUSIVE != 0
    }

    /// Whether an exclusive interest in the events of `key` is enough for all others: who waits for
    /// input does not take what is news of output alone.
    const fn takes(self, key: u32) -> bool {
        match key & (EPOLLIN | EPOLLOUT) {
            EPOLLIN => self.events & EPOLLIN != 0,
            EPOLLOUT => self.events & EPOLLOUT != 0,
            0 => true,
            _ => false,
        }
    }
}

/// The instance.
#[derive(Clone, Debug, Default)]
pub(crate) struct EpollInstance {
    pub(crate) interest: BTreeMap<Fd, Interest>,
    /// Descriptors to look at, in the order of their news (rdllist); each stands here once.
    ready: VecDeque<Fd>,
    /// An epoll_wait() sleeps.
    pub(crate) is_waited_for: bool,
}

impl EpollInstance {
    /// Forgets `fd`.
    pub(crate) fn remove(&mut self, fd: Fd) {
        self.interest.remove(&fd);
        self.ready.retain(|other| *other != fd);
    }

    /// `fd` has to be looked at.
    pub(crate) fn push(&mut self, fd: Fd) {
        if !self.ready.contains(&fd) {
            self.ready.push_back(fd);
        }
    }

    /// News of `fd`; the events of `key` (none stands for all) say whether they concern us.
    ///
    /// Linux: ep_poll_callback (fs/eventpoll.c)
    pub(crate) fn ep_poll_callback(&mut self, fd: Fd, key: u32) -> Heard {
        let interest = self.interest.get(&fd).copied();
        let wanted = interest.map_or(0, Interest::wanted);
        let concerns = wanted != 0 && (key == 0 || key & wanted != 0);
        if concerns {
            self.push(fd);
        }
        let takes = interest.is_some_and(|interest| interest.is_exclusive() && interest.takes(key));
        Heard { concerns, taken: concerns && takes && self.is_waited_for }
    }

    /// Everything that is to be looked at; the list is empty then.
    pub(crate) fn take_ready(&mut self) -> VecDeque<Fd> {
        std::mem::take(&mut self.ready)
    }

    /// What was not looked at comes first next time.
    pub(crate) fn put_back(&mut self, mut rest: VecDeque<Fd>) {
        for fd in self.take_ready() {
            if !rest.contains(&fd) {
                rest.push_back(fd);
            }
        }
        self.ready = rest;
    }

    /// Descriptors to look at, oldest news first.
    pub(crate) fn ready(&self) -> impl Iterator<Item = Fd> + '_ {
        self.ready.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interest(events: u32) -> Interest {
        Interest { events, data: 0, added: 0 }
    }

    #[test]
    fn who_waits_exclusively_takes_what_it_asked_for() {
        let mut epoll = EpollInstance::default();
        epoll.interest.insert(Fd(3), interest(EPOLLIN | EPOLLEXCLUSIVE));
        assert!(!epoll.ep_poll_callback(Fd(3), EPOLLIN).taken, "nobody waits");
        epoll.is_waited_for = true;
        for (key, taken) in [(EPOLLIN, true), (EPOLLOUT, false), (EPOLLERR, true), (0, true)] {
            assert_eq!(epoll.ep_poll_callback(Fd(3), key).taken, taken, "{key:#x}");
        }
        epoll.interest.insert(Fd(3), interest(EPOLLIN));
        assert!(!epoll.ep_poll_callback(Fd(3), EPOLLIN).taken, "it is not exclusive");
    }

    #[test]
    fn news_count_if_they_are_asked_for() {
        let mut epoll = EpollInstance::default();
        epoll.interest.insert(Fd(3), interest(EPOLLOUT | EPOLLET));
        for (key, concerns) in [(0x1, false), (0x4, true), (EPOLLERR, true), (0, true)] {
            assert_eq!(epoll.ep_poll_callback(Fd(3), key).concerns, concerns, "{key:#x}");
        }
        assert_eq!(epoll.take_ready(), [Fd(3)]);
        epoll.interest.insert(Fd(3), interest(EPOLLONESHOT));
        assert!(!epoll.ep_poll_callback(Fd(3), 0).concerns, "it was used up");
        assert!(!epoll.ep_poll_callback(Fd(4), 0).concerns, "nobody watches it");
    }

    #[test]
    fn the_rest_comes_first() {
        let mut epoll = EpollInstance::default();
        [3, 4, 5].map(Fd).into_iter().for_each(|fd| epoll.push(fd));
        let mut rest = epoll.take_ready();
        rest.pop_front();
        epoll.push(Fd(3));
        epoll.push(Fd(5));
        epoll.put_back(rest);
        assert_eq!(epoll.ready().collect::<Vec<_>>(), [4, 5, 3].map(Fd));
        epoll.remove(Fd(5));
        assert_eq!(epoll.take_ready(), [4, 3].map(Fd));
    }
}
