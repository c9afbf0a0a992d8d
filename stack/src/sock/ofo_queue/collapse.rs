//! Packing what waits: chunks that touch or overlap are copied into whole pages, each byte once.
//!
//! Linux: tcp_collapse_ofo_queue, tcp_collapse (net/ipv4/tcp_input.c)

use std::collections::VecDeque;

use super::OfoQueue;
use crate::seq::Seq;
use crate::sock::recv_queue::RecvChunk;
use crate::time::Instant;

/// How to pack.
pub(crate) struct Packing<'a> {
    /// A chunk takes more memory than its bytes are worth.
    pub(crate) is_bloated: &'a dyn Fn(&RecvChunk) -> bool,
    /// Bytes of a new chunk.
    pub(crate) max: u32,
    /// What such a chunk costs and leaves free, by its bytes.
    pub(crate) alloc: &'a dyn Fn(usize) -> (u32, u32),
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

    /// Packs one range; returns how many chunks are gone, and where the next range begins.
    fn collapse_range(&mut self, range: Range, packing: &Packing<'_>) -> (u32, usize) {
        let old = self.chunks.drain(range.first..range.tail).collect();
        let (chunks, gone) = tcp_collapse(old, (range.start, range.end), packing);
        let next = range.first + chunks.len();
        self.chunks.splice(range.first..range.first, chunks);
        (gone, next)
    }
}

/// Packs chunks that reach from `start` to `end`, from the first on that wastes memory or overlaps the next, and up
/// to one with a FIN. Returns what there is then, and how many chunks are gone.
///
/// Linux: tcp_collapse
fn tcp_collapse(
    old: VecDeque<RecvChunk>,
    (start, end): (Seq, Seq),
    packing: &Packing<'_>,
) -> (Vec<RecvChunk>, u32) {
    let mut rest = old;
    let (mut chunks, mut gone) = (Vec::new(), 0);
    let mut at = start;
    while let Some(chunk) = rest.front() {
        let overlaps = rest.get(1).is_some_and(|next| next.seq != chunk.end_seq());
        if overlaps || !chunk.fin && ((packing.is_bloated)(chunk) || chunk.seq.before(at)) {
            break;
        }
        at = chunk.end_seq();
        chunks.extend(rest.pop_front());
    }
    while rest.front().is_some_and(|chunk| !chunk.fin) && at.before(end) {
        let (page, copied) = fill(&mut rest, at, end, packing);
        at = page.end_seq();
        chunks.push(page);
        gone += copied;
    }
    if let Some(fin) = rest.front() {
        // Where it overlaps those before it, it has their last bytes as well.
        while chunks.last().is_some_and(|last| !last.seq.before(fin.seq)) {
            chunks.pop();
        }
    }
    chunks.extend(rest);
    (chunks, gone)
}

/// Makes one new chunk of what `rest` begins with, from `start` on. It is as large as all there is up to `end` asks
/// for, and less is in it if a FIN is in the way. Returns how many chunks are copied to their end, and gone.
fn fill(
    rest: &mut VecDeque<RecvChunk>,
    start: Seq,
    end: Seq,
    packing: &Packing<'_>,
) -> (RecvChunk, u32) {
    let size = usize::try_from((end - start).min(packing.max)).unwrap_or(usize::MAX);
    let (truesize, tailroom) = (packing.alloc)(size);
    let (psh, stamp) = rest.front().map_or((false, Instant::ZERO), |c| (c.psh, c.stamp));
    let mut page = RecvChunk { seq: start, psh, truesize, tailroom, stamp, ..RecvChunk::default() };
    let (mut left, mut gone) = (size, 0);
    while let Some(chunk) = rest.front_mut().filter(|chunk| left > 0 && !chunk.fin) {
        chunk.trim_front(page.end_seq());
        let len = left.min(chunk.data.len());
        page.data.extend(chunk.data.drain(..len));
        chunk.seq = chunk.seq.plus_len(len);
        left -= len;
        if chunk.data.is_empty() {
            rest.pop_front();
            gone += 1;
        }
    }
    page.tailroom = page.tailroom.saturating_add(u32::try_from(left).unwrap_or(u32::MAX));
    (page, gone)
}
