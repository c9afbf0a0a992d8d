//! TCP_REPAIR: a connection is taken out of a socket and put into another one, without a packet.
//!
//! No RFC · Linux: net/ipv4/tcp.c (tcp_repair_*, tcp_send_rcvq), used by checkpoint and restore.
//! The right to do so (CAP_NET_ADMIN) is everybody's here.

mod options;
mod queues;

pub(crate) use options::{getsockopt, setsockopt};
pub(crate) use queues::{tcp_repair_recvmsg, tcp_repair_sendmsg};

use crate::cx::Cx;
use crate::errno::Errno;
use crate::input::tcp_finish_connect;
use crate::sock::Sock;
use crate::state::{Event, tcp_set_state};

/// The queue that reads and writes go to in repair mode (tp->repair_queue).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum RepairQueue {
    /// TCP_NO_QUEUE
    #[default]
    None,
    /// TCP_RECV_QUEUE
    Recv,
    /// TCP_SEND_QUEUE
    Send,
}

/// Whether the socket is being repaired, and what of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Repair {
    /// tp->repair
    pub(crate) on: bool,
    pub(crate) queue: RepairQueue,
}

/// The end of connect() in repair mode: established without a handshake, where the sequence numbers
/// were put by TCP_QUEUE_SEQ.
///
/// Linux: tcp_connect (net/ipv4/tcp_output.c)
pub(crate) fn tcp_connect_repaired(sk: &mut Sock, cx: &mut Cx) {
    sk.total.rcv_tstamp = cx.now;
    tcp_finish_connect(sk, cx);
}

/// Forgets the connection without telling anybody.
///
/// Linux: the branch of tcp_disconnect (net/ipv4/tcp.c)
pub(crate) fn disconnect_silently(sk: &mut Sock, cx: &mut Cx) {
    sk.timers.stop_all();
    tcp_set_state(sk, Event::Abort, cx);
    sk.err = Some(Errno::ECONNABORTED);
}
