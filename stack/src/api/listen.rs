//! listen(): the passive open.
//!
//! RFC 9293 §3.10.1 · Linux: inet_listen, __inet_listen_sk (net/ipv4/af_inet.c),
//! inet_csk_listen_start (net/ipv4/inet_connection_sock.c)

use std::net::SocketAddr;

use crate::errno::Errno;
use crate::fastopen::listen_without_sockopt;
use crate::mutant::Mutant;
use crate::sock::ConnectPhase;
use crate::sock::control_block::AckVars;
use crate::stack::Stack;
use crate::state::{Event, TcpState, tcp_set_state};
use crate::table::Fd;
use crate::table::lhash::Listener;
use crate::time::Instant;

impl Stack {
    /// Makes the socket accept connections; on a listener, changes the backlog.
    pub fn listen(&mut self, now: Instant, fd: Fd, backlog: i32) -> Result<(), Errno> {
        self.set_now(now);
        let id = self.fds.sock(fd)?;
        let somaxconn = self.cx.sysctl.somaxconn.unsigned_abs();
        // A negative backlog is a very large one.
        let backlog = u32::try_from(backlog).unwrap_or(u32::MAX).min(somaxconn);
        let sk = self.objects.sock_mut(id).ok_or(Errno::EBADF)?;
        let state = sk.state();
        if sk.connect != ConnectPhase::Unconnected
            || !matches!(state, TcpState::Close | TcpState::Listen)
        {
            return Err(Errno::EINVAL);
        }
        sk.listener.max_backlog = backlog;
        if self.cx.mutant(Mutant::BacklogOneLess) {
            sk.listener.max_backlog = backlog.saturating_sub(1);
        }
        if state == TcpState::Listen {
            return Ok(());
        }
        listen_without_sockopt(sk, backlog, &mut self.cx);
        sk.listener.fastopenq.start();
        // Whether the port can be had or not: inet_csk_delack_init comes first.
        sk.ack = AckVars::default();
        let local = SocketAddr::new(sk.flow.local.ip(), sk.num);
        let port = self.get_port(id, local, true)?;
        self.enter(id, |sk, cx| {
            sk.flow.local.set_port(port);
            sk.num = port;
            tcp_set_state(sk, Event::PassiveOpen, cx);
        });
        let sk = self.objects.sock(id).ok_or(Errno::EBADF)?;
        self.lhash.insert(Listener {
            id,
            local: sk.flow.local,
            is_v6: sk.is_v6,
            is_v6only: sk.opts.v6only,
            bound_dev_if: sk.opts.bound_dev_if,
            reuseport: sk.opts.reuseport,
        });
        Ok(())
    }
}
