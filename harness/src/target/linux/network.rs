//! The network of a fresh namespace: loopback and `tun0` up, addresses, the route to the harness.
//!
//! Everything here runs on the namespace's thread.

use super::netlink::Request;
use super::rtnetlink::{LocalRoutes, Rtnetlink, add_address, add_route, set_mtu, set_up};
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
pub(super) fn keep_quiet() {
    for (name, value) in QUIET.iter().filter_map(|setting| setting.split_once('=')) {
        // A missing one is none of ours to complain about.
        let _ = sysctl::write(name, value);
    }
}

/// What a guest arranges once, in its first namespace, for all that are made later: they start
/// quiet, and without the devices that come with a kernel's tunnels (`tunl0`, `gre0`, …), which
/// nobody has whose tunnels are modules. Whether they need nothing more to be quiet.
pub(super) fn keep_later_ones_quiet() -> bool {
    let _ = sysctl::write("net.core.fb_tunnels_only_for_init_net", "1");
    keep_quiet();
    // 1: new namespaces copy all settings of the first one, and not only those of IPv4.
    sysctl::write("net.core.devconf_inherit_init_net", "1").is_ok()
}

/// Brings up the loopback interface, gives `tun0`, which is number `index`, its MTU, address and
/// route, and brings it up.
pub(super) fn configure(setup: &Setup, index: u32) -> Result<(), TargetError> {
    let mut steps = vec![
        (set_up(LOOPBACK), "bring up the loopback interface".to_owned()),
        (set_mtu(index, setup.mtu), format!("set the MTU of tun0 to {}", setup.mtu)),
        (set_up(index), "bring up tun0".to_owned()),
    ];
    let (local, prefix) = (setup.local_ip, setup.local_prefix);
    if !setup.is_anyip {
        let what = format!("add the address {local}/{prefix} to tun0");
        steps.push((add_address(index, local, prefix), what));
    }
    let mut netlink = Rtnetlink::open().map_err(fault::io("open an rtnetlink socket"))?;
    // The address of IPv4 is there when it is acknowledged.
    if !setup.is_anyip && local.is_ipv6() {
        let routes = LocalRoutes::watch().map_err(fault::io("listen to rtnetlink"))?;
        change_all(&mut netlink, std::mem::take(&mut steps))?;
        routes
            .wait_for(local)
            .map_err(fault::io(format!("wait for the local route of {local}")))?;
    }
    steps.push(route(index, setup));
    change_all(&mut netlink, steps)
}

/// Carries out steps, each with a name.
fn change_all(netlink: &mut Rtnetlink, steps: Vec<(Request, String)>) -> Result<(), TargetError> {
    let (requests, names): (Vec<_>, Vec<_>) = steps.into_iter().unzip();
    netlink.change_all(requests).map_err(|(at, error)| {
        fault::io(names.get(at).map_or("talk to rtnetlink", String::as_str))(error)
    })
}

/// Whether `tun0` is there and up, in the present thread's namespace.
pub(super) fn is_up() -> bool {
    let interfaces = nix::ifaddrs::getifaddrs().into_iter().flatten();
    let mut tun0 = interfaces.filter(|interface| interface.interface_name == tun::NAME);
    tun0.any(|interface| interface.flags.contains(nix::net::if_::InterfaceFlags::IFF_UP))
}

/// The route to the harness's side.
fn route(index: u32, setup: &Setup) -> (Request, String) {
    let gateway = (!setup.is_anyip).then_some(setup.gateway_ip);
    let (remote, prefix) = (setup.remote_ip, setup.remote_prefix);
    let what = format!(
        "add the route to {remote}/{prefix}{} (is the gateway within {}/{}?)",
        gateway.map_or_else(String::new, |gateway| format!(" via {gateway}")),
        setup.local_ip,
        setup.local_prefix,
    );
    (add_route(index, remote, prefix, gateway), what)
}
