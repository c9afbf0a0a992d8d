//! Giving a connection up on the spot, with the socket ready for another.
//!
//! RFC 9293 §3.10.5 ABORT · Linux: tcp_disconnect (net/ipv4/tcp.c)

use crate::cx::Cx;
use crate::effect::{Effect, Wake};
use crate::errno::Errno;
use crate::fastopen::tcp_fastopen_active_disable_ofo_check;
use crate::flow::Flow;
use crate::mutant::Mutant;
use crate::output::reset::tcp_send_active_reset;
use crate::output::write::tcp_write_queue_purge;
use crate::repair::disconnect_silently;
use crate::sock::control_block::{
    AckVars, CongVars, EcnVars, RxOpt, TCP_MIN_MSS, TCP_MSS_DEFAULT, TCP_RTO_MIN_MS,
    TCP_TIMEOUT_INIT_MS, Totals, UrgData,
};
use crate::sock::loss::LossVars;
use crate::sock::rate::RateVars;
use crate::sock::{Shutdown, Sock, TCP_DELACK_MAX_MS};
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
        if !cx.mutant(Mutant::AbortMute) {
            tcp_send_active_reset(sk, cx);
        }
        sk.err = Some(Errno::ECONNRESET);
    } else if old_state != TcpState::Close {
        tcp_set_state(sk, Event::Abort, cx);
        if old_state == TcpState::SynSent {
            sk.err = Some(Errno::ECONNRESET);
        }
    }
    start_over(sk, cx);
    cx.wake(sk.id, Wake::Error);
}

/// Everything but options and bound address is as new.
fn start_over(sk: &mut Sock, cx: &mut Cx) {
    sk.timers.stop_all();
    tcp_write_queue_purge(sk, cx);
    tcp_fastopen_active_disable_ofo_check(sk, cx);
    sk.ofo_queue.purge();
    sk.selective_acks.clear();
    let next = sk.rcv.nxt;
    sk.recv_queue.init(next);
    let isn = sk.snd.write_seq + sk.snd.max_window + 2;
    let write_seq = if isn.0 == 0 { crate::seq::Seq(1) } else { isn };
    // Windows and the rest of the sequence space are history until connect() begins anew.
    sk.snd.write_seq = write_seq;
    (sk.rcv.window_clamp, sk.rcv.urg_data) = (0, UrgData::None);
    sk.rx_opt = RxOpt { mss_clamp: TCP_MSS_DEFAULT, ..RxOpt::default() };
    if cx.kernel.disconnect_forgets_ecn {
        sk.ecn = EcnVars::default();
    }
    // tcp_rto_min_us is asked only when a socket begins.
    sk.opts.rto_min = cx.hz.msecs_to_jiffies(TCP_RTO_MIN_MS);
    sk.opts.delack_max = cx.hz.msecs_to_jiffies(TCP_DELACK_MAX_MS);
    sk.opts.peek_off = -1;
    sk.ack = AckVars { rcv_mss: TCP_MIN_MSS, ..AckVars::default() };
    sk.rtt.srtt_us = 0;
    sk.rtt.mdev_us = TCP_TIMEOUT_INIT_MS * 1000;
    sk.rtt.rcv_rtt_last_tsecr = 0;
    sk.loss = LossVars {
        timeout_rehash: sk.loss.timeout_rehash,
        lost: sk.loss.lost,
        // Only the next tcp_connect_init clears it.
        retransmits: sk.loss.retransmits,
        ..LossVars::new(sk.loss.reordering, cx.hz)
    };
    sk.total = Totals {
        wstamp: sk.total.wstamp,
        clock_cache: sk.total.clock_cache,
        lsndtime: sk.total.lsndtime,
        rcv_tstamp: sk.total.rcv_tstamp,
        rcv_ttl: sk.total.rcv_ttl,
        ..Totals::default()
    };
    sk.rate = RateVars { app_limited: u32::MAX, rate_app_limited: true, ..sk.rate.clone() };
    sk.cong = CongVars::new(sk.opts.congestion, &cx.sysctl, cx.hz);
    sk.fastopen.forget();
    sk.shutdown = Shutdown::default();
    sk.done = false;
    let unbound = Flow::unbound(sk.is_v6);
    sk.flow.remote = unbound.remote;
    if !sk.bound_addr {
        sk.flow.local.set_ip(unbound.local.ip());
    }
}
