//! When the data that a call returns arrived.
//!
//! Linux: tcp_recv_timestamp (net/ipv4/tcp.c). Every packet is stamped on arrival, as it is on a
//! host where somebody asked for stamps.

use super::cmsg::{scm_timestamp, scm_timestamping};
use super::flags::TsFlags;
use crate::api::ControlMessage;
use crate::sock::Sock;
use crate::time::Instant;

/// Control messages for data whose last packet arrived at `at`.
///
/// Linux: tcp_recv_timestamp (net/ipv4/tcp.c)
pub(crate) fn tcp_recv_timestamp(sk: &Sock, at: Instant) -> Vec<ControlMessage> {
    let flags = sk.tstamp.flags;
    let wanted = flags.has(TsFlags::RX_SOFTWARE) || !flags.has(TsFlags::OPT_RX_FILTER);
    let mut control: Vec<_> = scm_timestamp(&sk.tstamp, at).into_iter().collect();
    if flags.has(TsFlags::SOFTWARE) && wanted {
        control.push(scm_timestamping(&sk.tstamp, at));
    }
    control
}
