//! Whether the head of the send queue may leave: congestion window, peer's window, Nagle's algorithm.
//!
//! RFC 9293 §3.7.4, §3.8.6.2.1 · Linux: tcp_cwnd_test, tcp_snd_wnd_test, tcp_nagle_test
//! (net/ipv4/tcp_output.c)

use super::mss::tcp_current_mss;
use super::options::tcp_wnd_end;
use super::tso::HeadSkb;
use crate::cx::Cx;
use crate::mutant::Mutant;
use crate::sock::chunk::Chunk;
use crate::sock::{NonAgle, Sock};

/// What the tests look at.
pub(super) fn head_of(sk: &Sock) -> Option<HeadSkb> {
    let head = sk.write_queue.send_head()?;
    Some(HeadSkb {
        seq: head.seq,
        len: head.len(),
        is_last: sk.write_queue.unsent().nth(1).is_none(),
        fin_or_eor: head.flags.fin() || head.eor,
    })
}

/// Segments the congestion window admits now, at most half of it at once.
///
/// Linux: tcp_cwnd_test (net/ipv4/tcp_output.c)
pub(super) fn tcp_cwnd_test(sk: &Sock, cx: &Cx) -> u32 {
    let ends = |head: &Chunk| head.flags.fin() && head.pcount() <= 1;
    if cx.kernel.fin_ignores_cwnd && sk.write_queue.send_head().is_some_and(ends) {
        return 1;
    }
    let cwnd = sk.cong.cw.snd_cwnd;
    let in_flight = sk.loss.packets_in_flight();
    if cx.mutant(Mutant::CwndIgnored) {
        return cwnd;
    }
    if in_flight >= cwnd {
        return 0;
    }
    (cwnd >> 1).max(1).min(cwnd - in_flight)
}

/// Whether at least the first segment of the head ends inside the peer's window.
///
/// Linux: tcp_snd_wnd_test (net/ipv4/tcp_output.c)
pub(super) fn tcp_snd_wnd_test(sk: &Sock, head: HeadSkb, mss_now: u32) -> bool {
    let fin = sk.write_queue.send_head().is_some_and(|chunk| chunk.flags.fin());
    let end =
        if head.len > mss_now { head.seq + mss_now } else { head.seq + head.len + u32::from(fin) };
    !end.after(tcp_wnd_end(sk))
}

/// Whether the head of the queue could leave at this moment.
///
/// Linux: tcp_may_send_now, tcp_snd_test (net/ipv4/tcp_output.c of 4.3)
pub(crate) fn tcp_may_send_now(sk: &mut Sock, cx: &Cx) -> bool {
    let mss_now = tcp_current_mss(sk, cx);
    let Some(head) = head_of(sk) else { return false };
    let nonagle = if head.is_last { sk.opts.nonagle } else { NonAgle::PUSH };
    tcp_cwnd_test(sk, cx) != 0
        && tcp_snd_wnd_test(sk, head, mss_now)
        && (head.len > mss_now || tcp_nagle_test(sk, head, mss_now, nonagle))
}

/// Whether Nagle's algorithm lets the head go.
///
/// [RFC9293:SHLD-7] · Linux: tcp_nagle_test (net/ipv4/tcp_output.c)
pub(super) fn tcp_nagle_test(sk: &Sock, head: HeadSkb, mss_now: u32, nonagle: NonAgle) -> bool {
    let fin = sk.write_queue.send_head().is_some_and(|chunk| chunk.flags.fin());
    nonagle.push || sk.snd.urg_mode || fin || !tcp_nagle_check(sk, head.len < mss_now, nonagle)
}

/// True when a partial segment has to wait: corked, or a small one is in flight (Minshall).
///
/// Linux: tcp_nagle_check (net/ipv4/tcp_output.c)
pub(super) fn tcp_nagle_check(sk: &Sock, partial: bool, nonagle: NonAgle) -> bool {
    let none = !nonagle.off && !nonagle.cork && !nonagle.push;
    partial && (nonagle.cork || (none && sk.loss.packets_out != 0 && tcp_minshall_check(sk)))
}

/// A small segment is unacknowledged.
///
/// Linux: tcp_minshall_check (net/ipv4/tcp_output.c)
fn tcp_minshall_check(sk: &Sock) -> bool {
    sk.snd.sml.after(sk.snd.una) && !sk.snd.sml.after(sk.snd.nxt)
}
