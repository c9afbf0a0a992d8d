//! The delayed ACK, and the compressed one.
//!
//! [RFC9293:SHLD-18] · Linux: tcp_delack_timer_handler (net/ipv4/tcp_timer.c),
//! tcp_compressed_ack_kick

use super::tcp_ato_max;
use crate::cx::Cx;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::output::ack::{in_pingpong_mode, tcp_send_ack};
use crate::output::clock::tcp_mstamp_refresh;
use crate::sock::Sock;
use crate::sock::control_block::TCP_ATO_MIN_MS;
use crate::state::{StateMask, TcpState};

/// No data came to ride on: the ACK goes alone, and next time it waits longer.
pub(super) fn tcp_delack_timer_handler(sk: &mut Sock, cx: &mut Cx) {
    if sk.state().is_in(StateMask::UNCONNECTED) || !sk.ack.timer {
        return;
    }
    sk.ack.timer = false;
    if !sk.ack.sched {
        return;
    }
    if in_pingpong_mode(sk, cx) {
        // The dialogue is over; expect bulk data again.
        if !cx.mutant(Mutant::DialogueGoesOn) {
            sk.ack.pingpong = 0;
        }
        sk.ack.ato = cx.hz.msecs_to_jiffies(TCP_ATO_MIN_MS);
    } else {
        sk.ack.ato = sk.ack.ato.saturating_mul(2).min(sk.loss.rto).min(tcp_ato_max(cx));
    }
    tcp_send_ack(sk, cx);
    cx.mib.inc(Counter::TcpExtDelayedACKs);
}

/// Enough SACKs were held back.
pub(super) fn tcp_compressed_ack_kick(sk: &mut Sock, cx: &mut Cx) {
    if sk.state() == TcpState::Close || sk.ack.compressed == 0 {
        return;
    }
    cx.mib.add(Counter::TcpExtTCPAckCompressed, u64::from(sk.ack.compressed - 1));
    sk.ack.compressed -= 1;
    if cx.kernel.compression_reads_clock {
        tcp_mstamp_refresh(sk, cx);
    }
    tcp_send_ack(sk, cx);
}
