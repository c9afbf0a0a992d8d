//! How fast the network delivers: a sample per ACK, the best of them for TCP_INFO.
//!
//! draft-cheng-iccrg-delivery-rate-estimation · Linux: net/ipv4/tcp_rate.c, tcp_count_delivered
//! and tcp_newly_delivered (net/ipv4/tcp_input.c)

use crate::cx::Cx;
use crate::mib::Counter;
use crate::seq::Seq;
use crate::sock::rate::TxRate;
use crate::sock::{EcnMode, Sock};
use crate::time::Instant;

/// SKB_TRUESIZE(1): less than this in the queues of the host means that nothing is there.
const SKB_TRUESIZE_1: u32 = 577;

/// What one ACK says about the rate (Linux: struct rate_sample).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RateSample {
    prior_delivered: u32,
    prior_mstamp: Option<Instant>,
    is_app_limited: bool,
    last_end_seq: Seq,
    /// The time between two transmissions, until the sample is whole.
    interval_us: u64,
}

/// What a packet remembers that leaves at `tx_tstamp`; called before it counts as in flight.
///
/// Linux: tcp_rate_skb_sent (net/ipv4/tcp_rate.c)
pub(crate) fn tcp_rate_skb_sent(sk: &mut Sock, tx_tstamp: Instant) -> TxRate {
    if sk.loss.packets_out == 0 {
        // Nothing was in flight: idle time is no time of delivery.
        sk.rate.first_tx_mstamp = tx_tstamp;
        sk.rate.delivered_mstamp = Some(tx_tstamp);
    }
    TxRate {
        first_tx_mstamp: sk.rate.first_tx_mstamp,
        delivered_mstamp: sk.rate.delivered_mstamp,
        delivered: sk.total.delivered,
        is_app_limited: sk.rate.app_limited != 0,
    }
}

/// A packet with this end and time of transmission was delivered: the sample is about the one sent
/// last.
///
/// Linux: tcp_rate_skb_delivered (net/ipv4/tcp_rate.c)
pub(super) fn tcp_rate_skb_delivered(
    sk: &mut Sock,
    tx: TxRate,
    (sent_at, end_seq): (Instant, Seq),
    rs: &mut RateSample,
) {
    if tx.delivered_mstamp.is_none() {
        return;
    }
    let first_tx = sk.rate.first_tx_mstamp;
    let sent_after = sent_at > first_tx || (sent_at == first_tx && end_seq.after(rs.last_end_seq));
    if rs.prior_delivered == 0 || sent_after {
        rs.prior_delivered = tx.delivered;
        rs.prior_mstamp = tx.delivered_mstamp;
        rs.is_app_limited = tx.is_app_limited;
        rs.last_end_seq = end_seq;
        sk.rate.first_tx_mstamp = sent_at;
        rs.interval_us = sent_at.micros_since(tx.first_tx_mstamp);
    }
}

/// Everything the ACK delivered is known: keeps the sample if it is the best there is.
///
/// Linux: tcp_rate_gen (net/ipv4/tcp_rate.c)
pub(super) fn tcp_rate_gen(
    sk: &mut Sock,
    newly_delivered: u32,
    is_sack_reneg: bool,
    rs: RateSample,
    cx: &Cx,
) {
    let limit = sk.rate.app_limited;
    if limit != 0 && Seq(sk.total.delivered).after(Seq(limit)) {
        // The gap in what was sent is acknowledged.
        sk.rate.app_limited = 0;
    }
    if newly_delivered != 0 {
        sk.rate.delivered_mstamp = Some(cx.now);
    }
    // After reneging, packets count as delivered that were so long ago.
    let Some(prior_mstamp) = rs.prior_mstamp.filter(|_| !is_sack_reneg) else { return };
    let delivered = sk.total.delivered.wrapping_sub(rs.prior_delivered);
    // Either phase may be compressed; the longer one is what the network needs.
    let interval_us = rs.interval_us.max(cx.now.micros_since(prior_mstamp));
    if interval_us < u64::from(sk.rtt.min_rtt_us()) {
        return;
    }
    let rate = &mut sk.rate;
    let faster = u64::from(delivered) * rate.rate_interval_us
        >= u64::from(rate.rate_delivered).saturating_mul(interval_us);
    if !rs.is_app_limited || faster {
        rate.rate_delivered = delivered;
        rate.rate_interval_us = interval_us;
        rate.rate_app_limited = rs.is_app_limited;
    }
}

/// The application comes with more: it is the limit if everything before has left and there was
/// room for it.
///
/// Linux: tcp_rate_check_app_limited (net/ipv4/tcp_rate.c)
pub(crate) fn tcp_rate_check_app_limited(sk: &mut Sock) {
    let in_flight = sk.loss.packets_in_flight();
    let limited = sk.snd.write_seq - sk.snd.nxt < sk.mss_cache
        && sk.tsq.wmem_alloc < SKB_TRUESIZE_1
        && in_flight < sk.cong.cw.snd_cwnd
        && sk.loss.lost_out <= sk.loss.retrans_out;
    if limited {
        sk.rate.app_limited = sk.total.delivered.wrapping_add(in_flight).max(1);
    }
}

/// Bytes per second of the best sample; 0 before there is one.
///
/// Linux: tcp_compute_delivery_rate (net/ipv4/tcp.c)
pub(crate) fn tcp_compute_delivery_rate(sk: &Sock) -> u64 {
    let bytes = u64::from(sk.rate.rate_delivered) * u64::from(sk.mss_cache);
    (bytes * 1_000_000).checked_div(sk.rate.rate_interval_us).unwrap_or(0)
}

/// `delivered` more segments arrived; those of an ACK with an echo count as marked.
///
/// Linux: tcp_count_delivered (net/ipv4/tcp_input.c)
pub(crate) fn tcp_count_delivered(sk: &mut Sock, delivered: u32, ece: bool) {
    sk.total.delivered = sk.total.delivered.wrapping_add(delivered);
    if ece && sk.ecn.mode == EcnMode::Rfc3168 {
        sk.total.delivered_ce = sk.total.delivered_ce.wrapping_add(delivered);
    }
}

/// Segments delivered since there were `prior`, counted; and how many of them were marked, if the
/// peer counts them.
///
/// Linux: tcp_newly_delivered (net/ipv4/tcp_input.c)
pub(super) fn tcp_newly_delivered(
    sk: &Sock,
    prior: u32,
    (ece, marked): (bool, u32),
    cx: &mut Cx,
) -> u32 {
    let delivered = sk.total.delivered.wrapping_sub(prior);
    cx.mib.add(Counter::TcpExtTCPDelivered, u64::from(delivered));
    if ece {
        let marked = if sk.ecn.mode == EcnMode::Rfc3168 { delivered } else { marked };
        cx.mib.add(Counter::TcpExtTCPDeliveredCE, u64::from(marked));
    }
    delivered
}
