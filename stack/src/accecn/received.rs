//! Counting what arrives, and telling it in the header.
//!
//! RFC 9768 §3.2 · Linux: tcp_ecn_received_counters, tcp_accecn_set_ace (include/net/tcp_ecn.h)

use super::AccEcnVars;
use super::ace::{CE, ECT_0, ECT_1, NOT_ECT, flags_of};
use crate::sock::{EcnMode, Sock};
use crate::wire::{Flags, Segment};

/// TCP_ACCECN_CEP_INIT_OFFSET
const CEP_INIT_OFFSET: u32 = 5;
/// Most that received_ce_pending counts.
const PENDING_MAX: u32 = 15;
/// [RFC9768:3.2.3.3#7] Bits of a byte counter that must not change untold.
const TOLD_BITS: u32 = !0 << 22;

/// Counters an option must have to tell of this codepoint (order 1: ECT(1), CE, ECT(0)).
///
/// Linux: tcp_ecnfield_to_accecn_optfield
const fn optfield(ecnfield: u8) -> u8 {
    match ecnfield {
        ECT_1 => 1,
        CE => 2,
        ECT_0 => 3,
        _ => 0,
    }
}

/// A segment in the window arrived. Packets are counted whether they have text or not.
///
/// [RFC9768:3.2#1], [RFC9768:3.2#2] · Linux: tcp_ecn_received_counters
pub(crate) fn tcp_ecn_received_counters(sk: &mut Sock, seg: &Segment) {
    let ecnfield = seg.ip.ecn();
    let is_ce = ecnfield == CE;
    let len = u32::try_from(seg.payload.len()).unwrap_or(u32::MAX);
    if ecnfield != NOT_ECT {
        sk.ecn.seen |= sk.ecn.mode != EcnMode::Rfc3168;
        count(&mut sk.ecn.acc, ecnfield, u32::from(is_ce), len);
    }
    let acc = &mut sk.ecn.acc;
    let is_edge = std::mem::replace(&mut acc.prev_ecnfield, ecnfield) != ecnfield;
    if (is_edge || is_ce) && sk.ecn.mode == EcnMode::AccEcn {
        // [RFC9768:3.2.2.5.1#1] Two ACKs tell a change without doubt.
        acc.accecn_opt_demand = 2;
        sk.ack.now |= is_edge;
    }
}

fn count(acc: &mut AccEcnVars, ecnfield: u8, marked: u32, len: u32) {
    acc.received_ce = acc.received_ce.wrapping_add(marked);
    let pending = (u32::from(acc.received_ce_pending) + marked).min(PENDING_MAX);
    acc.received_ce_pending = u8::try_from(pending).unwrap_or(u8::MAX);
    if len == 0 {
        return;
    }
    acc.accecn_minlen = acc.accecn_minlen.max(optfield(ecnfield));
    let Some(bytes) = AccEcnVars::bytes_of(&mut acc.received_ecn_bytes, ecnfield) else { return };
    let before = *bytes;
    *bytes = before.wrapping_add(len);
    if (*bytes ^ before) & TOLD_BITS != 0 {
        acc.opt_demand_min(1);
    }
}

/// Flags that carry the low bits of the count of marked packets.
///
/// [RFC9768:3.2.2#2] · Linux: tcp_accecn_set_ace
pub(crate) fn tcp_accecn_set_ace(acc: &mut AccEcnVars) -> Flags {
    acc.received_ce_pending = 0;
    flags_of(acc.received_ce.wrapping_add(CEP_INIT_OFFSET))
}
