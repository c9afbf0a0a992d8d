//! Keepalive probes of an idle connection, and the end of an orphan in FIN-WAIT-2.
//!
//! RFC 9293 §3.8.4 · Linux: tcp_keepalive_timer (net/ipv4/tcp_timer.c)

use super::time_wait::{TCP_TIMEWAIT_LEN_MS, tcp_fin_time, tcp_time_wait};
use super::{Timer, tcp_write_err};
use crate::api::close::tcp_done;
use crate::cx::Cx;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::output::probe::{RESOURCE_PROBE_INTERVAL_MS, tcp_write_wakeup};
use crate::output::reset::tcp_send_active_reset;
use crate::qdisc::Xmit;
use crate::sock::Sock;
use crate::state::{Event, StateMask, TcpState};

/// Idle time before the first probe, in ticks.
///
/// Linux: keepalive_time_when (include/net/tcp.h)
pub(crate) fn keepalive_time_when(sk: &Sock, cx: &Cx) -> u32 {
    ticks(sk.opts.keepidle_secs, cx.sysctl.tcp_keepalive_time, cx)
}

/// The socket's own time, or the host's. Less than no time is, without a sign, more than anybody
/// waits.
fn ticks(own_secs: Option<u32>, default_secs: i32, cx: &Cx) -> u32 {
    let secs = own_secs.unwrap_or(default_secs.unsigned_abs());
    let ticks = u32::try_from(cx.hz.secs(secs.into())).unwrap_or(u32::MAX);
    if own_secs.is_none() && default_secs < 0 { ticks.wrapping_neg() } else { ticks }
}

/// Time between probes, in ticks.
///
/// Linux: keepalive_intvl_when (include/net/tcp.h)
fn keepalive_intvl_when(sk: &Sock, cx: &Cx) -> u32 {
    ticks(sk.opts.keepintvl_secs, cx.sysctl.tcp_keepalive_intvl, cx)
}

/// Linux: tcp_reset_keepalive_timer (net/ipv4/tcp_timer.c)
pub(crate) fn reset_keepalive_timer(sk: &mut Sock, len: u32, cx: &Cx) {
    sk.timers.arm(Timer::Keepalive, cx.timer(len));
}

/// The timer of sockets that wait for the peer: FIN-WAIT-2 of orphans, idle connections.
pub(super) fn tcp_keepalive_timer(sk: &mut Sock, cx: &mut Cx) {
    if sk.state() == TcpState::FinWait2 && sk.dead && cx.mutant(Mutant::FinWaitTwoForEver) {
        return;
    }
    if sk.state() == TcpState::FinWait2 && sk.dead {
        return fin_wait2_expired(sk, cx);
    }
    if !sk.opts.keepalive || sk.state().is_in(StateMask::of(&[TcpState::Close, TcpState::SynSent]))
    {
        return;
    }
    if sk.loss.packets_out != 0 || !sk.write_queue.is_unsent_empty() {
        // Unacknowledged data is its own probe.
        return reset_keepalive_timer(sk, keepalive_time_when(sk, cx), cx);
    }
    let idle = keepalive_time_elapsed(sk, cx);
    let time = keepalive_time_when(sk, cx);
    if idle < time {
        return reset_keepalive_timer(sk, time - idle, cx);
    }
    if has_expired(sk, idle, cx) {
        if !cx.mutant(Mutant::KeepaliveMute) {
            tcp_send_active_reset(sk, cx);
        }
        return tcp_write_err(sk, cx);
    }
    let next = if tcp_write_wakeup(sk, Counter::TcpExtTCPKeepAlive, cx) == Xmit::Dropped {
        // Our own queue is full; that says nothing about the peer.
        cx.hz.msecs_to_jiffies(RESOURCE_PROBE_INTERVAL_MS)
    } else {
        sk.loss.probes_out += 1;
        keepalive_intvl_when(sk, cx)
    };
    reset_keepalive_timer(sk, next, cx);
}

/// Whether enough probes went unanswered, or TCP_USER_TIMEOUT is over.
fn has_expired(sk: &Sock, idle: u32, cx: &Cx) -> bool {
    let user_timeout = cx.hz.msecs_to_jiffies(sk.opts.user_timeout_ms);
    if user_timeout != 0 && !cx.mutant(Mutant::KeepaliveUserTimeoutIgnored) {
        return idle >= user_timeout && sk.loss.probes_out > 0;
    }
    let probes = sk.opts.keepcnt.unwrap_or(u32::from(cx.sysctl.tcp_keepalive_probes));
    sk.loss.probes_out >= probes
}

/// Ticks since anything was received.
///
/// Linux: keepalive_time_elapsed (include/net/tcp.h)
pub(crate) fn keepalive_time_elapsed(sk: &Sock, cx: &Cx) -> u32 {
    cx.ticks_since(sk.ack.lrcvtime.max(sk.total.rcv_tstamp))
}

/// The peer has not sent its FIN: what is left of the wait needs no socket.
fn fin_wait2_expired(sk: &mut Sock, cx: &mut Cx) {
    if sk.opts.linger2_secs.unwrap_or(0) >= 0 {
        let rest = tcp_fin_time(sk, cx).saturating_sub(cx.hz.msecs_to_jiffies(TCP_TIMEWAIT_LEN_MS));
        if rest > 0 {
            return tcp_time_wait(sk, rest, cx);
        }
    }
    tcp_send_active_reset(sk, cx);
    tcp_done(sk, Event::WaitTimeout, cx);
}
