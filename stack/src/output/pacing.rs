//! Pacing: when the next packet of a connection may depart, and who sees to it.
//!
//! Linux: sk_pacing_status (include/net/sock.h), tcp_update_skb_after_send, tcp_pacing_check
//! (net/ipv4/tcp_output.c). With fq the packets themselves wait; otherwise TCP waits, if somebody
//! asked for a rate.

use crate::cx::Cx;
use crate::sock::Sock;
use crate::time::Instant;
use crate::timer::Timer;

/// Data segments that leave unpaced at the beginning.
const UNPACED_SEGS: u32 = 10;
const NSEC_PER_SEC: u64 = 1_000_000_000;

/// Who paces a connection (Linux: enum sk_pacing).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pacing {
    /// SK_PACING_NONE
    #[default]
    None,
    /// SK_PACING_NEEDED: TCP itself, with a timer.
    Needed,
    /// SK_PACING_FQ: the queueing discipline.
    Fq,
}

/// A packet of `len` bytes was handed over to depart at `departs`: the next one departs so much
/// later as the rate says, less what the last one was late.
///
/// Linux: tcp_update_skb_after_send
pub(super) fn tcp_update_skb_after_send(sk: &mut Sock, len: usize, prior: Instant) {
    if sk.pacing == Pacing::None || sk.total.data_segs_out < UNPACED_SEGS {
        return;
    }
    let rate = sk.pacing_rate;
    if rate == u64::MAX || rate == 0 {
        return;
    }
    let len = u64::try_from(len).unwrap_or(u64::MAX);
    let gap_ns = len.saturating_mul(NSEC_PER_SEC) / rate;
    let credit_ns = sk.total.wstamp.nanos_since(prior);
    let gap_ns = gap_ns - credit_ns.min(gap_ns / 2);
    sk.total.wstamp = sk.total.wstamp.plus_nanos(gap_ns);
}

/// Whether TCP has to wait before it may send; the pacing timer will call again.
///
/// Linux: tcp_pacing_check
pub(crate) fn tcp_pacing_check(sk: &mut Sock) -> bool {
    if sk.pacing != Pacing::Needed || sk.total.wstamp <= sk.total.clock_cache {
        return false;
    }
    if !sk.timers.is_armed(Timer::Pacing) {
        sk.timers.arm_exact(Timer::Pacing, sk.total.wstamp);
    }
    true
}

/// Ticks by which pacing delays the last packet handed over: timers for it start no earlier.
///
/// Linux: tcp_pacing_delay (include/net/tcp.h)
pub(crate) fn tcp_pacing_delay(sk: &Sock, cx: &Cx) -> u32 {
    cx.hz.nsecs_to_jiffies(sk.total.wstamp.nanos_since(sk.total.clock_cache))
}

/// SO_MAX_PACING_RATE: bytes per second, u64::MAX for no limit.
///
/// Linux: sk_setsockopt (net/core/sock.c)
pub(crate) fn set_max_pacing_rate(sk: &mut Sock, rate: u64) {
    if rate != u64::MAX && sk.pacing == Pacing::None {
        sk.pacing = Pacing::Needed;
    }
    sk.opts.max_pacing_rate = rate;
    sk.pacing_rate = sk.pacing_rate.min(rate);
}
