//! The two ends of a connection, from this host's side.
//!
//! IPv4-mapped addresses never appear here: a socket of family AF_INET6 that speaks IPv4 has a
//! flow of IPv4 addresses, so that one hash serves all three ways of talking.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A pair of socket addresses; an unconnected socket has the unspecified address and port 0 as
/// its remote end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Flow {
    /// This host's end.
    pub local: SocketAddr,
    /// The peer's end.
    pub remote: SocketAddr,
}

impl Flow {
    /// A flow between two ends.
    #[must_use]
    pub const fn new(local: SocketAddr, remote: SocketAddr) -> Self {
        Self { local, remote }
    }

    /// The flow of a socket that is neither bound nor connected.
    #[must_use]
    pub const fn unbound(v6: bool) -> Self {
        let any = if v6 {
            SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0)
        } else {
            SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0)
        };
        Self { local: any, remote: any }
    }

    /// Whether the packets of this flow are IPv6.
    #[must_use]
    pub const fn is_v6(&self) -> bool {
        self.remote.is_ipv6()
    }
}
