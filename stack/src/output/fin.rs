//! Ending the sending direction.
//!
//! RFC 9293 §3.6 · Linux: tcp_send_fin (net/ipv4/tcp_output.c)

use super::mss::tcp_current_mss;
use super::write::{tcp_push_pending_frames_at, tcp_queue_nondata};
use crate::cx::Cx;
use crate::memory::tcp_under_memory_pressure;
use crate::sock::{NonAgle, Sock};
use crate::wire::Flags;

/// Queues a FIN behind the last data, on its chunk if it has not been sent, and pushes. Without
/// memory for a chunk of its own it goes on one that has been sent.
pub(crate) fn tcp_send_fin(sk: &mut Sock, cx: &mut Cx) {
    let is_short = tcp_under_memory_pressure(cx);
    if let Some(tail) = sk.write_queue.tail_mut() {
        tail.flags |= Flags::FIN;
        sk.snd.write_seq += 1;
    } else if let Some(sent) = sk.write_queue.rtx_mut().last().filter(|_| is_short) {
        // It counts as sent with the last data, and goes out when that is retransmitted.
        sent.flags |= Flags::FIN;
        sk.snd.write_seq += 1;
        sk.snd.nxt += 1;
        return;
    } else {
        tcp_queue_nondata(sk, Flags::FIN, cx);
    }
    let mss_now = tcp_current_mss(sk, cx);
    tcp_push_pending_frames_at(sk, mss_now, NonAgle::OFF, cx);
}
