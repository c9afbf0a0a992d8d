//! Too much received data for the buffer: what is packed closer, and what is thrown away.
//!
//! RFC 2018 §8 lets a receiver renege; only out-of-order data is. Linux: tcp_prune_queue,
//! tcp_prune_ofo_queue, tcp_clamp_window, tcp_collapse, tcp_collapse_ofo_queue (net/ipv4/tcp_input.c)

use super::skb::{PAGE_PAYLOAD, alloc_skb};
use crate::cx::Cx;
use crate::memory::{is_plenty, tcp_adjust_rcv_ssthresh, tcp_under_memory_pressure};
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::output::window::{rmem_alloc, tcp_win_from_space};
use crate::seq::Seq;
use crate::sock::Sock;
use crate::sock::ofo_queue::Packing;
use crate::sock::recv_queue::RecvChunk;

/// Makes room for a segment that begins at `seq`; false when there is none.
///
/// Linux: tcp_prune_queue
pub(super) fn tcp_prune_queue(sk: &mut Sock, seq: Seq, cx: &mut Cx) -> bool {
    cx.mib.inc(Counter::TcpExtPruneCalled);
    if rmem_alloc(sk) >= sk.opts.rcvbuf {
        tcp_clamp_window(sk, cx);
    } else if tcp_under_memory_pressure(cx) {
        tcp_adjust_rcv_ssthresh(sk);
    }
    if rmem_alloc(sk) <= sk.opts.rcvbuf {
        return true;
    }
    tcp_collapse_ofo_queue(sk, cx);
    tcp_collapse(sk, cx);
    if rmem_alloc(sk) <= sk.opts.rcvbuf {
        return true;
    }
    tcp_prune_ofo_queue(sk, seq, cx);
    if rmem_alloc(sk) <= sk.opts.rcvbuf {
        return true;
    }
    cx.mib.inc(Counter::TcpExtRcvPruned);
    sk.rcv.pred_flags = 0;
    false
}

/// The buffer grows to what is in it if nobody forbids that; else the window shrinks.
///
/// Linux: tcp_clamp_window
fn tcp_clamp_window(sk: &mut Sock, cx: &Cx) {
    sk.ack.quick = 0;
    let most = u32::try_from(cx.sysctl.tcp_rmem.max).unwrap_or(u32::MAX);
    if sk.opts.rcvbuf < most && !sk.opts.locks.rcvbuf && is_plenty(cx) {
        sk.opts.rcvbuf = rmem_alloc(sk).min(most);
    }
    if rmem_alloc(sk) > sk.opts.rcvbuf {
        sk.rcv.rcv_ssthresh = sk.rcv.window_clamp.min(2 * sk.advmss);
    }
}

/// Packs what is out of order into whole pages, range by range.
///
/// Linux: tcp_collapse_ofo_queue
fn tcp_collapse_ofo_queue(sk: &mut Sock, cx: &mut Cx) {
    let mut queue = std::mem::take(&mut sk.ofo_queue);
    let is_bloated = |chunk: &RecvChunk| {
        let len = u32::try_from(chunk.data.len()).unwrap_or(u32::MAX);
        tcp_win_from_space(sk, chunk.truesize) > len
    };
    let max = u32::try_from(PAGE_PAYLOAD).unwrap_or(u32::MAX);
    let tiny_limit = sk.opts.rcvbuf >> 3;
    let alloc = &|len| alloc_skb(len, cx);
    let collapsed = queue.collapse(&Packing { is_bloated: &is_bloated, max, alloc, tiny_limit });
    sk.ofo_queue = queue;
    cx.mib.add(Counter::TcpExtTCPRcvCollapsed, u64::from(collapsed));
}

/// Packs the receive queue into whole pages, from the first segment on that wastes memory.
///
/// Linux: tcp_collapse
fn tcp_collapse(sk: &mut Sock, cx: &mut Cx) {
    let start = sk.recv_queue.copied_seq();
    let bloated = |chunk: &RecvChunk| {
        let len = u32::try_from(chunk.data.len()).unwrap_or(u32::MAX);
        let wastes = tcp_win_from_space(sk, chunk.truesize) > len;
        !chunk.fin && (wastes || chunk.seq.before(start))
    };
    let Some(first) = sk.recv_queue.iter().position(bloated) else { return };
    let collapsed = sk.recv_queue.collapse_from(first, PAGE_PAYLOAD, &|len| alloc_skb(len, cx));
    cx.mib.add(Counter::TcpExtTCPRcvCollapsed, u64::from(collapsed));
}

/// Throws the highest out-of-order data away, an eighth of the buffer at a time, and reneges on the
/// SACKs. What lies before `seq` stays, so that holes can be filled. True if something is gone.
///
/// Linux: tcp_prune_ofo_queue
pub(super) fn tcp_prune_ofo_queue(sk: &mut Sock, seq: Seq, cx: &mut Cx) -> bool {
    let eighth = i64::from(sk.opts.rcvbuf >> 3);
    let mut goal = eighth;
    let mut pruned = false;
    if cx.mutant(Mutant::PruneNothing) {
        return pruned;
    }
    while let Some(last) = sk.ofo_queue.last().filter(|last| !seq.after(last.seq)) {
        goal -= i64::from(last.truesize);
        sk.ofo_queue.pop_last();
        pruned = true;
        if goal <= 0 {
            if rmem_alloc(sk) <= sk.opts.rcvbuf && !tcp_under_memory_pressure(cx) {
                break;
            }
            goal = eighth;
        }
    }
    if pruned {
        cx.mib.inc(Counter::TcpExtOfoPruned);
        sk.selective_acks.clear();
        sk.rx_opt.duplicate_sack = None;
    }
    pruned
}
