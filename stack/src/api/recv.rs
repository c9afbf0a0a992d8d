//! recv() and its relatives.
//!
//! RFC 9293 §3.10.3 RECEIVE · Linux: tcp_recvmsg_locked, tcp_recv_urg, tcp_cleanup_rbuf
//! (net/ipv4/tcp.c)

use std::task::Poll;

use super::send::MsgFlags;
use super::sleep::Sleep;
use crate::cx::Cx;
use crate::errno::Errno;
use crate::input::tcp_rcv_space_adjust;
use crate::output::ack::{in_pingpong_mode, tcp_send_ack};
use crate::output::window::{__tcp_select_window, rmem_alloc, tcp_receive_window};
use crate::sock::Sock;
use crate::sock::control_block::UrgData;
use crate::stack::Stack;
use crate::state::TcpState;
use crate::table::Fd;
use crate::time::Instant;

/// What a receiving call got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// The bytes; empty at the end of the stream.
    pub data: Vec<u8>,
    /// Return value; differs from the length of `data` only with MSG_TRUNC.
    pub len: usize,
    /// Bytes left to read, if TCP_INQ asks for it.
    pub inq: Option<i32>,
    /// `msg_flags`: MSG_OOB, MSG_TRUNC.
    pub flags: i32,
}

/// MSG_OOB in msg_flags.
const MSG_OOB: i32 = 0x1;

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

/// Linux: tcp_recvmsg_locked
fn tcp_recvmsg(
    sk: &mut Sock,
    max: usize,
    flags: MsgFlags,
    sleep: &mut Sleep,
    cx: &mut Cx,
) -> Poll<Result<Received, Errno>> {
    if sk.state() == TcpState::Listen {
        return Poll::Ready(Err(Errno::ENOTCONN));
    }
    if flags.oob() {
        return Poll::Ready(tcp_recv_urg(sk, max, flags));
    }
    let nonblock = sk.opts.nonblock || flags.dontwait();
    let target = target_len(sk, max, flags);
    if flags.peek() {
        // What was seen on an earlier try is still in the queue.
        sleep.done.clear();
        sleep.copied = 0;
    }
    let copied = copy(sk, max - sleep.copied.min(max), flags, sleep, cx);
    let so_far = sleep.copied;
    let stop = copied == Copied::Fin || so_far >= target;
    if !stop && so_far == 0 {
        if let Some(end) = nothing_to_read(sk) {
            return Poll::Ready(end.map(|()| Received::default()));
        }
        if nonblock {
            return Poll::Ready(Err(Errno::EAGAIN));
        }
    }
    let over = nonblock || sk.err.is_some() || sk.shutdown.rcv || sk.state() == TcpState::Close;
    if !stop && (so_far == 0 || !over) {
        tcp_cleanup_rbuf(sk, so_far, cx);
        let expired = if so_far == 0 { Err(Errno::EAGAIN) } else { Ok(()) };
        match sleep.wait(cx.now, sk.opts.rcvtimeo_us, expired) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(err)) => return Poll::Ready(Err(err)),
            Poll::Ready(Ok(())) => {}
        }
    }
    tcp_cleanup_rbuf(sk, so_far, cx);
    let inq = sk.opts.inq.then(|| tcp_inq_hint(sk));
    let data = std::mem::take(&mut sleep.done);
    Poll::Ready(Ok(Received { data, len: so_far, inq, flags: 0 }))
}

/// Linux: sock_rcvlowat
fn target_len(sk: &Sock, max: usize, flags: MsgFlags) -> usize {
    if flags.waitall() {
        return max;
    }
    usize::try_from(sk.opts.rcvlowat).unwrap_or(usize::MAX).min(max).max(usize::from(max > 0))
}

/// How a try of copying ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Copied {
    /// The queue is empty, or the buffer full.
    Data,
    /// The end of the stream was reached.
    Fin,
}

/// Moves bytes to the user, around the urgent byte.
fn copy(sk: &mut Sock, max: usize, flags: MsgFlags, sleep: &mut Sleep, cx: &mut Cx) -> Copied {
    let mut room = max;
    if flags.peek() {
        let bytes = look(sk, room);
        sleep.copied += bytes.len();
        sleep.done.extend(bytes);
        return if sk.recv_queue.is_at_fin() { Copied::Fin } else { Copied::Data };
    }
    while let Some(take) = up_to_urgent(sk, room, sleep.copied) {
        let bytes = if flags.trunc() {
            vec![0; sk.recv_queue.skip(take)]
        } else {
            sk.recv_queue.read(take)
        };
        if bytes.is_empty() {
            break;
        }
        room -= bytes.len();
        sleep.copied += bytes.len();
        if !flags.trunc() {
            sleep.done.extend(bytes);
        }
        tcp_rcv_space_adjust(sk, cx);
    }
    if room > 0 && sk.recv_queue.take_fin() { Copied::Fin } else { Copied::Data }
}

/// What a read would take, without taking it.
fn look(sk: &Sock, room: usize) -> Vec<u8> {
    let copied_seq = sk.recv_queue.copied_seq();
    if sk.rcv.urg_data == UrgData::None || copied_seq.after(sk.rcv.urg_seq) {
        return sk.recv_queue.peek(0, room);
    }
    match to_usize(sk.rcv.urg_seq - copied_seq) {
        0 => sk.recv_queue.peek(usize::from(!sk.opts.oobinline), room),
        ahead => sk.recv_queue.peek(0, room.min(ahead)),
    }
}

/// How much may be taken at once: a read ends at the urgent byte, and one that begins there passes
/// over it. None when it has to end here.
fn up_to_urgent(sk: &mut Sock, room: usize, copied: usize) -> Option<usize> {
    if sk.rcv.urg_data != UrgData::None && sk.recv_queue.copied_seq().after(sk.rcv.urg_seq) {
        sk.rcv.urg_data = UrgData::None;
    }
    if sk.rcv.urg_data == UrgData::None {
        return Some(room);
    }
    let ahead = to_usize(sk.rcv.urg_seq - sk.recv_queue.copied_seq());
    if ahead > 0 || sk.recv_queue.available() == 0 {
        return Some(room.min(ahead.max(1)));
    }
    if copied > 0 {
        return None;
    }
    if !sk.opts.oobinline {
        sk.recv_queue.skip(1);
    }
    sk.rcv.urg_data = UrgData::None;
    Some(room)
}

/// Why there is nothing to read, if that is not going to change.
fn nothing_to_read(sk: &mut Sock) -> Option<Result<(), Errno>> {
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
        let len = usize::from(max > 0);
        return Ok(Received { data, len, inq: None, flags: MSG_OOB });
    }
    if sk.state() == TcpState::Close || sk.shutdown.rcv {
        return Ok(Received::default());
    }
    Err(Errno::EAGAIN)
}

/// The user read: a window update or a delayed ACK may be due.
///
/// [RFC9293:MUST-38] · Linux: tcp_cleanup_rbuf, __tcp_cleanup_rbuf
fn tcp_cleanup_rbuf(sk: &mut Sock, copied: usize, cx: &mut Cx) {
    let mut time_to_ack = false;
    if sk.ack.sched {
        let pushed = sk.ack.pushed2 || (sk.ack.pushed && !in_pingpong_mode(sk, cx));
        time_to_ack = sk.rcv.nxt - sk.rcv.wup > sk.ack.rcv_mss
            || (copied > 0 && pushed && rmem_alloc(sk) == 0);
    }
    if copied > 0 && !time_to_ack && !sk.shutdown.rcv {
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
