//! What arrives: RFC 9293 §3.10.7 SEGMENT ARRIVES, one step a file, and ICMP.
//!
//! Linux: net/ipv4/tcp_input.c, tcp_ipv4.c, tcp_minisocks.c. Header prediction
//! (the first half of tcp_rcv_established) is a path of its own, in `predict`.

pub(crate) mod ack;
mod clean_rtx;
mod closed;
mod cong_control;
pub(crate) mod data;
mod disposition;
mod ecn;
mod fin;
mod icmp;
mod listen;
pub(crate) mod predict;
mod prune;
pub(crate) mod rate;
mod rcv_window;
mod request;
pub(crate) mod reset;
pub(crate) mod rtt;
mod sack;
mod sack_shift;
mod skb;
mod state_process;
mod syn_sent;
mod syncookies;
mod tcp_v4_rcv;
mod time_wait;
mod urgent;
mod validate;

pub(crate) use data::tcp_fastopen_add_skb;
pub(crate) use data::tcp_send_rcvq;
pub use disposition::{Disposition, DropReason, ResetReason};
pub(crate) use disposition::{Step, drop_for};
pub(crate) use icmp::{
    ends_request, ip_dont_fragment, tcp_non_congestion_loss_retransmit, tcp_simple_retransmit,
    tcp_v4_err,
};
pub(crate) use rcv_window::{tcp_init_buffer_space, tcp_rcv_space_adjust, tcp_sndbuf_expand};
pub(crate) use request::{Holder, Verdict, tcp_check_req, tcp_v4_syn_recv_sock};
pub(crate) use sack::{sack_reordering, tcp_highest_sack_seq};
pub(crate) use skb::skb_truesize;
pub(crate) use state_process::{tcp_init_transfer, tcp_segs_in};
pub(crate) use syn_sent::tcp_finish_connect;
pub(crate) use tcp_v4_rcv::tcp_v4_rcv;
