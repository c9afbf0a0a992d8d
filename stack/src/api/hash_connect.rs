//! The four-tuple of a new connection: a free port, and what an old connection left behind.
//!
//! RFC 6056, RFC 6191 · Linux: __inet_hash_connect, __inet_check_established
//! (net/ipv4/inet_hashtables.c), tcp_twsk_unique (net/ipv4/tcp_ipv4.c)

use std::net::SocketAddr;

use super::bind::port_range;
use crate::errno::Errno;
use crate::flow::Flow;
use crate::kernel::Behaviours;
use crate::mib::Counter;
use crate::net::LOOPBACK_IFINDEX;
use crate::seq::Seq;
use crate::sock::{SockId, TimeWaitSock};
use crate::stack::Stack;
use crate::state::{Event, TcpState, advance};
use crate::sysctl::Sysctls;
use crate::table::Object;
use crate::time::Instant;

impl Stack {
    /// Takes the four-tuple, with a free port if none is bound.
    ///
    /// Linux: inet_hash_connect, __inet_check_established
    pub(super) fn inet_hash_connect(
        &mut self,
        id: SockId,
        local: SocketAddr,
        remote: SocketAddr,
    ) -> Result<Flow, Errno> {
        let Self { cx, ports, ehash, objects, .. } = self;
        let sk = objects.sock(id).ok_or(Errno::EBADF)?;
        let mut flow = Flow::new(local, remote);
        let search = local.port() == 0;
        let dif = sk.opts.bound_dev_if;
        // Whoever is bound to an interface is in the way only of those who are bound to it, too.
        let holder =
            |flow: Flow| ehash.of(flow).filter_map(|id| objects.get(id)).find(|o| o.hears(dif));
        let check_established = |flow: Flow| {
            holder(flow).is_none_or(|holder| match holder {
                Object::TimeWait(tw) => {
                    tcp_twsk_unique(tw, search, cx.now, (&cx.kernel, &cx.sysctl))
                }
                Object::Sock(_) | Object::Request(_) => false,
            })
        };
        if search {
            let offset = cx.rng.secure_port_ephemeral(local.ip(), remote);
            let range = port_range(sk, &cx.sysctl);
            let is_free =
                |port: u16| check_established(Flow::new(SocketAddr::new(local.ip(), port), remote));
            let port = ports.connect_any((id, offset), range, &cx.sysctl, &mut cx.rng, &is_free)?;
            flow.local.set_port(port);
        } else if !check_established(flow) {
            return Err(Errno::EADDRNOTAVAIL);
        }
        if let Some(Object::TimeWait(tw)) = holder(flow) {
            let remainder = tw.id;
            self.take_over(id, remainder);
        }
        self.ehash.insert(flow, id);
        Ok(flow)
    }

    /// The new connection begins where the old one of its four-tuple cannot have been.
    ///
    /// `[RFC6191:2#1]` · Linux: the end of tcp_twsk_unique
    fn take_over(&mut self, id: SockId, holder: SockId) {
        let Some(mut tw) = self.objects.take_time_wait(holder) else { return };
        if let Some(sk) = self.objects.sock_mut(id).filter(|sk| !sk.repair.on) {
            let isn = tw.snd_nxt + 65_535 + 2;
            sk.snd.write_seq = if isn.0 == 0 { Seq(1) } else { isn };
            sk.rx_opt.ts_recent = tw.ts_recent;
            sk.rx_opt.ts_recent_stamp = tw.ts_recent_stamp;
        }
        self.cx.mib.inc(Counter::TcpExtTWRecycled);
        advance(&mut tw.state, tw.flow, Event::ActiveOpen, &mut self.cx);
        self.forget_time_wait(&tw);
    }

    /// A port that bind() chose does not survive a connection that could not begin.
    ///
    /// Linux: the label failure of tcp_v4_connect
    pub(super) fn unbind(&mut self, id: SockId) {
        let Some(sk) = self.objects.sock_mut(id).filter(|sk| !sk.bound_port) else { return };
        let port = std::mem::take(&mut sk.num);
        self.ports.release(id, port);
    }
}

/// Whether a new connection may take the place of the remainder of an old one: if timestamps tell
/// the two apart, and for a port that was searched, not bound, if tcp_tw_reuse allows it and
/// the remainder is old enough.
///
/// `[RFC6191:2#1]` · Linux: tcp_twsk_unique (net/ipv4/tcp_ipv4.c)
fn tcp_twsk_unique(
    tw: &TimeWaitSock,
    searched: bool,
    now: Instant,
    (kernel, sysctl): (&Behaviours, &Sysctls),
) -> bool {
    let ends = [tw.flow.local, tw.flow.remote];
    let over_loopback =
        tw.bound_dev_if == LOOPBACK_IFINDEX || ends.iter().any(|end| end.ip().is_loopback());
    let allowed = match sysctl.tcp_tw_reuse {
        0 => false,
        2 => over_loopback,
        _ => true,
    };
    let reuse = allowed && tw.state() == TcpState::TimeWait;
    let delay_us = u64::from(sysctl.tcp_tw_reuse_delay) * 1000;
    tw.ts_recent_stamp.is_some_and(|at| {
        // Older kernels wait for the next second after the last timestamp.
        let aged = if kernel.tw_reuse_delay {
            now.micros_since(tw.entry_stamp) > delay_us
        } else {
            now.secs_since(at) >= 1
        };
        !searched || (reuse && aged)
    })
}
