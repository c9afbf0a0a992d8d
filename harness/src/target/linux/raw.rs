//! Raw IP sockets in a second namespace, connected to `tun0` by the veth pair of `veth`.
//!
//! Injection goes through the IP output path of that namespace (IP_HDRINCL, IPV6_HDRINCL; raw(7)).
//! For IPv4 that path writes the total length, the header checksum, and an identification if it
//! is 0, so datagrams with a malformed IPv4 header cannot be injected; nothing larger than the MTU
//! can, and there are no aggregates. Observation is as over veth.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::{self, AddressFamily, SockFlag, SockProtocol, SockType};

use super::netlink::{CREATE, REPLACE, Request};
use super::network::LOOPBACK;
use super::route::RTNH_F_ONLINK;
use super::rtnetlink::{
    RTA_GATEWAY, RTA_OIF, RTM_NEWROUTE, Rtnetlink, add_address, family, octets, set_up,
};
use super::sockaddr::{self, array};
use super::sys::Memory;
use super::veth::{FAR, NEAR_MAC};
use super::wire::Wire;
use super::{fault, sys, sysctl};
use crate::target::TargetError;
use crate::target::syscall::SockAddr;

/// Next hops with a known hardware address stand for every destination.
const NEXT_HOPS: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 0, 1)),
    IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1)),
];

/// The far end's only address. IPv6 wants one to choose as a source, though the header has its own.
const OWN_V6: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2);

const RTM_NEWNEIGH: u16 = 28;
const NDA_DST: u16 = 1;
const NDA_LLADDR: u16 = 2;
const NUD_PERMANENT: u16 = 0x80;

const IPV6_HDRINCL: i32 = 36;

/// Keeps the far namespace from sending anything of its own. Before `wire0` is there.
pub(super) fn silence_far_end() {
    // IPv6 stays, without the link-local address that announces itself. Absent without IPv6.
    for name in ["addr_gen_mode", "accept_dad", "router_solicitations", "dad_transmits"] {
        let value = if name == "addr_gen_mode" { "1" } else { "0" };
        let _ = sysctl::write(&format!("net.ipv6.conf.default.{name}"), value);
    }
}

/// A socket for each version of IP; none for IPv6 on a kernel without it.
pub(super) struct RawSockets {
    v4: OwnedFd,
    v6: Option<OwnedFd>,
}

impl RawSockets {
    /// On the far namespace's thread, with `wire0` (index `index`) up. The sockets keep that
    /// namespace alive.
    pub(super) fn open(index: u32) -> Result<Self, TargetError> {
        let mut netlink = Rtnetlink::open().map_err(fault::io("open an rtnetlink socket"))?;
        // Loopback makes the table of local routes, without which no next hop is valid.
        netlink
            .change(set_up(LOOPBACK))
            .map_err(fault::io("bring up the loopback interface of the far end"))?;
        let [v4_hop, v6_hop] = NEXT_HOPS;
        route_everything(&mut netlink, index, v4_hop)
            .map_err(fault::io("route IPv4 over the far end of the veth pair"))?;
        let v4 = open_socket(AddressFamily::Inet, libc::IPPROTO_IP, libc::IP_HDRINCL)?;
        let v6 = if sysctl::read("net.ipv6.conf.all.disable_ipv6").is_ok() {
            netlink
                .change(add_address(index, OWN_V6.into(), 64))
                .and_then(|()| route_everything(&mut netlink, index, v6_hop))
                .map_err(fault::io("route IPv6 over the far end of the veth pair"))?;
            Some(open_socket(AddressFamily::Inet6, libc::IPPROTO_IPV6, IPV6_HDRINCL)?)
        } else {
            None
        };
        Ok(Self { v4, v6 })
    }
}

/// A permanent neighbour `hop`, and a default route over it.
fn route_everything(netlink: &mut Rtnetlink, index: u32, hop: IpAddr) -> io::Result<()> {
    let family = family(hop);
    let mut ndmsg = vec![family, 0, 0, 0];
    ndmsg.extend_from_slice(&index.to_ne_bytes());
    ndmsg.extend_from_slice(&NUD_PERMANENT.to_ne_bytes());
    ndmsg.extend_from_slice(&[0, 0]);
    netlink.change(
        Request::new(RTM_NEWNEIGH, CREATE | REPLACE)
            .put(&ndmsg)
            .attr(NDA_DST, &octets(hop))
            .attr(NDA_LLADDR, &NEAR_MAC),
    )?;
    let mut rtmsg = vec![family, 0, 0, 0, 254, 3, 0, 1]; // main, boot, universe, unicast
    rtmsg.extend_from_slice(&RTNH_F_ONLINK.to_ne_bytes());
    netlink.change(
        Request::new(RTM_NEWROUTE, CREATE | REPLACE)
            .put(&rtmsg)
            .attr_u32(RTA_OIF, index)
            .attr(RTA_GATEWAY, &octets(hop)),
    )
}

fn open_socket(
    family: AddressFamily,
    level: i32,
    header_included: i32,
) -> Result<OwnedFd, TargetError> {
    let fix = "run as root, or with CAP_NET_RAW in the user namespace";
    let flags = SockFlag::SOCK_CLOEXEC;
    let socket = socket::socket(family, SockType::Raw, flags, SockProtocol::Raw)
        .map_err(fault::unavailable("open a raw IP socket", fix))?;
    let fd = socket.as_raw_fd();
    let on = 1_i32.to_ne_bytes();
    sys::setsockopt(fd, level, header_included, Some(&on), 4)
        .and_then(|_| {
            let len = u32::try_from(FAR.len()).unwrap_or(0);
            let name = Some(FAR.as_bytes());
            sys::setsockopt(fd, libc::SOL_SOCKET, libc::SO_BINDTODEVICE, name, len)
        })
        .map_err(|errno| fault::io("set up a raw IP socket")(fault::errno(errno)))?;
    Ok(socket)
}

impl Wire for RawSockets {
    fn inject(&mut self, packet: &[u8]) -> io::Result<()> {
        let no_address = || io::Error::from_raw_os_error(libc::EINVAL);
        let no_v6 = || io::Error::from_raw_os_error(libc::EAFNOSUPPORT);
        let v6 = packet.first().is_some_and(|first| first >> 4 == 6);
        let (socket, dst): (&OwnedFd, IpAddr) = if v6 {
            let dst = array::<16>(packet, 24).ok_or_else(no_address)?;
            (self.v6.as_ref().ok_or_else(no_v6)?, dst.into())
        } else {
            (&self.v4, array::<4>(packet, 16).ok_or_else(no_address)?.into())
        };
        let dst = sockaddr::encode(&SockAddr::Inet(SocketAddr::new(dst, 0)));
        let mut packet = Memory::Owned(packet.to_vec());
        sys::sendto(socket.as_raw_fd(), &mut packet, 0, Some(&dst)).map_err(fault::errno)?;
        Ok(())
    }
}
