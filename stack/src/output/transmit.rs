//! The one exit of a connection: gives a piece of the sequence space its header and sends it.
//!
//! RFC 9293 §3.1 · Linux: tcp_transmit_skb (net/ipv4/tcp_output.c)

use super::ecn::tcp_ecn_send;
use super::options::{tcp_established_options, tcp_syn_options};
use super::tso;
use super::window::tcp_select_window;
use crate::cx::Cx;
use crate::flow::Flow;
use crate::md5::{self, Md5Key};
use crate::mib::Counter;
use crate::seq::Seq;
use crate::sock::Sock;
use crate::sock::control_block::TCP_ATO_MIN_MS;
use crate::timer::Timer;
use crate::trace::TraceEvent;
use crate::wire::{Flags, Segment, emit};

/// A piece of the sequence space to send.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) seq: Seq,
    pub(crate) flags: Flags,
    pub(crate) payload: Vec<u8>,
}

impl Outgoing {
    /// A segment without payload.
    pub(crate) const fn empty(seq: Seq, flags: Flags) -> Self {
        Self { seq, flags, payload: Vec::new() }
    }
}

/// Builds the header and sends. What is larger than one segment leaves as one packet if the link
/// cuts it itself (TSO), as several otherwise.
///
/// Linux: tcp_transmit_skb, __tcp_transmit_skb (net/ipv4/tcp_output.c)
pub(crate) fn tcp_transmit_skb(sk: &mut Sock, out: Outgoing, cx: &mut Cx) {
    let mut seg = Segment::new(sk.flow.local, sk.flow.remote, out.flags);
    seg.ip.tos = sk.opts.tos;
    seg.ip.ttl = sk.opts.ttl.unwrap_or(cx.sysctl.ip_default_ttl);
    seg.seq = out.seq;
    seg.ack = if out.flags.ack() { sk.rcv.nxt } else { Seq(0) };
    if out.flags.syn() {
        seg.option_bytes = tcp_syn_options(sk, cx);
        // [RFC7323:2.2#2] The window of a SYN is never scaled.
        seg.wnd = u16::try_from(sk.rcv.wnd).unwrap_or(u16::MAX);
    } else {
        seg.option_bytes = tcp_established_options(sk, cx.now);
        sk.rx_opt.duplicate_sack = None;
        seg.wnd = tcp_select_window(sk, cx);
        tcp_ecn_send(sk, &mut seg, !out.payload.is_empty());
        if tcp_skb_pcount(out.payload.len(), sk.mss_cache) > 1 {
            // Whoever joins segments again should not wait for the next one.
            seg.flags |= Flags::PSH;
        }
    }
    mark_urgent(sk, &mut seg);

    let payload_len = out.payload.len();
    seg.payload = out.payload;
    if out.flags.ack() {
        tcp_event_ack_sent(sk);
    }
    if payload_len != 0 {
        tcp_event_data_sent(sk, cx);
    }
    count(sk, payload_len, cx);
    sk.total.wstamp = cx.now;
    let mss = usize::try_from(sk.mss_cache).unwrap_or(usize::MAX);
    let can_gso = cx.net.tso && sk.md5.can_gso();
    let parts =
        if payload_len > mss && !can_gso { tso::tcp_gso_segment(seg, mss) } else { vec![seg] };
    for part in parts {
        send_signed(part, sk.md5_key(), cx);
    }
}

/// Sends a finished segment, signed if there is a key.
pub(crate) fn send_signed(mut seg: Segment, key: Option<&Md5Key>, cx: &mut Cx) {
    if let Some(key) = key {
        md5::sign(&mut seg, key);
    }
    send(&seg, cx);
}

/// Sends a finished segment, whether a socket stands behind it or not.
///
/// Linux: ip_queue_xmit, ip_send_unicast_reply
pub(crate) fn send(seg: &Segment, cx: &mut Cx) {
    cx.mib.inc(Counter::TcpOutSegs);
    cx.trace.push(TraceEvent::SegmentOut {
        at: cx.now,
        flow: Flow::new(seg.src(), seg.dst()),
        seq: seg.seq,
        payload_len: seg.payload.len(),
    });
    cx.tx.push_back(emit(seg));
}

/// Announces outstanding urgent data.
///
/// RFC 9293 §3.8.5 · Linux: __tcp_transmit_skb
fn mark_urgent(sk: &Sock, seg: &mut Segment) {
    if !sk.snd.urg_mode || !seg.seq.before(sk.snd.up) {
        return;
    }
    let ahead = sk.snd.up - seg.seq;
    if let Ok(urg_ptr) = u16::try_from(ahead) {
        seg.urg_ptr = urg_ptr;
        seg.flags |= Flags::URG;
    } else if (seg.seq + 0xffff).after(sk.snd.nxt) {
        seg.urg_ptr = u16::MAX;
        seg.flags |= Flags::URG;
    }
}

/// An ACK went out: nothing more is owed.
///
/// Linux: tcp_event_ack_sent, tcp_dec_quickack_mode (net/ipv4/tcp_output.c, include/net/tcp.h)
fn tcp_event_ack_sent(sk: &mut Sock) {
    if sk.ack.compressed != 0 {
        sk.ack.compressed = 0;
        sk.timers.stop(Timer::CompressedAck);
    }
    if sk.ack.quick != 0 {
        let used = u8::from(sk.ack.sched);
        if used >= sk.ack.quick {
            sk.ack.quick = 0;
            sk.ack.ato_ms = TCP_ATO_MIN_MS;
        } else {
            sk.ack.quick -= used;
        }
    }
    sk.ack.clear_pending();
    sk.timers.stop(Timer::Delack);
}

/// Data went out: keeps the idle clock, and notices a dialogue.
///
/// Linux: tcp_event_data_sent (net/ipv4/tcp_output.c)
fn tcp_event_data_sent(sk: &mut Sock, cx: &Cx) {
    if sk.loss.packets_out == 0 {
        let idle_us = cx.now.micros_since(sk.total.lsndtime);
        let event = crate::congestion::CaEvent::TxStart { idle_us };
        sk.cong.algorithm.ops().cwnd_event(&mut sk.cong.cw, event, cx.now);
    }
    sk.total.lsndtime = cx.now;
    let since_data_ms = cx.now.jiffies().0.saturating_sub(sk.ack.lrcvtime.jiffies().0);
    if since_data_ms < u64::from(sk.ack.ato_ms) {
        sk.ack.pingpong = sk.ack.pingpong.saturating_add(1);
    }
}

fn count(sk: &mut Sock, payload_len: usize, cx: &mut Cx) {
    let bytes = u64::try_from(payload_len).unwrap_or(0);
    let segs = tcp_skb_pcount(payload_len, sk.mss_cache);
    sk.total.segs_out = sk.total.segs_out.wrapping_add(segs);
    if payload_len != 0 {
        sk.total.data_segs_out = sk.total.data_segs_out.wrapping_add(segs);
        sk.total.bytes_sent = sk.total.bytes_sent.wrapping_add(bytes);
    }
    if segs > 1 && cx.net.tso {
        cx.mib.add(Counter::TcpOutSegs, u64::from(segs - 1));
    }
}

/// Segments that `payload_len` bytes make; control segments count as one.
///
/// Linux: tcp_skb_pcount
pub(crate) fn tcp_skb_pcount(payload_len: usize, mss: u32) -> u32 {
    let len = u32::try_from(payload_len).unwrap_or(u32::MAX);
    len.div_ceil(mss.max(1)).max(1)
}
