//! A veth pair instead of a TUN device: `tun0` in the namespace under test, `wire0` in a second
//! one where nothing else lives, and packet sockets on `wire0`.
//!
//! Differs from TUN: transmissions complete at once (nothing waits for the harness to read). A veth
//! device takes nothing larger than its MTU but aggregates, so a larger TCP segment is injected as
//! one, of a part with all but one byte and a part with that byte: what the receiver makes of its
//! size is then nearly the same as over TUN. Larger datagrams of other protocols are refused.
//!
//! Alike: name, MTU, addresses, offloads, queueing discipline and queue length. `tun0` does no
//! address resolution, and its frames carry its own address, so the stack at the far end ignores
//! them.

use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::{self, AddressFamily, SockFlag, SockType};

use super::closing::close_elsewhere;
use super::netlink::{CREATE, EXCL, REPLACE, Request};
use super::packet_socket::sockaddr_ll;
use super::qdisc::{RTM_NEWQDISC, TC_H_ROOT, TCA_KIND};
use super::rtnetlink::{RTM_NEWLINK, Rtnetlink, ifinfomsg, index_of, set_mtu, set_up};
use super::vnet;
use super::wire::Wire;
use super::{fault, sys, sysctl, tun};
use crate::target::TargetError;

/// The far end.
pub(super) const FAR: &str = "wire0";

/// Hardware addresses of the two ends: locally administered, the same in every run.
pub(super) const NEAR_MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
const FAR_MAC: [u8; 6] = [2, 0, 0, 0, 0, 2];

/// The largest MTU there is (ETH_MAX_MTU): leaves judging sizes to the receiver.
pub(super) const MAX_MTU: u32 = 65_535;

/// Queue length of a TUN device (TUN_READQ_SIZE).
const TUN_QUEUE_LEN: u32 = 500;

const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_TXQLEN: u16 = 13;
const IFLA_LINKINFO: u16 = 18;
const IFLA_NET_NS_FD: u16 = 28;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const VETH_INFO_PEER: u16 = 1;
const IFF_NOARP: u32 = 0x80;

/// `PACKET_VNET_HDR` of packet(7): frames are sent behind a `struct virtio_net_hdr`.
const PACKET_VNET_HDR: i32 = 15;

/// Makes the pair, `tun0` here and `wire0` in the namespace `far`, and gives `tun0` the traits of
/// a TUN device. Runs on the thread of the namespace under test.
pub(super) fn create(far: &OwnedFd) -> Result<(), TargetError> {
    let fix = "load the driver: `modprobe veth` (CONFIG_VETH)";
    let mut netlink = Rtnetlink::open().map_err(fault::io("open an rtnetlink socket"))?;
    netlink.change(new_pair(far)).map_err(fault::unavailable("create a veth pair", fix))?;
    make_like_tun(&mut netlink).map_err(fault::io("set up the veth device tun0"))
}

fn new_pair(far: &OwnedFd) -> Request {
    let name = |name: &str| [name.as_bytes(), &[0]].concat();
    let far_fd = u32::try_from(far.as_raw_fd()).unwrap_or(u32::MAX);
    Request::new(RTM_NEWLINK, CREATE | EXCL)
        .put(&ifinfomsg(0, 0, 0))
        .attr(IFLA_IFNAME, &name(tun::NAME))
        .attr(IFLA_ADDRESS, &NEAR_MAC)
        .nest(IFLA_LINKINFO, |info| {
            info.attr(IFLA_INFO_KIND, b"veth\0").nest(IFLA_INFO_DATA, |data| {
                data.nest(VETH_INFO_PEER, |peer| {
                    peer.put(&ifinfomsg(0, 0, 0))
                        .attr(IFLA_IFNAME, &name(FAR))
                        .attr(IFLA_ADDRESS, &FAR_MAC)
                        .attr_u32(IFLA_NET_NS_FD, far_fd)
                })
            })
        })
}

fn make_like_tun(netlink: &mut Rtnetlink) -> io::Result<()> {
    let index = index_of(tun::NAME)?;
    netlink.change(
        Request::new(RTM_NEWLINK, 0)
            .put(&ifinfomsg(index, IFF_NOARP, IFF_NOARP))
            .attr_u32(IFLA_TXQLEN, TUN_QUEUE_LEN),
    )?;
    let mut tcmsg = vec![0; 4];
    for word in [index, 0, TC_H_ROOT, 0] {
        tcmsg.extend_from_slice(&word.to_ne_bytes());
    }
    let qdisc = Request::new(RTM_NEWQDISC, CREATE | REPLACE).put(&tcmsg);
    netlink.change(qdisc.attr(TCA_KIND, b"pfifo_fast\0"))
}

/// Keeps the kernel of the far namespace silent. Before `wire0` is there; on its thread.
pub(super) fn silence_far_end() {
    // Absent without IPv6, which is as silent.
    let _ = sysctl::write("net.ipv6.conf.default.disable_ipv6", "1");
    let _ = sysctl::write("net.ipv6.conf.all.disable_ipv6", "1");
}

/// Brings `wire0` up, on the far namespace's thread; its index.
pub(super) fn bring_up_far_end(mtu: u32) -> Result<u32, TargetError> {
    let up = || {
        let mut netlink = Rtnetlink::open()?;
        let index = index_of(FAR)?;
        netlink.change(set_mtu(index, mtu))?;
        netlink.change(set_up(index))?;
        Ok::<_, io::Error>(index)
    };
    up().map_err(fault::io("bring up the far end of the veth pair"))
}

/// The far end of the pair.
pub(super) struct Veth {
    socket: OwnedFd,
    gso_size: u16,
    mtu: usize,
}

impl Veth {
    /// On the far namespace's thread. The socket keeps that namespace alive.
    pub(super) fn open(index: u32, gso_size: u16, mtu: u32) -> Result<Self, TargetError> {
        let failed = "open a packet socket on the far end of the veth pair";
        let flags = SockFlag::SOCK_CLOEXEC;
        let socket = socket::socket(AddressFamily::Packet, SockType::Raw, flags, None)
            .map_err(fault::io(failed))?;
        let fd = socket.as_raw_fd();
        let on = 1_i32.to_ne_bytes();
        // Bound without a protocol: it sends and never receives.
        sys::setsockopt(fd, libc::SOL_PACKET, PACKET_VNET_HDR, Some(&on), 4)
            .and_then(|_| sys::bind(fd, &sockaddr_ll(index, 0)))
            .map_err(|errno| fault::io(failed)(fault::errno(errno)))?;
        Ok(Self { socket, gso_size, mtu: usize::try_from(mtu).unwrap_or(usize::MAX) })
    }
}

impl Drop for Veth {
    fn drop(&mut self) {
        close_elsewhere(&self.socket);
    }
}

impl Wire for Veth {
    fn inject(&mut self, packet: &[u8]) -> io::Result<()> {
        let gso_size = if packet.len() > self.mtu && self.gso_size == 0 {
            vnet::tcp_payload(packet).and_then(|len| u16::try_from(len.saturating_sub(1)).ok())
        } else {
            Some(self.gso_size)
        };
        let header = vnet::header(packet, gso_size.unwrap_or(0));
        let frame = frame_header(packet);
        let parts = [IoSlice::new(&header), IoSlice::new(&frame), IoSlice::new(packet)];
        nix::sys::uio::writev(&self.socket, &parts)?;
        Ok(())
    }
}

/// Destination, source, ethertype by the version of the datagram.
fn frame_header(packet: &[u8]) -> Vec<u8> {
    let v6 = packet.first().is_some_and(|first| first >> 4 == 6);
    let ethertype: u16 = if v6 { 0x86dd } else { 0x0800 };
    [NEAR_MAC.as_slice(), &FAR_MAC, &ethertype.to_be_bytes()].concat()
}
