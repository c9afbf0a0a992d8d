//! Data that arrived ahead of RCV.NXT.
//!
//! RFC 9293 §3.10.7.4 step 7, RFC 2883 · Linux: out_of_order_queue, tcp_data_queue_ofo,
//! tcp_ofo_queue (net/ipv4/tcp_input.c). As in Linux, neighbours may overlap; the overlap is
//! reported as a duplicate when it happens and trimmed when the data becomes in-order.

mod collapse;

pub(crate) use collapse::Packing;

use crate::seq::Seq;
use crate::sock::recv_queue::RecvChunk;
use crate::wire::SackBlock;

/// A range that was received twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duplicate {
    /// Replaces a D-SACK that waits to be sent (Linux: tcp_dsack_set).
    Set(SackBlock),
    /// Joins a D-SACK that waits to be sent, if it touches it (Linux: tcp_dsack_extend).
    Extend(SackBlock),
}

/// What came of an insertion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Insertion {
    /// The chunk brought nothing new and was dropped.
    pub(crate) redundant: bool,
    /// The chunk before had room for it (TCPRcvCoalesce).
    pub(crate) coalesced: bool,
    /// How many chunks were dropped because another covers them (TCPOFOMerge).
    pub(crate) merged: u32,
    /// What D-SACK should report, in this order.
    pub(crate) duplicates: Vec<Duplicate>,
}

/// How a chunk lies to the one before it, which begins no later.
enum Place {
    Apart,
    /// It begins where the other ends.
    Behind,
    /// It has nothing the other has not.
    Inside,
    /// It begins within the other and ends after it.
    OverTheEnd,
    /// It begins with the other and ends after it.
    Covers,
}

impl Place {
    fn of(chunk: &RecvChunk, other: &RecvChunk) -> Self {
        let other_end = other.end_seq();
        if chunk.seq == other_end && !other.fin {
            Self::Behind
        } else if !chunk.seq.before(other_end) {
            Self::Apart
        } else if !chunk.end_seq().after(other_end) {
            Self::Inside
        } else if chunk.seq.after(other.seq) {
            Self::OverTheEnd
        } else {
            Self::Covers
        }
    }
}

/// The queue, sorted by first sequence number.
#[derive(Clone, Debug, Default)]
pub(crate) struct OfoQueue {
    chunks: Vec<RecvChunk>,
    /// Sum of what they are charged with.
    charged: u32,
}

impl OfoQueue {
    /// Inserts a chunk.
    ///
    /// Linux: the tree half of tcp_data_queue_ofo (net/ipv4/tcp_input.c)
    pub(crate) fn insert(&mut self, chunk: RecvChunk) -> Insertion {
        let mut outcome = Insertion::default();
        let end = chunk.end_seq();
        let next = self.chunks.partition_point(|other| !other.seq.after(chunk.seq));
        // Only a chunk that reaches no successor is appended, so that every overlap is seen.
        let reaches = self.chunks.get(next).is_some_and(|other| end.after(other.seq));
        let previous = next.checked_sub(1).and_then(|i| self.chunks.get_mut(i));
        let at = match previous.map(|other| (Place::of(&chunk, other), other)) {
            None | Some((Place::Apart, _)) => next,
            Some((Place::Inside, _)) => {
                let duplicates = vec![Duplicate::Set(SackBlock { start: chunk.seq, end })];
                return Insertion { redundant: true, merged: 1, duplicates, ..outcome };
            }
            Some((Place::Behind, other)) => {
                if !reaches && other.try_coalesce(&chunk) {
                    return Insertion { coalesced: true, ..outcome };
                }
                next
            }
            Some((Place::OverTheEnd, other)) => {
                let overlap = SackBlock { start: chunk.seq, end: other.end_seq() };
                outcome.duplicates.push(Duplicate::Set(overlap));
                next
            }
            Some((Place::Covers, _)) => next - 1,
        };
        self.merge_right(at, end, &mut outcome);
        self.charged += chunk.truesize;
        self.chunks.insert(at, chunk);
        outcome
    }

    /// Drops the chunks from `at` on that end at or before `end`.
    fn merge_right(&mut self, at: usize, end: Seq, outcome: &mut Insertion) {
        while let Some(next) = self.chunks.get(at).filter(|next| end.after(next.seq)) {
            let (start, next_end) = (next.seq, next.end_seq());
            let overlap = SackBlock { start, end: next_end.min(end) };
            outcome.duplicates.push(Duplicate::Extend(overlap));
            if end.before(next_end) {
                break;
            }
            let gone = self.chunks.remove(at);
            self.charged -= gone.truesize;
            outcome.merged += 1;
        }
    }

    /// Takes the first chunk if it begins at or before `rcv_nxt`; it may end there too.
    pub(crate) fn pop_ready(&mut self, rcv_nxt: Seq) -> Option<RecvChunk> {
        self.chunks.first().filter(|chunk| !chunk.seq.after(rcv_nxt))?;
        let ready = self.chunks.remove(0);
        self.charged -= ready.truesize;
        Some(ready)
    }

    /// Drops the chunk with the highest sequence number (Linux: tcp_prune_ofo_queue).
    pub(crate) fn pop_last(&mut self) -> Option<RecvChunk> {
        let last = self.chunks.pop()?;
        self.charged -= last.truesize;
        Some(last)
    }

    /// The chunk with the highest sequence number.
    pub(crate) fn last(&self) -> Option<&RecvChunk> {
        self.chunks.last()
    }

    /// Nothing is queued.
    pub(crate) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// One segment waits, and it has a FIN.
    pub(crate) fn is_lone_fin(&self) -> bool {
        matches!(self.chunks.as_slice(), [only] if only.fin)
    }

    /// Chunks, lowest sequence number first.
    pub(crate) fn chunks(&self) -> impl DoubleEndedIterator<Item = &RecvChunk> + '_ {
        self.chunks.iter()
    }

    /// Memory charged for what is queued (Linux: its part of sk_rmem_alloc).
    pub(crate) fn truesize(&self) -> u32 {
        self.charged
    }

    /// Drops everything (Linux: skb_rbtree_purge).
    pub(crate) fn purge(&mut self) {
        self.chunks.clear();
        self.charged = 0;
    }

    /// Chunks are charged for, sorted by both edges, and none is empty.
    pub(crate) fn check(&self) -> bool {
        let ordered = |pair: &[RecvChunk]| matches!(pair, [a, b] if a.seq.before(b.seq) && a.end_seq().before(b.end_seq()));
        let sum: u32 = self.chunks.iter().map(|chunk| chunk.truesize).sum();
        self.charged == sum
            && self.chunks.windows(2).all(ordered)
            && self.chunks.iter().all(|chunk| chunk.seq.before(chunk.end_seq()))
    }
}

#[cfg(test)]
mod tests;
