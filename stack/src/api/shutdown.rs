//! shutdown().
//!
//! RFC 9293 §3.6 half-close · Linux: inet_shutdown (net/ipv4/af_inet.c)

use super::close::tcp_shutdown_write;
use super::disconnect::tcp_disconnect;
use crate::cx::Cx;
use crate::effect::Wake;
use crate::errno::Errno;
use crate::mutant::Mutant;
use crate::sock::{ConnectPhase, Sock};
use crate::stack::Stack;
use crate::state::{StateMask, TcpState};
use crate::table::Fd;
use crate::time::Instant;

/// Which direction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// SHUT_RD
    Read,
    /// SHUT_WR
    Write,
    /// SHUT_RDWR
    Both,
}

impl How {
    /// The direction with Linux's number.
    pub const fn from_number(how: i32) -> Result<Self, Errno> {
        match how {
            0 => Ok(Self::Read),
            1 => Ok(Self::Write),
            2 => Ok(Self::Both),
            _ => Err(Errno::EINVAL),
        }
    }
}

impl Stack {
    /// Ends one direction, or both, without giving the descriptor up.
    pub fn shutdown(&mut self, now: Instant, fd: Fd, how: How) -> Result<(), Errno> {
        self.set_now(now);
        let id = self.fds.sock(fd)?;
        self.enter(id, |sk, cx| inet_shutdown(sk, how, cx)).unwrap_or(Err(Errno::EBADF))
    }
}

/// Linux: inet_shutdown
fn inet_shutdown(sk: &mut Sock, how: How, cx: &mut Cx) -> Result<(), Errno> {
    let (read, write) = (how != How::Write, how != How::Read);
    let state = sk.state();
    if sk.connect == ConnectPhase::Connecting {
        let unopened = state.is_in(StateMask::CONNECTING) || state == TcpState::Close;
        let over = ConnectPhase::Disconnecting;
        sk.connect = if unopened { over } else { ConnectPhase::Connected };
    }
    if state == TcpState::SynSent || (state == TcpState::Listen && read) {
        tcp_disconnect(sk, cx);
        sk.connect = ConnectPhase::Unconnected;
        cx.wake(sk.id, Wake::StateChange);
        return Ok(());
    }
    if state != TcpState::Listen {
        sk.shutdown.rcv |= read && !cx.mutant(Mutant::ShutdownReads);
        sk.shutdown.snd |= write;
        if write && !cx.mutant(Mutant::ShutdownKeepsFin) {
            tcp_shutdown_write(sk, cx);
        }
    }
    cx.wake(sk.id, Wake::StateChange);
    if state == TcpState::Close { Err(Errno::ENOTCONN) } else { Ok(()) }
}
