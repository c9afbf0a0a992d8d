//! Packing what waits: chunks that touch or overlap are copied into whole pages, each byte once.
//!
//! Linux: tcp_collapse_ofo_queue, tcp_collapse (net/ipv4/tcp_input.c) · Differs: a range with a FIN stays as
//! it is; Linux packs it up to there.

use super::OfoQueue;
use crate::seq::Seq;
use crate::sock::recv_queue::RecvChunk;

/// How to pack.
pub(crate) struct Packing<'a> {
    /// A chunk takes more memory than its bytes are worth.
    pub(crate) is_bloated: &'a dyn Fn(&RecvChunk) -> bool,
    /// Bytes of a new chunk.
    pub(crate) max: u32,
    /// What such a chunk costs and leaves free, by its bytes.
    pub(crate) alloc: fn(usize) -> (u32, u32),
    /// Small chunks that touch nothing are left alone; so much memory in them, and nothing more is looked at.
    pub(crate) tiny_limit: u32,
}

/// Chunks `first..tail`, which reach from `start` to `end` without a gap.
#[derive(Clone, Copy)]
struct Range {
    first: usize,
    tail: usize,
    start: Seq,
    end: Seq,
}

impl OfoQueue {
    /// Packs the queue; returns how many chunks are gone.
    ///
    /// Linux: tcp_collapse_ofo_queue
    pub(crate) fn collapse(&mut self, packing: &Packing<'_>) -> u32 {
        let mut gone = 0;
        let mut sum_tiny = 0_u32;
        let mut at = 0;
        while let Some(range) = self.range_from(at) {
            at = range.tail;
            if range.tail - range.first > 1 || range.end - range.start >= packing.max {
                let (packed, next) = self.collapse_range(range, packing);
                gone += packed;
                at = next;
                continue;
            }
            let truesize = self.chunks.get(range.first).map_or(0, |chunk| chunk.truesize);
            sum_tiny = sum_tiny.saturating_add(truesize);
            if sum_tiny > packing.tiny_limit {
                break;
            }
        }
        self.charged = self.chunks.iter().map(|chunk| chunk.truesize).sum();
        gone
    }

    fn range_from(&self, first: usize) -> Option<Range> {
        let head = self.chunks.get(first)?;
        let mut range = Range { first, tail: first + 1, start: head.seq, end: head.end_seq() };
        while let Some(next) = self.chunks.get(range.tail).filter(|c| !c.seq.after(range.end)) {
            if next.end_seq().after(range.end) {
                range.end = next.end_seq();
            }
            range.tail += 1;
        }
        Some(range)
    }

    /// Packs one range from the first chunk on that wastes memory or overlaps the next; returns how many chunks
    /// are gone, and where the next range begins.
    ///
    /// Linux: tcp_collapse
    fn collapse_range(&mut self, range: Range, packing: &Packing<'_>) -> (u32, usize) {
        let chunks = self.chunks.get(range.first..range.tail).unwrap_or_default();
        if chunks.iter().any(|chunk| chunk.fin) {
            return (0, range.tail);
        }
        let overlaps = |index: usize, chunk: &RecvChunk| {
            chunks.get(index + 1).is_some_and(|next| next.seq != chunk.end_seq())
        };
        let worth = |(index, chunk): (usize, &RecvChunk)| {
            (packing.is_bloated)(chunk) || overlaps(index, chunk)
        };
        let Some(skipped) = chunks.iter().enumerate().position(worth) else {
            return (0, range.tail);
        };
        let from = range.first + skipped;
        let old: Vec<RecvChunk> = self.chunks.drain(from..range.tail).collect();
        let gone = u32::try_from(old.len()).unwrap_or(u32::MAX);
        let packed = pack(old, packing);
        let next = from + packed.len();
        self.chunks.splice(from..from, packed);
        (gone, next)
    }
}

/// The bytes of `old`, in new chunks.
fn pack(old: Vec<RecvChunk>, packing: &Packing<'_>) -> Vec<RecvChunk> {
    let max = usize::try_from(packing.max).unwrap_or(usize::MAX).max(1);
    let Some((mut seq, psh, stamp)) = old.first().map(|c| (c.seq, c.psh, c.stamp)) else {
        return old;
    };
    let mut bytes = Vec::new();
    for mut chunk in old {
        chunk.trim_front(seq.plus_len(bytes.len()));
        bytes.append(&mut chunk.data);
    }
    let chunk_of = |data: &[u8]| {
        let (truesize, tailroom) = (packing.alloc)(data.len());
        let data = data.to_vec();
        let chunk = RecvChunk { seq, data, psh, truesize, tailroom, stamp, ..RecvChunk::default() };
        seq = chunk.end_seq();
        chunk
    };
    bytes.chunks(max).map(chunk_of).collect()
}
