//! The loss recovery machine: Open, Disorder, CWR, Recovery, Loss.
//!
//! RFC 5681 §3.2, RFC 6582, RFC 6675, RFC 5682 (F-RTO) · Linux: tcp_fastretrans_alert,
//! tcp_enter_recovery, tcp_enter_cwr (net/ipv4/tcp_input.c). Since 6.17 RACK alone decides what is
//! lost; without SACK the third duplicate does. `scoreboard` is what was before RACK.

use super::loss::{tcp_process_loss, tcp_update_rto_time};
use super::prr::{Delivery, tcp_end_cwnd_reduction as end_reduction};
use super::reno_sack::{tcp_add_reno_sack, tcp_newreno_mark_lost};
use super::scoreboard::{
    tcp_force_fast_retransmit, tcp_is_rack, tcp_time_to_recover, tcp_update_scoreboard,
};
use super::undo::{tcp_try_undo_dsack, tcp_try_undo_partial, tcp_try_undo_recovery};
use super::{CaEvent, CaState, tcp_rack_mark_lost};
use crate::cx::Cx;
use crate::input::ack::AckFlags;
use crate::input::tcp_simple_retransmit;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::output::cwnd_validate::tcp_current_ssthresh;
use crate::output::mss::tcp_current_mss;
use crate::output::mtu_probe::tcp_mtup_probe_failed;
use crate::output::retransmit::tcp_xmit_retransmit_queue;
use crate::output::write::tcp_push_pending_frames_at;
use crate::seq::Seq;
use crate::sock::{EcnMode, NonAgle, Sock};
use crate::state::TcpState;
use crate::timer::{Timer, tcp_reset_xmit_timer};
use crate::trace::TraceEvent;

/// What to send after an ACK was processed (Linux: REXMIT_*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rexmit {
    /// Nothing special.
    None,
    /// What is marked lost.
    Lost,
    /// New data, to find out whether a timeout was spurious (F-RTO).
    New,
}

/// Changes the state of the machine; the algorithm is told.
///
/// Linux: tcp_set_ca_state (net/ipv4/tcp_cong.c)
pub(crate) fn tcp_set_ca_state(sk: &mut Sock, new: CaState, cx: &mut Cx) {
    if sk.loss.ca_state != new {
        cx.trace.push(TraceEvent::CaStateChanged { at: cx.now, flow: sk.flow, to: new });
    }
    sk.cong.algorithm.ops().set_state(&mut sk.cong.cw, new, cx.now);
    sk.loss.ca_state = new;
}

/// The algorithm begins, without a past.
///
/// Linux: tcp_init_congestion_control (net/ipv4/tcp_cong.c)
pub(crate) fn tcp_init_congestion_control(sk: &mut Sock) {
    sk.loss.prior_ssthresh = 0;
    sk.cong.algorithm.ops().init(&mut sk.cong.cw);
}

/// A dubious ACK: decides about the state, and what is lost.
///
/// Linux: tcp_fastretrans_alert
pub(crate) fn tcp_fastretrans_alert(
    sk: &mut Sock,
    prior_snd_una: Seq,
    dupacks: u32,
    flags: &mut AckFlags,
    rexmit: &mut Rexmit,
    cx: &mut Cx,
) {
    if sk.loss.packets_out == 0 {
        sk.loss.sacked_out = 0;
    }
    if flags.ece {
        sk.loss.prior_ssthresh = 0;
    }
    if tcp_check_sack_reneging(sk, flags, cx) || has_left(sk, cx) {
        return;
    }
    let mut do_lost = dupacks != 0 || (flags.data_sacked && tcp_force_fast_retransmit(sk, cx));
    let go_on = match sk.loss.ca_state {
        CaState::Recovery => in_recovery(sk, prior_snd_una, dupacks, flags, &mut do_lost, cx),
        CaState::Loss => in_loss(sk, dupacks, flags, rexmit, cx),
        CaState::Open | CaState::Disorder | CaState::Cwr => in_peace(sk, dupacks, flags, cx),
    };
    if let Some(fast_rexmit) = go_on {
        // Without RACK what is lost is found last.
        if sk.rx_opt.sack_ok && do_lost && !tcp_is_rack(cx) {
            tcp_update_scoreboard(sk, fast_rexmit, cx);
        }
        *rexmit = Rexmit::Lost;
    }
}

/// The peer dropped data it had SACKed: shortly everything counts as lost.
///
/// RFC 2018 §8 · Linux: tcp_check_sack_reneging
fn tcp_check_sack_reneging(sk: &mut Sock, flags: &mut AckFlags, cx: &Cx) -> bool {
    if !flags.sack_reneging || !flags.snd_una_advanced || cx.mutant(Mutant::RenegingIgnored) {
        return false;
    }
    let half_rtt = cx.hz.usecs_to_jiffies(u64::from(sk.rtt.srtt_us >> 4));
    let delay = half_rtt.max(cx.hz.msecs_to_jiffies(10));
    tcp_reset_xmit_timer(sk, Timer::Retransmit, delay, cx);
    flags.set_xmit_timer = false;
    true
}

/// The end of an episode: all that was out when it began is acknowledged. True when that settles
/// the ACK.
fn has_left(sk: &mut Sock, cx: &mut Cx) -> bool {
    if sk.loss.ca_state == CaState::Open {
        sk.loss.retrans_stamp = None;
        return false;
    }
    if sk.snd.una.before(sk.loss.high_seq) && !cx.mutant(Mutant::RecoveryEndsEarly) {
        return false;
    }
    match sk.loss.ca_state {
        CaState::Cwr => {
            // Not at high_seq itself, where a peer may still repeat old news.
            if sk.snd.una != sk.loss.high_seq {
                tcp_end_cwnd_reduction(sk, cx);
                tcp_set_ca_state(sk, CaState::Open, cx);
            }
        }
        CaState::Recovery => {
            if !sk.rx_opt.sack_ok {
                sk.loss.sacked_out = 0;
            }
            if tcp_try_undo_recovery(sk, cx) {
                return true;
            }
            tcp_end_cwnd_reduction(sk, cx);
        }
        CaState::Open | CaState::Disorder | CaState::Loss => {}
    }
    false
}

fn in_recovery(
    sk: &mut Sock,
    prior_snd_una: Seq,
    dupacks: u32,
    flags: &mut AckFlags,
    do_lost: &mut bool,
    cx: &mut Cx,
) -> Option<bool> {
    if !flags.snd_una_advanced {
        if !sk.rx_opt.sack_ok {
            tcp_add_reno_sack(sk, dupacks, flags.ece, cx);
        }
    } else if tcp_try_undo_partial(sk, prior_snd_una, do_lost, cx) {
        return None;
    }
    if tcp_try_undo_dsack(sk, cx) {
        tcp_try_to_open(sk, flags.ece, cx);
    }
    tcp_identify_packet_loss(sk, flags, cx);
    if sk.loss.ca_state != CaState::Recovery {
        if !tcp_time_to_recover(sk, flags, cx) {
            return None;
        }
        tcp_enter_recovery(sk, flags.ece, cx);
    }
    Some(false)
}

fn in_loss(
    sk: &mut Sock,
    dupacks: u32,
    flags: &mut AckFlags,
    rexmit: &mut Rexmit,
    cx: &mut Cx,
) -> Option<bool> {
    tcp_process_loss(sk, *flags, dupacks, rexmit, cx);
    if sk.loss.ca_state != CaState::Loss {
        tcp_update_rto_time(sk, cx);
    }
    tcp_identify_packet_loss(sk, flags, cx);
    if sk.loss.ca_state != CaState::Open && !flags.lost_retrans {
        return None;
    }
    in_peace(sk, dupacks, flags, cx)
}

/// None when that is all; else whether recovery begins here, so that at least the head is lost.
fn in_peace(sk: &mut Sock, dupacks: u32, flags: &mut AckFlags, cx: &mut Cx) -> Option<bool> {
    if !sk.rx_opt.sack_ok {
        if flags.snd_una_advanced {
            sk.loss.sacked_out = 0;
        }
        tcp_add_reno_sack(sk, dupacks, flags.ece, cx);
    }
    if sk.loss.ca_state <= CaState::Disorder {
        tcp_try_undo_dsack(sk, cx);
    }
    tcp_identify_packet_loss(sk, flags, cx);
    if !tcp_time_to_recover(sk, flags, cx) {
        tcp_try_to_open(sk, flags.ece, cx);
        return None;
    }
    let probe_lost = sk.mtup.probe.is_some_and(|probe| probe.seq_start == sk.snd.una);
    if sk.loss.ca_state < CaState::Cwr && probe_lost && !cx.mutant(Mutant::MtuProbeLossCounts) {
        // Too large for the path, which is not congestion.
        tcp_mtup_probe_failed(sk, cx);
        tcp_simple_retransmit(sk, cx);
        return None;
    }
    tcp_enter_recovery(sk, flags.ece, cx);
    Some(true)
}

/// Marks what is lost.
///
/// Linux: tcp_identify_packet_loss
fn tcp_identify_packet_loss(sk: &mut Sock, flags: &mut AckFlags, cx: &mut Cx) {
    if sk.write_queue.is_rtx_empty() {
        return;
    }
    if sk.rx_opt.sack_ok && !tcp_is_rack(cx) {
        return;
    }
    if sk.rx_opt.sack_ok {
        let prior_retrans = sk.loss.retrans_out;
        if tcp_rack_mark_lost(sk, cx) {
            flags.set_xmit_timer = false;
        }
        flags.lost_retrans |= prior_retrans > sk.loss.retrans_out;
    } else {
        tcp_newreno_mark_lost(sk, flags.snd_una_advanced, cx);
    }
}

/// Begins fast recovery.
///
/// Linux: tcp_enter_recovery
pub(super) fn tcp_enter_recovery(sk: &mut Sock, ece: bool, cx: &mut Cx) {
    tcp_retrans_stamp_cleanup(sk);
    cx.mib.inc(if sk.rx_opt.sack_ok {
        Counter::TcpExtTCPSackRecovery
    } else {
        Counter::TcpExtTCPRenoRecovery
    });
    sk.loss.prior_ssthresh = 0;
    tcp_init_undo(sk);
    if !sk.loss.in_cwnd_reduction() && !cx.mutant(Mutant::RecoveryUnreduced) {
        // A mark is no mistake that could be taken back.
        sk.loss.prior_ssthresh = if ece { 0 } else { tcp_current_ssthresh(sk) };
        tcp_init_cwnd_reduction(sk);
    }
    tcp_set_ca_state(sk, CaState::Recovery, cx);
}

/// A congestion mark was echoed, or our own host dropped a packet: the window is reduced, without
/// loss.
///
/// RFC 3168 §6.1.2 · Linux: tcp_enter_cwr
pub(crate) fn tcp_enter_cwr(sk: &mut Sock, cx: &mut Cx) {
    sk.loss.prior_ssthresh = 0;
    if sk.loss.ca_state < CaState::Cwr || cx.mutant(Mutant::CwrAgain) {
        sk.loss.undo_marker = None;
        tcp_init_cwnd_reduction(sk);
        tcp_set_ca_state(sk, CaState::Cwr, cx);
    }
}

/// The peer will be told that the window was reduced.
///
/// Linux: tcp_ecn_queue_cwr
pub(super) fn tcp_ecn_queue_cwr(sk: &mut Sock) {
    sk.ecn.queue_cwr |= sk.ecn.mode == EcnMode::Rfc3168;
}

/// Begins a reduction of the window.
///
/// RFC 9937 §5 · Linux: tcp_init_cwnd_reduction
pub(crate) fn tcp_init_cwnd_reduction(sk: &mut Sock) {
    sk.loss.high_seq = sk.snd.nxt;
    sk.loss.tlp_high_seq = None;
    let ssthresh = sk.cong.algorithm.ops().ssthresh(&mut sk.cong.cw);
    sk.loss.prr.begin(&mut sk.cong.cw, ssthresh);
    tcp_ecn_queue_cwr(sk);
}

/// Ends a reduction: the window is the threshold.
///
/// Linux: tcp_end_cwnd_reduction
pub(crate) fn tcp_end_cwnd_reduction(sk: &mut Sock, cx: &Cx) {
    let is_cwr = sk.loss.ca_state == CaState::Cwr;
    end_reduction(&mut sk.cong.cw, is_cwr, sk.loss.undo_marker.is_some());
    sk.cong.cwnd_stamp = cx.now;
    sk.cong.algorithm.ops().cwnd_event(&mut sk.cong.cw, CaEvent::CompleteCwr, cx.now);
}

/// Reduces the window by the rules of PRR for something delivered outside an ACK.
pub(super) fn reduce_for(sk: &mut Sock, newly_lost: u32) {
    let seen = Delivery { newly_acked_sacked: 1, newly_lost, ..Delivery::default() };
    let in_flight = sk.loss.packets_in_flight();
    sk.loss.prr.tcp_cwnd_reduction(&mut sk.cong.cw, in_flight, seen);
}

/// Remembers how to take a reduction back.
///
/// Linux: tcp_init_undo
pub(super) fn tcp_init_undo(sk: &mut Sock) {
    sk.loss.undo_marker = Some(sk.snd.una);
    let mut retrans = sk.loss.retrans_out;
    if sk.loss.tlp_high_seq.is_some() && sk.loss.tlp_retrans {
        retrans += 1;
    }
    sk.loss.undo_retrans = if retrans == 0 { -1 } else { retrans.cast_signed() };
}

/// No loss (any more): Open, or Disorder while something is missing.
///
/// Linux: tcp_try_to_open
fn tcp_try_to_open(sk: &mut Sock, ece: bool, cx: &mut Cx) {
    if !tcp_any_retrans_done(sk) {
        sk.loss.retrans_stamp = None;
    }
    if ece {
        tcp_enter_cwr(sk, cx);
    }
    if sk.loss.ca_state != CaState::Cwr {
        tcp_try_keep_open(sk, cx);
    }
}

/// Linux: tcp_try_keep_open
pub(crate) fn tcp_try_keep_open(sk: &mut Sock, cx: &mut Cx) {
    let quiet = sk.loss.left_out() == 0 && !tcp_any_retrans_done(sk);
    let state = if quiet { CaState::Open } else { CaState::Disorder };
    if sk.loss.ca_state != state {
        tcp_set_ca_state(sk, state, cx);
        sk.loss.high_seq = sk.snd.nxt;
    }
}

/// Linux: tcp_any_retrans_done
pub(super) fn tcp_any_retrans_done(sk: &Sock) -> bool {
    sk.loss.retrans_out != 0
        || sk.write_queue.rtx_head().is_some_and(|head| head.marks.ever_retrans)
}

/// Nothing sent again is in flight: the next time starts a new episode.
///
/// Linux: tcp_retrans_stamp_cleanup
pub(crate) fn tcp_retrans_stamp_cleanup(sk: &mut Sock) {
    if !tcp_any_retrans_done(sk) {
        sk.loss.retrans_stamp = None;
    }
}

/// Sends what the ACK decided.
///
/// Linux: tcp_xmit_recovery
pub(crate) fn tcp_xmit_recovery(sk: &mut Sock, rexmit: Rexmit, cx: &mut Cx) {
    if rexmit == Rexmit::None || sk.state() == TcpState::SynSent {
        return;
    }
    if rexmit == Rexmit::New {
        let mss_now = tcp_current_mss(sk, cx);
        tcp_push_pending_frames_at(sk, mss_now, NonAgle::OFF, cx);
        if sk.snd.nxt.after(sk.loss.high_seq) {
            return;
        }
        sk.loss.frto = false;
    }
    tcp_xmit_retransmit_queue(sk, cx);
}
