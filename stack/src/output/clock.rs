//! The clock of a connection: when it was read last, which is the time of whatever is sent until it is read again.
//!
//! Linux: tcp_mstamp_refresh (net/ipv4/tcp_output.c). It is read for a segment that arrives, by the timers of
//! the wheel, before data or a reset is sent, and by a call that has read something (tcp_rcv_space_adjust); not by an
//! ICMP error, nor by another call that leads to no more than an ACK. What those send has the timestamp of what came
//! before.

use crate::cx::Cx;
use crate::sock::Sock;
use crate::time::Instant;

/// Reads the clock.
///
/// Linux: tcp_mstamp_refresh
pub(crate) fn tcp_mstamp_refresh(sk: &mut Sock, cx: &Cx) {
    sk.total.clock_cache = cx.now;
}

/// The earliest time at which a packet handed over now may depart.
///
/// Linux: the first lines of __tcp_transmit_skb
pub(crate) fn departure_time(sk: &Sock) -> Instant {
    sk.total.wstamp.max(sk.total.clock_cache)
}
