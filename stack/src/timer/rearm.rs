//! Arming the retransmission timer for its four purposes.
//!
//! RFC 6298 §5 · Linux: inet_csk_reset_xmit_timer (include/net/inet_connection_sock.h),
//! tcp_rearm_rto (net/ipv4/tcp_input.c), tcp_clamp_rto_to_user_timeout (net/ipv4/tcp_timer.c)

use super::{Timer, tcp_rto_max};
use crate::cx::Cx;
use crate::output::pacing::tcp_pacing_delay;
use crate::sock::Sock;

/// TCP_TIMEOUT_MIN: two ticks.
pub(crate) const TCP_TIMEOUT_MIN: u32 = 2;

/// Arms `timer` to go off `when` ticks from now, at most the largest RTO away.
///
/// Linux: tcp_reset_xmit_timer (include/net/tcp.h)
pub(crate) fn tcp_reset_xmit_timer(sk: &mut Sock, timer: Timer, when: u32, cx: &Cx) {
    sk.timers.arm(timer, cx.timer(when.min(tcp_rto_max(sk))));
}

/// Like [`tcp_reset_xmit_timer`], counted from when pacing lets the last packet depart.
///
/// Linux: tcp_reset_xmit_timer with pace_delay (include/net/tcp.h)
pub(crate) fn tcp_reset_paced_timer(sk: &mut Sock, timer: Timer, when: u32, cx: &Cx) {
    let delay = tcp_pacing_delay(sk, cx);
    tcp_reset_xmit_timer(sk, timer, when.saturating_add(delay), cx);
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
    let mut rto = sk.loss.rto;
    let stands_in = Timer::stands_in_for_retransmit;
    if sk.timers.pending().is_some_and(stands_in) {
        // These stood in for the retransmission timer; the time they took counts.
        let delta_us = u64::try_from(tcp_rto_delta_us(sk, cx)).unwrap_or(0).max(1);
        rto = cx.hz.usecs_to_jiffies(delta_us);
    }
    tcp_reset_paced_timer(sk, Timer::Retransmit, rto, cx);
}

/// Microseconds until the oldest segment in flight reaches its RTO; negative when it has.
///
/// Linux: tcp_rto_delta_us (include/net/tcp.h)
pub(crate) fn tcp_rto_delta_us(sk: &Sock, cx: &Cx) -> i64 {
    let rto_us = cx.hz.jiffies_to_usecs(sk.loss.rto);
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
        return sk.loss.rto;
    };
    let elapsed = cx.now.as_millis().saturating_sub(since.as_millis());
    let Some(remaining) = user_timeout.checked_sub(elapsed).filter(|left| *left > 0) else {
        return 1;
    };
    let remaining = u32::try_from(remaining).unwrap_or(u32::MAX);
    sk.loss.rto.min(cx.hz.msecs_to_jiffies(remaining))
}

/// The probing interval, shortened in the same way.
///
/// Linux: tcp_clamp_probe0_to_user_timeout (net/ipv4/tcp_timer.c)
pub(crate) fn tcp_clamp_probe0_to_user_timeout(sk: &Sock, when: u32, cx: &Cx) -> u32 {
    let user_timeout = cx.hz.msecs_to_jiffies(sk.opts.user_timeout_ms);
    let Some(since) = sk.loss.probes_since.filter(|_| user_timeout != 0) else {
        return when;
    };
    let remaining = user_timeout.saturating_sub(cx.ticks_since(since));
    when.min(remaining.max(TCP_TIMEOUT_MIN))
}
