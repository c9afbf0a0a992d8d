//! Header prediction: the segment that goes on where the last one ended, with nothing new in its header.
//!
//! Linux: tcp_rcv_established, pred_flags, tcp_fast_path_on, tcp_fast_path_check (include/net/tcp.h). Its way is
//! shorter and leads to the same end as the eight steps, but for one thing: the buffer may be full. Memory that the
//! socket has been given and does not use is enough for it.

use crate::cx::Cx;
use crate::memory::sk_forward_alloc;
use crate::net::TCP_HEADER_LEN;
use crate::output::options::TSTAMP_ALIGNED;
use crate::output::window::{rmem_alloc, tcp_receive_window};
use crate::seq::Seq;
use crate::sock::Sock;
use crate::sock::control_block::UrgData;
use crate::state::TcpState;
use crate::wire::{Flags, Segment};

/// Two NOPs, and the kind and the length of timestamps behind them.
const TSTAMP_HEADER: &[u8] = &[1, 1, 8, 10];

/// From now on a header with the present window is expected.
///
/// Linux: tcp_fast_path_on
pub(crate) fn tcp_fast_path_on(sk: &mut Sock) {
    sk.rcv.pred_wnd = u16::try_from(sk.snd.wnd >> sk.rx_opt.snd_wscale).ok();
}

/// Expects a header if nothing speaks against it; an earlier expectation stays.
///
/// Linux: tcp_fast_path_check
pub(crate) fn tcp_fast_path_check(sk: &mut Sock) {
    let has_room = sk.rcv.wnd != 0 && rmem_alloc(sk) < sk.opts.rcvbuf;
    if sk.ofo_queue.is_empty() && has_room && sk.rcv.urg_data == UrgData::None {
        tcp_fast_path_on(sk);
    }
}

/// Whether the text of `seg`, which takes `truesize` bytes, is received without a look at the buffer.
///
/// Linux: the conditions before tcp_queue_rcv in tcp_rcv_established
pub(super) fn is_predicted(sk: &Sock, seg: &Segment, truesize: u32, cx: &Cx) -> bool {
    let is_next = seg.seq == sk.rcv.nxt && seg.ack.between(sk.snd.una, sk.snd.nxt);
    let fits =
        !cx.kernel.overshoot_refused || !seg.end_seq().after(sk.rcv.nxt + tcp_receive_window(sk));
    sk.state() == TcpState::Established
        && is_next
        && !seg.payload.is_empty()
        && is_header_predicted(sk, seg)
        && fits
        && truesize <= sk_forward_alloc(sk)
}

/// Flags, window and options are those expected; a timestamp is no older than the last.
fn is_header_predicted(sk: &Sock, seg: &Segment) -> bool {
    let options = seg.option_bytes.as_bytes();
    let header_len = TCP_HEADER_LEN + u32::try_from(seg.option_bytes.padded_len()).unwrap_or(0);
    let is_plain = seg.flags.without(Flags::PSH) == Flags::ACK && sk.rcv.pred_wnd == Some(seg.wnd);
    if !is_plain || header_len != sk.tcp_header_len {
        return false;
    }
    if header_len != TCP_HEADER_LEN + TSTAMP_ALIGNED {
        return true;
    }
    let ts = seg.options.ts.filter(|_| options.starts_with(TSTAMP_HEADER));
    ts.is_some_and(|ts| !Seq(ts.val).before(Seq(sk.rx_opt.ts_recent)))
}
