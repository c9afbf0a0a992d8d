//! The SYN-ACK of a half-open connection.
//!
//! RFC 9293 §3.10.7.2 · Linux: tcp_make_synack (net/ipv4/tcp_output.c), tcp_v4_send_synack,
//! tcp_rtx_synack

use super::ecn::tcp_ecn_make_synack;
use super::mss::{dst_metric_advmss, tcp_mss_clamp};
use super::options::{tcp_synack_options, tcp_time_stamp};
use super::transmit::send_signed;
use crate::accecn::FailMode;
use crate::cx::Cx;
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::qdisc::Xmit;
use crate::sock::RequestSock;
use crate::wire::{Flags, Segment};

/// Whether a SYN-ACK goes out again (Linux: enum tcp_synack_type).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SynackType {
    /// TCP_SYNACK_NORMAL, TCP_SYNACK_FASTOPEN, TCP_SYNACK_COOKIE
    Normal,
    /// TCP_SYNACK_RETRANS
    Retrans,
}

/// Sends the SYN-ACK.
pub(crate) fn tcp_v4_send_synack(req: &RequestSock, synack_type: SynackType, cx: &mut Cx) -> Xmit {
    let remote = req.flow.remote.ip();
    if req.dontroute && !cx.net.is_reached_without_gateway(remote, req.bound_dev_if) {
        return Xmit::Unroutable;
    }
    let is_retrans = synack_type == SynackType::Retrans;
    let mut seg = Segment::new(req.flow.local, req.flow.remote, Flags::SYN | Flags::ACK);
    seg.ip.tos = req.tos;
    seg.ip.ttl = req.ttl.unwrap_or_else(|| cx.default_ttl(req.flow.is_v6()));
    seg.flags |= tcp_ecn_make_synack(req, is_retrans);
    seg.seq = req.snt_isn;
    seg.ack = req.rcv_nxt;
    // [RFC7323:2.2#2] The window of a SYN-ACK is never scaled.
    seg.wnd = u16::try_from(req.rcv_wnd).unwrap_or(u16::MAX);
    if cx.mutant(Mutant::SynackWindowScaled) {
        seg.wnd >>= req.rx_opt.rcv_wscale;
    }
    let mss = tcp_mss_clamp(req.rx_opt.user_mss, dst_metric_advmss(req.flow.remote.ip(), cx));
    seg.option_bytes = tcp_synack_options(req, mss, is_retrans, cx);
    send_signed(seg, req.md5_key.as_ref(), req.bound_dev_if, cx)
}

/// Sends the SYN-ACK again; false if it did not leave this host, and then counts as not sent.
///
/// Linux: tcp_rtx_synack (net/ipv4/tcp_output.c), inet_rtx_syn_ack (net/ipv4/inet_connection_sock.c)
pub(crate) fn tcp_rtx_synack(req: &mut RequestSock, cx: &mut Cx) -> bool {
    req.fastopen_cookie = None;
    let xmit = tcp_v4_send_synack(req, SynackType::Retrans, cx);
    req.snt_tsval_last = tcp_time_stamp(cx.now, req.tsoffset, cx);
    if xmit.failed() {
        return false;
    }
    cx.mib.inc(Counter::TcpRetransSegs);
    cx.mib.inc(Counter::TcpExtTCPSynRetrans);
    req.num_retrans += 1;
    if req.num_retrans > 1 && req.accecn_ok {
        // [RFC9768:3.2.3.2.2#1] Perhaps the flags are what does not get through.
        req.accecn_fail_mode.set(FailMode::ACE_SEND);
    }
    true
}
