//! What SND.UNA covers leaves the retransmission queue, and measures the round trip.
//!
//! RFC 6298 §3 · Linux: tcp_clean_rtx_queue (net/ipv4/tcp_input.c)

use super::ack::AckFlags;
use super::cong_control::ack_sample;
use super::rate::{tcp_count_delivered, tcp_rate_skb_delivered};
use super::rtt::{RttSample, rtt_since, tcp_ack_update_rtt};
use super::sack::{SackState, tcp_check_sack_reordering, tcp_highest_sack_seq};
use crate::congestion::{AckSample, tcp_rack_advance, tcp_remove_reno_sacks, tcp_tsopt_ecr_before};
use crate::cx::Cx;
use crate::errqueue::zerocopy::msg_zerocopy_complete;
use crate::mutant::Mutant;
use crate::output::mtu_probe::tcp_mtup_check_success;
use crate::seq::Seq;
use crate::sock::chunk::Chunk;
use crate::sock::{Chrono, Sock};
use crate::time::Instant;
use crate::timestamping::tcp_ack_tstamp;

/// The connection before the ACK.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    pub(super) lost: u32,
    pub(super) delivered: u32,
    pub(super) fack: Seq,
    pub(super) una: Seq,
    pub(super) is_sack_reneg: bool,
}

/// What leaving the retransmission queue taught.
#[derive(Clone, Copy, Debug, Default)]
struct Cleaned {
    pkts_acked: u32,
    first: Option<Instant>,
    last: Option<Instant>,
    /// Lowest never-retransmitted, never-SACKed segment that was acknowledged.
    reord: Option<Seq>,
}

/// Takes what SND.UNA covers off the retransmission queue, and measures the round trip.
///
/// Linux: tcp_clean_rtx_queue
pub(super) fn tcp_clean_rtx_queue(
    sk: &mut Sock,
    before: &Before,
    sacks: &mut SackState,
    flags: &mut AckFlags,
    cx: &mut Cx,
) -> Option<AckSample> {
    let mut cleaned = Cleaned::default();
    let una = sk.snd.una;
    while let Some(head) = sk.write_queue.rtx_head() {
        if !head.end_seq().after(una) {
            let Some(chunk) = sk.write_queue.pop_rtx_head() else { break };
            let pcount = chunk.pcount();
            account_acked(sk, &chunk, pcount, &mut cleaned, flags, cx);
            let sent = (chunk.sent_at, chunk.end_seq());
            tcp_rate_skb_delivered(sk, chunk.tx_rate, sent, &mut sacks.rate);
            if !cx.mutant(Mutant::AckStampForgotten) {
                tcp_ack_tstamp(sk, &chunk, before.una, cx);
            }
            if chunk.zcopy.is_some() {
                msg_zerocopy_complete(sk, cx);
            }
            continue;
        }
        // A packet of several segments may be acknowledged in part.
        let (whole, was) = (head.pcount(), head.clone());
        tcp_ack_tstamp(sk, &was, before.una, cx);
        if whole > 1 && una.after(was.seq) {
            sk.write_queue.trim_rtx_head(una);
            let rest = sk.write_queue.rtx_head().map_or(0, Chunk::pcount);
            if whole > rest {
                account_acked(sk, &was, whole - rest, &mut cleaned, flags, cx);
                let sent = (was.sent_at, was.end_seq());
                tcp_rate_skb_delivered(sk, was.tx_rate, sent, &mut sacks.rate);
            }
        }
        break;
    }
    if sk.write_queue.is_rtx_empty() {
        let idle = sk.write_queue.is_unsent_empty();
        sk.chrono.stop(Chrono::Busy, idle, cx.jiffies());
    }
    if sk.snd.urg_mode && !sk.snd.up.after(una) && !cx.mutant(Mutant::UrgentModeStays) {
        sk.snd.urg_mode = false;
    }
    if flags.acked() {
        // What was SACKed before is no news.
        let reached = sk.write_queue.rtx_head().map_or(una, |head| head.seq);
        sacks.delivered_bytes = reached - before.una;
    }
    flags.sack_reneging = sk.write_queue.rtx_head().is_some_and(|head| head.marks.sacked);
    update_rtt(sk, cleaned, sacks, flags, cx);
    if flags.acked() {
        flags.set_xmit_timer = true;
        tcp_mtup_check_success(sk, cx);
        if sk.rx_opt.sack_ok {
            if let Some(reord) = cleaned.reord.filter(|reord| reord.before(before.fack)) {
                let fack = tcp_highest_sack_seq(sk);
                tcp_check_sack_reordering(sk, fack, reord, false, cx);
            }
        } else {
            tcp_remove_reno_sacks(sk, cleaned.pkts_acked, flags.ece, cx);
            if flags.retrans_data_acked {
                flags.orig_sack_acked = false;
            }
        }
    }
    flags.acked().then(|| AckSample {
        acked: cleaned.pkts_acked,
        rtt_us: cleaned.last.filter(|_| !flags.retrans_data_acked).map(|at| rtt_since(at, cx)),
        ..ack_sample(sk, una, cx)
    })
}

/// One chunk, or its first segments, left the queue.
fn account_acked(
    sk: &mut Sock,
    chunk: &Chunk,
    pcount: u32,
    cleaned: &mut Cleaned,
    flags: &mut AckFlags,
    cx: &Cx,
) {
    let marks = chunk.marks;
    if marks.is_retransmitted() && !cx.mutant(Mutant::RetransmittedIsOriginal) {
        if marks.retrans {
            sk.loss.retrans_out = sk.loss.retrans_out.saturating_sub(pcount);
        }
        flags.retrans_data_acked = true;
    } else if !marks.sacked {
        cleaned.last = Some(chunk.sent_at);
        cleaned.first = cleaned.first.or(cleaned.last);
        cleaned.reord = Some(cleaned.reord.map_or(chunk.seq, |low| low.min(chunk.seq)));
        if !chunk.end_seq().after(sk.loss.high_seq) {
            flags.orig_sack_acked = true;
        }
    }
    if marks.sacked {
        sk.loss.sacked_out = sk.loss.sacked_out.saturating_sub(pcount);
    } else if sk.rx_opt.sack_ok {
        tcp_count_delivered(sk, pcount, flags.ece);
        if !tcp_skb_spurious_retrans(sk, chunk, cx) {
            tcp_rack_advance(sk, marks, chunk.end_seq(), chunk.sent_at, cx);
        }
    }
    if marks.lost {
        sk.loss.lost_out = sk.loss.lost_out.saturating_sub(pcount);
    }
    sk.loss.packets_out = sk.loss.packets_out.saturating_sub(pcount);
    cleaned.pkts_acked += pcount;
    if chunk.flags.syn() {
        flags.syn_acked = true;
        sk.loss.retrans_stamp = None;
    } else {
        flags.data_acked = true;
    }
}

/// The original arrived after all: the peer echoes a timestamp from before the retransmission.
///
/// RFC 3522 · Linux: tcp_skb_spurious_retrans (net/ipv4/tcp_input.c)
fn tcp_skb_spurious_retrans(sk: &Sock, chunk: &Chunk, cx: &Cx) -> bool {
    chunk.marks.is_retransmitted() && tcp_tsopt_ecr_before(sk, chunk.sent_at, cx)
}

/// Linux: the round-trip part of tcp_clean_rtx_queue
fn update_rtt(sk: &mut Sock, cleaned: Cleaned, sacks: &SackState, flags: &mut AckFlags, cx: &Cx) {
    // [RFC6298:3#1] Karn: a retransmitted segment measures nothing.
    let clean = !flags.retrans_data_acked || cx.mutant(Mutant::KarnIgnored);
    let since = |at: Option<Instant>| at.map(|at| rtt_since(at, cx));
    let sample = RttSample {
        seq_rtt_us: since(cleaned.first.filter(|_| clean)),
        sack_rtt_us: since(sacks.first_sackt),
        ca_rtt_us: since(sacks.last_sackt.or(cleaned.last.filter(|_| clean))),
        acked_data: flags.acked(),
    };
    let updated = tcp_ack_update_rtt(sk, sample, cx);
    if !flags.acked() && updated {
        // Re-arming for a SACK of something sent before the head would put off the timeout for ever.
        let head_age = sk.write_queue.rtx_head().map(|head| rtt_since(head.sent_at, cx));
        if sample.sack_rtt_us.zip(head_age).is_some_and(|(rtt, age)| rtt > age) {
            flags.set_xmit_timer = true;
        }
    }
}
