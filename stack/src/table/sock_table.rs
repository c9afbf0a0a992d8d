//! Every connection object by its id: sockets, half-open connections, remainders.

use std::collections::BTreeMap;

use crate::sock::{RequestSock, Sock, SockId, TimeWaitSock};
use crate::state::TcpState;
use crate::time::Instant;

/// One of the three kinds.
#[derive(Debug)]
pub(crate) enum Object {
    Sock(Box<Sock>),
    Request(Box<RequestSock>),
    TimeWait(Box<TimeWaitSock>),
}

impl Object {
    /// The present state.
    pub(crate) const fn state(&self) -> TcpState {
        match self {
            Self::Sock(sk) => sk.state(),
            Self::Request(req) => req.state(),
            Self::TimeWait(tw) => tw.state(),
        }
    }

    /// When its next timer goes off.
    pub(crate) fn next_timer(&self) -> Option<Instant> {
        match self {
            Self::Sock(sk) => sk.timers.next().map(|(at, _)| at),
            Self::Request(req) => req.timer,
            Self::TimeWait(tw) => Some(tw.timer),
        }
    }
}

/// The table. Ids are never reused, so an id held by somebody else is at worst a name of nothing.
#[derive(Debug, Default)]
pub(crate) struct SockTable {
    next: u32,
    objects: BTreeMap<SockId, Object>,
}

impl SockTable {
    /// A name for an object about to be made.
    pub(crate) fn reserve(&mut self) -> SockId {
        self.next += 1;
        SockId(self.next)
    }

    /// Keeps `object` under `id`.
    pub(crate) fn put(&mut self, id: SockId, object: Object) {
        self.objects.insert(id, object);
    }

    /// The object called `id`.
    pub(crate) fn get(&self, id: SockId) -> Option<&Object> {
        self.objects.get(&id)
    }

    /// The socket called `id`.
    pub(crate) fn sock(&self, id: SockId) -> Option<&Sock> {
        match self.objects.get(&id)? {
            Object::Sock(sk) => Some(sk),
            Object::Request(_) | Object::TimeWait(_) => None,
        }
    }

    /// The socket called `id`, to change it.
    pub(crate) fn sock_mut(&mut self, id: SockId) -> Option<&mut Sock> {
        match self.objects.get_mut(&id)? {
            Object::Sock(sk) => Some(sk),
            Object::Request(_) | Object::TimeWait(_) => None,
        }
    }

    /// Takes the half-open connection called `id` out, to be put back or forgotten.
    pub(crate) fn take_request(&mut self, id: SockId) -> Option<Box<RequestSock>> {
        match self.objects.remove(&id)? {
            Object::Request(req) => Some(req),
            other @ (Object::Sock(_) | Object::TimeWait(_)) => {
                self.objects.insert(id, other);
                None
            }
        }
    }

    /// Takes the remainder called `id` out, to be put back or forgotten.
    pub(crate) fn take_time_wait(&mut self, id: SockId) -> Option<Box<TimeWaitSock>> {
        match self.objects.remove(&id)? {
            Object::TimeWait(tw) => Some(tw),
            other @ (Object::Sock(_) | Object::Request(_)) => {
                self.objects.insert(id, other);
                None
            }
        }
    }

    /// Forgets `id`.
    pub(crate) fn remove(&mut self, id: SockId) -> Option<Object> {
        self.objects.remove(&id)
    }

    /// Half-open connections of `listener`, oldest first.
    pub(crate) fn requests_of(&self, listener: SockId) -> Vec<SockId> {
        self.objects
            .iter()
            .filter(
                |(_, object)| matches!(object, Object::Request(req) if req.listener == listener),
            )
            .map(|(id, _)| *id)
            .collect()
    }

    /// The object whose timer goes off next, and when.
    pub(crate) fn next_timer(&self) -> Option<(Instant, SockId)> {
        self.objects.iter().filter_map(|(id, object)| Some((object.next_timer()?, *id))).min()
    }
}
