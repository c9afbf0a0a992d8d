//! Arming the retransmission timer for its four purposes.
//!
//! RFC 6298 §5 · Linux: inet_csk_reset_xmit_timer (include/net/inet_connection_sock.h),
//! tcp_rearm_rto (net/ipv4/tcp_input.c), tcp_clamp_rto_to_user_timeout (net/ipv4/tcp_timer.c)

use super::{Timer, tcp_rto_max_ms};
use crate::cx::Cx;
use crate::output::pacing::tcp_pacing_delay_ms;
use crate::sock::Sock;
use crate::time::timer_deadline;

/// Arms `timer` to go off `when_ms` from now, at most the largest RTO away.
///
/// Linux: tcp_reset_xmit_timer (include/net/tcp.h)
pub(crate) fn tcp_reset_xmit_timer(sk: &mut Sock, timer: Timer, when_ms: u32, cx: &Cx) {
    let when_ms = when_ms.min(tcp_rto_max_ms(sk)).max(1);
    sk.timers.arm(timer, timer_deadline(cx.now, u64::from(when_ms)));
}

/// Like [`tcp_reset_xmit_timer`], counted from when pacing lets the last packet depart.
///
/// Linux: tcp_reset_xmit_timer with pace_delay (include/net/tcp.h)
pub(crate) fn tcp_reset_paced_timer(sk: &mut Sock, timer: Timer, when_ms: u32, cx: &Cx) {
    let delay_ms = tcp_pacing_delay_ms(sk, cx);
    tcp_reset_xmit_timer(sk, timer, when_ms.saturating_add(delay_ms), cx);
}

/// Restarts the retransmission timer after progress, or stops it when nothing is in flight.
///
/// RFC 6298 §5.2, §5.3 · Linux: tcp_rearm_rto (net/ipv4/tcp_input.c)
pub(crate) fn tcp_rearm_rto(sk: &mut Sock, cx: &Cx) {
    if sk.fastopen.rsk.is_some() {
        // The timer is the SYN-ACK's.
        return;
    }
    if sk.loss.packets_out == 0 {
        sk.timers.stop(Timer::Retransmit);
        return;
    }
    let mut rto_ms = sk.loss.rto_ms;
    if matches!(sk.timers.pending(), Some(Timer::ReoTimeout | Timer::LossProbe)) {
        // These stood in for the retransmission timer; the time they took counts.
        let delta_us = u64::try_from(tcp_rto_delta_us(sk, cx)).unwrap_or(0).max(1);
        rto_ms = u32::try_from(delta_us.div_ceil(1000)).unwrap_or(u32::MAX);
    }
    tcp_reset_paced_timer(sk, Timer::Retransmit, rto_ms, cx);
}

/// Microseconds until the oldest segment in flight reaches its RTO; negative when it has.
///
/// Linux: tcp_rto_delta_us (include/net/tcp.h)
pub(crate) fn tcp_rto_delta_us(sk: &Sock, cx: &Cx) -> i64 {
    let rto_us = u64::from(sk.loss.rto_ms) * 1000;
    let Some(head) = sk.write_queue.rtx_head() else { return rto_us.cast_signed() };
    let due = head.sent_at.plus_micros(rto_us).as_micros();
    due.cast_signed() - cx.now.as_micros().cast_signed()
}

/// The RTO, shortened so that TCP_USER_TIMEOUT is noticed in time.
///
/// RFC 5482 §3 · Linux: tcp_clamp_rto_to_user_timeout (net/ipv4/tcp_timer.c)
pub(super) fn tcp_clamp_rto_to_user_timeout(sk: &Sock, cx: &Cx) -> u32 {
    let user_timeout = u64::from(sk.opts.user_timeout_ms);
    let Some(since) = sk.loss.retrans_stamp.filter(|_| user_timeout != 0) else {
        return sk.loss.rto_ms;
    };
    let elapsed = cx.now.as_millis().saturating_sub(since.as_millis());
    let remaining = user_timeout.saturating_sub(elapsed).max(1);
    sk.loss.rto_ms.min(u32::try_from(remaining).unwrap_or(u32::MAX))
}

/// The probing interval, shortened in the same way.
///
/// Linux: tcp_clamp_probe0_to_user_timeout (net/ipv4/tcp_timer.c)
pub(crate) fn tcp_clamp_probe0_to_user_timeout(sk: &Sock, when_ms: u32, cx: &Cx) -> u32 {
    let user_timeout = u64::from(sk.opts.user_timeout_ms);
    let Some(since) = sk.loss.probes_since.filter(|_| user_timeout != 0) else {
        return when_ms;
    };
    let elapsed = cx.now.as_millis().saturating_sub(since.as_millis());
    let remaining = user_timeout.saturating_sub(elapsed).max(2);
    when_ms.min(u32::try_from(remaining).unwrap_or(u32::MAX))
}
