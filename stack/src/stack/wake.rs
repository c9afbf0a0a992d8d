//! Who is told that something happened to a descriptor: sleeping calls, and epoll instances.
//!
//! Linux: __wake_up_common (kernel/sched/wait.c), ep_poll_callback (fs/eventpoll.c)

use super::{EP_MAX_NESTS, Stack, StackEvent};
use crate::effect::Wake;
use crate::sock::SockId;
use crate::table::Fd;

impl Stack {
    /// Who may look again. Events are hints: a sleeping call is simply tried again, and what
    /// happened twice is told once.
    pub fn poll_event(&mut self) -> Option<StackEvent> {
        let event = self.events.pop_front()?;
        self.waiting.remove(&event);
        Some(event)
    }

    pub(super) fn wake(&mut self, sock: SockId, wake: Wake) {
        let fd = self.fds.fd_of(sock);
        if let Some(fd) = fd {
            self.tell_epolls(fd, wake.poll_key(), EP_MAX_NESTS);
        }
        self.tell(StackEvent { sock: Some(sock), fd, wake });
    }

    /// News of a descriptor that is no socket.
    pub(crate) fn wake_fd(&mut self, fd: Option<Fd>, wake: Wake) {
        let Some(open) = fd else { return };
        self.tell_epolls(open, wake.poll_key(), EP_MAX_NESTS);
        self.tell(StackEvent { sock: None, fd, wake });
    }

    fn tell(&mut self, event: StackEvent) {
        if self.waiting.insert(event) {
            self.events.push_back(event);
        }
    }

    /// An epoll instance that has news is news to those that watch it. Whoever asked exclusively is
    /// told in the order of asking, and the first that waits is the last to be told; a change of
    /// state, which has no key, is told to all.
    ///
    /// Linux: __wake_up_common (kernel/sched/wait.c) with one exclusive waiter
    fn tell_epolls(&mut self, fd: Fd, key: u32, nests: usize) {
        let mut watchers: Vec<_> = self
            .fds
            .epolls_mut()
            .filter_map(|(epfd, epoll)| Some((epfd, *epoll.interest.get(&fd)?)))
            .map(|(epfd, interest)| (interest.is_exclusive(), interest.added, epfd))
            .collect();
        watchers.sort_unstable();
        let mut told = Vec::new();
        for (_, _, epfd) in watchers {
            let Ok(epoll) = self.fds.epoll_mut(epfd) else { continue };
            let heard = epoll.ep_poll_callback(fd, key);
            told.extend(heard.concerns.then_some(epfd));
            if heard.taken && key != 0 {
                break;
            }
        }
        if let Some(nests) = nests.checked_sub(1) {
            told.into_iter()
                .for_each(|epfd| self.tell_epolls(epfd, Wake::Readable.poll_key(), nests));
        }
    }
}
