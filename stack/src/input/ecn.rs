//! Explicit congestion notification, the receiving half: negotiation, marks and echoes.
//!
//! RFC 3168 §6.1 · Linux: tcp_ecn_* (include/net/tcp_ecn.h, net/ipv4/tcp_input.c). Accurate ECN
//! (RFC 9768) is not negotiated: a SYN that asks for it gets what RFC 3168 has.

use crate::cx::Cx;
use crate::output::ack::tcp_enter_quickack_mode;
use crate::sock::Sock;
use crate::wire::{Flags, Segment};

/// INET_ECN_NOT_ECT, INET_ECN_CE
const NOT_ECT: u8 = 0;
const CE: u8 = 3;

/// Whether the SYN of a peer asks for ECN, and this host agrees.
///
/// RFC 3168 §6.1.1 · Linux: tcp_ecn_create_request (net/ipv4/tcp_input.c)
pub(super) fn tcp_ecn_create_request(seg: &Segment, cx: &Cx) -> bool {
    // A marked SYN may not be trusted, unless it is of a later standard.
    let trusted = seg.ip.ecn() == NOT_ECT || seg.flags.ae();
    seg.flags.has(Flags::ECE | Flags::CWR) && trusted && cx.sysctl.tcp_ecn != 0
}

/// The answer to our SYN agrees with ECE alone.
///
/// Linux: tcp_ecn_rcv_synack
pub(super) fn tcp_ecn_rcv_synack(sk: &mut Sock, seg: &Segment) {
    sk.ecn.ok &= seg.flags.ece() && !seg.flags.cwr();
}

/// The SYN that crosses ours has to ask for it, too.
///
/// Linux: tcp_ecn_rcv_syn
pub(super) fn tcp_ecn_rcv_syn(sk: &mut Sock, seg: &Segment) {
    sk.ecn.ok &= seg.flags.has(Flags::ECE | Flags::CWR);
}

/// Data arrived, perhaps marked.
///
/// RFC 3168 §6.1.3 · Linux: tcp_data_ecn_check
pub(super) fn tcp_data_ecn_check(sk: &mut Sock, seg: &Segment, cx: &Cx) {
    if !sk.ecn.ok {
        return;
    }
    match seg.ip.ecn() {
        NOT_ECT => {
            // A sender that marks its packets leaves only retransmissions unmarked.
            if sk.ecn.seen {
                tcp_enter_quickack_mode(sk, 2, cx);
            }
        }
        CE => {
            if !sk.ecn.demand_cwr {
                tcp_enter_quickack_mode(sk, 2, cx);
                sk.ecn.demand_cwr = true;
            }
            sk.ecn.seen = true;
        }
        _ => sk.ecn.seen = true,
    }
}

/// The peer reduced its window: the echo ends.
///
/// Linux: tcp_ecn_accept_cwr
pub(super) fn tcp_ecn_accept_cwr(sk: &mut Sock, seg: &Segment) {
    if seg.flags.cwr() {
        sk.ecn.demand_cwr = false;
        // Its window may be tiny now, so that every ACK counts.
        if seg.seq != seg.end_seq() {
            sk.ack.now = true;
        }
    }
}

/// The ACK echoes a congestion mark.
///
/// Linux: tcp_ecn_rcv_ecn_echo
pub(super) fn tcp_ecn_rcv_ecn_echo(sk: &Sock, seg: &Segment) -> bool {
    seg.flags.ece() && !seg.flags.syn() && sk.ecn.ok
}
