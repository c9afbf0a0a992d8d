//! Reads and writes in repair mode: they fill the queues and look at them, and nothing moves.
//!
//! Linux: tcp_send_rcvq (net/ipv4/tcp_input.c), tcp_peek_sndq (net/ipv4/tcp.c), tcp_write_xmit with
//! TCP_SEND_QUEUE

use super::RepairQueue;
use crate::cx::Cx;
use crate::errno::Errno;
use crate::input::tcp_send_rcvq;
use crate::output::mss::tcp_current_mss;
use crate::output::write::tcp_event_new_data_sent;
use crate::sock::Sock;
use crate::sock::chunk::Chunk;
use crate::wire::Flags;

/// send() in repair mode; `None` outside of it. What goes to the send queue counts as sent.
///
/// Linux: tcp_sendmsg_locked, tcp_write_xmit
pub(crate) fn tcp_repair_sendmsg(
    sk: &mut Sock,
    data: &[u8],
    cx: &mut Cx,
) -> Option<Result<usize, Errno>> {
    if !sk.repair.on {
        return None;
    }
    match sk.repair.queue {
        RepairQueue::None => Some(Err(Errno::EINVAL)),
        RepairQueue::Recv => Some(Ok(tcp_send_rcvq(sk, data, cx))),
        RepairQueue::Send => {
            let mss_now = tcp_current_mss(sk, cx).max(1);
            for part in data.chunks(usize::try_from(mss_now).unwrap_or(usize::MAX)) {
                let seq = sk.snd.write_seq;
                let mut chunk = Chunk::new(seq, Flags::ACK | Flags::PSH, part.to_vec());
                chunk.set_tso_segs(mss_now);
                sk.write_queue.push(chunk);
                sk.snd.write_seq = seq.plus_len(part.len());
                tcp_event_new_data_sent(sk, cx.now, cx);
            }
            Some(Ok(data.len()))
        }
    }
}

/// recv() in repair mode; `None` where the ordinary call does what is wanted: look at the receive
/// queue.
///
/// Linux: tcp_recvmsg_locked, tcp_peek_sndq
pub(crate) fn tcp_repair_recvmsg(
    sk: &Sock,
    max: usize,
    peek: bool,
) -> Option<Result<Vec<u8>, Errno>> {
    if !sk.repair.on {
        return None;
    }
    match (peek, sk.repair.queue) {
        (false, _) => Some(Err(Errno::EPERM)),
        (true, RepairQueue::Recv) => None,
        (true, RepairQueue::None) => Some(Err(Errno::EINVAL)),
        (true, RepairQueue::Send) => {
            let chunks = sk.write_queue.rtx().chain(sk.write_queue.unsent());
            Some(Ok(chunks.flat_map(|chunk| &chunk.data).take(max).copied().collect()))
        }
    }
}
