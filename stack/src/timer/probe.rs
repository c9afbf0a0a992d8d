//! The zero-window probe timer.
//!
//! [RFC9293:MUST-36] · Linux: tcp_probe_timer (net/ipv4/tcp_timer.c)

use super::tcp_rto_max;
use super::write_timeout::{tcp_orphan_retries, tcp_out_of_resources, tcp_write_err};
use crate::cx::Cx;
use crate::mutant::Mutant;
use crate::output::probe::tcp_send_probe0;
use crate::sock::Sock;

/// More doublings than lead from one tick beyond the largest timeout.
const MOST_DOUBLINGS: u32 = 32;

/// The retransmission timeout doubled as often as the probes were, without the least interval that
/// those keep.
///
/// Linux: inet_csk_rto_backoff (include/net/inet_connection_sock.h)
fn inet_csk_rto_backoff(sk: &Sock) -> u64 {
    u64::from(sk.loss.rto) << sk.loss.backoff.min(MOST_DOUBLINGS)
}

/// The window is still closed: probes it, or gives up.
pub(super) fn tcp_probe_timer(sk: &mut Sock, cx: &mut Cx) {
    if sk.loss.packets_out != 0 || sk.write_queue.is_unsent_empty() {
        sk.loss.probes_out = 0;
        sk.loss.probes_since = None;
        return;
    }
    let since = *sk.loss.probes_since.get_or_insert(cx.now);
    let user_timeout = cx.hz.msecs_to_jiffies(sk.opts.user_timeout_ms);
    let elapsed = cx.ticks_since(since);
    if user_timeout != 0 && elapsed >= user_timeout {
        return tcp_write_err(sk, cx);
    }
    let mut max_probes = u32::from(cx.sysctl.tcp_retries2);
    if sk.dead {
        let alive = inet_csk_rto_backoff(sk) < u64::from(tcp_rto_max(sk));
        max_probes = tcp_orphan_retries(sk, alive, cx);
        if !alive && sk.loss.backoff >= max_probes {
            return tcp_write_err(sk, cx);
        }
        if tcp_out_of_resources(sk, true, cx) {
            return;
        }
    }
    if sk.loss.probes_out >= max_probes && !cx.mutant(Mutant::ProbeForEver) {
        tcp_write_err(sk, cx);
    } else {
        tcp_send_probe0(sk, cx);
    }
}
