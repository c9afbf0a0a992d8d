//! Which discipline the link has, and what it does with a packet.
//!
//! Linux: dev_queue_xmit (net/core/dev.c), pfifo_enqueue (net/sched/sch_fifo.c)

use super::fq::Fq;
use crate::seq::Seq;
use crate::sock::SockId;
use crate::time::Instant;
use crate::timestamping::Departure;

/// A queueing discipline, as `tc qdisc replace dev … root` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qdisc {
    /// pfifo: first in, first out; `limit` packets may wait, and none drops every packet.
    Pfifo {
        /// Packets that may wait.
        limit: u32,
    },
    /// fq: packets leave when the pacing of their connection says so.
    Fq,
}

impl Default for Qdisc {
    /// pfifo_fast, with the transmit queue of a TUN device.
    fn default() -> Self {
        Self::Pfifo { limit: 500 }
    }
}

/// What became of a packet (Linux: NET_XMIT_*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Xmit {
    /// NET_XMIT_SUCCESS, and it is on the link.
    Sent,
    /// NET_XMIT_SUCCESS, and it waits in a queue of this host.
    Queued,
    /// NET_XMIT_DROP
    Dropped,
    /// -EHOSTUNREACH: no route leads there.
    Unroutable,
}

impl Xmit {
    /// It is neither on the link nor waits for it.
    pub(crate) const fn failed(self) -> bool {
        matches!(self, Self::Dropped | Self::Unroutable)
    }
}

/// Whose packet it is, for small queues and for finding out whether it has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) sock: SockId,
    /// First sequence number of the packet.
    pub(crate) seq: Seq,
    /// Memory it is charged with.
    pub(crate) truesize: u32,
    /// Somebody asked when it leaves.
    pub(crate) stamp: Option<Departure>,
}

/// One packet; several datagrams if the link cannot cut large segments itself.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) datagrams: Vec<Vec<u8>>,
    pub(crate) owner: Option<Owner>,
    /// Earliest departure time (skb->tstamp).
    pub(crate) time_to_send: Instant,
}

/// The queue of the link.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    qdisc: Qdisc,
    fq: Fq,
}

impl Queue {
    /// Another discipline from now on; what waits in the old one is lost, as in Linux. Returns
    /// the owners of that.
    pub(crate) fn replace(&mut self, qdisc: Qdisc) -> Vec<Owner> {
        let old = std::mem::replace(self, Self { qdisc, fq: Fq::default() });
        old.fq.into_packets().filter_map(|packet| packet.owner).collect()
    }

    /// Whether the discipline paces connections on its own (SK_PACING_FQ).
    pub(crate) fn paces(&self) -> bool {
        self.qdisc == Qdisc::Fq
    }

    /// Takes a packet: to be sent now, kept, or dropped.
    ///
    /// Linux: pfifo_enqueue, fq_enqueue
    pub(crate) fn enqueue(&mut self, packet: Packet, now: Instant) -> (Xmit, Option<Packet>) {
        match self.qdisc {
            Qdisc::Pfifo { limit: 0 } => (Xmit::Dropped, None),
            Qdisc::Pfifo { limit: _ } => (Xmit::Sent, Some(packet)),
            Qdisc::Fq => self.fq.enqueue(packet, now),
        }
    }

    /// When the next packet may leave.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.fq.next_due()
    }

    /// The next packet that may leave at `now`.
    pub(crate) fn dequeue(&mut self, now: Instant) -> Option<Packet> {
        self.fq.dequeue(now)
    }

    /// A packet of `sock` that begins at `seq` has not left yet.
    ///
    /// Linux: skb_still_in_host_queue (net/ipv4/tcp_output.c)
    pub(crate) fn holds(&self, sock: SockId, seq: Seq) -> bool {
        self.fq.holds(sock, seq)
    }
}
