//! Descriptors: the lowest free number, from 3 on.

use std::collections::{BTreeMap, BTreeSet};

use super::ById;
use super::epoll::EpollInstance;
use super::pipe::{OpenFile, PipeEnd, PipeId};
use crate::errno::Errno;
use crate::sock::SockId;

/// A file descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fd(pub i32);

/// What a descriptor refers to.
#[derive(Clone, Debug)]
pub(crate) enum FdEntry {
    Sock(SockId),
    Epoll(EpollInstance),
    Pipe(PipeId, PipeEnd),
    File(OpenFile),
}

/// The table.
#[derive(Clone, Debug, Default)]
pub(crate) struct FdTable {
    entries: BTreeMap<Fd, FdEntry>,
    /// Numbers that were closed and not given out again.
    free: BTreeSet<i32>,
    /// The descriptor of each socket.
    by_sock: ById<Fd>,
    /// Descriptors of epoll instances.
    epolls: BTreeSet<Fd>,
    /// Interests of epoll instances so far.
    interests: u64,
}

/// Standard input, output and error are taken.
const FIRST: i32 = 3;

impl FdTable {
    /// Gives `entry` the lowest free number.
    pub(crate) fn open(&mut self, entry: FdEntry) -> Fd {
        // Numbers are taken from below without gaps, so all beyond the table are free.
        let beyond = || i32::try_from(self.entries.len()).unwrap_or(i32::MAX - FIRST) + FIRST;
        let fd = Fd(self.free.first().copied().unwrap_or_else(beyond));
        self.free.remove(&fd.0);
        match &entry {
            FdEntry::Sock(id) => {
                self.by_sock.insert(*id, fd);
            }
            FdEntry::Epoll(_) => {
                self.epolls.insert(fd);
            }
            FdEntry::Pipe(..) | FdEntry::File(_) => {}
        }
        self.entries.insert(fd, entry);
        fd
    }

    /// Frees `fd`.
    pub(crate) fn close(&mut self, fd: Fd) -> Result<FdEntry, Errno> {
        let entry = self.entries.remove(&fd).ok_or(Errno::EBADF)?;
        self.free.insert(fd.0);
        match &entry {
            FdEntry::Sock(id) => {
                self.by_sock.remove(*id);
            }
            FdEntry::Epoll(_) => {
                self.epolls.remove(&fd);
            }
            FdEntry::Pipe(..) | FdEntry::File(_) => {}
        }
        for (_, epoll) in self.epolls_mut() {
            epoll.remove(fd);
        }
        Ok(entry)
    }

    /// What `fd` refers to.
    pub(crate) fn get(&self, fd: Fd) -> Result<&FdEntry, Errno> {
        self.entries.get(&fd).ok_or(Errno::EBADF)
    }

    /// [`Self::get`], to change it.
    pub(crate) fn get_mut(&mut self, fd: Fd) -> Result<&mut FdEntry, Errno> {
        self.entries.get_mut(&fd).ok_or(Errno::EBADF)
    }

    /// The socket behind `fd`.
    pub(crate) fn sock(&self, fd: Fd) -> Result<SockId, Errno> {
        match self.get(fd)? {
            FdEntry::Sock(id) => Ok(*id),
            FdEntry::Epoll(_) | FdEntry::Pipe(..) | FdEntry::File(_) => Err(Errno::ENOTSOCK),
        }
    }

    /// The epoll instance behind `fd`.
    pub(crate) fn epoll_mut(&mut self, fd: Fd) -> Result<&mut EpollInstance, Errno> {
        match self.entries.get_mut(&fd).ok_or(Errno::EBADF)? {
            FdEntry::Epoll(epoll) => Ok(epoll),
            FdEntry::Sock(_) | FdEntry::Pipe(..) | FdEntry::File(_) => Err(Errno::EINVAL),
        }
    }

    /// The number of a new interest.
    pub(crate) const fn next_interest(&mut self) -> u64 {
        self.interests += 1;
        self.interests
    }

    /// Every epoll instance; without one, sockets need not be looked at.
    pub(crate) fn epolls_mut(&mut self) -> impl Iterator<Item = (Fd, &mut EpollInstance)> {
        let Self { entries, epolls, .. } = self;
        let span = epolls.first().copied().zip(epolls.last().copied());
        let entries = span.map(|(first, last)| entries.range_mut(first..=last));
        entries.into_iter().flatten().filter_map(|(fd, entry)| match entry {
            FdEntry::Epoll(epoll) => Some((*fd, epoll)),
            FdEntry::Sock(_) | FdEntry::Pipe(..) | FdEntry::File(_) => None,
        })
    }

    /// Every socket that has a descriptor.
    pub(crate) fn socks(&self) -> impl Iterator<Item = SockId> + '_ {
        self.by_sock.iter().map(|(id, _)| id)
    }

    /// The descriptor of a socket.
    pub(crate) fn fd_of(&self, id: SockId) -> Option<Fd> {
        self.by_sock.get(id).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::{EpollInstance, Fd, FdEntry, FdTable, SockId};

    #[test]
    fn the_lowest_free_number_is_given_out() {
        let mut fds = FdTable::default();
        let ids = [1, 2, 3].map(SockId);
        let opened = ids.map(|id| fds.open(FdEntry::Sock(id)));
        assert_eq!(opened, [3, 4, 5].map(Fd));
        fds.close(Fd(4)).unwrap();
        fds.close(Fd(3)).unwrap();
        assert_eq!(fds.fd_of(SockId(1)), None);
        assert_eq!(fds.open(FdEntry::Epoll(EpollInstance::default())), Fd(3));
        assert_eq!(fds.open(FdEntry::Sock(SockId(9))), Fd(4));
        assert_eq!(fds.open(FdEntry::Sock(SockId(10))), Fd(6));
        assert_eq!(fds.fd_of(SockId(9)), Some(Fd(4)));
        assert_eq!(fds.epolls_mut().map(|(fd, _)| fd).collect::<Vec<_>>(), [Fd(3)]);
        fds.close(Fd(3)).unwrap();
        assert_eq!(fds.epolls_mut().count(), 0);
    }
}
