//! What a route says about the connections that use it (`ip route … rtt 100ms`).
//!
//! Linux: struct dst_metrics, RTAX_* (include/uapi/linux/rtnetlink.h)

/// Metrics of a route; zero where it says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RouteMetrics {
    /// RTAX_MTU: bytes.
    pub mtu: u32,
    /// RTAX_WINDOW: largest receive window, in bytes.
    pub window: u32,
    /// RTAX_RTT: eighths of a millisecond.
    pub rtt_ms8: u32,
    /// RTAX_RTTVAR: quarters of a millisecond.
    pub rttvar_ms4: u32,
    /// RTAX_SSTHRESH: segments.
    pub ssthresh: u32,
    /// RTAX_CWND: segments.
    pub cwnd: u32,
    /// RTAX_ADVMSS: MSS to announce, in bytes.
    pub advmss: u32,
    /// RTAX_REORDERING: segments.
    pub reordering: u32,
    /// RTAX_HOPLIMIT
    pub hoplimit: u8,
    /// RTAX_INITCWND: first congestion window, in segments.
    pub initcwnd: u32,
    /// RTAX_RTO_MIN: milliseconds; it counts only if it is locked.
    pub rto_min_ms: u32,
    /// RTAX_INITRWND: first receive window, in segments.
    pub initrwnd: u32,
    /// RTAX_QUICKACK: every ACK at once.
    pub quickack: bool,
    /// RTAX_FASTOPEN_NO_COOKIE: Fast Open needs no cookie on this route.
    pub fastopen_no_cookie: bool,
    /// Which of them are not to be overruled by what connections learn (`lock`).
    pub locks: MetricLocks,
}

/// Locked metrics of a route (Linux: dst_metric_locked).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a set of flags, as in the kernel")]
#[expect(missing_docs, reason = "each is the metric of the same name")]
pub struct MetricLocks {
    pub mtu: bool,
    pub rtt: bool,
    pub rttvar: bool,
    pub ssthresh: bool,
    pub cwnd: bool,
    pub reordering: bool,
    pub rto_min: bool,
}
