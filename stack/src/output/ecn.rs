//! Explicit congestion notification, the sending half: what is marked, and what is told.
//!
//! RFC 3168 §6.1.2, §6.1.4 · Linux: tcp_ecn_send, tcp_ecn_send_syn, tcp_ecn_clear_syn
//! (net/ipv4/tcp_output.c)

use crate::cx::Cx;
use crate::sock::Sock;
use crate::sock::write_queue::Chunk;
use crate::wire::{Flags, Segment};

/// INET_ECN_MASK, INET_ECN_ECT_0
const ECN_MASK: u8 = 3;
const ECT_0: u8 = 2;

/// Flags of our SYN.
///
/// Linux: tcp_ecn_send_syn
pub(crate) fn tcp_ecn_send_syn(sk: &mut Sock, cx: &Cx) -> Flags {
    sk.ecn = crate::sock::EcnVars::default();
    if cx.sysctl.tcp_ecn != 1 {
        return Flags::NONE;
    }
    sk.ecn.ok = true;
    Flags::ECE | Flags::CWR
}

/// A SYN that got no answer may have been dropped for asking.
///
/// RFC 3168 §6.1.1.1 · Linux: tcp_ecn_clear_syn
pub(super) fn tcp_ecn_clear_syn(chunk: &mut Chunk, cx: &Cx) {
    if chunk.flags.has(Flags::SYN | Flags::ECE | Flags::CWR) && cx.sysctl.tcp_ecn_fallback != 0 {
        chunk.flags = chunk.flags.without(Flags::ECE | Flags::CWR);
    }
}

/// Marks new data as able to carry marks, and tells the peer what there is to tell.
///
/// Linux: tcp_ecn_send
pub(super) fn tcp_ecn_send(sk: &mut Sock, seg: &mut Segment, has_data: bool) {
    seg.ip.tos &= !ECN_MASK;
    if !sk.ecn.ok {
        return;
    }
    // Neither pure ACKs nor retransmissions are marked: nobody would react to their loss.
    if has_data && !seg.seq.before(sk.snd.nxt) {
        seg.ip.tos |= ECT_0;
        if std::mem::take(&mut sk.ecn.queue_cwr) {
            seg.flags |= Flags::CWR;
        }
    }
    if sk.ecn.demand_cwr {
        seg.flags |= Flags::ECE;
    }
}
