//! A half-open connection: a SYN was answered, the handshake is not complete.
//!
//! RFC 9293 §3.10.7.4 SYN-RECEIVED (passive) · Linux: struct tcp_request_sock, TCP_NEW_SYN_RECV

use super::{RxOpt, Sock, SockId};
use crate::accecn::{FailMode, SawOpt};
use crate::fastopen::Cookie;
use crate::flow::Flow;
use crate::md5::Md5Key;
use crate::seq::Seq;
use crate::state::{StateCell, TcpState};
use crate::time::Instant;

/// A half-open connection.
#[derive(Debug)]
pub struct RequestSock {
    pub(crate) id: SockId,
    pub(crate) state: StateCell,
    pub(crate) flow: Flow,
    /// The socket that listens.
    pub(crate) listener: SockId,
    pub(crate) rcv_isn: Seq,
    pub(crate) snt_isn: Seq,
    /// RCV.NXT: after the SYN.
    pub(crate) rcv_nxt: Seq,
    /// Options of the SYN, and the scales chosen in answer.
    pub(crate) rx_opt: RxOpt,
    /// MSS the peer announced, bounded by the user's.
    pub(crate) mss: u32,
    /// Window to offer (rsk_rcv_wnd) and its clamp.
    pub(crate) rcv_wnd: u32,
    pub(crate) window_clamp: u32,
    /// When the SYN-ACK was first sent; unknown to a SYN cookie.
    pub(crate) snt_synack: Option<Instant>,
    /// SYN-ACKs sent again (num_retrans), by timer or by a repeated SYN.
    pub(crate) num_retrans: u32,
    /// Timer rounds (num_timeout).
    pub(crate) num_timeout: u32,
    /// When the SYN-ACK is due again.
    pub(crate) timer: Option<Instant>,
    /// A bare ACK came and was kept waiting (TCP_DEFER_ACCEPT, or a full accept queue).
    pub(crate) acked: bool,
    pub(crate) tsoffset: u32,
    /// Timestamp values of the first and the last SYN-ACK; an echo of anything else is a fraud.
    pub(crate) snt_tsval_first: u32,
    pub(crate) snt_tsval_last: u32,
    pub(crate) tos: u8,
    /// Headers of the SYN, if the listener keeps them (TCP_SAVE_SYN).
    pub(crate) saved_syn: Vec<u8>,
    /// SO_BINDTODEVICE of the listener (ir_iif).
    pub(crate) bound_dev_if: i32,
    /// SO_DONTROUTE of the listener, as of the last answer.
    pub(crate) dontroute: bool,
    /// TTL or hop limit of the listener, if it has its own.
    pub(crate) ttl: Option<u8>,
    /// ECN was asked for, and agreed to (ecn_ok).
    pub(crate) ecn_ok: bool,
    /// Accurate ECN was asked for, and agreed to; the codepoint of the last SYN, and what is known of
    /// the path.
    pub(crate) accecn_ok: bool,
    pub(crate) syn_ect_rcv: u8,
    pub(crate) saw_accecn_opt: SawOpt,
    pub(crate) accecn_fail_mode: FailMode,
    /// Fast Open cookie that the first SYN-ACK hands out.
    pub(crate) fastopen_cookie: Option<Cookie>,
    /// Last out-of-window ACK, for tcp_invalid_ratelimit.
    pub(crate) last_oow_ack: Option<Instant>,
    /// Key that signs segments of this connection, as the listener had it when the SYN came.
    pub(crate) md5_key: Option<Md5Key>,
    /// It lives in its SYN cookie, not in a queue.
    pub(crate) syncookie: bool,
}

impl RequestSock {
    /// A request to `listener` without options, windows or timer.
    pub(crate) fn new(
        listener: &Sock,
        flow: Flow,
        state: StateCell,
        rcv_isn: Seq,
        snt_isn: Seq,
    ) -> Self {
        Self {
            id: listener.id,
            state,
            flow,
            listener: listener.id,
            rcv_isn,
            snt_isn,
            rcv_nxt: rcv_isn + 1,
            rx_opt: RxOpt::default(),
            mss: 0,
            rcv_wnd: 0,
            window_clamp: 0,
            snt_synack: None,
            num_retrans: 0,
            num_timeout: 0,
            timer: None,
            acked: false,
            tsoffset: 0,
            snt_tsval_first: 0,
            snt_tsval_last: 0,
            tos: if flow.is_v6() { listener.opts.tclass } else { listener.opts.tos },
            saved_syn: Vec::new(),
            ttl: if flow.is_v6() { listener.opts.hop_limit } else { listener.opts.ttl },
            ecn_ok: false,
            accecn_ok: false,
            syn_ect_rcv: 0,
            saw_accecn_opt: SawOpt::default(),
            accecn_fail_mode: FailMode::default(),
            fastopen_cookie: None,
            last_oow_ack: None,
            md5_key: listener.md5.lookup(flow.remote.ip()).cloned(),
            bound_dev_if: listener.opts.bound_dev_if,
            dontroute: listener.opts.dontroute,
            syncookie: false,
        }
    }

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
