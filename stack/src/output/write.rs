//! Sending what the windows allow: Nagle's algorithm, congestion window, peer's window.
//!
//! RFC 9293 §3.7.4, §3.8.6.2.1 · Linux: tcp_write_xmit, tcp_nagle_test, tcp_push_one,
//! __tcp_push_pending_frames (net/ipv4/tcp_output.c), tcp_push (net/ipv4/tcp.c)

use super::clock::{departure_time, tcp_mstamp_refresh};
use super::cwnd_validate::tcp_cwnd_validate;
use super::may_send::{head_of, tcp_cwnd_test, tcp_nagle_test, tcp_snd_wnd_test};
use super::mss::tcp_current_mss;
use super::mtu_probe::{MtuProbe, tcp_mtu_probe};
use super::pacing::tcp_pacing_check;
use super::probe::{tcp_check_probe_timer, tcp_schedule_loss_probe};
use super::small_queue::tcp_small_queue_check;
use super::transmit::{Outgoing, tcp_transmit_skb};
use super::tso::{Defer, tcp_mss_split_point, tcp_tso_segs, tcp_tso_should_defer};
use crate::accecn::tcp_accecn_option_beacon_check;
use crate::api::send::tcp_check_space;
use crate::cx::Cx;
use crate::input::rate::tcp_rate_skb_sent;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::seq::Seq;
use crate::sock::chunk::{Chunk, skb_truesize};
use crate::sock::{Chrono, EcnMode, NonAgle, Sock};
use crate::state::TcpState;
use crate::time::Instant;
use crate::timer::{Timer, tcp_rearm_rto};
use crate::wire::Flags;

/// How much of the queue a call may send (push_one).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Amount {
    /// All that may go.
    All,
    /// One packet.
    One,
    /// One packet, congestion window or not: a tail loss probe.
    Probe,
}

/// What kept the queue from emptying.
#[derive(Default)]
struct Limits {
    cwnd: bool,
    rwnd: bool,
}

/// Sends what may be sent. True when something waits and nothing is in flight, so that a window
/// probe is needed.
///
/// Linux: tcp_write_xmit (net/ipv4/tcp_output.c)
pub(crate) fn tcp_write_xmit(
    sk: &mut Sock,
    mss_now: u32,
    nonagle: NonAgle,
    amount: Amount,
    cx: &mut Cx,
) -> bool {
    tcp_mstamp_refresh(sk, cx);
    let mut limits = Limits::default();
    let mut sent_pkts = 0;
    let mut mss_now = mss_now;
    if sk.ecn.mode == EcnMode::AccEcn && tcp_accecn_option_beacon_check(sk, cx) {
        // The option takes its room from the text.
        mss_now = tcp_current_mss(sk, cx);
    }
    if amount == Amount::All {
        match tcp_mtu_probe(sk, cx) {
            MtuProbe::NotNow => {}
            MtuProbe::Sent => sent_pkts = 1,
            MtuProbe::Wait => return false,
        }
    }
    let max_segs = tcp_tso_segs(sk, mss_now, cx);
    while let Some(len) = sendable(sk, mss_now, (nonagle, amount, max_segs), &mut limits, cx) {
        if len < sk.write_queue.send_head().map_or(0, Chunk::len) {
            sk.write_queue.fragment_send_head(to_usize(len));
        }
        if tcp_small_queue_check(sk, skb_truesize(to_usize(len)), 0, cx) {
            break;
        }
        let Some(pcount) = transmit_head(sk, mss_now, cx) else { break };
        sent_pkts += pcount;
        if amount != Amount::All {
            break;
        }
    }
    if limits.rwnd {
        sk.chrono.start(Chrono::RwndLimited, cx.jiffies());
    } else {
        let idle = sk.write_queue.is_unsent_empty() && sk.write_queue.is_rtx_empty();
        sk.chrono.stop(Chrono::RwndLimited, idle, cx.jiffies());
    }
    limits.cwnd |= sk.loss.packets_in_flight() >= sk.cong.cw.snd_cwnd;
    if sent_pkts > 0 || limits.cwnd {
        tcp_cwnd_validate(sk, limits.cwnd, cx);
    }
    if sent_pkts > 0 {
        if sk.loss.in_cwnd_reduction() {
            sk.loss.prr.out += sent_pkts;
        }
        if amount != Amount::Probe {
            tcp_schedule_loss_probe(sk, false, cx);
        }
        return false;
    }
    sk.loss.packets_out == 0 && !sk.write_queue.is_unsent_empty()
}

/// Bytes of the head that may leave now; none when it has to wait.
fn sendable(
    sk: &mut Sock,
    mss_now: u32,
    (nonagle, amount, max_segs): (NonAgle, Amount, u32),
    limits: &mut Limits,
    cx: &Cx,
) -> Option<u32> {
    if tcp_pacing_check(sk) && !cx.mutant(Mutant::PacingIgnored) {
        return None;
    }
    let mut quota = tcp_cwnd_test(sk, cx);
    if quota == 0 {
        if amount != Amount::Probe {
            return None;
        }
        quota = 1;
    }
    quota = quota.min(max_segs);
    tcp_grow_head(sk, quota.saturating_mul(mss_now));
    let head = head_of(sk)?;
    if !tcp_snd_wnd_test(sk, head, mss_now) && !cx.mutant(Mutant::WindowIgnored) {
        limits.rwnd = true;
        return None;
    }
    if head.len <= mss_now {
        let nagle = if head.is_last { nonagle } else { NonAgle::PUSH };
        if !tcp_nagle_test(sk, head, mss_now, nagle) && !cx.mutant(Mutant::NagleOff) {
            return None;
        }
        return Some(head.len);
    }
    if amount == Amount::All {
        match tcp_tso_should_defer(sk, head, max_segs, cx) {
            Defer::No => {}
            Defer::CwndLimited => {
                limits.cwnd = true;
                return None;
            }
            Defer::RwndLimited => {
                limits.rwnd = true;
                return None;
            }
            Defer::ForData => return None,
        }
    }
    if sk.snd.urg_mode {
        return Some(mss_now.min(head.len));
    }
    let limit = tcp_mss_split_point(sk, head, mss_now, quota, nonagle);
    (limit > 0).then_some(limit.min(head.len))
}

/// Fills the head up from the chunk behind it, so that one packet carries what it may.
///
/// Linux: tcp_grow_skb (net/ipv4/tcp_output.c)
fn tcp_grow_head(sk: &mut Sock, wanted: u32) {
    let len = sk.write_queue.send_head().map_or(0, Chunk::len);
    if len != 0 && len < wanted {
        sk.write_queue.grow_send_head(wanted - len);
    }
}

/// Sends the head and moves it to the retransmission queue; returns its segments, or none if this
/// host dropped it.
fn transmit_head(sk: &mut Sock, mss_now: u32, cx: &mut Cx) -> Option<u32> {
    let departs = departure_time(sk);
    let head = sk.write_queue.send_head_mut()?;
    head.set_tso_segs(mss_now);
    let (pcount, len, end_seq) = (head.pcount(), head.len(), head.end_seq());
    let out = Outgoing::of(head);
    if tcp_transmit_skb(sk, out, cx).failed() {
        return None;
    }
    head_sent(sk, departs, cx);
    if len < pcount * mss_now {
        sk.snd.sml = end_seq;
    }
    Some(pcount)
}

/// The head was handed over, to leave at `departs`.
///
/// Linux: the calls behind a successful tcp_transmit_skb of new data
pub(super) fn head_sent(sk: &mut Sock, departs: Instant, cx: &mut Cx) {
    let tx_rate = tcp_rate_skb_sent(sk, departs);
    if let Some(head) = sk.write_queue.send_head_mut() {
        head.tx_rate = tx_rate;
    }
    tcp_event_new_data_sent(sk, departs, cx);
}

/// The head was sent, to leave at `departs`: it is in flight now.
///
/// Linux: tcp_event_new_data_sent (net/ipv4/tcp_output.c)
pub(crate) fn tcp_event_new_data_sent(sk: &mut Sock, departs: Instant, cx: &mut Cx) {
    let prior_packets = sk.loss.packets_out;
    let Some(sent) = sk.write_queue.move_to_rtx(departs) else { return };
    sk.snd.nxt = sent.end_seq();
    let pcount = sent.pcount();
    sk.loss.packets_out += pcount;
    cx.mib.add(Counter::TcpExtTCPOrigDataSent, u64::from(pcount));
    let probes = matches!(sk.timers.pending(), Some(Timer::LossProbe | Timer::EarlyRetrans));
    if prior_packets == 0 || probes {
        tcp_rearm_rto(sk, cx);
    }
    // Before the next segment goes: the send buffer grows only while the congestion window has room.
    tcp_check_space(sk, cx);
}

/// Sends what is pending, or sees to it that the window is probed.
///
/// Linux: __tcp_push_pending_frames (net/ipv4/tcp_output.c)
pub(crate) fn tcp_push_pending_frames_at(
    sk: &mut Sock,
    mss_now: u32,
    nonagle: NonAgle,
    cx: &mut Cx,
) {
    if sk.state() == TcpState::Close {
        return;
    }
    if tcp_write_xmit(sk, mss_now, nonagle, Amount::All, cx) {
        tcp_check_probe_timer(sk, cx);
    }
}

/// Linux: tcp_push_pending_frames (include/net/tcp.h)
pub(crate) fn tcp_push_pending_frames(sk: &mut Sock, cx: &mut Cx) {
    if !sk.write_queue.is_unsent_empty() {
        let mss_now = tcp_current_mss(sk, cx);
        tcp_push_pending_frames_at(sk, mss_now, sk.opts.nonagle, cx);
    }
}

/// An ACK may have opened a window.
///
/// Linux: tcp_data_snd_check (net/ipv4/tcp_input.c)
pub(crate) fn tcp_data_snd_check(sk: &mut Sock, cx: &mut Cx) {
    tcp_push_pending_frames(sk, cx);
    tcp_check_space(sk, cx);
}

/// More than half of the largest window waits without PSH: push, or the peer may sit on it.
///
/// Linux: forced_push (include/net/tcp.h)
pub(crate) fn forced_push(sk: &Sock) -> bool {
    sk.snd.write_seq.after(sk.snd.pushed_seq + (sk.snd.max_window >> 1))
}

/// The last chunk asks the peer to deliver.
///
/// [RFC9293:MUST-60] · Linux: tcp_mark_push (include/net/tcp.h)
pub(crate) fn tcp_mark_push(sk: &mut Sock) {
    if let Some(tail) = sk.write_queue.tail_mut() {
        tail.flags |= Flags::PSH;
        sk.snd.pushed_seq = sk.snd.write_seq;
    }
}

/// Appends a chunk without data to the send queue (Linux: tcp_init_nondata_skb, tcp_queue_skb).
pub(crate) fn tcp_queue_nondata(sk: &mut Sock, flags: Flags, cx: &Cx) {
    if sk.write_queue.is_unsent_empty() {
        sk.chrono.start(Chrono::Busy, cx.jiffies());
    }
    let seq: Seq = sk.snd.write_seq;
    sk.write_queue.push(Chunk::new(seq, flags, Vec::new()));
    sk.snd.write_seq += 1;
}

/// Everything that was handed over is forgotten.
///
/// Linux: tcp_write_queue_purge (net/ipv4/tcp.c)
pub(crate) fn tcp_write_queue_purge(sk: &mut Sock, cx: &Cx) {
    let idle = sk.write_queue.is_unsent_empty() && sk.write_queue.is_rtx_empty();
    sk.chrono.stop(Chrono::Busy, idle, cx.jiffies());
    sk.write_queue.purge();
    sk.loss.packets_out = 0;
    sk.loss.backoff = 0;
}

fn to_usize(len: u32) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}
