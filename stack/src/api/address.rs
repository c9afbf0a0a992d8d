//! Addresses as a program sees them and as a flow keeps them.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::sock::Sock;

/// `::ffff:a.b.c.d` becomes `a.b.c.d`.
pub(super) fn unmapped(addr: SocketAddr) -> SocketAddr {
    SocketAddr::new(addr.ip().to_canonical(), addr.port())
}

/// What getpeername of `sk` says for a flow's end: AF_INET6 sockets see IPv4 as mapped.
pub(super) fn as_seen_by(sk: &Sock, addr: SocketAddr) -> SocketAddr {
    match addr.ip() {
        IpAddr::V4(v4) if sk.is_v6 => {
            let v6 = if v4.is_unspecified() { Ipv6Addr::UNSPECIFIED } else { v4.to_ipv6_mapped() };
            SocketAddr::new(v6.into(), addr.port())
        }
        IpAddr::V4(_) | IpAddr::V6(_) => addr,
    }
}
