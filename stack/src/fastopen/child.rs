//! The socket that is there before its handshake has ended.
//!
//! RFC 7413 §4.2.2 · Linux: tcp_fastopen_create_child, tcp_fastopen_add_skb
//! (net/ipv4/tcp_fastopen.c), reqsk_fastopen_remove (net/core/request_sock.c),
//! tcp_rcv_synrecv_state_fastopen (net/ipv4/tcp_input.c)

use std::ops::ControlFlow;

use crate::cx::Cx;
use crate::effect::Effect;
use crate::input::reset::tcp_reset;
use crate::input::{Disposition, DropReason, Holder, Step, Verdict};
use crate::sock::{RequestSock, Sock};
use crate::state::{Event, TcpState};
use crate::wire::Segment;

/// A request that a reset ended counts for so long (60 s).
const RST_COUNTS_SECS: u64 = 60;

/// A child that may send before the handshake has ended.
///
/// Linux: tcp_passive_fastopen (include/net/tcp.h)
pub(crate) fn tcp_passive_fastopen(sk: &Sock) -> bool {
    sk.state() == TcpState::SynRecv && sk.fastopen.rsk.is_some()
}

/// Lets the request of an open handshake judge the segment first.
///
/// Linux: the call of tcp_check_req in tcp_rcv_state_process (net/ipv4/tcp_input.c)
pub(crate) fn check_fastopen_req(sk: &mut Sock, seg: &Segment, cx: &mut Cx) -> Step {
    let Some(mut req) = sk.fastopen.rsk.take() else { return ControlFlow::Continue(()) };
    let retrans = req.num_retrans;
    let holder = Holder::FastOpen { snd_nxt: sk.snd.nxt };
    let verdict = crate::input::tcp_check_req(&mut req, seg, holder, cx);
    note_retransmission(sk, &req, retrans);
    sk.fastopen.rsk = Some(req);
    match verdict {
        Verdict::Complete => return ControlFlow::Continue(()),
        Verdict::Drop(_) if seg.flags.rst() => {
            reqsk_fastopen_remove(sk, true, cx);
            tcp_reset(sk, Event::RecvRst, cx);
        }
        Verdict::Keep(_) | Verdict::ToListener | Verdict::Drop(_) => {}
    }
    ControlFlow::Break(Disposition::Dropped(DropReason::TcpFastopen))
}

/// The SYN-ACK went out again: the child counts it, and no longer measures the handshake.
///
/// Linux: tcp_rtx_synack for a passive Fast Open socket (net/ipv4/tcp_output.c)
pub(super) fn note_retransmission(sk: &mut Sock, req: &RequestSock, before: u32) {
    if req.num_retrans != before {
        sk.loss.total_retrans = sk.loss.total_retrans.wrapping_add(1);
        sk.synack_sent = None;
    }
}

/// The handshake is over, one way or the other: the child no longer counts against the listener's
/// limit, unless a reset ended it after it was accepted.
///
/// Linux: reqsk_fastopen_remove (net/core/request_sock.c)
pub(crate) fn reqsk_fastopen_remove(sk: &mut Sock, reset: bool, cx: &mut Cx) {
    let Some(req) = sk.fastopen.rsk.take() else { return };
    let accepted = sk.parent.is_none();
    let counts_until = (reset && accepted).then(|| cx.jiffies().plus(cx.hz.secs(RST_COUNTS_SECS)));
    cx.later(Effect::FastopenRemove { listener: req.listener, counts_until });
}

/// The ACK of the SYN-ACK has come.
///
/// Linux: tcp_rcv_synrecv_state_fastopen (net/ipv4/tcp_input.c)
pub(crate) fn tcp_rcv_synrecv_state_fastopen(sk: &mut Sock, cx: &mut Cx) {
    crate::congestion::undo_synack_rto(sk, cx);
    crate::congestion::tcp_update_rto_time(sk, cx);
    sk.loss.retransmits = 0;
    crate::congestion::tcp_retrans_stamp_cleanup(sk);
    reqsk_fastopen_remove(sk, false, cx);
    // Data may be out already.
    crate::timer::tcp_rearm_rto(sk, cx);
}
