//! Reno: slow start, then one segment per window (RFC 5681 §3.1), and the two growth functions
//! other algorithms share.
//!
//! Linux: net/ipv4/tcp_cong.c

use super::{AckSample, CaEvent, CaState, CongestionOps, Cwnd, SlowStartExit};
use crate::time::Instant;

/// Reno has no variables of its own.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reno;

impl CongestionOps for Reno {
    fn name(&self) -> &'static str {
        "reno"
    }

    /// RFC 5681 (4), counted in window rather than in flight · Linux: tcp_reno_ssthresh
    fn ssthresh(&mut self, cw: &mut Cwnd) -> u32 {
        (cw.snd_cwnd >> 1).max(2)
    }

    /// Linux: tcp_reno_cong_avoid
    fn cong_avoid(&mut self, cw: &mut Cwnd, ack: &AckSample) {
        if !tcp_is_cwnd_limited(cw) {
            return;
        }
        let mut acked = ack.acked;
        if cw.in_slow_start() {
            acked = tcp_slow_start(cw, acked);
            if acked == 0 {
                return;
            }
        }
        let window = cw.snd_cwnd;
        tcp_cong_avoid_ai(cw, window, acked);
    }

    fn set_state(&mut self, _: &mut Cwnd, _: CaState, _: Instant) {}

    fn cwnd_event(&mut self, _: &mut Cwnd, _: CaEvent, _: Instant) {}

    fn pkts_acked(&mut self, _: &mut Cwnd, _: &AckSample) -> Option<SlowStartExit> {
        None
    }
}

/// The window was what held the sender back, so growing it means something (RFC 2861, RFC 7661).
///
/// Linux: tcp_is_cwnd_limited (include/net/tcp.h)
pub(super) const fn tcp_is_cwnd_limited(cw: &Cwnd) -> bool {
    // In slow start a window twice the largest flight is still being filled.
    cw.is_cwnd_limited || cw.in_slow_start() && cw.snd_cwnd < cw.max_packets_out.saturating_mul(2)
}

/// One segment per acknowledged segment up to the threshold; returns what is left over.
///
/// RFC 5681 §3.1, RFC 3465 without its limit · Linux: tcp_slow_start
pub(super) fn tcp_slow_start(cw: &mut Cwnd, acked: u32) -> u32 {
    let grown = cw.snd_cwnd.saturating_add(acked).min(cw.snd_ssthresh);
    let used = grown.saturating_sub(cw.snd_cwnd);
    cw.snd_cwnd = grown.min(cw.snd_cwnd_clamp);
    acked.saturating_sub(used)
}

/// One segment per `per` acknowledged segments.
///
/// RFC 5681 §3.1 (3) · Linux: tcp_cong_avoid_ai
pub(super) fn tcp_cong_avoid_ai(cw: &mut Cwnd, per: u32, acked: u32) {
    let per = per.max(1);
    // Credit from when more was needed is worth one step, not several at once.
    if cw.snd_cwnd_cnt >= per {
        cw.snd_cwnd_cnt = 0;
        cw.snd_cwnd = cw.snd_cwnd.saturating_add(1);
    }
    cw.snd_cwnd_cnt = cw.snd_cwnd_cnt.saturating_add(acked);
    let steps = cw.snd_cwnd_cnt / per;
    cw.snd_cwnd_cnt %= per;
    cw.snd_cwnd = cw.snd_cwnd.saturating_add(steps).min(cw.snd_cwnd_clamp);
}

#[cfg(test)]
pub(super) mod tests;
