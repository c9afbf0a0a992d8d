//! The error queue: what a socket has to say besides its stream, read with MSG_ERRQUEUE.
//!
//! Three things end up here: ICMP errors about a connection that was being opened, completions of
//! sends with MSG_ZEROCOPY, and the times at which data was handed on, sent and acknowledged
//! (`crate::timestamping`).

mod options;
mod queue;
mod recv;
pub(crate) mod zerocopy;

pub(crate) use options::{get_zerocopy, recverr_off, set_zerocopy};
pub(crate) use queue::{ErrEntry, ErrQueue, ExtErr, Origin, ip_icmp_error, sock_queue_err_skb};
pub(crate) use recv::inet_recv_error;
