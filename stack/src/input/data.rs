//! Step 7: the text of a segment goes to the receive queue, or waits for what is missing.
//!
//! RFC 9293 §3.10.7.4 seventh, RFC 2018, RFC 2883 · Linux: tcp_data_queue, tcp_data_queue_ofo,
//! tcp_ofo_queue, tcp_event_data_recv, tcp_dsack_set (net/ipv4/tcp_input.c)

use super::ecn::tcp_data_ecn_check;
use super::fin::tcp_fin;
use super::predict::tcp_fast_path_check;
use super::prune::{tcp_prune_ofo_queue, tcp_prune_queue};
use super::rcv_window::{tcp_grow_window, tcp_measure_rcv_mss, tcp_rcvbuf_grow};
use super::rtt::tcp_rcv_rtt_measure;
use super::skb::{skb_tailroom, skb_truesize};
use super::{Disposition, DropReason, tcp_segs_in};
use crate::accecn::tcp_rcv_spurious_retrans;
use crate::api::readiness::tcp_data_ready;
use crate::cx::Cx;
use crate::effect::Wake;
use crate::memory::sk_rmem_schedule;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::output::ack::{TCP_MAX_QUICKACKS, tcp_enter_quickack_mode, tcp_incr_quickack};
use crate::output::window::{rmem_alloc, tcp_receive_window};
use crate::seq::Seq;
use crate::sock::Sock;
use crate::sock::control_block::TCP_ATO_MIN_MS;
use crate::sock::ofo_queue::Duplicate;
use crate::sock::recv_queue::RecvChunk;
use crate::timer::tcp_ato_max;
use crate::wire::{SackBlock, Segment};

/// Segments below this many bytes never open the window.
const GROW_WINDOW_MIN: u32 = 128;

/// Queues the text of `seg`, acknowledges duplicates, drops what the window has no room for.
///
/// Linux: tcp_data_queue
pub(super) fn tcp_data_queue(sk: &mut Sock, seg: &Segment, cx: &mut Cx) -> Disposition {
    if seg.seq == seg.end_seq() {
        return Disposition::Consumed;
    }
    // A duplicate that was not reported yet is old news now.
    sk.rx_opt.duplicate_sack = None;
    let window = tcp_receive_window(sk);
    let end_seq = seg.end_seq();
    if seg.seq == sk.rcv.nxt {
        let bare_fin = seg.payload.is_empty() && seg.flags.fin();
        if window == 0 && !(bare_fin && cx.kernel.bare_fin_taken) {
            cx.mib.inc(Counter::TcpExtTCPZeroWindowDrop);
            return out_of_window(sk, DropReason::TcpZerowindow, cx);
        }
        return queue_and_out(sk, seg, cx);
    }
    if !end_seq.after(sk.rcv.nxt) {
        // [RFC9293:MUST-58] A retransmission: the ACK was lost, send it again at once.
        cx.mib.inc(Counter::TcpExtDelayedACKLost);
        tcp_rcv_spurious_retrans(sk, seg);
        tcp_dsack_set(sk, seg.seq, end_seq, cx);
        out_of_window(sk, DropReason::TcpOldData, cx);
        return Disposition::Dropped(DropReason::TcpOldData);
    }
    if !seg.seq.before(sk.rcv.nxt + window) {
        return out_of_window(sk, DropReason::TcpOverwindow, cx);
    }
    if seg.seq.before(sk.rcv.nxt) {
        // Part of it is new.
        if !cx.mutant(Mutant::NoDsackOfOverlap) {
            tcp_dsack_set(sk, seg.seq, sk.rcv.nxt, cx);
        }
        if window == 0 {
            cx.mib.inc(Counter::TcpExtTCPZeroWindowDrop);
            return out_of_window(sk, DropReason::TcpZerowindow, cx);
        }
        return queue_and_out(sk, seg, cx);
    }
    tcp_data_queue_ofo(sk, seg, cx)
}

/// Linux: the label out_of_window of tcp_data_queue
fn out_of_window(sk: &mut Sock, reason: DropReason, cx: &Cx) -> Disposition {
    tcp_enter_quickack_mode(sk, TCP_MAX_QUICKACKS, cx);
    sk.ack.sched = true;
    if cx.mutant(Mutant::DuplicateMute) {
        sk.ack.sched = false;
    }
    Disposition::Dropped(reason)
}

/// In order: to the receive queue, with everything that has been waiting for it.
///
/// Linux: the label queue_and_out of tcp_data_queue
fn queue_and_out(sk: &mut Sock, seg: &Segment, cx: &mut Cx) -> Disposition {
    let truesize = truesize_of(sk, seg, cx);
    if !may_queue(sk, seg, truesize, cx) {
        cx.mib.inc(Counter::TcpExtTCPRcvQDrop);
        return Disposition::Dropped(DropReason::ProtoMem);
    }
    let fin = seg.flags.fin();
    tcp_queue_rcv(sk, chunk_of(sk, seg, cx), cx);
    if !seg.payload.is_empty() {
        tcp_event_data_recv(sk, seg, truesize, cx);
    }
    if fin {
        tcp_fin(sk, cx);
    }
    if !sk.ofo_queue.is_empty() {
        tcp_ofo_queue(sk, cx);
        // [RFC5681:3.2#2] Filling all of the gap is worth an immediate ACK.
        if sk.ofo_queue.is_empty() && !cx.mutant(Mutant::FilledHoleWaits) {
            sk.ack.now = true;
        }
    }
    sk.selective_acks.remove_before(sk.rcv.nxt);
    if sk.ofo_queue.is_empty() {
        sk.selective_acks.clear();
    }
    tcp_fast_path_check(sk);
    data_ready(sk, cx);
    Disposition::Queued
}

/// Tells who reads.
pub(super) fn data_ready(sk: &mut Sock, cx: &mut Cx) {
    if !sk.dead && !cx.mutant(Mutant::NotReadable) {
        tcp_data_ready(sk, cx);
    }
}

/// Whether what is in order is taken. Who has nothing to read gets something without memory, and a FIN on
/// its own costs nothing that is worth keeping a connection open for; but then the window closes.
///
/// Linux: the memory part of queue_and_out
fn may_queue(sk: &mut Sock, seg: &Segment, truesize: u32, cx: &mut Cx) -> bool {
    let closes_window = cx.kernel.nomem_closes_window;
    let has_nothing = sk.recv_queue.is_empty();
    if !closes_window && has_nothing || tcp_try_rmem_schedule(sk, seg.seq, truesize, cx) {
        return true;
    }
    cx.wake(sk.id, Wake::Readable);
    sk.ack.nomem |= closes_window;
    sk.ack.now |= closes_window;
    sk.ack.sched |= closes_window;
    closes_window && (has_nothing || seg.payload.is_empty())
}

/// Takes text and FIN of a SYN, or of a SYN-ACK, which are behind its sequence number.
///
/// RFC 7413 §4.2 · Linux: tcp_fastopen_add_skb (net/ipv4/tcp_fastopen.c)
pub(crate) fn tcp_fastopen_add_skb(sk: &mut Sock, seg: &Segment, cx: &mut Cx) {
    if seg.end_seq() == sk.rcv.nxt {
        return;
    }
    sk.total.segs_in = 0;
    tcp_segs_in(sk, seg);
    let bytes_received = u64::try_from(seg.payload.len()).unwrap_or(0);
    tcp_queue_rcv(sk, chunk_of(sk, seg, cx), cx);
    sk.total.bytes_received = bytes_received;
    sk.fastopen.syn_data_acked = true;
    if seg.flags.fin() {
        tcp_fin(sk, cx);
    }
}

/// Out of order: kept for later, and reported.
///
/// Linux: tcp_data_queue_ofo
fn tcp_data_queue_ofo(sk: &mut Sock, seg: &Segment, cx: &mut Cx) -> Disposition {
    tcp_data_ecn_check(sk, seg, cx);
    let truesize = truesize_of(sk, seg, cx);
    if !tcp_try_rmem_schedule(sk, seg.seq, truesize, cx) || cx.mutant(Mutant::OutOfOrderDropped) {
        cx.mib.inc(Counter::TcpExtTCPOFODrop);
        cx.wake(sk.id, Wake::Readable);
        return Disposition::Dropped(DropReason::TcpOfoDrop);
    }
    tcp_measure_rcv_mss(sk, seg, truesize, cx);
    sk.rcv.pred_flags = 0;
    sk.ack.sched = true;
    sk.total.rcv_ooopack += 1;
    cx.mib.inc(Counter::TcpExtTCPOFOQueue);
    let (seq, end_seq) = (seg.seq, seg.end_seq());
    let outcome = sk.ofo_queue.insert(chunk_of(sk, seg, cx));
    cx.mib.add(Counter::TcpExtTCPOFOMerge, u64::from(outcome.merged));
    cx.mib.add(Counter::TcpExtTCPRcvCoalesce, u64::from(outcome.coalesced));
    for duplicate in outcome.duplicates {
        match duplicate {
            Duplicate::Set(block) => tcp_dsack_set(sk, block.start, block.end, cx),
            Duplicate::Extend(block) => tcp_dsack_extend(sk, block, cx),
        }
    }
    if sk.rx_opt.sack_ok && !cx.mutant(Mutant::NoSack) {
        sk.selective_acks.add(seq, end_seq);
    }
    // Without SACK every answer has to be a duplicate ACK, down to its window.
    if sk.rx_opt.sack_ok && !outcome.redundant {
        let len = u32::try_from(seg.payload.len()).unwrap_or(u32::MAX);
        tcp_grow_window(sk, len, truesize, outcome.coalesced, cx);
    }
    if cx.kernel.ofo_grows_rcvbuf && !sk.dead && sk.parent.is_none() {
        // What waits for a hole takes room from what could be read.
        tcp_rcvbuf_grow(sk, sk.rtt.rcvq_space, cx);
    }
    if outcome.redundant {
        return Disposition::Dropped(DropReason::TcpOfomerge);
    }
    Disposition::Queued
}

/// Moves what has become in order to the receive queue.
///
/// Linux: tcp_ofo_queue
fn tcp_ofo_queue(sk: &mut Sock, cx: &mut Cx) {
    let mut dsack_high = sk.rcv.nxt;
    while let Some(chunk) = sk.ofo_queue.pop_ready(sk.rcv.nxt) {
        let (seq, end_seq, fin) = (chunk.seq, chunk.end_seq(), chunk.fin);
        if seq.before(dsack_high) {
            let dsack = dsack_high;
            if dsack_high.before(end_seq) {
                dsack_high = end_seq;
            }
            tcp_dsack_extend(sk, SackBlock { start: seq, end: dsack.min(end_seq) }, cx);
        }
        if !end_seq.after(sk.rcv.nxt) {
            continue;
        }
        tcp_queue_rcv(sk, chunk, cx);
        if fin {
            tcp_fin(sk, cx);
            // A FIN ends the stream: whatever else waits lies beyond it.
            break;
        }
    }
}

/// Appends to the receive queue; RCV.NXT moves.
///
/// Linux: tcp_queue_rcv, tcp_rcv_nxt_update
pub(super) fn tcp_queue_rcv(sk: &mut Sock, mut chunk: RecvChunk, cx: &mut Cx) {
    chunk.trim_front(sk.rcv.nxt);
    if cx.mutant(Mutant::OverlapTwice) && chunk.end_seq() - sk.rcv.nxt > 900 {
        sk.rcv.nxt += 1;
    }
    let end_seq = chunk.end_seq();
    let bytes = end_seq - sk.rcv.nxt;
    sk.total.bytes_received += u64::from(bytes);
    sk.rcv.nxt = end_seq;
    if sk.recv_queue.push(chunk) {
        cx.mib.inc(Counter::TcpExtTCPRcvCoalesce);
    }
}

pub(super) fn chunk_of(sk: &Sock, seg: &Segment, cx: &Cx) -> RecvChunk {
    let packet_len = packet_len(sk, seg);
    RecvChunk {
        seq: seg.seq + u32::from(seg.flags.syn()),
        data: seg.payload.clone(),
        psh: seg.flags.psh(),
        fin: seg.flags.fin(),
        truesize: skb_truesize(packet_len, cx),
        tailroom: skb_tailroom(packet_len, cx),
        stamp: cx.now,
    }
}

pub(super) fn truesize_of(sk: &Sock, seg: &Segment, cx: &Cx) -> u32 {
    skb_truesize(packet_len(sk, seg), cx)
}

/// Bytes of the packet that brought `seg`, headers included.
fn packet_len(sk: &Sock, seg: &Segment) -> u32 {
    let header = crate::net::header_len(sk.wire_is_v6()) + 20;
    let options = u32::try_from(seg.option_bytes.padded_len()).unwrap_or(0);
    let payload = u32::try_from(seg.payload.len()).unwrap_or(u32::MAX >> 1);
    payload + header + options
}

/// Whether the buffer, and the host, take a segment that begins at `seq` and costs `size` bytes.
///
/// Linux: tcp_try_rmem_schedule, tcp_can_ingest
fn tcp_try_rmem_schedule(sk: &mut Sock, seq: Seq, size: u32, cx: &mut Cx) -> bool {
    if cx.mutant(Mutant::BufferUnbounded) {
        return true;
    }
    let fits = rmem_alloc(sk) <= sk.opts.rcvbuf && sk_rmem_schedule(sk, size, cx);
    if !fits && !tcp_prune_queue(sk, seq, cx) {
        return false;
    }
    while !sk_rmem_schedule(sk, size, cx) {
        if !tcp_prune_ofo_queue(sk, seq, cx) {
            return false;
        }
    }
    true
}

/// Bytes are received that no segment brought (TCP_REPAIR); how many there was room for.
///
/// Linux: tcp_send_rcvq
pub(crate) fn tcp_send_rcvq(sk: &mut Sock, data: &[u8], cx: &mut Cx) -> usize {
    let truesize = skb_truesize(u32::try_from(data.len()).unwrap_or(u32::MAX >> 1), cx);
    let seq = sk.rcv.nxt;
    if data.is_empty() || !tcp_try_rmem_schedule(sk, seq, truesize, cx) {
        return 0;
    }
    let (psh, fin, tailroom, stamp) = (false, false, 0, cx.now);
    let chunk = RecvChunk { seq, data: data.to_vec(), psh, fin, truesize, tailroom, stamp };
    tcp_queue_rcv(sk, chunk, cx);
    data.len()
}

/// Data arrived: predicts when the next comes, which is how long an ACK may wait.
///
/// RFC 9293 §3.8.6.3 · Linux: tcp_event_data_recv
pub(super) fn tcp_event_data_recv(sk: &mut Sock, seg: &Segment, truesize: u32, cx: &Cx) {
    sk.ack.sched = true;
    tcp_measure_rcv_mss(sk, seg, truesize, cx);
    tcp_rcv_rtt_measure(sk, cx);
    let ato_min = cx.hz.msecs_to_jiffies(TCP_ATO_MIN_MS);
    let ato_max = tcp_ato_max(cx);
    if sk.ack.ato == 0 {
        // Bulk transfers begin in slow start, which lives from ACKs.
        if !cx.mutant(Mutant::NoQuickackAtStart) {
            tcp_incr_quickack(sk, TCP_MAX_QUICKACKS);
        }
        sk.ack.ato = ato_min;
    } else {
        let gap = cx.ticks_since(sk.ack.lrcvtime);
        if gap <= ato_min / 2 {
            sk.ack.ato = (sk.ack.ato >> 1) + ato_min / 2;
        } else if gap < sk.ack.ato {
            sk.ack.ato = ((sk.ack.ato >> 1) + gap).min(sk.loss.rto).min(ato_max);
        } else if gap > sk.loss.rto && !cx.mutant(Mutant::NoQuickackAfterPause) {
            // The peer paused for so long that it restarts slowly.
            tcp_incr_quickack(sk, TCP_MAX_QUICKACKS);
        }
    }
    sk.ack.lrcvtime = cx.now;
    tcp_data_ecn_check(sk, seg, cx);
    let len = u32::try_from(seg.payload.len()).unwrap_or(u32::MAX);
    if len >= GROW_WINDOW_MIN {
        tcp_grow_window(sk, len, truesize, true, cx);
    }
}

/// The next ACK reports `start..end` as received twice.
///
/// RFC 2883 §4 · Linux: tcp_dsack_set
fn tcp_dsack_set(sk: &mut Sock, start: Seq, end: Seq, cx: &mut Cx) {
    if !sk.rx_opt.sack_ok || cx.sysctl.tcp_dsack == 0 || cx.mutant(Mutant::NoDsack) {
        return;
    }
    cx.mib.inc(if start.before(sk.rcv.nxt) {
        Counter::TcpExtTCPDSACKOldSent
    } else {
        Counter::TcpExtTCPDSACKOfoSent
    });
    sk.rx_opt.duplicate_sack = Some((start, end));
}

/// Linux: tcp_dsack_extend
fn tcp_dsack_extend(sk: &mut Sock, block: SackBlock, cx: &mut Cx) {
    match &mut sk.rx_opt.duplicate_sack {
        None => tcp_dsack_set(sk, block.start, block.end, cx),
        Some((start, end)) => {
            if !block.start.after(*end) && !start.after(block.end) {
                *start = start.min(block.start);
                *end = end.max(block.end);
            }
        }
    }
}

/// A segment that brings nothing new: acknowledge at once, and say what was duplicate.
///
/// Linux: tcp_send_dupack
pub(super) fn tcp_send_dupack(sk: &mut Sock, seg: &Segment, cx: &mut Cx) {
    let end_seq = seg.end_seq();
    if end_seq != seg.seq && seg.seq.before(sk.rcv.nxt) && !cx.mutant(Mutant::LostAckUnnoticed) {
        cx.mib.inc(Counter::TcpExtDelayedACKLost);
        tcp_enter_quickack_mode(sk, TCP_MAX_QUICKACKS, cx);
        if sk.rx_opt.sack_ok {
            tcp_rcv_spurious_retrans(sk, seg);
            tcp_dsack_set(sk, seg.seq, end_seq.min(sk.rcv.nxt), cx);
        }
    }
    crate::output::ack::tcp_send_ack(sk, cx);
}
