//! Handing a connection over to its remainder.
//!
//! RFC 9293 §3.6.1 · Linux: tcp_time_wait (net/ipv4/tcp_minisocks.c), tcp_fin_time
//! (include/net/tcp.h), inet_twsk_alloc (net/ipv4/inet_timewait_sock.c)

use crate::api::close::{finish, tcp_done};
use crate::cx::Cx;
use crate::effect::Effect;
use crate::metrics::{tcp_remember_stamp, tcp_update_metrics};
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::output::window::tcp_receive_window;
use crate::sock::{Sock, TimeWaitSock};
use crate::state::{Event, StateCell, TcpState};
use crate::time::Instant;

/// TCP_TIMEWAIT_LEN: 60 s, not tunable.
pub(crate) const TCP_TIMEWAIT_LEN_MS: u32 = 60_000;

/// A remainder of so many seconds hardly is one.
const SHORT_WAIT_SECS: u64 = 4;

/// How long an orphan may stay in FIN-WAIT-2, in ticks.
///
/// Linux: tcp_fin_time (include/net/tcp.h)
pub(crate) fn tcp_fin_time(sk: &Sock, cx: &Cx) -> u32 {
    let default = cx.sysctl.tcp_fin_timeout;
    let secs = sk.opts.linger2_secs.filter(|secs| *secs != 0).unwrap_or(default);
    let ticks = cx.hz.secs(u64::try_from(secs).unwrap_or(0));
    let fin_timeout = u32::try_from(ticks).unwrap_or(u32::MAX);
    // Long enough for the peer's FIN to be retransmitted.
    fin_timeout.max(three_and_a_half(sk.loss.rto))
}

const fn three_and_a_half(rto: u32) -> u32 {
    rto.saturating_mul(4).saturating_sub(rto >> 1)
}

/// When a remainder that lasts `timeo` ticks is over. One of four seconds at most counts as killed.
///
/// Linux: __inet_twsk_schedule (net/ipv4/inet_timewait_sock.c)
fn inet_twsk_schedule(timeo: u32, cx: &mut Cx) -> Instant {
    let is_short = u64::from(timeo) <= cx.hz.secs(SHORT_WAIT_SECS);
    cx.mib.inc(if is_short { Counter::TcpExtTWKilled } else { Counter::TcpExtTW });
    cx.timer(timeo).due
}

/// The socket ends here; the connection goes on for `timeo` ticks, in TIME-WAIT or FIN-WAIT-2, as a
/// [`TimeWaitSock`] that takes the state with it.
pub(crate) fn tcp_time_wait(sk: &mut Sock, timeo: u32, cx: &mut Cx) {
    if i64::from(cx.tw_count) >= i64::from(cx.sysctl.tcp_max_tw_buckets) {
        // A simple measure against too many of them: the connection is forgotten.
        cx.mib.inc(Counter::TcpExtTCPTimeWaitOverflow);
        return tcp_done(sk, Event::WaitTimeout, cx);
    }
    cx.tw_count += 1;
    let state = std::mem::replace(&mut sk.state, StateCell::closed());
    let rto = three_and_a_half(sk.loss.rto);
    let recycles = tcp_remember_stamp(sk, cx);
    let timeout = match cx.hz.msecs_to_jiffies(TCP_TIMEWAIT_LEN_MS) {
        _ if recycles => rto,
        full if cx.mutant(Mutant::TimeWait30s) => full / 2,
        full => full,
    };
    let timeo = if state.get() == TcpState::TimeWait { timeout } else { timeo.max(rto) };
    tcp_update_metrics(sk, cx);
    let timer = inet_twsk_schedule(timeo, cx);
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
        tos: sk.tos() | sk.ecn.ect,
        is_v6: sk.is_v6,
        is_v6only: sk.opts.v6only,
        bound_dev_if: sk.opts.bound_dev_if,
        entry_stamp: cx.now,
        reuseaddr: sk.opts.reuseaddr,
        reuseport: sk.opts.reuseport,
        timeout,
        timer,
        md5_key: sk.md5_key().cloned(),
        last_oow_ack: None,
    })));
    // The port goes over to the remainder before the socket gives it back.
    cx.later(Effect::Unhash(sk.id, sk.flow));
    finish(sk, cx);
}
