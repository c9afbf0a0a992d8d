//! What a connection starts with because of the ones before it.
//!
//! RFC 9040 §3 · Linux: tcp_init_metrics, tcp_peer_is_proven (net/ipv4/tcp_metrics.c)

use super::cache::{Pair, TcpMetrics};
use crate::congestion::INFINITE_SSTHRESH;
use crate::cx::Cx;
use crate::flow::Flow;
use crate::net::Net;
use crate::rng::Rng;
use crate::sock::Sock;
use crate::time::Instant;
use crate::timer::tcp_rto_min;

/// TCP_TIMEOUT_FALLBACK: three seconds after a handshake that measured nothing.
const TCP_TIMEOUT_FALLBACK_MS: u32 = 3000;

impl Pair {
    /// The ends of a socket's path.
    pub(super) const fn of(sk: &Sock) -> Self {
        Self::of_flow(sk.flow)
    }

    const fn of_flow(flow: Flow) -> Self {
        Self { local: flow.local.ip(), remote: flow.remote.ip() }
    }
}

/// Threshold, reordering and the first timeout from the cache; the estimator itself starts afresh.
///
/// RFC 6298 (5.7)
pub(crate) fn tcp_init_metrics(sk: &mut Sock, cx: &mut Cx) {
    // The handshake may have reduced it without need.
    sk.cong.cw.snd_ssthresh = INFINITE_SSTHRESH;
    let rto_min = tcp_rto_min(sk, cx);
    let without_ssthresh = cx.sysctl.tcp_no_ssthresh_metrics_save != 0;
    let hz = cx.hz;
    let Cx { metrics, rng, net, now, .. } = cx;
    let mut crtt = 0;
    if let Some(tm) = metrics.get(Pair::of(sk), (rng, net, *now)) {
        if tm.lock.cwnd {
            sk.cong.cw.snd_cwnd_clamp = tm.cwnd;
        }
        if tm.ssthresh != 0 && !without_ssthresh {
            sk.cong.cw.snd_ssthresh = tm.ssthresh.min(sk.cong.cw.snd_cwnd_clamp);
        }
        if tm.reordering != 0 {
            sk.loss.reordering = tm.reordering;
        }
        crtt = tm.rtt_us;
    }
    if crtt > sk.rtt.srtt_us {
        // The handshake's segments are small; data takes longer.
        let crtt = crtt / (8 * 1_000_000 / hz.per_sec());
        sk.loss.rto = crtt.saturating_add((2 * crtt).max(rto_min));
    } else if sk.rtt.srtt_us == 0 {
        sk.rtt.rttvar_us = TCP_TIMEOUT_FALLBACK_MS * 1000;
        sk.rtt.mdev_us = sk.rtt.rttvar_us;
        sk.rtt.mdev_max_us = sk.rtt.rttvar_us;
        sk.loss.rto = hz.msecs_to_jiffies(TCP_TIMEOUT_FALLBACK_MS);
    }
}

impl TcpMetrics {
    /// Whether a connection with this peer once measured a round trip.
    ///
    /// Linux: tcp_peer_is_proven (net/ipv4/tcp_metrics.c)
    pub(crate) fn tcp_peer_is_proven(
        &mut self,
        flow: Flow,
        surroundings: (&Rng, &Net, Instant),
    ) -> bool {
        self.get(Pair::of_flow(flow), surroundings).is_some_and(|tm| tm.rtt_us != 0)
    }
}
