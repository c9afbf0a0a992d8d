//! The listening side of a socket: half-open connections counted, established ones queued.
//!
//! Linux: struct request_sock_queue (include/net/request_sock.h)

use std::collections::VecDeque;

use super::SockId;
use crate::fastopen::FastopenQueue;
use crate::time::Instant;

/// Queues of a listener.
#[derive(Clone, Debug, Default)]
pub(crate) struct AcceptQueue {
    /// sk_max_ack_backlog
    pub(crate) max_backlog: u32,
    /// Connections ready for accept, oldest first.
    pub(crate) ready: VecDeque<SockId>,
    /// Half-open connections (reqsk_queue_len).
    pub(crate) qlen: u32,
    /// Half-open connections that have not retransmitted yet (reqsk_queue_len_young).
    pub(crate) young: u32,
    /// When the queue of half-open connections last ran over (Linux keeps it in
    /// rx_opt.ts_recent_stamp of the listener, or in its reuseport group).
    pub(crate) synq_overflow: Option<Instant>,
    pub(crate) fastopenq: FastopenQueue,
}

impl AcceptQueue {
    /// sk_ack_backlog: connections ready for accept.
    pub(crate) fn backlog(&self) -> u32 {
        u32::try_from(self.ready.len()).unwrap_or(u32::MAX)
    }

    /// Linux: sk_acceptq_is_full — `>`, so a backlog of n admits n + 1.
    pub(crate) fn is_full(&self) -> bool {
        self.backlog() > self.max_backlog
    }

    /// Linux: inet_csk_reqsk_queue_is_full — `>` since 6.14.
    pub(crate) const fn syn_queue_is_full(&self) -> bool {
        self.qlen > self.max_backlog
    }
}
