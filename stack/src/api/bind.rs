//! bind(), getsockname(), getpeername().
//!
//! RFC 9293 §3.9.1.1 · Linux: __inet_bind (net/ipv4/af_inet.c), __inet6_bind (net/ipv6/af_inet6.c)

use std::net::{IpAddr, SocketAddr};

use super::address::{as_seen_by, unmapped};
use crate::errno::Errno;
use crate::sock::kept::{IP_FREEBIND, IP_TRANSPARENT};
use crate::sock::{Sock, SockId};
use crate::stack::Stack;
use crate::state::TcpState;
use crate::table::ports::Claim;
use crate::table::{Fd, Object};
use crate::time::Instant;

/// The address argument of bind and connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// `sockaddr_in`, `sockaddr_in6`.
    Inet(SocketAddr),
    /// Only a family: AF_UNSPEC, or one that is not ours.
    Family(u16),
}

/// AF_INET
const AF_INET: u16 = 2;

impl Stack {
    /// Names the local end of a socket.
    pub fn bind(&mut self, now: Instant, fd: Fd, address: Address) -> Result<(), Errno> {
        self.set_now(now);
        let id = self.fds.sock(fd)?;
        let sk = self.objects.sock(id).ok_or(Errno::EBADF)?;
        let local = local_end(sk, address)?;
        let usable = local.ip().is_unspecified()
            || local.ip().is_multicast()
            || self.cx.net.is_local(local.ip())
            || sk.opts.kept.is_on(IP_FREEBIND)
            || sk.opts.kept.is_on(IP_TRANSPARENT)
            || self.cx.sysctl.ip_nonlocal_bind != 0;
        if !usable {
            return Err(Errno::EADDRNOTAVAIL);
        }
        if sk.state() != TcpState::Close || sk.flow.local.port() != 0 {
            return Err(Errno::EINVAL);
        }
        let port = self.get_port(id, local, false)?;
        let sk = self.objects.sock_mut(id).ok_or(Errno::EBADF)?;
        sk.flow.local = SocketAddr::new(local.ip(), port);
        sk.bound_addr = !local.ip().is_unspecified();
        sk.bound_port = local.port() != 0;
        Ok(())
    }

    /// Takes `local`'s port, or a free one, if no other socket objects.
    ///
    /// Linux: inet_csk_get_port
    pub(crate) fn get_port(
        &mut self,
        id: SockId,
        local: SocketAddr,
        is_listening: bool,
    ) -> Result<u16, Errno> {
        let Self { cx, objects, ports, .. } = self;
        let sk = objects.sock(id).ok_or(Errno::EBADF)?;
        let claim = Claim { addr: local.ip(), is_listening, ..claim_of(sk) };
        let claims = |other: SockId| match objects.get(other)? {
            Object::Sock(sk) => Some(claim_of(sk)),
            Object::TimeWait(tw) => Some(Claim {
                addr: tw.flow.local.ip(),
                is_v6only: false,
                reuse: tw.reuseaddr,
                reuseport: tw.reuseport,
                is_listening: false,
            }),
            Object::Request(_) => None,
        };
        if local.port() == 0 {
            ports.bind_any(id, &claim, &claims, &cx.sysctl, &mut cx.rng)
        } else {
            ports.bind(id, local.port(), &claim, &claims).map(|()| local.port())
        }
    }

    /// The local end.
    pub fn getsockname(&self, fd: Fd) -> Result<SocketAddr, Errno> {
        let sk = self.sock_of(fd)?;
        Ok(as_seen_by(sk, sk.flow.local))
    }

    /// The remote end.
    pub fn getpeername(&self, fd: Fd) -> Result<SocketAddr, Errno> {
        let sk = self.sock_of(fd)?;
        let unconnected =
            matches!(sk.state(), TcpState::Close | TcpState::SynSent | TcpState::Listen);
        if sk.flow.remote.port() == 0 || unconnected {
            return Err(Errno::ENOTCONN);
        }
        Ok(as_seen_by(sk, sk.flow.remote))
    }
}

/// What the socket claims of its port.
fn claim_of(sk: &Sock) -> Claim {
    Claim {
        addr: sk.flow.local.ip(),
        is_v6only: sk.opts.v6only,
        reuse: sk.opts.reuseaddr,
        reuseport: sk.opts.reuseport,
        is_listening: sk.state() == TcpState::Listen,
    }
}

/// The local end an address means for a socket of this family.
fn local_end(sk: &Sock, address: Address) -> Result<SocketAddr, Errno> {
    let addr = match address {
        Address::Inet(addr) => addr,
        // A bare AF_UNSPEC reads as INADDR_ANY with port 0 for compatibility, nothing else does.
        Address::Family(0 | AF_INET) if !sk.is_v6 => return Ok(sk.flow.local),
        Address::Family(_) => return Err(Errno::EAFNOSUPPORT),
    };
    match (addr.ip(), sk.is_v6) {
        (IpAddr::V4(_), false) => Ok(addr),
        (IpAddr::V6(v6), true) => {
            if v6.to_ipv4_mapped().is_some() && sk.opts.v6only {
                return Err(Errno::EINVAL);
            }
            Ok(unmapped(addr))
        }
        (IpAddr::V4(_), true) | (IpAddr::V6(_), false) => Err(Errno::EAFNOSUPPORT),
    }
}
