//! Loss detection before RACK: what was SACKed above a hole decides whether the hole is a loss.
//!
//! RFC 6675 §4, RFC 5827 (early retransmit), Mathis and Mahdavi's FACK · Linux: tcp_time_to_recover,
//! tcp_update_scoreboard, tcp_mark_head_lost (net/ipv4/tcp_input.c of 4.3 and of 6.12). FACK, early
//! retransmit and thin streams' first duplicate are 4.3's.

use super::recovery::tcp_enter_recovery;
use super::{INFINITE_SSTHRESH, tcp_mark_skb_lost};
use crate::cx::Cx;
use crate::input::ack::AckFlags;
use crate::output::may_send::tcp_may_send_now;
use crate::output::retransmit::{fragment_rtx, tcp_xmit_retransmit_queue};
use crate::sock::Sock;
use crate::sock::kept::OptionKey;
use crate::timer::{Timer, tcp_rearm_rto, tcp_reset_xmit_timer};

/// The largest flight that early retransmit is for, and that counts as thin.
const FEW_PACKETS: u32 = 4;
/// The reordering that early retransmit takes for granted.
const USUAL_REORDERING: i32 = 3;
/// TCP_RACK_LOSS_DETECTION
const RACK_LOSS_DETECTION: u8 = 1;
/// TCP_THIN_DUPACK
const TCP_THIN_DUPACK: OptionKey = OptionKey::new(6, 17);

/// RACK decides what is lost; where nothing else can, whatever the sysctl says.
///
/// Linux: tcp_is_rack (net/ipv4/tcp_input.c)
pub(super) fn tcp_is_rack(cx: &Cx) -> bool {
    let asked = cx.sysctl.tcp_recovery & RACK_LOSS_DETECTION != 0;
    cx.kernel.rack && (asked || !cx.kernel.rfc6675)
}

/// Forward acknowledgment is in use; a network that reorders ends it.
///
/// Linux: tcp_is_fack (include/net/tcp.h of 4.3)
fn tcp_is_fack(sk: &Sock, cx: &Cx) -> bool {
    cx.kernel.fack && cx.sysctl.tcp_fack != 0 && !sk.loss.fack_disabled
}

/// Segments up to the highest that was SACKed, holes included (Linux: tp->fackets_out).
fn fackets_out(sk: &Sock) -> u32 {
    let up_to = sk.write_queue.rtx().rposition(|chunk| chunk.marks.sacked).map_or(0, |at| at + 1);
    sk.write_queue.rtx().take(up_to).map(crate::sock::chunk::Chunk::pcount).sum()
}

/// Duplicate ACKs as far as they can be told from SACKs.
///
/// Linux: tcp_dupack_heuristics
fn tcp_dupack_heuristics(sk: &Sock, cx: &Cx) -> u32 {
    if tcp_is_fack(sk, cx) { fackets_out(sk) } else { sk.loss.sacked_out + 1 }
}

/// More was SACKed beyond SND.UNA than reordering explains.
///
/// Linux: tcp_force_fast_retransmit
pub(super) fn tcp_force_fast_retransmit(sk: &Sock, cx: &Cx) -> bool {
    if cx.kernel.fack {
        return fackets_out(sk) > sk.loss.reordering;
    }
    let reach = sk.loss.reordering.saturating_mul(sk.mss_cache);
    crate::input::tcp_highest_sack_seq(sk).after(sk.snd.una + reach)
}

/// Whether fast recovery begins with this ACK.
///
/// Linux: tcp_time_to_recover
pub(super) fn tcp_time_to_recover(sk: &mut Sock, flags: &mut AckFlags, cx: &Cx) -> bool {
    if sk.loss.lost_out != 0 {
        return true;
    }
    if tcp_is_rack(cx) || !sk.rx_opt.sack_ok {
        return false;
    }
    let duplicates = tcp_dupack_heuristics(sk, cx);
    if duplicates > sk.loss.reordering {
        return true;
    }
    if !cx.kernel.early_retransmit {
        return false;
    }
    let packets_out = sk.loss.packets_out;
    let enough = (packets_out / 2).max(cx.sysctl.tcp_reordering.unsigned_abs());
    let may_send = tcp_may_send_now(sk, cx);
    // No more duplicates will come if nothing more can be sent.
    if packets_out <= sk.loss.reordering && sk.loss.sacked_out >= enough && !may_send {
        return true;
    }
    if is_thin_and_says_so(sk, cx) && duplicates > 1 && sk.write_queue.is_unsent_empty() {
        return true;
    }
    let early = does_early_retrans(sk, cx)
        && sk.loss.retrans_out == 0
        && sk.loss.sacked_out != 0
        && packets_out > sk.loss.sacked_out
        && packets_out < FEW_PACKETS
        && !may_send;
    early && !tcp_pause_early_retransmit(sk, flags, cx)
}

/// RFC 5827 · Linux: tcp_enable_early_retrans, tcp_disable_early_retrans (include/net/tcp.h of 4.3)
fn does_early_retrans(sk: &Sock, cx: &Cx) -> bool {
    let sysctl = &cx.sysctl;
    cx.kernel.early_retransmit
        && matches!(sysctl.tcp_early_retrans, 1..=3)
        && sysctl.tcp_thin_dupack == 0
        && sk.opts.kept.get_or(TCP_THIN_DUPACK, 0) == 0
        && sysctl.tcp_reordering == USUAL_REORDERING
        && sk.total.reord_seen == 0
}

/// A stream with few packets in flight that asked for help (TCP_THIN_DUPACK, tcp_thin_dupack).
///
/// Linux: tcp_stream_is_thin (include/net/tcp.h)
fn is_thin_and_says_so(sk: &Sock, cx: &Cx) -> bool {
    let asked = cx.sysctl.tcp_thin_dupack != 0 || sk.opts.kept.get_or(TCP_THIN_DUPACK, 0) != 0;
    let begun = sk.cong.cw.snd_ssthresh >= INFINITE_SSTHRESH;
    cx.kernel.thin_dupack && asked && sk.loss.packets_out < FEW_PACKETS && !begun
}

/// Waits a quarter of the round trip for a segment that was only overtaken.
///
/// RFC 5827 §3.3 mitigation A.3 · Linux: tcp_pause_early_retransmit (net/ipv4/tcp_input.c of 4.3)
fn tcp_pause_early_retransmit(sk: &mut Sock, flags: &mut AckFlags, cx: &Cx) -> bool {
    let delays = matches!(cx.sysctl.tcp_early_retrans, 2 | 3);
    if !delays || flags.ece || sk.rtt.srtt_us == 0 {
        return false;
    }
    let quarter = cx.hz.usecs_to_jiffies(u64::from(sk.rtt.srtt_us >> 5));
    let delay = quarter.max(cx.hz.msecs_to_jiffies(2));
    if sk.timers.icsk_timeout() <= cx.jiffies().plus(delay.into()) {
        return false;
    }
    tcp_reset_xmit_timer(sk, Timer::EarlyRetrans, delay, cx);
    flags.set_xmit_timer = false;
    true
}

/// Nothing more came: the hole is a loss.
///
/// Linux: tcp_resume_early_retransmit (net/ipv4/tcp_input.c of 4.3)
pub(crate) fn tcp_resume_early_retransmit(sk: &mut Sock, cx: &mut Cx) {
    tcp_rearm_rto(sk, cx);
    if !does_early_retrans(sk, cx) {
        return;
    }
    tcp_enter_recovery(sk, false, cx);
    tcp_update_scoreboard(sk, true, cx);
    tcp_xmit_retransmit_queue(sk, cx);
}

/// Marks what duplicates say is lost; at least the head when recovery begins.
///
/// RFC 6675 §4 IsLost · Linux: tcp_update_scoreboard
pub(super) fn tcp_update_scoreboard(sk: &mut Sock, fast_rexmit: bool, cx: &mut Cx) {
    if tcp_is_fack(sk, cx) {
        let lost = fackets_out(sk).saturating_sub(sk.loss.reordering).max(1);
        mark_forward(sk, lost, cx);
    } else if let Some(sacked_upto) = sk.loss.sacked_out.checked_sub(sk.loss.reordering) {
        mark_below_sacks(sk, sacked_upto, cx);
    } else if fast_rexmit {
        mark_head(sk, cx);
    }
}

fn mark_head(sk: &mut Sock, cx: &mut Cx) {
    if sk.write_queue.rtx_head().is_some_and(|head| !head.marks.lost) {
        tcp_mark_skb_lost(sk, 0, cx);
    }
}

/// Everything with no more than `packets` SACKed segments before it.
///
/// Linux: tcp_mark_head_lost without FACK
fn mark_below_sacks(sk: &mut Sock, packets: u32, cx: &mut Cx) {
    let mut sacked = 0;
    for index in 0..sk.write_queue.rtx_len() {
        let Some(chunk) = sk.write_queue.rtx_get(index) else { break };
        sacked += if chunk.marks.sacked { chunk.pcount() } else { 0 };
        if sacked > packets {
            break;
        }
        if !chunk.marks.lost {
            tcp_mark_skb_lost(sk, index, cx);
        }
    }
}

/// The first `packets` segments, whatever was SACKed of them.
///
/// Linux: tcp_mark_head_lost with FACK (net/ipv4/tcp_input.c of 4.3)
fn mark_forward(sk: &mut Sock, packets: u32, cx: &mut Cx) {
    let mut count = 0;
    let mut index = 0;
    while let Some(chunk) = sk.write_queue.rtx_get(index).filter(|_| count < packets) {
        let (pcount, marks, mss) = (chunk.pcount(), chunk.marks, chunk.gso_size.max(1));
        if count + pcount > packets {
            // Only its first segments count.
            let len = (packets - count).saturating_mul(mss);
            if marks.sacked || !fragment_rtx(sk, index, len) {
                break;
            }
        }
        count += sk.write_queue.rtx_get(index).map_or(pcount, crate::sock::chunk::Chunk::pcount);
        if !marks.lost {
            tcp_mark_skb_lost(sk, index, cx);
        }
        index += 1;
    }
}
