//! Cookies: what the server hands out so that a client can prove its address later.
//!
//! RFC 7413 §4.1.2 · Linux: __tcp_fastopen_cookie_gen_cipher, tcp_fastopen_cookie_gen_check
//! (net/ipv4/tcp_fastopen.c). The kernel's own function and byte order: a cookie made under a key
//! is the one that Linux makes under it.

use std::hash::Hasher as _;
use std::net::IpAddr;

use siphasher::sip::SipHasher24;

use crate::cx::Cx;

/// A primary key, and perhaps a backup that is still accepted.
pub(crate) type Keys = Vec<[u8; 16]>;

/// TCP_FASTOPEN_COOKIE_SIZE
const COOKIE_SIZE: usize = 8;

/// A cookie as an option carries it; without bytes it asks for one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cookie {
    pub(crate) bytes: Vec<u8>,
    /// The experimental option, RFC 7413 appendix A.
    pub(crate) exp: bool,
}

impl Cookie {
    /// An option without a cookie.
    pub(crate) const fn is_request(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// The cookie for SYNs from `src` to `dst` under `key`.
///
/// RFC 7413 §4.1.2 · Linux: __tcp_fastopen_cookie_gen_cipher (net/ipv4/tcp_fastopen.c)
pub(super) fn cookie_gen(key: &[u8; 16], src: IpAddr, dst: IpAddr) -> [u8; COOKIE_SIZE] {
    let mut hasher = SipHasher24::new_with_key(key);
    match (src, dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            hasher.write(&[src.octets(), dst.octets()].concat());
        }
        (src, dst) => hasher.write(&[v6_octets(src), v6_octets(dst)].concat()),
    }
    hasher.finish().to_le_bytes()
}

fn v6_octets(addr: IpAddr) -> [u8; 16] {
    match addr {
        IpAddr::V4(addr) => addr.to_ipv6_mapped().octets(),
        IpAddr::V6(addr) => addr.octets(),
    }
}

/// Which key made the cookie of a SYN: 0 the primary, 1 the backup.
///
/// Linux: tcp_fastopen_cookie_gen_check (net/ipv4/tcp_fastopen.c)
pub(super) fn key_of(cookie: &[u8], keys: &[[u8; 16]], src: IpAddr, dst: IpAddr) -> Option<usize> {
    keys.iter().position(|key| cookie == cookie_gen(key, src, dst))
}

/// A host without a key makes one up when the first listener wants Fast Open.
///
/// Linux: tcp_fastopen_init_key_once (net/ipv4/tcp_fastopen.c)
pub(crate) fn tcp_fastopen_init_key_once(cx: &mut Cx) {
    if cx.sysctl.tcp_fastopen_key.is_empty() {
        let mut key = [0; 16];
        let (low, high) = key.split_at_mut(8);
        low.copy_from_slice(&cx.rng.next_u64().to_le_bytes());
        high.copy_from_slice(&cx.rng.next_u64().to_le_bytes());
        cx.sysctl.tcp_fastopen_key = vec![key];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// Cookies a Linux kernel made under this key.
    #[rstest]
    #[case("192.0.2.1", "192.168.0.1", "3021b9d889017eeb")]
    #[case("fd3d:fa7b:d17d::1", "fd3d:a0b:17d6::1", "c1d1e9742a47a9bc")]
    fn are_those_of_linux(#[case] src: &str, #[case] dst: &str, #[case] cookie: &str) {
        let key = [[0xa1; 4], [0xb2; 4], [0xc3; 4], [0xd4; 4]].concat();
        let made = cookie_gen(&key.try_into().unwrap(), src.parse().unwrap(), dst.parse().unwrap());
        let hex: String = made.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, cookie);
    }
}
