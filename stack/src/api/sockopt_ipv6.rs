//! Options of SOL_IPV6 with more to them than a number.
//!
//! Linux: do_ipv6_setsockopt, do_ipv6_getsockopt (net/ipv6/ipv6_sockglue.c)

use super::sockopt::*;
use super::sockopt_ip::{ECN_MASK, path_mtu, set_unicast_if, xfrm_user_policy};
use crate::cx::Cx;
use crate::errno::Errno;
use crate::sock::IPV6_DEFAULT_HOPLIMIT;
use crate::sock::Sock;
use crate::state::TcpState;

/// IPV6_MIN_MTU
const IPV6_MIN_MTU: u32 = 1280;
/// sizeof of struct ipv6_mreq, in6_pktinfo, in6_flowlabel_req, ip6_mtuinfo
const IPV6_MREQ: usize = 20;
const IN6_FLOWLABEL_REQ: usize = 32;
const IP6_MTUINFO: usize = 32;
/// struct group_filter without a source
const GROUP_FILTER: usize = 144;
/// Longer is negative.
const MAX_INT: usize = i32::MAX as usize;
/// AF_INET
const AF_INET: i32 = 2;

/// IPV6_PREFER_SRC_TMP, _PUBLIC, _COA, _PUBTMP_DEFAULT, _HOME, _CGA, _NONCGA
const SRC_TMP: i32 = 0x1;
const SRC_PUBLIC: i32 = 0x2;
const SRC_COA: i32 = 0x4;
const SRC_PUBTMP_DEFAULT: i32 = 0x100;
const SRC_HOME: i32 = 0x400;
const SRC_CGA: i32 = 0x8;
const SRC_NONCGA: i32 = 0x800;

/// Linux: do_ipv6_setsockopt
pub(super) fn do_ipv6_setsockopt(
    sk: &mut Sock,
    name: i32,
    value: &[u8],
    cx: &mut Cx,
) -> Result<(), Errno> {
    match name {
        IPV6_UNICAST_HOPS => {
            let val = int(value)?;
            let hops = u8::try_from(val).map(Some);
            sk.opts.hop_limit = if val == -1 { None } else { hops.map_err(|_| Errno::EINVAL)? };
        }
        IPV6_TCLASS => set_tclass(sk, int(value)?)?,
        IPV6_V6ONLY => {
            let val = int(value)?;
            if sk.num != 0 {
                return Err(Errno::EINVAL);
            }
            sk.opts.v6only = val != 0;
        }
        IPV6_MTU => {
            let mtu = u32::try_from(int(value)?).map_err(|_| Errno::EINVAL)?;
            if mtu != 0 && mtu < IPV6_MIN_MTU {
                return Err(Errno::EINVAL);
            }
            sk.opts.frag_size = mtu;
        }
        IPV6_ADDRFORM => return addrform(sk, int(value)?),
        IPV6_ADDR_PREFERENCES => sk.opts.srcprefs = addr_preferences(int(value)?)?,
        IPV6_UNICAST_IF => {
            let index = <[u8; 4]>::try_from(value).map(u32::from_be_bytes);
            set_unicast_if(sk, index.map_err(|_| Errno::EINVAL)?, cx)?;
        }
        IPV6_ADD_MEMBERSHIP | IPV6_DROP_MEMBERSHIP if value.len() >= IPV6_MREQ => {
            return Err(Errno::EPROTO);
        }
        IPV6_IPSEC_POLICY | IPV6_XFRM_POLICY => {
            return Err(xfrm_user_policy(IPV6_XFRM_POLICY, name, value, cx));
        }
        IPV6_HOPOPTS | IPV6_RTHDRDSTOPTS | IPV6_RTHDR | IPV6_DSTOPTS | IPV6_2292PKTOPTIONS => {
            return sticky_option(name, value);
        }
        IPV6_PKTINFO
        | IPV6_FLOWLABEL_MGR
        | IPV6_ADD_MEMBERSHIP
        | IPV6_DROP_MEMBERSHIP
        | IPV6_JOIN_ANYCAST
        | IPV6_LEAVE_ANYCAST
        | MCAST_JOIN_GROUP..=MCAST_MSFILTER => return Err(Errno::EINVAL),
        _ => return Err(Errno::ENOPROTOOPT),
    }
    Ok(())
}

/// -1 is RFC 3542's default, 0.
fn set_tclass(sk: &mut Sock, val: i32) -> Result<(), Errno> {
    let byte = u8::try_from(val.max(0)).map_err(|_| Errno::EINVAL)?;
    if val < -1 {
        return Err(Errno::EINVAL);
    }
    sk.opts.tclass = byte & !ECN_MASK | sk.opts.tclass & ECN_MASK;
    Ok(())
}

/// Only a connection that speaks IPv4 can become a socket of AF_INET.
fn addrform(sk: &mut Sock, family: i32) -> Result<(), Errno> {
    if family != AF_INET {
        return Err(Errno::EINVAL);
    }
    if sk.wire_is_v6() || sk.state() == TcpState::Close || sk.state() == TcpState::Listen {
        if sk.state() != TcpState::Established {
            return Err(Errno::ENOTCONN);
        }
        return Err(Errno::EADDRNOTAVAIL);
    }
    // A mapped connection has left tcpv6_prot's af_specific behind; its protocol is still TCP's.
    if sk.state() != TcpState::Established {
        return Err(Errno::ENOTCONN);
    }
    if sk.opts.v6only {
        return Err(Errno::EADDRNOTAVAIL);
    }
    sk.is_v6 = false;
    Ok(())
}

/// One of each group at most; what is not said is as by default again.
///
/// RFC 5014 · Linux: ip6_sock_set_addr_preferences (include/net/ipv6.h)
fn addr_preferences(val: i32) -> Result<i32, Errno> {
    let exclusive = [
        &[SRC_PUBLIC, SRC_TMP, SRC_PUBTMP_DEFAULT][..],
        &[SRC_HOME, SRC_COA],
        &[SRC_CGA, SRC_NONCGA],
    ];
    let several = |bits: &&[i32]| bits.iter().filter(|bit| val & **bit != 0).count() > 1;
    if exclusive.iter().any(several) {
        return Err(Errno::EINVAL);
    }
    Ok(val & (SRC_PUBLIC | SRC_TMP | SRC_COA))
}

/// No option is what there is already; others would travel in extension headers.
fn sticky_option(name: i32, value: &[u8]) -> Result<(), Errno> {
    match value.len() {
        0 => Ok(()),
        len if name != IPV6_2292PKTOPTIONS && (len < 8 || len % 8 != 0) => Err(Errno::EINVAL),
        len if name == IPV6_2292PKTOPTIONS && len < 16 => Ok(()),
        _ => Err(Errno::ENOPROTOOPT),
    }
}

/// Linux: do_ipv6_getsockopt
pub(super) fn do_ipv6_getsockopt(
    sk: &Sock,
    name: i32,
    len: usize,
    cx: &Cx,
) -> Result<Vec<u8>, Errno> {
    Ok(int_bytes(match name {
        IPV6_ADDRFORM if sk.state() == TcpState::Established => 10,
        IPV6_ADDRFORM => return Err(Errno::ENOTCONN),
        IPV6_UNICAST_HOPS => i32::from(sk.opts.hop_limit.unwrap_or(IPV6_DEFAULT_HOPLIMIT)),
        IPV6_TCLASS => i32::from(sk.opts.tclass),
        IPV6_V6ONLY => i32::from(sk.opts.v6only),
        IPV6_MTU => path_mtu(sk, cx)?,
        IPV6_UNICAST_IF => 0,
        IPV6_ADDR_PREFERENCES => {
            let set = sk.opts.srcprefs & (SRC_TMP | SRC_PUBLIC);
            let public = if set == 0 { SRC_PUBTMP_DEFAULT } else { set };
            let home = if sk.opts.srcprefs & SRC_COA == 0 { SRC_HOME } else { SRC_COA };
            public | home
        }
        IPV6_PATHMTU if len < IP6_MTUINFO => return Err(Errno::EINVAL),
        IPV6_PATHMTU => {
            // struct sockaddr_in6, of zeros, before the MTU.
            let mut info = vec![0; IP6_MTUINFO - 4];
            info.extend(path_mtu(sk, cx)?.to_ne_bytes());
            return Ok(info);
        }
        IPV6_FLOWLABEL_MGR if len < IN6_FLOWLABEL_REQ => return Err(Errno::EINVAL),
        IPV6_FLOWLABEL_MGR => return Err(Errno::ENOENT),
        IPV6_HOPOPTS | IPV6_RTHDRDSTOPTS | IPV6_RTHDR | IPV6_DSTOPTS | IPV6_2292PKTOPTIONS => {
            return Ok(Vec::new());
        }
        MCAST_MSFILTER if !(GROUP_FILTER..=MAX_INT).contains(&len) => return Err(Errno::EINVAL),
        MCAST_MSFILTER => return Err(Errno::EADDRNOTAVAIL),
        _ => return Err(Errno::ENOPROTOOPT),
    }))
}
