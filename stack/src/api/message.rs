//! What sendmsg() and recvmsg() move besides bytes.

use super::send::{MsgFlags, tcp_sendmsg};
use super::sleep::Sleep;
use crate::errno::Errno;
use crate::stack::Stack;
use crate::table::Fd;
use crate::time::Instant;
use std::task::Poll;

/// A control message (struct cmsghdr with its data).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlMessage {
    /// `cmsg_level`
    pub level: i32,
    /// `cmsg_type`
    pub ty: i32,
    /// The data, without padding.
    pub data: Vec<u8>,
}

/// What a sending call hands over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handed<'a> {
    pub(crate) data: &'a [u8],
    /// Where its buffers end in `data`.
    pub(crate) ends: &'a [usize],
    pub(crate) control: &'a [ControlMessage],
    pub(crate) flags: MsgFlags,
}

impl Stack {
    /// Hands `data` over for sending; returns how much of it was taken.
    pub fn send(
        &mut self,
        now: Instant,
        fd: Fd,
        data: &[u8],
        flags: MsgFlags,
        sleep: &mut Sleep,
    ) -> Poll<Result<usize, Errno>> {
        self.hand_over(now, fd, Handed { data, ends: &[data.len()], control: &[], flags }, sleep)
    }

    /// Hands the buffers `iov` over, one after the other, with what `control` says about them.
    pub fn sendmsg(
        &mut self,
        now: Instant,
        fd: Fd,
        (iov, control): (&[&[u8]], &[ControlMessage]),
        flags: MsgFlags,
        sleep: &mut Sleep,
    ) -> Poll<Result<usize, Errno>> {
        let data = iov.concat();
        let mut end = 0;
        let ends: Vec<usize> = iov
            .iter()
            .map(|buffer| {
                end += buffer.len();
                end
            })
            .collect();
        self.hand_over(now, fd, Handed { data: &data, ends: &ends, control, flags }, sleep)
    }

    fn hand_over(
        &mut self,
        now: Instant,
        fd: Fd,
        handed: Handed<'_>,
        sleep: &mut Sleep,
    ) -> Poll<Result<usize, Errno>> {
        self.set_now(now);
        let id = self.fds.sock(fd)?;
        self.enter(id, |sk, cx| tcp_sendmsg(sk, handed, sleep, cx))
            .unwrap_or(Poll::Ready(Err(Errno::EBADF)))
    }
}
