//! shutdown().
//!
//! RFC 9293 §3.6 half-close · Linux: inet_shutdown (net/ipv4/af_inet.c)

use super::close::tcp_shutdown_write;
use super::disconnect::tcp_disconnect;
use crate::effect::Wake;
use crate::errno::Errno;
use crate::sock::ConnectPhase;
use crate::stack::Stack;
use crate::state::TcpState;
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
        self.enter(id, |sk, cx| {
            let (read, write) = (how != How::Write, how != How::Read);
            let mut result = Ok(());
            match sk.state() {
                TcpState::SynSent => {
                    tcp_disconnect(sk, cx);
                    sk.connect = ConnectPhase::Unconnected;
                }
                TcpState::Listen => {
                    if read {
                        tcp_disconnect(sk, cx);
                        sk.connect = ConnectPhase::Unconnected;
                    }
                }
                state => {
                    if state == TcpState::Close {
                        result = Err(Errno::ENOTCONN);
                    }
                    sk.shutdown.rcv |= read;
                    sk.shutdown.snd |= write;
                    if write {
                        tcp_shutdown_write(sk, cx);
                    }
                }
            }
            cx.wake(sk.id, Wake::StateChange);
            result
        })
        .unwrap_or(Err(Errno::EBADF))
    }
}
