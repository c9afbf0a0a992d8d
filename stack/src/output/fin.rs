//! Ending the sending direction.
//!
//! RFC 9293 §3.6 · Linux: tcp_send_fin (net/ipv4/tcp_output.c)

use super::mss::tcp_current_mss;
use super::write::{tcp_push_pending_frames_at, tcp_queue_nondata};
use crate::cx::Cx;
use crate::sock::{NonAgle, Sock};
use crate::wire::Flags;

/// Queues a FIN behind the last data, on its chunk if it has not been sent, and pushes.
pub(crate) fn tcp_send_fin(sk: &mut Sock, cx: &mut Cx) {
    if let Some(tail) = sk.write_queue.tail_mut() {
        tail.flags |= Flags::FIN;
        sk.snd.write_seq += 1;
    } else {
        tcp_queue_nondata(sk, Flags::FIN, cx);
    }
    let mss_now = tcp_current_mss(sk, cx);
    tcp_push_pending_frames_at(sk, mss_now, NonAgle::OFF, cx);
}
