//! The Loss state: a retransmission timeout, and how it ends.
//!
//! RFC 5681 §3.1 (4), RFC 5682 (F-RTO) · Linux: tcp_enter_loss, tcp_process_loss
//! (net/ipv4/tcp_input.c)

use super::recovery::{Rexmit, tcp_ecn_queue_cwr, tcp_init_undo, tcp_set_ca_state};
use super::reno_sack::tcp_add_reno_sack;
use super::scoreboard::tcp_is_rack;
use super::undo::{tcp_try_undo_loss, tcp_try_undo_recovery};
use super::{CaEvent, CaState, tcp_mark_skb_lost, tcp_rack_skb_timeout};
use crate::cx::Cx;
use crate::input::ack::AckFlags;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::output::cwnd_validate::tcp_current_ssthresh;
use crate::output::options::tcp_wnd_end;
use crate::sock::Sock;
use crate::time::Instant;

/// The retransmission timer went off: everything counts as lost, except what was sent just now.
///
/// RFC 5681 §3.1 (4), RFC 5682 §2.1 · Linux: tcp_enter_loss, tcp_timeout_mark_lost
pub(crate) fn tcp_enter_loss(sk: &mut Sock, cx: &mut Cx) {
    let new_recovery = sk.loss.ca_state < CaState::Recovery;
    let reordering = cx.sysctl.tcp_reordering.unsigned_abs();
    tcp_timeout_mark_lost(sk, cx);
    let not_yet_reduced = sk.loss.ca_state <= CaState::Disorder
        || !sk.loss.high_seq.after(sk.snd.una)
        || (sk.loss.ca_state == CaState::Loss && sk.loss.retransmits == 0);
    if not_yet_reduced || cx.mutant(Mutant::RtoReducesEachTime) {
        sk.loss.prior_ssthresh = tcp_current_ssthresh(sk);
        sk.cong.cw.prior_cwnd = sk.cong.cw.snd_cwnd;
        sk.cong.cw.snd_ssthresh = sk.cong.algorithm.ops().ssthresh(&mut sk.cong.cw);
        sk.cong.algorithm.ops().cwnd_event(&mut sk.cong.cw, CaEvent::Loss, cx.now);
        tcp_init_undo(sk);
    }
    if !cx.mutant(Mutant::RtoWindowKept) {
        sk.cong.cw.snd_cwnd = sk.loss.packets_in_flight() + 1;
    }
    sk.cong.cw.snd_cwnd_cnt = 0;
    sk.cong.cwnd_stamp = cx.now;
    if sk.loss.ca_state <= CaState::Disorder && sk.loss.sacked_out >= reordering {
        sk.loss.reordering = sk.loss.reordering.min(reordering);
    }
    tcp_set_ca_state(sk, CaState::Loss, cx);
    sk.loss.high_seq = sk.snd.nxt;
    sk.loss.tlp_high_seq = None;
    tcp_ecn_queue_cwr(sk);
    sk.loss.frto = cx.sysctl.tcp_frto != 0
        && (new_recovery || sk.loss.retransmits != 0)
        && sk.mtup.probe.is_none();
    if cx.mutant(Mutant::NoFrto) {
        sk.loss.frto = false;
    }
}

/// Linux: tcp_timeout_mark_lost
fn tcp_timeout_mark_lost(sk: &mut Sock, cx: &mut Cx) {
    let reneged = sk.write_queue.rtx_head().is_some_and(|head| head.marks.sacked);
    if reneged {
        cx.mib.inc(Counter::TcpExtTCPSACKReneging);
        sk.loss.is_sack_reneg = true;
    }
    if reneged || !sk.rx_opt.sack_ok {
        sk.loss.sacked_out = 0;
        sk.write_queue.rtx_mut().for_each(|chunk| chunk.marks.sacked = false);
    }
    for index in 0..sk.write_queue.rtx_len() {
        let recent = sk.rx_opt.sack_ok && tcp_is_rack(cx) && index > 0 && {
            let sent_at = sk.write_queue.rtx_get(index).map(|chunk| chunk.sent_at);
            sent_at.is_some_and(|at| tcp_rack_skb_timeout(sk, at, 0, cx) > 0)
        };
        if !recent {
            tcp_mark_skb_lost(sk, index, cx);
        }
    }
}

/// The episode that a timeout began is over: its time counts.
///
/// Linux: tcp_update_rto_time
pub(crate) fn tcp_update_rto_time(sk: &mut Sock, cx: &Cx) {
    if let Some(stamp) = sk.loss.rto_stamp.take() {
        sk.loss.total_rto_time = sk.loss.total_rto_time.wrapping_add(rto_time_ms(stamp, cx));
    }
}

/// Milliseconds since a timeout at `stamp`, in ticks of the timestamp clock.
pub(crate) fn rto_time_ms(stamp: Instant, cx: &Cx) -> u32 {
    let ms = cx.now.as_millis().saturating_sub(stamp.as_millis());
    u32::try_from(ms).unwrap_or(u32::MAX)
}

/// Counts a timeout.
///
/// Linux: tcp_update_rto_stats (net/ipv4/tcp_timer.c)
pub(crate) fn tcp_update_rto_stats(sk: &mut Sock, cx: &Cx) {
    if sk.loss.retransmits == 0 {
        sk.loss.total_rto_recoveries = sk.loss.total_rto_recoveries.wrapping_add(1);
        sk.loss.rto_stamp = Some(cx.now);
    }
    sk.loss.retransmits += 1;
    sk.loss.total_rto = sk.loss.total_rto.saturating_add(1);
}

/// An ACK after a timeout: was it spurious, is it over, what next.
///
/// RFC 5682 §2.1, §3.1 · Linux: tcp_process_loss
pub(super) fn tcp_process_loss(
    sk: &mut Sock,
    flags: AckFlags,
    dupacks: u32,
    rexmit: &mut Rexmit,
    cx: &mut Cx,
) {
    let recovered = !sk.snd.una.before(sk.loss.high_seq);
    let may_undo = flags.snd_una_advanced || sk.fastopen.rsk.is_some();
    if may_undo && tcp_try_undo_loss(sk, false, cx) {
        return;
    }
    if sk.loss.frto {
        // Step 3.b: data sent once and never again arrived after all.
        if flags.orig_sack_acked && tcp_try_undo_loss(sk, true, cx) {
            return;
        }
        if sk.snd.nxt.after(sk.loss.high_seq) {
            if (flags.data_sacked || dupacks != 0) && !cx.mutant(Mutant::FrtoBelievesAll) {
                // Step 3.a: the loss was real.
                sk.loss.frto = false;
            }
        } else if flags.snd_una_advanced && !recovered {
            sk.loss.high_seq = sk.snd.nxt;
            // Step 2.b: new data instead of more retransmissions.
            if !sk.write_queue.is_unsent_empty() && tcp_wnd_end(sk).after(sk.snd.nxt) {
                *rexmit = Rexmit::New;
                return;
            }
            sk.loss.frto = false;
        }
    }
    if recovered {
        tcp_try_undo_recovery(sk, cx);
        return;
    }
    if !sk.rx_opt.sack_ok {
        if sk.snd.nxt.after(sk.loss.high_seq) && dupacks != 0 {
            tcp_add_reno_sack(sk, dupacks, flags.ece, cx);
        } else if flags.snd_una_advanced {
            sk.loss.sacked_out = 0;
        }
    }
    *rexmit = Rexmit::Lost;
}
