//! The retransmission timeout.
//!
//! RFC 6298 §5.4–5.7 · Linux: tcp_retransmit_timer (net/ipv4/tcp_timer.c)

use super::rearm::{tcp_clamp_rto_to_user_timeout, tcp_reset_xmit_timer};
use super::write_timeout::{tcp_write_err, tcp_write_timeout};
use super::{Timer, tcp_rto_max};
use crate::congestion::{CaState, INFINITE_SSTHRESH, tcp_enter_loss, tcp_update_rto_stats};
use crate::cx::Cx;
use crate::fastopen::tcp_fastopen_synack_timer;
use crate::input::rtt::tcp_set_rto;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::output::probe::RESOURCE_PROBE_INTERVAL_MS;
use crate::output::retransmit::{NotSent, tcp_retransmit_skb};
use crate::sock::Sock;
use crate::state::{StateMask, TcpState};

/// TCP_THIN_LINEAR_RETRIES
const TCP_THIN_LINEAR_RETRIES: u32 = 6;

/// The oldest segment was not acknowledged in time: sends it again, and waits twice as long.
pub(super) fn tcp_retransmit_timer(sk: &mut Sock, cx: &mut Cx) {
    if cx.mutant(Mutant::RetransmitForgotten) || tcp_fastopen_synack_timer(sk, cx) {
        return;
    }
    if sk.loss.packets_out == 0 || sk.write_queue.is_rtx_empty() {
        return;
    }
    if sk.snd.wnd == 0 && !sk.dead && !sk.state().is_in(StateMask::CONNECTING) {
        return retransmit_into_closed_window(sk, cx);
    }
    cx.mib.inc(Counter::TcpExtTCPTimeouts);
    if !cx.mutant(Mutant::NeverGivesUp) && tcp_write_timeout(sk, cx) {
        return;
    }
    if sk.loss.retransmits == 0 {
        count_first(sk, cx);
    }
    tcp_enter_loss(sk, cx);
    tcp_update_rto_stats(sk, cx);
    if tcp_retransmit_skb(sk, 0, 1, cx) == Err(NotSent::Dropped) {
        let soon = cx.hz.msecs_to_jiffies(RESOURCE_PROBE_INTERVAL_MS);
        return tcp_reset_xmit_timer(sk, Timer::Retransmit, soon, cx);
    }
    back_off(sk, cx);
}

/// The peer shrank its window to nothing while data was in flight: that data is the probe.
fn retransmit_into_closed_window(sk: &mut Sock, cx: &mut Cx) {
    if tcp_rtx_probe0_timed_out(sk, cx) {
        return tcp_write_err(sk, cx);
    }
    tcp_enter_loss(sk, cx);
    // The oldest segment goes out even though it lies outside the window; if the link takes none
    // now, the timer goes on all the same.
    let _outside_window = tcp_retransmit_skb(sk, 0, 1, cx);
    back_off(sk, cx);
}

/// Whether a peer with a closed window has been silent for too long.
///
/// Linux: tcp_rtx_probe0_timed_out (net/ipv4/tcp_timer.c)
fn tcp_rtx_probe0_timed_out(sk: &Sock, cx: &Cx) -> bool {
    let user_timeout = sk.opts.user_timeout_ms;
    let sent = sk.write_queue.rtx_head().map(|head| head.sent_at);
    let since = sk.loss.retrans_stamp.or(sent).unwrap_or(cx.now);
    let elapsed_ms = cx.now.as_millis().saturating_sub(since.as_millis());
    let mut timeout = tcp_rto_max(sk).saturating_mul(2);
    if user_timeout != 0 {
        if elapsed_ms > u64::from(user_timeout) {
            return true;
        }
        timeout = timeout.min(cx.hz.msecs_to_jiffies(user_timeout));
    }
    // Counted to the tick the timer was asked for, not to the one it is late by.
    if sk.timers.icsk_timeout().since(cx.hz.jiffies(sk.total.rcv_tstamp)) <= timeout {
        return false;
    }
    let elapsed_ms = u32::try_from(elapsed_ms).unwrap_or(u32::MAX);
    cx.hz.msecs_to_jiffies(elapsed_ms) > timeout
}

/// RFC 6298 §5.5 · Linux: the end of tcp_retransmit_timer
fn back_off(sk: &mut Sock, cx: &Cx) {
    let thin = cx.sysctl.tcp_thin_linear_timeouts != 0 || sk.opts.thin_linear_timeouts;
    // tcp_stream_is_thin: few segments, and not because it has only begun.
    let is_thin = sk.loss.packets_out < 4 && sk.cong.cw.snd_ssthresh < INFINITE_SSTHRESH;
    let linear_syn = sk.state() == TcpState::SynSent
        && u32::from(sk.loss.total_rto) <= u32::from(cx.sysctl.tcp_syn_linear_timeouts);
    if sk.state() == TcpState::Established
        && thin
        && is_thin
        && sk.loss.retransmits <= TCP_THIN_LINEAR_RETRIES
    {
        sk.loss.backoff = 0;
        tcp_set_rto(sk, cx);
    } else if !linear_syn || cx.mutant(Mutant::SynBackoffAtOnce) {
        sk.loss.backoff += 1;
        if !cx.mutant(Mutant::NoBackoff) {
            sk.loss.rto = sk.loss.rto.saturating_mul(2).min(tcp_rto_max(sk));
        }
    }
    let when = tcp_clamp_rto_to_user_timeout(sk, cx);
    tcp_reset_xmit_timer(sk, Timer::Retransmit, when, cx);
}

fn count_first(sk: &Sock, cx: &mut Cx) {
    let sack = sk.rx_opt.sack_ok;
    let counter = match sk.loss.ca_state {
        CaState::Recovery if sack => Counter::TcpExtTCPSackRecoveryFail,
        CaState::Recovery => Counter::TcpExtTCPRenoRecoveryFail,
        CaState::Loss => Counter::TcpExtTCPLossFailures,
        CaState::Open | CaState::Cwr if sk.loss.sacked_out == 0 => return,
        // Disorder, or something was SACKed all the same.
        CaState::Disorder | CaState::Open | CaState::Cwr if sack => Counter::TcpExtTCPSackFailures,
        CaState::Disorder | CaState::Open | CaState::Cwr => Counter::TcpExtTCPRenoFailures,
    };
    cx.mib.inc(counter);
}
