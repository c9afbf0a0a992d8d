//! Every state but LISTEN and SYN-SENT: the eight steps, in order.
//!
//! RFC 9293 §3.10.7.4 · Linux: tcp_rcv_state_process, tcp_rcv_established, tcp_init_transfer
//! (net/ipv4/tcp_input.c)

use std::ops::ControlFlow;

use super::ack::{AckPath, BadAck, established_ack, tcp_ack};
use super::data::tcp_data_queue;
use super::predict::{header_prediction, tcp_fast_path_on};
use super::rate::tcp_count_delivered;
use super::reset::tcp_reset;
use super::rtt::{tcp_rcv_rtt_measure_ts, tcp_synack_rtt_meas, tcp_update_pacing_rate};
use super::syn_sent::tcp_rcv_synsent_state_process;
use super::urgent::tcp_urg;
use super::validate::tcp_validate_incoming;
use super::{Disposition, DropReason, ResetReason, Step, drop_for, tcp_init_buffer_space};
use crate::accecn::{tcp_accecn_third_ack, tcp_ecn_received_counters};
use crate::api::close::{tcp_done, tcp_shutdown_write};
use crate::congestion::tcp_init_congestion_control;
use crate::cx::Cx;
use crate::effect::Wake;
use crate::fastopen::{
    check_fastopen_req, tcp_fastopen_active_disable, tcp_rcv_synrecv_state_fastopen,
};
use crate::metrics::{tcp_init_metrics, tcp_update_metrics};
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::output::ack::{tcp_ack_snd_check, tcp_send_challenge_ack};
use crate::output::clock::tcp_mstamp_refresh;
use crate::output::cwnd_validate::tcp_init_cwnd;
use crate::output::mss::tcp_initialize_rcv_mss;
use crate::output::mtu_probe::tcp_mtup_init;
use crate::output::options::{TSTAMP_ALIGNED, tcp_time_stamp};
use crate::output::reset::tcp_v4_send_reset;
use crate::output::write::tcp_data_snd_check;
use crate::sock::{EcnMode, Sock};
use crate::state::{Event, TcpState, tcp_set_state};
use crate::timer::{TCP_TIMEWAIT_LEN_MS, reset_keepalive_timer, tcp_fin_time, tcp_time_wait};
use crate::wire::Segment;

/// Processes a segment of a connection that has a socket.
pub(super) fn tcp_rcv_state_process(sk: &mut Sock, seg: &Segment, cx: &mut Cx) -> Disposition {
    tcp_segs_in(sk, seg);
    tcp_mstamp_refresh(sk, cx);
    if sk.state() == TcpState::Close {
        return Disposition::Dropped(DropReason::TcpClose);
    }
    if sk.state() == TcpState::SynSent {
        return tcp_rcv_synsent_state_process(sk, seg, cx);
    }
    let disposition = match steps(sk, seg, cx) {
        ControlFlow::Break(disposition) | ControlFlow::Continue(disposition) => disposition,
    };
    if let Disposition::Reset(_) = disposition {
        tcp_v4_send_reset(sk.md5_key(), seg, cx);
    }
    disposition
}

/// RFC 9293 §3.10.7.4, first to eighth.
fn steps(sk: &mut Sock, seg: &Segment, cx: &mut Cx) -> ControlFlow<Disposition, Disposition> {
    if let Some(disposition) = header_prediction(sk, seg, cx) {
        return ControlFlow::Continue(disposition);
    }
    cut(check_fastopen_req(sk, seg, cx))?;
    if !seg.flags.ack() && !seg.flags.rst() && !seg.flags.syn() {
        return ControlFlow::Break(Disposition::Dropped(DropReason::TcpFlags));
    }
    cut(tcp_validate_incoming(sk, seg, cx))?; // first to fourth
    if !seg.flags.ack() {
        // [RFC9293:3.10.7.4#12] fifth: without ACK there is nothing to go by.
        return ControlFlow::Break(Disposition::Dropped(DropReason::TcpFlags));
    }
    let was_established = sk.state() == TcpState::Established;
    cut(check_ack(sk, seg, cx))?; // fifth
    if was_established {
        tcp_rcv_rtt_measure_ts(sk, seg.seg_len(), cx);
    }
    tcp_urg(sk, seg, cx); // sixth
    let disposition = process_text(sk, seg, cx)?; // seventh and eighth
    if sk.state() != TcpState::Close {
        tcp_data_snd_check(sk, cx);
        tcp_ack_snd_check(sk, cx);
    }
    ControlFlow::Continue(disposition)
}

/// Counts a segment (Linux: tcp_segs_in, include/net/tcp.h).
pub(crate) fn tcp_segs_in(sk: &mut Sock, seg: &Segment) {
    sk.total.segs_in = sk.total.segs_in.wrapping_add(1);
    if !seg.payload.is_empty() {
        sk.total.data_segs_in = sk.total.data_segs_in.wrapping_add(1);
    }
}

/// A step's verdict in the shape of the whole pipeline's.
fn cut(step: Step) -> ControlFlow<Disposition> {
    step
}

/// Fifth: the ACK, and what it means for the state.
fn check_ack(sk: &mut Sock, seg: &Segment, cx: &mut Cx) -> Step {
    if sk.state() == TcpState::Established && cx.kernel.counts_ecn_marks {
        tcp_ecn_received_counters(sk, seg);
    }
    if sk.state() == TcpState::Established {
        return established_ack(sk, seg, cx);
    }
    match tcp_ack(sk, seg, AckPath::SlowUnchallenged, cx) {
        Ok(()) => {}
        Err(_) if cx.mutant(Mutant::SynRecvBadAckMute) => {}
        Err(bad) if sk.state() == TcpState::SynRecv => {
            // [RFC9293:3.10.7.4#13] An unacceptable ACK is answered with a reset, once.
            return ControlFlow::Break(Disposition::Reset(match bad {
                BadAck::TooOld => ResetReason::TcpTooOldAck,
                BadAck::Unsent => ResetReason::TcpAckUnsentData,
                BadAck::Old => ResetReason::TcpOldAck,
            }));
        }
        // While closing, an old ACK may come with the peer's last data.
        Err(BadAck::Old) => {}
        Err(BadAck::TooOld) => {
            tcp_send_challenge_ack(sk, false, cx);
            return drop_for(DropReason::TcpTooOldAck);
        }
        Err(BadAck::Unsent) => {
            tcp_send_challenge_ack(sk, false, cx);
            return drop_for(DropReason::TcpAckUnsentData);
        }
    }
    ack_moves_state(sk, seg, cx)
}

/// What an acceptable ACK does to a state that waits for one.
fn ack_moves_state(sk: &mut Sock, seg: &Segment, cx: &mut Cx) -> Step {
    match sk.state() {
        TcpState::SynRecv => {
            established_from_syn_recv(sk, seg, cx);
            ControlFlow::Continue(())
        }
        TcpState::FinWait1 if sk.snd.una == sk.snd.write_seq => {
            end_fastopen_handshake(sk, cx);
            fin_acked(sk, seg, cx)
        }
        TcpState::FinWait1 => {
            end_fastopen_handshake(sk, cx);
            ControlFlow::Continue(())
        }
        TcpState::Closing if sk.snd.una == sk.snd.write_seq || cx.mutant(Mutant::ClosingAnyAck) => {
            tcp_set_state(sk, Event::RecvAckOfFin, cx);
            tcp_time_wait(sk, cx.hz.msecs_to_jiffies(TCP_TIMEWAIT_LEN_MS), cx);
            ControlFlow::Break(Disposition::Consumed)
        }
        TcpState::LastAck if sk.snd.una == sk.snd.write_seq || cx.mutant(Mutant::LastAckAnyAck) => {
            tcp_update_metrics(sk, cx);
            tcp_done(sk, Event::RecvAckOfFin, cx);
            ControlFlow::Break(Disposition::Consumed)
        }
        TcpState::Established
        | TcpState::SynSent
        | TcpState::FinWait2
        | TcpState::TimeWait
        | TcpState::Close
        | TcpState::CloseWait
        | TcpState::LastAck
        | TcpState::Listen
        | TcpState::Closing
        | TcpState::NewSynRecv => ControlFlow::Continue(()),
    }
}

/// The handshake is complete.
fn established_from_syn_recv(sk: &mut Sock, seg: &Segment, cx: &mut Cx) {
    tcp_count_delivered(sk, 1, false);
    if sk.rtt.srtt_us == 0 {
        let rtt = sk.synack_sent.map(|sent| super::rtt::rtt_since(sent, cx));
        tcp_synack_rtt_meas(sk, rtt, cx);
    }
    if sk.rx_opt.tstamp_ok {
        sk.advmss = sk.advmss.saturating_sub(TSTAMP_ALIGNED);
    }
    if !end_fastopen_handshake(sk, cx) {
        tcp_try_undo_spurious_syn(sk, cx);
        sk.loss.retrans_stamp = None;
        tcp_init_transfer(sk, cx);
        let rcv_nxt = sk.rcv.nxt;
        sk.recv_queue.init(rcv_nxt);
    }
    tcp_set_state(sk, Event::RecvAckOfSyn, cx);
    cx.wake(sk.id, Wake::StateChange);
    sk.snd.una = seg.ack;
    sk.snd.wnd = u32::from(seg.wnd) << sk.rx_opt.snd_wscale;
    sk.snd.wl1 = seg.seq;
    tcp_update_pacing_rate(sk, cx);
    sk.total.lsndtime = cx.now;
    tcp_initialize_rcv_mss(sk);
    if sk.ecn.mode == EcnMode::AccEcn {
        tcp_accecn_third_ack(sk, seg, cx);
    }
    tcp_fast_path_on(sk);
    if sk.shutdown.snd && !cx.mutant(Mutant::EarlyShutdownForgotten) {
        tcp_shutdown_write(sk, cx);
    }
}

/// The child of a Fast Open was there before; says whether this is one.
fn end_fastopen_handshake(sk: &mut Sock, cx: &mut Cx) -> bool {
    let is_open = sk.fastopen.rsk.is_some();
    if is_open {
        tcp_rcv_synrecv_state_fastopen(sk, cx);
    }
    is_open
}

/// A retransmitted SYN or SYN-ACK was unnecessary if the first one is echoed.
///
/// Linux: tcp_try_undo_spurious_syn
pub(super) fn tcp_try_undo_spurious_syn(sk: &mut Sock, cx: &Cx) {
    let first = sk.loss.retrans_stamp.map(|at| tcp_time_stamp(at, sk.tsoffset, cx));
    if sk.rx_opt.saw_tstamp && first == Some(sk.rx_opt.rcv_tsecr) {
        sk.loss.undo_marker = None;
    }
}

/// Linux: tcp_init_transfer
pub(crate) fn tcp_init_transfer(sk: &mut Sock, cx: &mut Cx) {
    tcp_mtup_init(sk, cx);
    tcp_init_metrics(sk, cx);
    // [RFC5681:3.1#3] A lost SYN says the path is congested.
    let syn_lost = sk.loss.total_retrans > 1 && sk.loss.undo_marker.is_some();
    let syn_lost = syn_lost && !cx.mutant(Mutant::SynLossForgotten);
    sk.cong.cw.snd_cwnd = if syn_lost { 1 } else { tcp_init_cwnd(sk, cx) };
    sk.cong.cwnd_stamp = cx.now;
    tcp_init_congestion_control(sk);
    tcp_init_buffer_space(sk, cx);
}

/// Our FIN is acknowledged: FIN-WAIT-2, and for an orphan the end of the socket.
fn fin_acked(sk: &mut Sock, seg: &Segment, cx: &mut Cx) -> Step {
    tcp_set_state(sk, Event::RecvAckOfFin, cx);
    sk.shutdown.snd = true;
    if !sk.dead {
        cx.wake(sk.id, Wake::StateChange);
        return ControlFlow::Continue(());
    }
    let text_end = seg.end_seq() - u32::from(seg.flags.fin());
    let new_data = seg.seq != seg.end_seq() && text_end.after(sk.rcv.nxt);
    let aborts = sk.opts.linger2_secs.is_some_and(|secs| secs < 0);
    let aborts = aborts && !cx.mutant(Mutant::LingerTwoIgnored);
    if !aborts && new_data && sk.fastopen.syn_fastopen && seg.flags.fin() {
        tcp_fastopen_active_disable(cx);
    }
    if aborts || (new_data && !cx.mutant(Mutant::OrphanLastData)) {
        cx.mib.inc(Counter::TcpExtTCPAbortOnData);
        tcp_done(sk, Event::Abort, cx);
        return ControlFlow::Break(Disposition::Reset(ResetReason::TcpAbortOnData));
    }
    let timeo = tcp_fin_time(sk, cx);
    let tw_len = cx.hz.msecs_to_jiffies(TCP_TIMEWAIT_LEN_MS);
    if timeo > tw_len {
        reset_keepalive_timer(sk, timeo - tw_len, cx);
    } else if seg.flags.fin() {
        // The FIN is in this very segment; the next steps take it.
        reset_keepalive_timer(sk, timeo, cx);
    } else {
        tcp_time_wait(sk, timeo, cx);
        return ControlFlow::Break(Disposition::Consumed);
    }
    ControlFlow::Continue(())
}

/// Seventh and eighth: the text, and the FIN behind it.
fn process_text(
    sk: &mut Sock,
    seg: &Segment,
    cx: &mut Cx,
) -> ControlFlow<Disposition, Disposition> {
    match sk.state() {
        TcpState::CloseWait | TcpState::Closing | TcpState::LastAck
            if !seg.seq.before(sk.rcv.nxt) && !cx.mutant(Mutant::TextAfterFin) =>
        {
            // [RFC9293:3.10.7.4#22] After the peer's FIN there is no text to expect.
            return ControlFlow::Continue(Disposition::Consumed);
        }
        TcpState::CloseWait
        | TcpState::Closing
        | TcpState::LastAck
        | TcpState::FinWait1
        | TcpState::FinWait2 => {
            let text_end = seg.end_seq() - u32::from(seg.flags.fin());
            let new_data = seg.seq != seg.end_seq() && text_end.after(sk.rcv.nxt);
            if sk.shutdown.rcv && new_data && !cx.mutant(Mutant::OrphanTakesData) {
                // [RFC9293:SHLD-3] Nobody will ever read it, and the peer has to know.
                cx.mib.inc(Counter::TcpExtTCPAbortOnData);
                tcp_reset(sk, Event::Abort, cx);
                return ControlFlow::Break(Disposition::Reset(ResetReason::TcpAbortOnData));
            }
        }
        TcpState::Established => {}
        TcpState::SynSent
        | TcpState::SynRecv
        | TcpState::TimeWait
        | TcpState::Close
        | TcpState::Listen
        | TcpState::NewSynRecv => return ControlFlow::Continue(Disposition::Consumed),
    }
    ControlFlow::Continue(tcp_data_queue(sk, seg, cx))
}
