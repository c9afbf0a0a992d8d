//! socket().
//!
//! RFC 9293 §3.10.1 · Linux: inet_create (net/ipv4/af_inet.c), tcp_init_sock (net/ipv4/tcp.c)

use crate::errno::Errno;
use crate::sock::Sock;
use crate::stack::Stack;
use crate::table::{Fd, FdEntry};
use crate::time::Instant;

/// Address families with TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// AF_INET
    Inet,
    /// AF_INET6
    Inet6,
}

impl Stack {
    /// A fresh TCP socket.
    pub fn socket(&mut self, now: Instant, domain: Domain, nonblock: bool) -> Fd {
        self.set_now(now);
        let id = self.objects.reserve();
        let is_v6 = domain == Domain::Inet6;
        let mut sk = Sock::new(id, is_v6, &self.cx);
        sk.opts.nonblock = nonblock;
        sk.opts.v6only = is_v6 && self.cx.sysctl.bindv6only != 0;
        self.add_sock(sk);
        self.fds.open(FdEntry::Sock(id))
    }

    /// The socket behind a descriptor.
    pub(crate) fn sock_of(&self, fd: Fd) -> Result<&Sock, Errno> {
        let id = self.fds.sock(fd)?;
        self.objects.sock(id).ok_or(Errno::EBADF)
    }

    /// The socket behind a descriptor, to change its options only.
    pub(crate) fn sock_of_mut(&mut self, fd: Fd) -> Result<&mut Sock, Errno> {
        let id = self.fds.sock(fd)?;
        self.objects.sock_mut(id).ok_or(Errno::EBADF)
    }
}
