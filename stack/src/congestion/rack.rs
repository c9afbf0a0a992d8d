//! RACK: a segment is lost when one sent later was delivered a reordering window ago.
//!
//! RFC 8985 §6 · Linux: net/ipv4/tcp_recovery.c

use super::CaState;
use super::recovery::{reduce_for, tcp_enter_recovery};
use crate::cx::Cx;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::output::retransmit::tcp_xmit_retransmit_queue;
use crate::seq::Seq;
use crate::sock::Sock;
use crate::sock::chunk::Marks;
use crate::time::Instant;
use crate::timer::{Timer, tcp_rearm_rto, tcp_reset_xmit_timer};

/// TCP_TIMEOUT_MIN_US: two ticks.
const TCP_TIMEOUT_MIN_US: u64 = 2000;
/// TCP_RACK_STATIC_REO_WND, TCP_RACK_NO_DUPTHRESH
const STATIC_REO_WND: u8 = 0x2;
const NO_DUPTHRESH: u8 = 0x4;
/// TCP_RACK_RECOVERY_THRESH
const RECOVERY_THRESH: u8 = 16;

/// A segment was delivered: is it the most recently sent one?
///
/// RFC 8985 §6.2 step 2 · Linux: tcp_rack_advance
pub(crate) fn tcp_rack_advance(sk: &mut Sock, marks: Marks, end_seq: Seq, sent: Instant, cx: &Cx) {
    let rtt_us = u32::try_from(cx.now.micros_since(sent)).unwrap_or(u32::MAX);
    if rtt_us < sk.rtt.min_rtt_us() && marks.is_retransmitted() {
        // Too quick for the retransmission: the original must have arrived.
        return;
    }
    let rack = &mut sk.loss.rack;
    rack.advanced = true;
    rack.rtt_us = rtt_us;
    if rack.mstamp.is_none_or(|at| tcp_rack_sent_after((sent, end_seq), (at, rack.end_seq))) {
        rack.mstamp = Some(sent);
        rack.end_seq = end_seq;
    }
}

/// Linux: tcp_skb_sent_after
fn tcp_rack_sent_after((t1, seq1): (Instant, Seq), (t2, seq2): (Instant, Seq)) -> bool {
    t1 > t2 || (t1 == t2 && seq1.after(seq2))
}

/// Marks chunk `index` lost; a retransmission of it is lost again.
///
/// Linux: tcp_mark_skb_lost
pub(crate) fn tcp_mark_skb_lost(sk: &mut Sock, index: usize, cx: &mut Cx) {
    let Some(chunk) = sk.write_queue.rtx_get_mut(index) else { return };
    if chunk.marks.sacked {
        return;
    }
    let pcount = chunk.pcount();
    if chunk.marks.lost {
        if chunk.marks.retrans && !cx.mutant(Mutant::LostRetransmissionUnnoticed) {
            chunk.marks.retrans = false;
            sk.loss.retrans_out = sk.loss.retrans_out.saturating_sub(pcount);
            cx.mib.add(Counter::TcpExtTCPLostRetransmit, u64::from(pcount));
            sk.loss.lost = sk.loss.lost.wrapping_add(pcount);
        }
    } else {
        chunk.marks.lost = true;
        sk.loss.lost_out += pcount;
        sk.loss.lost = sk.loss.lost.wrapping_add(pcount);
    }
}

/// How long later deliveries may overtake a segment before it counts as lost.
///
/// RFC 8985 §6.2 step 4 · Linux: tcp_rack_reo_wnd
fn tcp_rack_reo_wnd(sk: &Sock, cx: &Cx) -> u64 {
    if sk.total.reord_seen == 0 {
        if sk.loss.ca_state >= CaState::Recovery {
            return 0;
        }
        let by_count = cx.sysctl.tcp_recovery & NO_DUPTHRESH == 0;
        if by_count && sk.loss.sacked_out >= sk.loss.reordering {
            return 0;
        }
    }
    if cx.mutant(Mutant::ReorderingWindowNone) {
        return 0;
    }
    let quarter = u64::from(sk.rtt.min_rtt_us() >> 2);
    (quarter * u64::from(sk.loss.rack.reo_wnd_steps)).min(u64::from(sk.rtt.srtt_us >> 3))
}

/// Microseconds until a segment sent at `sent` counts as lost; not positive when it does.
///
/// Linux: tcp_rack_skb_timeout
pub(crate) fn tcp_rack_skb_timeout(sk: &Sock, sent: Instant, reo_wnd: u64, cx: &Cx) -> i64 {
    let allowed = u64::from(sk.loss.rack.rtt_us) + reo_wnd;
    allowed.cast_signed() - cx.now.micros_since(sent).cast_signed()
}

/// Marks what is overdue; returns when the next segment will be, in microseconds.
///
/// RFC 8985 §6.2 step 5 · Linux: tcp_rack_detect_loss
fn tcp_rack_detect_loss(sk: &mut Sock, cx: &mut Cx) -> u64 {
    let reo_wnd = tcp_rack_reo_wnd(sk, cx);
    let Some(mstamp) = sk.loss.rack.mstamp else { return 0 };
    let newest = (mstamp, sk.loss.rack.end_seq);
    let mut timeout = 0;
    for index in 0..sk.write_queue.rtx_len() {
        let Some(chunk) = sk.write_queue.rtx_get(index) else { break };
        let marks = chunk.marks;
        let already = marks.sacked || (marks.lost && !marks.retrans);
        if already || !tcp_rack_sent_after(newest, (chunk.sent_at, chunk.end_seq())) {
            continue;
        }
        match u64::try_from(tcp_rack_skb_timeout(sk, chunk.sent_at, reo_wnd, cx)) {
            Ok(remaining) if remaining > 0 => timeout = timeout.max(remaining),
            Ok(_) | Err(_) => tcp_mark_skb_lost(sk, index, cx),
        }
    }
    timeout
}

/// Looks for losses if something was delivered; true when the reordering timer was armed.
///
/// Linux: tcp_rack_mark_lost
pub(super) fn tcp_rack_mark_lost(sk: &mut Sock, cx: &mut Cx) -> bool {
    if !sk.loss.rack.advanced {
        return false;
    }
    sk.loss.rack.advanced = false;
    let timeout_us = tcp_rack_detect_loss(sk, cx);
    if timeout_us == 0 {
        return false;
    }
    let timeout = cx.hz.usecs_to_jiffies(timeout_us + TCP_TIMEOUT_MIN_US);
    tcp_reset_xmit_timer(sk, Timer::ReoTimeout, timeout.min(sk.loss.rto), cx);
    true
}

/// The reordering window is over.
///
/// Linux: tcp_rack_reo_timeout
pub(crate) fn tcp_rack_reo_timeout(sk: &mut Sock, cx: &mut Cx) {
    let prior_in_flight = sk.loss.packets_in_flight();
    let prior_lost = sk.loss.lost;
    tcp_rack_detect_loss(sk, cx);
    if sk.loss.packets_in_flight() != prior_in_flight && !cx.mutant(Mutant::RackTimerMute) {
        if sk.loss.ca_state != CaState::Recovery {
            tcp_enter_recovery(sk, false, cx);
            reduce_for(sk, sk.loss.lost.wrapping_sub(prior_lost));
        }
        tcp_xmit_retransmit_queue(sk, cx);
    }
    if sk.timers.pending() != Some(Timer::Retransmit) {
        tcp_rearm_rto(sk, cx);
    }
}

/// D-SACKs widen the window, quiet rounds narrow it.
///
/// RFC 8985 §6.2 step 4 · Linux: tcp_rack_update_reo_wnd
pub(crate) fn tcp_rack_update_reo_wnd(sk: &mut Sock, prior_delivered: u32, cx: &Cx) {
    if cx.sysctl.tcp_recovery & STATIC_REO_WND != 0 || prior_delivered == 0 {
        return;
    }
    let delivered = sk.total.delivered;
    let rack = &mut sk.loss.rack;
    if Seq(prior_delivered).before(Seq(rack.last_delivered)) {
        // Less than a round trip since the last adjustment.
        rack.dsack_seen = false;
    }
    if rack.dsack_seen && !cx.mutant(Mutant::RackDsackIgnored) {
        rack.reo_wnd_steps = rack.reo_wnd_steps.saturating_add(1);
        rack.dsack_seen = false;
        rack.last_delivered = delivered;
        rack.reo_wnd_persist = RECOVERY_THRESH;
    } else if rack.reo_wnd_persist == 0 {
        rack.reo_wnd_steps = 1;
    }
}
