//! Loss detection without SACK: duplicate ACKs are counted as if they were SACKs.
//!
//! RFC 6582 · Linux: tcp_add_reno_sack, tcp_remove_reno_sacks (net/ipv4/tcp_input.c),
//! tcp_newreno_mark_lost (net/ipv4/tcp_recovery.c)

use super::{CaState, tcp_mark_skb_lost};
use crate::cx::Cx;
use crate::input::rate::tcp_count_delivered;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::output::retransmit::fragment_rtx;
use crate::sock::Sock;

/// Without SACK: the head is lost after enough duplicates, and again with every partial ACK.
///
/// RFC 6582 §3.2 · Linux: tcp_newreno_mark_lost (net/ipv4/tcp_recovery.c)
pub(super) fn tcp_newreno_mark_lost(sk: &mut Sock, snd_una_advanced: bool, cx: &mut Cx) {
    let by_duplicates =
        sk.loss.ca_state < CaState::Recovery && sk.loss.sacked_out >= sk.loss.reordering;
    let by_partial_ack = sk.loss.ca_state == CaState::Recovery && snd_una_advanced;
    if !by_duplicates && (!by_partial_ack || cx.mutant(Mutant::PartialAckIgnored)) {
        return;
    }
    let mss = sk.mss_cache;
    let Some(head) = sk.write_queue.rtx_head().filter(|head| !head.marks.lost) else { return };
    if head.pcount() > 1 && head.len() > mss {
        fragment_rtx(sk, 0, mss);
    }
    tcp_mark_skb_lost(sk, 0, cx);
}

/// Without SACK a duplicate ACK says that something arrived, not what.
///
/// Linux: tcp_add_reno_sack
pub(super) fn tcp_add_reno_sack(sk: &mut Sock, dupacks: u32, ece: bool, cx: &mut Cx) {
    if dupacks == 0 {
        return;
    }
    let prior = sk.loss.sacked_out;
    sk.loss.sacked_out += dupacks;
    tcp_check_reno_reordering(sk, 0, cx);
    let delivered = sk.loss.sacked_out.saturating_sub(prior);
    tcp_count_delivered(sk, delivered, ece);
}

/// An ACK took `acked` segments, one of which was the hole.
///
/// Linux: tcp_remove_reno_sacks
pub(crate) fn tcp_remove_reno_sacks(sk: &mut Sock, acked: u32, ece: bool, cx: &mut Cx) {
    if acked > 0 {
        let delivered = acked.saturating_sub(sk.loss.sacked_out).max(1);
        tcp_count_delivered(sk, delivered, ece);
        sk.loss.sacked_out = sk.loss.sacked_out.saturating_sub(acked - 1);
    }
    tcp_check_reno_reordering(sk, acked, cx);
}

/// Of the segments in flight some are holes, so not all of them can have arrived; says whether more
/// was counted than could have.
///
/// Linux: tcp_limit_reno_sacked
pub(crate) fn tcp_limit_reno_sacked(sk: &mut Sock) -> bool {
    let holes = sk.loss.lost_out.max(1).min(sk.loss.packets_out);
    let limited = sk.loss.sacked_out + holes > sk.loss.packets_out;
    if limited {
        sk.loss.sacked_out = sk.loss.packets_out - holes;
    }
    limited
}

/// More duplicates than segments: the network reorders.
///
/// Linux: tcp_check_reno_reordering
fn tcp_check_reno_reordering(sk: &mut Sock, addend: u32, cx: &mut Cx) {
    if !tcp_limit_reno_sacked(sk) {
        return;
    }
    let max = cx.sysctl.tcp_max_reordering.unsigned_abs();
    sk.loss.reordering = (sk.loss.packets_out + addend).min(max);
    sk.total.reord_seen += 1;
    cx.mib.inc(Counter::TcpExtTCPRenoReorder);
}
