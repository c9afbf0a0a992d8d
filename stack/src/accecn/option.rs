//! The option: byte counters, as many as there is room for.
//!
//! RFC 9768 §3.2.3 · Linux: tcp_options_fit_accecn, tcp_options_write (net/ipv4/tcp_output.c),
//! tcp_accecn_option_init, tcp_accecn_option_beacon_check (include/net/tcp_ecn.h)

use super::{FailMode, SawOpt};
use crate::cx::Cx;
use crate::sock::Sock;
use crate::wire::{AccEcn, OptionBuf};

/// Byte counters by codepoint before anything has arrived, as a SYN-ACK has them.
pub(crate) const SYNACK_ECN_BYTES: [u32; 3] = [0; 3];
/// TCP_ACCECN_NUMFIELDS
const NUMFIELDS: u8 = 3;
/// TCPOLEN_ACCECN_BASE, TCPOLEN_ACCECN_PERFIELD
const BASE: usize = 2;
const PERFIELD: usize = 3;
/// TCPOLEN_SACK_PERBLOCK
const SACK_PERBLOCK: usize = 8;
/// TCP_ACCECN_OPTION_FULL, TCP_ACCECN_OPTION_PERSIST
const OPTION_FULL: u8 = 2;
const OPTION_PERSIST: u8 = 3;
/// Counters are on the wire modulo 2^24.
const COUNTER: u32 = 0xff_ffff;

/// Bytes of padding before another option that this one can take the place of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Saving(pub(crate) usize);

/// How many counters fit into `room`, at least `required`, and beside how many SACK blocks, of
/// which two may be all that is left.
///
/// [RFC9768:3.2.3.3#1], [RFC9768:3.2.3.3#5] · Linux: tcp_options_fit_accecn
pub(crate) fn tcp_options_fit_accecn(
    required: u8,
    room: usize,
    sack_blocks: usize,
    saving: Saving,
) -> Option<(u8, usize)> {
    let droppable = if required > 0 { sack_blocks.saturating_sub(2) } else { 0 };
    (0..=droppable).find_map(|dropped| {
        let room = room + dropped * SACK_PERBLOCK;
        let fits = |fields: &u8| aligned(*fields, saving) <= room;
        let fields = (required..=NUMFIELDS).rev().find(fits)?;
        Some((fields, sack_blocks - dropped))
    })
}

/// Bytes an option with so many counters adds to the others.
fn aligned(fields: u8, saving: Saving) -> usize {
    let size = BASE + usize::from(fields) * PERFIELD;
    if size % 4 > saving.0 { size.next_multiple_of(4) } else { size - size % 4 }
}

/// Writes `fields` counters in the order of kind 174: ECT(1), CE, ECT(0). Three are padded to a
/// whole number of words; one leaves a byte over, none leaves two.
///
/// [RFC9768:3.2.3#1]
pub(crate) fn push_accecn(buf: &mut OptionBuf, fields: u8, [ect1, ect0, ce]: [u32; 3]) {
    // [RFC9768:3.2.1#1] Counters of ECT do not begin with 0, so that zeroing shows.
    let wire = [ect1.wrapping_add(1), ce, ect0.wrapping_add(1)];
    let mut counters = [None; 3];
    for (slot, value) in counters.iter_mut().zip(wire).take(fields.into()) {
        *slot = Some(value & COUNTER);
    }
    buf.push_accecn(AccEcn { first_e1b: true, counters });
    if fields == NUMFIELDS {
        buf.push_nop();
    }
}

/// Whether segments of an established connection carry the option now.
///
/// [RFC9768:3.2.3.3#2], [RFC9768:3.2.3.2.2#3] · Linux: the condition in tcp_established_options
pub(crate) fn wants_option(sk: &Sock, cx: &Cx) -> bool {
    let (acc, mode) = (&sk.ecn.acc, cx.sysctl.tcp_ecn_option);
    mode != 0
        && acc.saw_accecn_opt != SawOpt::NotSeen
        && (mode >= OPTION_PERSIST || !acc.fail_mode.has(FailMode::OPT_SEND))
        && (mode >= OPTION_FULL
            || acc.accecn_opt_demand != 0
            || tcp_accecn_option_beacon_check(sk, cx))
}

/// So many times in a round trip the option is sent even if nothing changed.
///
/// Linux: tcp_accecn_option_beacon_check
pub(crate) fn tcp_accecn_option_beacon_check(sk: &Sock, cx: &Cx) -> bool {
    let beacon = u64::from(cx.sysctl.tcp_ecn_option_beacon);
    let since_us = cx.now.micros_since(sk.ecn.acc.accecn_opt_tstamp);
    beacon != 0 && since_us * beacon >= u64::from(sk.rtt.srtt_us >> 3)
}

/// A segment left with the option, or without.
///
/// Linux: the assignments in tcp_options_write
pub(crate) fn option_sent(sk: &mut Sock, with: bool, cx: &Cx) {
    let dsack = sk.rx_opt.duplicate_sack.map(|(start, _)| start);
    let acc = &mut sk.ecn.acc;
    acc.accecn_opt_sent_w_dsack = dsack.filter(|_| with);
    if with {
        acc.accecn_minlen = 0;
        acc.accecn_opt_tstamp = cx.now;
        acc.accecn_opt_demand = acc.accecn_opt_demand.saturating_sub(1);
    }
}

/// What the first option of the peer says about the path: ECT counters never begin with 0.
///
/// [RFC9768:3.2.3.2.4#1] · Linux: tcp_accecn_option_init
pub(super) fn tcp_accecn_option_init(option: AccEcn) -> SawOpt {
    match option.counters {
        [None, _, _] => SawOpt::Empty,
        [Some(0), _, _] | [_, _, Some(0)] => SawOpt::Fail,
        [Some(_), _, _] => SawOpt::Counter,
    }
}

#[cfg(test)]
mod tests;
