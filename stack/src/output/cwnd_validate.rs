//! How far the congestion window was used, and what becomes of a window that was not.
//!
//! RFC 7661, RFC 2861, RFC 5681 §4.1 · Linux: tcp_cwnd_validate, tcp_cwnd_application_limited,
//! tcp_cwnd_restart (net/ipv4/tcp_output.c)

use crate::congestion::{CaEvent, CaState, INIT_CWND};
use crate::cx::Cx;
use crate::mutant::Mutant;
use crate::sock::{Chrono, Sock};
use crate::state::StateMask;

/// Notes how far the window was used; a window not used is not grown, and decays.
///
/// RFC 7661, RFC 2861 · Linux: tcp_cwnd_validate (net/ipv4/tcp_output.c)
pub(super) fn tcp_cwnd_validate(sk: &mut Sock, limited: bool, cx: &Cx) {
    let out = sk.loss.packets_out;
    let cong = &mut sk.cong;
    let new_window = !sk.snd.una.before(cong.max_packets_seq);
    if new_window || limited || (!cong.cw.is_cwnd_limited && out > cong.cw.max_packets_out) {
        cong.cw.is_cwnd_limited = limited;
        cong.cw.max_packets_out = out;
        cong.max_packets_seq = sk.snd.nxt;
    }
    if tcp_is_cwnd_limited(sk) {
        sk.cong.cwnd_used = 0;
        sk.cong.cwnd_stamp = cx.now;
        return;
    }
    sk.cong.cwnd_used = sk.cong.cwnd_used.max(out);
    let idle = cx.ticks_since(sk.cong.cwnd_stamp);
    if cx.sysctl.tcp_slow_start_after_idle != 0 && idle >= sk.loss.rto {
        tcp_cwnd_application_limited(sk, cx);
    }
    if sk.nospace && sk.write_queue.is_unsent_empty() && sk.state().is_in(StateMask::CAN_SEND) {
        sk.chrono.start(Chrono::SndbufLimited, cx.jiffies());
    }
}

/// Whether the window, not the application, limits sending.
///
/// Linux: tcp_is_cwnd_limited (include/net/tcp.h)
pub(crate) const fn tcp_is_cwnd_limited(sk: &Sock) -> bool {
    let cw = &sk.cong.cw;
    cw.is_cwnd_limited || (cw.in_slow_start() && cw.snd_cwnd < 2 * cw.max_packets_out)
}

/// The window a connection begins with.
///
/// `[RFC6928:2#1]` · Linux: tcp_init_cwnd (net/ipv4/tcp_input.c)
pub(crate) fn tcp_init_cwnd(sk: &Sock, cx: &Cx) -> u32 {
    let of_route = cx.net.route.initcwnd;
    if cx.mutant(Mutant::InitialWindowNine) {
        return INIT_CWND - 1;
    }
    let cwnd = if of_route == 0 { INIT_CWND } else { of_route };
    cwnd.min(sk.cong.cw.snd_cwnd_clamp)
}

/// RFC 2861 §3.2 · Linux: tcp_cwnd_application_limited (net/ipv4/tcp_output.c)
fn tcp_cwnd_application_limited(sk: &mut Sock, cx: &Cx) {
    if sk.loss.ca_state == CaState::Open && !sk.nospace {
        let used = sk.cong.cwnd_used.max(tcp_init_cwnd(sk, cx));
        if used < sk.cong.cw.snd_cwnd {
            sk.cong.cw.snd_ssthresh = tcp_current_ssthresh(sk);
            sk.cong.cw.snd_cwnd = u32::midpoint(sk.cong.cw.snd_cwnd, used);
        }
        sk.cong.cwnd_used = 0;
    }
    sk.cong.cwnd_stamp = cx.now;
}

/// Three quarters of the window, if that is more than the threshold.
///
/// Linux: tcp_current_ssthresh (include/net/tcp.h)
pub(crate) fn tcp_current_ssthresh(sk: &Sock) -> u32 {
    let cw = &sk.cong.cw;
    if sk.loss.in_cwnd_reduction() {
        cw.snd_ssthresh
    } else {
        cw.snd_ssthresh.max((cw.snd_cwnd >> 1) + (cw.snd_cwnd >> 2))
    }
}

/// After idle time the window is halved once per RTO, down to the initial window.
///
/// RFC 5681 §4.1, `[RFC6928:2#3]` · Linux: tcp_slow_start_after_idle_check, tcp_cwnd_restart
pub(crate) fn tcp_slow_start_after_idle_check(sk: &mut Sock, cx: &Cx) {
    if cx.mutant(Mutant::IdleWindowKept) {
        return;
    }
    if cx.sysctl.tcp_slow_start_after_idle == 0 || sk.loss.packets_out != 0 {
        return;
    }
    let mut idle = cx.ticks_since(sk.total.lsndtime);
    let rto = sk.loss.rto;
    if idle <= rto {
        return;
    }
    let restart_cwnd = tcp_init_cwnd(sk, cx).min(sk.cong.cw.snd_cwnd);
    sk.cong.algorithm.ops().cwnd_event(&mut sk.cong.cw, CaEvent::CwndRestart, cx.now);
    sk.cong.cw.snd_ssthresh = tcp_current_ssthresh(sk);
    let mut cwnd = sk.cong.cw.snd_cwnd;
    while idle > rto && cwnd > restart_cwnd {
        idle -= rto;
        cwnd >>= 1;
    }
    sk.cong.cw.snd_cwnd = cwnd.max(restart_cwnd);
    sk.cong.cwnd_stamp = cx.now;
    sk.cong.cwnd_used = 0;
}
