//! Links, addresses, routes and neighbours by rtnetlink(7): what the `ip` command would do, without
//! starting it.

use std::io;
use std::net::IpAddr;

use nix::sys::socket::SockProtocol;

use super::netlink::{ACK, CREATE, EXCL, Netlink, REPLACE, Request, attributes};

pub(super) const RTM_NEWLINK: u16 = 16;
pub(super) const RTM_NEWADDR: u16 = 20;
pub(super) const RTM_NEWROUTE: u16 = 24;

pub(super) const IFLA_MTU: u16 = 4;

pub(super) const IFA_ADDRESS: u16 = 1;
pub(super) const IFA_LOCAL: u16 = 2;
pub(super) const IFA_FLAGS: u16 = 8;
/// No duplicate address detection: the address is usable at once.
pub(super) const IFA_F_NODAD: u32 = 0x02;

pub(super) const RTA_DST: u16 = 1;
pub(super) const RTA_OIF: u16 = 4;
pub(super) const RTA_GATEWAY: u16 = 5;

/// Configures the network of the namespace it was opened in.
pub(super) struct Rtnetlink(Netlink);

impl Rtnetlink {
    /// Opens the socket.
    pub(super) fn open() -> io::Result<Self> {
        Netlink::open(SockProtocol::NetlinkRoute).map(Self)
    }

    /// Sends any other request and waits for its acknowledgement.
    pub(super) fn change(&mut self, request: Request) -> io::Result<()> {
        self.0.change(request)
    }

    /// Sends requests together and waits for all acknowledgements. The error is that of the first
    /// that was refused, with its place.
    pub(super) fn change_all(
        &mut self,
        requests: impl IntoIterator<Item = Request>,
    ) -> Result<(), (usize, io::Error)> {
        let requests = requests.into_iter().map(|request| request.with_flags(ACK)).collect();
        let answers = self.0.exchange(requests).map_err(|error| (0, error))?;
        let refused = answers.into_iter().enumerate().find_map(|(at, a)| Some((at, a.err()?)));
        refused.map_or(Ok(()), Err)
    }
}

/// `ip link set INDEX up`
pub(super) fn set_up(index: u32) -> Request {
    let up = libc::IFF_UP as u32;
    Request::new(RTM_NEWLINK, 0).put(&ifinfomsg(index, up, up))
}

/// `ip link set INDEX mtu MTU`
pub(super) fn set_mtu(index: u32, mtu: u32) -> Request {
    Request::new(RTM_NEWLINK, 0).put(&ifinfomsg(index, 0, 0)).attr_u32(IFLA_MTU, mtu)
}

/// `ip addr add ADDR/PREFIX dev INDEX nodad`
pub(super) fn add_address(index: u32, addr: IpAddr, prefix: u8) -> Request {
    let mut header = vec![family(addr), prefix, 0, 0]; // struct ifaddrmsg
    header.extend_from_slice(&index.to_ne_bytes());
    let bytes = octets(addr);
    let request = Request::new(RTM_NEWADDR, CREATE | EXCL)
        .put(&header)
        .attr(IFA_LOCAL, &bytes)
        .attr(IFA_ADDRESS, &bytes);
    if addr.is_ipv6() { request.attr_u32(IFA_FLAGS, IFA_F_NODAD) } else { request }
}

/// `ip route replace DST/PREFIX dev INDEX [via GATEWAY]`
pub(super) fn add_route(index: u32, dst: IpAddr, prefix: u8, gateway: Option<IpAddr>) -> Request {
    let scope = if gateway.is_some() || dst.is_ipv6() { 0 } else { 253 }; // universe, link
    // struct rtmsg: table main, protocol boot, type unicast
    let header = [family(dst), prefix, 0, 0, 254, 3, scope, 1, 0, 0, 0, 0];
    let request = Request::new(RTM_NEWROUTE, CREATE | REPLACE)
        .put(&header)
        .attr(RTA_DST, &octets(masked(dst, prefix)))
        .attr_u32(RTA_OIF, index);
    match gateway {
        Some(gateway) => request.attr(RTA_GATEWAY, &octets(gateway)),
        None => request,
    }
}

/// Hears which addresses the kernel delivers packets for.
///
/// An IPv6 address is there before its local route is: with or without duplicate address
/// detection, addrconf inserts the route from a work queue. A packet that comes before is dropped.
pub(super) struct LocalRoutes(Netlink);

/// `RTMGRP_IPV6_ROUTE`
const RTMGRP_IPV6_ROUTE: u32 = 0x400;
/// `RTN_LOCAL`
const RTN_LOCAL: u8 = 2;
/// Far longer than any work queue takes.
const NOTICE_TIMEOUT_MS: u16 = 5_000;

impl LocalRoutes {
    /// To be opened before the address is added.
    pub(super) fn watch() -> io::Result<Self> {
        Netlink::listen(SockProtocol::NetlinkRoute, RTMGRP_IPV6_ROUTE).map(Self)
    }

    /// Waits until packets for `addr` are delivered. IPv4 addresses need no waiting.
    pub(super) fn wait_for(&self, addr: IpAddr) -> io::Result<()> {
        if addr.is_ipv4() {
            return Ok(());
        }
        let wanted = octets(addr);
        while let Some((ty, message)) = self.0.announcement(NOTICE_TIMEOUT_MS)? {
            // struct rtmsg: the type of the route is its eighth byte, attributes follow the twelfth.
            let is_local = ty == RTM_NEWROUTE && message.body.get(7) == Some(&RTN_LOCAL);
            let to_addr = attributes(&message.body, 12)
                .into_iter()
                .any(|(ty, value)| ty == RTA_DST && value == wanted);
            if is_local && to_addr {
                return Ok(());
            }
        }
        Err(io::ErrorKind::TimedOut.into())
    }
}

/// Hears when a link carries packets.
///
/// A virtual link has its carrier at once, but its queues are put in place by a work queue
/// (linkwatch); what is sent before is dropped.
pub(super) struct Links(Netlink);

/// `RTMGRP_LINK`
const RTMGRP_LINK: u32 = 0x1;
/// `IFLA_OPERSTATE` and its value `IF_OPER_UP`
const IFLA_OPERSTATE: u16 = 16;
const IF_OPER_UP: u8 = 6;

impl Links {
    /// To be opened before the carrier comes.
    pub(super) fn watch() -> io::Result<Self> {
        Netlink::listen(SockProtocol::NetlinkRoute, RTMGRP_LINK).map(Self)
    }

    /// Waits until the link carries packets.
    pub(super) fn wait_for(&self, index: u32) -> io::Result<()> {
        while let Some((ty, message)) = self.0.announcement(NOTICE_TIMEOUT_MS)? {
            // struct ifinfomsg: the index is its fifth to eighth byte, attributes follow the 16th.
            let is_it =
                ty == RTM_NEWLINK && message.body.get(4..8) == Some(index.to_ne_bytes().as_slice());
            let is_up = attributes(&message.body, 16)
                .into_iter()
                .any(|(ty, value)| ty == IFLA_OPERSTATE && value == [IF_OPER_UP]);
            if is_it && is_up {
                return Ok(());
            }
        }
        Err(io::ErrorKind::TimedOut.into())
    }
}

/// `struct ifinfomsg`
pub(super) fn ifinfomsg(index: u32, flags: u32, change: u32) -> Vec<u8> {
    let mut header = vec![0; 4]; // family AF_UNSPEC, padding, device type 0
    for word in [index, flags, change] {
        header.extend_from_slice(&word.to_ne_bytes());
    }
    header
}

/// Index of the interface `dev` in the present thread's namespace.
pub(super) fn index_of(dev: &str) -> io::Result<u32> {
    Ok(nix::net::if_::if_nametoindex(dev)?)
}

/// The address family of `addr`, as the byte of rtnetlink headers.
pub(super) fn family(addr: IpAddr) -> u8 {
    u8::try_from(if addr.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 }).unwrap_or(0)
}

/// The bytes of `addr` in network order.
pub(super) fn octets(addr: IpAddr) -> Vec<u8> {
    match addr {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

/// The network of `addr`: the kernel refuses a route with host bits set.
pub(super) fn masked(addr: IpAddr, prefix: u8) -> IpAddr {
    match addr {
        IpAddr::V4(v4) => {
            let host_bits = 32_u32.saturating_sub(u32::from(prefix));
            let mask = u32::MAX.checked_shl(host_bits).unwrap_or(0);
            IpAddr::V4((u32::from(v4) & mask).into())
        }
        IpAddr::V6(v6) => {
            let host_bits = 128_u32.saturating_sub(u32::from(prefix));
            let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
            IpAddr::V6((u128::from(v6) & mask).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("192.0.2.77", 24, "192.0.2.0")]
    #[case("192.0.2.77", 32, "192.0.2.77")]
    #[case("192.0.2.77", 0, "0.0.0.0")]
    #[case("2001:db8::5", 32, "2001:db8::")]
    #[case("2001:db8::5", 0, "::")]
    #[case("2001:db8::5", 128, "2001:db8::5")]
    fn networks_have_no_host_bits(#[case] addr: &str, #[case] prefix: u8, #[case] net: &str) {
        assert_eq!(masked(addr.parse().unwrap(), prefix), net.parse::<IpAddr>().unwrap());
    }
}
