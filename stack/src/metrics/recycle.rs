//! Timestamps of hosts: what allowed kernels before 4.12 to end TIME-WAIT early
//! (net.ipv4.tcp_tw_recycle), and what broke every network address translator in front of them.
//!
//! RFC 1323 appendix B · Linux: tcp_remember_stamp, tcp_tw_remember_stamp, tcp_peer_is_proven,
//! tcp_fetch_timewait_stamp (net/ipv4/tcp_metrics.c of 4.3)

use super::cache::Pair;
use crate::cx::Cx;
use crate::flow::Flow;
use crate::sock::{RxOpt, Sock, TimeWaitSock};
use crate::time::Instant;

/// TCP_PAWS_MSL: how long a host's timestamp counts.
const TCP_PAWS_MSL_SECS: u64 = 60;
/// TCP_PAWS_WINDOW: how much older a timestamp may be.
const TCP_PAWS_WINDOW: i32 = 1;

/// Whether TIME-WAIT is recycled on this host.
pub(crate) fn tw_recycle(cx: &Cx) -> bool {
    cx.kernel.tw_recycle && cx.sysctl.tcp_tw_recycle != 0
}

/// Keeps the peer's last timestamp for its whole host; true if that replaces the long wait.
///
/// Linux: tcp_remember_stamp
pub(crate) fn tcp_remember_stamp(sk: &Sock, cx: &mut Cx) -> bool {
    remember(sk.flow, sk.rx_opt.ts_recent, sk.rx_opt.ts_recent_stamp, cx)
}

/// The same for a remainder.
///
/// Linux: tcp_tw_remember_stamp
pub(crate) fn tcp_tw_remember_stamp(tw: &TimeWaitSock, cx: &mut Cx) -> bool {
    remember(tw.flow, tw.ts_recent, tw.ts_recent_stamp, cx)
}

fn remember(flow: Flow, ts_recent: u32, stamp: Option<Instant>, cx: &mut Cx) -> bool {
    let Some(stamp) = stamp.filter(|_| tw_recycle(cx)) else { return false };
    let Cx { metrics, rng, net, now, .. } = cx;
    let Some(tm) = metrics.get_or_create(Pair::of_flow(flow), (rng, net, *now)) else {
        return false;
    };
    let newer = tm.ts.wrapping_sub(ts_recent).cast_signed() <= 0;
    let known = tm.ts_stamp;
    let aged = known.is_none_or(|at| now.secs_since(at) > TCP_PAWS_MSL_SECS && at <= stamp);
    if newer || aged {
        (tm.ts, tm.ts_stamp) = (ts_recent, Some(stamp));
    }
    true
}

/// Whether a SYN may come from the host it says: its timestamp is not older than the host's last.
///
/// Linux: tcp_peer_is_proven with paws_check
pub(crate) fn tcp_peer_passes_paws(flow: Flow, rx_opt: &RxOpt, cx: &mut Cx) -> bool {
    let Cx { metrics, rng, net, now, .. } = cx;
    let Some(tm) = metrics.get(Pair::of_flow(flow), (rng, net, *now)) else { return true };
    let Some(stamp) = tm.ts_stamp else { return true };
    let recent = now.secs_since(stamp) < TCP_PAWS_MSL_SECS;
    let older = tm.ts.wrapping_sub(rx_opt.ts_recent).cast_signed() > TCP_PAWS_WINDOW;
    !recent || (rx_opt.tstamp_ok && !older)
}

/// A new connection begins where the last one with that host ended.
///
/// Linux: tcp_fetch_timewait_stamp
pub(crate) fn tcp_fetch_timewait_stamp(sk: &mut Sock, cx: &mut Cx) {
    if !tw_recycle(cx) || sk.rx_opt.ts_recent_stamp.is_some() {
        return;
    }
    let Cx { metrics, rng, net, now, .. } = cx;
    let Some(tm) = metrics.get(Pair::of(sk), (rng, net, *now)) else { return };
    let fresh = tm.ts_stamp.filter(|at| now.secs_since(*at) <= TCP_PAWS_MSL_SECS);
    if fresh.is_some() {
        sk.rx_opt.ts_recent_stamp = fresh;
        sk.rx_opt.ts_recent = tm.ts;
    }
}
