//! Every connection object by its id: sockets, half-open connections, remainders; and which of them
//! has the next timer.
//!
//! Linux: the timer wheel stands behind the second half (kernel/time/timer.c); here deadlines are in
//! order, so that the next one is at the front however many connections there are.

use std::collections::BTreeSet;

use super::ById;
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

    /// Whether it hears what comes by the interface `dif`: it is bound to that one, or to none.
    ///
    /// Linux: inet_sk_bound_dev_eq (include/net/inet_sock.h)
    pub(crate) fn hears(&self, dif: i32) -> bool {
        let bound_dev_if = match self {
            Self::Sock(sk) => sk.opts.bound_dev_if,
            Self::Request(req) => req.bound_dev_if,
            Self::TimeWait(tw) => tw.bound_dev_if,
        };
        bound_dev_if == 0 || bound_dev_if == dif
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

/// An object, and the deadline it is filed under.
#[derive(Debug)]
struct Slot {
    object: Object,
    filed: Option<Instant>,
}

/// The table. Ids are never reused, so an id held by somebody else is at worst a name of nothing.
#[derive(Debug, Default)]
pub(crate) struct SockTable {
    next: u32,
    objects: ById<Slot>,
    /// Deadlines of all objects but `touched`, soonest first.
    deadlines: BTreeSet<(Instant, SockId)>,
    /// The object that was lent out last: its timers may be others than those filed.
    touched: Option<SockId>,
}

impl SockTable {
    /// A name for an object about to be made.
    pub(crate) fn reserve(&mut self) -> SockId {
        self.next += 1;
        SockId(self.next)
    }

    /// Keeps `object` under `id`.
    pub(crate) fn put(&mut self, id: SockId, object: Object) {
        self.remove(id);
        self.objects.insert(id, Slot { object, filed: None });
        self.touch(id);
    }

    /// How many objects there are.
    pub(crate) fn len(&self) -> usize {
        self.objects.len()
    }

    /// The object called `id`.
    pub(crate) fn get(&self, id: SockId) -> Option<&Object> {
        self.objects.get(id).map(|slot| &slot.object)
    }

    /// The socket called `id`.
    pub(crate) fn sock(&self, id: SockId) -> Option<&Sock> {
        match self.get(id)? {
            Object::Sock(sk) => Some(sk),
            Object::Request(_) | Object::TimeWait(_) => None,
        }
    }

    /// The socket called `id`, to change it.
    pub(crate) fn sock_mut(&mut self, id: SockId) -> Option<&mut Sock> {
        self.touch(id);
        match &mut self.objects.get_mut(id)?.object {
            Object::Sock(sk) => Some(sk),
            Object::Request(_) | Object::TimeWait(_) => None,
        }
    }

    /// Takes the half-open connection called `id` out, to be put back or forgotten.
    pub(crate) fn take_request(&mut self, id: SockId) -> Option<Box<RequestSock>> {
        match self.remove(id)? {
            Object::Request(req) => Some(req),
            other @ (Object::Sock(_) | Object::TimeWait(_)) => {
                self.put(id, other);
                None
            }
        }
    }

    /// Takes the remainder called `id` out, to be put back or forgotten.
    pub(crate) fn take_time_wait(&mut self, id: SockId) -> Option<Box<TimeWaitSock>> {
        match self.remove(id)? {
            Object::TimeWait(tw) => Some(tw),
            other @ (Object::Sock(_) | Object::Request(_)) => {
                self.put(id, other);
                None
            }
        }
    }

    /// Forgets `id`.
    pub(crate) fn remove(&mut self, id: SockId) -> Option<Object> {
        let Slot { object, filed } = self.objects.remove(id)?;
        if let Some(at) = filed {
            self.deadlines.remove(&(at, id));
        }
        Some(object)
    }

    /// The object whose timer goes off next, and when.
    pub(crate) fn next_timer(&self) -> Option<(Instant, SockId)> {
        let filed = self.deadlines.iter().find(|(_, id)| Some(*id) != self.touched).copied();
        let touched = self.touched.and_then(|id| Some((self.get(id)?.next_timer()?, id)));
        filed.into_iter().chain(touched).min()
    }

    /// Panics when a socket contradicts itself, an accept queue leads to nothing, or a deadline is
    /// not filed.
    pub(crate) fn check(&self) {
        for (id, slot) in self.objects.iter() {
            if let Object::Sock(sk) = &slot.object {
                sk.check();
                let leads = |child: &SockId| self.sock(*child).is_some();
                assert!(sk.listener.ready.iter().all(leads), "a child is gone: {sk:?}");
            }
            let is_filed = slot.filed.is_none_or(|at| self.deadlines.contains(&(at, id)));
            let is_right = self.touched == Some(id) || slot.filed == slot.object.next_timer();
            assert!(is_filed && is_right, "a deadline is filed wrongly: {:?}", slot.object);
        }
    }

    /// `id` is about to be lent out; the one before it is back, and is filed anew.
    fn touch(&mut self, id: SockId) {
        if self.touched == Some(id) {
            return;
        }
        if let Some(before) = self.touched.replace(id)
            && let Some(slot) = self.objects.get_mut(before)
        {
            let due = slot.object.next_timer();
            if due != slot.filed {
                slot.filed.map(|at| self.deadlines.remove(&(at, before)));
                due.map(|at| self.deadlines.insert((at, before)));
                slot.filed = due;
            }
        }
    }
}
