//! Data between the application and its acknowledgement: the unsent queue, and behind it the
//! retransmission queue.
//!
//! Linux: sk_write_queue and tcp_rtx_queue (include/net/tcp.h), tcp_fragment and tcp_trim_head
//! (net/ipv4/tcp_output.c). Which chunk is sent, lost or acknowledged is decided elsewhere; here
//! the two queues stay contiguous in sequence space.

use std::collections::VecDeque;

use super::rate::TxRate;
use crate::seq::Seq;
use crate::time::Instant;
use crate::timestamping::TxStamp;
use crate::wire::Flags;

/// SKB_TRUESIZE of a sending buffer without its data: struct sk_buff (256 bytes, aligned) and a head from
/// the cache of small heads, which is 640 bytes where MAX_TCP_HEADER is 320.
pub(crate) const SKB_OVERHEAD: u32 = 896;

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
    short_segs: u32,
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

    fn data_seq(&self) -> Seq {
        self.seq + u32::from(self.flags.syn())
    }

    /// Cuts off everything from byte `len` of the data on.
    ///
    /// Linux: tcp_fragment (net/ipv4/tcp_output.c) — FIN, PSH and the message boundary go with
    /// the tail, SYN stays, marks and times are those of both.
    fn split_off(&mut self, len: usize) -> Option<Self> {
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

/// The two queues.
#[derive(Clone, Debug, Default)]
pub(crate) struct WriteQueue {
    unsent: VecDeque<Chunk>,
    rtx: VecDeque<Chunk>,
}

impl WriteQueue {
    /// Appends to the unsent queue (Linux: tcp_skb_entail).
    pub(crate) fn push(&mut self, chunk: Chunk) {
        debug_assert!(self.end().is_none_or(|end| end == chunk.seq), "a gap before {chunk:?}");
        self.unsent.push_back(chunk);
    }

    /// Appends to the retransmission queue a chunk that is being sent right away: a SYN
    /// (Linux: tcp_connect_queue_skb).
    pub(crate) fn push_rtx(&mut self, chunk: Chunk) {
        self.rtx.push_back(chunk);
    }

    /// The next chunk to send (Linux: tcp_send_head).
    pub(crate) fn send_head(&self) -> Option<&Chunk> {
        self.unsent.front()
    }

    /// [`Self::send_head`], to change it.
    pub(crate) fn send_head_mut(&mut self) -> Option<&mut Chunk> {
        self.unsent.front_mut()
    }

    /// The last unsent chunk (Linux: tcp_write_queue_tail).
    pub(crate) fn tail(&self) -> Option<&Chunk> {
        self.unsent.back()
    }

    /// [`Self::tail`], to append to it.
    pub(crate) fn tail_mut(&mut self) -> Option<&mut Chunk> {
        self.unsent.back_mut()
    }

    /// Unsent chunks, oldest first.
    pub(crate) fn unsent(&self) -> impl DoubleEndedIterator<Item = &Chunk> + '_ {
        self.unsent.iter()
    }

    /// Moves the send head to the end of the retransmission queue, as sent at `sent_at`.
    ///
    /// Linux: the queue half of tcp_event_new_data_sent (net/ipv4/tcp_output.c)
    pub(crate) fn move_to_rtx(&mut self, sent_at: Instant) -> Option<&Chunk> {
        let mut chunk = self.unsent.pop_front()?;
        chunk.sent_at = sent_at;
        self.rtx.push_back(chunk);
        self.rtx.back()
    }

    /// Cuts the send head after `len` bytes; false when there is nothing to cut.
    pub(crate) fn fragment_send_head(&mut self, len: usize) -> bool {
        Self::fragment(&mut self.unsent, 0, len)
    }

    /// Moves up to `amount` bytes from the chunk behind the send head into it, unless a message
    /// boundary lies between them.
    ///
    /// Linux: tcp_grow_skb (net/ipv4/tcp_output.c)
    pub(crate) fn grow_send_head(&mut self, amount: u32) {
        let next = self.unsent.get(1);
        if !self.unsent.front().zip(next).is_some_and(|(head, next)| head.can_collapse(next)) {
            return;
        }
        let Some(next) = self.unsent.get_mut(1) else { return };
        let len = usize::try_from(amount).unwrap_or(usize::MAX).min(next.data.len());
        let mut moved: Vec<u8> = next.data.drain(..len).collect();
        next.seq = next.seq.plus_len(len);
        let absorbed = if next.data.is_empty() { self.unsent.remove(1) } else { None };
        let Some(head) = self.unsent.front_mut() else { return };
        head.data.append(&mut moved);
        if let Some(next) = absorbed {
            head.flags |= next.flags;
            head.eor |= next.eor;
            head.tx.collapse(next.tx);
        }
    }

    /// Makes the send head exactly `len` bytes long, from the chunks behind it; those are counted in
    /// segments of `mss` afterwards. False, and nothing is done, when a message boundary lies within.
    ///
    /// Linux: tcp_can_coalesce_send_queue_head and the copying half of tcp_mtu_probe
    pub(crate) fn gather_send_head(&mut self, len: usize, mss: u32) -> bool {
        let mut covered = 0;
        for chunk in &self.unsent {
            covered += chunk.data.len();
            if covered >= len {
                break;
            }
            if chunk.eor || chunk.flags.fin() {
                return false;
            }
        }
        if covered < len {
            return false;
        }
        while let Some(head) = self.unsent.front().filter(|head| head.data.len() < len) {
            self.grow_send_head(u32::try_from(len - head.data.len()).unwrap_or(u32::MAX));
        }
        self.fragment_send_head(len);
        if let Some(rest) = self.unsent.get_mut(1) {
            rest.set_tso_segs(mss);
        }
        if let Some(head) = self.unsent.front_mut() {
            head.flags = head.flags.without(Flags::PSH);
        }
        true
    }

    /// Cuts chunk `index` of the retransmission queue after `len` bytes.
    pub(crate) fn fragment_rtx(&mut self, index: usize, len: usize) -> bool {
        Self::fragment(&mut self.rtx, index, len)
    }

    /// Joins the chunk behind `index` of the retransmission queue to it; false if there is none.
    ///
    /// Linux: the queue half of tcp_collapse_retrans (net/ipv4/tcp_output.c)
    pub(crate) fn collapse_rtx(&mut self, index: usize) -> bool {
        let next = index.checked_add(1).and_then(|behind| self.rtx.remove(behind));
        let (Some(mut next), Some(to)) = (next, self.rtx.get_mut(index)) else { return false };
        to.data.append(&mut next.data);
        to.flags |= next.flags;
        to.marks.ever_retrans |= next.marks.ever_retrans;
        to.eor = next.eor;
        to.tx.collapse(next.tx);
        true
    }

    /// Joins the chunk behind `index` of the retransmission queue to it without changing how many
    /// segments of `mss` bytes the two count as; false if there is none.
    ///
    /// Linux: the queue half of tcp_shifted_skb (net/ipv4/tcp_input.c)
    pub(crate) fn shift_rtx(&mut self, index: usize, mss: u32) -> bool {
        let pcount = |at: usize| self.rtx.get(at).map_or(0, Chunk::pcount);
        let segs = pcount(index) + pcount(index + 1);
        if !self.collapse_rtx(index) {
            return false;
        }
        let Some(to) = self.rtx.get_mut(index) else { return false };
        to.gso_size = if to.gso_size == 0 { mss } else { to.gso_size };
        to.short_segs = 0;
        to.short_segs = segs.saturating_sub(to.pcount());
        to.tx_rate.delivered_mstamp = None;
        true
    }

    fn fragment(queue: &mut VecDeque<Chunk>, index: usize, len: usize) -> bool {
        let Some(tail) = queue.get_mut(index).and_then(|chunk| chunk.split_off(len)) else {
            return false;
        };
        queue.insert(index + 1, tail);
        true
    }

    /// Sent and unacknowledged chunks, oldest first.
    pub(crate) fn rtx(&self) -> impl DoubleEndedIterator<Item = &Chunk> + ExactSizeIterator + '_ {
        self.rtx.iter()
    }

    /// [`Self::rtx`], to mark them.
    pub(crate) fn rtx_mut(
        &mut self,
    ) -> impl DoubleEndedIterator<Item = &mut Chunk> + ExactSizeIterator + '_ {
        self.rtx.iter_mut()
    }

    /// Chunk `index` of the retransmission queue.
    pub(crate) fn rtx_get(&self, index: usize) -> Option<&Chunk> {
        self.rtx.get(index)
    }

    /// [`Self::rtx_get`], to mark it.
    pub(crate) fn rtx_get_mut(&mut self, index: usize) -> Option<&mut Chunk> {
        self.rtx.get_mut(index)
    }

    /// The oldest unacknowledged chunk (Linux: tcp_rtx_queue_head).
    pub(crate) fn rtx_head(&self) -> Option<&Chunk> {
        self.rtx.front()
    }

    /// [`Self::rtx_head`], to mark it.
    pub(crate) fn rtx_head_mut(&mut self) -> Option<&mut Chunk> {
        self.rtx.front_mut()
    }

    /// Number of chunks in the retransmission queue.
    pub(crate) fn chunks(&self) -> usize {
        self.unsent.len() + self.rtx.len()
    }

    /// Chunks that wait for an acknowledgement.
    pub(crate) fn rtx_len(&self) -> usize {
        self.rtx.len()
    }

    /// Nothing is unacknowledged (Linux: tcp_rtx_queue_empty).
    pub(crate) fn is_rtx_empty(&self) -> bool {
        self.rtx.is_empty()
    }

    /// Nothing waits to be sent (Linux: tcp_write_queue_empty on the unsent half).
    pub(crate) fn is_unsent_empty(&self) -> bool {
        self.unsent.is_empty()
    }

    /// Takes the oldest unacknowledged chunk out (Linux: tcp_rtx_queue_unlink_and_free).
    pub(crate) fn pop_rtx_head(&mut self) -> Option<Chunk> {
        self.rtx.pop_front()
    }

    /// Drops what `una` acknowledges of the data of the oldest chunk and returns how many bytes
    /// that was; the chunk itself stays, even if only a FIN is left of it.
    ///
    /// Linux: tcp_trim_head (net/ipv4/tcp_output.c)
    pub(crate) fn trim_rtx_head(&mut self, una: Seq) -> u32 {
        let Some(chunk) = self.rtx.front_mut().filter(|chunk| chunk.seq.before(una)) else {
            return 0;
        };
        let before = chunk.len();
        let start = chunk.data_seq();
        chunk.flags = chunk.flags.without(Flags::SYN);
        chunk.seq = start;
        let cut = if start.before(una) { (una - start).min(before) } else { 0 };
        chunk.data.drain(..usize::try_from(cut).unwrap_or(usize::MAX).min(chunk.data.len()));
        chunk.seq += cut;
        if chunk.gso_size != 0 {
            let mss = chunk.gso_size;
            chunk.set_tso_segs(mss);
        }
        cut
    }

    /// Bytes the application wrote that have not been sent.
    pub(crate) fn unsent_bytes(&self) -> u32 {
        self.unsent.iter().map(Chunk::len).sum()
    }

    /// Payload bytes in both queues.
    pub(crate) fn bytes(&self) -> u32 {
        self.unsent_bytes() + self.rtx.iter().map(Chunk::len).sum::<u32>()
    }

    /// Drops everything (Linux: tcp_write_queue_purge).
    pub(crate) fn purge(&mut self) {
        self.unsent.clear();
        self.rtx.clear();
    }

    /// The chunk that begins with `seq`: the send head, or one that was sent.
    pub(crate) fn chunk_at(&self, seq: Seq) -> Option<&Chunk> {
        let head = self.unsent.front().filter(|chunk| chunk.seq == seq);
        head.or_else(|| self.rtx.iter().find(|chunk| chunk.seq == seq))
    }

    /// The newest chunk, sent or not.
    pub(crate) fn last_mut(&mut self) -> Option<&mut Chunk> {
        self.unsent.back_mut().or(self.rtx.back_mut())
    }

    /// The sequence number after the newest byte in either queue.
    pub(crate) fn end(&self) -> Option<Seq> {
        self.unsent.back().or(self.rtx.back()).map(Chunk::end_seq)
    }

    /// Both queues are contiguous, and no unsent chunk has a mark.
    pub(crate) fn check(&self) -> bool {
        let all: Vec<_> = self.rtx.iter().chain(&self.unsent).collect();
        all.windows(2).all(|pair| matches!(pair, [a, b] if a.end_seq() == b.seq))
            && self.unsent.iter().all(|chunk| chunk.marks == Marks::default())
    }
}

#[cfg(test)]
mod tests;
