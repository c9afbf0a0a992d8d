//! Taking a reduction back when nothing was lost after all.
//!
//! RFC 3522 (Eifel), RFC 3708 (D-SACK), RFC 5682 (F-RTO) · Linux: tcp_try_undo_recovery,
//! tcp_try_undo_loss, tcp_undo_cwnd_reduction (net/ipv4/tcp_input.c)

use super::recovery::{tcp_retrans_stamp_cleanup, tcp_try_keep_open};
use super::scoreboard::tcp_force_fast_retransmit;
use super::{CaState, tcp_set_ca_state};
use crate::cx::Cx;
use crate::input::sack_reordering;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::output::options::tcp_time_stamp;
use crate::seq::Seq;
use crate::sock::Sock;
use crate::state::TcpState;
use crate::time::Instant;

/// TCP_RACK_RECOVERY_THRESH
const TCP_RACK_RECOVERY_THRESH: u8 = 16;

/// Whether the episode was a mistake: every retransmission was unnecessary, or the original
/// arrived first.
///
/// Linux: tcp_may_undo
fn tcp_may_undo(sk: &Sock, cx: &Cx) -> bool {
    sk.loss.undo_marker.is_some() && (sk.loss.undo_retrans == 0 || tcp_packet_delayed(sk, cx))
}

/// The ACK answers something sent before the first retransmission.
///
/// Linux: tcp_packet_delayed
fn tcp_packet_delayed(sk: &Sock, cx: &Cx) -> bool {
    let Some(stamp) = sk.loss.retrans_stamp else {
        // Nothing was retransmitted, so nothing can have been lost; but the stamp is also taken
        // away when all of an episode without SACK is acknowledged, and with the SYN.
        let held = !sk.rx_opt.sack_ok && !sk.snd.una.before(sk.loss.high_seq);
        return !held && sk.state() != TcpState::SynSent;
    };
    if cx.mutant(Mutant::NoEifel) {
        return false;
    }
    tcp_tsopt_ecr_before(sk, stamp, cx)
}

/// The peer echoes a timestamp from before `at`.
///
/// RFC 3522 §3.2 · Linux: tcp_tsopt_ecr_before (net/ipv4/tcp_input.c)
pub(crate) fn tcp_tsopt_ecr_before(sk: &Sock, at: Instant, cx: &Cx) -> bool {
    let tsecr = sk.rx_opt.rcv_tsecr;
    let stamp = tcp_time_stamp(at, sk.tsoffset, cx);
    sk.rx_opt.saw_tstamp && tsecr != 0 && Seq(tsecr).before(Seq(stamp))
}

/// Restores window and threshold.
///
/// Linux: tcp_undo_cwnd_reduction
fn tcp_undo_cwnd_reduction(sk: &mut Sock, unmark_loss: bool, cx: &Cx) {
    if unmark_loss {
        sk.write_queue.rtx_mut().for_each(|chunk| chunk.marks.lost = false);
        sk.loss.lost_out = 0;
    }
    if sk.loss.prior_ssthresh != 0 && !cx.mutant(Mutant::UndoKeepsWindow) {
        sk.cong.cw.snd_cwnd = sk.cong.algorithm.ops().undo_cwnd(&sk.cong.cw);
        sk.cong.cw.snd_ssthresh = sk.cong.cw.snd_ssthresh.max(sk.loss.prior_ssthresh);
        sk.ecn.queue_cwr = false;
    }
    sk.cong.cwnd_stamp = cx.now;
    sk.loss.undo_marker = None;
    sk.loss.rack.advanced = true;
}

/// All of the episode is acknowledged. True when the state must be held all the same.
///
/// Linux: tcp_try_undo_recovery
pub(super) fn tcp_try_undo_recovery(sk: &mut Sock, cx: &mut Cx) -> bool {
    if tcp_may_undo(sk, cx) {
        cx.mib.inc(if sk.loss.ca_state == CaState::Loss {
            Counter::TcpExtTCPLossUndo
        } else {
            Counter::TcpExtTCPFullUndo
        });
        tcp_undo_cwnd_reduction(sk, false, cx);
    } else {
        sk.loss.rack.reo_wnd_persist = sk.loss.rack.reo_wnd_persist.saturating_sub(1);
    }
    if tcp_is_non_sack_preventing_reopen(sk) {
        return true;
    }
    tcp_set_ca_state(sk, CaState::Open, cx);
    sk.loss.is_sack_reneg = false;
    false
}

/// The ACK of a SYN-ACK that was sent again, to a child of Fast Open with nothing else in flight.
///
/// Linux: the beginning of tcp_rcv_synrecv_state_fastopen (net/ipv4/tcp_input.c)
pub(crate) fn undo_synack_rto(sk: &mut Sock, cx: &mut Cx) {
    if sk.loss.ca_state == CaState::Loss && sk.loss.packets_out == 0 {
        tcp_try_undo_recovery(sk, cx);
    }
}

/// [RFC6582:3.2#1] Without SACK, duplicates of the old flight must not start another episode.
///
/// Linux: tcp_is_non_sack_preventing_reopen
fn tcp_is_non_sack_preventing_reopen(sk: &mut Sock) -> bool {
    if sk.snd.una != sk.loss.high_seq || sk.rx_opt.sack_ok {
        return false;
    }
    tcp_retrans_stamp_cleanup(sk);
    true
}

/// D-SACKs cover every retransmission.
///
/// Linux: tcp_try_undo_dsack
pub(super) fn tcp_try_undo_dsack(sk: &mut Sock, cx: &mut Cx) -> bool {
    if cx.mutant(Mutant::NoDsackUndo) {
        return false;
    }
    if sk.loss.undo_marker.is_none() || sk.loss.undo_retrans != 0 {
        return false;
    }
    let persist = sk.loss.rack.reo_wnd_persist.saturating_add(1);
    sk.loss.rack.reo_wnd_persist = persist.min(TCP_RACK_RECOVERY_THRESH);
    cx.mib.inc(Counter::TcpExtTCPDSACKUndo);
    tcp_undo_cwnd_reduction(sk, false, cx);
    true
}

/// A partial ACK: taken back if the original transmission earned it, else the next hole may be lost.
/// True when retransmissions are still on their way, so that nothing more is to be done.
///
/// Linux: tcp_try_undo_partial
pub(super) fn tcp_try_undo_partial(
    sk: &mut Sock,
    prior_snd_una: Seq,
    do_lost: &mut bool,
    cx: &mut Cx,
) -> bool {
    if sk.loss.undo_marker.is_none() || !tcp_packet_delayed(sk, cx) {
        *do_lost = tcp_force_fast_retransmit(sk, cx);
        return false;
    }
    sack_reordering(sk, prior_snd_una, cx);
    if sk.loss.retrans_out != 0 {
        return true;
    }
    tcp_retrans_stamp_cleanup(sk);
    tcp_undo_cwnd_reduction(sk, true, cx);
    cx.mib.inc(Counter::TcpExtTCPPartialUndo);
    tcp_try_keep_open(sk, cx);
    false
}

/// The timeout was spurious.
///
/// Linux: tcp_try_undo_loss
pub(super) fn tcp_try_undo_loss(sk: &mut Sock, frto_undo: bool, cx: &mut Cx) -> bool {
    if !frto_undo && !tcp_may_undo(sk, cx) {
        return false;
    }
    tcp_undo_cwnd_reduction(sk, true, cx);
    cx.mib.inc(Counter::TcpExtTCPLossUndo);
    if frto_undo {
        cx.mib.inc(Counter::TcpExtTCPSpuriousRTOs);
    }
    sk.loss.retransmits = 0;
    if tcp_is_non_sack_preventing_reopen(sk) {
        return true;
    }
    if frto_undo || sk.rx_opt.sack_ok {
        tcp_set_ca_state(sk, CaState::Open, cx);
        sk.loss.is_sack_reneg = false;
    }
    true
}
