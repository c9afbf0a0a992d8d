//! Joining SACKed packets: a hole that closes leaves one packet where there were several, so that the
//! queue, and the memory charged for it, stay small however the blocks arrive.
//!
//! Linux: tcp_shift_skb_data, tcp_shifted_skb, skb_can_shift (net/ipv4/tcp_input.c)

use super::sack::{SackState, tcp_sacktag_one};
use crate::cx::Cx;
use crate::mib::Counter;
use crate::output::retransmit::fragment_rtx;
use crate::sock::Sock;
use crate::sock::chunk::Chunk;
use crate::wire::SackBlock;

/// Most segments one packet may count as (the width of tcp_gso_segs).
const MAX_GSO_SEGS: u32 = 65_535;
/// Bytes of the smallest segment (TCP_MIN_GSO_SIZE).
const TCP_MIN_GSO_SIZE: u32 = 8;

/// What became of a packet that a SACK block touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shift {
    /// It, or its first segments, are marked and part of the packet before it.
    Joined,
    /// The block covers no whole segment of it.
    Noop,
    /// It has to be marked where it is.
    Fallback,
}

/// Moves what `block` covers of packet `index` into the SACKed packet before it.
///
/// Linux: tcp_shift_skb_data
pub(super) fn tcp_shift_skb_data(
    sk: &mut Sock,
    index: usize,
    block: SackBlock,
    is_dsack: bool,
    state: &mut SackState,
    cx: &mut Cx,
) -> Shift {
    let (Some(before), Some(chunk)) = (index.checked_sub(1), sk.write_queue.rtx_get(index)) else {
        return Shift::Fallback;
    };
    // A retransmission on its way makes the mark more than "SACKed".
    let is_resent = chunk.marks.retrans && !chunk.marks.lost && !is_dsack;
    let Some(prev) = sk.write_queue.rtx_get(before) else { return Shift::Fallback };
    if is_resent || chunk.data.is_empty() || !is_only_sacked(prev) || !prev.can_collapse(chunk) {
        return Shift::Fallback;
    }
    let (mss, len) = match covered(chunk, block) {
        Covered::All => (chunk.seglen(), chunk.len()),
        Covered::Head { mss, len } => (mss, len),
        Covered::Tail => return Shift::Fallback,
        Covered::Nothing => return Shift::Noop,
    };
    if mss != prev.seglen() {
        return Shift::Fallback;
    }
    if len == 0 {
        return Shift::Noop;
    }
    if !(chunk.seq + len).after(sk.snd.una) || !has_room(prev, chunk) {
        return Shift::Fallback;
    }
    let is_part = len < chunk.len();
    if is_part && !fragment_rtx(sk, index, len) {
        return Shift::Fallback;
    }
    tcp_sacktag_one(sk, index, is_dsack, state, cx);
    sk.write_queue.shift_rtx(before, mss);
    if is_part {
        cx.mib.inc(Counter::TcpExtTCPSackShifted);
        return Shift::Joined;
    }
    cx.mib.inc(Counter::TcpExtTCPSackMerged);
    join_next(sk, before, mss, state, cx);
    Shift::Joined
}

/// A hole was filled: what lies SACKed behind it joins as well.
fn join_next(sk: &mut Sock, index: usize, mss: u32, state: &mut SackState, cx: &mut Cx) {
    let next = index + 1;
    let (Some(prev), Some(chunk)) = (sk.write_queue.rtx_get(index), sk.write_queue.rtx_get(next))
    else {
        return;
    };
    let fits = is_only_sacked(chunk) && chunk.seglen() == mss && !chunk.data.is_empty();
    if fits && prev.can_collapse(chunk) && has_room(prev, chunk) {
        tcp_sacktag_one(sk, next, false, state, cx);
        sk.write_queue.shift_rtx(index, mss);
        cx.mib.inc(Counter::TcpExtTCPSackMerged);
    }
}

/// Which part of a packet a block covers, in whole segments.
enum Covered {
    All,
    /// `len` bytes from its start, which may be none.
    Head {
        mss: u32,
        len: u32,
    },
    /// Its start is not covered, something behind it is.
    Tail,
    /// No whole segment.
    Nothing,
}

fn covered(chunk: &Chunk, block: SackBlock) -> Covered {
    let starts_in = !block.start.after(chunk.seq);
    if starts_in && !block.end.before(chunk.end_seq()) {
        return Covered::All;
    }
    if !chunk.end_seq().after(block.start) || chunk.pcount() <= 1 {
        return Covered::Nothing;
    }
    if !starts_in {
        return Covered::Tail;
    }
    let mss = chunk.gso_size.max(1);
    let len = block.end - chunk.seq;
    Covered::Head { mss, len: len / mss * mss }
}

/// SACKed, and neither lost nor sent again.
const fn is_only_sacked(chunk: &Chunk) -> bool {
    chunk.marks.sacked && !chunk.marks.lost && !chunk.marks.retrans
}

/// Linux: tcp_skb_shift — one packet can hold both.
fn has_room(prev: &Chunk, chunk: &Chunk) -> bool {
    prev.len() + chunk.len() < MAX_GSO_SEGS * TCP_MIN_GSO_SIZE
        && prev.pcount() + chunk.pcount() <= MAX_GSO_SEGS
}
