//! Probes: of a closed window, of a silent peer, and of a flight whose tail may be lost.
//!
//! RFC 9293 §3.8.6.1, §3.8.4, RFC 8985 §7 · Linux: tcp_write_wakeup, tcp_send_probe0,
//! tcp_send_loss_probe, tcp_schedule_loss_probe (net/ipv4/tcp_output.c)

use super::clock::{departure_time, tcp_mstamp_refresh};
use super::mss::tcp_current_mss;
use super::options::tcp_wnd_end;
use super::retransmit::{fragment_rtx, resend};
use super::transmit::{Outgoing, tcp_transmit_skb};
use super::write::{Amount, head_sent, tcp_write_xmit};
use crate::congestion::CaState;
use crate::cx::Cx;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::qdisc::Xmit;
use crate::sock::control_block::{TCP_RTO_MIN_MS, TCP_TIMEOUT_INIT_MS};
use crate::sock::{NonAgle, Sock, TCP_DELACK_MAX_MS};
use crate::state::TcpState;
use crate::timer::{
    Timer, tcp_clamp_probe0_to_user_timeout, tcp_rearm_rto, tcp_reset_paced_timer,
    tcp_reset_xmit_timer, tcp_rto_delta_us, tcp_rto_max, tcp_rto_min_us,
};
use crate::wire::Flags;

/// Half a second: TCP_RESOURCE_PROBE_INTERVAL.
pub(crate) const RESOURCE_PROBE_INTERVAL_MS: u32 = 500;
/// Doublings that lead from TCP_RTO_MIN beyond TCP_RTO_MAX.
const MOST_DOUBLINGS: u32 = 10;
/// The least delay of a probe before 4.13.
const LEAST_PROBE_DELAY_MS: u32 = 10;
/// TCP_TIMEOUT_MIN_US: two milliseconds.
const TCP_TIMEOUT_MIN_US: u64 = 2000;

/// Base of the probing interval.
///
/// Linux: tcp_probe0_base (include/net/tcp.h)
fn tcp_probe0_base(sk: &Sock, cx: &Cx) -> u32 {
    sk.loss.rto.max(cx.hz.msecs_to_jiffies(TCP_RTO_MIN_MS))
}

/// Interval to the next probe, doubled with each.
///
/// [RFC9293:SHLD-30] · Linux: tcp_probe0_when (include/net/tcp.h)
pub(crate) fn tcp_probe0_when(sk: &Sock, max_when: u32, cx: &Cx) -> u32 {
    let when = u64::from(tcp_probe0_base(sk, cx)) << sk.loss.backoff.min(MOST_DOUBLINGS);
    u32::try_from(when).unwrap_or(u32::MAX).min(max_when)
}

/// Something waits and nothing is in flight: an opening of the window might get lost.
///
/// [RFC9293:MUST-36] · Linux: tcp_check_probe_timer (include/net/tcp.h)
pub(crate) fn tcp_check_probe_timer(sk: &mut Sock, cx: &Cx) {
    if cx.mutant(Mutant::WindowNotProbed) {
        return;
    }
    if sk.loss.packets_out == 0 && sk.timers.pending().is_none() {
        let when = tcp_probe0_base(sk, cx);
        tcp_reset_paced_timer(sk, Timer::Probe0, when, cx);
    }
}

/// Sends one probe of a closed window and schedules the next.
///
/// Linux: tcp_send_probe0 (net/ipv4/tcp_output.c)
pub(crate) fn tcp_send_probe0(sk: &mut Sock, cx: &mut Cx) {
    let woken = tcp_write_wakeup(sk, Counter::TcpExtTCPWinProbe, cx);
    if sk.loss.packets_out != 0 || sk.write_queue.is_unsent_empty() {
        sk.loss.probes_out = 0;
        sk.loss.backoff = 0;
        sk.loss.probes_since = None;
        return;
    }
    sk.loss.probes_out += 1;
    let when = if woken == Xmit::Dropped {
        // Nobody outside is to blame: try again soon, without backing off.
        cx.hz.msecs_to_jiffies(RESOURCE_PROBE_INTERVAL_MS)
    } else {
        if sk.loss.backoff < u32::from(cx.sysctl.tcp_retries2) {
            sk.loss.backoff += 1;
        }
        if cx.mutant(Mutant::ProbeNoBackoff) {
            sk.loss.backoff = 0;
        }
        tcp_probe0_when(sk, tcp_rto_max(sk), cx)
    };
    let when = tcp_clamp_probe0_to_user_timeout(sk, when, cx);
    tcp_reset_paced_timer(sk, Timer::Probe0, when, cx);
}

/// Sends what fits into the window, or a segment that only asks for an ACK.
///
/// Linux: tcp_write_wakeup (net/ipv4/tcp_output.c)
pub(crate) fn tcp_write_wakeup(sk: &mut Sock, counter: Counter, cx: &mut Cx) -> Xmit {
    if sk.state() == TcpState::Close {
        return Xmit::Sent;
    }
    let wnd_end = tcp_wnd_end(sk);
    let head = sk.write_queue.send_head().map(|head| (head.seq, head.end_seq(), head.len()));
    if let Some((seq, end_seq, len)) = head.filter(|(seq, ..)| seq.before(wnd_end)) {
        let mss = tcp_current_mss(sk, cx);
        let room = wnd_end - seq;
        if sk.snd.pushed_seq.before(end_seq) {
            sk.snd.pushed_seq = end_seq;
        }
        if room < end_seq - seq || len > mss {
            let fit = usize::try_from(room.min(mss)).unwrap_or(usize::MAX);
            sk.write_queue.fragment_send_head(fit);
        }
        let departs = departure_time(sk);
        let Some(head) = sk.write_queue.send_head_mut() else { return Xmit::Sent };
        head.set_tso_segs(mss.max(1));
        head.flags |= Flags::PSH;
        let out = Outgoing::of(head);
        let xmit = tcp_transmit_skb(sk, out, cx);
        if !xmit.failed() {
            head_sent(sk, departs, cx);
        }
        return xmit;
    }
    if sk.snd.urg_mode && sk.snd.up.between(sk.snd.una + 1, sk.snd.una + 0xffff) {
        tcp_xmit_probe_skb(sk, true, counter, cx);
    }
    tcp_xmit_probe_skb(sk, false, counter, cx)
}

/// An empty segment with an old sequence number, which must be answered.
///
/// Linux: tcp_xmit_probe_skb (net/ipv4/tcp_output.c)
fn tcp_xmit_probe_skb(sk: &mut Sock, urgent: bool, counter: Counter, cx: &mut Cx) -> Xmit {
    let seq = sk.snd.una - u32::from(!urgent);
    cx.mib.inc(counter);
    tcp_transmit_skb(sk, Outgoing::empty(seq, Flags::ACK), cx)
}

/// A segment whose answer tells the peer's window.
///
/// Linux: tcp_send_window_probe (net/ipv4/tcp_output.c)
pub(crate) fn tcp_send_window_probe(sk: &mut Sock, cx: &mut Cx) {
    if sk.state() == TcpState::Established {
        sk.snd.wl1 = sk.rcv.nxt - 1;
        tcp_mstamp_refresh(sk, cx);
        tcp_xmit_probe_skb(sk, false, Counter::TcpExtTCPWinProbe, cx);
    }
}

/// Arms the tail loss probe, unless the retransmission timer would be earlier anyway.
///
/// RFC 8985 §7.2 · Linux: tcp_schedule_loss_probe (net/ipv4/tcp_output.c)
pub(crate) fn tcp_schedule_loss_probe(sk: &mut Sock, advancing_rto: bool, cx: &Cx) -> bool {
    if cx.mutant(Mutant::NoTlp) {
        return false;
    }
    let enabled = matches!(cx.sysctl.tcp_early_retrans, 3 | 4) && sk.fastopen.rsk.is_none();
    let calm = matches!(sk.loss.ca_state, CaState::Open | CaState::Cwr);
    if cx.kernel.tlp_of_draft {
        return schedule_as_in_draft(sk, enabled, advancing_rto, cx);
    }
    if !enabled || sk.loss.packets_out == 0 || !sk.rx_opt.sack_ok || !calm {
        return false;
    }
    let mut timeout_us = u64::from(TCP_TIMEOUT_INIT_MS) * 1000;
    if sk.rtt.srtt_us != 0 {
        timeout_us = u64::from(sk.rtt.srtt_us >> 2);
        timeout_us += if sk.loss.packets_out == 1 {
            u64::from(tcp_rto_min_us(sk, cx))
        } else {
            TCP_TIMEOUT_MIN_US
        };
    }
    let mut timeout = cx.hz.usecs_to_jiffies(timeout_us);
    let rto_us = if advancing_rto {
        cx.hz.jiffies_to_usecs(sk.loss.rto).cast_signed()
    } else {
        tcp_rto_delta_us(sk, cx)
    };
    if let Some(rto_us) = u64::try_from(rto_us).ok().filter(|us| *us > 0) {
        timeout = timeout.min(cx.hz.usecs_to_jiffies(rto_us));
    }
    tcp_reset_paced_timer(sk, Timer::LossProbe, timeout, cx);
    true
}

/// The probe as it was proposed: after two round trips, one and a half and the delay of an ACK for a
/// lone segment, at least 10 ms. It takes the place of an armed retransmission timer, which an ACK
/// restarts before.
///
/// draft-dukkipati-tcpm-tcp-loss-probe-01 §2 · Linux: tcp_schedule_loss_probe (net/ipv4/tcp_output.c of 4.3)
fn schedule_as_in_draft(sk: &mut Sock, enabled: bool, advancing_rto: bool, cx: &Cx) -> bool {
    if advancing_rto {
        tcp_rearm_rto(sk, cx);
    }
    let more_may_go =
        sk.cong.cw.snd_cwnd > sk.loss.packets_in_flight() && !sk.write_queue.is_unsent_empty();
    let wanted = enabled
        && sk.timers.pending() == Some(Timer::Retransmit)
        && sk.rtt.srtt_us != 0
        && sk.loss.packets_out != 0
        && sk.rx_opt.sack_ok
        && sk.loss.ca_state == CaState::Open
        && !more_may_go;
    if wanted {
        let rtt = cx.hz.usecs_to_jiffies(u64::from(sk.rtt.srtt_us >> 3));
        let mut timeout = rtt << 1;
        if sk.loss.packets_out == 1 {
            let delack = cx.hz.msecs_to_jiffies(TCP_DELACK_MAX_MS);
            timeout = timeout.max(rtt + (rtt >> 1) + delack);
        }
        timeout = timeout.max(cx.hz.msecs_to_jiffies(LEAST_PROBE_DELAY_MS));
        let rto = sk.timers.icsk_timeout().since(cx.jiffies());
        if rto > 0 {
            timeout = timeout.min(rto);
        }
        tcp_reset_xmit_timer(sk, Timer::LossProbe, timeout, cx);
    }
    // Either way the timer is as it should be.
    true
}

/// Sends new data if there is some, else the last segment again, so that a lost tail is noticed
/// by SACK rather than by timeout.
///
/// RFC 8985 §7.3 · Linux: tcp_send_loss_probe (net/ipv4/tcp_output.c)
pub(crate) fn tcp_send_loss_probe(sk: &mut Sock, cx: &mut Cx) {
    sk.timers.stop(Timer::LossProbe);
    let is_sent = sk.loss.tlp_high_seq.is_none() && send_probe(sk, cx);
    if is_sent {
        sk.loss.tlp_high_seq = Some(sk.snd.nxt);
        cx.mib.inc(Counter::TcpExtTCPLossProbes);
    }
    if cx.kernel.tlp_of_draft {
        return tcp_reset_xmit_timer(sk, Timer::Retransmit, sk.loss.rto, cx);
    }
    if !is_sent {
        // Only a probe starts the timeout anew: without one the time since the last segment counts.
        sk.timers.arm_exact(Timer::LossProbe, cx.now);
    }
    tcp_rearm_rto(sk, cx);
    if sk.timers.is_armed(Timer::LossProbe) {
        sk.timers.stop(Timer::LossProbe);
    }
}

fn send_probe(sk: &mut Sock, cx: &mut Cx) -> bool {
    sk.loss.tlp_retrans = false;
    let mss = tcp_current_mss(sk, cx).max(1);
    let wnd_end = tcp_wnd_end(sk);
    if let Some(head) = sk.write_queue.send_head() {
        let end = if head.len() > mss { head.seq + mss } else { head.end_seq() };
        if !end.after(wnd_end) && !cx.mutant(Mutant::TlpOldData) {
            let before = sk.loss.packets_out;
            tcp_write_xmit(sk, mss, NonAgle::OFF, Amount::Probe, cx);
            return sk.loss.packets_out > before;
        }
    }
    let Some(mut last) = sk.write_queue.rtx_len().checked_sub(1) else { return false };
    let Some(chunk) = sk.write_queue.rtx_get(last) else { return false };
    let before_last = chunk.pcount().saturating_sub(1) * mss;
    if chunk.pcount() > 1 && chunk.len() > before_last && fragment_rtx(sk, last, before_last) {
        last += 1;
    }
    sk.loss.tlp_retrans = resend(sk, last, 1, cx).is_ok();
    sk.loss.tlp_retrans
}
