//! send() and its relatives.
//!
//! RFC 9293 §3.10.2 SEND · Linux: tcp_sendmsg_locked, tcp_push (net/ipv4/tcp.c),
//! sk_stream_wait_connect, sk_stream_wait_memory (net/core/stream.c)

use std::task::Poll;

use super::message::Message;
use super::sleep::Sleep;
use crate::cx::Cx;
use crate::effect::Wake;
use crate::errno::Errno;
use crate::errqueue::zerocopy::{NewSegment, ZcCall, skb_zerocopy_iter_stream};
use crate::fastopen::tcp_passive_fastopen;
use crate::input::rate::tcp_rate_check_app_limited;
use crate::input::tcp_sndbuf_expand;
use crate::memory::{is_plenty, sk_wmem_schedule, tcp_wmem_schedule};
use crate::mutant::Mutant;
use crate::output::cwnd_validate::tcp_slow_start_after_idle_check;
use crate::output::mss::tcp_send_mss;
use crate::output::small_queue::tcp_should_autocork;
use crate::output::write::{
    Amount, forced_push, tcp_mark_push, tcp_push_pending_frames_at, tcp_write_xmit,
};
use crate::repair::tcp_repair_sendmsg;
use crate::sock::chunk::{Chunk, SKB_OVERHEAD};
use crate::sock::{Chrono, NonAgle, Sock};
use crate::state::StateMask;
use crate::timestamping::{sock_cmsg_send, tcp_tx_timestamp};
use crate::wire::Flags;

/// MSG_* flags TCP looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MsgFlags(pub i32);

impl MsgFlags {
    const OOB: i32 = 0x1;
    const PEEK: i32 = 0x2;
    const TRUNC: i32 = 0x20;
    const DONTWAIT: i32 = 0x40;
    const EOR: i32 = 0x80;
    const WAITALL: i32 = 0x100;
    const ERRQUEUE: i32 = 0x2000;
    const MORE: i32 = 0x8000;
    const ZEROCOPY: i32 = 0x400_0000;
    const FASTOPEN: i32 = 0x2000_0000;

    /// MSG_OOB
    pub(crate) const fn oob(self) -> bool {
        self.0 & Self::OOB != 0
    }
    /// MSG_PEEK
    pub(crate) const fn peek(self) -> bool {
        self.0 & Self::PEEK != 0
    }
    /// MSG_TRUNC
    pub(crate) const fn trunc(self) -> bool {
        self.0 & Self::TRUNC != 0
    }
    /// MSG_DONTWAIT
    pub(crate) const fn dontwait(self) -> bool {
        self.0 & Self::DONTWAIT != 0
    }
    /// MSG_EOR
    pub(crate) const fn eor(self) -> bool {
        self.0 & Self::EOR != 0
    }
    /// MSG_WAITALL
    pub(crate) const fn waitall(self) -> bool {
        self.0 & Self::WAITALL != 0
    }
    /// MSG_ZEROCOPY
    pub(crate) const fn zerocopy(self) -> bool {
        self.0 & Self::ZEROCOPY != 0
    }
    /// MSG_ERRQUEUE
    pub(crate) const fn errqueue(self) -> bool {
        self.0 & Self::ERRQUEUE != 0
    }
    /// MSG_FASTOPEN
    pub(crate) const fn fastopen(self) -> bool {
        self.0 & Self::FASTOPEN != 0
    }
    /// MSG_MORE
    pub(crate) const fn more(self) -> bool {
        self.0 & Self::MORE != 0
    }
}

/// Why a try of sending ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// Everything was taken.
    Done,
    /// The buffer is full.
    Full,
    /// The connection cannot send (any more).
    Broken,
}

/// Linux: tcp_sendmsg_locked
pub(super) fn tcp_sendmsg(
    sk: &mut Sock,
    message: &Message<'_>,
    sleep: &mut Sleep,
    cx: &mut Cx,
) -> Poll<Result<usize, Errno>> {
    sk.write_pending = false;
    let result = try_sendmsg(sk, message, sleep, cx);
    sk.write_pending = result.is_pending();
    result
}

/// One try of sending.
fn try_sendmsg(
    sk: &mut Sock,
    message: &Message<'_>,
    sleep: &mut Sleep,
    cx: &mut Cx,
) -> Poll<Result<usize, Errno>> {
    let nonblock = sk.opts.nonblock || (message.flags.dontwait() && !cx.mutant(Mutant::SendWaits));
    let timeout = sk.opts.sndtimeo;
    if !sleep.has_slept() {
        tcp_rate_check_app_limited(sk);
    }
    if sleep.is_disconnected(sk) {
        let mut broken = || sk.err.take().unwrap_or(Errno::EPIPE);
        return Poll::Ready(if sleep.copied > 0 { Ok(sleep.copied) } else { Err(broken()) });
    }
    let can_send = sk.state().is_in(StateMask::CAN_SEND) || tcp_passive_fastopen(sk);
    if !can_send && sleep.copied == 0 {
        // Data may be handed over only once the connection is established.
        if let Some(err) = sk.err.take() {
            return Poll::Ready(Err(err));
        }
        if !sk.state().is_in(StateMask::CONNECTING) || cx.mutant(Mutant::SendUnopenedPipe) {
            return Poll::Ready(Err(Errno::EPIPE));
        }
        if nonblock {
            return Poll::Ready(Err(Errno::EAGAIN));
        }
        return sleep.sk_wait_event(sk, cx, timeout, Err(Errno::EAGAIN));
    }
    if let Some(result) = tcp_repair_sendmsg(sk, message.data, cx) {
        return Poll::Ready(result);
    }
    let stamps = sock_cmsg_send(sk, message.control)?;
    let ended = copy_and_push(sk, message, sleep, cx);
    let so_far = if sleep.copied > 0 { Ok(sleep.copied) } else { Err(Errno::EAGAIN) };
    let result = match ended {
        Ended::Done => Poll::Ready(Ok(sleep.copied)),
        Ended::Broken if sleep.copied > 0 => Poll::Ready(so_far),
        Ended::Broken => Poll::Ready(Err(sk.err.take().unwrap_or(Errno::EPIPE))),
        Ended::Full => {
            sk.nospace = true;
            if nonblock {
                Poll::Ready(so_far)
            } else {
                sleep.sk_wait_event(sk, cx, timeout, so_far)
            }
        }
    };
    if matches!(result, Poll::Ready(Ok(copied)) if copied > 0) {
        if ended == Ended::Done && !cx.mutant(Mutant::EorIgnored) {
            mark_tail(sk, message.flags);
        }
        tcp_tx_timestamp(sk, stamps);
        let sizes = tcp_send_mss(sk, cx, !message.flags.oob());
        tcp_push(sk, message.flags, sizes, sk.opts.nonagle, cx);
    }
    result
}

/// Fills chunks up to the size goal, and pushes what is worth it.
fn copy_and_push(sk: &mut Sock, message: &Message<'_>, sleep: &mut Sleep, cx: &mut Cx) -> Ended {
    let Message { data, flags, .. } = *message;
    let Sleep { copied, zerocopy, .. } = sleep;
    let start = *copied;
    let (mut mss_now, mut size_goal) = tcp_send_mss(sk, cx, !flags.oob());
    let mut is_spilled = false;
    while *copied < data.len() {
        if sk.err.is_some() || sk.shutdown.snd {
            return Ended::Broken;
        }
        let has_room = !is_spilled && tail_has_room(sk, size_goal);
        let left = u32::try_from(data.len() - *copied).unwrap_or(u32::MAX);
        let most = match has_room || (sk_stream_memory_free(sk, cx) && tcp_skb_entail(sk, cx)) {
            true => tcp_wmem_schedule(sk, room_in_tail(sk, size_goal).min(left), cx),
            false => 0,
        };
        if most == 0 {
            if *copied > start {
                let push = MsgFlags(flags.0 & !MsgFlags::MORE);
                tcp_push(sk, push, (mss_now, size_goal), NonAgle::PUSH, cx);
            }
            return Ended::Full;
        }
        let before = *copied;
        let Ok(full) = append(sk, data, copied, (size_goal, most), zerocopy.as_ref()) else {
            // The packet has no room for more pages.
            tcp_mark_push(sk);
            is_spilled = true;
            continue;
        };
        is_spilled = false;
        if before == 0
            && let Some(tail) = sk.write_queue.tail_mut()
        {
            tail.flags = tail.flags.without(Flags::PSH);
        }
        if *copied == data.len() {
            break;
        }
        if !full || flags.oob() {
            continue;
        }
        if forced_push(sk) && !cx.mutant(Mutant::HalfWindowNotPushed) {
            tcp_mark_push(sk);
            tcp_push_pending_frames_at(sk, mss_now, NonAgle::PUSH, cx);
        } else if sk.write_queue.unsent().nth(1).is_none() {
            tcp_write_xmit(sk, mss_now, NonAgle::PUSH, Amount::One, cx);
        }
        (mss_now, size_goal) = tcp_send_mss(sk, cx, !flags.oob());
    }
    if data.len() == start && (sk.err.is_some() || sk.shutdown.snd) {
        return Ended::Broken;
    }
    Ended::Done
}

/// Copies up to `most` bytes into the last chunk; true when that filled it to `size_goal`.
fn append(
    sk: &mut Sock,
    data: &[u8],
    copied: &mut usize,
    (size_goal, most): (u32, u32),
    zerocopy: Option<&ZcCall>,
) -> Result<bool, NewSegment> {
    let Some(tail) = sk.write_queue.tail_mut() else { return Ok(true) };
    let mut len = to_usize(most);
    if let Some(call) = zerocopy {
        len = skb_zerocopy_iter_stream(tail, call, *copied, len)?;
    }
    let end = *copied + len;
    tail.data.extend_from_slice(data.get(*copied..end).unwrap_or_default());
    let full = tail.len() >= size_goal;
    sk.snd.write_seq = sk.snd.write_seq.plus_len(len);
    *copied = end;
    Ok(full)
}

/// What the flags of the call say about its last byte.
fn mark_tail(sk: &mut Sock, flags: MsgFlags) {
    if flags.eor()
        && let Some(tail) = sk.write_queue.tail_mut()
    {
        tail.eor = true;
    }
}

/// The last unsent chunk can take more.
fn tail_has_room(sk: &Sock, size_goal: u32) -> bool {
    sk.write_queue
        .tail()
        .is_some_and(|tail| tail.len() < size_goal && !tail.eor && !tail.flags.fin())
}

/// Bytes the last chunk can take, if there is one.
fn room_in_tail(sk: &Sock, size_goal: u32) -> u32 {
    sk.write_queue.tail().map_or(0, |tail| size_goal.saturating_sub(tail.len()))
}

/// A fresh chunk, if there is memory for it; for the only one there always is.
///
/// Linux: tcp_stream_alloc_skb, tcp_skb_entail
fn tcp_skb_entail(sk: &mut Sock, cx: &mut Cx) -> bool {
    let is_only = sk.write_queue.is_unsent_empty() && sk.write_queue.is_rtx_empty();
    if !is_only && !sk_wmem_schedule(sk, SKB_OVERHEAD, cx) {
        return false;
    }
    if sk.write_queue.is_unsent_empty() {
        sk.chrono.start(Chrono::Busy, cx.jiffies());
    }
    let seq = sk.snd.write_seq;
    sk.write_queue.push(Chunk::new(seq, Flags::NONE, Vec::new()));
    // TCP_NAGLE_PUSH does not outlive the data it was meant for.
    sk.opts.nonagle.push = false;
    tcp_slow_start_after_idle_check(sk, cx);
    true
}

/// Linux: tcp_push (net/ipv4/tcp.c)
fn tcp_push(
    sk: &mut Sock,
    flags: MsgFlags,
    (mss_now, size_goal): (u32, u32),
    nonagle: NonAgle,
    cx: &mut Cx,
) {
    if sk.write_queue.is_unsent_empty() {
        return;
    }
    if (!flags.more() || forced_push(sk)) && !cx.mutant(Mutant::PushMissing) {
        tcp_mark_push(sk);
    }
    if flags.oob() && !cx.mutant(Mutant::OobIgnored) {
        tcp_mark_urg(sk);
    }
    if tcp_should_autocork(sk, size_goal, cx) {
        return;
    }
    let nonagle =
        if flags.more() { NonAgle { off: false, cork: true, push: false } } else { nonagle };
    tcp_push_pending_frames_at(sk, mss_now, nonagle, cx);
}

/// A splice ends before all of it was there.
///
/// Linux: tcp_splice_eof (net/ipv4/tcp.c)
pub(super) fn tcp_splice_eof(sk: &mut Sock, cx: &mut Cx) {
    if !sk.write_queue.is_unsent_empty() {
        let sizes = tcp_send_mss(sk, cx, true);
        tcp_push(sk, MsgFlags::default(), sizes, sk.opts.nonagle, cx);
    }
}

/// The last byte handed over is urgent.
///
/// Linux: tcp_mark_urg
fn tcp_mark_urg(sk: &mut Sock) {
    sk.snd.up = sk.snd.write_seq;
    sk.snd.urg_mode = true;
}

/// Memory the send queues hold (sk_wmem_queued).
pub(crate) fn wmem_queued(sk: &Sock) -> u32 {
    let chunks = sk.write_queue.unsent().count() + sk.write_queue.rtx_len();
    let overhead = u32::try_from(chunks).unwrap_or(u32::MAX).saturating_mul(SKB_OVERHEAD);
    sk.write_queue.bytes().saturating_add(overhead)
}

/// Linux: sk_stream_memory_free, tcp_stream_memory_free
pub(crate) fn sk_stream_memory_free(sk: &Sock, cx: &Cx) -> bool {
    wmem_queued(sk) < sk.opts.sndbuf && notsent_bytes(sk) < notsent_lowat(sk, cx)
}

/// Bytes handed over and not sent.
fn notsent_bytes(sk: &Sock) -> u32 {
    sk.snd.write_seq - sk.snd.nxt
}

fn notsent_lowat(sk: &Sock, cx: &Cx) -> u32 {
    if sk.opts.notsent_lowat == 0 { cx.sysctl.tcp_notsent_lowat } else { sk.opts.notsent_lowat }
}

/// Enough room that poll should report it.
///
/// Linux: __sk_stream_is_writeable with a wake, sk_stream_min_wspace
pub(crate) fn sk_stream_is_writeable(sk: &Sock, cx: &Cx) -> bool {
    let queued = wmem_queued(sk);
    let free = sk.opts.sndbuf.saturating_sub(queued);
    // Linux's shift is one of 32 bits: sequence numbers that TCP_REPAIR put far apart wrap.
    let lowat = notsent_bytes(sk) << 1 < notsent_lowat(sk, cx);
    queued < sk.opts.sndbuf && free >= queued >> 1 && lowat
}

/// Data was acknowledged: a sender that waits may have room now.
///
/// Linux: tcp_check_space, tcp_new_space, tcp_should_expand_sndbuf (net/ipv4/tcp_input.c)
pub(crate) fn tcp_check_space(sk: &mut Sock, cx: &mut Cx) {
    if !sk.nospace || cx.mutant(Mutant::SpaceNotTold) {
        return;
    }
    let in_flight = sk.loss.packets_in_flight();
    if !sk.opts.locks.sndbuf && is_plenty(cx) && in_flight < sk.cong.cw.snd_cwnd {
        tcp_sndbuf_expand(sk, cx);
        sk.cong.cwnd_stamp = cx.now;
    }
    if sk_stream_is_writeable(sk, cx) {
        sk.nospace = false;
        let idle = sk.write_queue.is_unsent_empty() && sk.write_queue.is_rtx_empty();
        sk.chrono.stop(Chrono::SndbufLimited, idle, cx.jiffies());
        cx.wake(sk.id, Wake::Writable);
    }
}

fn to_usize(len: u32) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}
