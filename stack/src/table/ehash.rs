//! Connections by their four-tuple: full sockets, half-open requests and TIME-WAIT remainders in
//! one table, so that one lookup finds whichever there is.
//!
//! RFC 9293 §3.10.7 demultiplexing · Linux: the ehash of net/ipv4/inet_hashtables.c. The kind of
//! object is the caller's `Id`. Buckets double in number instead of being sized at boot; the hash is
//! keyed, so that nobody outside can fill one bucket.

use std::hash::Hasher;
use std::net::SocketAddr;

use siphasher::sip::SipHasher13;

use crate::flow::Flow;

/// Buckets of an empty table; a power of two, as their number always is.
const FEWEST_BUCKETS: usize = 16;

/// The table.
#[derive(Clone, Debug)]
pub(crate) struct Ehash<Id> {
    /// ehash_secret
    secret: u64,
    buckets: Vec<Vec<(Flow, Id)>>,
    len: usize,
}

impl<Id: Copy + PartialEq> Ehash<Id> {
    /// An empty table whose hash is keyed with `secret`.
    pub(crate) fn new(secret: u64) -> Self {
        Self { secret, buckets: vec![Vec::new(); FEWEST_BUCKETS], len: 0 }
    }

    /// Adds `id`, which is found before others of the same four-tuple.
    ///
    /// Linux: inet_ehash_insert
    pub(crate) fn insert(&mut self, flow: Flow, id: Id) {
        if self.len >= self.buckets.len() {
            self.double();
        }
        if let Some(bucket) = self.bucket_mut(flow) {
            bucket.push((flow, id));
            self.len += 1;
        }
    }

    /// The objects of a four-tuple, the newest first: several may be bound to as many interfaces.
    /// Where one is bound is its own business, and may change.
    pub(crate) fn of(&self, flow: Flow) -> impl Iterator<Item = Id> + '_ {
        let bucket = self.buckets.get(self.index(flow)).into_iter().flatten().rev();
        bucket.filter(move |(other, _)| *other == flow).map(|(_, id)| *id)
    }

    /// Removes `id`.
    pub(crate) fn remove(&mut self, flow: Flow, id: Id) -> bool {
        let Some(bucket) = self.bucket_mut(flow) else { return false };
        let Some(at) = bucket.iter().position(|entry| *entry == (flow, id)) else { return false };
        bucket.remove(at);
        self.len -= 1;
        true
    }

    /// Objects in the order of their four-tuples.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Flow, Id)> + '_ {
        let mut all: Vec<_> = self.buckets.iter().flatten().copied().collect();
        all.sort_by_key(|(flow, _)| *flow);
        all.into_iter()
    }

    fn bucket_mut(&mut self, flow: Flow) -> Option<&mut Vec<(Flow, Id)>> {
        let index = self.index(flow);
        self.buckets.get_mut(index)
    }

    fn double(&mut self) {
        let twice = vec![Vec::new(); self.buckets.len() * 2];
        let before = std::mem::replace(&mut self.buckets, twice);
        for (flow, id) in before.into_iter().flatten() {
            if let Some(bucket) = self.bucket_mut(flow) {
                bucket.push((flow, id));
            }
        }
    }

    /// Linux: inet_ehashfn (net/ipv4/inet_hashtables.c)
    #[expect(clippy::cast_possible_truncation, reason = "only the low bits are wanted")]
    fn index(&self, flow: Flow) -> usize {
        let mut hasher = SipHasher13::new_with_keys(self.secret, 0);
        write(&mut hasher, flow.local);
        write(&mut hasher, flow.remote);
        hasher.finish() as usize & (self.buckets.len() - 1)
    }
}

/// Family by length, address and port.
fn write(hasher: &mut SipHasher13, end: SocketAddr) {
    match end {
        SocketAddr::V4(v4) => hasher.write_u32(v4.ip().to_bits()),
        SocketAddr::V6(v6) => hasher.write_u128(v6.ip().to_bits()),
    }
    hasher.write_u16(end.port());
}

#[cfg(test)]
mod tests {
    use super::{Ehash, Flow};

    fn flow(local: &str, remote: &str) -> Flow {
        Flow::new(local.parse().unwrap(), remote.parse().unwrap())
    }

    #[test]
    fn the_newest_of_a_four_tuple_is_found_first() {
        let mut table = Ehash::new(1);
        let a = flow("192.0.2.1:80", "192.0.2.2:1000");
        let b = flow("192.0.2.1:80", "192.0.2.2:1001");
        table.insert(a, 1);
        table.insert(b, 3);
        table.insert(a, 4);
        table.insert(a, 5);
        let of = |table: &Ehash<i32>, flow| table.of(flow).collect::<Vec<_>>();
        assert_eq!((of(&table, a), of(&table, b)), (vec![5, 4, 1], vec![3]));
        assert!(of(&table, flow("192.0.2.2:1000", "192.0.2.1:80")).is_empty());
        assert!(table.remove(a, 4));
        assert!(!table.remove(a, 4), "it is gone");
        assert_eq!(of(&table, a), [5, 1]);
        assert_eq!(table.iter().count(), 3);
    }

    #[test]
    fn buckets_stay_short_however_many_connections_there_are() {
        let mut table = Ehash::new(7);
        let local = "[2001:db8::1]:80".parse().unwrap();
        let at = |port: u16| {
            Flow::new(local, std::net::SocketAddr::new("2001:db8::2".parse().unwrap(), port))
        };
        for port in 1..=10_000 {
            table.insert(at(port), port);
        }
        assert!((1..=10_000).all(|port| table.of(at(port)).eq([port])));
        assert!(table.buckets.iter().all(|bucket| bucket.len() <= 8));
        let in_order: Vec<_> = table.iter().map(|(_, port)| port).collect();
        assert!(in_order.is_sorted(), "the order is that of the four-tuples");
        for port in 1..=10_000 {
            assert!(table.remove(at(port), port));
        }
        assert_eq!((table.len, table.iter().count()), (0, 0));
    }
}
