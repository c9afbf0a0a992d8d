//! Connections by their four-tuple: full sockets, half-open requests and TIME-WAIT remainders in
//! one table, so that one lookup finds whichever there is.
//!
//! RFC 9293 §3.10.7 demultiplexing · Linux: the ehash of net/ipv4/inet_hashtables.c. The kind of
//! object is the caller's `Id`; a tree takes the place of the hash, for a fixed order.

use std::collections::BTreeMap;

use crate::flow::Flow;

/// The table.
#[derive(Clone, Debug)]
pub(crate) struct Ehash<Id> {
    by_flow: BTreeMap<Flow, Id>,
}

impl<Id> Default for Ehash<Id> {
    fn default() -> Self {
        Self { by_flow: BTreeMap::new() }
    }
}

impl<Id: Copy + PartialEq> Ehash<Id> {
    /// Puts `id` in the place of whatever had the four-tuple, and returns that.
    ///
    /// Linux: inet_ehash_insert, inet_twsk_hashdance_schedule
    pub(crate) fn replace(&mut self, flow: Flow, id: Id) -> Option<Id> {
        self.by_flow.insert(flow, id)
    }

    /// The object that segments from `flow.remote` to `flow.local` are for.
    ///
    /// Linux: __inet_lookup_established (net/ipv4/inet_hashtables.c)
    pub(crate) fn get(&self, flow: Flow) -> Option<Id> {
        self.by_flow.get(&flow).copied()
    }

    /// Removes `id`; an object that has taken its place meanwhile stays.
    pub(crate) fn remove(&mut self, flow: Flow, id: Id) -> bool {
        let present = self.get(flow) == Some(id);
        if present {
            self.by_flow.remove(&flow);
        }
        present
    }

    /// Objects in the order of their four-tuples.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Flow, Id)> + '_ {
        self.by_flow.iter().map(|(&flow, &id)| (flow, id))
    }
}

#[cfg(test)]
mod tests {
    use super::{Ehash, Flow};

    fn flow(local: &str, remote: &str) -> Flow {
        Flow::new(local.parse().unwrap(), remote.parse().unwrap())
    }

    #[test]
    fn a_four_tuple_has_one_owner() {
        let mut table = Ehash::default();
        let a = flow("192.0.2.1:80", "192.0.2.2:1000");
        let b = flow("192.0.2.1:80", "192.0.2.2:1001");
        assert_eq!((table.replace(a, 1), table.replace(b, 3)), (None, None));
        assert_eq!((table.get(a), table.get(b)), (Some(1), Some(3)));
        assert_eq!(table.get(flow("192.0.2.2:1000", "192.0.2.1:80")), None);
        assert_eq!(table.replace(a, 4), Some(1));
        assert!(!table.remove(a, 1), "its successor stays");
        assert!(table.remove(a, 4));
        assert_eq!(table.iter().collect::<Vec<_>>(), [(b, 3)]);
    }
}
