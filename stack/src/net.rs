//! The network as a host sees it: its addresses, the link's MTU and offloads, what is known of paths.
//!
//! Linux: the routing cache and dst_metric as far as TCP reads them. One link and the loopback.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::time::Instant;

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
    /// Networks that can be reached; all of them, if this is empty.
    pub routes: Vec<Route>,
    /// Interfaces by index, from 1 on (Linux: net_device).
    devices: Vec<String>,
}

/// What ICMP said about a path (Linux: struct fib_nh_exception).
#[derive(Clone, Copy, Debug)]
struct PathMtu {
    mtu: u32,
    /// It was less than this host believes (rt_mtu_locked): packets may be fragmented, and nothing
    /// more is learnt, until a route is looked up after `expires`.
    locked: bool,
    /// From then on it counts no more (Linux: fnhe_expires).
    expires: Instant,
}

/// When something was learnt, and for how many seconds it is believed (Linux: ip_rt_mtu_expires).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Learnt {
    pub(crate) now: Instant,
    pub(crate) believed: i32,
}

impl Learnt {
    fn expires(self) -> Instant {
        self.now.plus(Duration::from_secs(u64::try_from(self.believed).unwrap_or(0)))
    }

    /// Half of the time is over, so that the same once more counts (Linux: __ip_rt_update_pmtu).
    fn renews(self, expires: Instant) -> bool {
        self.expires().micros_since(expires) >= self.expires().micros_since(self.now) / 2
    }
}

/// MTU of the loopback interface (drivers/net/loopback.c).
const LOOPBACK_MTU: u32 = 65_536;
/// Index of the loopback interface.
pub(crate) const LOOPBACK_IFINDEX: i32 = 1;
/// Index of the one link.
pub(crate) const LINK_IFINDEX: i32 = 2;

impl Net {
    /// A host with these addresses on a link of `mtu` bytes.
    #[must_use]
    pub fn new(local_addrs: Vec<IpAddr>, mtu: u32) -> Self {
        let devices = ["lo", "tun0"].map(str::to_owned).to_vec();
        Self {
            mtu,
            tso: true,
            local_addrs,
            route: RouteMetrics::default(),
            path_mtu: BTreeMap::new(),
            routes: Vec::new(),
            devices,
        }
    }

    /// Name of the interface with this index (Linux: dev_get_by_index).
    #[must_use]
    pub fn device(&self, index: i32) -> Option<&str> {
        let at = usize::try_from(index).ok()?.checked_sub(1)?;
        self.devices.get(at).map(String::as_str)
    }

    /// Index of the interface with this name (Linux: dev_get_by_name).
    #[must_use]
    pub fn device_named(&self, name: &[u8]) -> Option<i32> {
        let at = self.devices.iter().position(|device| device.as_bytes() == name)?;
        i32::try_from(at + 1).ok()
    }

    /// MTU of the path to `remote` (Linux: dst_mtu).
    #[must_use]
    pub fn dst_mtu(&self, remote: IpAddr, now: Instant) -> u32 {
        let configured = self.configured_mtu(remote);
        let path = self.path(remote, now).filter(|_| !self.is_own(remote));
        path.map_or(configured, |path| path.mtu.min(configured))
    }

    /// Whatever was learnt of the path (Linux: ip_dst_mtu_configured).
    fn configured_mtu(&self, remote: IpAddr) -> u32 {
        if self.is_own(remote) {
            // IP_MAX_MTU: the length of an IPv4 packet has 16 bits.
            return if remote.is_ipv4() { LOOPBACK_MTU - 1 } else { LOOPBACK_MTU };
        }
        self.route_mtu()
    }

    /// What is known of the path, and not yet forgotten.
    fn path(&self, remote: IpAddr, now: Instant) -> Option<&PathMtu> {
        self.path_mtu.get(&remote).filter(|path| now < path.expires)
    }

    /// Something was known of the path, and is forgotten by now. With IPv4 connections see that at
    /// once, with IPv6 when they look the route up again (Linux: ipv4_mtu; rt6_check).
    pub(crate) fn is_forgotten(&self, remote: IpAddr, now: Instant) -> bool {
        remote.is_ipv4() && self.path_mtu.get(&remote).is_some_and(|path| path.expires <= now)
    }

    /// MTU of the route, which the link limits.
    fn route_mtu(&self) -> u32 {
        if self.route.mtu == 0 { self.mtu } else { self.route.mtu.min(self.mtu) }
    }

    /// Packets to `remote` may be fragmented. Those who have a route do not see that it expires.
    ///
    /// Linux: ip_mtu_locked (include/net/ip.h)
    pub(crate) fn is_mtu_locked(&self, remote: IpAddr) -> bool {
        self.route.locks.mtu || self.path_mtu.get(&remote).is_some_and(|path| path.locked)
    }

    /// Somebody looks a route to `remote` up: what expired is over for everybody.
    ///
    /// Linux: find_exception, ip_del_fnhe (net/ipv4/route.c)
    pub(crate) fn find_exception(&mut self, remote: IpAddr, now: Instant) {
        let expired = self.path_mtu.get_mut(&remote).filter(|path| path.expires < now);
        if let Some(path) = expired {
            path.locked = false;
        }
    }

    /// Learns a smaller MTU from ICMP, for a time. IPv4 never believes less than `min_pmtu`, and believes the same
    /// once more for longer.
    ///
    /// Linux: __ip_rt_update_pmtu (net/ipv4/route.c), __ip6_rt_update_pmtu (net/ipv6/route.c)
    pub(crate) fn update_pmtu(&mut self, remote: IpAddr, mtu: u32, min_pmtu: u32, learnt: Learnt) {
        let old_mtu = self.dst_mtu(remote, learnt.now);
        let is_news = mtu < old_mtu || mtu == old_mtu && remote.is_ipv4();
        if self.is_mtu_locked(remote) || !is_news {
            return;
        }
        let floor = if remote.is_ipv4() { min_pmtu.min(old_mtu) } else { MIN_PMTU_V6 };
        let locked = remote.is_ipv4() && mtu < min_pmtu;
        let mtu = mtu.max(floor);
        let same = self.path(remote, learnt.now).filter(|path| path.mtu == mtu && !locked);
        if same.is_some_and(|path| !learnt.renews(path.expires)) {
            return;
        }
        self.path_mtu.insert(remote, PathMtu { mtu, locked, expires: learnt.expires() });
    }

    /// Forgets what was learnt (`ip route flush cache`).
    pub fn flush_paths(&mut self) {
        self.path_mtu.clear();
    }

    /// The MSS to announce to `remote`, which the MTU of the route limits and, with the time in
    /// `learnt`, what is known of the path by then (Linux: dst_metric_advmss, ipv4_default_advmss,
    /// ip6_default_advmss).
    #[must_use]
    pub fn advmss(&self, remote: IpAddr, learnt: Option<Instant>) -> u32 {
        let header = header_len(remote.is_ipv6()) + TCP_HEADER_LEN;
        if self.route.advmss != 0 && !self.is_own(remote) {
            return self.route.advmss;
        }
        // IPV4_MAX_PMTU counts the IP header, the payload length of IPv6 does not.
        let most = u32::from(u16::MAX) - if remote.is_ipv6() { TCP_HEADER_LEN } else { header };
        let mtu = match learnt {
            Some(now) => self.dst_mtu(remote, now),
            None => self.configured_mtu(remote),
        };
        mtu.saturating_sub(header).max(MIN_ADVMSS).min(most)
    }

    /// Segments of several MSS to `remote` leave as one packet; the loopback takes any.
    #[must_use]
    pub fn tso_to(&self, remote: IpAddr) -> bool {
        self.tso || self.is_own(remote)
    }

    /// The address packets to `remote` leave from, by the interface `bound_dev_if` if it is not 0:
    /// the first of its family. None if no route leads there.
    ///
    /// Linux: ip_route_output_key_hash_rcu, ip6_route_get_saddr
    #[must_use]
    pub fn source_for(&self, remote: IpAddr, bound_dev_if: i32) -> Option<IpAddr> {
        let by_another = ![0, self.leaves_by(remote)].contains(&bound_dev_if);
        match remote {
            IpAddr::V6(_) if by_another => return None,
            // A destination without a route is taken for one that is on the link.
            IpAddr::V4(_) if by_another => return self.first_of_family(remote),
            IpAddr::V4(v4) if v4.is_loopback() => return Some(Ipv4Addr::LOCALHOST.into()),
            _ if self.is_own(remote) => return Some(remote),
            IpAddr::V4(_) if bound_dev_if != 0 => return self.first_of_family(remote),
            IpAddr::V4(_) | IpAddr::V6(_) => {}
        }
        if !self.routes.is_empty() && !self.routes.iter().any(|route| route.contains(remote)) {
            return None;
        }
        self.first_of_family(remote)
    }

    /// Whether packets of a socket with SO_DONTROUTE get to `remote`, by the interface `bound_dev_if` if
    /// it is not 0: it is this host or on the link. IPv6 does not ask, and whoever names an interface
    /// has everybody on its link.
    ///
    /// Linux: ip_sock_rt_scope (include/net/route.h), fib_table_lookup
    pub(crate) fn is_reached_without_gateway(&self, remote: IpAddr, bound_dev_if: i32) -> bool {
        let mut on_link = self.routes.iter().filter(|route| route.on_link);
        bound_dev_if != 0
            || remote.is_ipv6()
            || self.is_own(remote)
            || self.routes.is_empty()
            || on_link.any(|route| route.contains(remote))
    }

    fn first_of_family(&self, remote: IpAddr) -> Option<IpAddr> {
        self.local_addrs.iter().copied().find(|addr| addr.is_ipv4() == remote.is_ipv4())
    }

    /// The interface whose route leads to `addr`. IPv4 has a host's own address on the link,
    /// although packets to it are delivered by the loopback; to IPv6 it is on the loopback.
    fn leaves_by(&self, addr: IpAddr) -> i32 {
        match addr {
            IpAddr::V4(v4) if v4.is_loopback() => LOOPBACK_IFINDEX,
            IpAddr::V6(_) if self.is_own(addr) => LOOPBACK_IFINDEX,
            IpAddr::V4(_) | IpAddr::V6(_) => LINK_IFINDEX,
        }
    }

    /// Whether packets to `addr` are for this host.
    #[must_use]
    pub fn is_local(&self, addr: IpAddr) -> bool {
        self.local_addrs.is_empty() || self.is_own(addr)
    }

    /// Whether `addr` is the loopback's, or one of this host's own: packets to it never leave.
    #[must_use]
    pub fn is_own(&self, addr: IpAddr) -> bool {
        addr.is_loopback() || self.local_addrs.contains(&addr)
    }

    /// Which way packets to `addr` go, by the interface `bound_dev_if` if it is not 0. What a host
    /// sends to an address of its link comes back as if by the link. An IPv4 socket that is bound
    /// to the loopback says everything to this host.
    ///
    /// Linux: ip_route_output_key_hash_rcu and rt_iif, __mkroute_output (net/ipv4/route.c),
    /// ip6_rcv_core (net/ipv6/ip6_input.c)
    pub(crate) fn way_to(&self, addr: IpAddr, bound_dev_if: i32) -> Way {
        let by_another = addr.is_ipv4() && ![0, self.leaves_by(addr)].contains(&bound_dev_if);
        match (by_another, bound_dev_if) {
            (true, LOOPBACK_IFINDEX) => {
                Way::Loopback { dif: LOOPBACK_IFINDEX, is_rtn_local: false }
            }
            (false, _) if self.is_own(addr) => {
                let dif = if addr.is_loopback() { LOOPBACK_IFINDEX } else { LINK_IFINDEX };
                Way::Loopback { dif, is_rtn_local: true }
            }
            _ => Way::Link,
        }
    }

    /// Whether `addr` means every host of a network (Linux: RTN_BROADCAST).
    #[must_use]
    pub fn is_broadcast(&self, addr: IpAddr) -> bool {
        let IpAddr::V4(v4) = addr else { return false };
        v4.is_broadcast() || self.routes.iter().any(|route| route.is_broadcast(v4))
    }
}

/// Where packets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Back to this host.
    Loopback {
        /// The interface they count as come by.
        dif: i32,
        /// Their destination is this host's.
        is_rtn_local: bool,
    },
    /// Out.
    Link,
}

/// Where packets to a network go: to the one link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// An address of the network.
    pub prefix: IpAddr,
    /// How many of its bits count.
    pub len: u8,
    /// The network is this host's own, so that its last address means all of it.
    pub on_link: bool,
}

impl Route {
    fn contains(&self, addr: IpAddr) -> bool {
        match (self.prefix, addr) {
            (IpAddr::V4(net), IpAddr::V4(addr)) => {
                (u32::from(net) ^ u32::from(addr)) & !self.host_bits_v4() == 0
            }
            (IpAddr::V6(net), IpAddr::V6(addr)) => {
                let host = u128::MAX.checked_shr(self.len.into()).unwrap_or(0);
                (u128::from(net) ^ u128::from(addr)) & !host == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    fn is_broadcast(&self, addr: Ipv4Addr) -> bool {
        let host = self.host_bits_v4();
        self.on_link && host > 1 && self.contains(addr.into()) && u32::from(addr) & host == host
    }

    fn host_bits_v4(&self) -> u32 {
        u32::MAX.checked_shr(self.len.into()).unwrap_or(0)
    }
}

/// Length of the IP header (Linux: net_header_len).
pub(crate) const fn header_len(v6: bool) -> u32 {
    if v6 { IPV6_HEADER_LEN } else { IPV4_HEADER_LEN }
}

/// Whether a packet can come from `addr`: a group sends none, nor does everybody or nobody.
///
/// RFC 9293 §3.9.2.3 · Linux: ip_route_input_slow, martian_source (net/ipv4/route.c);
/// ip6_rcv_core (net/ipv6/ip6_input.c)
pub(crate) fn can_send(addr: IpAddr) -> bool {
    match addr {
        IpAddr::V4(ip) => !ip.is_multicast() && !ip.is_broadcast() && !ip.is_unspecified(),
        IpAddr::V6(ip) => !ip.is_multicast(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Learnt, Net, Route};
    use crate::time::Instant;

    #[test]
    fn routes_lead_somewhere_or_nowhere() {
        let mut net = Net::new(vec!["192.168.0.1".parse().unwrap()], 1500);
        let ip = |text: &str| text.parse().unwrap();
        assert_eq!(
            net.source_for(ip("192.0.2.1"), 0),
            Some(ip("192.168.0.1")),
            "no routes, no limits"
        );
        net.routes = vec![Route { prefix: ip("192.168.0.1"), len: 16, on_link: true }];
        assert_eq!(net.source_for(ip("192.0.2.1"), 0), None);
        assert_eq!(net.source_for(ip("192.168.9.9"), 0), Some(ip("192.168.0.1")));
        assert_eq!(net.source_for(ip("192.168.0.1"), 0), Some(ip("192.168.0.1")));
        assert_eq!(net.source_for(ip("127.9.9.9"), 0), Some(ip("127.0.0.1")));
        let broadcast = ["192.168.255.255", "255.255.255.255", "192.168.0.255"];
        assert_eq!(broadcast.map(|addr| net.is_broadcast(ip(addr))), [true, true, false]);
    }

    #[test]
    fn a_path_is_forgotten() {
        let mut net = Net::new(vec!["192.168.0.1".parse().unwrap()], 1500);
        let remote = "192.0.2.1".parse().unwrap();
        let at = |s: u64| Instant::from_millis(s * 1000);
        let mut told = |s: u64| {
            let learnt = Learnt { now: at(s), believed: 10 };
            net.update_pmtu(remote, 1000, 552, learnt);
            [5, 11, 14, 17].map(|s| net.dst_mtu(remote, at(s)))
        };
        assert_eq!(told(0), [1000, 1500, 1500, 1500]);
        assert_eq!(told(4), [1000, 1500, 1500, 1500], "it is news for five seconds");
        assert_eq!(told(6), [1000, 1000, 1000, 1500]);
    }

    #[test]
    fn the_loopback_is_wide() {
        let net = Net::new(vec!["192.168.0.1".parse().unwrap()], 1500);
        let mss = ["127.0.0.1", "192.168.0.1", "::1", "192.0.2.1"];
        let mss = mss.map(|addr| net.advmss(addr.parse().unwrap(), Some(Instant::ZERO)));
        assert_eq!(mss, [65_495, 65_495, 65_476, 1460]);
    }
}
