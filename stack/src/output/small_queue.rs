//! TCP small queues: a connection keeps little in the queues of its own host, so that what it sends
//! next can still be decided when there is room.
//!
//! Linux: tcp_small_queue_check, tcp_wfree, tcp_tsq_write (net/ipv4/tcp_output.c),
//! tcp_should_autocork (net/ipv4/tcp.c)

use super::clock::tcp_mstamp_refresh;
use super::mss::tcp_current_mss;
use super::pacing::Pacing;
use super::retransmit::tcp_xmit_retransmit_queue;
use super::write::{Amount, tcp_write_xmit};
use crate::cx::Cx;
use crate::mib::Counter;
use crate::sock::Sock;
use crate::sock::chunk::skb_truesize;
use crate::state::{StateMask, TcpState};

/// sk_pacing_shift: about a millisecond of data may wait.
const PACING_SHIFT: u32 = 10;

/// States in which data may be sent (again).
const SENDING: StateMask = StateMask::of(&[
    TcpState::Established,
    TcpState::FinWait1,
    TcpState::Closing,
    TcpState::CloseWait,
    TcpState::LastAck,
]);

/// What of a connection waits in this host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SmallQueue {
    /// Memory of packets that have not left (sk_wmem_alloc).
    pub(crate) wmem_alloc: u32,
    /// TSQ_THROTTLED: sending stopped, and goes on when a packet has left.
    pub(crate) throttled: bool,
}

/// Whether so much waits that nothing should be added; `factor` doubles what may.
///
/// Linux: tcp_small_queue_check
pub(crate) fn tcp_small_queue_check(sk: &mut Sock, truesize: u32, factor: u32, cx: &Cx) -> bool {
    let mut limit = u64::from(truesize.saturating_mul(2)).max(sk.pacing_rate >> PACING_SHIFT);
    if sk.pacing == Pacing::None {
        limit = limit.min(u64::from(cx.sysctl.tcp_limit_output_bytes.unsigned_abs()));
    }
    if u64::from(sk.tsq.wmem_alloc) <= limit.saturating_mul(1 << factor) {
        return false;
    }
    // One packet may always be on its way, however late the queue reports that another has left.
    if sk.write_queue.rtx_len() <= 1 {
        return false;
    }
    sk.tsq.throttled = true;
    true
}

/// A packet of `truesize` has left this host: a sender that was stopped goes on.
///
/// Linux: tcp_wfree, tcp_tsq_handler
pub(crate) fn tcp_wfree(sk: &mut Sock, truesize: u32, cx: &mut Cx) {
    sk.tsq.wmem_alloc = sk.tsq.wmem_alloc.saturating_sub(truesize);
    if std::mem::take(&mut sk.tsq.throttled) {
        tcp_tsq_write(sk, cx);
    }
}

/// Sends what small queues or pacing held up, retransmissions first.
///
/// Linux: tcp_tsq_write
pub(crate) fn tcp_tsq_write(sk: &mut Sock, cx: &mut Cx) {
    if !sk.state().is_in(SENDING) {
        return;
    }
    let room = sk.cong.cw.snd_cwnd > sk.loss.packets_in_flight();
    if sk.loss.lost_out > sk.loss.retrans_out && room {
        tcp_mstamp_refresh(sk, cx);
        tcp_xmit_retransmit_queue(sk, cx);
    }
    let mss_now = tcp_current_mss(sk, cx);
    tcp_write_xmit(sk, mss_now, sk.opts.nonagle, Amount::All, cx);
}

/// A small write waits for the packet before it to leave this host: more may be written meanwhile.
///
/// Linux: tcp_should_autocork and its use in tcp_push (net/ipv4/tcp.c)
pub(crate) fn tcp_should_autocork(sk: &mut Sock, size_goal: u32, cx: &mut Cx) -> bool {
    let Some(tail) = sk.write_queue.tail() else { return false };
    let may_grow = tail.len() < size_goal && !tail.eor;
    let waits = sk.tsq.wmem_alloc > skb_truesize(tail.data.len());
    let is_on = cx.sysctl.tcp_autocorking != 0;
    if !is_on || !may_grow || !waits || sk.write_queue.is_rtx_empty() {
        return false;
    }
    if !std::mem::replace(&mut sk.tsq.throttled, true) {
        cx.mib.inc(Counter::TcpExtTCPAutoCorking);
    }
    true
}
