//! In-order data the application has not read.
//!
//! Linux: sk_receive_queue with copied_seq (net/ipv4/tcp.c, tcp_recvmsg_locked). Memory is
//! charged by `truesize`, which the caller chooses, and given back chunk by chunk.

use std::collections::VecDeque;

use crate::seq::Seq;
use crate::time::Instant;

/// Received bytes that are charged together (Linux: a sk_buff).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RecvChunk {
    /// Sequence number of the first byte.
    pub(crate) seq: Seq,
    /// The bytes.
    pub(crate) data: Vec<u8>,
    /// PSH was set.
    pub(crate) psh: bool,
    /// A FIN follows the last byte.
    pub(crate) fin: bool,
    /// Memory charged to the socket.
    pub(crate) truesize: u32,
    /// Bytes of that memory that are still free behind the data (Linux: skb_tailroom).
    pub(crate) tailroom: u32,
    /// When the last packet of it arrived.
    pub(crate) stamp: Instant,
}

/// What is found at a place of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Located<'a> {
    /// Bytes, up to the end of the chunk they are in, whether a FIN follows them, and when they
    /// arrived.
    Data(&'a [u8], bool, Instant),
    /// The end of the stream.
    Fin,
    /// Nothing yet.
    Nothing,
}

impl RecvChunk {
    /// The sequence number after this chunk.
    pub(crate) fn end_seq(&self) -> Seq {
        self.seq.plus_len(self.data.len()) + u32::from(self.fin)
    }

    /// Drops the bytes before `seq`; what is charged stays charged.
    pub(crate) fn trim_front(&mut self, seq: Seq) {
        if self.seq.before(seq) {
            let cut = usize::try_from(seq - self.seq).unwrap_or(usize::MAX);
            let cut = cut.min(self.data.len());
            self.data.drain(..cut);
            self.seq = self.seq.plus_len(cut);
        }
    }

    /// Copies `next`, which begins where this one ends, into memory that is charged already; false
    /// when there is not enough of it.
    ///
    /// Linux: tcp_try_coalesce (net/ipv4/tcp_input.c), skb_try_coalesce (net/core/skbuff.c)
    pub(super) fn try_coalesce(&mut self, next: &Self) -> bool {
        let len = u32::try_from(next.data.len()).unwrap_or(u32::MAX);
        let Some(left) = self.tailroom.checked_sub(len).filter(|_| !self.fin) else {
            return false;
        };
        self.tailroom = left;
        self.data.extend_from_slice(&next.data);
        self.psh |= next.psh;
        self.fin = next.fin;
        self.stamp = next.stamp;
        true
    }
}

/// The queue, from `copied_seq` on.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecvQueue {
    chunks: VecDeque<RecvChunk>,
    copied_seq: Seq,
    /// Sum of what the chunks are charged with.
    charged: u32,
}

impl RecvQueue {
    /// Starts over with nothing received before `seq`.
    pub(crate) fn init(&mut self, seq: Seq) {
        self.chunks.clear();
        self.charged = 0;
        self.copied_seq = seq;
    }

    /// Sequence number of the next byte to hand out (Linux: tp->copied_seq).
    pub(crate) const fn copied_seq(&self) -> Seq {
        self.copied_seq
    }

    /// The sequence number after everything here.
    pub(crate) fn end_seq(&self) -> Seq {
        self.chunks.back().map_or(self.copied_seq, RecvChunk::end_seq)
    }

    /// Appends; bytes that are here already are dropped from the front of `chunk`. True when the
    /// last chunk had room for it, which costs no memory.
    pub(crate) fn push(&mut self, mut chunk: RecvChunk) -> bool {
        chunk.trim_front(self.end_seq());
        debug_assert_eq!(chunk.seq, self.end_seq(), "a gap in the receive queue");
        if self.chunks.back_mut().is_some_and(|tail| tail.try_coalesce(&chunk)) {
            return true;
        }
        self.charged += chunk.truesize;
        self.chunks.push_back(chunk);
        false
    }

    /// Bytes that can be read.
    pub(crate) fn available(&self) -> u32 {
        let fin = self.chunks.back().is_some_and(|chunk| chunk.fin);
        self.end_seq() - self.copied_seq - u32::from(fin)
    }

    /// Nothing is queued, not even a FIN.
    pub(crate) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Memory charged for what is queued (Linux: its part of sk_rmem_alloc).
    pub(crate) fn truesize(&self) -> u32 {
        self.charged
    }

    fn sum(&self) -> u32 {
        self.chunks.iter().map(|chunk| chunk.truesize).sum()
    }

    /// What is at `seq`, which is not before COPIED_SEQ.
    pub(crate) fn locate(&self, seq: Seq) -> Located<'_> {
        for chunk in &self.chunks {
            let skip = usize::try_from(seq - chunk.seq).unwrap_or(usize::MAX);
            if let Some(bytes) = chunk.data.get(skip..).filter(|bytes| !bytes.is_empty()) {
                return Located::Data(bytes, chunk.fin, chunk.stamp);
            }
            if chunk.fin && skip == chunk.data.len() {
                return Located::Fin;
            }
        }
        Located::Nothing
    }

    /// Passes over up to `max` bytes (urgent data out of band, MSG_TRUNC); says how many.
    pub(crate) fn skip(&mut self, max: usize) -> usize {
        let len = max.min(usize::try_from(self.available()).unwrap_or(usize::MAX));
        self.advance(len);
        len
    }

    /// Everything before `seq` was read, the FIN if it is among it. A chunk is released with its
    /// last byte, or with the FIN behind that.
    pub(crate) fn advance_to(&mut self, seq: Seq) {
        self.copied_seq = seq;
        while self.chunks.front().is_some_and(|chunk| !chunk.end_seq().after(seq)) {
            let gone = self.chunks.pop_front();
            self.charged -= gone.map_or(0, |chunk| chunk.truesize);
        }
    }

    /// What is queued, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &RecvChunk> {
        self.chunks.iter()
    }

    /// Copies chunk `first` and those behind it into chunks of `max` bytes, up to one with a FIN;
    /// `alloc` says what such a chunk costs and leaves free. Bytes that were read are left out. Returns how many
    /// chunks are gone.
    ///
    /// Linux: the copying half of tcp_collapse (net/ipv4/tcp_input.c)
    pub(crate) fn collapse_from(
        &mut self,
        first: usize,
        max: usize,
        alloc: &dyn Fn(usize) -> (u32, u32),
    ) -> u32 {
        let mut rest = self.chunks.split_off(first.min(self.chunks.len()));
        let kept = rest.iter().position(|chunk| chunk.fin).unwrap_or(rest.len());
        let tail = rest.split_off(kept);
        let Some((psh, stamp)) = rest.front().map(|chunk| (chunk.psh, chunk.stamp)) else {
            self.chunks.extend(tail);
            return 0;
        };
        let gone = u32::try_from(rest.len()).unwrap_or(u32::MAX);
        let mut bytes = Vec::new();
        let mut seq = rest.front().map_or(self.copied_seq, |chunk| chunk.seq);
        for mut chunk in rest {
            chunk.trim_front(self.copied_seq);
            seq = if bytes.is_empty() { chunk.seq } else { seq };
            bytes.append(&mut chunk.data);
        }
        for data in bytes.chunks(max.max(1)) {
            let (truesize, tailroom) = alloc(data.len());
            self.chunks.push_back(RecvChunk {
                seq,
                data: data.to_vec(),
                psh,
                fin: false,
                truesize,
                tailroom,
                stamp,
            });
            seq = seq.plus_len(data.len());
        }
        self.chunks.extend(tail);
        self.charged = self.sum();
        gone
    }

    /// Drops everything.
    pub(crate) fn purge(&mut self) {
        self.copied_seq = self.end_seq();
        self.chunks.clear();
        self.charged = 0;
    }

    /// Chunks are contiguous, charged for, and the oldest is not read to its end.
    pub(crate) fn check(&self) -> bool {
        if self.charged != self.sum() {
            return false;
        }
        let mut at = match self.chunks.front() {
            Some(first) => first.seq,
            None => return true,
        };
        !self.copied_seq.before(at)
            && self.chunks.iter().all(|chunk| {
                let joined = chunk.seq == at;
                at = chunk.end_seq();
                joined && at.after(self.copied_seq)
            })
    }

    fn advance(&mut self, len: usize) {
        self.advance_to(self.copied_seq.plus_len(len));
    }
}

#[cfg(test)]
mod tests;
