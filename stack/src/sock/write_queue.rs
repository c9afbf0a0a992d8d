//! Data between the application and its acknowledgement: the unsent queue, and behind it the
//! retransmission queue.
//!
//! Linux: sk_write_queue and tcp_rtx_queue (include/net/tcp.h), tcp_trim_head
//! (net/ipv4/tcp_output.c). Which chunk is sent, lost or acknowledged is decided elsewhere; here
//! the two queues stay contiguous in sequence space.

use std::collections::VecDeque;

use super::chunk::{Chunk, Marks};
use crate::seq::Seq;
use crate::time::Instant;
use crate::wire::Flags;

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
