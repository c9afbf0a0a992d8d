//! Descriptors that are no sockets: pipe(), open(), and read() and write() of both.
//!
//! Linux: do_pipe2, pipe_read, pipe_write (fs/pipe.c). The host's program says what a file holds;
//! files are read, never written.

use std::task::Poll;

use super::sleep::Sleep;
use crate::effect::Wake;
use crate::errno::Errno;
use crate::stack::Stack;
use crate::table::pipe::{OpenFile, Pipe, PipeEnd, PipeId};
use crate::table::{Fd, FdEntry};
use crate::time::Instant;

/// What read() of a file or pipe got, or is waiting for.
type Bytes = Poll<Result<Vec<u8>, Errno>>;

impl Stack {
    /// The two ends of a new pipe: for reading, for writing.
    pub fn pipe(&mut self) -> (Fd, Fd) {
        let id = self.pipes.last_key_value().map_or(PipeId(0), |(last, _)| PipeId(last.0 + 1));
        let reader = self.fds.open(FdEntry::Pipe(id, PipeEnd::Read));
        let writer = self.fds.open(FdEntry::Pipe(id, PipeEnd::Write));
        self.pipes.insert(id, Pipe::new(reader, writer));
        (reader, writer)
    }

    /// A descriptor of a file that holds `bytes`, for reading.
    pub fn open(&mut self, bytes: Vec<u8>) -> Fd {
        self.fds.open(FdEntry::File(OpenFile { bytes, pos: 0 }))
    }

    /// read() of what is no socket.
    pub fn read_file(&mut self, now: Instant, fd: Fd, max: usize, sleep: &mut Sleep) -> Bytes {
        self.set_now(now);
        let id = match self.fds.get_mut(fd)? {
            FdEntry::File(file) => {
                let bytes = file.at(file.pos, max).to_vec();
                file.pos += bytes.len();
                return Poll::Ready(Ok(bytes));
            }
            FdEntry::Pipe(id, PipeEnd::Read) => *id,
            FdEntry::Pipe(_, PipeEnd::Write) => return Poll::Ready(Err(Errno::EBADF)),
            FdEntry::Sock(_) | FdEntry::Epoll(_) => return Poll::Ready(Err(Errno::EINVAL)),
        };
        let pipe = self.pipes.get_mut(&id).ok_or(Errno::EBADF)?;
        if pipe.is_empty() && pipe.writer.is_some() && max > 0 {
            if pipe.reader_nonblock {
                return Poll::Ready(Err(Errno::EAGAIN));
            }
            return sleep.wait(now, None, Err(Errno::EAGAIN));
        }
        let bytes = pipe.peek(max);
        pipe.advance(bytes.len());
        self.wake_pipe(id);
        Poll::Ready(Ok(bytes))
    }

    /// write() to what is no socket.
    pub fn write_file(
        &mut self,
        now: Instant,
        fd: Fd,
        data: &[u8],
        sleep: &mut Sleep,
    ) -> Poll<Result<usize, Errno>> {
        self.set_now(now);
        let id = match self.fds.get(fd)? {
            FdEntry::Pipe(id, PipeEnd::Write) => *id,
            FdEntry::Pipe(_, PipeEnd::Read) | FdEntry::File(_) => {
                return Poll::Ready(Err(Errno::EBADF));
            }
            FdEntry::Sock(_) | FdEntry::Epoll(_) => return Poll::Ready(Err(Errno::EINVAL)),
        };
        let pipe = self.pipes.get_mut(&id).ok_or(Errno::EBADF)?;
        if pipe.reader.is_none() {
            return Poll::Ready(Err(Errno::EPIPE));
        }
        let written = pipe.write(data.get(sleep.copied..).unwrap_or_default());
        sleep.copied += written;
        let nonblock = pipe.writer_nonblock;
        if written > 0 {
            self.wake_pipe(id);
        }
        let so_far = if sleep.copied > 0 { Ok(sleep.copied) } else { Err(Errno::EAGAIN) };
        if sleep.copied == data.len() {
            return Poll::Ready(Ok(sleep.copied));
        }
        if nonblock { Poll::Ready(so_far) } else { sleep.wait(now, None, so_far) }
    }

    /// O_NONBLOCK of one end of a pipe.
    pub(super) fn set_pipe_nonblock(&mut self, fd: Fd, nonblock: bool) {
        let Ok(FdEntry::Pipe(id, end)) = self.fds.get(fd) else { return };
        let Some(pipe) = self.pipes.get_mut(id) else { return };
        match end {
            PipeEnd::Read => pipe.reader_nonblock = nonblock,
            PipeEnd::Write => pipe.writer_nonblock = nonblock,
        }
    }

    /// A descriptor of a pipe was closed.
    pub(super) fn close_pipe(&mut self, id: PipeId, end: PipeEnd) {
        let Some(pipe) = self.pipes.get_mut(&id) else { return };
        match end {
            PipeEnd::Read => pipe.reader = None,
            PipeEnd::Write => pipe.writer = None,
        }
        if pipe.reader.is_none() && pipe.writer.is_none() {
            self.pipes.remove(&id);
        }
        self.wake_pipe(id);
    }

    /// Something changed between the ends of a pipe.
    pub(super) fn wake_pipe(&mut self, id: PipeId) {
        let Some(pipe) = self.pipes.get(&id) else { return };
        let ends = [(pipe.reader, Wake::Readable), (pipe.writer, Wake::Writable)];
        for (fd, wake) in ends {
            self.wake_fd(fd, wake);
        }
    }
}
