//! `ip route`, `ip addr` and `ip link` by rtnetlink, with the defaults that ip(8) fills in.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::commands::Handled;
use super::netlink::{APPEND, CREATE, EXCL, REPLACE, Request};
use super::rtnetlink::{
    self, IFA_ADDRESS, IFA_F_NODAD, IFA_FLAGS, IFA_LOCAL, RTA_DST, RTA_GATEWAY, RTA_OIF,
    RTM_NEWADDR, RTM_NEWLINK, RTM_NEWROUTE, Rtnetlink, ifinfomsg, index_of, masked, octets,
};
use crate::command::ip::{
    AddrCommand, AddrOp, IpFamily, LinkChange, LinkCommand, RouteCommand, RouteDst, RouteKind,
    RouteMetric, RouteOp,
};

const RTM_DELADDR: u16 = 21;
const RTM_DELROUTE: u16 = 25;

const RTA_PRIORITY: u16 = 6;
const RTA_PREFSRC: u16 = 7;
const RTA_METRICS: u16 = 8;
const RTA_TABLE: u16 = 15;
const RTAX_LOCK: u16 = 1;
const RTAX_CC_ALGO: u16 = 16;
pub(super) const RTNH_F_ONLINK: u32 = 4;

const TABLE_MAIN: u32 = 254;
const TABLE_LOCAL: u32 = 255;
const SCOPE_UNIVERSE: u8 = 0;
const SCOPE_LINK: u8 = 253;
const SCOPE_HOST: u8 = 254;
const SCOPE_NOWHERE: u8 = 255;
const PROTOCOL_BOOT: u8 = 3;

/// `ip route …`
pub(super) fn route(command: &RouteCommand, family: Option<IpFamily>) -> io::Result<Handled> {
    let (ty, flags) = match command.op {
        RouteOp::Add => (RTM_NEWROUTE, CREATE | EXCL),
        RouteOp::Change => (RTM_NEWROUTE, REPLACE),
        RouteOp::Replace => (RTM_NEWROUTE, CREATE | REPLACE),
        RouteOp::Append => (RTM_NEWROUTE, CREATE | APPEND),
        RouteOp::Delete => (RTM_DELROUTE, 0),
        RouteOp::Flush => return Ok(Handled::No),
        RouteOp::Show => return Ok(Handled::Yes),
    };
    let (dst, prefix) = destination(command, family);
    let table = command.table.unwrap_or(default_table(command.kind));
    let deletes = ty == RTM_DELROUTE;
    let protocol = command.protocol.unwrap_or(if deletes { 0 } else { PROTOCOL_BOOT });
    let scope = command.scope.unwrap_or_else(|| default_scope(command, deletes));
    // struct rtmsg; a table number of more than a byte is only in the attribute.
    let short_table = u8::try_from(table).unwrap_or(0);
    let family = rtnetlink::family(dst);
    let mut header =
        vec![family, prefix, 0, 0, short_table, protocol, scope, kind_number(command, deletes)];
    let on_link = if command.onlink { RTNH_F_ONLINK } else { 0 };
    header.extend_from_slice(&on_link.to_ne_bytes());

    let mut request = Request::new(ty, flags).put(&header).attr_u32(RTA_TABLE, table);
    if prefix > 0 {
        request = request.attr(RTA_DST, &octets(masked(dst, prefix)));
    }
    if let Some(dev) = &command.dev {
        request = request.attr_u32(RTA_OIF, index_of(dev)?);
    }
    for (ty, addr) in [(RTA_GATEWAY, command.via), (RTA_PREFSRC, command.src)] {
        if let Some(addr) = addr {
            request = request.attr(ty, &octets(addr));
        }
    }
    if let Some(priority) = command.priority {
        request = request.attr_u32(RTA_PRIORITY, priority);
    }
    if !command.metrics.is_empty() || command.congctl.is_some() {
        request = request.nest(RTA_METRICS, |nested| {
            metrics(nested, &command.metrics, command.congctl.as_ref())
        });
    }
    Rtnetlink::open()?.change(request)?;
    Ok(Handled::Yes)
}

/// Destination and prefix length; the family of a default route is that of its other addresses.
fn destination(command: &RouteCommand, family: Option<IpFamily>) -> (IpAddr, u8) {
    match command.dst {
        RouteDst::To(prefix) => (prefix.addr, prefix.len),
        RouteDst::Default => {
            let v6 = family == Some(IpFamily::V6)
                || [command.via, command.src].iter().flatten().any(IpAddr::is_ipv6);
            let any: IpAddr =
                if v6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
            (any, 0)
        }
    }
}

fn default_table(kind: RouteKind) -> u32 {
    match kind {
        RouteKind::Local | RouteKind::Broadcast => TABLE_LOCAL,
        RouteKind::Unicast
        | RouteKind::Multicast
        | RouteKind::Blackhole
        | RouteKind::Unreachable
        | RouteKind::Prohibit
        | RouteKind::Throw => TABLE_MAIN,
    }
}

fn default_scope(command: &RouteCommand, deletes: bool) -> u8 {
    match command.kind {
        RouteKind::Local => SCOPE_HOST,
        RouteKind::Broadcast | RouteKind::Multicast => SCOPE_LINK,
        RouteKind::Unicast if deletes => SCOPE_NOWHERE,
        RouteKind::Unicast if command.via.is_none() => SCOPE_LINK,
        RouteKind::Unicast
        | RouteKind::Blackhole
        | RouteKind::Unreachable
        | RouteKind::Prohibit
        | RouteKind::Throw => SCOPE_UNIVERSE,
    }
}

/// `RTN_*`. A deletion without a type matches any.
fn kind_number(command: &RouteCommand, deletes: bool) -> u8 {
    match command.kind {
        RouteKind::Unicast if deletes => 0,
        RouteKind::Unicast => 1,
        RouteKind::Local => 2,
        RouteKind::Broadcast => 3,
        RouteKind::Multicast => 5,
        RouteKind::Blackhole => 6,
        RouteKind::Unreachable => 7,
        RouteKind::Prohibit => 8,
        RouteKind::Throw => 9,
    }
}

/// The nested metrics: a mask of the locked ones, then each.
fn metrics(request: Request, metrics: &[RouteMetric], congctl: Option<&(String, bool)>) -> Request {
    let locked = metrics.iter().filter(|m| m.lock).map(|m| 1_u32 << m.metric as u16);
    let cc_locked = congctl.filter(|(_, lock)| *lock).map(|_| 1_u32 << RTAX_CC_ALGO);
    let mask = locked.chain(cc_locked).fold(0, |mask, bit| mask | bit);
    let mut request = request;
    if mask != 0 {
        request = request.attr_u32(RTAX_LOCK, mask);
    }
    for metric in metrics {
        request = request.attr_u32(metric.metric as u16, metric.value);
    }
    match congctl {
        Some((name, _)) => request.attr(RTAX_CC_ALGO, &[name.as_bytes(), &[0]].concat()),
        None => request,
    }
}

/// `ip addr …`
pub(super) fn addr(command: &AddrCommand) -> io::Result<Handled> {
    let (ty, flags) = match command.op {
        AddrOp::Add => (RTM_NEWADDR, CREATE | EXCL),
        AddrOp::Change => (RTM_NEWADDR, REPLACE),
        AddrOp::Replace => (RTM_NEWADDR, CREATE | REPLACE),
        AddrOp::Delete => (RTM_DELADDR, 0),
        AddrOp::Flush => return Ok(Handled::No),
        AddrOp::Show => return Ok(Handled::Yes),
    };
    let (Some(prefix), Some(dev)) = (command.addr, &command.dev) else { return Ok(Handled::No) };
    let loopback = if prefix.addr.is_loopback() { SCOPE_HOST } else { SCOPE_UNIVERSE };
    let scope = command.scope.unwrap_or(loopback);
    let mut header = vec![rtnetlink::family(prefix.addr), prefix.len, 0, scope];
    header.extend_from_slice(&index_of(dev)?.to_ne_bytes());
    let bytes = octets(prefix.addr);
    let mut request =
        Request::new(ty, flags).put(&header).attr(IFA_LOCAL, &bytes).attr(IFA_ADDRESS, &bytes);
    if command.nodad {
        request = request.attr_u32(IFA_FLAGS, IFA_F_NODAD);
    }
    Rtnetlink::open()?.change(request)?;
    Ok(Handled::Yes)
}

/// `ip link …`
pub(super) fn link(command: &LinkCommand) -> io::Result<Handled> {
    let (dev, changes) = match command {
        LinkCommand::Set { dev, changes } => (dev, changes),
        LinkCommand::Show { .. } => return Ok(Handled::Yes),
    };
    let up = libc::IFF_UP as u32;
    let (mut flags, mut mask) = (0, 0);
    let mut attributes = Vec::new();
    for change in changes {
        match *change {
            LinkChange::Up => (flags, mask) = (up, up),
            LinkChange::Down => (flags, mask) = (0, up),
            LinkChange::Mtu(mtu) => attributes.push((4, mtu)), // IFLA_MTU
            LinkChange::TxQueueLen(len) => attributes.push((13, len)), // IFLA_TXQLEN
            LinkChange::GsoMaxSegs(segs) => attributes.push((40, segs)), // IFLA_GSO_MAX_SEGS
            LinkChange::GsoMaxSize(size) => attributes.push((41, size)), // IFLA_GSO_MAX_SIZE
            LinkChange::GroMaxSize(size) => attributes.push((58, size)), // IFLA_GRO_MAX_SIZE
        }
    }
    let request = Request::new(RTM_NEWLINK, 0).put(&ifinfomsg(index_of(dev)?, flags, mask));
    let request = attributes.into_iter().fold(request, |r, (ty, value)| r.attr_u32(ty, value));
    Rtnetlink::open()?.change(request)?;
    Ok(Handled::Yes)
}
