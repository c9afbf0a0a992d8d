//! bind(), getsockname(), getpeername().
//!
//! RFC 9293 §3.9.1.1 · Linux: __inet_bind (net/ipv4/af_inet.c), __inet6_bind (net/ipv6/af_inet6.c)

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::address::{AF_INET, AF_UNSPEC, as_seen_by, family_error, unmapped};
use crate::caps::Capability;
use crate::errno::Errno;
use crate::flow::Flow;
use crate::mutant::Mutant;
use crate::net::LOOPBACK_IFINDEX;
use crate::sock::kept::{
    IP_BIND_ADDRESS_NO_PORT, IP_FREEBIND, IP_LOCAL_PORT_RANGE, IP_TRANSPARENT,
};
use crate::sock::{Sock, SockId, TimeWaitSock};
use crate::stack::Stack;
use crate::state::TcpState;
use crate::sysctl::Sysctls;
use crate::table::ports::{Claim, LocalRange};
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

impl Stack {
    /// Names the local end of a socket.
    pub fn bind(&mut self, now: Instant, fd: Fd, address: Address) -> Result<(), Errno> {
        self.set_now(now);
        let id = self.fds.sock(fd)?;
        let sk = self.objects.sock(id).ok_or(Errno::EBADF)?;
        let local = local_end(sk, address)?;
        let usable = || self.is_bindable(sk, local.ip());
        let in_use = sk.state() != TcpState::Close || sk.num != 0;
        let checks = [
            // The two families look at the address before and after the socket's state.
            (!sk.is_v6 && !usable(), Errno::EADDRNOTAVAIL),
            (self.needs_privilege(local.port()), Errno::EACCES),
            (in_use && !self.cx.mutant(Mutant::BindTwice), Errno::EINVAL),
            (!usable(), Errno::EADDRNOTAVAIL),
        ];
        if let Some((_, err)) = checks.into_iter().find(|(fails, _)| *fails) {
            return Err(err);
        }
        if local.port() == 0 && sk.opts.kept.is_on(IP_BIND_ADDRESS_NO_PORT) {
            return self.take_name(id, local, 0);
        }
        let port = self.get_port(id, local, false)?;
        self.take_name(id, local, port)
    }

    /// What bind() leaves in the socket; `port` is `local`'s, or the one chosen for it.
    fn take_name(&mut self, id: SockId, local: SocketAddr, port: u16) -> Result<(), Errno> {
        let sk = self.objects.sock_mut(id).ok_or(Errno::EBADF)?;
        let any = Flow::unbound(sk.is_v6).local.ip();
        sk.flow.local = SocketAddr::new(local.ip(), port);
        sk.num = port;
        sk.bound_addr = local.ip() != any;
        sk.bound_port = local.port() != 0;
        sk.opts.v6only |= takes_ipv6_only(local.ip());
        Ok(())
    }

    /// Linux: inet_addr_valid_or_nonlocal, ipv6_can_nonlocal_bind, ipv6_chk_addr
    fn is_bindable(&self, sk: &Sock, ip: IpAddr) -> bool {
        let net = &self.cx.net;
        // IPv6 has the loopback's address on the loopback alone.
        let elsewhere =
            ip == Ipv6Addr::LOCALHOST && ![0, LOOPBACK_IFINDEX].contains(&sk.opts.bound_dev_if);
        ip.is_unspecified()
            || (net.is_local(ip) && !elsewhere)
            || (ip.is_ipv4() && (ip.is_multicast() || net.is_broadcast(ip)))
            || sk.opts.kept.is_on(IP_FREEBIND)
            || sk.opts.kept.is_on(IP_TRANSPARENT)
            || self.cx.sysctl.ip_nonlocal_bind != 0
    }

    /// Linux: inet_port_requires_bind_service (include/net/ip.h)
    fn needs_privilege(&self, port: u16) -> bool {
        let low = i32::from(port) < self.cx.sysctl.ip_unprivileged_port_start;
        port != 0 && low && !self.cx.caps.has(Capability::NET_BIND_SERVICE)
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
        let claim = Claim { is_listening, ..claim_to(local.ip(), sk) };
        let claims = |other: SockId| match objects.get(other)? {
            Object::Sock(sk) => Some(claim_of(sk)),
            Object::TimeWait(tw) => Some(remainder_claim(tw)),
            Object::Request(_) => None,
        };
        if local.port() == 0 {
            let range = port_range(sk, &cx.sysctl);
            ports.bind_any(id, range, (&claim, &claims), &cx.sysctl, &mut cx.rng)
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
    claim_to(sk.flow.local.ip(), sk)
}

/// What the socket would claim with another address.
fn claim_to(ip: IpAddr, sk: &Sock) -> Claim {
    Claim {
        is_v6only: sk.opts.v6only || sk.num == 0 && takes_ipv6_only(ip),
        reuse: sk.opts.reuseaddr,
        reuseport: sk.opts.reuseport,
        bound_dev_if: sk.opts.bound_dev_if,
        is_listening: sk.state() == TcpState::Listen,
        ..Claim::of(ip, sk.is_v6)
    }
}

/// A socket that is bound to an IPv6 address takes no IPv4.
const fn takes_ipv6_only(ip: IpAddr) -> bool {
    ip.is_ipv6() && !ip.is_unspecified()
}

/// What the remainder of a connection claims.
fn remainder_claim(tw: &TimeWaitSock) -> Claim {
    Claim {
        is_v6only: tw.is_v6only,
        reuse: tw.reuseaddr,
        reuseport: tw.reuseport,
        bound_dev_if: tw.bound_dev_if,
        ..Claim::of(tw.flow.local.ip(), tw.is_v6)
    }
}

/// The ports that are chosen from for the socket.
pub(super) fn port_range(sk: &Sock, sysctl: &Sysctls) -> LocalRange {
    LocalRange::of_socket(sk.opts.kept.get_or(IP_LOCAL_PORT_RANGE, 0), sysctl)
}

/// The local end an address means for a socket of this family.
fn local_end(sk: &Sock, address: Address) -> Result<SocketAddr, Errno> {
    let addr = match address {
        Address::Inet(addr) => addr,
        // A bare AF_UNSPEC reads as INADDR_ANY with port 0 for compatibility, nothing else does.
        Address::Family(AF_UNSPEC | AF_INET) if !sk.is_v6 => Flow::unbound(false).local,
        Address::Family(_) => return Err(family_error(sk, address)),
    };
    match (addr.ip(), sk.is_v6) {
        (IpAddr::V4(_), false) => Ok(addr),
        (IpAddr::V6(v6), true) => {
            let mapped_only = v6.to_ipv4_mapped().is_some() && sk.opts.v6only;
            if mapped_only || v6.is_multicast() {
                return Err(Errno::EINVAL);
            }
            Ok(unmapped(addr))
        }
        (IpAddr::V4(_), true) | (IpAddr::V6(_), false) => Err(family_error(sk, address)),
    }
}
