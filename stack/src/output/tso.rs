//! Segmentation offload: how many segments one packet may stand for, and cutting it up when the
//! link does not.
//!
//! Linux: tcp_tso_autosize, tcp_tso_segs, tcp_tso_should_defer, tcp_mss_split_point
//! (net/ipv4/tcp_output.c), tcp_gso_segment (net/ipv4/tcp_offload.c)

use super::mss::GSO_MAX_SIZE;
use super::options::tcp_wnd_end;
use super::write::tcp_nagle_check;
use crate::congestion::CaState;
use crate::cx::Cx;
use crate::seq::Seq;
use crate::sock::{EcnMode, NonAgle, Sock};
use crate::wire::{Flags, Segment};

/// GSO_MAX_SEGS
const GSO_MAX_SEGS: u32 = 65_535;
/// tcp_max_tso_deferred_mss
const MAX_TSO_DEFERRED_MSS: u32 = 3;
const NSEC_PER_MSEC: u64 = 1_000_000;
/// sk_pacing_shift: about a millisecond of data per packet.
const PACING_SHIFT: u32 = 10;

/// Segments per packet, so that a packet is about a millisecond of the pacing rate.
///
/// Linux: tcp_tso_segs, tcp_tso_autosize (net/ipv4/tcp_output.c)
pub(crate) fn tcp_tso_segs(sk: &Sock, mss_now: u32, cx: &Cx) -> u32 {
    let mut bytes = sk.pacing_rate >> PACING_SHIFT;
    let rtt_shift = sk.rtt.min_rtt_us() >> u32::from(cx.sysctl.tcp_tso_rtt_log).min(31);
    if rtt_shift < u32::BITS {
        bytes += u64::from(GSO_MAX_SIZE >> rtt_shift);
    }
    if !sk.md5.can_gso() {
        return 1;
    }
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).min(GSO_MAX_SIZE);
    (bytes / mss_now).max(u32::from(cx.sysctl.tcp_min_tso_segs)).min(GSO_MAX_SEGS)
}

/// What the head of the send queue is measured against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeadSkb {
    pub(crate) seq: Seq,
    pub(crate) len: u32,
    pub(crate) is_last: bool,
    pub(crate) fin_or_eor: bool,
}

/// Bytes of the head that may go out as one packet.
///
/// Linux: tcp_mss_split_point (net/ipv4/tcp_output.c)
pub(crate) fn tcp_mss_split_point(
    sk: &Sock,
    head: HeadSkb,
    mss_now: u32,
    max_segs: u32,
    nonagle: NonAgle,
) -> u32 {
    let window = tcp_wnd_end(sk) - head.seq;
    let max_len = mss_now.saturating_mul(max_segs);
    if max_len <= window && !head.is_last {
        return max_len;
    }
    let needed = head.len.min(window);
    if max_len <= needed {
        return max_len;
    }
    let partial = needed % mss_now;
    if tcp_nagle_check(sk, partial != 0, nonagle) { needed - partial } else { needed }
}

/// Why a packet waits for more data or more window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Defer {
    /// It does not wait.
    No,
    /// For the congestion window to open.
    CwndLimited,
    /// For the peer's window to open.
    RwndLimited,
    /// For more data.
    ForData,
}

/// Whether to hold a packet back because a larger one can be sent soon.
///
/// Linux: tcp_tso_should_defer (net/ipv4/tcp_output.c)
pub(crate) fn tcp_tso_should_defer(sk: &Sock, head: HeadSkb, max_segs: u32, cx: &Cx) -> Defer {
    let windows = Windows::of(sk, head);
    let pointless = sk.loss.ca_state >= CaState::Recovery
        || !writes_right_now(sk, cx)
        || windows.is_enough(sk, head, max_segs, cx)
        || !ack_is_near(sk, cx);
    if pointless {
        return Defer::No;
    }
    // Once more arrives, which window will have held the packet back?
    match windows.narrower() {
        (window, why) if window <= head.len => why,
        _ if head.fin_or_eor => Defer::No,
        _ => Defer::ForData,
    }
}

/// Bytes that the peer and the network would take behind the head's beginning.
#[derive(Clone, Copy, Debug)]
struct Windows {
    send: u32,
    congestion: u32,
}

impl Windows {
    fn of(sk: &Sock, head: HeadSkb) -> Self {
        let room = sk.cong.cw.snd_cwnd.saturating_sub(sk.loss.packets_in_flight());
        Self { send: tcp_wnd_end(sk) - head.seq, congestion: room.saturating_mul(sk.mss_cache) }
    }

    fn narrower(self) -> (u32, Defer) {
        if self.congestion < self.send {
            (self.congestion, Defer::CwndLimited)
        } else {
            (self.send, Defer::RwndLimited)
        }
    }

    /// A packet as large as it gets, a complete one, or a fair share of the window can go now.
    fn is_enough(self, sk: &Sock, head: HeadSkb, max_segs: u32, cx: &Cx) -> bool {
        let (limit, _) = self.narrower();
        let whole = sk.snd.wnd.min(sk.cong.cw.snd_cwnd.saturating_mul(sk.mss_cache));
        let share = whole.checked_div(u32::from(cx.sysctl.tcp_tso_win_divisor));
        let is_fair =
            share.map_or(limit > MAX_TSO_DEFERRED_MSS * sk.mss_cache, |share| limit >= share);
        let is_full = limit >= max_segs.saturating_mul(sk.mss_cache);
        let is_complete = !head.is_last && limit >= head.len;
        is_full || is_complete || is_fair
    }
}

/// Only a writer that is busy right now will have more to add. (Linux asks for more than a
/// millisecond; what happens a millisecond later is later by a little more on a real clock.)
fn writes_right_now(sk: &Sock, cx: &Cx) -> bool {
    cx.now.nanos_since(sk.total.wstamp) < NSEC_PER_MSEC
}

/// The ACK that will open the window is due within half a round trip, or a millisecond.
fn ack_is_near(sk: &Sock, cx: &Cx) -> bool {
    let Some(oldest) = sk.write_queue.rtx_head() else { return false };
    let srtt_ns = u64::from(sk.rtt.srtt_us) * (1000 >> 3);
    let expected = oldest.sent_at.plus_nanos(srtt_ns);
    expected.nanos_since(cx.now) <= (srtt_ns >> 1).min(NSEC_PER_MSEC)
}

/// Cuts a large packet into segments of `mss` bytes of payload.
///
/// Linux: tcp_gso_segment (net/ipv4/tcp_offload.c)
pub(crate) fn tcp_gso_segment(seg: Segment, mss: usize, ecn: EcnMode) -> Vec<Segment> {
    let mut parts = Vec::new();
    let mut at = 0;
    while at < seg.payload.len() {
        let end = (at + mss).min(seg.payload.len());
        let mut part = Segment { payload: Vec::new(), ..seg.clone() };
        part.payload.extend_from_slice(seg.payload.get(at..end).unwrap_or_default());
        part.seq = seg.seq.plus_len(at);
        if end < seg.payload.len() {
            part.flags = part.flags.without(Flags::FIN | Flags::PSH);
        }
        if at > 0 && ecn != EcnMode::AccEcn {
            part.flags = part.flags.without(Flags::CWR);
        }
        parts.push(part);
        at = end;
    }
    parts
}
