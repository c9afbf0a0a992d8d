//! The SYN-ACK of a child goes out again.
//!
//! Linux: tcp_fastopen_synack_timer (net/ipv4/tcp_timer.c)

use super::child::note_retransmission;
use crate::congestion::{tcp_enter_loss, tcp_update_rto_stats};
use crate::cx::Cx;
use crate::output::synack::tcp_rtx_synack;
use crate::sock::Sock;
use crate::sock::control_block::TCP_TIMEOUT_INIT_MS;
use crate::timer::{Timer, tcp_reset_xmit_timer, tcp_syn_ack_timeout, tcp_write_err};

/// No ACK yet: nothing but the SYN-ACK is retransmitted. True when there is such a handshake.
pub(crate) fn tcp_fastopen_synack_timer(sk: &mut Sock, cx: &mut Cx) -> bool {
    let Some(mut req) = sk.fastopen.rsk.take() else { return false };
    tcp_syn_ack_timeout(cx);
    // One more than for other handshakes: the child may be in use.
    let configured = u32::from(cx.sysctl.tcp_synack_retries) + 1;
    if req.num_timeout >= sk.opts.syncnt.unwrap_or(configured) {
        sk.fastopen.rsk = Some(req);
        tcp_write_err(sk, cx);
        return true;
    }
    if sk.loss.retransmits == 1 {
        tcp_enter_loss(sk, cx);
    }
    let before = req.num_retrans;
    req.dontroute = sk.opts.dontroute;
    tcp_rtx_synack(&mut req, cx);
    note_retransmission(sk, &req, before);
    req.num_timeout += 1;
    let init = cx.hz.msecs_to_jiffies(TCP_TIMEOUT_INIT_MS);
    let timeout = init.checked_shl(req.num_timeout).unwrap_or(u32::MAX);
    sk.fastopen.rsk = Some(req);
    tcp_update_rto_stats(sk, cx);
    if sk.loss.retrans_stamp.is_none() {
        sk.loss.retrans_stamp = Some(cx.now);
    }
    tcp_reset_xmit_timer(sk, Timer::Retransmit, timeout, cx);
    true
}
