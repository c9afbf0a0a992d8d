//! An acceptable reset ends the connection, or the peer's violation of the protocol does.
//!
//! RFC 9293 §3.10.7.4 second · Linux: tcp_reset (net/ipv4/tcp_input.c)

use crate::api::close::tcp_done_with_error;
use crate::cx::Cx;
use crate::errno::Errno;
use crate::mutant::Mutant;
use crate::sock::Sock;
use crate::state::{Event, TcpState};

/// What the user learns depends on how far the connection had come. `event` is `RecvRst`, or `Abort`
/// where it is we who send the reset.
pub(crate) fn tcp_reset(sk: &mut Sock, event: Event, cx: &mut Cx) {
    let err = match sk.state() {
        TcpState::SynSent => Errno::ECONNREFUSED,
        TcpState::CloseWait => Errno::EPIPE,
        TcpState::Close => return,
        TcpState::Established
        | TcpState::SynRecv
        | TcpState::FinWait1
        | TcpState::FinWait2
        | TcpState::TimeWait
        | TcpState::LastAck
        | TcpState::Listen
        | TcpState::Closing
        | TcpState::NewSynRecv => Errno::ECONNRESET,
    };
    let err = if cx.mutant(Mutant::ResetErrnoPipe) { Errno::EPIPE } else { err };
    tcp_done_with_error(sk, err, event, cx);
}
