//! The client's memory of Fast Open cookies.
//!
//! RFC 7413 §4.1.3 · Linux: tcp_fastopen_cache_get, tcp_fastopen_cache_set
//! (net/ipv4/tcp_metrics.c)

use super::cache::Pair;
use crate::cx::Cx;
use crate::fastopen::Cookie;
use crate::sock::Sock;

/// What a SYN-ACK taught about a destination.
#[derive(Clone, Debug)]
pub(crate) struct CacheSet {
    /// MSS of the SYN-ACK; 0 keeps what is known.
    pub(crate) mss: u16,
    pub(crate) cookie: Option<Cookie>,
    /// The SYN with data got lost.
    pub(crate) syn_lost: bool,
    /// 1: ask by the experimental option next time; 2: never again.
    pub(crate) try_exp: u8,
}

/// The MSS, if one is known, and the cookie for the peer of `sk`; an empty cookie asks for one.
pub(crate) fn tcp_fastopen_cache_get(sk: &Sock, cx: &mut Cx) -> (Option<u16>, Cookie) {
    let Cx { metrics, rng, net, now, .. } = cx;
    let Some(block) = metrics.get(Pair::of(sk), (rng, net, *now)) else {
        return (None, Cookie::default());
    };
    let tfom = &block.fastopen;
    let mut cookie = tfom.cookie.clone();
    if cookie.is_request() && tfom.try_exp == 1 {
        cookie.exp = true;
    }
    ((tfom.mss != 0).then_some(tfom.mss), cookie)
}

/// Remembers what the SYN-ACK of `sk` said.
pub(crate) fn tcp_fastopen_cache_set(sk: &Sock, set: CacheSet, cx: &mut Cx) {
    let Cx { metrics, rng, net, now, .. } = cx;
    let Some(block) = metrics.get_or_create(Pair::of(sk), (rng, net, *now)) else { return };
    let tfom = &mut block.fastopen;
    if set.mss != 0 {
        tfom.mss = set.mss;
    }
    match set.cookie.filter(|cookie| !cookie.is_request()) {
        Some(cookie) => tfom.cookie = cookie,
        None if set.try_exp > tfom.try_exp && tfom.cookie.is_request() && !tfom.cookie.exp => {
            tfom.try_exp = set.try_exp;
        }
        None => {}
    }
    if set.syn_lost {
        // Ten bits, as in the kernel.
        tfom.syn_loss = (tfom.syn_loss + 1) & 0x3ff;
        tfom.last_syn_loss = *now;
    } else {
        tfom.syn_loss = 0;
    }
}
