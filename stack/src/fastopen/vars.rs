//! What sockets keep for Fast Open.
//!
//! Linux: struct fastopen_queue (include/net/request_sock.h), struct tcp_fastopen_request
//! (include/net/tcp.h) and the fastopen fields of struct tcp_sock

use std::collections::VecDeque;

use super::cookie::{Cookie, Keys};
use crate::sock::RequestSock;
use crate::time::Jiffies;

/// Options the user set; a child inherits them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FastopenOptions {
    /// TCP_FASTOPEN_CONNECT: connect() waits for the first data, if there is a cookie.
    pub(crate) connect: bool,
    /// TCP_FASTOPEN_NO_COOKIE
    pub(crate) no_cookie: bool,
}

/// Fast Open of a listener.
#[derive(Clone, Debug, Default)]
pub(crate) struct FastopenQueue {
    /// Most children whose handshake may be open; 0 while Fast Open is off.
    pub(crate) max_qlen: u32,
    /// Children whose handshake is open, and those a reset ended in the last minute.
    pub(crate) qlen: u32,
    /// When each of the latter stops counting, oldest first (rskq_rst_head).
    pub(crate) rst: VecDeque<Jiffies>,
    /// TCP_FASTOPEN_KEY; the host's keys without it.
    pub(crate) keys: Option<Keys>,
}

impl FastopenQueue {
    /// Linux: fastopen_queue_tune (include/net/tcp.h)
    pub(crate) fn tune(&mut self, backlog: u32, somaxconn: u32) {
        self.max_qlen = backlog.min(somaxconn);
    }

    /// A listener starts with nobody waiting.
    ///
    /// Linux: reqsk_queue_alloc (net/core/request_sock.c)
    pub(crate) fn start(&mut self) {
        self.qlen = 0;
        self.rst.clear();
    }
}

/// Why data did not go with the SYN (tcpi_fastopen_client_fail).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ClientFail {
    /// TFO_STATUS_UNSPEC
    #[default]
    Unspecified = 0,
    /// TFO_COOKIE_UNAVAILABLE
    CookieUnavailable = 1,
    /// TFO_DATA_NOT_ACKED
    DataNotAcked = 2,
    /// TFO_SYN_RETRANSMITTED
    SynRetransmitted = 3,
}

/// A client's SYN with data in the making (struct tcp_fastopen_request).
#[derive(Clone, Debug, Default)]
pub(crate) struct FastopenRequest {
    /// Option of the next SYN; none leaves it out.
    pub(crate) cookie: Option<Cookie>,
    /// What the call wants to send.
    pub(crate) data: Vec<u8>,
    /// Bytes the call named; more than `data` where memory could not be read.
    pub(crate) size: usize,
    /// Bytes the SYN took.
    pub(crate) copied: usize,
    /// The call has more to send than the SYN took (`data` is not null).
    pub(crate) more: bool,
    /// Completion that a call with MSG_ZEROCOPY waits for.
    pub(crate) zcopy: Option<u32>,
}

/// Fast Open of a connection.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "flags of struct tcp_sock, under their names")]
pub(crate) struct FastopenVars {
    /// The handshake of a child that is there before it ended (fastopen_rsk).
    pub(crate) rsk: Option<Box<RequestSock>>,
    /// The client's SYN with data.
    pub(crate) req: Option<FastopenRequest>,
    /// INET_FLAGS_DEFER_CONNECT: connect() returned, the SYN waits for data.
    pub(crate) defer_connect: bool,
    /// Our SYN had a Fast Open option.
    pub(crate) syn_fastopen: bool,
    /// In its experimental form.
    pub(crate) syn_fastopen_exp: bool,
    /// Data coming back is to reset the time Fast Open is switched off for.
    pub(crate) syn_fastopen_ch: bool,
    /// Our SYN had data.
    pub(crate) syn_data: bool,
    /// Data in a SYN was acknowledged, by the peer or by us.
    pub(crate) syn_data_acked: bool,
    /// The SYN of a client with a cookie made it.
    pub(crate) syn_fastopen_child: bool,
    pub(crate) client_fail: ClientFail,
}

impl FastopenVars {
    /// The part of tcp_disconnect that forgets Fast Open.
    ///
    /// Linux: tcp_disconnect (net/ipv4/tcp.c)
    pub(crate) fn forget(&mut self) {
        self.req = None;
        self.defer_connect = false;
        self.syn_data_acked = false;
        self.syn_fastopen_child = false;
        self.client_fail = ClientFail::Unspecified;
    }
}
