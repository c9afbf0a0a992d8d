//! Reading the peer's counters: how many of our packets were marked.
//!
//! RFC 9768 §3.2.2.5.2, §3.2.3.2.5, appendices A.1 and A.2 · Linux: tcp_accecn_process,
//! tcp_accecn_process_option (net/ipv4/tcp_input.c)

use super::ace::{CE, ECT_0, ECT_1, flags_of, tcp_accecn_ace};
use super::option::tcp_accecn_option_init;
use super::{AccEcnVars, FailMode, SawOpt};
use crate::congestion::CaState;
use crate::input::predict::tcp_fast_path_on;
use crate::sock::{EcnMode, Sock};
use crate::wire::{AccEcn, Flags, Segment};

/// TCP_ACCECN_CEP_INIT_OFFSET, TCP_ACCECN_CEP_ACE_MASK, TCP_ACCECN_ACE_MAX_DELTA
const CEP_INIT_OFFSET: u32 = 5;
const ACE_MASK: u32 = 7;
const ACE_MAX_DELTA: u8 = 6;
/// TCP_ACCECN_SAFETY_SHIFT
const SAFETY_SHIFT: u32 = 1;
/// PKTS_ACKED_WEIGHT, PKTS_ACKED_PREC, ACK_COMP_THRESH
const PKTS_ACKED_WEIGHT: u32 = 6;
const PKTS_ACKED_PREC: u32 = 6;
const ACK_COMP_THRESH: u32 = 4;
/// From here on a byte counter may have wrapped unseen.
const TOO_LATE_BYTES: u64 = (1 << 23) - 1;

/// What the ACK step found out before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AccEcnAck {
    pub(crate) delivered_pkts: u32,
    pub(crate) delivered_bytes: u32,
    /// It acknowledged something, or has a newer timestamp: it is not an old one overtaken.
    pub(crate) in_order: bool,
    pub(crate) syn_acked: bool,
    /// The header was not predicted (Linux: FLAG_SLOWPATH).
    pub(crate) slowpath: bool,
}

/// Marked packets since the last ACK.
///
/// Linux: tcp_accecn_process, __tcp_accecn_process
pub(crate) fn tcp_accecn_process(sk: &mut Sock, seg: &Segment, ack: AccEcnAck) -> u32 {
    let delta = count_ce(sk, seg, ack);
    if delta > 0 {
        sk.total.delivered_ce = sk.total.delivered_ce.wrapping_add(delta);
        if sk.rcv.pred_flags != 0 {
            // The count is part of the header that is expected.
            tcp_fast_path_on(sk);
        }
    }
    delta
}

/// The field of a header that says nothing new.
///
/// Linux: the part of __tcp_fast_path_on that is about accurate ECN (include/net/tcp.h)
pub(crate) fn tcp_accecn_expected(sk: &Sock) -> Flags {
    if sk.ecn.mode != EcnMode::AccEcn {
        return Flags::NONE;
    }
    flags_of(sk.total.delivered_ce.wrapping_add(CEP_INIT_OFFSET))
}

fn count_ce(sk: &mut Sock, seg: &Segment, ack: AccEcnAck) -> u32 {
    if !ack.in_order {
        return 0;
    }
    let old_ceb = ce_bytes(&sk.ecn.acc);
    let option_counts = process_option(sk, seg.options.accecn, ack.delivered_bytes);
    average(&mut sk.ecn.acc, ack.delivered_pkts);
    if !ack.slowpath && ack.delivered_pkts <= ACE_MASK {
        // A field that was predicted brings nothing new, unless it wrapped.
        return 0;
    }
    // [RFC9768:3.2.2#3] The field was a code in the handshake.
    if ack.syn_acked {
        return 0;
    }
    if sk.ecn.acc.received_ce_pending >= ACE_MAX_DELTA {
        // [RFC9768:3.2.2.5.1#3] Before our own field wraps.
        sk.ack.now = true;
    }
    let counter = u32::from(tcp_accecn_ace(seg.flags)).wrapping_sub(CEP_INIT_OFFSET);
    let delta = counter.wrapping_sub(sk.total.delivered_ce) & ACE_MASK;
    let pkts = ack.delivered_pkts;
    if pkts <= ACE_MASK {
        return delta;
    }
    // The field may have wrapped: this is the most that it can mean.
    let safe_delta = pkts - (pkts.wrapping_sub(delta) & ACE_MASK);
    if !option_counts {
        let many = u32::from(sk.ecn.acc.pkts_acked_ewma) > ACK_COMP_THRESH << PKTS_ACKED_PREC;
        return if many { delta } else { safe_delta };
    }
    let d_ceb = ce_bytes(&sk.ecn.acc).wrapping_sub(old_ceb);
    by_bytes(sk, (delta, safe_delta), d_ceb, ack)
}

/// [RFC9768:3.2.2.5.2#1] Which of two counts the bytes speak for.
fn by_bytes(sk: &Sock, (delta, safe_delta): (u32, u32), d_ceb: u32, ack: AccEcnAck) -> u32 {
    if d_ceb == 0 {
        return delta;
    }
    let quiet = matches!(sk.loss.ca_state, CaState::Open | CaState::Cwr);
    if ack.delivered_pkts >= (ACE_MASK + 1) * 2 && (sk.rx_opt.sack_ok || quiet) {
        if ack.delivered_bytes <= d_ceb {
            return safe_delta;
        }
        let marked = u64::from(d_ceb) * u64::from(ack.delivered_pkts);
        let estimate = marked.div_ceil(u64::from(ack.delivered_bytes));
        let estimate = u32::try_from(estimate).unwrap_or(u32::MAX) & !ACE_MASK;
        return safe_delta.min(delta.saturating_add(estimate));
    }
    let mss = sk.mss_cache;
    if d_ceb > delta.wrapping_mul(mss) {
        safe_delta
    } else if d_ceb < safe_delta.wrapping_mul(mss) >> SAFETY_SHIFT {
        delta
    } else {
        safe_delta
    }
}

fn ce_bytes(acc: &AccEcnVars) -> u32 {
    let [_, _, ce] = acc.delivered_ecn_bytes;
    ce
}

/// How many segments ACKs of this connection cover, on average.
fn average(acc: &mut AccEcnVars, delivered_pkts: u32) {
    if delivered_pkts == 0 {
        return;
    }
    let new = delivered_pkts << PKTS_ACKED_PREC;
    let old = u32::from(acc.pkts_acked_ewma);
    let ewma =
        if old == 0 { new } else { ((old << PKTS_ACKED_WEIGHT) - old + new) >> PKTS_ACKED_WEIGHT };
    acc.pkts_acked_ewma = u16::try_from(ewma).unwrap_or(u16::MAX);
}

/// Takes the byte counters over; true if they say how many bytes of this ACK were marked.
///
/// [RFC9768:3.2.3.2.3#1] · Linux: tcp_accecn_process_option
fn process_option(sk: &mut Sock, option: Option<AccEcn>, delivered_bytes: u32) -> bool {
    let acc = &mut sk.ecn.acc;
    if acc.fail_mode.has(FailMode::OPT_RECV) {
        return false;
    }
    let estimate = acc.est_ecnfield;
    let Some(option) = option else {
        if acc.saw_accecn_opt == SawOpt::NotSeen {
            if sk.total.bytes_sent >= TOO_LATE_BYTES {
                acc.saw_opt_fail_recv(SawOpt::Fail);
            }
            return false;
        }
        // No news: it goes on as it went.
        let counter = AccEcnVars::bytes_of(&mut acc.delivered_ecn_bytes, estimate);
        return counter.is_some_and(|bytes| {
            *bytes = bytes.wrapping_add(delivered_bytes);
            true
        });
    };
    if acc.saw_accecn_opt < SawOpt::Counter {
        acc.saw_opt_fail_recv(tcp_accecn_option_init(option));
    }
    read_counters(acc, option, estimate)
}

/// [RFC9768:3.2.3.1#1] One codepoint alone may be taken for that of the next segments, too.
fn read_counters(acc: &mut AccEcnVars, option: AccEcn, estimate: u8) -> bool {
    let order = if option.first_e1b { [ECT_1, CE, ECT_0] } else { [ECT_0, CE, ECT_1] };
    let (mut valid, mut ambiguous, mut changed) = (estimate != 0, false, false);
    for (ecnfield, value) in order.into_iter().zip(option.counters.into_iter().map_while(|c| c)) {
        let offset = u32::from(ecnfield != CE);
        let bytes = AccEcnVars::bytes_of(&mut acc.delivered_ecn_bytes, ecnfield);
        let delta = bytes.map_or(0, |bytes| update_bytes(bytes, value, offset));
        if delta < 0 {
            (valid, ambiguous) = (false, true);
        }
        if delta != 0 && ecnfield != estimate {
            if changed {
                (valid, ambiguous) = (false, true);
            } else {
                acc.est_ecnfield = ecnfield;
                changed = true;
            }
        }
    }
    if ambiguous {
        acc.est_ecnfield = 0;
    }
    valid
}

/// Brings a counter up to the 24 bits on the wire; by how much, negative if backwards.
///
/// Linux: tcp_update_ecn_bytes
fn update_bytes(bytes: &mut u32, wire: u32, offset: u32) -> i32 {
    let behind = wire.wrapping_sub(offset).wrapping_sub(*bytes);
    let delta = (behind << 8).cast_signed() >> 8;
    *bytes = bytes.wrapping_add_signed(delta);
    delta
}
