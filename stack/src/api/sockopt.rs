//! The numbers and value encodings of socket options.
//!
//! Linux: include/uapi/asm-generic/socket.h, include/uapi/linux/{tcp,in,in6}.h

use crate::errno::Errno;
use crate::time::Hz;

pub(super) const SOL_IP: i32 = 0;
pub(super) const SOL_SOCKET: i32 = 1;
pub(super) const SOL_TCP: i32 = 6;
pub(super) const SOL_IPV6: i32 = 41;

pub(super) const SO_REUSEADDR: i32 = 2;
pub(super) const SO_TYPE: i32 = 3;
pub(super) const SO_ERROR: i32 = 4;
pub(super) const SO_DONTROUTE: i32 = 5;
pub(super) const SO_BROADCAST: i32 = 6;
pub(super) const SO_SNDBUF: i32 = 7;
pub(super) const SO_RCVBUF: i32 = 8;
pub(super) const SO_KEEPALIVE: i32 = 9;
pub(super) const SO_OOBINLINE: i32 = 10;
pub(super) const SO_PRIORITY: i32 = 12;
pub(super) const SO_LINGER: i32 = 13;
pub(super) const SO_REUSEPORT: i32 = 15;
pub(super) const SO_BINDTODEVICE: i32 = 25;
pub(super) const SO_ATTACH_FILTER: i32 = 26;
pub(super) const SO_PEERNAME: i32 = 28;
pub(super) const SO_LOCK_FILTER: i32 = 44;
pub(super) const SO_INCOMING_CPU: i32 = 49;
pub(super) const SO_COOKIE: i32 = 57;
pub(super) const SO_TXTIME: i32 = 61;
pub(super) const SO_BINDTOIFINDEX: i32 = 62;
pub(super) const SO_RCVTIMEO_NEW: i32 = 66;
pub(super) const SO_SNDTIMEO_NEW: i32 = 67;
pub(super) const SO_BUSY_POLL_BUDGET: i32 = 70;
pub(super) const SO_NETNS_COOKIE: i32 = 71;
pub(super) const SO_BUF_LOCK: i32 = 72;
pub(super) const SO_RESERVE_MEM: i32 = 73;
pub(super) const SO_TXREHASH: i32 = 74;
pub(super) const SO_RCVLOWAT: i32 = 18;
pub(super) const SO_RCVTIMEO: i32 = 20;
pub(super) const SO_SNDTIMEO: i32 = 21;
pub(super) const SO_ACCEPTCONN: i32 = 30;
pub(super) const SO_SNDBUFFORCE: i32 = 32;
pub(super) const SO_RCVBUFFORCE: i32 = 33;
pub(super) const SO_MARK: i32 = 36;
pub(super) const SO_PROTOCOL: i32 = 38;
pub(super) const SO_DOMAIN: i32 = 39;
pub(super) const SO_MAX_PACING_RATE: i32 = 47;
pub(super) const SO_PEEK_OFF: i32 = 42;
pub(super) const SO_MEMINFO: i32 = 55;
pub(super) const SO_ZEROCOPY: i32 = 60;
pub(super) use crate::timestamping::{
    SO_TIMESTAMP_NEW, SO_TIMESTAMP_OLD, SO_TIMESTAMPING_NEW, SO_TIMESTAMPING_OLD,
    SO_TIMESTAMPNS_NEW, SO_TIMESTAMPNS_OLD,
};

pub(super) const TCP_NODELAY: i32 = 1;
pub(super) const TCP_MAXSEG: i32 = 2;
pub(super) const TCP_CORK: i32 = 3;
pub(super) const TCP_KEEPIDLE: i32 = 4;
pub(super) const TCP_KEEPINTVL: i32 = 5;
pub(super) const TCP_KEEPCNT: i32 = 6;
pub(super) const TCP_SYNCNT: i32 = 7;
pub(super) const TCP_LINGER2: i32 = 8;
pub(super) const TCP_DEFER_ACCEPT: i32 = 9;
pub(super) const TCP_WINDOW_CLAMP: i32 = 10;
pub(super) const TCP_INFO: i32 = 11;
pub(super) const TCP_QUICKACK: i32 = 12;
pub(super) const TCP_CONGESTION: i32 = 13;
pub(super) const TCP_MD5SIG: i32 = 14;
pub(super) const TCP_THIN_LINEAR_TIMEOUTS: i32 = 16;
pub(super) const TCP_USER_TIMEOUT: i32 = 18;
pub(super) const TCP_TIMESTAMP: i32 = 24;
pub(super) const TCP_NOTSENT_LOWAT: i32 = 25;
pub(super) const TCP_CC_INFO: i32 = 26;
pub(super) const TCP_SAVE_SYN: i32 = 27;
pub(super) const TCP_SAVED_SYN: i32 = 28;
pub(super) const TCP_ULP: i32 = 31;
pub(super) const TCP_MD5SIG_EXT: i32 = 32;
pub(super) const TCP_INQ: i32 = 36;
pub(super) const TCP_TX_DELAY: i32 = 37;
pub(super) const TCP_RTO_MAX_MS: i32 = 44;
pub(super) const TCP_RTO_MIN_US: i32 = 45;
pub(super) const TCP_DELACK_MAX_US: i32 = 46;

pub(super) const IP_TOS: i32 = 1;
pub(super) const IP_TTL: i32 = 2;
pub(super) const IP_OPTIONS: i32 = 4;
pub(super) const IP_MTU: i32 = 14;
pub(super) const IP_IPSEC_POLICY: i32 = 16;
pub(super) const IP_XFRM_POLICY: i32 = 17;
pub(super) const IP_MULTICAST_IF: i32 = 32;
pub(super) const IP_UNBLOCK_SOURCE: i32 = 37;
pub(super) const IP_MSFILTER: i32 = 41;
pub(super) const MCAST_MSFILTER: i32 = 48;
pub(super) const IP_MULTICAST_ALL: i32 = 49;
pub(super) const IP_UNICAST_IF: i32 = 50;
pub(super) const IP_LOCAL_PORT_RANGE: i32 = 51;
pub(super) const IP_PROTOCOL: i32 = 52;

pub(super) const IPV6_ADDRFORM: i32 = 1;
pub(super) const IPV6_2292PKTOPTIONS: i32 = 6;
pub(super) const IPV6_UNICAST_HOPS: i32 = 16;
pub(super) const IPV6_ADD_MEMBERSHIP: i32 = 20;
pub(super) const IPV6_DROP_MEMBERSHIP: i32 = 21;
pub(super) const IPV6_MTU: i32 = 24;
pub(super) const IPV6_V6ONLY: i32 = 26;
pub(super) const IPV6_JOIN_ANYCAST: i32 = 27;
pub(super) const IPV6_LEAVE_ANYCAST: i32 = 28;
pub(super) const IPV6_FLOWLABEL_MGR: i32 = 32;
pub(super) const IPV6_IPSEC_POLICY: i32 = 34;
pub(super) const IPV6_XFRM_POLICY: i32 = 35;
pub(super) const MCAST_JOIN_GROUP: i32 = 42;
pub(super) const IPV6_PKTINFO: i32 = 50;
pub(super) const IPV6_HOPOPTS: i32 = 54;
pub(super) const IPV6_RTHDRDSTOPTS: i32 = 55;
pub(super) const IPV6_RTHDR: i32 = 57;
pub(super) const IPV6_DSTOPTS: i32 = 59;
pub(super) const IPV6_PATHMTU: i32 = 61;
pub(super) const IPV6_TCLASS: i32 = 67;
pub(super) const IPV6_ADDR_PREFERENCES: i32 = 72;
pub(super) const IPV6_UNICAST_IF: i32 = 76;

/// The number a value of SOL_IP holds: an int, or a byte; none for no bytes.
pub(super) fn ip_int(value: &[u8]) -> Option<i32> {
    int(value).ok().or_else(|| value.first().map(|byte| i32::from(*byte)))
}

/// The bytes of an int.
pub(super) fn int_bytes(val: i32) -> Vec<u8> {
    val.to_ne_bytes().to_vec()
}

/// An unsigned number as the int that holds it.
pub(super) fn saturated(val: u32) -> i32 {
    i32::try_from(val).unwrap_or(i32::MAX)
}

/// What the kernel returns as an int.
pub(super) fn clamped(val: u64) -> i32 {
    i32::try_from(val).unwrap_or(i32::MAX)
}

/// The int a value holds.
pub(crate) fn int(value: &[u8]) -> Result<i32, Errno> {
    let bytes = value.first_chunk().ok_or(Errno::EINVAL)?;
    Ok(i32::from_ne_bytes(*bytes))
}

/// A `struct timeval` in ticks, rounded up: none means for ever, as zero does.
///
/// Linux: sock_set_timeout (net/core/sock.c)
pub(super) fn timeval(value: &[u8], hz: Hz) -> Result<Option<u64>, Errno> {
    let (secs, rest) = value.split_first_chunk().ok_or(Errno::EINVAL)?;
    let usecs = rest.first_chunk().ok_or(Errno::EINVAL)?;
    let (secs, usecs) = (i64::from_ne_bytes(*secs), i64::from_ne_bytes(*usecs));
    if !(0..1_000_000).contains(&usecs) {
        return Err(Errno::EDOM);
    }
    let Ok(secs) = u64::try_from(secs) else {
        // A negative time is none at all: the call does not wait.
        return Ok(Some(0));
    };
    let part = u64::from(hz.usecs_to_jiffies(usecs.unsigned_abs()));
    let ticks = hz.secs(secs).saturating_add(part);
    Ok((ticks != 0).then_some(ticks))
}

/// The bytes of a `struct timeval`.
///
/// Linux: sock_get_timeout (net/core/sock.c)
pub(super) fn timeval_bytes(ticks: Option<u64>, hz: Hz) -> Vec<u8> {
    let ticks = ticks.unwrap_or(0);
    let rest = u32::try_from(ticks % hz.secs(1)).unwrap_or(0);
    let mut bytes = (ticks / hz.secs(1)).to_ne_bytes().to_vec();
    bytes.extend(hz.jiffies_to_usecs(rest).to_ne_bytes());
    bytes
}
