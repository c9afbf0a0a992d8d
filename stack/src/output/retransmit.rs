//! Sending again what may be lost.
//!
//! RFC 9293 §3.8.1, RFC 5681 §3.2 · Linux: tcp_retransmit_skb, tcp_xmit_retransmit_queue
//! (net/ipv4/tcp_output.c)

use super::ecn::tcp_ecn_clear_syn;
use super::mss::tcp_current_mss;
use super::options::tcp_wnd_end;
use super::transmit::{Outgoing, tcp_transmit_skb};
use super::tso::tcp_tso_segs;
use crate::congestion::CaState;
use crate::cx::Cx;
use crate::mib::Counter;
use crate::sock::Sock;
use crate::sock::write_queue::Chunk;
use crate::timer::{Timer, tcp_reset_xmit_timer};
use crate::wire::Flags;

/// Nothing was sent, because the peer's window ends before the segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutsideWindow;

/// Sends up to `segs` segments of chunk `index` of the retransmission queue again.
///
/// Linux: tcp_retransmit_skb (net/ipv4/tcp_output.c)
pub(crate) fn tcp_retransmit_skb(
    sk: &mut Sock,
    index: usize,
    segs: u32,
    cx: &mut Cx,
) -> Result<(), OutsideWindow> {
    resend(sk, index, segs, cx)?;
    let Some(chunk) = sk.write_queue.rtx_get_mut(index) else { return Ok(()) };
    let pcount = chunk.pcount();
    if !chunk.marks.retrans {
        chunk.marks.retrans = true;
        sk.loss.retrans_out += pcount;
    }
    if sk.loss.retrans_stamp.is_none() {
        sk.loss.retrans_stamp = Some(cx.now);
    }
    sk.loss.undo_retrans = sk.loss.undo_retrans.max(0) + pcount.cast_signed();
    Ok(())
}

/// Sends again without touching the scoreboard's counts.
///
/// Linux: __tcp_retransmit_skb (net/ipv4/tcp_output.c)
pub(crate) fn resend(
    sk: &mut Sock,
    index: usize,
    segs: u32,
    cx: &mut Cx,
) -> Result<(), OutsideWindow> {
    trim_acked(sk, index);
    let cur_mss = tcp_current_mss(sk, cx).max(1);
    let wnd_end = tcp_wnd_end(sk);
    let Some(chunk) = sk.write_queue.rtx_get(index) else { return Ok(()) };
    let mut avail = u32::try_from(wnd_end.distance(chunk.seq)).unwrap_or(0);
    if avail == 0 {
        // A window shrunk to nothing: one segment serves as a probe.
        if chunk.seq != sk.snd.una {
            return Err(OutsideWindow);
        }
        avail = cur_mss;
    }
    let mut len = cur_mss.saturating_mul(segs);
    if len > avail {
        len = if avail < cur_mss { avail } else { avail - avail % cur_mss };
    }
    fit(sk, index, len, cur_mss);
    let Some(chunk) = sk.write_queue.rtx_get_mut(index) else { return Ok(()) };
    let pcount = chunk.pcount();
    chunk.sent_at = cx.now;
    chunk.marks.ever_retrans = true;
    tcp_ecn_clear_syn(chunk, cx);
    let is_syn = chunk.flags.syn();
    let out = Outgoing {
        seq: chunk.seq,
        flags: if is_syn { chunk.flags } else { chunk.flags | Flags::ACK },
        payload: chunk.data.clone(),
    };
    let bytes = u64::from(chunk.len());
    cx.mib.add(Counter::TcpRetransSegs, u64::from(pcount));
    if is_syn {
        cx.mib.inc(Counter::TcpExtTCPSynRetrans);
    }
    sk.loss.total_retrans = sk.loss.total_retrans.wrapping_add(pcount);
    sk.total.bytes_retrans = sk.total.bytes_retrans.wrapping_add(bytes);
    tcp_transmit_skb(sk, out, cx);
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

/// Makes chunk `index` at most `len` bytes long and counts it in segments of the present size.
fn fit(sk: &mut Sock, index: usize, len: u32, cur_mss: u32) {
    let Some(chunk) = sk.write_queue.rtx_get(index) else { return };
    if chunk.len() > len {
        fragment_rtx(sk, index, len);
    }
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
fn adjust_pcount(sk: &mut Sock, before: u32, after: u32, marks: crate::sock::write_queue::Marks) {
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
        let marks = chunk.marks;
        let room = sk.cong.cw.snd_cwnd.saturating_sub(sk.loss.packets_in_flight());
        if room == 0 || sk.loss.retrans_out >= sk.loss.lost_out {
            break;
        }
        if marks.lost && !marks.sacked && !marks.retrans {
            let counter = if sk.loss.ca_state == CaState::Loss {
                Counter::TcpExtTCPSlowStartRetrans
            } else {
                Counter::TcpExtTCPFastRetrans
            };
            cx.mib.inc(counter);
            if tcp_retransmit_skb(sk, index, room.min(max_segs), cx).is_err() {
                break;
            }
            let pcount = sk.write_queue.rtx_get(index).map_or(0, Chunk::pcount);
            if sk.loss.in_cwnd_reduction() {
                sk.loss.prr.out += pcount;
            }
            rearm_timer |= index == 0 && sk.timers.pending() != Some(Timer::ReoTimeout);
        }
        index += 1;
    }
    if rearm_timer {
        tcp_reset_xmit_timer(sk, Timer::Retransmit, sk.loss.rto_ms, cx);
    }
}
