//! recv() and its relatives.
//!
//! RFC 9293 §3.10.3 RECEIVE · Linux: tcp_recvmsg_locked, tcp_recv_urg, tcp_cleanup_rbuf
//! (net/ipv4/tcp.c)

use std::task::Poll;

use super::message::ControlMessage;
use super::send::MsgFlags;
use super::sleep::Sleep;
use crate::cx::Cx;
use crate::errno::Errno;
use crate::errqueue::inet_recv_error;
use crate::input::predict::tcp_fast_path_check;
use crate::input::tcp_rcv_space_adjust;
use crate::mutant::Mutant;
use crate::output::ack::{in_pingpong_mode, tcp_send_ack};
use crate::output::window::{__tcp_select_window, rmem_alloc, tcp_receive_window};
use crate::repair::tcp_repair_recvmsg;
use crate::seq::Seq;
use crate::sock::Sock;
use crate::sock::control_block::UrgData;
use crate::sock::recv_queue::Located;
use crate::stack::Stack;
use crate::state::TcpState;
use crate::table::Fd;
use crate::time::Instant;
use crate::timestamping::tcp_recv_timestamp;

/// What a receiving call got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// The bytes; empty at the end of the stream.
    pub data: Vec<u8>,
    /// Return value; differs from the length of `data` only with MSG_TRUNC.
    pub len: usize,
    /// Control messages, in order.
    pub control: Vec<ControlMessage>,
    /// `msg_flags`: MSG_OOB, MSG_TRUNC, MSG_ERRQUEUE.
    pub flags: i32,
}

const SOL_TCP: i32 = 6;
/// TCP_CM_INQ is the number of the option that asks for it, TCP_INQ.
const TCP_CM_INQ: i32 = 36;
/// MSG_OOB and MSG_TRUNC in msg_flags.
const MSG_OOB: i32 = 0x1;
const MSG_TRUNC: i32 = 0x20;

impl Stack {
    /// Takes up to `max` bytes.
    pub fn recv(
        &mut self,
        now: Instant,
        fd: Fd,
        max: usize,
        flags: MsgFlags,
        sleep: &mut Sleep,
    ) -> Poll<Result<Received, Errno>> {
        self.set_now(now);
        let id = self.fds.sock(fd)?;
        self.enter(id, |sk, cx| tcp_recvmsg(sk, max, flags, sleep, cx))
            .unwrap_or(Poll::Ready(Err(Errno::EBADF)))
    }
}

/// Linux: tcp_recvmsg, tcp_recvmsg_locked
fn tcp_recvmsg(
    sk: &mut Sock,
    max: usize,
    flags: MsgFlags,
    sleep: &mut Sleep,
    cx: &mut Cx,
) -> Poll<Result<Received, Errno>> {
    if flags.errqueue() {
        return Poll::Ready(inet_recv_error(sk, max, cx));
    }
    if sk.state() == TcpState::Listen && !cx.mutant(Mutant::RecvOfListener) {
        return Poll::Ready(Err(Errno::ENOTCONN));
    }
    if flags.oob() {
        let received = tcp_recv_urg(sk, max, flags)?;
        let control = finish(sk, sleep).control;
        return Poll::Ready(Ok(Received { control, ..received }));
    }
    if sleep.is_disconnected(sk) {
        let so_far = sleep.copied;
        return Poll::Ready(if so_far > 0 { Ok(finish(sk, sleep)) } else { Err(Errno::EPIPE) });
    }
    if let Some(result) = tcp_repair_recvmsg(sk, max, flags.peek()) {
        let data = result?;
        return Poll::Ready(Ok(Received { len: data.len(), data, ..finish(sk, sleep) }));
    }
    let nonblock = sk.opts.nonblock || (flags.dontwait() && !cx.mutant(Mutant::RecvWaits));
    let copied = copy(sk, max, flags, sleep, cx);
    let so_far = sleep.copied;
    if copied == Copied::Drained && so_far < sock_rcvlowat(sk, max, flags) {
        if so_far == 0 {
            if let Some(end) = nothing_to_read(sk) {
                return Poll::Ready(end.map(|()| finish(sk, sleep)));
            }
            if nonblock {
                return Poll::Ready(Err(Errno::EAGAIN));
            }
        }
        let over = nonblock || sk.err.is_some() || sk.shutdown.rcv || sk.state() == TcpState::Close;
        if so_far == 0 || !over {
            tcp_cleanup_rbuf(sk, so_far, cx);
            let expired = if so_far == 0 { Err(Errno::EAGAIN) } else { Ok(()) };
            match sleep.sk_wait_event(sk, cx, sk.opts.rcvtimeo, expired) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(err)) => return Poll::Ready(Err(err)),
                Poll::Ready(Ok(())) => {}
            }
        }
    }
    tcp_cleanup_rbuf(sk, so_far, cx);
    Poll::Ready(Ok(finish(sk, sleep)))
}

/// The call returns with what it has.
fn finish(sk: &Sock, sleep: &mut Sleep) -> Received {
    let mut control = sleep.stamp.map_or_else(Vec::new, |at| tcp_recv_timestamp(sk, at));
    if sk.opts.inq {
        let data = tcp_inq_hint(sk).to_ne_bytes().to_vec();
        control.push(ControlMessage { level: SOL_TCP, ty: TCP_CM_INQ, data });
    }
    Received { data: std::mem::take(&mut sleep.done), len: sleep.copied, control, flags: 0 }
}

/// Bytes below which a call goes on waiting.
///
/// Linux: sock_rcvlowat
pub(super) fn sock_rcvlowat(sk: &Sock, max: usize, flags: MsgFlags) -> usize {
    let lowat = if flags.waitall() { max } else { to_usize(sk.opts.rcvlowat).min(max) };
    lowat.max(1)
}

/// How a try of copying ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Copied {
    /// The call has what it came for.
    Enough,
    /// Everything that is there was taken.
    Drained,
}

/// Hands bytes to the user, chunk by chunk and around the urgent byte.
///
/// Linux: the loop of tcp_recvmsg_locked
fn copy(sk: &mut Sock, max: usize, flags: MsgFlags, sleep: &mut Sleep, cx: &mut Cx) -> Copied {
    let mut seq = cursor(sk, flags, sleep);
    let ended = loop {
        // A read ends at the urgent byte, unless it begins there.
        let at_urgent = sk.rcv.urg_data != UrgData::None && sk.rcv.urg_seq == seq;
        if at_urgent && sleep.copied > 0 && !cx.mutant(Mutant::ReadPastUrgent) {
            break Copied::Enough;
        }
        let (bytes, fin, stamp) = match sk.recv_queue.locate(seq) {
            Located::Data(bytes, fin, stamp) => (bytes, fin, stamp),
            Located::Fin => {
                seq += 1;
                consume(sk, seq, flags);
                break Copied::Enough;
            }
            Located::Nothing => break Copied::Drained,
        };
        let here = bytes.len();
        let room = max - sleep.copied.min(max);
        let (hole, used) = around_urgent(sk, seq, here.min(room));
        if !flags.trunc() {
            sleep.done.extend_from_slice(bytes.get(hole..hole + used).unwrap_or_default());
        }
        seq = seq.plus_len(hole + used);
        sleep.copied += used;
        sleep.stamp = Some(stamp);
        move_peek_offset(sk, used, flags);
        consume(sk, seq, flags);
        if used > 0 || hole == 0 {
            tcp_rcv_space_adjust(sk, cx);
        }
        if sk.rcv.urg_data != UrgData::None && sk.recv_queue.copied_seq().after(sk.rcv.urg_seq) {
            sk.rcv.urg_data = UrgData::None;
            tcp_fast_path_check(sk);
        }
        if hole + used == here && fin {
            seq += 1;
            consume(sk, seq, flags);
            break Copied::Enough;
        }
        if sleep.copied >= max {
            break Copied::Enough;
        }
    };
    if flags.peek() {
        sleep.peek_seq = Some(seq);
    }
    ended
}

/// Where the call reads on: peeking has a place of its own, from SO_PEEK_OFF on.
fn cursor(sk: &Sock, flags: MsgFlags, sleep: &Sleep) -> Seq {
    let copied_seq = sk.recv_queue.copied_seq();
    if !flags.peek() {
        return copied_seq;
    }
    let offset = sk.opts.peek_off.max(0).unsigned_abs();
    sleep.peek_seq.unwrap_or(copied_seq + offset).max(copied_seq)
}

/// Everything before `seq` was read, unless the call only looks.
fn consume(sk: &mut Sock, seq: Seq, flags: MsgFlags) {
    if !flags.peek() {
        sk.recv_queue.advance_to(seq);
    }
}

/// SO_PEEK_OFF stays at the same byte when others are read, and follows what was looked at.
///
/// Linux: sk_peek_offset_fwd, sk_peek_offset_bwd (include/net/sock.h)
fn move_peek_offset(sk: &mut Sock, used: usize, flags: MsgFlags) {
    let used = i32::try_from(used).unwrap_or(i32::MAX);
    let off = sk.opts.peek_off;
    if off >= 0 {
        let moved = if flags.peek() { off.saturating_add(used) } else { off.saturating_sub(used) };
        sk.opts.peek_off = moved.max(0);
    }
}

/// Bytes to pass over and then to hand out, of `len` at `seq`.
fn around_urgent(sk: &Sock, seq: Seq, len: usize) -> (usize, usize) {
    let ahead = to_usize(sk.rcv.urg_seq - seq);
    if sk.rcv.urg_data == UrgData::None || ahead >= len {
        (0, len)
    } else if ahead > 0 {
        (0, ahead)
    } else if sk.opts.oobinline {
        (0, len)
    } else {
        (1, len - 1)
    }
}

/// Why there is nothing to read, if that is not going to change.
pub(super) fn nothing_to_read(sk: &mut Sock) -> Option<Result<(), Errno>> {
    if sk.done {
        return Some(Ok(()));
    }
    if let Some(err) = sk.err.take() {
        return Some(Err(err));
    }
    if sk.shutdown.rcv {
        return Some(Ok(()));
    }
    (sk.state() == TcpState::Close).then_some(Err(Errno::ENOTCONN))
}

/// The urgent byte.
///
/// [RFC9293:MUST-31] · Linux: tcp_recv_urg
fn tcp_recv_urg(sk: &mut Sock, max: usize, flags: MsgFlags) -> Result<Received, Errno> {
    let absent = matches!(sk.rcv.urg_data, UrgData::None | UrgData::Read);
    if sk.opts.oobinline || absent {
        return Err(Errno::EINVAL);
    }
    if sk.state() == TcpState::Close && !sk.done {
        return Err(Errno::ENOTCONN);
    }
    if let UrgData::Valid(byte) = sk.rcv.urg_data {
        if !flags.peek() {
            sk.rcv.urg_data = UrgData::Read;
        }
        let data = if max > 0 && !flags.trunc() { vec![byte] } else { Vec::new() };
        let (len, flags) = if max > 0 { (1, MSG_OOB) } else { (0, MSG_OOB | MSG_TRUNC) };
        return Ok(Received { data, len, control: Vec::new(), flags });
    }
    if sk.state() == TcpState::Close || sk.shutdown.rcv {
        return Ok(Received::default());
    }
    Err(Errno::EAGAIN)
}

/// The user read: a window update or a delayed ACK may be due.
///
/// [RFC9293:MUST-38] · Linux: tcp_cleanup_rbuf, __tcp_cleanup_rbuf
pub(super) fn tcp_cleanup_rbuf(sk: &mut Sock, copied: usize, cx: &mut Cx) {
    let mut time_to_ack = false;
    if sk.ack.sched && !cx.mutant(Mutant::ReadAcksNothing) {
        let pushed = sk.ack.pushed2 || (sk.ack.pushed && !in_pingpong_mode(sk, cx));
        time_to_ack = sk.rcv.nxt - sk.rcv.wup > sk.ack.rcv_mss
            || (copied > 0 && pushed && rmem_alloc(sk) == 0);
    }
    if copied > 0 && !time_to_ack && !sk.shutdown.rcv && !cx.mutant(Mutant::WindowUpdateMute) {
        let rcv_window_now = tcp_receive_window(sk);
        if 2 * u64::from(rcv_window_now) <= u64::from(sk.rcv.window_clamp) {
            let new_window = __tcp_select_window(sk, cx);
            time_to_ack = new_window != 0 && u64::from(new_window) >= 2 * u64::from(rcv_window_now);
        }
    }
    if time_to_ack {
        tcp_send_ack(sk, cx);
    }
}

/// Linux: tcp_inq_hint
pub(crate) fn tcp_inq_hint(sk: &Sock) -> i32 {
    let inq = i32::try_from(sk.recv_queue.available()).unwrap_or(i32::MAX);
    // A pending FIN counts as one, so that it is not mistaken for silence.
    if inq == 0 && sk.done { 1 } else { inq }
}

fn to_usize(len: u32) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}
