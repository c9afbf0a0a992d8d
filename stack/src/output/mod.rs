//! Everything that leaves: what is sent, when, how large, and with which header.
//!
//! Linux: net/ipv4/tcp_output.c. Every byte passes [`transmit::tcp_transmit_skb`] or, for answers
//! that have no socket, [`transmit::send_signed`].

pub(crate) mod ack;
pub(crate) mod clock;
mod collapse;
pub(crate) mod cwnd_validate;
pub(crate) mod ecn;
pub(crate) mod fin;
pub(crate) mod may_send;
pub(crate) mod mss;
pub(crate) mod mtu_probe;
pub(crate) mod options;
pub(crate) mod pacing;
pub(crate) mod probe;
pub(crate) mod reset;
pub(crate) mod retransmit;
pub(crate) mod small_queue;
pub(crate) mod synack;
pub(crate) mod transmit;
pub(crate) mod tso;
pub(crate) mod window;
pub(crate) mod write;
