//! The round trip, and the timeout that follows from it.
//!
//! RFC 6298 · Linux: tcp_rtt_estimator, tcp_set_rto, tcp_ack_update_rtt, tcp_update_rtt_min,
//! tcp_update_pacing_rate (net/ipv4/tcp_input.c)

use crate::cx::Cx;
use crate::mutant::Mutant;
use crate::output::options::{tcp_rtt_tsopt_us, tcp_time_stamp};
use crate::sock::Sock;
use crate::timer::{tcp_rto_max, tcp_rto_min_us};

/// Folds a measurement into the smoothed round trip and its variation.
///
/// Linux: tcp_rtt_estimator · Differs: computes in signed 64 bits.
fn tcp_rtt_estimator(sk: &mut Sock, mrtt_us: u32, cx: &Cx) {
    let rto_min_us = tcp_rto_min_us(sk, cx);
    let rtt = &mut sk.rtt;
    if rtt.srtt_us == 0 {
        rtt.srtt_us = (mrtt_us << 3).max(1);
        rtt.mdev_us = mrtt_us << 1;
        rtt.rttvar_us = rtt.mdev_us.max(rto_min_us);
        rtt.mdev_max_us = rtt.rttvar_us;
        rtt.rtt_seq = sk.snd.nxt;
        return;
    }
    let error = i64::from(mrtt_us) - i64::from(rtt.srtt_us >> 3);
    let srtt = (i64::from(rtt.srtt_us) + error).max(1);
    rtt.srtt_us = u32::try_from(srtt).unwrap_or(u32::MAX);
    let mut deviation = error.abs() - i64::from(rtt.mdev_us >> 2);
    if error < 0 && deviation > 0 && !cx.mutant(Mutant::FallRaisesRto) {
        // A falling round trip must not raise the timeout much.
        deviation >>= 3;
    }
    let mdev = (i64::from(rtt.mdev_us) + deviation).max(0);
    rtt.mdev_us = u32::try_from(mdev).unwrap_or(u32::MAX);
    if rtt.mdev_us > rtt.mdev_max_us {
        rtt.mdev_max_us = rtt.mdev_us;
        rtt.rttvar_us = rtt.rttvar_us.max(rtt.mdev_max_us);
    }
    if sk.snd.una.after(rtt.rtt_seq) {
        if rtt.mdev_max_us < rtt.rttvar_us {
            rtt.rttvar_us -= (rtt.rttvar_us - rtt.mdev_max_us) >> 2;
        }
        rtt.rtt_seq = sk.snd.nxt;
        rtt.mdev_max_us = rto_min_us;
    }
}

/// The timeout without backoff.
///
/// RFC 6298 (2.3) · Linux: tcp_set_rto
pub(crate) fn tcp_set_rto(sk: &mut Sock, cx: &Cx) {
    let us = u64::from(sk.rtt.srtt_us >> 3) + u64::from(sk.rtt.rttvar_us);
    sk.loss.rto = cx.hz.usecs_to_jiffies(us).min(tcp_rto_max(sk));
}

/// Uses a round trip measured by an ACK: of a segment sent once, of a SACKed one, or by its
/// timestamp echo. False when the ACK measures nothing.
///
/// `[RFC6298:4#1]` · Linux: tcp_ack_update_rtt
pub(crate) fn tcp_ack_update_rtt(sk: &mut Sock, sample: RttSample, cx: &Cx) -> bool {
    let mut seq_rtt = sample.seq_rtt_us.or(sample.sack_rtt_us);
    if seq_rtt.is_none() && sk.rx_opt.saw_tstamp && sk.rx_opt.rcv_tsecr != 0 && sample.acked_data {
        let now = tcp_time_stamp(cx.now, sk.tsoffset, cx);
        let delta = now.wrapping_sub(sk.rx_opt.rcv_tsecr);
        // An echo from the future or from another life measures nothing.
        seq_rtt = tcp_rtt_tsopt_us(delta.max(1), cx);
    }
    let ca_rtt = sample.ca_rtt_us.or(seq_rtt);
    let Some(seq_rtt) = seq_rtt else { return false };
    if let Some(ca_rtt) = ca_rtt {
        tcp_update_rtt_min(sk, ca_rtt.max(1), cx);
    }
    tcp_rtt_estimator(sk, seq_rtt, cx);
    tcp_set_rto(sk, cx);
    if !cx.mutant(Mutant::BackoffKept) {
        sk.loss.backoff = 0;
    }
    true
}

/// What an ACK measured, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RttSample {
    /// From the first segment acknowledged that was sent once.
    pub(crate) seq_rtt_us: Option<u32>,
    /// From a SACKed segment that was sent once.
    pub(crate) sack_rtt_us: Option<u32>,
    /// From the last segment acknowledged, for congestion control.
    pub(crate) ca_rtt_us: Option<u32>,
    /// SND.UNA moved.
    pub(crate) acked_data: bool,
}

/// Keeps the smallest round trip of the last tcp_min_rtt_wlen seconds.
///
/// Linux: tcp_update_rtt_min · Differs: one minimum instead of a running set of three.
fn tcp_update_rtt_min(sk: &mut Sock, rtt_us: u32, cx: &Cx) {
    let wlen = cx.hz.secs(cx.sysctl.tcp_min_rtt_wlen.unsigned_abs().into());
    let is_recent = |at| u64::from(cx.ticks_since(at)) <= wlen;
    let keep = sk.rtt.min_rtt.filter(|(at, us)| *us < rtt_us && is_recent(*at));
    if keep.is_none() {
        sk.rtt.min_rtt = Some((cx.now, rtt_us));
    }
}

/// Bytes per second that the window and the round trip make, with headroom.
///
/// Linux: tcp_update_pacing_rate
pub(crate) fn tcp_update_pacing_rate(sk: &mut Sock, cx: &Cx) {
    let cw = &sk.cong.cw;
    let ratio = if cw.snd_cwnd < cw.snd_ssthresh / 2 {
        cx.sysctl.tcp_pacing_ss_ratio
    } else {
        cx.sysctl.tcp_pacing_ca_ratio
    };
    let per_rtt = u64::from(sk.mss_cache) * u64::from(cw.snd_cwnd.max(sk.loss.packets_out));
    let mut rate = per_rtt * 80_000 * u64::from(ratio.unsigned_abs());
    if let Some(scaled) = rate.checked_div(u64::from(sk.rtt.srtt_us)) {
        rate = scaled;
    }
    sk.pacing_rate = rate.min(sk.opts.max_pacing_rate);
}

/// The handshake measured a round trip.
///
/// Linux: tcp_synack_rtt_meas
pub(crate) fn tcp_synack_rtt_meas(sk: &mut Sock, rtt_us: Option<u32>, cx: &Cx) {
    let sample = RttSample {
        seq_rtt_us: rtt_us,
        ca_rtt_us: rtt_us,
        acked_data: true,
        ..RttSample::default()
    };
    tcp_ack_update_rtt(sk, sample, cx);
}

/// The receiver's view: a window's worth took one round trip.
///
/// Linux: tcp_rcv_rtt_measure
pub(crate) fn tcp_rcv_rtt_measure(sk: &mut Sock, cx: &Cx) {
    let started = sk.rtt.rcv_rtt_time.as_nanos() != 0;
    if started && sk.rcv.nxt.before(sk.rtt.rcv_rtt_seq) {
        return;
    }
    if started {
        let us = cx.now.micros_since(sk.rtt.rcv_rtt_time).max(1);
        tcp_rcv_rtt_update(sk, us, true, cx);
    }
    sk.rtt.rcv_rtt_seq = sk.rcv.nxt + sk.rcv.wnd;
    sk.rtt.rcv_rtt_time = cx.now;
}

/// The receiver's view by timestamp echo, on full-sized segments.
///
/// Linux: tcp_rcv_rtt_measure_ts
pub(crate) fn tcp_rcv_rtt_measure_ts(sk: &mut Sock, seg_len: u32, cx: &Cx) {
    let tsecr = sk.rx_opt.rcv_tsecr;
    // A segment without timestamps leaves the echo of the one before.
    if tsecr == sk.rtt.rcv_rtt_last_tsecr {
        return;
    }
    sk.rtt.rcv_rtt_last_tsecr = tsecr;
    if seg_len >= sk.ack.rcv_mss {
        let now = tcp_time_stamp(cx.now, sk.tsoffset, cx);
        // Less than a tick measures nothing.
        let sample = tcp_rtt_tsopt_us(now.wrapping_sub(tsecr), cx).filter(|us| *us != 0);
        if let Some(sample) = sample {
            tcp_rcv_rtt_update(sk, u64::from(sample), false, cx);
        }
    }
}

/// Follows a shorter round trip at once. A longer one counts, smoothed, only if it was measured by
/// timestamp while the application kept up: otherwise it says how slow the application is.
///
/// Linux: tcp_rcv_rtt_update
fn tcp_rcv_rtt_update(sk: &mut Sock, sample_us: u64, win_dep: bool, cx: &Cx) {
    let sample = u32::try_from(sample_us).unwrap_or(u32::MAX).min(u32::MAX >> 3);
    let old = sk.rtt.rcv_rtt_us;
    let is_shorter = old == 0 || sample << 3 < old;
    let unread = sk.rcv.nxt != sk.recv_queue.copied_seq();
    let keeps_up = !unread || !cx.kernel.rcv_rtt_needs_empty_queue;
    if is_shorter {
        sk.rtt.rcv_rtt_us = sample << 3;
    } else if !win_dep && keeps_up {
        sk.rtt.rcv_rtt_us = old - (old >> 3) + sample;
    }
}

/// A segment's end to its sending time: what a measurement is taken from.
pub(crate) fn rtt_since(sent: crate::time::Instant, cx: &Cx) -> u32 {
    u32::try_from(cx.now.micros_since(sent)).unwrap_or(u32::MAX)
}
