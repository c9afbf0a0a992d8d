//! Handing a connection over to its remainder.
//!
//! RFC 9293 §3.6.1 · Linux: tcp_time_wait (net/ipv4/tcp_minisocks.c), tcp_fin_time
//! (include/net/tcp.h)

use crate::api::close::{finish, tcp_done};
use crate::cx::Cx;
use crate::effect::Effect;
use crate::metrics::tcp_update_metrics;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::output::window::tcp_receive_window;
use crate::sock::{Sock, TimeWaitSock};
use crate::state::{Event, StateCell, TcpState};
use crate::time::timer_deadline;

/// TCP_TIMEWAIT_LEN: 60 s, not tunable.
pub(crate) const TCP_TIMEWAIT_LEN_MS: u64 = 60_000;

/// How long an orphan may stay in FIN-WAIT-2, in milliseconds.
///
/// Linux: tcp_fin_time (include/net/tcp.h)
pub(crate) fn tcp_fin_time(sk: &Sock, cx: &Cx) -> u64 {
    let default = cx.sysctl.tcp_fin_timeout;
    let secs = sk.opts.linger2_secs.filter(|secs| *secs != 0).unwrap_or(default);
    let fin_timeout = u64::try_from(secs).unwrap_or(0) * 1000;
    let rto = u64::from(sk.loss.rto_ms);
    // Long enough for the peer's FIN to be retransmitted.
    fin_timeout.max((rto << 2) - (rto >> 1))
}

/// The socket ends here; the connection goes on for `timeo_ms`, in TIME-WAIT or FIN-WAIT-2, as a
/// [`TimeWaitSock`] that takes the state with it.
pub(crate) fn tcp_time_wait(sk: &mut Sock, timeo_ms: u64, cx: &mut Cx) {
    if i64::from(cx.tw_count) >= i64::from(cx.sysctl.tcp_max_tw_buckets) {
        // A simple measure against too many of them: the connection is forgotten.
        cx.mib.inc(Counter::TcpExtTCPTimeWaitOverflow);
        return tcp_done(sk, Event::WaitTimeout, cx);
    }
    cx.tw_count += 1;
    let rto = u64::from(sk.loss.rto_ms);
    let state = std::mem::replace(&mut sk.state, StateCell::closed());
    let floor = (rto << 2) - (rto >> 1);
    let timeo = match state.get() {
        TcpState::TimeWait if cx.mutant(Mutant::TimeWait30s) => TCP_TIMEWAIT_LEN_MS / 2,
        state if state == TcpState::TimeWait => TCP_TIMEWAIT_LEN_MS,
        _ => timeo_ms.max(floor),
    };
    tcp_update_metrics(sk, cx);
    cx.later(Effect::TimeWait(Box::new(TimeWaitSock {
        id: sk.id,
        was: sk.id,
        state,
        flow: sk.flow,
        rcv_nxt: sk.rcv.nxt,
        snd_nxt: sk.snd.nxt,
        rcv_wnd: tcp_receive_window(sk),
        rcv_wscale: sk.rx_opt.rcv_wscale,
        tstamp_ok: sk.rx_opt.tstamp_ok,
        ts_recent: sk.rx_opt.ts_recent,
        ts_recent_stamp: sk.rx_opt.ts_recent_stamp,
        tsoffset: sk.tsoffset,
        tos: sk.tos(),
        is_v6: sk.is_v6,
        is_v6only: sk.opts.v6only,
        bound_dev_if: sk.opts.bound_dev_if,
        entry_stamp: cx.now,
        reuseaddr: sk.opts.reuseaddr,
        reuseport: sk.opts.reuseport,
        timer: timer_deadline(cx.now, timeo),
        md5_key: sk.md5_key().cloned(),
        last_oow_ack: sk.ack.last_oow_ack,
    })));
    // The port goes over to the remainder before the socket gives it back.
    cx.later(Effect::Unhash(sk.id, sk.flow));
    finish(sk, cx);
}
