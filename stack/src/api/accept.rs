//! accept(): the next established connection.
//!
//! Linux: inet_accept (net/ipv4/af_inet.c), inet_csk_accept (net/ipv4/inet_connection_sock.c)

use std::net::SocketAddr;
use std::task::Poll;

use super::address::as_seen_by;
use super::sleep::Sleep;
use crate::errno::Errno;
use crate::mutant::Mutant;
use crate::stack::Stack;
use crate::state::TcpState;
use crate::table::{Fd, FdEntry};
use crate::time::Instant;

/// An accepted connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its descriptor.
    pub fd: Fd,
    /// Its peer.
    pub peer: SocketAddr,
}

impl Stack {
    /// Takes the oldest connection off the accept queue, or waits for one.
    pub fn accept(
        &mut self,
        now: Instant,
        fd: Fd,
        nonblock: bool,
        sleep: &mut Sleep,
    ) -> Poll<Result<Accepted, Errno>> {
        self.set_now(now);
        let id = self.fds.sock(fd)?;
        let sk = self.objects.sock_mut(id).ok_or(Errno::EBADF)?;
        if sk.state() != TcpState::Listen {
            return Poll::Ready(Err(Errno::EINVAL));
        }
        let Some(child_id) = sk.listener.ready.pop_front() else {
            if sk.opts.nonblock {
                return Poll::Ready(Err(Errno::EAGAIN));
            }
            return sleep.schedule_timeout(&self.cx, sk.opts.rcvtimeo, Err(Errno::EAGAIN));
        };
        let child = self.objects.sock_mut(child_id).ok_or(Errno::ECONNABORTED)?;
        child.parent = None;
        child.opts.nonblock = nonblock || self.cx.mutant(Mutant::AcceptedBlocksNot);
        let peer = as_seen_by(child, child.flow.remote);
        let fd = self.fds.open(FdEntry::Sock(child_id));
        Poll::Ready(Ok(Accepted { fd, peer }))
    }
}
