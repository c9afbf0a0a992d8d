//! What the handshake tells: which mode, and whether the path leaves the marks alone.
//!
//! RFC 9768 §3.1, §3.2.2 · Linux: tcp_accecn_third_ack, tcp_ecn_rcv_synack_accecn
//! (include/net/tcp_ecn.h), tcp_ecn_openreq_child (net/ipv4/tcp_minisocks.c)

use super::ace::{CE, tcp_accecn_ace, tcp_accecn_extract_syn_ect, tcp_ect_transition_valid};
use super::option::tcp_accecn_option_init;
use super::{AccEcnVars, FailMode, SawOpt, tcp_accecn_reflector_flags, tcp_ecn_received_counters};
use crate::cx::Cx;
use crate::output::ack::__tcp_send_ack;
use crate::sock::{EcnMode, RequestSock, Sock};
use crate::wire::{Flags, Segment};

/// Whether the codepoint the peer reports can be what ours became on the way; otherwise the path
/// mangles it.
///
/// [RFC9768:3.2.2.3#1] · Linux: tcp_accecn_validate_syn_feedback
fn validate_syn(sk: &mut Sock, ace: u8, cx: &Cx) -> bool {
    let sent = sk.ecn.acc.syn_ect_snt;
    if cx.sysctl.tcp_ecn_fallback == 0
        || tcp_ect_transition_valid(sent, tcp_accecn_extract_syn_ect(ace))
    {
        return true;
    }
    sk.ecn.acc.fail_mode.set(FailMode::ACE_RECV);
    false
}

/// The first ACK of a client: a code, not yet a count.
///
/// [RFC9768:3.2.2.1#4], [RFC9768:3.2.2.1#5] · Linux: tcp_accecn_third_ack
pub(crate) fn tcp_accecn_third_ack(sk: &mut Sock, seg: &Segment, cx: &Cx) {
    let ace = tcp_accecn_ace(seg.flags);
    let has_sack = !seg.options.sack.is_empty();
    match ace {
        0 if !has_sack => {
            sk.ecn.acc.fail_mode.set(FailMode::ACE_RECV);
            sk.ecn.acc.fail_mode.set(FailMode::OPT_RECV);
        }
        0 | 1 | 5 | 7 => {}
        _ => {
            let is_pure = seg.seq == seg.end_seq() && !has_sack;
            let marked = tcp_accecn_extract_syn_ect(ace) == CE;
            if is_pure && validate_syn(sk, ace, cx) && marked && sk.total.delivered_ce == 0 {
                sk.total.delivered_ce = 1;
            }
        }
    }
}

/// The SYN-ACK agreed. Its codepoint is told in the ACK, its option looked at.
///
/// [RFC9768:3.1.1#5] · Linux: tcp_ecn_rcv_synack_accecn
fn tcp_ecn_rcv_synack_accecn(sk: &mut Sock, seg: &Segment) {
    sk.ecn.mode = EcnMode::AccEcn;
    let acc = &mut sk.ecn.acc;
    acc.syn_ect_rcv = seg.ip.ecn();
    if let Some(option) = seg.options.accecn
        && acc.saw_accecn_opt < SawOpt::Counter
    {
        acc.saw_opt_fail_recv(tcp_accecn_option_init(option));
        acc.accecn_opt_demand = 2;
    }
}

/// [RFC9768:3.2.2.2#3] A marked SYN-ACK counts, once.
fn count_marked_synack(sk: &mut Sock) {
    sk.ecn.acc.received_ce = sk.ecn.acc.received_ce.wrapping_add(1);
    sk.ecn.acc.received_ce_pending += 1;
}

/// A SYN-ACK with a code of Table 2, or with the reserved 101, which cannot be checked.
///
/// Linux: the cases of tcp_ecn_rcv_synack that lead to accurate ECN
pub(crate) fn tcp_ecn_rcv_synack_code(sk: &mut Sock, seg: &Segment, ace: u8, cx: &Cx) {
    let reserved = ace == 0b101;
    if reserved && sk.ecn.mode != EcnMode::Pending {
        return;
    }
    tcp_ecn_rcv_synack_accecn(sk, seg);
    if seg.ip.ecn() == CE && (reserved || validate_syn(sk, ace, cx)) {
        count_marked_synack(sk);
    }
}

/// A SYN, or SYN-ACK, of a connection that exists: the ACK tells how it arrived.
///
/// [RFC9768:3.2.2.1#3] · Linux: step 4 of tcp_validate_incoming (net/ipv4/tcp_input.c)
pub(crate) fn accecn_syn(acc: &mut AccEcnVars, seg: &Segment) {
    acc.syn_ect_rcv = seg.ip.ecn();
    if let Some(option) = seg.options.accecn
        && acc.saw_accecn_opt < SawOpt::Counter
    {
        acc.saw_opt_fail_recv(tcp_accecn_option_init(option));
        acc.opt_demand_min(1);
    }
}

/// A segment of a half-open connection: a SYN again, or the ACK that may complete it.
///
/// Linux: the parts of tcp_check_req that are about accurate ECN (net/ipv4/tcp_minisocks.c)
pub(crate) fn request_segment(req: &mut RequestSock, seg: &Segment, is_syn: bool) {
    if !req.accecn_ok {
        return;
    }
    if is_syn {
        // [RFC9768:3.1.5#7] The answer is about the latest.
        req.syn_ect_rcv = seg.ip.ecn();
        if tcp_accecn_ace(seg.flags) == 0 {
            req.accecn_fail_mode.set(FailMode::ACE_RECV);
        }
    } else if let Some(option) = seg.options.accecn
        && req.saw_accecn_opt < SawOpt::Counter
    {
        req.saw_accecn_opt = tcp_accecn_option_init(option);
        if req.saw_accecn_opt == SawOpt::Fail {
            req.accecn_fail_mode.set(FailMode::OPT_RECV);
        }
    }
}

/// The child goes on in the mode its request agreed to; `seg` made it.
///
/// Linux: tcp_ecn_openreq_child (net/ipv4/tcp_minisocks.c)
pub(crate) fn tcp_ecn_openreq_child(sk: &mut Sock, req: &RequestSock, seg: &Segment, cx: &Cx) {
    if !req.accecn_ok {
        sk.ecn.mode = if req.ecn_ok { EcnMode::Rfc3168 } else { EcnMode::Disabled };
        return;
    }
    sk.ecn.mode = EcnMode::AccEcn;
    sk.ecn.acc.syn_ect_snt = req.tos & 3;
    tcp_accecn_third_ack(sk, seg, cx);
    let acc = &mut sk.ecn.acc;
    acc.saw_accecn_opt = req.saw_accecn_opt;
    for mode in [FailMode::ACE_SEND, FailMode::ACE_RECV] {
        if req.accecn_fail_mode.has(mode) {
            acc.fail_mode.set(mode);
        }
    }
    acc.prev_ecnfield = req.syn_ect_rcv;
    acc.accecn_opt_demand = 1;
    tcp_ecn_received_counters(sk, seg);
}

/// An ACK whose flags tell about the SYN, or SYN-ACK, if it was one of accurate ECN.
///
/// [RFC9768:3.2.2.1#1] · Linux: tcp_send_ack_reflect_ect (net/ipv4/tcp_input.c)
pub(crate) fn tcp_send_ack_reflect_ect(sk: &mut Sock, reflect: bool, cx: &mut Cx) {
    let flags =
        if reflect { tcp_accecn_reflector_flags(sk.ecn.acc.syn_ect_rcv) } else { Flags::NONE };
    __tcp_send_ack(sk, flags, cx);
}

/// Text came again whose ACK had the option: ACKs with it do not get through.
///
/// [RFC9768:3.2.3.2.2#3] · Linux: the end of tcp_rcv_spurious_retrans (net/ipv4/tcp_input.c)
pub(crate) fn tcp_rcv_spurious_retrans(sk: &mut Sock, seg: &Segment) {
    let acc = &mut sk.ecn.acc;
    if sk.ecn.mode == EcnMode::AccEcn && acc.accecn_opt_sent_w_dsack == Some(seg.seq) {
        acc.fail_mode.set(FailMode::OPT_SEND);
    }
}
