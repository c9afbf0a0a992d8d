//! Packetization layer path MTU discovery: finds out by sending whether larger packets arrive.
//!
//! RFC 4821 · Linux: tcp_mtup_init, tcp_mtu_probe (net/ipv4/tcp_output.c), tcp_mtup_probe_failed,
//! tcp_mtup_probe_success (net/ipv4/tcp_input.c), tcp_mtu_probing (net/ipv4/tcp_timer.c)

use super::clock::departure_time;
use super::cwnd_validate::tcp_current_ssthresh;
use super::mss::{tcp_current_mss, tcp_mss_to_mtu, tcp_mtu_to_mss, tcp_sync_mss};
use super::options::tcp_wnd_end;
use super::transmit::{Outgoing, tcp_transmit_skb};
use super::write::head_sent;
use crate::congestion::CaState;
use crate::cx::Cx;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::net::{TCP_HEADER_LEN, header_len};
use crate::seq::Seq;
use crate::sock::Sock;
use crate::time::Instant;

/// So many segments must fit into the window before one of them may be a probe.
const MIN_CWND: u32 = 11;

/// The search for the largest packet (Linux: icsk_mtup and tp->mtu_probe).
#[derive(Clone, Debug, Default)]
pub(crate) struct MtuSearch {
    pub(crate) enabled: bool,
    /// Packets of this size arrive, packets larger than the other will not.
    pub(crate) search_low: u32,
    pub(crate) search_high: u32,
    /// The probe in flight: its size and where it lies.
    pub(crate) probe: Option<Probe>,
    /// When the search began.
    since: Instant,
}

/// A probe in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Probe {
    /// Bytes of the packet.
    pub(crate) size: u32,
    pub(crate) seq_start: Seq,
    pub(crate) seq_end: Seq,
}

/// What came of wanting to probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MtuProbe {
    /// No probe; send as usual.
    NotNow,
    /// A probe is worth waiting for: what is in flight has to drain first.
    Wait,
    /// A probe was sent.
    Sent,
}

/// Whether there is room for a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    Enough,
    /// Not even when everything in flight has arrived.
    None,
    /// There will be when what is in flight has arrived.
    Later,
}

/// Linux: tcp_mtup_init
pub(crate) fn tcp_mtup_init(sk: &mut Sock, cx: &Cx) {
    let base = cx.sysctl.tcp_base_mss.unsigned_abs();
    sk.mtup = MtuSearch {
        enabled: cx.sysctl.tcp_mtu_probing > 1,
        search_low: tcp_mss_to_mtu(sk, base),
        search_high: ceiling(sk),
        probe: None,
        since: cx.now,
    };
}

/// The largest packet the peer's MSS allows.
fn ceiling(sk: &Sock) -> u32 {
    sk.rx_opt.mss_clamp + TCP_HEADER_LEN + header_len(sk.wire_is_v6())
}

/// Sends a probe, if it is time for one and its loss would cost little.
///
/// RFC 4821 §7.2 - 7.4 · Linux: tcp_mtu_probe
pub(super) fn tcp_mtu_probe(sk: &mut Sock, cx: &mut Cx) -> MtuProbe {
    if !may_probe(sk) {
        return MtuProbe::NotNow;
    }
    let mss_now = tcp_current_mss(sk, cx).max(1);
    let Some(probe_size) = next_size(sk, cx) else {
        tcp_mtu_check_reprobe(sk, cx);
        return MtuProbe::NotNow;
    };
    match room_for(sk, probe_size) {
        Room::Enough => {}
        Room::None => return MtuProbe::NotNow,
        Room::Later => return MtuProbe::Wait,
    }
    let len = usize::try_from(probe_size).unwrap_or(usize::MAX);
    if !sk.write_queue.gather_send_head(len, mss_now) {
        return MtuProbe::NotNow;
    }
    send_probe(sk, probe_size, cx)
}

/// No probe is out, the connection is calm, and no option of variable length disturbs the size.
fn may_probe(sk: &Sock) -> bool {
    let plain = sk.selective_acks.as_slice().is_empty() && sk.rx_opt.duplicate_sack.is_none();
    let calm = sk.loss.ca_state == CaState::Open && sk.cong.cw.snd_cwnd >= MIN_CWND;
    sk.mtup.enabled && sk.mtup.probe.is_none() && calm && plain
}

/// Payload of the next probe: the middle between what works and what is possible, unless the two
/// are close [RFC4821:7.3#1].
fn next_size(sk: &Sock, cx: &Cx) -> Option<u32> {
    let (low, high) = (sk.mtup.search_low, sk.mtup.search_high);
    let size = tcp_mtu_to_mss(sk, u32::midpoint(low, high), cx);
    let near = high.saturating_sub(low) < cx.sysctl.tcp_probe_threshold.unsigned_abs();
    (size <= tcp_mtu_to_mss(sk, high, cx) && low <= high && !near).then_some(size)
}

/// Whether data, window and congestion window suffice for the probe and for noticing its loss.
fn room_for(sk: &Sock, probe_size: u32) -> Room {
    let behind = (u64::from(sk.loss.reordering) + 1) * u64::from(sk.mss_cache);
    let needed = u64::from(probe_size) + behind;
    let unsent = u64::from(sk.snd.write_seq - sk.snd.nxt);
    if unsent < needed || u64::from(sk.snd.wnd) < needed {
        return Room::None;
    }
    let window_left = u64::try_from(tcp_wnd_end(sk).distance(sk.snd.nxt)).unwrap_or(0);
    if window_left < needed {
        return Room::Later;
    }
    let in_flight = sk.loss.packets_in_flight();
    if in_flight + 2 > sk.cong.cw.snd_cwnd {
        return if in_flight == 0 { Room::None } else { Room::Later };
    }
    Room::Enough
}

/// The send head holds exactly the probe.
fn send_probe(sk: &mut Sock, probe_size: u32, cx: &mut Cx) -> MtuProbe {
    let departs = departure_time(sk);
    let Some(head) = sk.write_queue.send_head_mut() else { return MtuProbe::NotNow };
    // One segment, however large.
    head.set_tso_segs(probe_size);
    let (seq_start, seq_end) = (head.seq, head.end_seq());
    let out = Outgoing::of(head);
    if tcp_transmit_skb(sk, out, cx).failed() {
        return MtuProbe::NotNow;
    }
    // It stands for two segments, and its loss must not look like more.
    sk.cong.cw.snd_cwnd = sk.cong.cw.snd_cwnd.saturating_sub(1).max(1);
    head_sent(sk, departs, cx);
    let size = tcp_mss_to_mtu(sk, probe_size);
    sk.mtup.probe = Some(Probe { size, seq_start, seq_end });
    MtuProbe::Sent
}

/// After tcp_probe_interval the path may have changed: the search starts over.
///
/// Linux: tcp_mtu_check_reprobe
fn tcp_mtu_check_reprobe(sk: &mut Sock, cx: &Cx) {
    let interval = cx.hz.secs(cx.sysctl.tcp_probe_interval.into());
    if u64::from(cx.ticks_since(sk.mtup.since)) < interval {
        return;
    }
    let mss = tcp_current_mss(sk, cx);
    sk.mtup.probe = None;
    sk.mtup.search_high = ceiling(sk);
    sk.mtup.search_low = tcp_mss_to_mtu(sk, mss);
    sk.mtup.since = cx.now;
}

/// The probe, and nothing else, was lost.
///
/// Linux: tcp_mtup_probe_failed
pub(crate) fn tcp_mtup_probe_failed(sk: &mut Sock, cx: &mut Cx) {
    let Some(probe) = sk.mtup.probe.take() else { return };
    sk.mtup.search_high = probe.size.saturating_sub(1);
    cx.mib.inc(Counter::TcpExtTCPMTUPFail);
    // What sending it took.
    sk.cong.cw.snd_cwnd += 1;
}

/// SND.UNA covers the probe: packets of its size arrive.
///
/// Linux: tcp_mtup_probe_success, and its condition in tcp_clean_rtx_queue
pub(crate) fn tcp_mtup_check_success(sk: &mut Sock, cx: &mut Cx) {
    let Some(probe) = sk.mtup.probe.filter(|probe| !probe.seq_end.after(sk.snd.una)) else {
        return;
    };
    sk.loss.prior_ssthresh = tcp_current_ssthresh(sk);
    // The same number of bytes as before, in larger segments.
    let bytes = u64::from(sk.cong.cw.snd_cwnd) * u64::from(tcp_mss_to_mtu(sk, sk.mss_cache));
    let cwnd = bytes / u64::from(probe.size.max(1));
    sk.cong.cw.snd_cwnd = u32::try_from(cwnd).unwrap_or(u32::MAX).max(1);
    sk.cong.cw.snd_cwnd_cnt = 0;
    sk.cong.cwnd_stamp = cx.now;
    sk.cong.cw.snd_ssthresh = tcp_current_ssthresh(sk);
    sk.mtup.search_low = probe.size;
    sk.mtup.probe = None;
    tcp_sync_mss(sk, sk.pmtu_cookie, cx);
    cx.mib.inc(Counter::TcpExtTCPMTUPSuccess);
}

/// Several timeouts in a row: perhaps a router swallows large packets without a word.
///
/// RFC 4821 §7.7 · Linux: tcp_mtu_probing (net/ipv4/tcp_timer.c)
pub(crate) fn tcp_mtu_probing(sk: &mut Sock, cx: &Cx) {
    if cx.sysctl.tcp_mtu_probing == 0 || cx.mutant(Mutant::MtuBlackholeIgnored) {
        return;
    }
    if sk.mtup.enabled {
        let half = tcp_mtu_to_mss(sk, sk.mtup.search_low, cx) >> 1;
        let mss = half
            .min(cx.sysctl.tcp_base_mss.unsigned_abs())
            .max(cx.sysctl.tcp_mtu_probe_floor.unsigned_abs())
            .max(cx.sysctl.tcp_min_snd_mss.unsigned_abs());
        sk.mtup.search_low = tcp_mss_to_mtu(sk, mss);
    } else {
        sk.mtup.enabled = true;
        sk.mtup.since = cx.now;
    }
    tcp_sync_mss(sk, sk.pmtu_cookie, cx);
}
