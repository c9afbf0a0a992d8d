//! Descriptors: the lowest free number, from 3 on.

use std::collections::BTreeMap;

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
}

/// An epoll instance: what it watches, by descriptor.
#[derive(Clone, Debug, Default)]
pub(crate) struct EpollInstance {
    pub(crate) interest: BTreeMap<Fd, Interest>,
}

/// One watched descriptor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interest {
    pub(crate) events: u32,
    pub(crate) data: u64,
    /// Something happened since it was last reported (what edge-triggered interest waits for).
    pub(crate) ready: bool,
    /// EPOLLONESHOT was used up.
    pub(crate) disabled: bool,
}

/// The table.
#[derive(Clone, Debug, Default)]
pub(crate) struct FdTable {
    entries: BTreeMap<Fd, FdEntry>,
}

/// Standard input, output and error are taken.
const FIRST: i32 = 3;

impl FdTable {
    /// Gives `entry` the lowest free number.
    pub(crate) fn open(&mut self, entry: FdEntry) -> Fd {
        let mut number = FIRST;
        while self.entries.contains_key(&Fd(number)) {
            number += 1;
        }
        self.entries.insert(Fd(number), entry);
        Fd(number)
    }

    /// Frees `fd`.
    pub(crate) fn close(&mut self, fd: Fd) -> Result<FdEntry, Errno> {
        let entry = self.entries.remove(&fd).ok_or(Errno::EBADF)?;
        for (_, epoll) in self.epolls_mut() {
            epoll.interest.remove(&fd);
        }
        Ok(entry)
    }

    /// What `fd` refers to.
    pub(crate) fn get(&self, fd: Fd) -> Result<&FdEntry, Errno> {
        self.entries.get(&fd).ok_or(Errno::EBADF)
    }

    /// The socket behind `fd`.
    pub(crate) fn sock(&self, fd: Fd) -> Result<SockId, Errno> {
        match self.get(fd)? {
            FdEntry::Sock(id) => Ok(*id),
            FdEntry::Epoll(_) => Err(Errno::ENOTSOCK),
        }
    }

    /// The epoll instance behind `fd`.
    pub(crate) fn epoll_mut(&mut self, fd: Fd) -> Result<&mut EpollInstance, Errno> {
        match self.entries.get_mut(&fd).ok_or(Errno::EBADF)? {
            FdEntry::Epoll(epoll) => Ok(epoll),
            FdEntry::Sock(_) => Err(Errno::EINVAL),
        }
    }

    /// Every epoll instance.
    pub(crate) fn epolls_mut(&mut self) -> impl Iterator<Item = (Fd, &mut EpollInstance)> {
        self.entries.iter_mut().filter_map(|(fd, entry)| match entry {
            FdEntry::Epoll(epoll) => Some((*fd, epoll)),
            FdEntry::Sock(_) => None,
        })
    }

    /// The descriptor of a socket.
    pub(crate) fn fd_of(&self, id: SockId) -> Option<Fd> {
        self.entries.iter().find_map(|(fd, entry)| match entry {
            FdEntry::Sock(other) if *other == id => Some(*fd),
            FdEntry::Sock(_) | FdEntry::Epoll(_) => None,
        })
    }
}
