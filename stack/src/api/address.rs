//! Addresses as a program sees them and as a flow keeps them.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::Address;
use crate::errno::Errno;
use crate::sock::Sock;

/// AF_UNSPEC, AF_INET
pub(super) const AF_UNSPEC: u16 = 0;
pub(super) const AF_INET: u16 = 2;

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

/// What an address of another family than the socket's is refused with. An address that is shorter
/// than a `sockaddr_in6` is not looked at any further by an AF_INET6 socket.
///
/// Linux: the checks of addr_len and family in inet_bind, inet6_bind, tcp_v4_connect,
/// tcp_v6_connect
pub(super) const fn family_error(sk: &Sock, address: Address) -> Errno {
    match address {
        Address::Inet(SocketAddr::V6(_)) => Errno::EAFNOSUPPORT,
        Address::Inet(SocketAddr::V4(_)) | Address::Family(_) if sk.is_v6 => Errno::EINVAL,
        Address::Inet(SocketAddr::V4(_)) | Address::Family(_) => Errno::EAFNOSUPPORT,
    }
}
