//! The network of a fresh namespace: loopback and `tun0` up, addresses, the route to the harness.
//!
//! Everything here runs on the namespace's thread.

use std::net::IpAddr;

use super::rtnetlink::{LocalRoutes, Rtnetlink};
use super::{fault, sysctl, tun};
use crate::target::{Setup, TargetError};

/// Index of the loopback interface: always the first of a namespace.
pub(super) const LOOPBACK: u32 = 1;

/// Settings that keep the kernel's own packets away and make IPv6 addresses usable at once.
/// A kernel without IPv6 has none of them.
const QUIET: [&str; 6] = [
    "net.ipv6.conf.all.accept_dad=0",
    "net.ipv6.conf.default.accept_dad=0",
    "net.ipv6.conf.all.router_solicitations=0",
    "net.ipv6.conf.default.router_solicitations=0",
    "net.ipv6.conf.all.dad_transmits=0",
    "net.ipv6.conf.default.dad_transmits=0",
];

/// To be called before `tun0` is made: new interfaces copy these settings.
pub(super) fn prepare() -> Result<(), TargetError> {
    for (name, value) in QUIET.iter().filter_map(|setting| setting.split_once('=')) {
        // A missing one is none of ours to complain about.
        let _ = sysctl::write(name, value);
    }
    let mut netlink = Rtnetlink::open().map_err(fault::io("open an rtnetlink socket"))?;
    netlink.set_up(LOOPBACK).map_err(fault::io("bring up the loopback interface"))
}

/// Gives the interface under test its MTU, address and route, and brings it up.
pub(super) fn configure(setup: &Setup) -> Result<u32, TargetError> {
    let mut netlink = Rtnetlink::open().map_err(fault::io("open an rtnetlink socket"))?;
    let index = nix::net::if_::if_nametoindex(tun::NAME)
        .map_err(fault::io("look up the interface tun0"))?;
    let mtu = setup.mtu;
    netlink.set_mtu(index, mtu).map_err(fault::io(format!("set the MTU of tun0 to {mtu}")))?;
    netlink.set_up(index).map_err(fault::io("bring up tun0"))?;
    let (local, prefix) = (setup.local_ip, setup.local_prefix);
    if !setup.is_anyip {
        let routes = LocalRoutes::watch().map_err(fault::io("listen to rtnetlink"))?;
        netlink
            .add_address(index, local, prefix)
            .map_err(fault::io(format!("add the address {local}/{prefix} to tun0")))?;
        routes
            .wait_for(local)
            .map_err(fault::io(format!("wait for the local route of {local}")))?;
    }
    let gateway = (!setup.is_anyip).then_some(setup.gateway_ip);
    add_route(&mut netlink, index, setup, gateway)?;
    Ok(index)
}

/// Whether `tun0` is there and up, in the present thread's namespace.
pub(super) fn is_up() -> bool {
    let interfaces = nix::ifaddrs::getifaddrs().into_iter().flatten();
    let mut tun0 = interfaces.filter(|interface| interface.interface_name == tun::NAME);
    tun0.any(|interface| interface.flags.contains(nix::net::if_::InterfaceFlags::IFF_UP))
}

fn add_route(
    netlink: &mut Rtnetlink,
    index: u32,
    setup: &Setup,
    gateway: Option<IpAddr>,
) -> Result<(), TargetError> {
    let (remote, prefix) = (setup.remote_ip, setup.remote_prefix);
    netlink.add_route(index, remote, prefix, gateway).map_err(fault::io(format!(
        "add the route to {remote}/{prefix}{} (is the gateway within {}/{}?)",
        gateway.map_or_else(String::new, |gateway| format!(" via {gateway}")),
        setup.local_ip,
        setup.local_prefix,
    )))
}
