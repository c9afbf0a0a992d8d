//! What a route says about the connections that use it.
//!
//! Linux: struct dst_metrics, RTAX_* (include/uapi/linux/rtnetlink.h). The round trip and threshold
//! of RTAX_RTT, RTAX_RTTVAR and RTAX_SSTHRESH belong to tcp_metrics and are not here.

/// Metrics of the route to the peer; none stands for a metric that is not set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RouteMetrics {
    /// RTAX_MTU in bytes.
    pub mtu: Option<u32>,
    /// RTAX_MTU is locked: ICMP cannot lower it.
    pub mtu_lock: bool,
    /// RTAX_ADVMSS: MSS to announce, in bytes.
    pub advmss: Option<u32>,
    /// RTAX_INITCWND: first congestion window, in segments.
    pub initcwnd: Option<u32>,
    /// RTAX_INITRWND: first receive window, in segments.
    pub initrwnd: Option<u32>,
    /// RTAX_WINDOW: largest receive window, in bytes.
    pub window: Option<u32>,
    /// RTAX_CWND, if locked: largest congestion window, in segments.
    pub cwnd_clamp: Option<u32>,
    /// RTAX_REORDERING: segments.
    pub reordering: Option<u32>,
    /// RTAX_RTO_MIN, if locked: milliseconds.
    pub rto_min_ms: Option<u32>,
    /// RTAX_QUICKACK: every ACK at once.
    pub quickack: bool,
    /// RTAX_HOPLIMIT
    pub hoplimit: Option<u8>,
}
