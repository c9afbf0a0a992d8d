//! Header prediction: the segment that goes on where the last one ended, with nothing new in its header, takes a
//! shorter way than the eight steps.
//!
//! Linux: tcp_rcv_established, pred_flags, tcp_fast_path_on, tcp_fast_path_check (include/net/tcp.h). The way leads
//! elsewhere in places: a buffer that is full takes text as long as the socket has memory to spare; text that
//! acknowledges nothing new is no sign of life to tcp_ack, which never sees it; a D-SACK that is pending stays so;
//! an ACK without text sends none of ours.

use super::Disposition;
use super::ack::{AckPath, tcp_ack};
use super::data::{chunk_of, data_ready, tcp_event_data_recv, tcp_queue_rcv, truesize_of};
use super::rtt::tcp_rcv_rtt_measure_ts;
use super::validate::{take_timestamps, tcp_store_ts_recent};
use crate::accecn::{tcp_accecn_expected, tcp_ecn_received_counters};
use crate::cx::Cx;
use crate::memory::sk_forward_alloc;
use crate::mib::Counter;
use crate::net::TCP_HEADER_LEN;
use crate::output::ack::__tcp_ack_snd_check;
use crate::output::options::TSTAMP_ALIGNED;
use crate::output::window::{rmem_alloc, tcp_receive_window};
use crate::output::write::tcp_data_snd_check;
use crate::seq::Seq;
use crate::sock::Sock;
use crate::sock::control_block::UrgData;
use crate::state::TcpState;
use crate::wire::{Flags, Segment};

/// Two NOPs, and the kind and the length of timestamps behind them.
const TSTAMP_HEADER: &[u8] = &[1, 1, 8, 10];

/// From now on a header with the present window is expected, and with accurate ECN the present count of marks.
///
/// Linux: tcp_fast_path_on, __tcp_fast_path_on
pub(crate) fn tcp_fast_path_on(sk: &mut Sock) {
    let flags = Flags::ACK | tcp_accecn_expected(sk);
    sk.rcv.pred_flags = flag_word(sk.tcp_header_len, flags, sk.snd.wnd >> sk.rx_opt.snd_wscale);
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

/// Takes a segment whose header was predicted; None if the eight steps have to look at it.
///
/// Linux: the first half of tcp_rcv_established
pub(super) fn header_prediction(sk: &mut Sock, seg: &Segment, cx: &mut Cx) -> Option<Disposition> {
    if sk.state() != TcpState::Established || !is_header_predicted(sk, seg, cx) {
        return None;
    }
    if seg.payload.is_empty() {
        pure_ack(sk, seg, cx);
        return Some(Disposition::Consumed);
    }
    let overshoots = seg.end_seq().after(sk.rcv.nxt + tcp_receive_window(sk));
    let is_refused = overshoots && cx.kernel.overshoot_refused;
    if is_refused || truesize_of(sk, seg, cx) > sk_forward_alloc(sk) {
        return None;
    }
    text(sk, seg, cx);
    Some(Disposition::Queued)
}

/// Bulk data is sent: its ACK. One of ours that is due waits for something else.
fn pure_ack(sk: &mut Sock, seg: &Segment, cx: &mut Cx) {
    let ts_progress = take_predicted_timestamps(sk, seg, cx);
    if cx.kernel.counts_ecn_marks {
        tcp_ecn_received_counters(sk, seg);
    }
    let _acceptable = tcp_ack(sk, seg, AckPath::Fast { ts_progress }, cx);
    tcp_data_snd_check(sk, cx);
    // Instead of tcp_rcv_rtt_measure_ts.
    sk.rtt.rcv_rtt_last_tsecr = sk.rx_opt.rcv_tsecr;
}

/// Bulk data is received.
fn text(sk: &mut Sock, seg: &Segment, cx: &mut Cx) {
    let truesize = truesize_of(sk, seg, cx);
    let ts_progress = take_predicted_timestamps(sk, seg, cx);
    tcp_rcv_rtt_measure_ts(sk, seg.seg_len(), cx);
    cx.mib.inc(Counter::TcpExtTCPHPHits);
    if cx.kernel.counts_ecn_marks {
        tcp_ecn_received_counters(sk, seg);
    }
    tcp_queue_rcv(sk, chunk_of(sk, seg, cx), cx);
    tcp_event_data_recv(sk, seg, truesize, cx);
    let mut is_ack_due = true;
    if seg.ack == sk.snd.una {
        sk.snd.wl1 = seg.seq;
    } else {
        let _acceptable = tcp_ack(sk, seg, AckPath::Fast { ts_progress }, cx);
        tcp_data_snd_check(sk, cx);
        // What was sent may have carried the ACK.
        is_ack_due = sk.ack.sched;
    }
    if is_ack_due {
        __tcp_ack_snd_check(sk, cx);
    }
    data_ready(sk, cx);
}

/// The third 32 bits of a header (Linux: tcp_flag_word).
fn flag_word(header_len: u32, flags: Flags, window: u32) -> u32 {
    header_len << 26 | u32::from(flags.0) << 16 | window
}

/// The segment is the next one. Flags, window and options are those expected; a timestamp is no older than the last.
fn is_header_predicted(sk: &Sock, seg: &Segment, cx: &Cx) -> bool {
    let header_len = TCP_HEADER_LEN + u32::try_from(seg.option_bytes.padded_len()).unwrap_or(0);
    let flags = seg.flags.without(unpredicted(cx));
    let is_expected = flag_word(header_len, flags, seg.wnd.into()) == sk.rcv.pred_flags;
    let is_next = seg.seq == sk.rcv.nxt && seg.ack.between(sk.snd.una, sk.snd.nxt);
    if !is_expected || !is_next {
        return false;
    }
    if header_len != TCP_HEADER_LEN + TSTAMP_ALIGNED {
        return true;
    }
    let is_aligned = seg.option_bytes.as_bytes().starts_with(TSTAMP_HEADER);
    let ts = seg.options.ts.filter(|_| is_aligned);
    ts.is_some_and(|ts| !Seq(ts.val).before(Seq(sk.rx_opt.ts_recent)))
}

/// Flags that may be anything in a header that was predicted (Linux: the others than TCP_HP_BITS).
fn unpredicted(cx: &Cx) -> Flags {
    let reserved = if cx.kernel.ae_predicted { Flags::NONE } else { Flags::AE };
    Flags::PSH | Flags::RESERVED | reserved
}

/// Reads the timestamps. Nothing is behind the window of what was predicted, so that its timestamp is remembered if
/// everything before was acknowledged; true if it is newer than the last.
fn take_predicted_timestamps(sk: &mut Sock, seg: &Segment, cx: &Cx) -> bool {
    take_timestamps(sk, seg);
    sk.rx_opt.saw_tstamp && sk.rcv.nxt == sk.rcv.wup && tcp_store_ts_recent(sk, cx)
}
