//! Explicit congestion notification, the sending half: what is marked, and what is told.
//!
//! RFC 3168 §6.1.2, §6.1.4, RFC 9768 §3.1 · Linux: tcp_ecn_send (net/ipv4/tcp_output.c),
//! tcp_ecn_send_syn, tcp_ecn_send_synack, tcp_ecn_clear_syn, tcp_ecn_make_synack
//! (include/net/tcp_ecn.h)

use crate::accecn::{FailMode, tcp_accecn_ace, tcp_accecn_reflector_flags, tcp_accecn_set_ace};
use crate::cx::Cx;
use crate::mutant::Mutant;
use crate::sock::{EcnMode, EcnVars, RequestSock, Sock};
use crate::wire::{Flags, Segment};

/// INET_ECN_MASK, INET_ECN_ECT_0
const ECN_MASK: u8 = 3;
const ECT_0: u8 = 2;
/// The three flags of the ACE field.
const ACE: Flags = Flags(Flags::AE.0 | Flags::CWR.0 | Flags::ECE.0);
/// Values of tcp_ecn with which clients ask (enum tcp_ecn_mode).
const OUT_ECN: [u8; 2] = [1, 4];
const OUT_ACCECN: u8 = 3;

/// Flags of our SYN.
///
/// [RFC9768:3.1.1#1], [RFC9768:3.1.3#2] · Linux: tcp_ecn_send_syn
pub(crate) fn tcp_ecn_send_syn(sk: &mut Sock, cx: &Cx) -> Flags {
    sk.ecn = EcnVars::default();
    let mode = cx.sysctl.tcp_ecn;
    if mode == OUT_ACCECN {
        sk.ecn.mode = EcnMode::Pending;
        sk.ecn.acc.syn_ect_snt = sk.tos() & ECN_MASK;
        return ACE;
    }
    if !OUT_ECN.contains(&mode) {
        return Flags::NONE;
    }
    sk.ecn.mode = EcnMode::Rfc3168;
    Flags::ECE | Flags::CWR
}

/// Flags of a SYN-ACK that crosses the peer's.
///
/// Linux: tcp_ecn_send_synack
pub(crate) fn tcp_ecn_send_synack(sk: &mut Sock, flags: Flags) -> Flags {
    let plain = flags.without(ACE);
    match sk.ecn.mode {
        EcnMode::AccEcn => {
            sk.ecn.acc.syn_ect_snt = sk.tos() & ECN_MASK;
            plain | tcp_accecn_reflector_flags(sk.ecn.acc.syn_ect_rcv)
        }
        EcnMode::Rfc3168 => plain | Flags::ECE,
        EcnMode::Disabled | EcnMode::Pending => plain,
    }
}

/// Flags of a SYN that got no answer: it may have been dropped for asking. One more is allowed to
/// ask for accurate feedback.
///
/// RFC 3168 §6.1.1.1, [RFC9768:3.1.4.1#1], [RFC9768:3.1.4.1#2], [RFC9768:3.1.5#3] · Linux: tcp_ecn_clear_syn and its
/// condition in __tcp_retransmit_skb
pub(super) fn tcp_ecn_clear_syn(sk: &Sock, flags: Flags, cx: &Cx) -> Flags {
    let may = sk.ecn.mode != EcnMode::Pending || sk.loss.retransmits > 1;
    let asks = flags.has(Flags::SYN | Flags::ECE | Flags::CWR);
    if may && asks && cx.sysctl.tcp_ecn_fallback != 0 { flags.without(ACE) } else { flags }
}

/// Flags of the SYN-ACK of a half-open connection. One that is sent again after the second timeout
/// asks for nothing.
///
/// [RFC9768:3.1.1#3], [RFC9768:3.1.5#4], [RFC9768:3.1.5#10], [RFC9768:3.2.3.2.2#1] · Linux: tcp_ecn_make_synack
pub(super) fn tcp_ecn_make_synack(req: &RequestSock, is_retrans: bool) -> Flags {
    if is_retrans && req.num_timeout > 0 {
        return Flags::NONE;
    }
    if req.accecn_ok {
        tcp_accecn_reflector_flags(req.syn_ect_rcv)
    } else if req.ecn_ok {
        Flags::ECE
    } else {
        Flags::NONE
    }
}

/// Marks what can carry marks, and tells the peer what there is to tell.
///
/// Linux: tcp_ecn_send
pub(super) fn tcp_ecn_send(sk: &mut Sock, seg: &mut Segment, has_data: bool, cx: &Cx) {
    seg.ip.tos &= !ECN_MASK;
    match sk.ecn.mode {
        EcnMode::Disabled => return,
        EcnMode::AccEcn => tcp_accecn_send(sk, seg),
        EcnMode::Rfc3168 | EcnMode::Pending => {
            // Neither pure ACKs nor retransmissions are marked: nobody would react to their loss.
            if has_data && !seg.seq.before(sk.snd.nxt) {
                seg.ip.tos |= ECT_0;
                if std::mem::take(&mut sk.ecn.queue_cwr) && !cx.mutant(Mutant::CwrNotTold) {
                    seg.flags |= Flags::CWR;
                }
            }
            if sk.ecn.demand_cwr && !cx.mutant(Mutant::EceNotSent) {
                seg.flags |= Flags::ECE;
            }
        }
    }
    sk.ecn.ect = seg.ip.ecn();
}

/// With accurate feedback every packet is marked, unless the path mangles marks.
///
/// [RFC9768:3.1.5#13], [RFC9768:3.2.2.4#2] · Linux: the first branch of tcp_ecn_send
fn tcp_accecn_send(sk: &mut Sock, seg: &mut Segment) {
    let fail = sk.ecn.acc.fail_mode;
    if !fail.has(FailMode::ACE_RECV) && !fail.has(FailMode::ACE_SEND) {
        seg.ip.tos |= ECT_0;
    }
    // A code of the handshake stays as it is.
    if tcp_accecn_ace(seg.flags) == 0 {
        seg.flags |= tcp_accecn_set_ace(&mut sk.ecn.acc);
    }
}
