//! The options that fill the error queue: SO_ZEROCOPY, IP_RECVERR, IPV6_RECVERR.

use crate::errno::Errno;
use crate::sock::Sock;

/// SO_ZEROCOPY: whether MSG_ZEROCOPY means anything.
///
/// Linux: sk_setsockopt (net/core/sock.c)
pub(crate) fn set_zerocopy(sk: &mut Sock, val: i32) -> Result<(), Errno> {
    let valid = (0..=1).contains(&val);
    sk.zerocopy.on = valid.then_some(val == 1).ok_or(Errno::EINVAL)?;
    Ok(())
}

/// SO_ZEROCOPY as getsockopt reports it.
pub(crate) fn get_zerocopy(sk: &Sock) -> i32 {
    i32::from(sk.zerocopy.on)
}

/// IP_RECVERR, IPV6_RECVERR go off: whoever stops listening does not find old errors later.
///
/// Linux: do_ip_setsockopt (net/ipv4/ip_sockglue.c), do_ipv6_setsockopt (net/ipv6/ipv6_sockglue.c)
pub(crate) fn recverr_off(sk: &mut Sock) {
    sk.error_queue.purge();
}
