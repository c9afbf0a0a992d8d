//! Listening sockets by local address and port.
//!
//! Linux: lhash2, __inet_lookup_listener, compute_score (net/ipv4/inet_hashtables.c and its IPv6
//! twin). An IPv6 wildcard listener that is not v6-only also takes IPv4, after every listener of
//! IPv4's own. Addresses are never IPv4-mapped here: such a socket is entered by its IPv4 address.

use std::net::{IpAddr, SocketAddr};

/// One listening socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listener<Id> {
    /// The socket.
    pub(crate) id: Id,
    /// Address and port; an unspecified address is a wildcard.
    pub(crate) local: SocketAddr,
    /// The socket's family is AF_INET6, whatever its address.
    pub(crate) is_v6: bool,
    /// IPV6_V6ONLY.
    pub(crate) is_v6only: bool,
    /// SO_BINDTODEVICE: index of the interface it listens on; 0 is any.
    pub(crate) bound_dev_if: i32,
    /// SO_REUSEPORT: shares its address with others like it.
    pub(crate) reuseport: bool,
}

/// The table; the most recent listener is looked at first.
#[derive(Clone, Debug)]
pub(crate) struct Lhash<Id> {
    listeners: Vec<Listener<Id>>,
    /// Members of SO_REUSEPORT groups that listen no more, and how many half-open connections they have.
    closed: Vec<(Listener<Id>, u32)>,
}

impl<Id> Default for Lhash<Id> {
    fn default() -> Self {
        Self { listeners: Vec::new(), closed: Vec::new() }
    }
}

impl<Id: Copy + PartialEq> Lhash<Id> {
    /// Adds a listener (Linux: __inet_hash).
    pub(crate) fn insert(&mut self, listener: Listener<Id>) {
        self.closed.retain(|(closed, _)| closed.id != listener.id);
        self.listeners.insert(0, listener);
    }

    /// Removes the listener `id` (Linux: inet_unhash).
    pub(crate) fn remove(&mut self, id: Id) {
        self.listeners.retain(|listener| listener.id != id);
    }

    /// The listener `id` is one no more; it stays in its group, if it is in one, because of `requests`
    /// half-open connections and what waits for accept().
    ///
    /// Linux: reuseport_stop_listen_sock (net/core/sock_reuseport.c)
    pub(crate) fn stop_listening(&mut self, id: Id, requests: u32) {
        let listener = self.listeners.iter().find(|listener| listener.id == id).copied();
        self.remove(id);
        self.closed.extend(listener.filter(|l| l.reuseport).map(|l| (l, requests)));
    }

    /// Another of the group that `id` was in, by a keyed hash of the four-tuple; none if it was in none.
    pub(crate) fn heir(&self, id: Id, hash: u32) -> Option<Option<Id>> {
        let (closed, _) = self.closed.iter().find(|(closed, _)| closed.id == id)?;
        Some(self.member_of_group(closed, hash))
    }

    /// So many half-open connections of `id` are over, or somebody else's; without one it leaves its
    /// group.
    pub(crate) fn requests_gone(&mut self, id: Id, requests: u32) {
        for (_, left) in self.closed.iter_mut().filter(|(closed, _)| closed.id == id) {
            *left = left.saturating_sub(requests);
        }
        self.closed.retain(|(closed, left)| closed.id != id || *left > 0);
    }

    /// The listener for a segment to `dst`; `hash`, a keyed hash of the four-tuple, picks one of a
    /// SO_REUSEPORT group; `dif` is the interface it came in by, 0 for any.
    ///
    /// Linux: __inet_lookup_listener, inet6_lookup_listener
    pub(crate) fn lookup(&self, dst: SocketAddr, hash: u32, dif: i32) -> Option<Id> {
        let best = |exact| {
            let score = |listener: &&Listener<Id>| listener.score(dst, exact, dif);
            let found = self.listeners.iter().filter(|listener| score(listener).is_some());
            // `max_by_key` keeps the last of equals; the kernel keeps the first.
            found.rev().max_by_key(score)
        };
        let winner = best(true).or_else(|| best(false))?;
        if winner.reuseport { self.member_of_group(winner, hash) } else { Some(winner.id) }
    }

    /// All of them, the newest first.
    pub(crate) fn ids(&self) -> impl Iterator<Item = Id> {
        self.listeners.iter().map(|listener| listener.id)
    }

    /// Everybody who shares `local` by SO_REUSEPORT.
    pub(crate) fn group(&self, local: SocketAddr) -> impl Iterator<Item = Id> {
        let shares = move |l: &&Listener<Id>| l.reuseport && l.local == local;
        self.listeners.iter().filter(shares).map(|listener| listener.id)
    }

    /// Linux: reuseport_select_sock without a program
    fn member_of_group(&self, winner: &Listener<Id>, hash: u32) -> Option<Id> {
        let group: Vec<_> = self.listeners.iter().rev().filter(|l| l.same_group(winner)).collect();
        let scaled = (u64::from(hash) * group.len() as u64) >> 32;
        group.get(usize::try_from(scaled).ok()?).map(|listener| listener.id)
    }
}

impl<Id> Listener<Id> {
    /// How well the listener suits a segment to `dst`: `None` is not at all. Wildcards are only
    /// asked when no exact address matches.
    ///
    /// Linux: compute_score — its own family and an interface of its own count one each.
    fn score(&self, dst: SocketAddr, exact: bool, dif: i32) -> Option<u8> {
        let address = match (self.local.ip(), dst.ip()) {
            (ip, wanted) if exact => ip == wanted,
            (ip, _) if !ip.is_unspecified() => false,
            (IpAddr::V6(_), IpAddr::V4(_)) => !self.is_v6only,
            (IpAddr::V4(_), IpAddr::V4(_)) | (IpAddr::V6(_), IpAddr::V6(_)) => true,
            (IpAddr::V4(_), IpAddr::V6(_)) => false,
        };
        let here = self.bound_dev_if == 0 || dif == 0 || self.bound_dev_if == dif;
        let matches = address && here && self.local.port() == dst.port();
        let own = u8::from(self.bound_dev_if != 0);
        matches.then(|| 1 + own + u8::from(self.is_v6 == dst.is_ipv6()))
    }

    fn same_group(&self, other: &Self) -> bool {
        self.reuseport
            && self.local == other.local
            && self.is_v6 == other.is_v6
            && self.bound_dev_if == other.bound_dev_if
    }
}

#[cfg(test)]
mod tests;
