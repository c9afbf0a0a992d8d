//! The three bits of the header, and what they stand for in a handshake.
//!
//! RFC 9768 §3.1.1, Table 2 · Linux: tcp_accecn_ace, tcp_accecn_reflector_flags,
//! tcp_accecn_extract_syn_ect (include/net/tcp_ecn.h)

use crate::wire::Flags;

/// INET_ECN_NOT_ECT, INET_ECN_ECT_1, INET_ECN_ECT_0, INET_ECN_CE
pub(crate) const NOT_ECT: u8 = 0;
pub(super) const ECT_1: u8 = 1;
pub(super) const ECT_0: u8 = 2;
pub(super) const CE: u8 = 3;

/// By codepoint of what arrived: the code that says so. [RFC9768:3.1.3#4] None is 101.
const ECN_TO_ACE: [u8; 4] = [0b010, 0b011, 0b100, 0b110];
/// By code: the codepoint of what arrived at the other end. Codes that do not exist stand for what
/// a mangled SYN most likely was.
const ACE_TO_ECN: [u8; 8] = [ECT_0, ECT_1, NOT_ECT, ECT_1, ECT_0, ECT_1, CE, ECT_1];

/// The field of a header.
pub(crate) fn tcp_accecn_ace(flags: Flags) -> u8 {
    u8::from(flags.ae()) << 2 | u8::from(flags.cwr()) << 1 | u8::from(flags.ece())
}

/// The flags that make up the low three bits of `ace`.
pub(super) fn flags_of(ace: u32) -> Flags {
    let mut flags = Flags::NONE;
    for (bit, flag) in [(4, Flags::AE), (2, Flags::CWR), (1, Flags::ECE)] {
        if ace & bit != 0 {
            flags |= flag;
        }
    }
    flags
}

/// Flags that tell the peer with which codepoint its SYN, or SYN-ACK, arrived.
///
/// Linux: tcp_accecn_reflector_flags, tcp_accecn_echo_syn_ect
pub(crate) fn tcp_accecn_reflector_flags(ect: u8) -> Flags {
    flags_of(ECN_TO_ACE.get(usize::from(ect & 3)).copied().unwrap_or(0).into())
}

/// The codepoint with which our SYN, or SYN-ACK, arrived.
///
/// Linux: tcp_accecn_extract_syn_ect
pub(super) fn tcp_accecn_extract_syn_ect(ace: u8) -> u8 {
    ACE_TO_ECN.get(usize::from(ace & 7)).copied().unwrap_or(NOT_ECT)
}

/// [RFC9768:3.1.3#1] Anything but none and RFC 3168's asks for accurate feedback.
///
/// Linux: tcp_accecn_syn_requested
pub(crate) fn tcp_accecn_syn_requested(flags: Flags) -> bool {
    !matches!(tcp_accecn_ace(flags), 0 | 0b011)
}

/// RFC 9768 §5.1: the ACK of a SYN-ACK that nobody remembers says whether it agreed.
///
/// Linux: cookie_accecn_ok
pub(crate) fn cookie_accecn_ok(flags: Flags) -> bool {
    tcp_accecn_ace(flags) > 1
}

/// A codepoint on its way may become CE if it was ECT, and nothing else.
///
/// Linux: tcp_ect_transition_valid
pub(super) const fn tcp_ect_transition_valid(snt: u8, rcv: u8) -> bool {
    rcv == snt || !(snt == NOT_ECT || rcv == NOT_ECT || snt == CE)
}

#[cfg(test)]
mod tests {
    use super::{
        flags_of, tcp_accecn_ace, tcp_accecn_extract_syn_ect, tcp_accecn_reflector_flags,
        tcp_ect_transition_valid,
    };

    #[test]
    fn a_code_is_read_as_it_was_meant() {
        for ect in 0..4 {
            let ace = tcp_accecn_ace(tcp_accecn_reflector_flags(ect));
            assert_eq!(tcp_accecn_extract_syn_ect(ace), ect);
            assert_ne!(ace, 0b101, "reserved");
        }
        for ace in 0..8 {
            assert_eq!(u32::from(tcp_accecn_ace(flags_of(ace))), ace);
        }
    }

    #[test]
    fn only_ect_becomes_ce() {
        let valid = (0..16).filter(|pair| tcp_ect_transition_valid(pair >> 2, pair & 3));
        let valid: Vec<_> = valid.map(|pair| (pair >> 2, pair & 3)).collect();
        assert_eq!(valid, [(0, 0), (1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3), (3, 3)]);
    }
}
