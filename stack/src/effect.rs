//! Work on *another* socket or table that a socket function may not do itself.
//!
//! A function holding `&mut Sock` touches that socket and `Cx`, nothing else; whatever concerns
//! others waits here until it has returned, and `Stack` applies it in order. This queue stands for
//! Linux's locks and cross-pointers.

use std::net::SocketAddr;

use crate::flow::Flow;
use crate::sock::{RequestSock, SockId, TimeWaitSock};
use crate::time::{Instant, Jiffies};
use crate::wire::Segment;

/// Why a sleeper may want to look again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wake {
    /// Data, FIN or an accepted connection can be had (sk_data_ready).
    Readable,
    /// There is room to send (sk_write_space).
    Writable,
    /// The state changed: connected, closed, shut down (sk_state_change).
    StateChange,
    /// An error is pending (sk_error_report).
    Error,
}

impl Wake {
    /// Events that those who poll are told of; none stands for all of them.
    ///
    /// Linux: sock_def_readable, sk_stream_write_space, sock_def_wakeup, sock_def_error_report
    pub(crate) const fn poll_key(self) -> u32 {
        match self {
            Self::Readable => 0x1 | 0x2 | 0x40 | 0x80,
            Self::Writable => 0x4 | 0x100 | 0x200,
            Self::StateChange => 0,
            Self::Error => 0x8,
        }
    }
}

/// One piece of deferred work.
#[derive(Debug)]
pub(crate) enum Effect {
    /// A listener received a SYN: keep the half-open connection and its place in the hash.
    AddRequest(Box<RequestSock>),
    /// A listener received a SYN with a valid Fast Open cookie: the child is made at once.
    FastopenChild(Box<RequestSock>, Box<Segment>),
    /// The handshake of such a child is over; if a reset ended it, it counts a while longer.
    FastopenRemove { listener: SockId, counts_until: Option<Jiffies> },
    /// The socket left every hash, where it had this flow: nothing more is delivered to it.
    Unhash(SockId, Flow),
    /// The connection goes on without its socket: hash the remainder in the socket's place.
    TimeWait(Box<TimeWaitSock>),
    /// An orphan is finished and can be forgotten.
    Destroy(SockId),
    /// A listener closed: end its half-open connections and the children nobody accepted.
    StopListening(SockId),
    /// A listener sent a SYN cookie: those that share its address and port take it back, too.
    SynqOverflow(SocketAddr, Instant),
    /// Sleepers on the socket look again.
    Wake(SockId, Wake),
}
