//! LISTEN: a SYN makes a half-open connection.
//!
//! RFC 9293 §3.10.7.2 · Linux: tcp_rcv_state_process (LISTEN), tcp_conn_request
//! (net/ipv4/tcp_input.c), tcp_openreq_init_rwin (net/ipv4/tcp_minisocks.c)

use super::ecn::tcp_ecn_create_request;
use super::syncookies::{cookie_init_sequence, cookie_init_timestamp, tcp_syn_flood_action};
use super::{Disposition, DropReason, ResetReason};
use crate::cx::Cx;
use crate::effect::Effect;
use crate::fastopen::{Answer, tcp_try_fastopen};
use crate::flow::Flow;
use crate::metrics::{tcp_peer_passes_paws, tw_recycle};
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::output::mss::{dst_metric_advmss, tcp_mss_clamp};
use crate::output::options::{TSTAMP_ALIGNED, tcp_time_stamp};
use crate::output::reset::tcp_v4_send_reset;
use crate::output::synack::{SynackType, tcp_v4_send_synack};
use crate::output::window::{InitialWindow, tcp_full_space, tcp_select_initial_window};
use crate::seq::Seq;
use crate::sock::control_block::TCP_MSS_DEFAULT;
use crate::sock::{RequestSock, RxOpt, Sock};
use crate::state::{Event, StateCell, advance};
use crate::timer::{reqsk_timeout, tcp_rto_max};
use crate::wire::Segment;

/// Processes a segment for a listener. `isn` is the number a SYN that reopens a connection from
/// TIME-WAIT has to use.
pub(super) fn listen_state_process(
    sk: &mut Sock,
    seg: &Segment,
    isn: Option<Seq>,
    cx: &mut Cx,
) -> Disposition {
    let answers = !seg.flags.rst() || cx.mutant(Mutant::RstAnswered);
    if seg.flags.ack() && answers && !cx.mutant(Mutant::ListenAckMute) {
        // [RFC9293:3.10.7.2#2] Nothing was sent that could be acknowledged.
        tcp_v4_send_reset(sk.md5.lookup(seg.ip.src), seg, cx);
        return Disposition::Reset(ResetReason::TcpFlags);
    }
    if seg.flags.rst() {
        return Disposition::Dropped(DropReason::TcpReset);
    }
    if !seg.flags.syn() || (seg.flags.fin() && !cx.mutant(Mutant::SynFinTaken)) {
        return Disposition::Dropped(DropReason::TcpFlags);
    }
    tcp_conn_request(sk, seg, isn, cx)
}

/// Answers a SYN, unless the queues are full.
///
/// Linux: tcp_conn_request
fn tcp_conn_request(sk: &mut Sock, seg: &Segment, isn: Option<Seq>, cx: &mut Cx) -> Disposition {
    // A SYN that reopens a connection from TIME-WAIT is not limited.
    let wants_place = isn.is_none();
    let always = cx.sysctl.tcp_syncookies == 2;
    let want_cookie = wants_place && (always || sk.listener.syn_queue_is_full());
    if want_cookie && !tcp_syn_flood_action(cx) {
        return listen_drop(DropReason::NotSpecified, cx);
    }
    if sk.listener.is_full() && !cx.mutant(Mutant::BacklogOverrun) {
        cx.mib.inc(Counter::TcpExtListenOverflows);
        return listen_drop(DropReason::TcpListenOverflow, cx);
    }
    if !sk.has_route(seg.ip.src, cx) {
        return listen_drop(DropReason::NotSpecified, cx);
    }
    if wants_place && !want_cookie && is_refused(sk, seg, cx) {
        return listen_drop(DropReason::NotSpecified, cx);
    }
    if want_cookie {
        answer_with_cookie(sk, seg, cx);
        return Disposition::Consumed;
    }
    let rx_opt = agreed(sk, seg, cx);
    let mut req = openreq(sk, seg, rx_opt, isn, cx);
    if sk.md5.lookup(seg.ip.src).is_some() {
        // No SACK block fits beside a signature and timestamps (tcp_synack_options). The window has
        // been chosen before that is known.
        req.rx_opt.tstamp_ok &= !req.rx_opt.sack_ok;
    }
    match tcp_try_fastopen(sk, seg, cx) {
        Answer::Child(cookie) => {
            req.fastopen_cookie = cookie;
            cx.later(Effect::FastopenChild(Box::new(req), Box::new(seg.clone())));
            return Disposition::Consumed;
        }
        Answer::Handshake(cookie) => req.fastopen_cookie = cookie,
    }
    tcp_v4_send_synack(&req, SynackType::Normal, cx);
    sk.listener.qlen += 1;
    sk.listener.young += 1;
    cx.later(Effect::AddRequest(Box::new(req)));
    Disposition::Consumed
}

/// Old timestamps of the host, or a stranger when places are scarce.
fn is_refused(sk: &Sock, seg: &Segment, cx: &mut Cx) -> bool {
    if tw_recycle(cx) {
        let flow = Flow::new(seg.dst(), seg.src());
        let passes = tcp_peer_passes_paws(flow, &agreed(sk, seg, cx), cx);
        if !passes {
            cx.mib.inc(Counter::TcpExtPAWSPassive);
        }
        return !passes;
    }
    cx.sysctl.tcp_syncookies == 0 && is_last_quarter(sk, cx) && !is_proven(seg, cx)
}

/// A connection with this peer once worked.
fn is_proven(seg: &Segment, cx: &mut Cx) -> bool {
    let flow = Flow::new(seg.dst(), seg.src());
    let Cx { metrics, rng, net, now, .. } = cx;
    metrics.tcp_peer_is_proven(flow, (rng, net, *now))
}

/// The last quarter of tcp_max_syn_backlog is for peers that have proven to be alive.
fn is_last_quarter(sk: &Sock, cx: &Cx) -> bool {
    let backlog = i64::from(cx.sysctl.tcp_max_syn_backlog);
    backlog - i64::from(sk.listener.qlen) < backlog >> 2
}

/// Answers without keeping anything.
///
/// RFC 4987 §3.6 · Linux: tcp_conn_request with want_cookie
fn answer_with_cookie(sk: &mut Sock, seg: &Segment, cx: &mut Cx) {
    let flow = Flow::new(seg.dst(), seg.src());
    let mut rx_opt = agreed(sk, seg, cx);
    if !rx_opt.tstamp_ok {
        // There is no timestamp to hide the other options in.
        let RxOpt { user_mss, mss_clamp, .. } = rx_opt;
        rx_opt = RxOpt { user_mss, mss_clamp, ..RxOpt::default() };
    }
    let mut mss = rx_opt.mss_clamp;
    let isn = cookie_init_sequence(sk, flow, seg.seq, &mut mss, cx);
    let mut req = openreq(sk, seg, rx_opt, Some(isn), cx);
    req.mss = mss;
    req.ecn_ok &= req.rx_opt.tstamp_ok;
    req.syncookie = true;
    req.snt_tsval_first = cookie_init_timestamp(&req, cx);
    tcp_v4_send_synack(&req, SynackType::Normal, cx);
}

fn listen_drop(reason: DropReason, cx: &mut Cx) -> Disposition {
    cx.mib.inc(Counter::TcpExtListenDrops);
    Disposition::Dropped(reason)
}

/// The half-open connection that `seg` asks for.
///
/// Linux: tcp_openreq_init, tcp_openreq_init_rwin
fn openreq(sk: &Sock, seg: &Segment, rx_opt: RxOpt, isn: Option<Seq>, cx: &mut Cx) -> RequestSock {
    let flow = Flow::new(seg.dst(), seg.src());
    let window = tcp_openreq_init_rwin(sk, &rx_opt, flow, cx);
    let isn = isn.unwrap_or_else(|| Seq(cx.rng.secure_tcp_seq(flow.local, flow.remote, cx.now)));
    let tsoffset = cx.secure_tcp_ts_off(flow);
    let mut state = StateCell::of_listener();
    advance(&mut state, flow, Event::RecvSyn, cx);
    let tsval = tcp_time_stamp(cx.now, tsoffset, cx);
    let mut req = RequestSock {
        mss: rx_opt.mss_clamp,
        rx_opt: RxOpt { rcv_wscale: window.rcv_wscale, ..rx_opt },
        rcv_wnd: window.rcv_wnd,
        window_clamp: window.window_clamp,
        snt_synack: Some(cx.now),
        timer: Some(cx.timer(reqsk_timeout(0, tcp_rto_max(sk), cx.hz)).due),
        tsoffset,
        snt_tsval_first: tsval,
        snt_tsval_last: tsval,
        saved_syn: tcp_reqsk_record_syn(sk, cx),
        ..RequestSock::new(sk, flow, state, seg.seq, isn)
    };
    tcp_ecn_create_request(&mut req, seg, cx);
    req
}

/// The link has no header of its own, so that both modes of TCP_SAVE_SYN keep the same.
///
/// Linux: tcp_reqsk_record_syn (net/ipv4/tcp_input.c)
fn tcp_reqsk_record_syn(sk: &Sock, cx: &Cx) -> Vec<u8> {
    if sk.opts.save_syn == 0 { Vec::new() } else { cx.syn_headers.clone() }
}

/// Options of the SYN, as far as this host wants them.
fn agreed(sk: &Sock, seg: &Segment, cx: &Cx) -> RxOpt {
    let ts = seg.options.ts.filter(|_| cx.sysctl.tcp_timestamps != 0);
    let wscale = seg.options.wscale.filter(|_| cx.sysctl.tcp_window_scaling != 0);
    let default = if seg.ip.src.is_ipv6() { 1220 } else { TCP_MSS_DEFAULT };
    let announced = seg.options.mss.map_or(default, u32::from);
    RxOpt {
        tstamp_ok: ts.is_some() || cx.mutant(Mutant::TimestampsUnasked),
        ts_recent: ts.map_or(0, |ts| ts.val),
        ts_recent_stamp: ts.map(|_| cx.now),
        sack_ok: seg.options.sack_permitted && cx.sysctl.tcp_sack != 0,
        wscale_ok: wscale.is_some() || cx.mutant(Mutant::ScaleUnasked),
        snd_wscale: wscale.unwrap_or(0),
        user_mss: sk.rx_opt.user_mss,
        mss_clamp: if seg.options.mss.is_some() {
            tcp_mss_clamp(sk.rx_opt.user_mss, announced)
        } else {
            announced
        },
        ..RxOpt::default()
    }
}

/// Linux: tcp_openreq_init_rwin (net/ipv4/tcp_minisocks.c)
fn tcp_openreq_init_rwin(sk: &Sock, rx_opt: &RxOpt, flow: Flow, cx: &Cx) -> InitialWindow {
    let full_space = tcp_full_space(sk);
    let mss = tcp_mss_clamp(sk.rx_opt.user_mss, dst_metric_advmss(flow.remote.ip(), cx));
    let mut clamp = sk.rcv.window_clamp;
    if clamp == 0 {
        clamp = cx.net.route.window;
    }
    if sk.opts.locks.rcvbuf && (clamp > full_space || clamp == 0) {
        clamp = full_space;
    }
    let mss = mss.saturating_sub(if rx_opt.tstamp_ok { TSTAMP_ALIGNED } else { 0 });
    tcp_select_initial_window(full_space, mss, clamp, rx_opt.wscale_ok, cx)
}
