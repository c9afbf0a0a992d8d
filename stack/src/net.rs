//! The network as a host sees it: its addresses, the link's MTU and offloads, what is known of paths.
//!
//! Linux: the routing cache and dst_metric as far as TCP reads them. One link, everything reachable.

use std::collections::BTreeMap;
use std::net::IpAddr;

mod metrics;

pub use metrics::{MetricLocks, RouteMetrics};

/// Length of an IPv4 header without options.
pub(crate) const IPV4_HEADER_LEN: u32 = 20;
/// Length of an IPv6 header.
pub(crate) const IPV6_HEADER_LEN: u32 = 40;
/// Length of a TCP header without options.
pub(crate) const TCP_HEADER_LEN: u32 = 20;

/// IPV6_MIN_MTU
pub(crate) const MIN_PMTU_V6: u32 = 1280;
// ip_rt_min_advmss (net/ipv4/route.c)
const MIN_ADVMSS: u32 = 256;

/// Link and paths.
#[derive(Clone, Debug)]
pub struct Net {
    /// MTU of the link in bytes.
    pub mtu: u32,
    /// Segments of several MSS leave as one packet (GSO/TSO of the device).
    pub tso: bool,
    /// Addresses of this host; a packet to any other is dropped, unless this is empty.
    pub local_addrs: Vec<IpAddr>,
    /// What the route to the peers says.
    pub route: RouteMetrics,
    path_mtu: BTreeMap<IpAddr, PathMtu>,
}

/// What ICMP said about a path (Linux: struct fib_nh_exception).
#[derive(Clone, Copy, Debug)]
struct PathMtu {
    mtu: u32,
    /// It was less than this host believes (rt_mtu_locked): packets may be fragmented, and nothing
    /// more is learnt.
    locked: bool,
}

impl Net {
    /// A host with these addresses on a link of `mtu` bytes.
    #[must_use]
    pub fn new(local_addrs: Vec<IpAddr>, mtu: u32) -> Self {
        let route = RouteMetrics::default();
        Self { mtu, tso: true, local_addrs, route, path_mtu: BTreeMap::new() }
    }

    /// MTU of the path to `remote` (Linux: dst_mtu).
    #[must_use]
    pub fn dst_mtu(&self, remote: IpAddr) -> u32 {
        let route = self.route_mtu();
        self.path_mtu.get(&remote).map_or(route, |path| path.mtu.min(route))
    }

    /// MTU of the route, which the link limits.
    fn route_mtu(&self) -> u32 {
        if self.route.mtu == 0 { self.mtu } else { self.route.mtu.min(self.mtu) }
    }

    /// Packets to `remote` may be fragmented (Linux: ip_mtu_locked).
    pub(crate) fn is_mtu_locked(&self, remote: IpAddr) -> bool {
        self.route.locks.mtu || self.path_mtu.get(&remote).is_some_and(|path| path.locked)
    }

    /// Learns a smaller MTU from ICMP. IPv4 never believes less than `min_pmtu`.
    ///
    /// Linux: __ip_rt_update_pmtu (net/ipv4/route.c), __ip6_rt_update_pmtu (net/ipv6/route.c)
    pub fn update_pmtu(&mut self, remote: IpAddr, mtu: u32, min_pmtu: u32) {
        let old_mtu = self.dst_mtu(remote);
        if self.is_mtu_locked(remote) || old_mtu < mtu {
            return;
        }
        let floor = if remote.is_ipv4() { min_pmtu.min(old_mtu) } else { MIN_PMTU_V6 };
        let locked = remote.is_ipv4() && mtu < min_pmtu;
        self.path_mtu.insert(remote, PathMtu { mtu: mtu.max(floor), locked });
    }

    /// Forgets what was learnt (`ip route flush cache`).
    pub fn flush_paths(&mut self) {
        self.path_mtu.clear();
    }

    /// The MSS to announce to `remote`, which the MTU of the path limits, too (Linux:
    /// dst_metric_advmss, ipv4_default_advmss, ip6_default_advmss).
    #[must_use]
    pub fn advmss(&self, remote: IpAddr) -> u32 {
        let header = header_len(remote.is_ipv6()) + TCP_HEADER_LEN;
        if self.route.advmss != 0 {
            return self.route.advmss;
        }
        self.dst_mtu(remote)
            .saturating_sub(header)
            .max(MIN_ADVMSS)
            .min(u32::from(u16::MAX) - header)
    }

    /// The address packets to `remote` leave from: the first of its family.
    #[must_use]
    pub fn source_for(&self, remote: IpAddr) -> Option<IpAddr> {
        if remote.is_loopback() {
            return Some(remote);
        }
        self.local_addrs.iter().copied().find(|addr| addr.is_ipv4() == remote.is_ipv4())
    }

    /// Whether packets to `addr` are for this host.
    #[must_use]
    pub fn is_local(&self, addr: IpAddr) -> bool {
        self.local_addrs.is_empty() || addr.is_loopback() || self.local_addrs.contains(&addr)
    }
}

/// Length of the IP header (Linux: net_header_len).
pub(crate) const fn header_len(v6: bool) -> u32 {
    if v6 { IPV6_HEADER_LEN } else { IPV4_HEADER_LEN }
}
