//! Sending again what may be lost.
//!
//! RFC 9293 §3.8.1, RFC 5681 §3.2 · Linux: tcp_retransmit_skb, tcp_xmit_retransmit_queue
//! (net/ipv4/tcp_output.c)

use super::clock::departure_time;
use super::collapse::tcp_retrans_try_collapse;
use super::ecn::tcp_ecn_clear_syn;
use super::may_send::tcp_may_send_now;
use super::mss::tcp_current_mss;
use super::options::tcp_wnd_end;
use super::pacing::tcp_pacing_check;
use super::small_queue::tcp_small_queue_check;
use super::transmit::{Outgoing, tcp_transmit_skb};
use super::tso::tcp_tso_segs;
use crate::congestion::CaState;
use crate::cx::Cx;
use crate::errno::Errno;
use crate::input::rate::tcp_rate_skb_sent;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::qdisc::Xmit;
use crate::sock::Sock;
use crate::sock::chunk::{Chunk, Marks, skb_truesize};
use crate::timer::{Timer, tcp_reset_paced_timer};

/// Why nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotSent {
    /// EAGAIN: the peer's window ends before the segment.
    OutsideWindow,
    /// EBUSY: the last transmission has not even left this host.
    InHostQueue,
    /// A queue of this host dropped it.
    Dropped,
    /// EHOSTUNREACH: there is no route any more.
    Unroutable,
}

/// Sends up to `segs` segments of chunk `index` of the retransmission queue again.
///
/// Linux: tcp_retransmit_skb (net/ipv4/tcp_output.c)
pub(crate) fn tcp_retransmit_skb(
    sk: &mut Sock,
    index: usize,
    segs: u32,
    cx: &mut Cx,
) -> Result<(), NotSent> {
    let result = resend(sk, index, segs, cx);
    let Some(chunk) = sk.write_queue.rtx_get_mut(index) else { return result };
    let (pcount, sent_at) = (chunk.pcount(), chunk.sent_at);
    if result.is_ok() && !chunk.marks.retrans {
        chunk.marks.retrans = true;
        sk.loss.retrans_out += pcount;
    }
    // An attempt counts: an ACK of what came before it says that the original arrived.
    sk.loss.retrans_stamp = sk.loss.retrans_stamp.or(Some(sent_at));
    sk.loss.undo_retrans = sk.loss.undo_retrans.max(0) + pcount.cast_signed();
    result
}

/// Sends again without touching the scoreboard's counts.
///
/// Linux: __tcp_retransmit_skb (net/ipv4/tcp_output.c)
pub(crate) fn resend(sk: &mut Sock, index: usize, segs: u32, cx: &mut Cx) -> Result<(), NotSent> {
    // A probe among retransmissions proves nothing.
    sk.mtup.probe = None;
    let begins = sk.write_queue.rtx_get(index).map(|chunk| chunk.seq);
    if begins.is_some_and(|seq| cx.queue.holds(sk.id, seq)) {
        cx.mib.inc(Counter::TcpExtTCPSpuriousRtxHostQueues);
        return Err(NotSent::InHostQueue);
    }
    trim_acked(sk, index);
    if !sk.has_route(sk.flow.remote.ip(), cx) {
        // inet_sk_rebuild_header remembers the error of the route.
        sk.err_soft = Some(Errno::ENETUNREACH);
        return Err(NotSent::Unroutable);
    }
    let cur_mss = tcp_current_mss(sk, cx).max(1);
    let wnd_end = tcp_wnd_end(sk);
    let Some(chunk) = sk.write_queue.rtx_get(index) else { return Ok(()) };
    let mut avail = u32::try_from(wnd_end.distance(chunk.seq)).unwrap_or(0);
    if avail == 0 {
        // A window shrunk to nothing: one segment serves as a probe.
        if chunk.seq != sk.snd.una {
            return Err(NotSent::OutsideWindow);
        }
        avail = cur_mss;
    }
    let mut len = cur_mss.saturating_mul(if sk.snd.urg_mode { 1 } else { segs });
    if len > avail && !cx.mutant(Mutant::RetransmitOutside) {
        len = if avail < cur_mss { avail } else { avail - avail % cur_mss };
    }
    fit(sk, index, len, cur_mss);
    let avail = avail.min(cur_mss);
    if sk.write_queue.rtx_get(index).is_some_and(|chunk| chunk.len() < avail) {
        tcp_retrans_try_collapse(sk, index, avail, cx);
    }
    let departs = departure_time(sk);
    let Some(chunk) = sk.write_queue.rtx_get_mut(index) else { return Ok(()) };
    let pcount = chunk.pcount();
    chunk.sent_at = departs;
    chunk.marks.ever_retrans = true;
    let flags = chunk.flags;
    let flags = tcp_ecn_clear_syn(sk, flags, cx);
    let Some(chunk) = sk.write_queue.rtx_get_mut(index) else { return Ok(()) };
    chunk.flags = flags;
    let is_syn = chunk.flags.syn();
    let out = Outgoing::of(chunk);
    let bytes = u64::from(chunk.len());
    cx.mib.add(Counter::TcpRetransSegs, u64::from(pcount));
    if is_syn {
        cx.mib.inc(Counter::TcpExtTCPSynRetrans);
    }
    sk.loss.total_retrans = sk.loss.total_retrans.wrapping_add(pcount);
    sk.total.bytes_retrans = sk.total.bytes_retrans.wrapping_add(bytes);
    if tcp_transmit_skb(sk, out, cx) == Xmit::Dropped {
        cx.mib.add(Counter::TcpExtTCPRetransFail, u64::from(pcount));
        return Err(NotSent::Dropped);
    }
    let tx_rate = tcp_rate_skb_sent(sk, departs);
    if let Some(chunk) = sk.write_queue.rtx_get_mut(index) {
        chunk.tx_rate = tx_rate;
    }
    Ok(())
}

/// What was acknowledged in part is sent again in part.
fn trim_acked(sk: &mut Sock, index: usize) {
    let una = sk.snd.una;
    let Some(chunk) = sk.write_queue.rtx_get(index) else { return };
    if index == 0 && chunk.seq.before(una) {
        let (before, marks) = (chunk.pcount(), chunk.marks);
        sk.write_queue.trim_rtx_head(una);
        let after = sk.write_queue.rtx_head().map_or(0, Chunk::pcount);
        adjust_pcount(sk, before, after, marks);
    }
}

/// Makes chunk `index` at most `len` bytes long and counts it, and what was cut off, in segments of the
/// present size.
fn fit(sk: &mut Sock, index: usize, len: u32, cur_mss: u32) {
    let is_long = sk.write_queue.rtx_get(index).is_some_and(|chunk| chunk.len() > len);
    let is_cut = is_long && fragment_rtx(sk, index, len);
    for at in index..=index + usize::from(is_cut) {
        count_anew(sk, at, cur_mss);
    }
}

/// Linux: tcp_set_skb_tso_segs, tcp_adjust_pcount (net/ipv4/tcp_output.c)
fn count_anew(sk: &mut Sock, index: usize, cur_mss: u32) {
    let Some(chunk) = sk.write_queue.rtx_get_mut(index) else { return };
    let before = chunk.pcount();
    chunk.set_tso_segs(cur_mss);
    let (after, marks) = (chunk.pcount(), chunk.marks);
    adjust_pcount(sk, before, after, marks);
}

/// Cuts chunk `index` after `len` bytes, and keeps the counts right.
///
/// Linux: tcp_fragment, tcp_adjust_pcount (net/ipv4/tcp_output.c)
pub(crate) fn fragment_rtx(sk: &mut Sock, index: usize, len: u32) -> bool {
    let Some(chunk) = sk.write_queue.rtx_get(index) else { return false };
    let (before, marks) = (chunk.pcount(), chunk.marks);
    if !sk.write_queue.fragment_rtx(index, usize::try_from(len).unwrap_or(usize::MAX)) {
        return false;
    }
    let count = |at: usize| sk.write_queue.rtx_get(at).map_or(0, Chunk::pcount);
    let after = count(index) + count(index + 1);
    adjust_pcount(sk, before, after, marks);
    true
}

/// A chunk now counts as `after` segments instead of `before`.
pub(super) fn adjust_pcount(sk: &mut Sock, before: u32, after: u32, marks: Marks) {
    let shift = |count: &mut u32| *count = (*count + after).saturating_sub(before);
    shift(&mut sk.loss.packets_out);
    if marks.sacked {
        shift(&mut sk.loss.sacked_out);
    }
    if marks.retrans {
        shift(&mut sk.loss.retrans_out);
    }
    if marks.lost {
        shift(&mut sk.loss.lost_out);
    }
    if !sk.rx_opt.sack_ok {
        // Duplicates are counted, not marked: fewer segments cannot have caused as many.
        sk.loss.sacked_out = sk.loss.sacked_out.saturating_sub(before.saturating_sub(after));
    }
}

/// Whether chunk `index` may be sent again although nothing says that it is lost.
///
/// RFC 6675 §4 NextSeg (3) · Linux: tcp_can_forward_retransmit (net/ipv4/tcp_output.c of 4.3)
fn forwards(sk: &mut Sock, index: usize, cx: &Cx) -> bool {
    let possible = cx.kernel.forward_retransmit
        && sk.loss.ca_state == CaState::Recovery
        && sk.rx_opt.sack_ok
        && !tcp_may_send_now(sk, cx);
    let fack = crate::input::tcp_highest_sack_seq(sk);
    possible && sk.write_queue.rtx_get(index).is_some_and(|chunk| chunk.seq.before(fack))
}

/// Sends again what is marked lost, as far as the congestion window goes.
///
/// RFC 6675 §5 · Linux: tcp_xmit_retransmit_queue (net/ipv4/tcp_output.c)
pub(crate) fn tcp_xmit_retransmit_queue(sk: &mut Sock, cx: &mut Cx) {
    if sk.loss.packets_out == 0 {
        return;
    }
    let mss_now = tcp_current_mss(sk, cx).max(1);
    let max_segs = tcp_tso_segs(sk, mss_now, cx);
    let mut rearm_timer = false;
    let mut index = 0;
    while let Some(chunk) = sk.write_queue.rtx_get(index) {
        let (marks, truesize) = (chunk.marks, skb_truesize(chunk.data.len()));
        let room = sk.cong.cw.snd_cwnd.saturating_sub(sk.loss.packets_in_flight());
        let done = sk.loss.retrans_out >= sk.loss.lost_out;
        let forward = done && forwards(sk, index, cx);
        if tcp_pacing_check(sk) || room == 0 || (done && !forward) {
            break;
        }
        if (marks.lost || forward) && !marks.sacked && !marks.retrans {
            let counter = if forward {
                Counter::TcpExtTCPForwardRetrans
            } else if sk.loss.ca_state == CaState::Loss {
                Counter::TcpExtTCPSlowStartRetrans
            } else {
                Counter::TcpExtTCPFastRetrans
            };
            let throttled = tcp_small_queue_check(sk, truesize, 1, cx);
            if throttled || tcp_retransmit_skb(sk, index, room.min(max_segs), cx).is_err() {
                break;
            }
            let pcount = sk.write_queue.rtx_get(index).map_or(0, Chunk::pcount);
            cx.mib.add(counter, u64::from(pcount));
            if sk.loss.in_cwnd_reduction() {
                sk.loss.prr.out += pcount;
            }
            rearm_timer |= index == 0 && sk.timers.pending() != Some(Timer::ReoTimeout);
        }
        index += 1;
    }
    if rearm_timer {
        tcp_reset_paced_timer(sk, Timer::Retransmit, sk.loss.rto, cx);
    }
}
