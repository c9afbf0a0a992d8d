//! Connections of a [`Host`], as far as the comparison needs them; and those of the reference
//! stack.

use std::io;
use std::net::SocketAddr;
use std::task::Poll;

use synproof_stack::api::{Address, Domain, MsgFlags, Sleep};
use synproof_stack::errno::Errno;
use synproof_stack::time::Instant;
use synproof_stack::{Fd, Stack};

use crate::Host;

/// A host with TCP. No call waits.
pub trait Tcp: Host {
    /// A connection, or a port that waits for one.
    type Conn: Copy;

    /// A listener becomes the connection it accepts, instead of staying one.
    const LISTENER_IS_USED_UP: bool;

    /// Begins to connect, from a free port.
    ///
    /// # Errors
    /// The host's own.
    fn connect(&mut self, now: Instant, remote: SocketAddr) -> io::Result<Self::Conn>;

    /// Waits for one connection to `local`.
    ///
    /// # Errors
    /// The host's own.
    fn listen(&mut self, now: Instant, local: SocketAddr) -> io::Result<Self::Conn>;

    /// The connection once it is established: of a listener, the one it accepted.
    fn established(&mut self, now: Instant, conn: Self::Conn) -> Poll<io::Result<Self::Conn>>;

    /// Takes some of `data`.
    fn send(&mut self, now: Instant, conn: Self::Conn, data: &[u8]) -> Poll<io::Result<usize>>;

    /// Appends up to `max` bytes; 0 at the end of the stream.
    fn recv(
        &mut self,
        now: Instant,
        conn: Self::Conn,
        max: usize,
        into: &mut Vec<u8>,
    ) -> Poll<io::Result<usize>>;

    /// Sends no more; what was sent still arrives. Nothing more is read.
    fn close(&mut self, now: Instant, conn: Self::Conn);

    /// Whether what the connection has sent, its end included, was acknowledged.
    fn is_flushed(&mut self, conn: Self::Conn) -> bool;

    /// Gives back what a closed connection holds, where the host does not do so itself.
    fn forget(&mut self, conn: Self::Conn);
}

impl Tcp for Stack {
    type Conn = Fd;

    const LISTENER_IS_USED_UP: bool = false;

    fn connect(&mut self, now: Instant, remote: SocketAddr) -> io::Result<Fd> {
        let fd = self.socket(now, domain(remote), true);
        let address = Address::Inet(remote);
        match Self::connect(self, now, fd, address, &mut Sleep::default()) {
            Poll::Ready(Ok(()) | Err(Errno::EINPROGRESS)) | Poll::Pending => Ok(fd),
            Poll::Ready(Err(error)) => Err(error.into()),
        }
    }

    fn listen(&mut self, now: Instant, local: SocketAddr) -> io::Result<Fd> {
        let fd = self.socket(now, domain(local), true);
        self.bind(now, fd, Address::Inet(local))?;
        Self::listen(self, now, fd, 1)?;
        Ok(fd)
    }

    fn established(&mut self, now: Instant, conn: Fd) -> Poll<io::Result<Fd>> {
        use synproof_stack::state::TcpState;
        match self.fd_state(conn) {
            Some(TcpState::Listen) => {
                let accepted = self.accept(now, conn, true, &mut Sleep::default());
                outcome(accepted).map_ok(|accepted| accepted.fd)
            }
            Some(TcpState::SynSent | TcpState::SynRecv) => Poll::Pending,
            Some(TcpState::Close) | None => Poll::Ready(Err(Errno::ECONNREFUSED.into())),
            Some(
                TcpState::NewSynRecv
                | TcpState::Established
                | TcpState::FinWait1
                | TcpState::FinWait2
                | TcpState::TimeWait
                | TcpState::CloseWait
                | TcpState::LastAck
                | TcpState::Closing,
            ) => Poll::Ready(Ok(conn)),
        }
    }

    fn send(&mut self, now: Instant, conn: Fd, data: &[u8]) -> Poll<io::Result<usize>> {
        outcome(Self::send(self, now, conn, data, MsgFlags(0), &mut Sleep::default()))
    }

    fn recv(
        &mut self,
        now: Instant,
        conn: Fd,
        max: usize,
        into: &mut Vec<u8>,
    ) -> Poll<io::Result<usize>> {
        let got = Self::recv(self, now, conn, max, MsgFlags(0), &mut Sleep::default());
        outcome(got).map_ok(|got| {
            into.extend_from_slice(&got.data);
            got.data.len()
        })
    }

    fn close(&mut self, now: Instant, conn: Fd) {
        // A socket that does not linger closes at once.
        let _closed = Self::close(self, now, conn, &mut Sleep::default());
    }

    fn is_flushed(&mut self, _conn: Fd) -> bool {
        use synproof_stack::state::TcpState::{FinWait2, Listen, TimeWait};
        self.connections().all(|(_, state)| matches!(state, FinWait2 | Listen | TimeWait))
    }

    fn forget(&mut self, _conn: Fd) {}
}

const fn domain(addr: SocketAddr) -> Domain {
    if addr.is_ipv6() { Domain::Inet6 } else { Domain::Inet }
}

/// A call that would have to wait is pending.
fn outcome<T>(outcome: Poll<Result<T, Errno>>) -> Poll<io::Result<T>> {
    match outcome {
        Poll::Ready(Err(Errno::EAGAIN)) | Poll::Pending => Poll::Pending,
        Poll::Ready(result) => Poll::Ready(result.map_err(Into::into)),
    }
}
