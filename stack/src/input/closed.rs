//! No connection: every segment but a reset is answered with one.
//!
//! RFC 9293 §3.10.7.1 · Linux: the label no_tcp_socket of tcp_v4_rcv (net/ipv4/tcp_ipv4.c)

use super::{Disposition, DropReason, ResetReason};
use crate::cx::Cx;
use crate::output::reset::tcp_v4_send_reset;
use crate::wire::Segment;

/// [RFC9293:3.10.7.1#1] Answers a segment that belongs to nobody.
pub(super) fn no_tcp_socket(seg: &Segment, cx: &mut Cx) -> Disposition {
    if seg.flags.rst() {
        return Disposition::Dropped(DropReason::NoSocket);
    }
    tcp_v4_send_reset(seg, cx);
    Disposition::Reset(ResetReason::NoSocket)
}
