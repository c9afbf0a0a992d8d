//! What the queues of a sender consist of: bytes that are handled as one, and what is known of them.
//!
//! Linux: struct sk_buff and struct tcp_skb_cb of the sending side (include/net/tcp.h), tcp_fragment
//! (net/ipv4/tcp_output.c)

use super::rate::TxRate;
use crate::kernel::{SKB_LEN, SMALL_HEAD};
use crate::seq::Seq;
use crate::time::Instant;
use crate::timestamping::TxStamp;
use crate::wire::Flags;

/// SKB_TRUESIZE of a sending buffer without its data: 896.
pub(crate) const SKB_OVERHEAD: u32 = SKB_LEN + SMALL_HEAD;

/// Memory a packet with so much payload is charged with (skb->truesize).
pub(crate) fn skb_truesize(payload_len: usize) -> u32 {
    u32::try_from(payload_len).unwrap_or(u32::MAX).saturating_add(SKB_OVERHEAD)
}

/// What the sender knows about a chunk in the retransmission queue (Linux: TCPCB_* in `sacked`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// TCPCB_SACKED_ACKED: reported as received.
    pub(crate) sacked: bool,
    /// TCPCB_LOST: believed lost.
    pub(crate) lost: bool,
    /// TCPCB_SACKED_RETRANS: retransmitted, and the retransmission not yet believed lost.
    pub(crate) retrans: bool,
    /// TCPCB_EVER_RETRANS: retransmitted at some time, so it gives no round-trip sample.
    pub(crate) ever_retrans: bool,
}

impl Marks {
    /// TCPCB_RETRANS: sent more than once, whatever became of it.
    pub(crate) const fn is_retransmitted(self) -> bool {
        self.retrans || self.ever_retrans
    }
}

/// A run of bytes that is handled as one (Linux: a sk_buff with its tcp_skb_cb).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// Sequence number of the SYN, if there is one, else of the first byte.
    pub(crate) seq: Seq,
    /// SYN, FIN, PSH, URG and whatever else goes out with these bytes.
    pub(crate) flags: Flags,
    /// The bytes.
    pub(crate) data: Vec<u8>,
    /// Segment size `data` is cut into on the wire; 0 when it fits into one.
    pub(crate) gso_size: u32,
    /// Segments beyond those that `gso_size` gives: ends of joined chunks that were not full.
    pub(super) short_segs: u32,
    /// State on the scoreboard.
    pub(crate) marks: Marks,
    /// Time of the last transmission; meaningless in the unsent queue.
    pub(crate) sent_at: Instant,
    /// What it remembers for a sample of the delivery rate.
    pub(crate) tx_rate: TxRate,
    /// Nothing may be appended: a message boundary (MSG_EOR).
    pub(crate) eor: bool,
    /// Times to report.
    pub(crate) tx: TxStamp,
    /// Call with MSG_ZEROCOPY whose memory this is, and how many pages of it.
    pub(crate) zcopy: Option<u32>,
    pub(crate) frags: u32,
}

impl Chunk {
    /// `data` from `seq` on, never sent.
    pub(crate) fn new(seq: Seq, flags: Flags, data: Vec<u8>) -> Self {
        Self { seq, flags, data, ..Self::default() }
    }

    /// The sequence number after this chunk.
    pub(crate) fn end_seq(&self) -> Seq {
        self.data_seq().plus_len(self.data.len()) + u32::from(self.flags.fin())
    }

    /// Payload bytes.
    pub(crate) fn len(&self) -> u32 {
        self.end_seq() - self.seq - u32::from(self.flags.syn()) - u32::from(self.flags.fin())
    }

    /// Linux: tcp_set_skb_tso_segs — `mss` becomes the segment size if the data needs several.
    pub(crate) fn set_tso_segs(&mut self, mss: u32) {
        self.gso_size = if self.len() <= mss { 0 } else { mss };
        self.short_segs = 0;
    }

    /// Linux: tcp_skb_pcount — how many segments this is on the wire.
    pub(crate) fn pcount(&self) -> u32 {
        let full = if self.gso_size == 0 { 1 } else { self.len().div_ceil(self.gso_size) };
        full + self.short_segs
    }

    /// Linux: tcp_skb_seglen (net/ipv4/tcp_input.c) — how long its segments are.
    pub(crate) fn seglen(&self) -> u32 {
        if self.pcount() == 1 { self.len() } else { self.gso_size }
    }

    /// Bytes of `next`, which follows, may be moved into this chunk. The memory of a program
    /// stays with the packets it was given to.
    ///
    /// Linux: tcp_skb_can_collapse (include/net/tcp.h), skb_shift (net/core/skbuff.c)
    pub(crate) fn can_collapse(&self, next: &Self) -> bool {
        let copied = self.zcopy.is_none() && next.zcopy.is_none();
        !self.eor && !self.flags.fin() && copied
    }

    pub(super) fn data_seq(&self) -> Seq {
        self.seq + u32::from(self.flags.syn())
    }

    /// Cuts off everything from byte `len` of the data on.
    ///
    /// Linux: tcp_fragment (net/ipv4/tcp_output.c) — FIN, PSH and the message boundary go with
    /// the tail, SYN stays, marks and times are those of both.
    pub(super) fn split_off(&mut self, len: usize) -> Option<Self> {
        if len == 0 || len >= self.data.len() {
            return None;
        }
        let tail = Self {
            seq: self.data_seq().plus_len(len),
            flags: self.flags.without(Flags::SYN),
            data: self.data.split_off(len),
            ..self.clone_header()
        };
        self.flags = self.flags.without(Flags::FIN | Flags::PSH);
        self.eor = false;
        let tx = self.tx.split_off(tail.seq);
        self.short_segs = 0;
        if self.gso_size != 0 {
            let mss = self.gso_size;
            self.set_tso_segs(mss);
        }
        let gso_size = if tail.len() <= tail.gso_size { 0 } else { tail.gso_size };
        Some(Self { gso_size, tx, ..tail })
    }

    fn clone_header(&self) -> Self {
        Self {
            seq: self.seq,
            flags: self.flags,
            data: Vec::new(),
            gso_size: self.gso_size,
            short_segs: 0,
            marks: self.marks,
            sent_at: self.sent_at,
            tx_rate: self.tx_rate,
            eor: self.eor,
            tx: TxStamp::default(),
            zcopy: self.zcopy,
            frags: self.frags,
        }
    }
}
