//! The bounds of timeouts, which the application and the route may move.
//!
//! RFC 6298 (2.4), (2.5) · Linux: tcp_rto_min, tcp_rto_max (include/net/tcp.h), tcp_delack_max
//! (net/ipv4/tcp_output.c)

use crate::cx::Cx;
use crate::sock::Sock;

/// The smallest retransmission timeout, in milliseconds.
///
/// `[RFC6298:2.4#1]` · Linux: tcp_rto_min (include/net/tcp.h)
pub(crate) fn tcp_rto_min_ms(sk: &Sock, cx: &Cx) -> u32 {
    let route = &cx.net.route;
    if route.locks.rto_min { route.rto_min_ms } else { sk.opts.rto_min_ms }
}

/// The largest one, in milliseconds.
///
/// `[RFC6298:2.5#1]` · Linux: tcp_rto_max (include/net/tcp.h)
pub(crate) const fn tcp_rto_max_ms(sk: &Sock) -> u32 {
    sk.opts.rto_max_ms
}

/// The longest an ACK may be delayed, in milliseconds: always less than the peer's smallest timeout,
/// which is taken to be like ours.
///
/// Linux: tcp_delack_max (net/ipv4/tcp_output.c)
pub(crate) fn tcp_delack_max_ms(sk: &Sock, cx: &Cx) -> u32 {
    let below_rto_min = tcp_rto_min_ms(sk, cx).max(2) - 1;
    sk.opts.delack_max_ms.min(below_rto_min)
}
