//! Explicit congestion notification, the receiving half: negotiation, marks and echoes.
//!
//! RFC 3168 §6.1, RFC 9768 §3.1 · Linux: tcp_ecn_* (include/net/tcp_ecn.h, net/ipv4/tcp_input.c)

use crate::accecn::{NOT_ECT, tcp_accecn_ace, tcp_accecn_syn_requested, tcp_ecn_rcv_synack_code};
use crate::cx::Cx;
use crate::mutant::Mutant;
use crate::output::ack::tcp_enter_quickack_mode;
use crate::sock::{EcnMode, RequestSock, Sock};
use crate::wire::{Flags, Segment};

/// INET_ECN_CE
const CE: u8 = 3;
/// TCP_ECN_IN_ACCECN_OUT_ACCECN, the first value of tcp_ecn with which servers agree to accurate ECN.
const IN_ACCECN: u8 = 3;

/// What the SYN of a peer asks for, as far as this host agrees.
///
/// RFC 3168 §6.1.1, [RFC9768:3.1.1#2] · Linux: tcp_ecn_create_request (net/ipv4/tcp_input.c)
pub(super) fn tcp_ecn_create_request(req: &mut RequestSock, seg: &Segment, cx: &Cx) {
    let mode = cx.sysctl.tcp_ecn;
    if mode >= IN_ACCECN && tcp_accecn_syn_requested(seg.flags) {
        (req.ecn_ok, req.accecn_ok) = (true, true);
        req.syn_ect_rcv = seg.ip.ecn();
        return;
    }
    // A marked SYN may not be trusted, unless it is of a later standard.
    let trusted = seg.ip.ecn() == NOT_ECT || seg.flags.ae();
    req.ecn_ok = seg.flags.has(Flags::ECE | Flags::CWR) && trusted && mode != 0;
}

/// The answer to our SYN decides about the mode.
///
/// [RFC9768:3.1.2#1], [RFC9768:3.1.2#5] · Linux: tcp_ecn_rcv_synack
pub(super) fn tcp_ecn_rcv_synack(sk: &mut Sock, seg: &Segment, cx: &Cx) {
    if sk.ecn.mode == EcnMode::Disabled {
        return;
    }
    match tcp_accecn_ace(seg.flags) {
        // Nothing, or our own flags thrown back.
        0 | 0b111 => sk.ecn.mode = EcnMode::Disabled,
        0b001 => sk.ecn.mode = EcnMode::Rfc3168,
        ace => tcp_ecn_rcv_synack_code(sk, seg, ace, cx),
    }
}

/// The SYN that crosses ours has to ask for it, too.
///
/// [RFC9768:3.1.2#6] · Linux: tcp_ecn_rcv_syn
pub(super) fn tcp_ecn_rcv_syn(sk: &mut Sock, seg: &Segment) {
    if sk.ecn.mode == EcnMode::Pending {
        sk.ecn.mode = EcnMode::Rfc3168;
        if tcp_accecn_syn_requested(seg.flags) {
            sk.ecn.mode = EcnMode::AccEcn;
            sk.ecn.acc.syn_ect_rcv = seg.ip.ecn();
            sk.ecn.acc.prev_ecnfield = seg.ip.ecn();
        }
    }
    if sk.ecn.mode == EcnMode::Rfc3168 && !seg.flags.has(Flags::ECE | Flags::CWR) {
        sk.ecn.mode = EcnMode::Disabled;
    }
}

/// Data arrived, perhaps marked.
///
/// RFC 3168 §6.1.3 · Linux: tcp_data_ecn_check
pub(super) fn tcp_data_ecn_check(sk: &mut Sock, seg: &Segment, cx: &Cx) {
    if sk.ecn.mode == EcnMode::Disabled {
        return;
    }
    let ecn = seg.ip.ecn();
    if ecn == NOT_ECT {
        // A sender that marks its packets leaves only retransmissions unmarked.
        if sk.ecn.seen && !cx.mutant(Mutant::UnmarkedRetransmission) {
            tcp_enter_quickack_mode(sk, 2, cx);
        }
        return;
    }
    if sk.ecn.mode != EcnMode::Rfc3168 {
        return;
    }
    if ecn == CE && !sk.ecn.demand_cwr && !cx.mutant(Mutant::MarkNotEchoed) {
        tcp_enter_quickack_mode(sk, 2, cx);
        sk.ecn.demand_cwr = true;
    }
    sk.ecn.seen = true;
}

/// The peer reduced its window: the echo ends. A pure ACK may say so, too.
///
/// Linux: tcp_ecn_accept_cwr
pub(super) fn tcp_ecn_accept_cwr(sk: &mut Sock, seg: &Segment, cx: &Cx) {
    let is_meant = sk.ecn.mode == EcnMode::Rfc3168 || !cx.kernel.cwr_needs_ecn;
    if is_meant && seg.flags.cwr() && !cx.mutant(Mutant::CwrIgnored) {
        sk.ecn.demand_cwr = false;
        // Its window may be tiny now, so that every ACK counts.
        if seg.seq != seg.end_seq() && !cx.mutant(Mutant::CwrAckWaits) {
            sk.ack.now = true;
        }
    }
}

/// The ACK echoes a congestion mark.
///
/// Linux: tcp_ecn_rcv_ecn_echo
pub(super) fn tcp_ecn_rcv_ecn_echo(sk: &Sock, seg: &Segment) -> bool {
    seg.flags.ece() && !seg.flags.syn() && sk.ecn.mode == EcnMode::Rfc3168
}
