//! Cookies: what the server hands out so that a client can prove its address later.
//!
//! RFC 7413 §4.1.2 · Linux: __tcp_fastopen_cookie_gen_cipher, tcp_fastopen_cookie_gen_check
//! (net/ipv4/tcp_fastopen.c). The kernel's own function and byte order: a cookie made under a key
//! is the one that Linux makes under it.

use std::hash::Hasher as _;
use std::net::IpAddr;

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};
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
pub(super) fn cookie_gen(key: &[u8; 16], src: IpAddr, dst: IpAddr, cx: &Cx) -> [u8; COOKIE_SIZE] {
    if !cx.kernel.siphash_cookies {
        return aes_cookie(key, src, dst);
    }
    let mut hasher = SipHasher24::new_with_key(key);
    match (src, dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            hasher.write(&[src.octets(), dst.octets()].concat());
        }
        (src, dst) => hasher.write(&[v6_octets(src), v6_octets(dst)].concat()),
    }
    hasher.finish().to_le_bytes()
}

/// The cookie of older kernels: both addresses in one block, or the second folded into the first's.
///
/// Linux: __tcp_fastopen_cookie_gen (net/ipv4/tcp_fastopen.c of 4.3)
fn aes_cookie(key: &[u8; 16], src: IpAddr, dst: IpAddr) -> [u8; COOKIE_SIZE] {
    let cipher = Aes128::new(&(*key).into());
    let encrypted = |block: [u8; 16]| {
        let mut block = block.into();
        cipher.encrypt_block(&mut block);
        <[u8; 16]>::from(block)
    };
    let block = match (src, dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => encrypted(
            (u128::from(src.to_bits()) << 96 | u128::from(dst.to_bits()) << 64).to_be_bytes(),
        ),
        (src, dst) => {
            let first = u128::from_be_bytes(encrypted(v6_octets(src)));
            encrypted((first ^ u128::from_be_bytes(v6_octets(dst))).to_be_bytes())
        }
    };
    block.first_chunk().copied().unwrap_or_default()
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
pub(super) fn key_of(
    cookie: &[u8],
    keys: &[[u8; 16]],
    (src, dst): (IpAddr, IpAddr),
    cx: &Cx,
) -> Option<usize> {
    keys.iter().position(|key| cookie == cookie_gen(key, src, dst, cx))
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
        let cx = Cx::new(crate::Config::default());
        let (src, dst) = (src.parse().unwrap(), dst.parse().unwrap());
        let made = cookie_gen(&key.try_into().unwrap(), src, dst, &cx);
        let hex: String = made.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, cookie);
    }

    /// What openssl makes of the same key and addresses.
    #[rstest]
    #[case("192.0.2.1", "192.168.0.1", "bed4b7e67e6cb89b")]
    #[case("fd3d:fa7b:d17d::1", "fd3d:a0b:17d6::1", "1de83687898b01e4")]
    fn were_once_of_aes(#[case] src: &str, #[case] dst: &str, #[case] cookie: &str) {
        let key = [[0xa1; 4], [0xb2; 4], [0xc3; 4], [0xd4; 4]].concat().try_into().unwrap();
        let made = aes_cookie(&key, src.parse().unwrap(), dst.parse().unwrap());
        let hex: String = made.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, cookie);
    }
}
