//! What is remembered when a connection ends well.
//!
//! RFC 9040 §3 · Linux: tcp_update_metrics (net/ipv4/tcp_metrics.c)

use super::block::MetricsBlock;
use super::cache::Pair;
use crate::congestion::{CaState, INFINITE_SSTHRESH};
use crate::cx::Cx;
use crate::mutant::Mutant;
use crate::sock::Sock;

/// Remembers what `sk` learnt of its path: called when it enters TIME-WAIT,
/// leaves LAST-ACK, or leaves an orphaned FIN-WAIT-2 remainder.
pub(crate) fn tcp_update_metrics(sk: &Sock, cx: &mut Cx) {
    if cx.sysctl.tcp_no_metrics_save != 0 || cx.mutant(Mutant::MetricsForgotten) {
        return;
    }
    let save_ssthresh = cx.sysctl.tcp_no_ssthresh_metrics_save == 0;
    let default_reordering = cx.sysctl.tcp_reordering.unsigned_abs();
    let Cx { metrics, rng, net, now, .. } = cx;
    let surroundings = (&*rng, &*net, *now);
    if sk.loss.backoff != 0 || sk.rtt.srtt_us == 0 {
        // Nothing came back in time: what was known is doubtful.
        if let Some(tm) = metrics.get(Pair::of(sk), surroundings).filter(|tm| !tm.lock.rtt) {
            tm.rtt_us = 0;
        }
        return;
    }
    let Some(tm) = metrics.get_or_create(Pair::of(sk), surroundings) else { return };
    save_rtt(tm, sk);
    let locks = tm.lock;
    let (cwnd, ssthresh) = (sk.cong.cw.snd_cwnd, sk.cong.cw.snd_ssthresh);
    let save_ssthresh = save_ssthresh && !locks.ssthresh;
    if ssthresh >= INFINITE_SSTHRESH {
        // Slow start did not come to its end.
        if save_ssthresh && tm.ssthresh != 0 && cwnd >> 1 > tm.ssthresh {
            tm.ssthresh = cwnd >> 1;
        }
        if !locks.cwnd {
            tm.cwnd = tm.cwnd.max(cwnd);
        }
    } else if !sk.cong.cw.in_slow_start() && sk.loss.ca_state == CaState::Open {
        if save_ssthresh {
            tm.ssthresh = ssthresh.max(cwnd >> 1);
        }
        if !locks.cwnd {
            tm.cwnd = u32::midpoint(tm.cwnd, cwnd);
        }
    } else {
        if !locks.cwnd {
            tm.cwnd = u32::midpoint(tm.cwnd, ssthresh);
        }
        if save_ssthresh && tm.ssthresh != 0 && ssthresh > tm.ssthresh {
            tm.ssthresh = ssthresh;
        }
        let reordering = sk.loss.reordering;
        if !locks.reordering && tm.reordering < reordering && reordering != default_reordering {
            tm.reordering = reordering;
        }
    }
    tm.stamp = surroundings.2;
}

/// A longer round trip counts at once, a shorter one by an eighth: too long is better than too
/// short.
fn save_rtt(tm: &mut MetricsBlock, sk: &Sock) {
    let (rtt, srtt) = (tm.rtt_us, sk.rtt.srtt_us);
    let m = i64::from(rtt) - i64::from(srtt);
    if !tm.lock.rtt {
        tm.rtt_us = if m <= 0 { srtt } else { rtt - u32::try_from(m >> 3).unwrap_or(rtt) };
    }
    if !tm.lock.rttvar {
        let deviation = u32::try_from(m.unsigned_abs() >> 1).unwrap_or(u32::MAX);
        let m = deviation.max(sk.rtt.mdev_us);
        let var = tm.rttvar_us;
        tm.rttvar_us = if m >= var { m } else { var - ((var - m) >> 2) };
    }
}

#[cfg(test)]
mod tests;
