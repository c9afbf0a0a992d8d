//! splice() and sendfile().
//!
//! Linux: do_splice, splice_to_socket, splice_direct_to_actor (fs/splice.c), do_sendfile
//! (fs/read_write.c), tcp_splice_read, tcp_read_sock (net/ipv4/tcp.c)

use std::task::{Poll, ready};

use super::recv::{nothing_to_read, tcp_cleanup_rbuf};
use super::send::{MsgFlags, tcp_splice_eof};
use super::sleep::Sleep;
use crate::cx::Cx;
use crate::errno::Errno;
use crate::input::tcp_rcv_space_adjust;
use crate::sock::control_block::UrgData;
use crate::sock::recv_queue::Located;
use crate::sock::{Sock, SockId};
use crate::stack::Stack;
use crate::state::TcpState;
use crate::table::pipe::{Pipe, PipeEnd, PipeId};
use crate::table::{Fd, FdEntry};
use crate::time::Instant;

const SPLICE_F_NONBLOCK: u32 = 2;
const SPLICE_F_MORE: u32 = 4;
/// SPLICE_F_ALL
const SPLICE_F_ALL: u32 = 0xf;
const MSG_MORE: i32 = 0x8000;
/// Bytes that sendfile moves at once: what a pipe holds.
const DIRECT_LEN: usize = 16 * 4096;

/// One side of a splice.
#[derive(Clone, Copy, Debug)]
pub struct SpliceSide {
    /// The descriptor.
    pub fd: Fd,
    /// Where in the file, if not where it stands.
    pub offset: Option<i64>,
}

/// What a descriptor is to a splice.
#[derive(Clone, Copy)]
enum Side {
    Sock(SockId),
    Pipe(PipeId),
    File,
}

impl Stack {
    /// Moves up to `len` bytes between a pipe and something else.
    pub fn splice(
        &mut self,
        now: Instant,
        (from, to): (SpliceSide, SpliceSide),
        len: usize,
        flags: u32,
        sleep: &mut Sleep,
    ) -> Poll<Result<usize, Errno>> {
        self.set_now(now);
        if len == 0 {
            return Poll::Ready(Ok(0));
        }
        if flags & !SPLICE_F_ALL != 0 {
            return Poll::Ready(Err(Errno::EINVAL));
        }
        let (source, target) =
            (self.side(from.fd, PipeEnd::Read)?, self.side(to.fd, PipeEnd::Write)?);
        let misplaced =
            |side, offset: Option<i64>| matches!(side, Side::Pipe(_)) && offset.is_some();
        if misplaced(source, from.offset) || misplaced(target, to.offset) {
            return Poll::Ready(Err(Errno::ESPIPE));
        }
        match (source, target) {
            (Side::Sock(_), Side::Pipe(_)) if from.offset.is_some() => {
                Poll::Ready(Err(Errno::EINVAL))
            }
            (Side::Pipe(_), Side::Sock(_)) if to.offset.is_some() => {
                Poll::Ready(Err(Errno::EINVAL))
            }
            (Side::Sock(id), Side::Pipe(pipe)) => {
                self.splice_from_sock(id, pipe, (len, flags), sleep)
            }
            (Side::Pipe(pipe), Side::Sock(_)) => {
                self.splice_to_socket(pipe, to.fd, (len, flags), sleep)
            }
            (Side::File, Side::Pipe(pipe)) => self.splice_from_file(from, pipe, len, flags, sleep),
            (Side::Pipe(one), Side::Pipe(other)) if one == other => Poll::Ready(Err(Errno::EINVAL)),
            (Side::Pipe(one), Side::Pipe(other)) => {
                self.splice_pipes(one, other, (len, flags), sleep)
            }
            (Side::Sock(_) | Side::File, Side::Sock(_) | Side::File)
            | (Side::Pipe(_), Side::File) => Poll::Ready(Err(Errno::EINVAL)),
        }
    }

    /// A descriptor that may be used in the direction of `end`.
    fn side(&self, fd: Fd, end: PipeEnd) -> Result<Side, Errno> {
        match self.fds.get(fd)? {
            FdEntry::Sock(id) => Ok(Side::Sock(*id)),
            FdEntry::Pipe(id, which) if *which == end => Ok(Side::Pipe(*id)),
            FdEntry::File(_) if end == PipeEnd::Read => Ok(Side::File),
            FdEntry::Pipe(..) | FdEntry::File(_) => Err(Errno::EBADF),
            FdEntry::Epoll(_) => Err(Errno::EINVAL),
        }
    }

    /// Linux: tcp_splice_read (net/ipv4/tcp.c), splice_file_to_pipe (fs/splice.c)
    fn splice_from_sock(
        &mut self,
        id: SockId,
        pipe_id: PipeId,
        (len, flags): (usize, u32),
        sleep: &mut Sleep,
    ) -> Poll<Result<usize, Errno>> {
        let pipe = self.pipes.get_mut(&pipe_id).ok_or(Errno::EBADF)?;
        if sleep.copied == 0 {
            ready!(wait_for_space(pipe, flags, self.cx.now, sleep))?;
        }
        let before = sleep.copied;
        let sk = self.objects.sock_mut(id).ok_or(Errno::EBADF)?;
        let result = tcp_splice_read(sk, pipe, len, sleep, &mut self.cx);
        self.apply_effects();
        if sleep.copied > before {
            self.wake_pipe(pipe_id);
        }
        result
    }

    /// Linux: splice_to_socket (fs/splice.c)
    fn splice_to_socket(
        &mut self,
        pipe_id: PipeId,
        fd: Fd,
        (len, flags): (usize, u32),
        sleep: &mut Sleep,
    ) -> Poll<Result<usize, Errno>> {
        let now = self.cx.now;
        while sleep.spliced < len {
            let spliced = sleep.spliced;
            let pipe = self.pipes.get_mut(&pipe_id).ok_or(Errno::EBADF)?;
            if spliced > 0 && pipe.is_empty() {
                break;
            }
            if !ready!(wait_for_data(pipe, flags, now, sleep))? {
                break;
            }
            let data = pipe.peek(len - spliced);
            let more = flags & SPLICE_F_MORE != 0;
            let flags = MsgFlags(if more { MSG_MORE } else { 0 });
            let sent = match ready!(self.send(now, fd, &data, flags, sleep)) {
                Err(err) if sleep.spliced == 0 => return Poll::Ready(Err(err)),
                Ok(0) | Err(_) => break,
                Ok(sent) => sent,
            };
            sleep.begin_again();
            sleep.spliced += sent;
            if let Some(pipe) = self.pipes.get_mut(&pipe_id) {
                pipe.advance(sent);
            }
            self.wake_pipe(pipe_id);
        }
        Poll::Ready(Ok(sleep.spliced))
    }

    fn splice_from_file(
        &mut self,
        from: SpliceSide,
        pipe_id: PipeId,
        len: usize,
        flags: u32,
        sleep: &mut Sleep,
    ) -> Poll<Result<usize, Errno>> {
        let pipe = self.pipes.get_mut(&pipe_id).ok_or(Errno::EBADF)?;
        ready!(wait_for_space(pipe, flags, self.cx.now, sleep))?;
        let FdEntry::File(file) = self.fds.get_mut(from.fd)? else {
            return Poll::Ready(Err(Errno::EBADF));
        };
        let at = match from.offset {
            Some(offset) => usize::try_from(offset).map_err(|_| Errno::EINVAL)?,
            None => file.pos,
        };
        let spliced = pipe.splice_in(file.at(at, len));
        if from.offset.is_none() {
            file.pos += spliced;
        }
        self.wake_pipe(pipe_id);
        Poll::Ready(Ok(spliced))
    }

    fn splice_pipes(
        &mut self,
        from: PipeId,
        to: PipeId,
        (len, flags): (usize, u32),
        sleep: &mut Sleep,
    ) -> Poll<Result<usize, Errno>> {
        let now = self.cx.now;
        let source = self.pipes.get(&from).ok_or(Errno::EBADF)?;
        if !ready!(wait_for_data(source, flags, now, sleep))? {
            return Poll::Ready(Ok(0));
        }
        let data = source.peek(len);
        let target = self.pipes.get_mut(&to).ok_or(Errno::EBADF)?;
        ready!(wait_for_space(target, flags, now, sleep))?;
        let moved = target.splice_in(&data);
        if let Some(source) = self.pipes.get_mut(&from) {
            source.advance(moved);
        }
        self.wake_pipe(from);
        self.wake_pipe(to);
        Poll::Ready(Ok(moved))
    }

    /// Sends up to `count` bytes of a file, from `offset` on or from where it stands.
    ///
    /// Linux: do_sendfile (fs/read_write.c), splice_direct_to_actor (fs/splice.c)
    pub fn sendfile(
        &mut self,
        now: Instant,
        (out, file): (Fd, SpliceSide),
        count: usize,
        sleep: &mut Sleep,
    ) -> Poll<Result<usize, Errno>> {
        self.set_now(now);
        let source = self.side(file.fd, PipeEnd::Read)?;
        if file.offset.is_some() && !matches!(source, Side::File) {
            return Poll::Ready(Err(Errno::ESPIPE));
        }
        let start = match file.offset {
            Some(offset) => usize::try_from(offset).map_err(|_| Errno::EINVAL)?,
            None => 0,
        };
        if let Side::Pipe(pipe) = self.side(out, PipeEnd::Write)? {
            return match source {
                Side::File => self.splice_from_file(file, pipe, count, 0, sleep),
                Side::Sock(_) | Side::Pipe(_) => Poll::Ready(Err(Errno::EINVAL)),
            };
        }
        if count == 0 {
            return Poll::Ready(Ok(0));
        }
        while sleep.spliced < count {
            let FdEntry::File(open) = self.fds.get(file.fd)? else {
                return Poll::Ready(Err(Errno::EINVAL));
            };
            let at = if file.offset.is_some() { start } else { open.pos };
            let want = count - sleep.spliced;
            let data = open.at(at + sleep.spliced, want.min(DIRECT_LEN)).to_vec();
            if data.is_empty() {
                break;
            }
            // More is to come until the whole request has been read, whatever the file holds.
            let flags = MsgFlags(if data.len() < want { MSG_MORE } else { 0 });
            let sent = match ready!(self.send(now, out, &data, flags, sleep)) {
                Err(err) if sleep.spliced == 0 => return Poll::Ready(Err(err)),
                Err(_) => break,
                Ok(sent) => sent,
            };
            sleep.begin_again();
            sleep.spliced += sent;
            if sent < data.len() {
                break;
            }
        }
        let sent = sleep.spliced;
        if let (None, Ok(FdEntry::File(open))) = (file.offset, self.fds.get_mut(file.fd)) {
            open.pos += sent;
        }
        if sent < count && sent > 0 {
            self.splice_eof(out);
        }
        Poll::Ready(Ok(sent))
    }

    /// The file ended before the request: what was held back for more goes out.
    ///
    /// Linux: inet_splice_eof, tcp_splice_eof (net/ipv4/tcp.c)
    fn splice_eof(&mut self, out: Fd) {
        if let Ok(id) = self.fds.sock(out) {
            self.enter(id, tcp_splice_eof);
        }
    }
}

/// Linux: wait_for_space (fs/splice.c)
fn wait_for_space(
    pipe: &Pipe,
    flags: u32,
    now: Instant,
    sleep: &mut Sleep,
) -> Poll<Result<(), Errno>> {
    if pipe.reader.is_none() {
        return Poll::Ready(Err(Errno::EPIPE));
    }
    if !pipe.is_full() {
        return Poll::Ready(Ok(()));
    }
    if flags & SPLICE_F_NONBLOCK != 0 || pipe.writer_nonblock {
        return Poll::Ready(Err(Errno::EAGAIN));
    }
    sleep.wait(now, None, Err(Errno::EAGAIN))
}

/// Whether there is anything to take, now or once somebody has written; never, if nobody will.
///
/// Linux: ipipe_prep (fs/splice.c)
fn wait_for_data(
    pipe: &Pipe,
    flags: u32,
    now: Instant,
    sleep: &mut Sleep,
) -> Poll<Result<bool, Errno>> {
    if !pipe.is_empty() || pipe.writer.is_none() {
        return Poll::Ready(Ok(!pipe.is_empty()));
    }
    if flags & SPLICE_F_NONBLOCK != 0 || pipe.reader_nonblock {
        return Poll::Ready(Err(Errno::EAGAIN));
    }
    sleep.wait(now, None, Err(Errno::EAGAIN))
}

/// Linux: tcp_splice_read (net/ipv4/tcp.c)
fn tcp_splice_read(
    sk: &mut Sock,
    pipe: &mut Pipe,
    len: usize,
    sleep: &mut Sleep,
    cx: &mut Cx,
) -> Poll<Result<usize, Errno>> {
    if sleep.is_disconnected(sk) {
        let spliced = sleep.copied;
        return Poll::Ready(if spliced > 0 { Ok(spliced) } else { Err(Errno::EPIPE) });
    }
    loop {
        let got = tcp_read_sock(sk, pipe, len - sleep.copied, cx);
        sleep.copied += got;
        let spliced = sleep.copied;
        if got > 0 {
            let over = sk.err.is_some() || sk.state() == TcpState::Close || sk.shutdown.rcv;
            if spliced == len || sk.opts.nonblock || over {
                return Poll::Ready(Ok(spliced));
            }
            continue;
        }
        if spliced > 0 {
            return Poll::Ready(Ok(spliced));
        }
        if let Some(end) = nothing_to_read(sk) {
            return Poll::Ready(end.map(|()| 0));
        }
        if sk.opts.nonblock {
            return Poll::Ready(Err(Errno::EAGAIN));
        }
        // There is something, but it cannot be had this way: the urgent byte.
        if !sk.recv_queue.is_empty() {
            return Poll::Ready(Ok(0));
        }
        return sleep.sk_wait_event(sk, cx, sk.opts.rcvtimeo, Err(Errno::EAGAIN));
    }
}

/// Gives the pipe what is in order, up to the urgent byte.
///
/// Linux: tcp_read_sock (net/ipv4/tcp.c)
fn tcp_read_sock(sk: &mut Sock, pipe: &mut Pipe, max: usize, cx: &mut Cx) -> usize {
    let mut copied = 0;
    let mut seq = sk.recv_queue.copied_seq();
    while copied < max {
        let (used, at_end, fin) = match sk.recv_queue.locate(seq) {
            Located::Data(bytes, fin, _) => {
                let mut len = bytes.len().min(max - copied);
                if sk.rcv.urg_data != UrgData::None {
                    len = len.min(usize::try_from(sk.rcv.urg_seq - seq).unwrap_or(usize::MAX));
                }
                let used = pipe.splice_in(bytes.get(..len).unwrap_or_default());
                (used, used == bytes.len(), fin)
            }
            Located::Fin => (0, true, true),
            Located::Nothing => break,
        };
        seq = seq.plus_len(used) + u32::from(at_end && fin);
        copied += used;
        sk.recv_queue.advance_to(seq);
        if used == 0 || (at_end && fin) {
            break;
        }
    }
    tcp_rcv_space_adjust(sk, cx);
    if copied > 0 {
        tcp_cleanup_rbuf(sk, copied, cx);
    }
    copied
}
