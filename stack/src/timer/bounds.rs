//! The bounds of timeouts, which the application and the route may move. All are spans in ticks.
//!
//! RFC 6298 (2.4), (2.5) · Linux: tcp_rto_min, tcp_rto_max (include/net/tcp.h), tcp_delack_max
//! (net/ipv4/tcp_output.c)

use crate::cx::Cx;
use crate::sock::{Sock, TCP_DELACK_MAX_MS};

/// The smallest retransmission timeout.
///
/// `[RFC6298:2.4#1]` · Linux: tcp_rto_min (include/net/tcp.h)
pub(crate) fn tcp_rto_min(sk: &Sock, cx: &Cx) -> u32 {
    let route = &cx.net.route;
    if route.locks.rto_min { cx.hz.msecs_to_jiffies(route.rto_min_ms) } else { sk.opts.rto_min }
}

/// The same in microseconds.
///
/// Linux: tcp_rto_min_us (include/net/tcp.h)
pub(crate) fn tcp_rto_min_us(sk: &Sock, cx: &Cx) -> u32 {
    u32::try_from(cx.hz.jiffies_to_usecs(tcp_rto_min(sk, cx))).unwrap_or(u32::MAX)
}

/// The largest one.
///
/// `[RFC6298:2.5#1]` · Linux: tcp_rto_max (include/net/tcp.h)
pub(crate) const fn tcp_rto_max(sk: &Sock) -> u32 {
    sk.opts.rto_max
}

/// The longest an ACK may be delayed: always less than the peer's smallest timeout, which is taken to
/// be like ours.
///
/// Linux: tcp_delack_max (net/ipv4/tcp_output.c)
pub(crate) fn tcp_delack_max(sk: &Sock, cx: &Cx) -> u32 {
    let below_rto_min = tcp_rto_min(sk, cx).max(2) - 1;
    sk.opts.delack_max.min(below_rto_min)
}

/// The bound of the predicted delay where it grows, if it has one of its own.
///
/// Linux: tcp_event_data_recv (net/ipv4/tcp_input.c), tcp_delack_timer_handler
pub(crate) fn tcp_ato_max(cx: &Cx) -> u32 {
    if cx.kernel.ato_bounded { cx.hz.msecs_to_jiffies(TCP_DELACK_MAX_MS) } else { u32::MAX }
}
