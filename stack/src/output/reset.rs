//! Resets: from a connection that ends itself, and in answer to a segment nobody wants.
//!
//! RFC 9293 §3.5.2, §3.10.7.1 · Linux: tcp_send_active_reset (net/ipv4/tcp_output.c),
//! tcp_v4_send_reset (net/ipv4/tcp_ipv4.c), tcp_v6_send_reset (net/ipv6/tcp_ipv6.c)

use super::clock::tcp_mstamp_refresh;
use super::options::{bare_options, tcp_acceptable_seq};
use super::transmit::{Outgoing, send_signed, tcp_transmit_skb};
use crate::cx::Cx;
use crate::md5::{self, Md5Key};
use crate::mib::Counter;
use crate::mutant::Mutant;
use crate::seq::Seq;
use crate::sock::Sock;
use crate::wire::{Flags, Segment};

/// Tells the peer that the connection is gone.
pub(crate) fn tcp_send_active_reset(sk: &mut Sock, cx: &mut Cx) {
    cx.mib.inc(Counter::TcpOutRsts);
    let seq = tcp_acceptable_seq(sk);
    tcp_mstamp_refresh(sk, cx);
    let out = Outgoing::empty(seq, Flags::RST | Flags::ACK);
    if tcp_transmit_skb(sk, out, cx).failed() {
        cx.mib.inc(Counter::TcpExtTCPAbortFailed);
    }
}

/// Answers `seg` with a reset that the sender will find acceptable, signed by `key`. Never answers a
/// reset.
pub(crate) fn tcp_v4_send_reset(key: Option<&Md5Key>, seg: &Segment, cx: &mut Cx) {
    if seg.flags.rst() || md5::tcp_parse_auth_options(seg, cx).is_err() {
        return;
    }
    let mut reset = Segment::new(seg.dst(), seg.src(), Flags::RST);
    if seg.flags.ack() {
        reset.seq = seg.ack;
        if cx.mutant(Mutant::ResetUnacceptable) {
            reset.seq -= 1;
        }
    } else {
        reset.seq = Seq(0);
        reset.ack = seg.end_seq();
        reset.flags |= Flags::ACK;
    }
    reset.ip.ttl = cx.default_ttl(reset.ip.dst.is_ipv6());
    cx.mib.inc(Counter::TcpOutRsts);
    reset.option_bytes = bare_options(None, key.is_some());
    // Whatever the socket was bound to: it is gone.
    send_signed(reset, key, 0, cx);
}
