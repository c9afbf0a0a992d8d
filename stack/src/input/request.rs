//! Half-open connections: the ACK that completes the handshake, and everything else.
//!
//! RFC 9293 §3.10.7.4 in SYN-RECEIVED · Linux: tcp_check_req, tcp_create_openreq_child
//! (net/ipv4/tcp_minisocks.c), tcp_v4_syn_recv_sock (net/ipv4/tcp_ipv4.c)

use super::validate::tcp_paws_reject;
use super::{Disposition, DropReason, ResetReason};
use crate::accecn::{request_segment, tcp_ecn_openreq_child};
use crate::congestion::rto_time_ms;
use crate::cx::Cx;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::net::TCP_HEADER_LEN;
use crate::output::ack::{challenge_ack_allowed, tcp_oow_rate_limited};
use crate::output::mss::{
    dst_metric_advmss, sk_dst_check, tcp_initialize_rcv_mss, tcp_mss_clamp, tcp_sync_mss,
};
use crate::output::options::{TSTAMP_ALIGNED, bare_options, time_stamp_echo};
use crate::output::reset::tcp_v4_send_reset;
use crate::output::synack::tcp_rtx_synack;
use crate::output::transmit::send_signed;
use crate::seq::Seq;
use crate::sock::control_block::TCP_MSS_DEFAULT;
use crate::sock::{RequestSock, RxOpt, Sock, SockId};
use crate::state::{Event, StateCell, advance};
use crate::time::Instant;
use crate::timer::{keepalive_time_when, reqsk_timeout, reset_keepalive_timer};
use crate::wire::{Flags, Segment, Ts};

/// What becomes of a half-open connection.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It goes on waiting.
    Keep(Disposition),
    /// The segment is one for the listener itself.
    ToListener,
    /// It ends; a Fast Open child only if the segment is a reset.
    Drop(Disposition),
    /// It becomes a socket.
    Complete,
}

/// Who holds a half-open connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Holder<'a> {
    /// Its listener: there is no socket yet.
    Listener(&'a Sock),
    /// A child that Fast Open made of the SYN, which has sent up to here.
    FastOpen { snd_nxt: Seq },
}

/// Judges a segment for a half-open connection.
pub(crate) fn tcp_check_req(
    req: &mut RequestSock,
    seg: &Segment,
    holder: Holder<'_>,
    cx: &mut Cx,
) -> Verdict {
    let fastopen = matches!(holder, Holder::FastOpen { .. });
    let rx_opt = segment_options(req, seg, cx);
    let paws_reject = rx_opt.saw_tstamp && tcp_paws_reject(&rx_opt, seg.flags.rst(), cx);
    let only_syn = seg.flags.syn() && !seg.flags.ack() && !seg.flags.rst();
    if seg.seq == req.rcv_isn && only_syn && !paws_reject {
        // [RFC9293:3.10.7.4#8] The SYN again: so is the answer.
        let skipped = Counter::TcpExtTCPACKSkippedSynRecv;
        if !tcp_oow_rate_limited(&mut req.last_oow_ack, seg, skipped, cx) {
            request_segment(req, seg, true);
            if let Holder::Listener(listener) = holder {
                req.dontroute = listener.opts.dontroute;
            }
            if tcp_rtx_synack(req, cx) {
                let timeout = reqsk_timeout(req.num_timeout, rto_max(cx), cx.hz);
                req.timer = Some(cx.timer(timeout).due);
            }
        }
        return Verdict::Keep(Disposition::Dropped(DropReason::NotSpecified));
    }
    // A reset is judged by its sequence number alone. With Fast Open data may be out: the child
    // itself checks what is acknowledged.
    let acceptable = seg.ack == req.snt_isn + 1 || cx.mutant(Mutant::HandshakeAckUnchecked);
    if seg.flags.ack() && !seg.flags.rst() && !fastopen && !acceptable {
        return Verdict::ToListener;
    }
    let tsecr_reject = cx.kernel.tsecr_of_handshake_checked
        && (rx_opt.saw_tstamp && req.rx_opt.tstamp_ok)
        && !fastopen
        && rx_opt.rcv_tsecr != 0
        && !Seq(rx_opt.rcv_tsecr).between(Seq(req.snt_tsval_first), Seq(req.snt_tsval_last));
    let wnd_end = req.rcv_nxt + tcp_synack_window(req);
    if paws_reject || tsecr_reject || !tcp_in_window(seg, req.rcv_nxt, wnd_end) {
        let reason = match (paws_reject, tsecr_reject) {
            (true, _) => DropReason::TcpRfc7323Paws,
            (false, true) => DropReason::TcpRfc7323Tsecr,
            (false, false) => DropReason::TcpOverwindow,
        };
        return out_of_window(req, seg, reason, holder, cx);
    }
    if seg.flags.rst() && seg.seq != req.rcv_nxt && !cx.mutant(Mutant::HandshakeRstInWindow) {
        // [RFC5961:3.2#1] In the window, but not exactly where a peer would put it.
        if challenge_ack_allowed(&mut req.last_oow_ack, cx) {
            tcp_v4_reqsk_send_ack(req, holder, cx);
        }
        return Verdict::Keep(Disposition::Dropped(DropReason::TcpReset));
    }
    let syn_in_window = seg.flags.syn() && seg.seq != req.rcv_isn;
    if seg.flags.rst() || syn_in_window {
        cx.mib.inc(Counter::TcpAttemptFails);
        return embryonic_reset(req, seg, fastopen, cx);
    }
    if !seg.flags.ack() {
        return Verdict::Keep(Disposition::Dropped(DropReason::TcpFlags));
    }
    request_segment(req, seg, false);
    let Holder::Listener(listener) = holder else { return Verdict::Complete };
    if req.num_timeout < listener.opts.defer_accept && seg.end_seq() == req.rcv_isn + 1 {
        req.acked = true;
        cx.mib.inc(Counter::TcpExtTCPDeferAcceptDrop);
        return Verdict::Keep(Disposition::Dropped(DropReason::NotSpecified));
    }
    if listener.listener.is_full() && !cx.mutant(Mutant::OverflowAccepted) {
        if listener.id != req.listener {
            cx.mib.inc(Counter::TcpExtTCPMigrateReqFailure);
        }
        cx.mib.inc(Counter::TcpExtListenOverflows);
        return listen_overflow(req, seg, cx);
    }
    if !listener.has_route(req.flow.remote.ip(), cx) {
        return listen_overflow(req, seg, cx);
    }
    Verdict::Complete
}

/// Linux: the label listen_overflow of tcp_check_req
fn listen_overflow(req: &mut RequestSock, seg: &Segment, cx: &mut Cx) -> Verdict {
    cx.mib.inc(Counter::TcpExtListenDrops);
    if cx.sysctl.tcp_abort_on_overflow == 0 || cx.mutant(Mutant::OverflowMute) {
        // The peer believes it is connected and will repeat itself.
        req.acked = true;
        return Verdict::Keep(Disposition::Dropped(DropReason::TcpListenOverflow));
    }
    embryonic_reset(req, seg, false, cx)
}

/// Linux: the label embryonic_reset of tcp_check_req
fn embryonic_reset(req: &mut RequestSock, seg: &Segment, fastopen: bool, cx: &mut Cx) -> Verdict {
    if fastopen {
        if !seg.flags.rst() {
            tcp_v4_send_reset(req.md5_key.as_ref(), seg, cx);
        }
        return Verdict::Drop(Disposition::Dropped(DropReason::TcpFastopen));
    }
    cx.mib.inc(Counter::TcpExtEmbryonicRsts);
    let event = match (seg.flags.rst(), seg.flags.syn()) {
        (true, _) => Event::RecvRst,
        (false, true) => Event::RecvSyn,
        (false, false) => Event::Abort,
    };
    advance(&mut req.state, req.flow, event, cx);
    if seg.flags.rst() {
        return Verdict::Drop(Disposition::Dropped(DropReason::TcpReset));
    }
    tcp_v4_send_reset(req.md5_key.as_ref(), seg, cx);
    Verdict::Drop(Disposition::Reset(ResetReason::InvalidSyn))
}

fn out_of_window(
    req: &mut RequestSock,
    seg: &Segment,
    reason: DropReason,
    holder: Holder<'_>,
    cx: &mut Cx,
) -> Verdict {
    let skipped = Counter::TcpExtTCPACKSkippedSynRecv;
    if !seg.flags.rst() && !tcp_oow_rate_limited(&mut req.last_oow_ack, seg, skipped, cx) {
        tcp_v4_reqsk_send_ack(req, holder, cx);
    }
    if reason == DropReason::TcpRfc7323Paws {
        cx.mib.inc(Counter::TcpExtPAWSEstab);
    } else if reason == DropReason::TcpRfc7323Tsecr {
        cx.mib.inc(Counter::TcpExtTSEcrRejected);
    }
    Verdict::Keep(Disposition::Dropped(reason))
}

/// The window that the SYN-ACK offered: what does not fit its field was not.
///
/// [RFC7323:2.2#2] · Linux: tcp_synack_window (include/net/request_sock.h)
fn tcp_synack_window(req: &RequestSock) -> u32 {
    req.rcv_wnd.min(u32::from(u16::MAX))
}

/// Linux: tcp_v4_reqsk_send_ack (net/ipv4/tcp_ipv4.c)
fn tcp_v4_reqsk_send_ack(req: &RequestSock, holder: Holder<'_>, cx: &mut Cx) {
    let mut ack = Segment::new(req.flow.local, req.flow.remote, Flags::ACK);
    ack.seq = match holder {
        Holder::Listener(_) => req.snt_isn + 1,
        Holder::FastOpen { snd_nxt } => snd_nxt,
    };
    ack.ack = req.rcv_nxt;
    ack.wnd = u16::try_from(tcp_synack_window(req) >> req.rx_opt.rcv_wscale).unwrap_or(u16::MAX);
    let ts = req.rx_opt.tstamp_ok.then(|| time_stamp_echo(req.tsoffset, req.rx_opt.ts_recent, cx));
    ack.option_bytes = bare_options(ts, req.md5_key.is_some());
    ack.ip.ttl = cx.default_ttl(req.flow.is_v6());
    send_signed(ack, req.md5_key.as_ref(), req.bound_dev_if, cx);
}

/// Linux: tcp_in_window (net/ipv4/tcp_minisocks.c)
pub(super) fn tcp_in_window(seg: &Segment, start: Seq, end: Seq) -> bool {
    seg.seq == start
        || (seg.end_seq().after(start) && seg.seq.before(end))
        || (seg.seq == end && seg.seq == seg.end_seq())
}

/// The timestamps of this segment, if the host reads any now, whatever was agreed to.
///
/// Linux: the call of tcp_parse_options in tcp_check_req
fn timestamps(seg: &Segment, cx: &Cx) -> Option<Ts> {
    seg.options.ts.filter(|_| cx.sysctl.tcp_timestamps != 0)
}

/// The request's options with the timestamps of this segment.
fn segment_options(req: &RequestSock, seg: &Segment, cx: &Cx) -> RxOpt {
    let mut rx_opt = RxOpt { saw_tstamp: false, ..req.rx_opt.clone() };
    if let Some(ts) = timestamps(seg, cx) {
        rx_opt.saw_tstamp = true;
        rx_opt.rcv_tsval = ts.val;
        rx_opt.rcv_tsecr = ts.ecr;
        rx_opt.ts_recent_stamp = Some(ts_recent_stamp(req, cx));
    }
    rx_opt
}

/// When the peer's timestamp was remembered: the time of that is not kept, and is now as good as ever.
fn ts_recent_stamp(req: &RequestSock, cx: &Cx) -> Instant {
    if !cx.kernel.handshake_stamp_ages {
        return cx.now;
    }
    let timeout = reqsk_timeout(req.num_timeout, rto_max(cx), cx.hz);
    cx.now.minus_secs(u64::from(timeout / cx.hz.per_sec()))
}

/// tcp_rto_max, in ticks.
fn rto_max(cx: &Cx) -> u32 {
    cx.hz.msecs_to_jiffies(cx.rto_max_ms())
}

/// The socket a completed request becomes, in SYN-RECEIVED, ready for the segment that completed it.
///
/// Linux: tcp_v4_syn_recv_sock, tcp_create_openreq_child, inet_csk_clone_lock
pub(crate) fn tcp_v4_syn_recv_sock(
    req: &mut RequestSock,
    seg: &Segment,
    listener: &Sock,
    id: SockId,
    cx: &mut Cx,
) -> Sock {
    let mut child = Sock::new(id, listener.is_v6, cx);
    child.opts = listener.opts.clone();
    child.opts.nonblock = false;
    child.opts.bound_dev_if = req.bound_dev_if;
    child.zerocopy = listener.zerocopy.inherited();
    child.tstamp = listener.tstamp.clone();
    child.md5 = listener.md5.inherit(req.flow.remote.ip());
    child.cong =
        crate::sock::control_block::CongVars::new(listener.opts.congestion, &cx.sysctl, cx.hz);
    child.flow = req.flow;
    child.num = req.flow.local.port();
    child.bound_addr = listener.bound_addr;
    child.saved_syn = std::mem::take(&mut req.saved_syn);
    child.parent = Some(listener.id);
    child.connect = crate::sock::ConnectPhase::Connected;
    child.state = std::mem::replace(&mut req.state, StateCell::closed());
    let event = if seg.flags.ack() { Event::RecvAckOfSyn } else { Event::FastOpen };
    advance(&mut child.state, child.flow, event, cx);

    let snd = &mut child.snd;
    snd.iss = req.snt_isn;
    snd.una = req.snt_isn + 1;
    (snd.nxt, snd.up, snd.sml) = (snd.una, snd.una, snd.una);
    (snd.write_seq, snd.pushed_seq) = (snd.una, snd.una);
    snd.wnd = u32::from(seg.wnd) << req.rx_opt.snd_wscale;
    snd.max_window = snd.wnd;
    snd.wl1 = req.rcv_isn;

    child.rcv.irs = req.rcv_isn;
    child.rcv.nxt = req.rcv_nxt;
    child.rcv.wup = req.rcv_nxt;
    child.rcv.wnd = req.rcv_wnd;
    child.rcv.rcv_ssthresh = req.rcv_wnd;
    child.rcv.window_clamp =
        if req.rx_opt.wscale_ok { req.window_clamp } else { req.window_clamp.min(65_535) };
    child.recv_queue.init(req.rcv_nxt);
    child.rx_opt = req.rx_opt.clone();
    child.rx_opt.mss_clamp = req.mss;
    if req.rx_opt.tstamp_ok {
        // Not before there is a child: a segment that made none must not age the peer's clock.
        if let Some(ts) = timestamps(seg, cx).filter(|_| !seg.seq.after(req.rcv_nxt)) {
            child.rx_opt.ts_recent = ts.val;
        }
        child.rx_opt.ts_recent_stamp = Some(cx.now);
    }
    if !req.rx_opt.wscale_ok {
        child.rx_opt.rcv_wscale = 0;
        child.rx_opt.snd_wscale = 0;
    }
    child.tcp_header_len = TCP_HEADER_LEN + if req.rx_opt.tstamp_ok { TSTAMP_ALIGNED } else { 0 };
    child.tsoffset = req.tsoffset;
    // The SYN; its text, if any, was not data of this socket.
    child.total.segs_in = 1;
    child.loss.total_retrans = req.num_retrans;
    child.synack_sent = req.snt_synack.filter(|_| req.num_retrans == 0);
    remember_timeouts(&mut child, req, cx);
    (child.ack.lrcvtime, child.total.lsndtime) = (cx.now, cx.now);
    // What TCP_QUICKACK told the listener holds for its children.
    child.ack.pingpong = listener.ack.pingpong;
    child.ack.last_seg_size = size_beside(child.tcp_header_len, seg);
    if child.opts.keepalive && !cx.mutant(Mutant::KeepaliveNotInherited) {
        let time = keepalive_time_when(&child, cx);
        reset_keepalive_timer(&mut child, time, cx);
    }
    cx.net.find_exception(req.flow.remote.ip(), cx.now);
    let mtu = sk_dst_check(&mut child, cx);
    tcp_sync_mss(&mut child, mtu, cx);
    child.advmss =
        tcp_mss_clamp(listener.rx_opt.user_mss, dst_metric_advmss(req.flow.remote.ip(), cx));
    tcp_initialize_rcv_mss(&mut child);
    tcp_ecn_openreq_child(&mut child, req, seg, cx);
    cx.mib.inc(Counter::TcpPassiveOpens);
    child
}

/// All of a segment but the header that later ones will have, if that is much.
fn size_beside(tcp_header_len: u32, seg: &Segment) -> u32 {
    let behind_header = seg.option_bytes.padded_len() + seg.payload.len();
    let len = TCP_HEADER_LEN + u32::try_from(behind_header).unwrap_or(0);
    if len >= TCP_MSS_DEFAULT + tcp_header_len { len - tcp_header_len } else { 0 }
}

/// Timeouts of the SYN-ACK are the child's.
fn remember_timeouts(child: &mut Sock, req: &RequestSock, cx: &Cx) {
    if req.num_timeout == 0 {
        return;
    }
    child.loss.undo_marker = Some(req.snt_isn);
    child.loss.retrans_stamp = req.snt_synack;
    child.loss.total_rto = u16::try_from(req.num_timeout).unwrap_or(u16::MAX);
    child.loss.total_rto_recoveries = 1;
    child.loss.total_rto_time = req.snt_synack.map_or(0, |sent| rto_time_ms(sent, cx));
}
