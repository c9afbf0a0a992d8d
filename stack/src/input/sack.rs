//! Selective acknowledgements received: which segments arrived, and which twice.
//!
//! RFC 2018, RFC 2883, RFC 6675 · Linux: tcp_sacktag_write_queue, tcp_sacktag_walk, tcp_sacktag_one,
//! tcp_check_dsack, tcp_is_sackblock_valid (net/ipv4/tcp_input.c)

use super::ack::SackFlags;
use super::rate::{RateSample, tcp_rate_skb_delivered};
use super::sack_shift::{Shift, tcp_shift_skb_data};
use crate::congestion::{CaState, tcp_rack_advance};
use crate::cx::Cx;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::output::retransmit::fragment_rtx;
use crate::seq::Seq;
use crate::sock::Sock;
use crate::sock::chunk::Marks;
use crate::sock::rate::TxRate;
use crate::time::Instant;
use crate::wire::{SackBlock, Segment};

/// What tagging found out (Linux: struct tcp_sacktag_state).
#[derive(Clone, Copy, Debug)]
pub(crate) struct SackState {
    /// Lowest sequence number that was SACKed out of order.
    reord: Seq,
    /// When the first and the last newly SACKed segment was sent.
    pub(crate) first_sackt: Option<Instant>,
    pub(crate) last_sackt: Option<Instant>,
    /// Segments newly delivered, by SACK or D-SACK.
    pub(crate) delivered: u32,
    /// What the blocks say of this ACK.
    flag: SackFlags,
    pub(crate) rate: RateSample,
    /// Bytes newly delivered; whole once the queue is cleaned.
    pub(super) delivered_bytes: u32,
}

impl SackState {
    /// Nothing seen.
    pub(crate) fn new(sk: &Sock) -> Self {
        Self {
            reord: sk.snd.nxt,
            first_sackt: None,
            last_sackt: None,
            delivered: 0,
            flag: SackFlags::default(),
            rate: RateSample::default(),
            delivered_bytes: 0,
        }
    }
}

/// The sequence number after the highest SACKed segment; SND.UNA when there is none.
///
/// Linux: tcp_highest_sack_seq (include/net/tcp.h)
pub(crate) fn tcp_highest_sack_seq(sk: &Sock) -> Seq {
    if sk.loss.sacked_out == 0 || !sk.rx_opt.sack_ok {
        return sk.snd.una;
    }
    let highest = sk.write_queue.rtx().rev().find(|chunk| chunk.marks.sacked);
    highest.map_or(sk.snd.una, crate::sock::chunk::Chunk::end_seq)
}

/// Marks what the SACK blocks of `seg` report, and says what that makes of the ACK.
///
/// Linux: tcp_sacktag_write_queue
pub(super) fn tcp_sacktag_write_queue(
    sk: &mut Sock,
    seg: &Segment,
    prior_snd_una: Seq,
    state: &mut SackState,
    cx: &mut Cx,
) -> SackFlags {
    state.reord = sk.snd.nxt;
    let blocks = seg.options.sack;
    let blocks = blocks.as_slice();
    let has_dsack = tcp_check_dsack(sk, seg.ack, blocks, prior_snd_una, state, cx);
    // An ACK from long ago would only confuse the scoreboard.
    if seg.ack.before(prior_snd_una - sk.snd.max_window) || sk.loss.packets_out == 0 {
        return state.flag;
    }
    let mut used = Vec::with_capacity(blocks.len());
    for (index, block) in blocks.iter().enumerate() {
        let is_dsack = has_dsack && index == 0;
        if !tcp_is_sackblock_valid(sk, is_dsack, *block) && !cx.mutant(Mutant::SackUnchecked) {
            count_invalid(sk, seg.ack, *block, is_dsack, cx);
        } else if block.end.after(prior_snd_una) {
            used.push((*block, is_dsack));
        }
    }
    // Blocks come newest first; in the order of the queue none of them looks like reordering to another.
    used.sort_by_key(|(block, _)| block.start - (prior_snd_una - sk.snd.max_window));
    for (block, is_dsack) in used {
        tcp_sacktag_walk(sk, block, is_dsack, state, cx);
    }
    if sk.loss.ca_state != CaState::Loss || sk.loss.undo_marker.is_some() {
        let fack = tcp_highest_sack_seq(sk);
        tcp_check_sack_reordering(sk, fack, state.reord, false, cx);
    }
    state.flag
}

/// A block that cannot be. One that is old because its ACK was overtaken counts for nothing.
fn count_invalid(sk: &Sock, ack: Seq, block: SackBlock, is_dsack: bool, cx: &mut Cx) {
    if is_dsack {
        cx.mib.inc(if sk.loss.undo_marker.is_some() {
            Counter::TcpExtTCPDSACKIgnoredOld
        } else {
            Counter::TcpExtTCPDSACKIgnoredNoUndo
        });
    } else if ack == sk.snd.una || block.end.after(sk.snd.una) {
        cx.mib.inc(Counter::TcpExtTCPSACKDiscard);
    }
}

/// Whether the first block reports a duplicate.
///
/// RFC 2883 §4, `[RFC2883:5#2]` · Linux: tcp_check_dsack, tcp_dsack_seen
fn tcp_check_dsack(
    sk: &mut Sock,
    ack: Seq,
    blocks: &[SackBlock],
    prior_snd_una: Seq,
    state: &mut SackState,
    cx: &mut Cx,
) -> bool {
    let Some(first) = blocks.first() else { return false };
    let old = first.start.before(ack) && !cx.mutant(Mutant::DsackUnseen);
    let inside = blocks
        .get(1)
        .is_some_and(|next| !first.end.after(next.end) && !first.start.before(next.start));
    if old {
        cx.mib.inc(Counter::TcpExtTCPDSACKRecv);
    } else if inside {
        cx.mib.inc(Counter::TcpExtTCPDSACKOfoRecv);
    } else {
        return false;
    }
    let dup_segs = tcp_dsack_seen(sk, *first, state);
    if dup_segs == 0 {
        cx.mib.inc(Counter::TcpExtTCPDSACKIgnoredDubious);
        return false;
    }
    cx.mib.add(Counter::TcpExtTCPDSACKRecvSegs, u64::from(dup_segs));
    // A duplicate of data already forgotten was a needless retransmission.
    let in_episode = sk.loss.undo_marker.is_some_and(|marker| first.end.after(marker));
    if in_episode && sk.loss.undo_retrans > 0 && !first.end.after(prior_snd_una) {
        sk.loss.undo_retrans = (sk.loss.undo_retrans - dup_segs.cast_signed()).max(0);
    }
    true
}

/// Linux: tcp_dsack_seen
fn tcp_dsack_seen(sk: &mut Sock, block: SackBlock, state: &mut SackState) -> u32 {
    if !block.start.before(block.end) {
        return 0;
    }
    let len = block.end - block.start;
    if len > sk.snd.max_window {
        return 0;
    }
    let mut dup_segs = 1;
    if len > sk.mss_cache {
        dup_segs = len.div_ceil(sk.mss_cache.max(1));
    } else if sk.loss.tlp_high_seq == Some(block.end) {
        state.flag.dsack_tlp = true;
    }
    sk.total.dsack_dups = sk.total.dsack_dups.wrapping_add(dup_segs);
    // More duplicates than retransmissions: somebody else duplicates.
    if sk.total.dsack_dups > sk.loss.total_retrans {
        return 0;
    }
    sk.rx_opt.dsack_seen = true;
    if sk.total.reord_seen != 0 && !state.flag.dsack_tlp {
        sk.loss.rack.dsack_seen = true;
    }
    state.flag.dsacking = true;
    state.delivered += dup_segs;
    dup_segs
}

/// Whether a block can be about this connection's data.
///
/// Linux: tcp_is_sackblock_valid
fn tcp_is_sackblock_valid(sk: &Sock, is_dsack: bool, block: SackBlock) -> bool {
    if block.end.after(sk.snd.nxt) || !block.start.before(block.end) {
        return false;
    }
    if !block.start.before(sk.snd.nxt) {
        return false;
    }
    if block.start.after(sk.snd.una) {
        return true;
    }
    let Some(marker) = sk.loss.undo_marker.filter(|_| is_dsack) else { return false };
    if block.end.after(sk.snd.una) {
        return false;
    }
    !block.start.before(marker)
        || (block.end.after(marker) && !block.start.before(block.end - sk.snd.max_window))
}

/// Marks every segment that lies in `block`: what follows a SACKed packet joins it, other packets of
/// several segments are cut at the edges. What an earlier block reported is not looked at again
/// (Linux: recv_sack_cache), unless it is reported as a duplicate.
///
/// Linux: tcp_sacktag_walk
fn tcp_sacktag_walk(
    sk: &mut Sock,
    block: SackBlock,
    is_dsack: bool,
    state: &mut SackState,
    cx: &mut Cx,
) {
    let mut index = 0;
    while let Some(chunk) = sk.write_queue.rtx_get(index) {
        if !chunk.seq.before(block.end) {
            break;
        }
        let is_known = chunk.marks.sacked && !is_dsack;
        let is_touched = chunk.end_seq().after(block.start) && !is_known;
        if is_touched && tag_chunk(sk, index, block, is_dsack, state, cx) {
            continue;
        }
        index += 1;
    }
}

/// Marks what `block` covers of packet `index`; true when that joined the packet before, so that
/// another one is at `index` now.
fn tag_chunk(
    sk: &mut Sock,
    index: usize,
    block: SackBlock,
    is_dsack: bool,
    state: &mut SackState,
    cx: &mut Cx,
) -> bool {
    match tcp_shift_skb_data(sk, index, block, is_dsack, state, cx) {
        Shift::Joined => return true,
        Shift::Noop => return false,
        Shift::Fallback => cx.mib.inc(Counter::TcpExtTCPSackShiftFallback),
    }
    if tcp_match_skb_to_sack(sk, index, block) {
        tcp_sacktag_one(sk, index, is_dsack, state, cx);
    }
    false
}

/// Whether the block covers the packet at `index`, which may be cut to make it so.
///
/// Linux: tcp_match_skb_to_sack
fn tcp_match_skb_to_sack(sk: &mut Sock, index: usize, block: SackBlock) -> bool {
    let Some(chunk) = sk.write_queue.rtx_get(index) else { return false };
    let starts_in = !block.start.after(chunk.seq);
    if starts_in && !block.end.before(chunk.end_seq()) {
        return true;
    }
    if chunk.pcount() <= 1 {
        return false;
    }
    let mss = chunk.gso_size.max(1);
    let mut len = if starts_in { block.end - chunk.seq } else { block.start - chunk.seq };
    if len < mss {
        if starts_in {
            return false;
        }
        len = mss;
    }
    // Only whole segments count as SACKed.
    let whole = len / mss * mss;
    len = if !starts_in && whole < len { whole + mss } else { whole };
    if len >= chunk.len() {
        return starts_in && !block.end.before(chunk.end_seq());
    }
    fragment_rtx(sk, index, len) && starts_in
}

/// Marks one packet.
///
/// Linux: tcp_sacktag_one
pub(super) fn tcp_sacktag_one(
    sk: &mut Sock,
    index: usize,
    is_dsack: bool,
    state: &mut SackState,
    cx: &mut Cx,
) {
    let fack = tcp_highest_sack_seq(sk);
    let Some(chunk) = sk.write_queue.rtx_get(index) else { return };
    let (seq, end_seq, sent_at) = (chunk.seq, chunk.end_seq(), chunk.sent_at);
    let (pcount, len) = (chunk.pcount(), chunk.len());
    let mut marks = chunk.marks;
    if is_dsack && marks.is_retransmitted() {
        let in_episode = sk.loss.undo_marker.is_some_and(|marker| end_seq.after(marker));
        if in_episode && sk.loss.undo_retrans > 0 {
            sk.loss.undo_retrans = (sk.loss.undo_retrans - pcount.cast_signed()).max(0);
        }
        if marks.sacked && seq.before(state.reord) {
            state.reord = seq;
        }
    }
    if !end_seq.after(sk.snd.una) {
        return;
    }
    if !marks.sacked {
        tcp_rack_advance(sk, marks, end_seq, sent_at, cx);
        if marks.retrans && marks.lost {
            // A retransmission not believed lost may still be on its way and stays counted.
            marks.retrans = false;
            sk.loss.retrans_out = sk.loss.retrans_out.saturating_sub(pcount);
            marks.lost = false;
            sk.loss.lost_out = sk.loss.lost_out.saturating_sub(pcount);
        } else if !marks.retrans {
            newly_sacked(sk, (seq, end_seq, sent_at), marks, fack, state);
            if std::mem::take(&mut marks.lost) {
                sk.loss.lost_out = sk.loss.lost_out.saturating_sub(pcount);
            }
        }
        marks.sacked = true;
        state.flag.data_sacked = true;
        sk.loss.sacked_out += pcount;
        state.delivered += pcount;
        state.delivered_bytes += len;
    }
    if is_dsack && marks.retrans {
        marks.retrans = false;
        sk.loss.retrans_out = sk.loss.retrans_out.saturating_sub(pcount);
    }
    let Some(chunk) = sk.write_queue.rtx_get_mut(index) else { return };
    chunk.marks = marks;
    let tx_rate = chunk.tx_rate;
    if marks.sacked {
        // Its acknowledgement later is no news.
        chunk.tx_rate = TxRate::default();
    }
    tcp_rate_skb_delivered(sk, tx_rate, (sent_at, end_seq), &mut state.rate);
}

/// A segment without a retransmission in flight was SACKed: a hole closed, or a measurement.
fn newly_sacked(
    sk: &Sock,
    (seq, end_seq, sent_at): (Seq, Seq, Instant),
    marks: Marks,
    fack: Seq,
    state: &mut SackState,
) {
    if marks.ever_retrans {
        return;
    }
    if seq.before(fack) && seq.before(state.reord) {
        state.reord = seq;
    }
    if !end_seq.after(sk.loss.high_seq) {
        state.flag.orig_sack_acked = true;
    }
    state.first_sackt = state.first_sackt.or(Some(sent_at));
    state.last_sackt = Some(sent_at);
}

/// Something below the highest SACK arrived without retransmission: the network reorders.
///
/// Linux: tcp_check_sack_reordering
pub(crate) fn tcp_check_sack_reordering(
    sk: &mut Sock,
    fack: Seq,
    low_seq: Seq,
    by_timestamp: bool,
    cx: &mut Cx,
) {
    if !low_seq.before(fack) || cx.mutant(Mutant::ReorderingUnnoticed) {
        return;
    }
    let metric = fack - low_seq;
    let mss = sk.mss_cache.max(1);
    if metric > sk.loss.reordering.saturating_mul(mss) {
        let max = cx.sysctl.tcp_max_reordering.unsigned_abs();
        sk.loss.reordering = metric.div_ceil(mss).min(max);
        sk.loss.fack_disabled = true;
    }
    sk.total.reord_seen += 1;
    cx.mib.inc(if by_timestamp {
        Counter::TcpExtTCPTSReorder
    } else {
        Counter::TcpExtTCPSACKReorder
    });
}

/// A partial ACK showed that the original of `low_seq` was only late.
pub(crate) fn sack_reordering(sk: &mut Sock, low_seq: Seq, cx: &mut Cx) {
    let fack = tcp_highest_sack_seq(sk);
    tcp_check_sack_reordering(sk, fack, low_seq, true, cx);
}
