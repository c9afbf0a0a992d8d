//! Giving a connection up on the spot, with the socket ready for another.
//!
//! RFC 9293 §3.10.5 ABORT · Linux: tcp_disconnect (net/ipv4/tcp.c)

use crate::congestion::CaState;
use crate::cx::Cx;
use crate::effect::{Effect, Wake};
use crate::errno::Errno;
use crate::fastopen::tcp_fastopen_active_disable_ofo_check;
use crate::flow::Flow;
use crate::output::reset::tcp_send_active_reset;
use crate::repair::disconnect_silently;
use crate::sock::control_block::{
    AckVars, CongVars, EcnVars, LossVars, RcvVars, RttVars, RxOpt, SndVars, TCP_MIN_MSS,
    TCP_MSS_DEFAULT,
};
use crate::sock::{Shutdown, Sock};
use crate::state::{Event, StateMask, TcpState, tcp_set_state};

/// Resets the connection if there is a peer to tell, and makes the socket a fresh one.
pub(crate) fn tcp_disconnect(sk: &mut Sock, cx: &mut Cx) {
    let old_state = sk.state();
    let unsent_fin = sk.snd.nxt != sk.snd.write_seq
        && matches!(old_state, TcpState::Closing | TcpState::LastAck);
    if old_state == TcpState::Listen {
        tcp_set_state(sk, Event::Abort, cx);
        cx.later(Effect::StopListening(sk.id));
    } else if sk.repair.on && old_state != TcpState::Close {
        disconnect_silently(sk, cx);
    } else if old_state.is_in(StateMask::NEED_RESET) || unsent_fin {
        sk.timers.stop_all();
        tcp_set_state(sk, Event::Abort, cx);
        tcp_send_active_reset(sk, cx);
        sk.err = Some(Errno::ECONNRESET);
    } else if old_state != TcpState::Close {
        tcp_set_state(sk, Event::Abort, cx);
        if old_state == TcpState::SynSent {
            sk.err = Some(Errno::ECONNRESET);
        }
    }
    start_over(sk, cx);
    cx.wake(sk.id, Wake::StateChange);
}

/// Everything but options and bound address is as new.
fn start_over(sk: &mut Sock, cx: &mut Cx) {
    sk.timers.stop_all();
    sk.write_queue.purge();
    tcp_fastopen_active_disable_ofo_check(sk, cx);
    sk.ofo_queue.purge();
    sk.selective_acks.clear();
    let next = sk.rcv.nxt;
    sk.recv_queue.init(next);
    let isn = sk.snd.write_seq + sk.snd.max_window + 2;
    let write_seq = if isn.0 == 0 { crate::seq::Seq(1) } else { isn };
    sk.snd = SndVars { write_seq, una: write_seq, nxt: write_seq, ..SndVars::default() };
    sk.rcv = RcvVars { scaling_ratio: sk.rcv.scaling_ratio, ..RcvVars::default() };
    sk.rx_opt =
        RxOpt { mss_clamp: TCP_MSS_DEFAULT, user_mss: sk.rx_opt.user_mss, ..RxOpt::default() };
    sk.ecn = EcnVars::default();
    sk.ack = AckVars { rcv_mss: TCP_MIN_MSS, ..AckVars::default() };
    sk.rtt = RttVars::new();
    sk.loss = LossVars::new(cx.sysctl.tcp_reordering.unsigned_abs(), cx.hz);
    sk.loss.ca_state = CaState::Open;
    sk.cong = CongVars::new(sk.opts.congestion, &cx.sysctl, cx.hz);
    sk.fastopen.forget();
    sk.shutdown = Shutdown::default();
    sk.done = false;
    let unbound = Flow::unbound(sk.is_v6);
    sk.flow.remote = unbound.remote;
    if !sk.bound_addr {
        sk.flow.local.set_ip(unbound.local.ip());
    }
    if !sk.bound_port {
        sk.flow.local.set_port(0);
    }
}
