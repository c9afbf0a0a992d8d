//! Accurate ECN: how many packets, and how many bytes, arrived with which mark.
//!
//! RFC 9768 · Linux: include/net/tcp_ecn.h, tcp_accecn_process (net/ipv4/tcp_input.c),
//! tcp_options_fit_accecn (net/ipv4/tcp_output.c). Linux 6.18 has all of it and refuses the values of
//! net.ipv4.tcp_ecn that turn it on; 7.2 takes them, and is what this was compared with.
//!
//! The header's AE, CWR and ECE are one field of three bits here, ACE: a code in the handshake, a
//! counter after it.

mod ace;
mod delivered;
mod handshake;
mod option;
mod received;
mod vars;

pub(crate) use ace::{
    NOT_ECT, cookie_accecn_ok, tcp_accecn_ace, tcp_accecn_reflector_flags, tcp_accecn_syn_requested,
};
pub(crate) use delivered::{AccEcnAck, tcp_accecn_expected, tcp_accecn_process};
pub(crate) use handshake::{
    accecn_syn, request_segment, tcp_accecn_third_ack, tcp_ecn_openreq_child,
    tcp_ecn_rcv_synack_code, tcp_rcv_spurious_retrans, tcp_send_ack_reflect_ect,
};
pub(crate) use option::{
    SYNACK_ECN_BYTES, Saving, option_sent, push_accecn, tcp_accecn_option_beacon_check,
    tcp_options_fit_accecn, wants_option,
};
pub(crate) use received::{tcp_accecn_set_ace, tcp_ecn_received_counters};
pub(crate) use vars::{AccEcnVars, FailMode, SawOpt};
