//! Joining small segments that are sent again: one full segment instead of several small ones.
//!
//! [RFC9293:MAY-4] · Linux: tcp_retrans_try_collapse, tcp_collapse_retrans (net/ipv4/tcp_output.c)

use super::options::tcp_wnd_end;
use super::retransmit::adjust_pcount;
use crate::cx::Cx;
use crate::mutant::Mutant;
use crate::sock::Sock;
use crate::sock::chunk::Chunk;

/// Appends to chunk `index` of the retransmission queue what follows it, as long as all of it fits
/// into `space` bytes and into the peer's window, and no message boundary lies between.
pub(super) fn tcp_retrans_try_collapse(sk: &mut Sock, index: usize, space: u32, cx: &Cx) {
    let Some(to) = sk.write_queue.rtx_get(index) else { return };
    let is_off = cx.sysctl.tcp_retrans_collapse == 0 || cx.mutant(Mutant::NoCollapse);
    if is_off || to.flags.syn() || !tcp_can_collapse(sk, to, cx) {
        return;
    }
    while let Some(next) = fitting_next(sk, index, space, cx) {
        let (pcount, marks) = (next.pcount(), next.marks);
        if !sk.write_queue.collapse_rtx(index) {
            break;
        }
        adjust_pcount(sk, pcount, 0, marks);
    }
}

/// The chunk behind `index`, if it may be joined to it.
fn fitting_next<'a>(sk: &'a Sock, index: usize, space: u32, cx: &Cx) -> Option<&'a Chunk> {
    let to = sk.write_queue.rtx_get(index).filter(|to| !to.eor)?;
    let next = sk.write_queue.rtx_get(index + 1).filter(|next| tcp_can_collapse(sk, next, cx))?;
    let fits = to.len() + next.len() <= space && !next.end_seq().after(tcp_wnd_end(sk));
    fits.then_some(next)
}

/// One segment that is not known to have arrived, and does not wait in a queue of this host.
///
/// Linux: tcp_can_collapse
fn tcp_can_collapse(sk: &Sock, chunk: &Chunk, cx: &Cx) -> bool {
    chunk.pcount() <= 1 && !chunk.marks.sacked && !cx.queue.holds(sk.id, chunk.seq)
}
