//! The timer of a half-open connection.
//!
//! [RFC9293:MUST-21] · Linux: reqsk_timer_handler, syn_ack_recalc
//! (net/ipv4/inet_connection_sock.c)

use crate::cx::Cx;
use crate::mib::Counter;
use crate::output::synack::tcp_rtx_synack;
use crate::sock::control_block::TCP_TIMEOUT_INIT_MS;
use crate::sock::{AcceptQueue, RequestSock};
use crate::time::Hz;

/// What the listener contributes to the decision.
pub(crate) struct ListenerView<'a> {
    pub(crate) queue: &'a mut AcceptQueue,
    pub(crate) syncnt: Option<u32>,
    pub(crate) rto_max: u32,
    pub(crate) defer_accept: u32,
    pub(crate) user_mss: u32,
    pub(crate) dontroute: bool,
}

/// Ticks to the next SYN-ACK.
///
/// Linux: tcp_reqsk_timeout (include/net/tcp.h)
pub(crate) fn reqsk_timeout(num_timeout: u32, rto_max: u32, hz: Hz) -> u32 {
    let doubled = u64::from(hz.msecs_to_jiffies(TCP_TIMEOUT_INIT_MS)) << num_timeout.min(20);
    u32::try_from(doubled).unwrap_or(u32::MAX).min(rto_max)
}

/// Sends the SYN-ACK again, or gives the request up; false means it is over.
pub(crate) fn reqsk_timer_handler(
    req: &mut RequestSock,
    listener: ListenerView<'_>,
    cx: &mut Cx,
) -> bool {
    let configured = u32::from(cx.sysctl.tcp_synack_retries);
    let thresh = threshold(listener.queue, listener.syncnt.unwrap_or(configured));
    let (expire, resend) = syn_ack_recalc(req, thresh, listener.defer_accept);
    tcp_syn_ack_timeout(cx);
    if expire {
        return false;
    }
    // Whatever the listener was told since the first one (tcp_make_synack and inet_csk_route_req read it
    // anew).
    req.rx_opt.user_mss = listener.user_mss;
    req.dontroute = listener.dontroute;
    // A peer that acknowledged does not need the SYN-ACK; any other has not seen one.
    if resend && !tcp_rtx_synack(req, cx) && !req.acked {
        return false;
    }
    if req.num_timeout == 0 {
        listener.queue.young = listener.queue.young.saturating_sub(1);
    }
    req.num_timeout += 1;
    let next = reqsk_timeout(req.num_timeout, listener.rto_max, cx.hz);
    req.timer = Some(cx.timer(next).due);
    true
}

/// Nobody answered a SYN-ACK in time.
///
/// Linux: tcp_syn_ack_timeout (net/ipv4/tcp_timer.c)
pub(crate) fn tcp_syn_ack_timeout(cx: &mut Cx) {
    cx.mib.inc(Counter::TcpExtTCPTimeouts);
}

/// Fewer retransmissions when the queue of half-open connections is more than half full of old ones.
fn threshold(queue: &AcceptQueue, max: u32) -> u32 {
    let mut thresh = max;
    if queue.qlen << 1 <= queue.max_backlog.max(8) {
        return thresh;
    }
    let mut young = queue.young << 1;
    while thresh > 2 && queue.qlen >= young {
        thresh -= 1;
        young <<= 1;
    }
    thresh
}

/// Whether the request has expired, and whether the SYN-ACK goes out again.
///
/// Linux: syn_ack_recalc (net/ipv4/inet_connection_sock.c)
fn syn_ack_recalc(req: &RequestSock, max_syn_ack_retries: u32, defer_accept: u32) -> (bool, bool) {
    if defer_accept == 0 {
        return (req.num_timeout >= max_syn_ack_retries, true);
    }
    let expire =
        req.num_timeout >= max_syn_ack_retries && (!req.acked || req.num_timeout >= defer_accept);
    // Who acknowledged and sends no data is left alone; from the last period of the wait on the
    // SYN-ACK goes out again.
    let resend = !req.acked || req.num_timeout >= defer_accept.saturating_sub(1);
    (expire, resend)
}
