//! SYN-SENT: the answer to our SYN, or the peer's SYN crossing it.
//!
//! RFC 9293 §3.10.7.3 · Linux: tcp_rcv_synsent_state_process, tcp_finish_connect
//! (net/ipv4/tcp_input.c)

use std::ops::ControlFlow;

use super::ack::{AckPath, tcp_ack};
use super::ecn::{tcp_ecn_rcv_syn, tcp_ecn_rcv_synack};
use super::predict::tcp_fast_path_on;
use super::reset::tcp_reset;
use super::state_process::{tcp_init_transfer, tcp_try_undo_spurious_syn};
use super::urgent::tcp_urg;
use super::validate::tcp_paws_check;
use super::{Disposition, DropReason, ResetReason, Step, drop_for};
use crate::accecn::tcp_send_ack_reflect_ect;
use crate::cx::Cx;
use crate::effect::Wake;
use crate::fastopen::tcp_rcv_fastopen_synack;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::net::TCP_HEADER_LEN;
use crate::output::ack::{TCP_MAX_QUICKACKS, in_pingpong_mode, tcp_enter_quickack_mode};
use crate::output::ecn::tcp_ecn_send_synack;
use crate::output::mss::{tcp_initialize_rcv_mss, tcp_mss_clamp, tcp_sync_mss};
use crate::output::mtu_probe::tcp_mtup_init;
use crate::output::options::{TSTAMP_ALIGNED, tcp_time_stamp};
use crate::output::reset::tcp_v4_send_reset;
use crate::output::transmit::{Outgoing, tcp_transmit_skb};
use crate::output::write::tcp_data_snd_check;
use crate::seq::Seq;
use crate::sock::{EcnMode, Sock};
use crate::state::{Event, tcp_set_state};
use crate::timer::{
    TCP_TIMEOUT_MIN, Timer, keepalive_time_when, reset_keepalive_timer, tcp_reset_xmit_timer,
};
use crate::wire::{Flags, Segment};

/// TCP_DELACK_MAX: HZ/5
const TCP_DELACK_MAX_MS: u32 = 200;

/// Processes a segment in SYN-SENT.
pub(super) fn tcp_rcv_synsent_state_process(
    sk: &mut Sock,
    seg: &Segment,
    cx: &mut Cx,
) -> Disposition {
    let disposition = match steps(sk, seg, cx) {
        ControlFlow::Break(disposition) => disposition,
        ControlFlow::Continue(()) => Disposition::Consumed,
    };
    if let Disposition::Reset(_) = disposition {
        tcp_v4_send_reset(sk.md5_key(), seg, cx);
    }
    disposition
}

fn steps(sk: &mut Sock, seg: &Segment, cx: &mut Cx) -> Step {
    // A timestamp that was not offered is as good as none, whatever it echoes.
    let taken = sk.rx_opt.ts_offered && cx.sysctl.tcp_timestamps != 0;
    let ts = seg.options.ts.filter(|_| taken);
    sk.rx_opt.saw_tstamp = ts.is_some();
    if let Some(ts) = ts {
        sk.rx_opt.rcv_tsval = ts.val;
        sk.rx_opt.rcv_tsecr = ts.ecr;
    }
    if seg.flags.ack() {
        check_ack(sk, seg, cx)?; // first
        if seg.flags.rst() {
            // [RFC9293:3.10.7.3#3] second: a reset with an acceptable ACK refuses the connection.
            if seg.flags.syn() {
                take_options(sk, seg);
            }
            tcp_reset(sk, Event::RecvRst, cx);
            return ControlFlow::Break(Disposition::Consumed);
        }
        if !seg.flags.syn() {
            return drop_for(DropReason::TcpFlags);
        }
        // fourth
        if recv_synack(sk, seg, cx) == Acked::AtOnce {
            tcp_urg(sk, seg, cx);
            tcp_data_snd_check(sk, cx);
        }
        return ControlFlow::Continue(());
    }
    if seg.flags.rst() {
        if cx.mutant(Mutant::SynSentRstBelieved) {
            tcp_reset(sk, Event::RecvRst, cx);
        }
        return drop_for(DropReason::TcpReset);
    }
    if sk.rx_opt.saw_tstamp && !tcp_paws_check(&sk.rx_opt, 0, cx) {
        return drop_for(DropReason::TcpRfc7323Paws);
    }
    if !seg.flags.syn() {
        return drop_for(DropReason::TcpFlags); // fifth
    }
    recv_syn(sk, seg, cx);
    ControlFlow::Continue(())
}

/// First: the ACK must be of our SYN, and echo a timestamp of ours.
fn check_ack(sk: &mut Sock, seg: &Segment, cx: &mut Cx) -> Step {
    let acceptable = seg.ack.after(sk.snd.una) && !seg.ack.after(sk.snd.nxt);
    if !acceptable && !cx.mutant(Mutant::SynackAnyAck) {
        // [RFC9293:3.10.7.3#1] Something is left of an old connection: reset it and try again soon.
        if sk.loss.retransmits == 0 && cx.kernel.syn_retry_soon {
            tcp_reset_xmit_timer(sk, Timer::Retransmit, TCP_TIMEOUT_MIN, cx);
        }
        if cx.mutant(Mutant::SynSentAckMute) {
            return drop_for(DropReason::TcpInvalidAckSequence);
        }
        return reset_for(
            seg,
            ResetReason::TcpInvalidAckSequence,
            DropReason::TcpInvalidAckSequence,
        );
    }
    let ecr = Seq(sk.rx_opt.rcv_tsecr);
    if let Some(first) = sk.loss.retrans_stamp.filter(|_| sk.rx_opt.saw_tstamp && ecr.0 != 0) {
        let low = Seq(tcp_time_stamp(first, sk.tsoffset, cx));
        if !ecr.between(low, Seq(tcp_time_stamp(cx.now, sk.tsoffset, cx))) {
            cx.mib.inc(Counter::TcpExtPAWSActive);
            return reset_for(seg, ResetReason::TcpRfc7323PawsAck, DropReason::TcpRfc7323PawsAck);
        }
    }
    ControlFlow::Continue(())
}

/// A reset is never answered.
const fn reset_for(seg: &Segment, reset: ResetReason, drop: DropReason) -> Step {
    if seg.flags.rst() { drop_for(drop) } else { ControlFlow::Break(Disposition::Reset(reset)) }
}

/// When a SYN-ACK is acknowledged.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Acked {
    AtOnce,
    /// With data that is expected to follow. Nothing else of the segment is looked at.
    Later,
}

/// Fourth, with ACK: the connection is established.
fn recv_synack(sk: &mut Sock, seg: &Segment, cx: &mut Cx) -> Acked {
    sk.snd.wl1 = seg.seq;
    tcp_ecn_rcv_synack(sk, seg, cx);
    take_options(sk, seg);
    if !cx.mutant(Mutant::ScaleOneSided) {
        end_scaling(sk);
    }
    tcp_try_undo_spurious_syn(sk, cx);
    // Whether it is acceptable was checked above.
    let _acceptable = tcp_ack(sk, seg, AckPath::Slow, cx);
    take_tstamp_ok(sk, cx);
    sk.rcv.nxt = seg.seq + 1;
    sk.rcv.irs = seg.seq;
    sk.rcv.wup = sk.rcv.nxt;
    sk.snd.wnd = u32::from(seg.wnd);
    if cx.mutant(Mutant::SynWindowScaled) {
        sk.snd.wnd <<= sk.rx_opt.snd_wscale;
    }
    if sk.rx_opt.tstamp_ok {
        sk.advmss = sk.advmss.saturating_sub(TSTAMP_ALIGNED);
    }
    tcp_sync_mss(sk, sk.pmtu_cookie, cx);
    tcp_initialize_rcv_mss(sk);
    let rcv_nxt = sk.rcv.nxt;
    sk.recv_queue.init(rcv_nxt);
    tcp_finish_connect(sk, cx);
    if tcp_rcv_fastopen_synack(sk, seg, cx) {
        return Acked::AtOnce;
    }
    if sk.write_pending || sk.opts.defer_accept != 0 || in_pingpong_mode(sk, cx) {
        // Save one ACK: data is expected to follow at once.
        sk.ack.sched = true;
        tcp_enter_quickack_mode(sk, TCP_MAX_QUICKACKS, cx);
        sk.ack.timer = true;
        let asked = cx.timer(cx.hz.msecs_to_jiffies(TCP_DELACK_MAX_MS));
        sk.ack.timeout = asked.expires;
        sk.timers.arm(Timer::Delack, asked);
        Acked::Later
    } else {
        tcp_send_ack_reflect_ect(sk, sk.ecn.mode == EcnMode::AccEcn, cx);
        Acked::AtOnce
    }
}

/// Linux: tcp_finish_connect
pub(crate) fn tcp_finish_connect(sk: &mut Sock, cx: &mut Cx) {
    tcp_set_state(sk, Event::RecvSynAck, cx);
    sk.ack.lrcvtime = cx.now;
    tcp_init_transfer(sk, cx);
    sk.total.lsndtime = cx.now;
    if sk.opts.keepalive && !cx.mutant(Mutant::ActiveKeepaliveOff) {
        let time = keepalive_time_when(sk, cx);
        reset_keepalive_timer(sk, time, cx);
    }
    sk.rcv.pred_flags = 0;
    if sk.rx_opt.snd_wscale == 0 {
        tcp_fast_path_on(sk);
    }
    cx.wake(sk.id, Wake::StateChange);
}

/// Fourth, without ACK: the SYNs crossed.
///
/// [RFC9293:MUST-10] · Differs: Linux offers window scaling in the SYN-ACK although the SYN did
/// not, which RFC 7323 §2.2 forbids.
fn recv_syn(sk: &mut Sock, seg: &Segment, cx: &mut Cx) {
    tcp_set_state(sk, Event::RecvSyn, cx);
    take_options(sk, seg);
    end_scaling(sk);
    take_tstamp_ok(sk, cx);
    sk.rcv.nxt = seg.seq + 1;
    sk.rcv.irs = seg.seq;
    sk.rcv.wup = sk.rcv.nxt;
    let rcv_nxt = sk.rcv.nxt;
    sk.recv_queue.init(rcv_nxt);
    sk.snd.wnd = u32::from(seg.wnd);
    sk.snd.wl1 = seg.seq;
    sk.snd.max_window = sk.snd.wnd;
    tcp_ecn_rcv_syn(sk, seg);
    tcp_mtup_init(sk, cx);
    tcp_sync_mss(sk, sk.pmtu_cookie, cx);
    tcp_initialize_rcv_mss(sk);
    if !cx.mutant(Mutant::CrossedSynMute) {
        tcp_send_synack(sk, cx);
    }
}

/// Our SYN goes out again, now with an ACK.
///
/// Linux: tcp_send_synack (net/ipv4/tcp_output.c)
fn tcp_send_synack(sk: &mut Sock, cx: &mut Cx) {
    let Some(flags) = sk.write_queue.rtx_head().map(|syn| syn.flags) else { return };
    let flags = tcp_ecn_send_synack(sk, flags | Flags::ACK);
    let Some(syn) = sk.write_queue.rtx_head_mut() else { return };
    syn.flags = flags;
    syn.sent_at = cx.now;
    let out = Outgoing::empty(syn.seq, syn.flags);
    tcp_transmit_skb(sk, out, cx);
}

/// What the peer's SYN agreed to.
///
/// Linux: tcp_parse_options and its users in tcp_rcv_synsent_state_process
fn take_options(sk: &mut Sock, seg: &Segment) {
    if let Some(announced) = seg.options.mss {
        sk.rx_opt.mss_clamp = tcp_mss_clamp(sk.rx_opt.user_mss, u32::from(announced));
    }
    // What was not offered is not agreed to, whatever the peer sends.
    sk.rx_opt.sack_ok = seg.options.sack_permitted && sk.rx_opt.sack_offered;
    let wscale = seg.options.wscale.filter(|_| sk.rx_opt.wscale_offered);
    sk.rx_opt.wscale_ok = wscale.is_some();
    sk.rx_opt.snd_wscale = wscale.unwrap_or(0);
}

/// Windows are not scaled if the peer does not scale its own.
fn end_scaling(sk: &mut Sock) {
    if !sk.rx_opt.wscale_ok {
        sk.rx_opt.rcv_wscale = 0;
        sk.rcv.window_clamp = sk.rcv.window_clamp.min(65_535);
    }
}

/// Timestamps are in use, or not; until now headers were counted with them if they were offered.
fn take_tstamp_ok(sk: &mut Sock, cx: &Cx) {
    sk.tcp_header_len = TCP_HEADER_LEN;
    sk.rx_opt.tstamp_ok = sk.rx_opt.saw_tstamp || cx.mutant(Mutant::TimestampsOneSided);
    if sk.rx_opt.tstamp_ok {
        sk.tcp_header_len += TSTAMP_ALIGNED;
        sk.rx_opt.ts_recent = sk.rx_opt.rcv_tsval;
        sk.rx_opt.ts_recent_stamp = Some(cx.now);
    }
}
