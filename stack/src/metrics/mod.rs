//! What a host remembers of its destinations from one connection to the next: round trips, slow
//! start thresholds, windows, reordering, and Fast Open cookies.
//!
//! RFC 9040, RFC 7413 §4.1.3 · Linux: net/ipv4/tcp_metrics.c. The path MTU is not here; it is the
//! network's ([`crate::net`]).

mod block;
mod cache;
mod fastopen;
mod init;
mod recycle;
mod update;

pub use block::{FastopenMetrics, MetricsBlock};
pub use cache::{Pair, TcpMetrics};
pub(crate) use fastopen::{CacheSet, tcp_fastopen_cache_get, tcp_fastopen_cache_set};
pub(crate) use init::tcp_init_metrics;
pub(crate) use recycle::{
    tcp_fetch_timewait_stamp, tcp_peer_passes_paws, tcp_remember_stamp, tcp_tw_remember_stamp,
    tw_recycle,
};
pub(crate) use update::tcp_update_metrics;
