//! What is remembered of one pair of addresses.
//!
//! Linux: struct tcp_metrics_block, struct tcp_fastopen_metrics (net/ipv4/tcp_metrics.c)

use crate::fastopen::Cookie;
use crate::net::{MetricLocks, RouteMetrics};
use crate::time::Instant;

/// One entry. Zero means that nothing is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetricsBlock {
    /// Last use (tcpm_stamp).
    pub stamp: Instant,
    /// TCP_METRIC_RTT: microseconds << 3.
    pub rtt_us: u32,
    /// TCP_METRIC_RTTVAR: microseconds << 2.
    pub rttvar_us: u32,
    /// TCP_METRIC_SSTHRESH, in segments.
    pub ssthresh: u32,
    /// TCP_METRIC_CWND, in segments.
    pub cwnd: u32,
    /// TCP_METRIC_REORDERING
    pub reordering: u32,
    /// The host's last timestamp, and when it was received (tcpm_ts, tcpm_ts_stamp, before 4.12).
    pub(super) ts: u32,
    pub(super) ts_stamp: Option<Instant>,
    /// What the route does not let connections change (tcpm_lock).
    pub(super) lock: MetricLocks,
    /// Fast Open.
    pub fastopen: FastopenMetrics,
}

/// What is remembered for Fast Open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FastopenMetrics {
    /// MSS of the last SYN-ACK; 0 when there was none.
    pub mss: u16,
    /// SYNs with data that were lost in a row.
    pub syn_loss: u16,
    /// When the last of them was.
    pub last_syn_loss: Instant,
    /// 1: ask by the experimental option next time; 2: that did not help either.
    pub try_exp: u8,
    /// The cookie; empty when there is none.
    pub(crate) cookie: Cookie,
}

impl FastopenMetrics {
    /// The cookie's bytes; none of them when there is no cookie.
    #[must_use]
    pub fn cookie(&self) -> &[u8] {
        &self.cookie.bytes
    }
}

impl MetricsBlock {
    /// Starts over with what the route says. The cookie stays: it is not a measurement.
    ///
    /// Linux: tcpm_suck_dst (net/ipv4/tcp_metrics.c)
    pub(super) fn tcpm_suck_dst(&mut self, route: &RouteMetrics, now: Instant) {
        *self = Self {
            stamp: now,
            rtt_us: route.rtt_ms8.saturating_mul(1000),
            rttvar_us: route.rttvar_ms4.saturating_mul(1000),
            ssthresh: route.ssthresh,
            cwnd: route.cwnd,
            reordering: route.reordering,
            lock: route.locks,
            ts: 0,
            ts_stamp: None,
            fastopen: std::mem::take(&mut self.fastopen),
        };
    }
}
