//! sendto() with MSG_FASTOPEN, and the first write after a connect() that waits for it.
//!
//! RFC 7413 §6 (API) · Linux: tcp_sendmsg_fastopen (net/ipv4/tcp.c)

use std::task::Poll;

use super::TFO_CLIENT_ENABLE;
use super::vars::FastopenRequest;
use crate::api::connect::{Caller, tcp_connect};
use crate::api::{Address, Message, Sleep};
use crate::cx::Cx;
use crate::errno::Errno;
use crate::errqueue::zerocopy::ZcCall;
use crate::sock::{Sock, SockId};
use crate::stack::Stack;
use crate::state::{Event, TcpState, tcp_set_state};

impl Stack {
    /// Whether this sending call opens the connection.
    pub(crate) fn is_fastopen_send(&self, id: SockId, message: &Message<'_>) -> bool {
        let deferred = self.objects.sock(id).is_some_and(|sk| sk.fastopen.defer_connect);
        message.flags.fastopen() || deferred
    }

    /// Opens the connection with as much of `message` in the SYN as may go there. Ready with the
    /// number of those bytes once the connection is up (or, without blocking, at once if there are
    /// any); what is left is sent the ordinary way.
    ///
    /// Linux: tcp_sendmsg_fastopen (net/ipv4/tcp.c)
    pub(crate) fn tcp_sendmsg_fastopen(
        &mut self,
        id: SockId,
        message: &Message<'_>,
        sleep: &mut Sleep,
    ) -> Poll<Result<FastopenSent, Errno>> {
        if !sleep.fastopen {
            let zcopy = sleep.zerocopy.as_ref().map(ZcCall::id);
            self.start_fastopen(id, message, zcopy)?;
            sleep.fastopen = true;
        }
        let sk = self.objects.sock(id).ok_or(Errno::EBADF)?;
        let nonblock = sk.opts.nonblock || message.flags.dontwait();
        let caller = Caller { nonblock, is_sendmsg: true };
        let connected = self.inet_stream_connect(id, message.name, caller, sleep);
        let sk = self.objects.sock_mut(id).ok_or(Errno::EBADF)?;
        let Poll::Ready(connected) = connected else {
            // With data left, the ACK of the SYN-ACK rides on it.
            sk.write_pending = sk.fastopen.req.as_ref().is_some_and(|req| req.more);
            return Poll::Pending;
        };
        sk.write_pending = false;
        sleep.restart();
        sleep.fastopen = false;
        let mut copied = 0;
        // A connection that failed has forgotten it.
        if let Some(req) = sk.fastopen.req.take() {
            copied = req.copied;
            sk.fastopen.defer_connect = false;
        }
        Poll::Ready(match connected {
            Ok(()) => Ok(FastopenSent::Connected(copied)),
            Err(Errno::EINPROGRESS) if copied > 0 => Ok(FastopenSent::InProgress(copied)),
            Err(errno) => Err(errno),
        })
    }

    fn start_fastopen(
        &mut self,
        id: SockId,
        message: &Message<'_>,
        zcopy: Option<u32>,
    ) -> Result<(), Errno> {
        let enabled = self.cx.sysctl.tcp_fastopen & TFO_CLIENT_ENABLE != 0;
        if !enabled || message.name == Some(Address::Family(0)) {
            return Err(Errno::EOPNOTSUPP);
        }
        let sk = self.objects.sock_mut(id).ok_or(Errno::EBADF)?;
        if sk.fastopen.req.is_some() {
            return Err(Errno::EALREADY);
        }
        sk.fastopen.req = Some(FastopenRequest {
            data: message.data.to_vec(),
            size: message.size,
            more: true,
            zcopy,
            ..FastopenRequest::default()
        });
        // Linux looks at no state; a peer that knew our port may have moved it meanwhile.
        if sk.fastopen.defer_connect && sk.state() == TcpState::SynSent {
            self.enter(id, connect_deferred);
        }
        Ok(())
    }
}

/// The SYN that connect() has not sent; without a route a failure like connect()'s, which has returned.
fn connect_deferred(sk: &mut Sock, cx: &mut Cx) {
    if sk.has_route(sk.flow.remote.ip(), cx) {
        return tcp_connect(sk, cx);
    }
    sk.err_soft = Some(Errno::ENETUNREACH);
    tcp_set_state(sk, Event::Abort, cx);
}

/// How far the call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FastopenSent {
    /// The connection is up; so many bytes went with the SYN.
    Connected(usize),
    /// The call does not wait; so many bytes went with the SYN.
    InProgress(usize),
}
