//! The numbers and value encodings of socket options.
//!
//! Linux: include/uapi/asm-generic/socket.h, include/uapi/linux/{tcp,in,in6}.h

use crate::errno::Errno;

pub(super) const SOL_IP: i32 = 0;
pub(super) const SOL_SOCKET: i32 = 1;
pub(super) const SOL_TCP: i32 = 6;
pub(super) const SOL_IPV6: i32 = 41;

pub(super) const SO_DEBUG: i32 = 1;
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
pub(super) const SO_RCVLOWAT: i32 = 18;
pub(super) const SO_SNDLOWAT: i32 = 19;
pub(super) const SO_RCVTIMEO: i32 = 20;
pub(super) const SO_SNDTIMEO: i32 = 21;
pub(super) const SO_ACCEPTCONN: i32 = 30;
pub(super) const SO_SNDBUFFORCE: i32 = 32;
pub(super) const SO_RCVBUFFORCE: i32 = 33;
pub(super) const SO_MARK: i32 = 36;
pub(super) const SO_PROTOCOL: i32 = 38;
pub(super) const SO_DOMAIN: i32 = 39;
pub(super) const SO_MAX_PACING_RATE: i32 = 47;
pub(super) const SO_MEMINFO: i32 = 55;

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
pub(super) const TCP_MD5SIG_EXT: i32 = 32;
pub(super) const TCP_INQ: i32 = 36;

pub(super) const TCP_RTO_MAX_MS: i32 = 44;
pub(super) const TCP_RTO_MIN_US: i32 = 45;
pub(super) const TCP_DELACK_MAX_US: i32 = 46;

pub(super) const IP_TOS: i32 = 1;
pub(super) const IP_TTL: i32 = 2;
pub(super) const IP_MTU_DISCOVER: i32 = 10;
pub(super) const IP_RECVERR: i32 = 11;
pub(super) const IP_MTU: i32 = 14;
pub(super) const IP_FREEBIND: i32 = 15;

pub(super) const IPV6_UNICAST_HOPS: i32 = 16;
pub(super) const IPV6_MTU_DISCOVER: i32 = 23;
pub(super) const IPV6_MTU: i32 = 24;
pub(super) const IPV6_RECVERR: i32 = 25;
pub(super) const IPV6_V6ONLY: i32 = 26;
pub(super) const IPV6_TCLASS: i32 = 67;
pub(super) const IPV6_FREEBIND: i32 = 78;

/// The int a value holds.
pub(super) fn int(value: &[u8]) -> Result<i32, Errno> {
    let bytes = value.first_chunk().ok_or(Errno::EINVAL)?;
    Ok(i32::from_ne_bytes(*bytes))
}

/// A `struct timeval`: none means for ever, as zero does.
pub(super) fn timeval(value: &[u8]) -> Result<Option<u64>, Errno> {
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
    let us = secs.saturating_mul(1_000_000).saturating_add(usecs.unsigned_abs());
    Ok((us != 0).then_some(us))
}

/// The bytes of a `struct timeval`.
pub(super) fn timeval_bytes(us: Option<u64>) -> Vec<u8> {
    let us = us.unwrap_or(0);
    let mut bytes = (us / 1_000_000).to_ne_bytes().to_vec();
    bytes.extend((us % 1_000_000).to_ne_bytes());
    bytes
}
