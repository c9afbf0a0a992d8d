//! SYN cookies: a half-open connection that lives in its initial sequence number.
//!
//! RFC 4987 §3.6 · Linux: net/ipv4/syncookies.c, net/ipv6/syncookies.c. The peer's sequence number,
//! the minute and an index of its MSS go into the number of the SYN-ACK; window scale, SACK and ECN
//! into the low bits of its timestamp. TCP-AO's part is absent.

use crate::accecn::cookie_accecn_ok;
use crate::cx::Cx;
use crate::effect::Effect;
use crate::flow::Flow;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::output::mss::tcp_mss_clamp;
use crate::output::options::tcp_time_stamp;
use crate::output::window::{tcp_full_space, tcp_select_initial_window};
use crate::seq::Seq;
use crate::sock::{RequestSock, RxOpt, Sock};
use crate::state::{Event, StateCell, advance};
use crate::wire::{Segment, Ts};

/// Values of the MSS that a cookie can stand for, by family (msstab).
const MSSTAB_V4: [u16; 4] = [536, 1300, 1440, 1460];
const MSSTAB_V6: [u16; 4] = [1220, 1420, 1440, 8940];

/// COOKIEBITS: the minute takes the bits above.
const COOKIE_BITS: u32 = 24;
const COOKIE_MASK: u32 = (1 << COOKIE_BITS) - 1;
/// MAX_SYNCOOKIE_AGE, in periods of TCP_SYNCOOKIE_PERIOD.
const MAX_AGE: u32 = 2;
/// TCP_SYNCOOKIE_PERIOD: 60 * HZ
const PERIOD_SECS: u64 = 60;
/// TCP_SYNCOOKIE_VALID: how long after the last cookie one may come back.
const VALID_SECS: u64 = 2 * PERIOD_SECS;

/// TSBITS and what is in them: TS_OPT_WSCALE_MASK (all ones means none), TS_OPT_SACK, TS_OPT_ECN.
const TS_BITS: u32 = 6;
const TS_OPT_WSCALE_MASK: u32 = 0xf;
const TS_OPT_SACK: u32 = 1 << 4;
const TS_OPT_ECN: u32 = 1 << 5;

/// Whether a SYN that finds the queue full is answered with a cookie.
///
/// Linux: tcp_syn_flood_action (net/ipv4/tcp_input.c)
pub(super) fn tcp_syn_flood_action(cx: &mut Cx) -> bool {
    let want_cookie = cx.sysctl.tcp_syncookies != 0 && !cx.mutant(Mutant::CookiesOff);
    cx.mib.inc(if want_cookie {
        Counter::TcpExtTCPReqQFullDoCookies
    } else {
        Counter::TcpExtTCPReqQFullDrop
    });
    want_cookie
}

/// The cookie for a SYN with sequence number `sseq`; rounds `mss` down to one a cookie can carry.
///
/// RFC 4987 §3.6 · Linux: cookie_init_sequence (include/net/tcp.h), __cookie_v4_init_sequence
pub(super) fn cookie_init_sequence(
    sk: &mut Sock,
    flow: Flow,
    sseq: Seq,
    mss: &mut u32,
    cx: &mut Cx,
) -> Seq {
    tcp_synq_overflow(sk, cx);
    cx.mib.inc(Counter::TcpExtSyncookiesSent);
    let table = msstab(flow);
    let fits = |entry: &u16| u32::from(*entry) <= *mss;
    let index = table.iter().rposition(fits).unwrap_or(0);
    *mss = table.get(index).copied().map_or(*mss, u32::from);
    secure_tcp_syn_cookie(flow, sseq, u32::try_from(index).unwrap_or(0), cx)
}

/// The MSS that the acknowledged cookie stands for, unless it is none of ours.
///
/// RFC 4987 §3.6 · Linux: __cookie_v4_check
fn cookie_mss(flow: Flow, seg: &Segment, cx: &Cx) -> Option<u32> {
    let index = check_tcp_syn_cookie(flow, seg.ack - 1, seg.seq - 1, cx)?;
    let index = usize::try_from(index).ok()?;
    msstab(flow).get(index).copied().map(u32::from)
}

const fn msstab(flow: Flow) -> &'static [u16; 4] {
    if flow.is_v6() { &MSSTAB_V6 } else { &MSSTAB_V4 }
}

/// Linux: secure_tcp_syn_cookie
fn secure_tcp_syn_cookie(flow: Flow, sseq: Seq, data: u32, cx: &Cx) -> Seq {
    let count = tcp_cookie_time(cx);
    let layer = cookie_hash(flow, count, 1, cx).wrapping_add(data) & COOKIE_MASK;
    let outer = cookie_hash(flow, 0, 0, cx).wrapping_add(sseq.0);
    Seq(outer.wrapping_add(count << COOKIE_BITS).wrapping_add(layer))
}

/// The data of a cookie that is not older than two minutes.
///
/// Linux: check_tcp_syn_cookie
fn check_tcp_syn_cookie(flow: Flow, cookie: Seq, sseq: Seq, cx: &Cx) -> Option<u32> {
    let count = tcp_cookie_time(cx);
    let outer = cookie_hash(flow, 0, 0, cx).wrapping_add(sseq.0);
    let inner = cookie.0.wrapping_sub(outer);
    let age = count.wrapping_sub(inner >> COOKIE_BITS) & (u32::MAX >> COOKIE_BITS);
    if age >= MAX_AGE && !cx.mutant(Mutant::CookieNeverAges) {
        return None;
    }
    let layer = cookie_hash(flow, count.wrapping_sub(age), 1, cx);
    Some(inner.wrapping_sub(layer) & COOKIE_MASK)
}

fn cookie_hash(flow: Flow, count: u32, layer: u8, cx: &Cx) -> u32 {
    cx.rng.cookie_hash((flow.remote, flow.local), count, layer)
}

/// Minutes; wraps with the tick counter's low half, as Linux's does.
///
/// Linux: tcp_cookie_time (include/net/tcp.h)
fn tcp_cookie_time(cx: &Cx) -> u32 {
    let minutes = cx.jiffies().0 / cx.hz.secs(PERIOD_SECS);
    u32::try_from(minutes & u64::from(u32::MAX)).unwrap_or(0)
}

/// Timestamp of a SYN-ACK that carries a cookie: the present one, moved back by less than 64 ms so
/// that its low bits say what was agreed.
///
/// Linux: cookie_init_timestamp
pub(super) fn cookie_init_timestamp(req: &RequestSock, cx: &Cx) -> u32 {
    let mut options =
        if req.rx_opt.wscale_ok { u32::from(req.rx_opt.snd_wscale) } else { TS_OPT_WSCALE_MASK };
    if req.rx_opt.sack_ok {
        options |= TS_OPT_SACK;
    }
    if req.ecn_ok {
        options |= TS_OPT_ECN;
    }
    let ts_now = tcp_time_stamp(cx.now, 0, cx);
    let floor = ts_now >> TS_BITS << TS_BITS;
    let ts = floor | options;
    let ts = if ts > ts_now { ts.wrapping_sub(1 << TS_BITS) } else { ts };
    ts.wrapping_add(req.tsoffset)
}

/// What the echoed timestamp says was agreed; none if that is something this host does not do.
///
/// Linux: cookie_timestamp_decode
fn cookie_timestamp_decode(ts: Option<Ts>, tsecr: u32, cx: &Cx) -> Option<RxOpt> {
    let Some(ts) = ts else { return Some(RxOpt::default()) };
    let shift = tsecr & TS_OPT_WSCALE_MASK;
    let sack_ok = tsecr & TS_OPT_SACK != 0;
    let wscale_ok = shift != TS_OPT_WSCALE_MASK;
    let refused = cx.sysctl.tcp_timestamps == 0
        || (sack_ok && cx.sysctl.tcp_sack == 0)
        || (wscale_ok && cx.sysctl.tcp_window_scaling == 0);
    (!refused).then(|| RxOpt {
        tstamp_ok: true,
        ts_recent: ts.val,
        ts_recent_stamp: Some(cx.now),
        sack_ok: sack_ok && !cx.mutant(Mutant::CookieSackLost),
        wscale_ok,
        snd_wscale: if wscale_ok { shift.to_le_bytes()[0] } else { 0 },
        ..RxOpt::default()
    })
}

/// The queue of half-open connections ran over: cookies may come back for a while.
///
/// Linux: tcp_synq_overflow (include/net/tcp.h) · Differs: listeners that share a port
/// (SO_REUSEPORT) hear of it by an effect.
fn tcp_synq_overflow(sk: &mut Sock, cx: &mut Cx) {
    let now = cx.now;
    let recent = sk.listener.synq_overflow.is_some_and(|at| cx.ticks_since(at) <= cx.hz.per_sec());
    if !recent {
        sk.listener.synq_overflow = Some(now);
        if sk.opts.reuseport {
            cx.later(Effect::SynqOverflow(sk.flow.local, now));
        }
    }
}

/// Nobody can have a cookie of this listener.
///
/// Linux: tcp_synq_no_recent_overflow (include/net/tcp.h)
fn tcp_synq_no_recent_overflow(sk: &Sock, cx: &Cx) -> bool {
    let valid = cx.hz.secs(VALID_SECS);
    sk.listener.synq_overflow.is_none_or(|at| u64::from(cx.ticks_since(at)) > valid)
}

/// The half-open connection that an ACK for a listener proves with its cookie.
///
/// Linux: cookie_v4_check, cookie_v6_check, cookie_tcp_check
pub(super) fn cookie_v4_check(sk: &Sock, seg: &Segment, cx: &mut Cx) -> Option<RequestSock> {
    let may_be = seg.flags.ack() && !seg.flags.rst() && !seg.flags.syn();
    if cx.sysctl.tcp_syncookies == 0 || !may_be || tcp_synq_no_recent_overflow(sk, cx) {
        return None;
    }
    let flow = Flow::new(seg.dst(), seg.src());
    let Some(mss) = cookie_mss(flow, seg, cx) else {
        cx.mib.inc(Counter::TcpExtSyncookiesFailed);
        return None;
    };
    cx.mib.inc(Counter::TcpExtSyncookiesRecv);
    let echo = seg.options.ts.map_or(0, |ts| ts.ecr);
    let tsoffset = if echo == 0 { 0 } else { cx.secure_tcp_ts_off(flow) };
    let tsecr = echo.wrapping_sub(tsoffset);
    let rx_opt = cookie_timestamp_decode(seg.options.ts, tsecr, cx)?;
    let ecn_ok = rx_opt.tstamp_ok && tsecr & TS_OPT_ECN != 0 && cx.sysctl.tcp_ecn != 0;
    let mut req = cookie_tcp_reqsk_alloc(sk, seg, (rx_opt, mss), cx);
    req.tsoffset = tsoffset;
    req.ecn_ok = ecn_ok;
    req.accecn_ok = ecn_ok && cookie_accecn_ok(seg.flags);
    Some(req)
}

/// The request as it was when the SYN-ACK left, as far as that can be known.
///
/// Linux: cookie_tcp_reqsk_alloc
fn cookie_tcp_reqsk_alloc(
    sk: &Sock,
    seg: &Segment,
    (rx_opt, mss): (RxOpt, u32),
    cx: &mut Cx,
) -> RequestSock {
    let flow = Flow::new(seg.dst(), seg.src());
    let full_space = tcp_full_space(sk);
    let mut clamp = sk.rcv.window_clamp;
    if sk.opts.locks.rcvbuf && (clamp > full_space || clamp == 0) {
        clamp = full_space;
    }
    let window = tcp_select_initial_window(full_space, mss, clamp, rx_opt.wscale_ok, cx);
    let mut state = StateCell::of_listener();
    advance(&mut state, flow, Event::RecvSyn, cx);
    RequestSock {
        rcv_wnd: window.rcv_wnd,
        window_clamp: window.window_clamp,
        rx_opt: RxOpt {
            rcv_wscale: window.rcv_wscale,
            user_mss: sk.rx_opt.user_mss,
            mss_clamp: tcp_mss_clamp(sk.rx_opt.user_mss, mss),
            ..rx_opt
        },
        mss,
        syncookie: true,
        ..RequestSock::new(sk, flow, state, seg.seq - 1, seg.ack - 1)
    }
}

#[cfg(test)]
mod tests;
