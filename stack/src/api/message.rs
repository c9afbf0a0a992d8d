//! What sendmsg() and recvmsg() move besides bytes, and how a sending call begins and ends.
//!
//! Linux: struct msghdr, the head and the tail of tcp_sendmsg_locked (net/ipv4/tcp.c)

use std::task::{Poll, ready};

use super::Address;
use super::send::{MsgFlags, tcp_sendmsg};
use super::sleep::Sleep;
use crate::errno::Errno;
use crate::errqueue::zerocopy::{msg_zerocopy_realloc, net_zcopy_put};
use crate::fastopen::FastopenSent;
use crate::sock::SockId;
use crate::stack::Stack;
use crate::table::Fd;
use crate::time::Instant;

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

/// What a sending call was given (struct msghdr).
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The bytes.
    pub data: &'a [u8],
    /// Bytes the call named; more than `data` if some of its memory cannot be read.
    pub size: usize,
    /// Where each of the call's buffers ends in `data`.
    pub ends: &'a [usize],
    /// Where to; a connected socket does not look at it.
    pub name: Option<Address>,
    /// What is said about the bytes.
    pub control: &'a [ControlMessage],
    /// MSG_*
    pub flags: MsgFlags,
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
        let size = data.len();
        let message = Message { data, size, ends: &[size], name: None, control: &[], flags };
        self.sendmsg(now, fd, &message, sleep)
    }

    /// [`Self::send`] with all that sendmsg() can say.
    pub fn sendmsg(
        &mut self,
        now: Instant,
        fd: Fd,
        message: &Message<'_>,
        sleep: &mut Sleep,
    ) -> Poll<Result<usize, Errno>> {
        self.set_now(now);
        let id = self.fds.sock(fd)?;
        if message.flags.zerocopy() && !std::mem::replace(&mut sleep.zerocopy_begun, true) {
            let begun = self.enter(id, |sk, cx| msg_zerocopy_realloc(sk, message.ends, cx));
            sleep.zerocopy = begun.unwrap_or(Err(Errno::EBADF))?;
        }
        let result = self.open_and_send(id, message, sleep);
        if let Poll::Ready(result) = &result
            && let Some(call) = sleep.zerocopy.take()
        {
            self.enter(id, |sk, cx| net_zcopy_put(sk, &call, result.is_err(), cx));
        }
        result
    }

    /// The connection may have to be opened first.
    fn open_and_send(
        &mut self,
        id: SockId,
        message: &Message<'_>,
        sleep: &mut Sleep,
    ) -> Poll<Result<usize, Errno>> {
        if sleep.fastopen || (!sleep.has_slept() && self.is_fastopen_send(id, message)) {
            match ready!(self.tcp_sendmsg_fastopen(id, message, sleep))? {
                FastopenSent::InProgress(copied) => return Poll::Ready(Ok(copied)),
                FastopenSent::Connected(copied) => sleep.copied = copied,
            }
        }
        self.enter(id, |sk, cx| tcp_sendmsg(sk, message, sleep, cx))
            .unwrap_or(Poll::Ready(Err(Errno::EBADF)))
    }
}
