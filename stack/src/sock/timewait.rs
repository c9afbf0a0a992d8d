//! What is left of a connection when its socket is gone: TIME-WAIT, and FIN-WAIT-2 of an orphan.
//!
//! RFC 9293 §3.6.1 · Linux: struct tcp_timewait_sock

use super::SockId;
use crate::flow::Flow;
use crate::md5::Md5Key;
use crate::seq::Seq;
use crate::state::{StateCell, TcpState};
use crate::time::Instant;

/// The remainder of a connection.
#[derive(Debug)]
pub struct TimeWaitSock {
    /// Takes over the id of the socket it replaces in the hash, under a new number.
    pub(crate) id: SockId,
    /// The socket it was.
    pub(crate) was: SockId,
    /// TIME-WAIT, or FIN-WAIT-2 (tw_substate).
    pub(crate) state: StateCell,
    pub(crate) flow: Flow,
    pub(crate) rcv_nxt: Seq,
    pub(crate) snd_nxt: Seq,
    /// Window to advertise in bytes, before scaling.
    pub(crate) rcv_wnd: u32,
    pub(crate) rcv_wscale: u8,
    /// Whether the connection used timestamps.
    pub(crate) tstamp_ok: bool,
    pub(crate) ts_recent: u32,
    pub(crate) ts_recent_stamp: Option<Instant>,
    pub(crate) tsoffset: u32,
    pub(crate) tos: u8,
    /// The family of the socket was AF_INET6 (tw_family).
    pub(crate) is_v6: bool,
    pub(crate) is_v6only: bool,
    pub(crate) bound_dev_if: i32,
    pub(crate) reuseaddr: bool,
    pub(crate) reuseport: bool,
    /// When it entered its state (tw_entry_stamp).
    pub(crate) entry_stamp: Instant,
    /// When it ends.
    pub(crate) timer: Instant,
    /// Key that signed the connection (tw_md5_key).
    pub(crate) md5_key: Option<Md5Key>,
    /// Last out-of-window ACK, for tcp_invalid_ratelimit.
    pub(crate) last_oow_ack: Option<Instant>,
}

impl TimeWaitSock {
    /// The present state.
    #[must_use]
    pub const fn state(&self) -> TcpState {
        self.state.get()
    }

    /// The ends of the connection.
    #[must_use]
    pub const fn flow(&self) -> Flow {
        self.flow
    }
}
