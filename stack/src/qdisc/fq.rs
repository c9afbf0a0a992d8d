//! fq: every connection has its queue, and the head of a queue leaves at its departure time.
//!
//! Linux: net/sched/sch_fq.c. TCP computes departure times; the discipline only keeps them. What it
//! does beyond that (quanta between flows, marking, its own rates) one host's scripts cannot see.

use std::collections::{BTreeMap, VecDeque};

use super::discipline::{Packet, Xmit};
use crate::seq::Seq;
use crate::sock::SockId;
use crate::time::Instant;

/// q->flow_plimit: packets of one connection.
const FLOW_LIMIT: usize = 100;
/// sch->limit: packets of all.
const LIMIT: usize = 10_000;
/// q->horizon, with q->horizon_drop: nothing is kept for longer than this.
const HORIZON_US: u64 = 10_000_000;

/// The queues, by connection; packets without one share a queue.
#[derive(Debug, Default)]
pub(super) struct Fq {
    flows: BTreeMap<Option<SockId>, VecDeque<Packet>>,
    len: usize,
}

impl Fq {
    /// Keeps a packet until its time, or hands it back to be sent at once.
    ///
    /// Linux: fq_enqueue
    pub(super) fn enqueue(&mut self, packet: Packet, now: Instant) -> (Xmit, Option<Packet>) {
        let flow = packet.owner.map(|owner| owner.sock);
        let queued = self.flows.get(&flow).map_or(0, VecDeque::len);
        if queued == 0 && packet.time_to_send <= now {
            return (Xmit::Sent, Some(packet));
        }
        let beyond_horizon = packet.time_to_send > now.plus_micros(HORIZON_US);
        if queued >= FLOW_LIMIT || self.len >= LIMIT || beyond_horizon {
            return (Xmit::Dropped, None);
        }
        let queue = self.flows.entry(flow).or_default();
        let place = queue.partition_point(|other| other.time_to_send <= packet.time_to_send);
        queue.insert(place, packet);
        self.len += 1;
        (Xmit::Queued, None)
    }

    /// When the next packet may leave.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.heads().map(|(at, _)| at).min()
    }

    /// The packet that is due first, if it is due at `now`.
    ///
    /// Linux: fq_dequeue
    pub(super) fn dequeue(&mut self, now: Instant) -> Option<Packet> {
        let (_, flow) = self.heads().filter(|(at, _)| *at <= now).min()?;
        let queue = self.flows.get_mut(&flow)?;
        let packet = queue.pop_front();
        if queue.is_empty() {
            self.flows.remove(&flow);
        }
        self.len -= usize::from(packet.is_some());
        packet
    }

    /// A packet of `sock` that begins at `seq` waits.
    pub(super) fn holds(&self, sock: SockId, seq: Seq) -> bool {
        let mut waiting = self.flows.get(&Some(sock)).into_iter().flatten();
        waiting.any(|packet| packet.owner.is_some_and(|owner| owner.seq == seq))
    }

    /// Everything that waits.
    pub(super) fn into_packets(self) -> impl Iterator<Item = Packet> {
        self.flows.into_values().flatten()
    }

    /// Departure time of the head of every queue.
    fn heads(&self) -> impl Iterator<Item = (Instant, Option<SockId>)> + '_ {
        self.flows
            .iter()
            .filter_map(|(flow, queue)| queue.front().map(|packet| (packet.time_to_send, *flow)))
    }
}

#[cfg(test)]
mod tests;
