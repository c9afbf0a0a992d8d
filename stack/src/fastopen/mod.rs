//! TCP Fast Open: data in the SYN, for clients that hold a cookie of the server.
//!
//! RFC 7413 · Linux: net/ipv4/tcp_fastopen.c and its hooks. The server's half is `server` (what a
//! SYN is answered with), `create` and `child` (the socket that is there before the handshake ends)
//! and `timer`;
//! the client's half `sendmsg` (the call), `syn_data` (the SYN), `synack` (what the answer teaches)
//! and `blackhole` (when to stop trying). The cookies a client remembers are in [`crate::metrics`].

mod blackhole;
mod child;
mod cookie;
mod create;
mod sendmsg;
mod server;
mod sockopt;
mod syn_data;
mod synack;
mod timer;
mod vars;

pub(crate) use blackhole::{
    Blackhole, tcp_fastopen_active_detect_blackhole, tcp_fastopen_active_disable,
    tcp_fastopen_active_disable_ofo_check,
};
pub(crate) use child::{
    check_fastopen_req, reqsk_fastopen_remove, tcp_passive_fastopen, tcp_rcv_synrecv_state_fastopen,
};
pub(crate) use cookie::Cookie;
pub(crate) use sendmsg::FastopenSent;
pub(crate) use server::{Answer, tcp_try_fastopen};
pub(crate) use sockopt::{getsockopt, listen_without_sockopt, setsockopt};
pub(crate) use syn_data::{tcp_fastopen_defer_connect, tcp_send_syn_data};
pub(crate) use synack::tcp_rcv_fastopen_synack;
pub(crate) use timer::tcp_fastopen_synack_timer;
pub(crate) use vars::{FastopenOptions, FastopenQueue, FastopenVars};

/// TFO_CLIENT_ENABLE and the other bits of net.ipv4.tcp_fastopen.
pub(crate) const TFO_CLIENT_ENABLE: i32 = 1;
pub(crate) const TFO_SERVER_ENABLE: i32 = 2;
pub(crate) const TFO_CLIENT_NO_COOKIE: i32 = 4;
pub(crate) const TFO_SERVER_COOKIE_NOT_REQD: i32 = 0x200;
pub(crate) const TFO_SERVER_WO_SOCKOPT1: i32 = 0x400;
