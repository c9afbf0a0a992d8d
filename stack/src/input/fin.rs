//! Step 8: the peer's FIN, once it is in order.
//!
//! RFC 9293 §3.10.7.4 eighth · Linux: tcp_fin (net/ipv4/tcp_input.c)

use crate::cx::Cx;
use crate::effect::Wake;
use crate::mutant::Mutant;
use crate::output::ack::tcp_send_ack;
use crate::sock::Sock;
use crate::state::{Event, TcpState, tcp_set_state};
use crate::timer::{TCP_TIMEWAIT_LEN_MS, tcp_time_wait};

/// The peer will send nothing more.
pub(super) fn tcp_fin(sk: &mut Sock, cx: &mut Cx) {
    sk.ack.sched = true;
    sk.shutdown.rcv = true;
    sk.done = true;
    if cx.mutant(Mutant::FinTwice) {
        sk.rcv.nxt += 1;
    }
    match sk.state() {
        TcpState::SynRecv | TcpState::Established => {
            tcp_set_state(sk, Event::RecvFin, cx);
            if cx.mutant(Mutant::FinNotAcked) {
                sk.ack.sched = false;
            }
            // We are likely to answer with data, or with our own FIN: the ACK can wait for it
            // (inet_csk_enter_pingpong_mode).
            sk.ack.pingpong = cx.sysctl.tcp_pingpong_thresh;
        }
        TcpState::FinWait1 => {
            // [RFC9293:3.10.7.4#27] Both FINs crossed: ours is not acknowledged yet.
            if !cx.mutant(Mutant::CrossedFinMute) {
                tcp_send_ack(sk, cx);
            }
            tcp_set_state(sk, Event::RecvFin, cx);
        }
        TcpState::FinWait2 => {
            tcp_send_ack(sk, cx);
            tcp_set_state(sk, Event::RecvFin, cx);
            tcp_time_wait(sk, cx.hz.msecs_to_jiffies(TCP_TIMEWAIT_LEN_MS), cx);
        }
        TcpState::CloseWait | TcpState::Closing | TcpState::LastAck => {}
        TcpState::SynSent
        | TcpState::TimeWait
        | TcpState::Close
        | TcpState::Listen
        | TcpState::NewSynRecv => {
            debug_assert!(false, "a FIN was queued in {:?}", sk.state());
        }
    }
    sk.ofo_queue.purge();
    sk.selective_acks.clear();
    sk.rx_opt.duplicate_sack = None;
    if !sk.dead {
        cx.wake(sk.id, Wake::StateChange);
    }
}
