//! Step 6: the urgent pointer.
//!
//! RFC 9293 §3.10.7.4 sixth, §3.8.5, RFC 6093 · Linux: tcp_urg, tcp_check_urg
//! (net/ipv4/tcp_input.c)

use crate::cx::Cx;
use crate::effect::Wake;
use crate::mutant::Mutant;
use crate::sock::Sock;
use crate::sock::control_block::UrgData;
use crate::wire::Segment;

/// Notes where the urgent byte is, and takes it if this segment brings it.
pub(super) fn tcp_urg(sk: &mut Sock, seg: &Segment, cx: &mut Cx) {
    if seg.flags.urg() && !cx.mutant(Mutant::UrgentIgnored) {
        tcp_check_urg(sk, seg, cx);
    }
    if sk.rcv.urg_data != UrgData::NotYet {
        return;
    }
    let start = seg.seq + u32::from(seg.flags.syn());
    let offset = usize::try_from(sk.rcv.urg_seq - start).unwrap_or(usize::MAX);
    if let Some(byte) = seg.payload.get(offset) {
        sk.rcv.urg_data = UrgData::Valid(*byte);
        if !sk.dead {
            cx.wake(sk.id, Wake::Readable);
        }
    }
}

/// Linux: tcp_check_urg
fn tcp_check_urg(sk: &mut Sock, seg: &Segment, cx: &mut Cx) {
    let mut ptr = u32::from(seg.urg_ptr);
    if ptr != 0 && cx.sysctl.tcp_stdurg == 0 && !cx.mutant(Mutant::UrgentPointsBehind) {
        // The pointer of BSD is one past the urgent byte.
        ptr -= 1;
    }
    let urg_seq = seg.seq + ptr;
    let copied_seq = sk.recv_queue.copied_seq();
    if copied_seq.after(urg_seq) || urg_seq.before(sk.rcv.nxt) {
        return;
    }
    if sk.rcv.urg_data != UrgData::None && !urg_seq.after(sk.rcv.urg_seq) {
        return;
    }
    let unread = sk.rcv.urg_data != UrgData::None && sk.rcv.urg_seq == copied_seq;
    if unread && !sk.opts.oobinline && sk.recv_queue.available() > 0 {
        // There is one urgent byte at a time: the one before it, next in line, is passed over.
        sk.recv_queue.skip(1);
    }
    sk.rcv.urg_data = UrgData::NotYet;
    sk.rcv.pred_flags = 0;
    sk.rcv.urg_seq = urg_seq;
    cx.wake(sk.id, Wake::Readable);
}
