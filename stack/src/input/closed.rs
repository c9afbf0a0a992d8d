//! No connection: every segment but a reset is answered with one.
//!
//! RFC 9293 §3.10.7.1 · Linux: the label no_tcp_socket of tcp_v4_rcv (net/ipv4/tcp_ipv4.c)

use super::{Disposition, DropReason, ResetReason};
use crate::cx::Cx;
use crate::md5::Signer;
use crate::mutant::Mutant;
use crate::output::reset::tcp_v4_send_reset;
use crate::wire::Segment;

/// [RFC9293:3.10.7.1#1] Answers a segment that belongs to nobody.
pub(super) fn no_tcp_socket(seg: &Segment, signer: &Signer, cx: &mut Cx) -> Disposition {
    let key = match signer {
        Signer::Unknown => return Disposition::Dropped(DropReason::NoSocket),
        Signer::Nobody => None,
        Signer::Key(key) => Some(key),
    };
    if seg.flags.rst() || !cx.is_rtn_local || cx.mutant(Mutant::NobodyMute) {
        return Disposition::Dropped(DropReason::NoSocket);
    }
    tcp_v4_send_reset(key, seg, cx);
    Disposition::Reset(ResetReason::NoSocket)
}
