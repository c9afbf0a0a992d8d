//! What delivery rate estimation remembers: of the connection, and of each packet it sent.
//!
//! Linux: first_tx_mstamp … rate_interval_us of struct tcp_sock, tx of struct tcp_skb_cb

use crate::time::Instant;

/// The connection's part.
#[derive(Clone, Debug)]
pub(crate) struct RateVars {
    /// When the packet was sent that was delivered last, or that ended an idle time.
    pub(crate) first_tx_mstamp: Instant,
    /// Time of the most recent delivery; none before the first data.
    pub(crate) delivered_mstamp: Option<Instant>,
    /// The application leaves the pipe partly empty until so many segments are delivered; 0 when
    /// it does not.
    pub(crate) app_limited: u32,
    /// Segments of the best sample, the time they took, and whether the application limited it.
    pub(crate) rate_delivered: u32,
    pub(crate) rate_interval_us: u64,
    pub(crate) rate_app_limited: bool,
}

impl Default for RateVars {
    /// Linux: tcp_init_sock
    fn default() -> Self {
        Self {
            first_tx_mstamp: Instant::ZERO,
            delivered_mstamp: None,
            app_limited: u32::MAX,
            rate_delivered: 0,
            rate_interval_us: 0,
            rate_app_limited: true,
        }
    }
}

/// The state of the connection when a packet was sent (again).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TxRate {
    pub(crate) first_tx_mstamp: Instant,
    /// None for what gives no sample: a SYN, or what a sample was taken of.
    pub(crate) delivered_mstamp: Option<Instant>,
    pub(crate) delivered: u32,
    pub(crate) is_app_limited: bool,
}
