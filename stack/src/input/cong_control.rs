//! What an acknowledgement does to the congestion window.
//!
//! RFC 5681 §3.1, RFC 9937 · Linux: tcp_cong_control, tcp_cwnd_reduction, tcp_may_raise_cwnd
//! (net/ipv4/tcp_input.c)

use super::ack::AckFlags;
use super::clean_rtx::Before;
use super::rtt::tcp_update_pacing_rate;
use crate::congestion::prr::Delivery;
use crate::congestion::{AckSample, SlowStartExit};
use crate::cx::Cx;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::output::pacing::Pacing;
use crate::seq::Seq;
use crate::sock::Sock;

/// Reduces or grows the congestion window.
///
/// Linux: tcp_cong_control, tcp_cong_avoid
pub(super) fn tcp_cong_control(
    sk: &mut Sock,
    ack: Seq,
    before: &Before,
    (flags, sample): (AckFlags, Option<AckSample>),
    cx: &mut Cx,
) {
    let acked_sacked = sk.total.delivered.wrapping_sub(before.delivered);
    if let Some(sample) = sample {
        let exit = sk.cong.algorithm.ops().pkts_acked(&mut sk.cong.cw, &sample);
        count_exit(exit, sk.cong.cw.snd_cwnd, cx);
    }
    if sk.loss.in_cwnd_reduction() {
        let seen = delivery(acked_sacked, sk.loss.lost.wrapping_sub(before.lost), flags, cx);
        let in_flight = sk.loss.packets_in_flight();
        sk.loss.prr.tcp_cwnd_reduction(&mut sk.cong.cw, in_flight, seen);
    } else if tcp_may_raise_cwnd(sk, flags, cx) && !cx.mutant(Mutant::NoGrowth) {
        let grow = AckSample { acked: acked_sacked, rtt_us: None, ..ack_sample(sk, ack, cx) };
        sk.cong.algorithm.ops().cong_avoid(&mut sk.cong.cw, &grow);
        sk.cong.cwnd_stamp = cx.now;
    }
    tcp_update_pacing_rate(sk, cx);
}

/// What PRR hears of an ACK. It grew a bonus segment for every ACK that repairs something, where it
/// once conserved packets unless a retransmission arrived.
///
/// Linux: tcp_cwnd_reduction (net/ipv4/tcp_input.c, of 4.3 too)
fn delivery(newly_acked_sacked: u32, newly_lost: u32, flags: AckFlags, cx: &Cx) -> Delivery {
    let snd_una_advanced = flags.snd_una_advanced && !cx.mutant(Mutant::PrrNoSlowStart);
    if !cx.kernel.prr_conservative {
        return Delivery { newly_acked_sacked, newly_lost, snd_una_advanced, conserves: false };
    }
    let conserves = !flags.retrans_data_acked || flags.lost_retrans;
    Delivery { newly_acked_sacked, newly_lost: 0, snd_una_advanced: true, conserves }
}

/// What every acknowledgement tells, before its segments and its round trip are known.
pub(super) fn ack_sample(sk: &Sock, ack: Seq, cx: &Cx) -> AckSample {
    AckSample {
        now: cx.now,
        ack,
        acked: 0,
        rtt_us: None,
        snd_nxt: sk.snd.nxt,
        pacing_rate: sk.pacing_rate,
        is_paced: sk.pacing != Pacing::None,
    }
}

/// Counts how slow start ended (Linux: hystart_update).
fn count_exit(exit: Option<SlowStartExit>, cwnd: u32, cx: &mut Cx) {
    let Some(exit) = exit else { return };
    if exit.train {
        cx.mib.inc(Counter::TcpExtTCPHystartTrainDetect);
        cx.mib.add(Counter::TcpExtTCPHystartTrainCwnd, u64::from(cwnd));
    }
    if exit.delay {
        cx.mib.inc(Counter::TcpExtTCPHystartDelayDetect);
        cx.mib.add(Counter::TcpExtTCPHystartDelayCwnd, u64::from(cwnd));
    }
}

/// Linux: tcp_may_raise_cwnd
fn tcp_may_raise_cwnd(sk: &Sock, flags: AckFlags, cx: &Cx) -> bool {
    if sk.loss.reordering > cx.sysctl.tcp_reordering.unsigned_abs() {
        flags.forward_progress()
    } else {
        flags.data_acked
    }
}
