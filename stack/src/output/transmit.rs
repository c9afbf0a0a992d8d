//! The one exit of a connection: gives a piece of the sequence space its header and sends it.
//!
//! RFC 9293 §3.1 · Linux: tcp_transmit_skb (net/ipv4/tcp_output.c)

use super::clock::departure_time;
use super::ecn::tcp_ecn_send;
use super::mss::sk_dst_check;
use super::options::{tcp_established_options, tcp_syn_options};
use super::pacing::{Pacing, tcp_update_skb_after_send};
use super::tso::tcp_gso_segment;
use super::window::tcp_select_window;
use crate::accecn::option_sent;
use crate::congestion::tcp_enter_cwr;
use crate::cx::Cx;
use crate::errqueue::zerocopy::skb_copy_ubufs;
use crate::flow::Flow;
use crate::input::ip_dont_fragment;
use crate::md5::{self, Md5Key};
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::net::Way;
use crate::qdisc::{Owner, Packet, Xmit};
use crate::seq::Seq;
use crate::sock::chunk::{Chunk, skb_truesize};
use crate::sock::control_block::TCP_ATO_MIN_MS;
use crate::sock::{EcnMode, Sock};
use crate::state::TcpState;
use crate::timer::Timer;
use crate::timestamping::{Departure, SkbTstamp, TxStamp, skb_tx_timestamp, tx_of_packet};
use crate::trace::TraceEvent;
use crate::wire::{Flags, Segment, emit};

/// A piece of the sequence space to send.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) seq: Seq,
    pub(crate) flags: Flags,
    pub(crate) payload: Vec<u8>,
    /// Segment size `payload` is cut into on the wire; 0 when it is one segment.
    pub(crate) gso_size: u32,
}

impl Outgoing {
    /// A segment without payload.
    pub(crate) const fn empty(seq: Seq, flags: Flags) -> Self {
        Self { seq, flags, payload: Vec::new(), gso_size: 0 }
    }

    /// What `chunk` holds, with an acknowledgement unless it is the first SYN.
    pub(crate) fn of(chunk: &Chunk) -> Self {
        let flags = if chunk.flags.syn() { chunk.flags } else { chunk.flags | Flags::ACK };
        Self { seq: chunk.seq, flags, payload: chunk.data.clone(), gso_size: chunk.gso_size }
    }

    /// Segments this makes on the wire; control segments count as one.
    ///
    /// Linux: tcp_skb_pcount
    fn pcount(&self) -> u32 {
        let len = u32::try_from(self.payload.len()).unwrap_or(u32::MAX);
        if self.gso_size == 0 { 1 } else { len.div_ceil(self.gso_size).max(1) }
    }
}

/// Builds the header and sends. What is larger than one segment leaves as one packet if the link
/// cuts it itself (TSO), as several otherwise. Says what became of it on this host.
///
/// Linux: tcp_transmit_skb, __tcp_transmit_skb (net/ipv4/tcp_output.c)
pub(crate) fn tcp_transmit_skb(sk: &mut Sock, out: Outgoing, cx: &mut Cx) -> Xmit {
    let prior_wstamp = sk.total.wstamp;
    sk.total.wstamp = departure_time(sk);
    let mut seg = Segment::new(sk.flow.local, sk.flow.remote, out.flags);
    seg.ip.tos = sk.tos();
    seg.ip.ttl = sk.ttl(cx);
    seg.ip.dont_fragment &= ip_dont_fragment(sk, cx);
    seg.seq = out.seq;
    seg.ack = if out.flags.ack() { sk.rcv.nxt } else { Seq(0) };
    if cx.mutant(Mutant::AckBeyond) && sk.state() == TcpState::CloseWait {
        seg.ack += 1;
    }
    if cx.mutant(Mutant::AckBehind) && sk.state() == TcpState::FinWait2 {
        seg.ack -= 1;
    }
    if out.flags.syn() {
        seg.option_bytes = tcp_syn_options(sk, out.flags.ack(), cx);
        // [RFC7323:2.2#2] The window of a SYN is never scaled.
        seg.wnd = u16::try_from(sk.rcv.wnd).unwrap_or(u16::MAX);
    } else {
        let options = tcp_established_options(sk, cx);
        seg.option_bytes = options.buf;
        option_sent(sk, options.has_accecn, cx);
        if !cx.mutant(Mutant::DsackTwice) {
            sk.rx_opt.duplicate_sack = None;
        }
        seg.wnd = tcp_select_window(sk, cx);
        tcp_ecn_send(sk, &mut seg, !out.payload.is_empty(), cx);
        if out.pcount() > 1 && !cx.mutant(Mutant::LargeNotPushed) {
            // Whoever joins segments again should not wait for the next one.
            seg.flags |= Flags::PSH;
        }
    }
    mark_urgent(sk, &mut seg);

    let (payload_len, pcount) = (out.payload.len(), out.pcount());
    let from_queue = payload_len != 0 || out.flags.syn() || out.flags.fin();
    seg.payload = out.payload;
    if cx.mutant(Mutant::LastByteFlipped) && payload_len > 1000 {
        seg.payload.last_mut().into_iter().for_each(|byte| *byte ^= 1);
    }
    if out.flags.ack() {
        tcp_event_ack_sent(sk, cx);
    }
    if payload_len != 0 {
        tcp_event_data_sent(sk, cx);
    }
    count(sk, payload_len, pcount, cx);
    let xmit = ip_queue_xmit(sk, seg, out.gso_size, cx);
    if xmit == Xmit::Dropped {
        // Our own host is congested, which is congestion like any other.
        tcp_enter_cwr(sk, cx);
    } else if from_queue && !xmit.failed() {
        tcp_update_skb_after_send(sk, payload_len, prior_wstamp);
    }
    xmit
}

/// Sends a finished segment no socket stands behind, signed if there is a key, by the interface
/// `bound_dev_if` if it is not 0.
///
/// Linux: ip_send_unicast_reply, ip_build_and_send_pkt
pub(crate) fn send_signed(
    mut seg: Segment,
    key: Option<&Md5Key>,
    bound_dev_if: i32,
    cx: &mut Cx,
) -> Xmit {
    if let Some(key) = key {
        md5::sign(&mut seg, key);
    }
    cx.net.find_exception(seg.ip.dst, cx.now);
    let datagrams = vec![emit_counted(&seg, cx)];
    match cx.net.way_to(seg.ip.dst, bound_dev_if) {
        Way::Loopback { dif, is_rtn_local } => {
            cx.loop_back(datagrams, dif, is_rtn_local);
            Xmit::Sent
        }
        Way::Link => cx.dev_queue_xmit(Packet { datagrams, owner: None, time_to_send: cx.now }),
    }
}

/// Hands a connection's packet down, charged to its socket while it waits.
///
/// Linux: ip_queue_xmit, inet6_csk_xmit
fn ip_queue_xmit(sk: &mut Sock, seg: Segment, gso_size: u32, cx: &mut Cx) -> Xmit {
    let mss = usize::try_from(gso_size).unwrap_or(usize::MAX);
    if !sk.has_route(sk.flow.remote.ip(), cx) {
        return Xmit::Unroutable;
    }
    sk_dst_check(sk, cx);
    let truesize = skb_truesize(seg.payload.len());
    // The data of a SYN is queued behind it.
    let data_seq = seg.seq + u32::from(seg.flags.syn());
    let stamp = tx_of_packet(sk, data_seq, seg.payload.len());
    if !seg.payload.is_empty() {
        skb_copy_ubufs(sk, data_seq);
    }
    if let Some(stamp) = stamp.filter(|stamp| stamp.sched) {
        sched_timestamp(sk, stamp, seg.clone(), cx);
    }
    let start = seg.seq;
    let can_gso = cx.net.tso_to(sk.flow.remote.ip())
        && sk.md5.can_gso()
        // A link that repeats the flags as they are has NETIF_F_GSO_ACCECN, which ours has not.
        && sk.ecn.mode != EcnMode::AccEcn;
    let mut segments =
        if gso_size == 0 || can_gso { vec![seg] } else { tcp_gso_segment(seg, mss, sk.ecn.mode) };
    ip_select_ident_segs(sk, &mut segments, mss, cx);
    if let Some(key) = sk.md5_key() {
        segments.iter_mut().for_each(|segment| md5::sign(segment, key));
    }
    let datagrams: Vec<_> = segments.iter().map(|segment| emit_counted(segment, cx)).collect();
    let way = cx.net.way_to(sk.flow.remote.ip(), sk.opts.bound_dev_if);
    if let Way::Loopback { dif, is_rtn_local } = way {
        cx.loop_back(datagrams, dif, is_rtn_local);
        return Xmit::Sent;
    }
    let stamp = stamp.filter(|stamp| stamp.snd).and_then(|stamp| {
        let holds =
            |part: &Segment| stamp.key.within(part.seq, part.seq.plus_len(part.payload.len()));
        segments.iter().position(holds).map(|index| Departure { stamp, index })
    });
    let owner = Owner { sock: sk.id, seq: start, truesize, stamp };
    if cx.queue.paces() {
        sk.pacing = Pacing::Fq;
    }
    let time_to_send = sk.total.wstamp;
    let noted = stamp.map(|_| datagrams.clone()).unwrap_or_default();
    let xmit = cx.dev_queue_xmit(Packet { datagrams, owner: Some(owner), time_to_send });
    match xmit {
        Xmit::Queued => sk.tsq.wmem_alloc = sk.tsq.wmem_alloc.saturating_add(truesize),
        Xmit::Sent => skb_tx_timestamp(sk, stamp, &noted, cx),
        Xmit::Dropped | Xmit::Unroutable => {}
    }
    xmit
}

/// Numbers datagrams that may be fragmented, one number for each segment: two that are on their way at
/// the same time must not be alike.
///
/// RFC 6864 §4.2 · Linux: ip_select_ident_segs (include/net/ip.h), inet_gso_segment
/// (net/ipv4/af_inet.c) · Differs: the first number comes from the hash of the flow, and datagrams
/// that cannot be fragmented, whose number means nothing, have 0.
fn ip_select_ident_segs(sk: &mut Sock, segments: &mut [Segment], mss: usize, cx: &Cx) {
    for segment in segments {
        if segment.ip.dont_fragment || segment.ip.src.is_ipv6() {
            continue;
        }
        let (local, remote) = (sk.flow.local, sk.flow.remote);
        let first = || u16::try_from(cx.rng.inet_ehashfn(local, remote) & 0xffff).unwrap_or(0);
        let id = sk.inet_id.unwrap_or_else(first);
        segment.ip.id = id;
        let len = segment.payload.len();
        let parts = if mss == 0 { 1 } else { len.div_ceil(mss).max(1) };
        sk.inet_id = Some(id.wrapping_add(u16::try_from(parts).unwrap_or(u16::MAX)));
    }
}

/// Notes when a packet reaches the queue of the link.
///
/// Linux: the head of __dev_queue_xmit (net/core/dev.c)
fn sched_timestamp(sk: &mut Sock, stamp: TxStamp, mut seg: Segment, cx: &mut Cx) {
    if let Some(key) = sk.md5_key() {
        md5::sign(&mut seg, key);
    }
    sk.skb_tstamp_tx(stamp, SkbTstamp::Sched, &emit(&seg), cx);
}

fn emit_counted(seg: &Segment, cx: &mut Cx) -> Vec<u8> {
    cx.mib.inc(Counter::TcpOutSegs);
    cx.trace.push(TraceEvent::SegmentOut {
        at: cx.now,
        flow: Flow::new(seg.src(), seg.dst()),
        seq: seg.seq,
        payload_len: seg.payload.len(),
    });
    emit(seg)
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
fn tcp_event_ack_sent(sk: &mut Sock, cx: &Cx) {
    if sk.ack.compressed != 0 {
        sk.ack.compressed = 0;
        sk.timers.stop(Timer::CompressedAck);
    }
    if sk.ack.quick != 0 {
        let used = u8::from(sk.ack.sched);
        if used >= sk.ack.quick {
            sk.ack.quick = 0;
            sk.ack.ato = cx.hz.msecs_to_jiffies(TCP_ATO_MIN_MS);
        } else {
            sk.ack.quick -= used;
        }
    }
    if cx.mutant(Mutant::AckNotSettled) {
        return;
    }
    sk.ack.clear_pending();
    sk.timers.stop(Timer::Delack);
}

/// Data went out: keeps the idle clock, and notices a dialogue.
///
/// Linux: tcp_event_data_sent (net/ipv4/tcp_output.c)
fn tcp_event_data_sent(sk: &mut Sock, cx: &Cx) {
    if sk.loss.packets_out == 0 {
        let idle = cx.ticks_since(sk.total.lsndtime);
        let event = crate::congestion::CaEvent::TxStart { idle };
        sk.cong.algorithm.ops().cwnd_event(&mut sk.cong.cw, event, cx.now);
    }
    sk.total.lsndtime = cx.now;
    if cx.ticks_since(sk.ack.lrcvtime) < sk.ack.ato && !cx.mutant(Mutant::DialogueUnnoticed) {
        sk.ack.pingpong = sk.ack.pingpong.saturating_add(1);
    }
}

fn count(sk: &mut Sock, payload_len: usize, segs: u32, cx: &mut Cx) {
    let bytes = u64::try_from(payload_len).unwrap_or(0);
    sk.total.segs_out = sk.total.segs_out.wrapping_add(segs);
    if payload_len != 0 {
        sk.total.data_segs_out = sk.total.data_segs_out.wrapping_add(segs);
        sk.total.bytes_sent = sk.total.bytes_sent.wrapping_add(bytes);
    }
    if segs > 1 && cx.net.tso_to(sk.flow.remote.ip()) {
        cx.mib.add(Counter::TcpOutSegs, u64::from(segs - 1));
    }
}
