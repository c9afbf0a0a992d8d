//! When to give a silent peer up.
//!
//! [RFC9293:MUST-20], RFC 1122 §4.2.3.5 · Linux: tcp_write_timeout, retransmits_timed_out,
//! tcp_orphan_retries, tcp_write_err (net/ipv4/tcp_timer.c)

use super::tcp_rto_max;
use crate::api::close::{tcp_check_oom, tcp_done, tcp_done_with_error};
use crate::cx::Cx;
use crate::errno::Errno;
use crate::fastopen::tcp_fastopen_active_detect_blackhole;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::output::mtu_probe::tcp_mtu_probing;
use crate::output::reset::tcp_send_active_reset;
use crate::sock::Sock;
use crate::sock::control_block::{TCP_RTO_MIN_MS, TCP_TIMEOUT_INIT_MS};
use crate::state::{Event, StateMask, TcpState};
use crate::time::Instant;
use crate::timer::TCP_TIMEWAIT_LEN_MS;

/// Ends the connection if enough was tried; says whether it did.
pub(super) fn tcp_write_timeout(sk: &mut Sock, cx: &mut Cx) -> bool {
    let opening = sk.state().is_in(StateMask::CONNECTING);
    let mut expired = false;
    let retry_until;
    if opening {
        if sk.loss.retransmits != 0 {
            dst_negative_advice(sk, cx);
        }
        let configured = u32::from(cx.sysctl.tcp_syn_retries);
        retry_until = sk.opts.syncnt.unwrap_or(configured);
        let mut max_retransmits = retry_until;
        if sk.state() == TcpState::SynSent {
            max_retransmits += u32::from(cx.sysctl.tcp_syn_linear_timeouts);
        }
        expired = sk.loss.retransmits >= max_retransmits;
    } else {
        if retransmits_timed_out(sk, u32::from(cx.sysctl.tcp_retries1), 0, false, cx) {
            tcp_mtu_probing(sk, cx);
            dst_negative_advice(sk, cx);
        }
        retry_until = if sk.dead {
            let alive = sk.loss.rto < tcp_rto_max(sk);
            let retries = tcp_orphan_retries(sk, alive, cx);
            let do_reset = alive || !retransmits_timed_out(sk, retries, 0, false, cx);
            if tcp_out_of_resources(sk, do_reset, cx) {
                return true;
            }
            retries
        } else {
            u32::from(cx.sysctl.tcp_retries2)
        };
    }
    if !expired {
        expired = retransmits_timed_out(sk, retry_until, sk.opts.user_timeout_ms, opening, cx);
    }
    tcp_fastopen_active_detect_blackhole(sk, expired, cx);
    if expired {
        tcp_write_err(sk, cx);
    } else if sk.opts.txrehash {
        // The path may be the reason: another hash may choose another.
        sk.loss.timeout_rehash = sk.loss.timeout_rehash.wrapping_add(1);
        cx.mib.inc(Counter::TcpExtTcpTimeoutRehash);
    }
    expired
}

/// Perhaps the path is another by now: the route is looked up anew.
///
/// Linux: __dst_negative_advice (include/net/sock.h), ipv4_negative_advice (net/ipv4/route.c)
fn dst_negative_advice(sk: &Sock, cx: &mut Cx) {
    cx.net.find_exception(sk.flow.remote.ip(), cx.now);
}

/// Whether the time `boundary` retransmissions would take, or `timeout_ms`, is over.
///
/// Linux: retransmits_timed_out (net/ipv4/tcp_timer.c)
fn retransmits_timed_out(
    sk: &Sock,
    boundary: u32,
    timeout_ms: u32,
    opening: bool,
    cx: &Cx,
) -> bool {
    if sk.loss.retransmits == 0 {
        return false;
    }
    // Without a stamp, as after a handshake, it counts from the beginning of the clock.
    let since = sk.loss.retrans_stamp.unwrap_or(Instant::ZERO);
    let mut timeout = u64::from(timeout_ms);
    if timeout == 0 {
        let rto_base = if opening { TCP_TIMEOUT_INIT_MS } else { TCP_RTO_MIN_MS };
        let rto_base = cx.hz.msecs_to_jiffies(rto_base);
        timeout = cx.hz.jiffies_to_msecs(tcp_model_timeout(boundary, rto_base, tcp_rto_max(sk)));
    }
    cx.now.as_millis().saturating_sub(since.as_millis()) >= timeout
}

/// How many ticks `boundary` doublings of `rto_base` take, none longer than `rto_max`.
///
/// Linux: tcp_model_timeout (net/ipv4/tcp_timer.c)
fn tcp_model_timeout(boundary: u32, rto_base: u32, rto_max: u32) -> u32 {
    let linear_from = rto_max.checked_div(rto_base).and_then(u32::checked_ilog2).unwrap_or(0);
    let doublings = boundary.min(linear_from);
    let exponential = ((2u64 << doublings) - 1) * u64::from(rto_base);
    let ticks = exponential + u64::from(boundary - doublings) * u64::from(rto_max);
    u32::try_from(ticks).unwrap_or(u32::MAX)
}

/// Retransmissions granted to a socket nobody holds any more.
///
/// Linux: tcp_orphan_retries (net/ipv4/tcp_timer.c)
pub(super) fn tcp_orphan_retries(sk: &Sock, alive: bool, cx: &Cx) -> u32 {
    let retries = u32::from(cx.sysctl.tcp_orphan_retries);
    if sk.err_soft.is_some() && !alive {
        return 0;
    }
    // Enough for a peer that answers within about 100 seconds.
    if retries == 0 && alive && !cx.mutant(Mutant::OrphanGivesUp) { 8 } else { retries }
}

/// Ends an orphan when there are too many of them; a peer that has been silent for long, or about
/// which ICMP told something dubious, is the first to go.
///
/// Linux: tcp_out_of_resources (net/ipv4/tcp_timer.c)
pub(super) fn tcp_out_of_resources(sk: &mut Sock, do_reset: bool, cx: &mut Cx) -> bool {
    let idle = cx.ticks_since(sk.total.lsndtime);
    let silent = idle > tcp_rto_max(sk).saturating_mul(2) || !do_reset;
    let shift = u32::from(silent) + u32::from(sk.err_soft.is_some());
    if !tcp_check_oom(sk, shift, cx) {
        return false;
    }
    let window_closed = sk.snd.wnd == 0 && sk.loss.packets_out == 0;
    if do_reset || idle <= cx.hz.msecs_to_jiffies(TCP_TIMEWAIT_LEN_MS) || window_closed {
        tcp_send_active_reset(sk, cx);
    }
    tcp_done(sk, Event::GiveUp, cx);
    cx.mib.inc(Counter::TcpExtTCPAbortOnMemory);
    true
}

/// Gives the connection up.
///
/// Linux: tcp_write_err (net/ipv4/tcp_timer.c)
pub(crate) fn tcp_write_err(sk: &mut Sock, cx: &mut Cx) {
    let err = sk.err_soft.unwrap_or(Errno::ETIMEDOUT);
    cx.mib.inc(Counter::TcpExtTCPAbortOnTimeout);
    tcp_done_with_error(sk, err, Event::GiveUp, cx);
}
