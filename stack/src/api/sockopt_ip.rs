//! Options of SOL_IP with more to them than a number.
//!
//! Linux: do_ip_setsockopt, do_ip_getsockopt (net/ipv4/ip_sockglue.c)

use super::sockopt::*;
use crate::cx::Cx;
use crate::errno::Errno;
use crate::sock::Sock;
use crate::sock::kept;

/// INET_ECN_MASK: these bits belong to TCP.
pub(super) const ECN_MASK: u8 = 3;
/// Longest list of IP options.
const MAX_IP_OPTIONS: usize = 40;
/// Lengths of the structures of multicast, which TCP refuses: struct ip_mreq_source, group_req,
/// group_source_req, ip_msfilter without a source.
const IP_MREQ_SOURCE: usize = 12;

/// Linux: do_ip_setsockopt
pub(super) fn do_ip_setsockopt(
    sk: &mut Sock,
    name: i32,
    value: &[u8],
    cx: &mut Cx,
) -> Result<(), Errno> {
    match name {
        IP_TOS => ip_sock_set_tos(sk, ip_int(value).unwrap_or(0)),
        IP_TTL => sk.opts.ttl = ttl(ip_int(value).ok_or(Errno::EINVAL)?)?,
        IP_LOCAL_PORT_RANGE => set_local_port_range(sk, value)?,
        IP_UNICAST_IF => {
            let index = <[u8; 4]>::try_from(value).map(u32::from_be_bytes);
            let index = index.map_err(|_| Errno::EINVAL)?;
            set_unicast_if(sk, index, cx)?;
        }
        IP_OPTIONS if value.len() > MAX_IP_OPTIONS => return Err(Errno::EINVAL),
        // No options: there are none.
        IP_OPTIONS if value.is_empty() => {}
        IP_IPSEC_POLICY | IP_XFRM_POLICY => {
            let own = if sk.is_v6 { IPV6_XFRM_POLICY } else { IP_XFRM_POLICY };
            return Err(xfrm_user_policy(own, name, value, cx));
        }
        IP_MULTICAST_IF | IP_UNBLOCK_SOURCE..=MCAST_MSFILTER => {
            return Err(multicast(name, value));
        }
        _ => return Err(Errno::ENOPROTOOPT),
    }
    Ok(())
}

/// The priority of the socket follows its TOS.
///
/// Linux: __ip_sock_set_tos, rt_tos2priority
fn ip_sock_set_tos(sk: &mut Sock, val: i32) {
    let [byte, ..] = val.to_le_bytes();
    let tos = byte & !ECN_MASK | sk.opts.tos & ECN_MASK;
    // Linux compares before the value is cut to a byte.
    let whole = val & !i32::from(ECN_MASK) | i32::from(sk.opts.tos & ECN_MASK);
    if whole != i32::from(sk.opts.tos) {
        sk.opts.tos = tos;
        sk.opts.priority = rt_tos2priority(tos);
    }
}

/// Linux: rt_tos2priority, ip_tos2prio (net/ipv4/route.c)
const fn rt_tos2priority(tos: u8) -> i32 {
    // TC_PRIO_BESTEFFORT, _BULK, _INTERACTIVE, _INTERACTIVE_BULK
    match (tos & 0x1e) >> 3 {
        0 => 0,
        1 => 2,
        2 => 6,
        _ => 4,
    }
}

/// -1 takes the host's.
fn ttl(val: i32) -> Result<Option<u8>, Errno> {
    match val {
        -1 => Ok(None),
        val => u8::try_from(val).ok().filter(|ttl| *ttl != 0).map(Some).ok_or(Errno::EINVAL),
    }
}

/// Either end may be 0, for that of the host.
fn set_local_port_range(sk: &mut Sock, value: &[u8]) -> Result<(), Errno> {
    let both = <[u8; 4]>::try_from(value).map_err(|_| Errno::EINVAL)?;
    let both = i32::from_ne_bytes(both);
    let (low, high) = (both & 0xffff, both >> 16 & 0xffff);
    if low != 0 && high != 0 && low > high {
        return Err(Errno::EINVAL);
    }
    sk.opts.kept.set(kept::IP_LOCAL_PORT_RANGE, both);
    Ok(())
}

/// IP_UNICAST_IF, IPV6_UNICAST_IF: the interface exists, or is 0.
pub(super) fn set_unicast_if(sk: &mut Sock, index: u32, cx: &Cx) -> Result<(), Errno> {
    let index = index.cast_signed();
    if index != 0 && cx.net.device(index).is_none() {
        return Err(Errno::EADDRNOTAVAIL);
    }
    if index != 0 && sk.opts.bound_dev_if != 0 {
        return Err(Errno::EINVAL);
    }
    Ok(())
}

/// There is no IPsec: every policy is refused. `own` is the option of the socket's family, whose
/// value is looked at.
///
/// Linux: xfrm_user_policy (net/xfrm/xfrm_state.c)
pub(super) fn xfrm_user_policy(own: i32, name: i32, value: &[u8], cx: &Cx) -> Errno {
    if !cx.caps.has(crate::caps::Capability::NET_ADMIN) {
        Errno::EPERM
    } else if value.is_empty() {
        Errno::EMSGSIZE
    } else if name == own {
        Errno::EINVAL
    } else {
        Errno::EOPNOTSUPP
    }
}

/// A connection is not multicast.
fn multicast(name: i32, value: &[u8]) -> Errno {
    let source = (IP_UNBLOCK_SOURCE..IP_MSFILTER).contains(&name);
    if source && value.len() == IP_MREQ_SOURCE { Errno::EPROTO } else { Errno::EINVAL }
}

/// Linux: do_ip_getsockopt
pub(super) fn do_ip_getsockopt(sk: &Sock, name: i32, cx: &Cx) -> Result<Vec<u8>, Errno> {
    Ok(int_bytes(match name {
        IP_TOS => i32::from(sk.opts.tos),
        IP_TTL => i32::from(sk.opts.ttl.unwrap_or(cx.sysctl.ip_default_ttl)),
        IP_OPTIONS => return Ok(Vec::new()),
        IP_MTU => path_mtu(sk, cx)?,
        IP_MULTICAST_IF | IP_UNICAST_IF => 0,
        IP_MULTICAST_ALL => sk.opts.kept.get_or(kept::IP_MULTICAST_ALL, i32::from(!sk.is_v6)),
        IP_MSFILTER | MCAST_MSFILTER => return Err(Errno::EINVAL),
        IP_LOCAL_PORT_RANGE => sk.opts.kept.get_or(kept::IP_LOCAL_PORT_RANGE, 0),
        IP_PROTOCOL => i32::from(sk.num),
        _ => return Err(Errno::ENOPROTOOPT),
    }))
}

/// What goes back to the caller: a number that fits one byte is one byte if there is no room for
/// an int.
///
/// Linux: the label copyval of do_ip_getsockopt
pub(super) fn copyval(name: i32, mut value: Vec<u8>, len: usize) -> Vec<u8> {
    let is_int = name != IP_MULTICAST_IF && value.len() == 4;
    let fits = int(&value).is_ok_and(|val| (0..=255).contains(&val));
    value.truncate(if is_int && fits && (1..4).contains(&len) { 1 } else { len });
    value
}

/// IP_MTU, IPV6_MTU: what the route of the connection carries.
pub(super) fn path_mtu(sk: &Sock, cx: &Cx) -> Result<i32, Errno> {
    if sk.flow.remote.port() == 0 {
        return Err(Errno::ENOTCONN);
    }
    Ok(saturated(cx.net.dst_mtu(sk.flow.remote.ip(), cx.now)))
}

#[cfg(test)]
mod tests {
    use super::{copyval, rt_tos2priority};

    #[test]
    fn a_small_number_fits_a_byte() {
        assert_eq!(copyval(1, vec![64, 0, 0, 0], 2), [64]);
        assert_eq!(copyval(1, vec![0, 1, 0, 0], 2), [0, 1]);
        assert_eq!(copyval(1, vec![64, 0, 0, 0], 8), [64, 0, 0, 0]);
        assert!(copyval(1, vec![64, 0, 0, 0], 0).is_empty());
    }

    #[test]
    fn priority_follows_tos() {
        // Besteffort, bulk (throughput), interactive (low delay), both.
        let priorities = [0, 0x08, 0x10, 0x18, 0x04, 0xe0].map(rt_tos2priority);
        assert_eq!(priorities, [0, 2, 6, 4, 0, 0]);
    }
}
