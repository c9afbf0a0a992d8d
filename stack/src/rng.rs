//! Randomness from one seed: initial sequence numbers (RFC 6528), timestamp offsets
//! (RFC 7323 §5.4), ephemeral port offsets (RFC 6056) and plain random numbers.
//!
//! Linux: net/core/secure_seq.c. The kernel keys SipHash with boot-time secrets; here the keys
//! follow from the seed, so that one seed gives the same bytes every time.

use std::hash::{Hash, Hasher};
use std::net::{IpAddr, SocketAddr};

use siphasher::sip::SipHasher13;

use crate::time::Instant;

/// Generator of everything random in a stack.
#[derive(Clone, Debug)]
pub struct Rng {
    seed: u64,
    counter: u64,
}

/// Which secret a hash is keyed with; two purposes never share a key.
#[derive(Clone, Copy)]
enum Key {
    Stream,
    Isn,
    TsOffset,
    Port,
    Ehash,
    Metrics,
    SynCookie,
}

impl Rng {
    /// A generator whose whole output follows from `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed, counter: 0 }
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        let mut hasher = self.hasher(Key::Stream);
        hasher.write_u64(self.counter);
        self.counter = self.counter.wrapping_add(1);
        hasher.finish()
    }

    /// The next 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        high_half(self.next_u64())
    }

    /// A random number in `0..ceil`; 0 when `ceil` is 0.
    ///
    /// Linux: get_random_u32_below · Differs: multiplies instead of rejecting, so one call
    /// always takes one number from the stream.
    pub fn below(&mut self, ceil: u32) -> u32 {
        high_half(u64::from(self.next_u32()) * u64::from(ceil))
    }

    /// The initial sequence number of a connection: a keyed hash of the four-tuple plus a clock
    /// that advances every 64 ns.
    ///
    /// RFC 6528 §3 · Linux: secure_tcp_seq (net/core/secure_seq.c)
    #[must_use]
    pub fn secure_tcp_seq(&self, local: SocketAddr, remote: SocketAddr, now: Instant) -> u32 {
        let hash = self.hash(Key::Isn, &(plain(local), plain(remote)));
        high_half(hash).wrapping_add(low_half(now.as_nanos() >> 6))
    }

    /// The offset added to the timestamp clock between two hosts.
    ///
    /// RFC 7323 §5.4 · Linux: secure_tcp_ts_off (net/core/secure_seq.c)
    #[must_use]
    pub fn secure_tcp_ts_off(&self, local: IpAddr, remote: IpAddr) -> u32 {
        high_half(self.hash(Key::TsOffset, &(plain_ip(local), plain_ip(remote))))
    }

    /// Where the search for an ephemeral port towards `remote` starts.
    ///
    /// RFC 6056 §3.3.3 · Linux: secure_ipv4_port_ephemeral (net/core/secure_seq.c)
    #[must_use]
    pub fn secure_port_ephemeral(&self, local: IpAddr, remote: SocketAddr) -> u64 {
        self.hash(Key::Port, &(plain_ip(local), plain(remote)))
    }

    /// Spreads connections over the listeners that share a port (SO_REUSEPORT).
    ///
    /// Linux: inet_ehashfn (net/ipv4/inet_hashtables.c)
    #[must_use]
    pub fn inet_ehashfn(&self, local: SocketAddr, remote: SocketAddr) -> u32 {
        high_half(self.hash(Key::Ehash, &(plain(local), plain(remote))))
    }

    /// Spreads destinations over the buckets of the metrics cache.
    ///
    /// Linux: net_hash_mix with ipv4_addr_hash, ipv6_addr_hash (net/ipv4/tcp_metrics.c)
    #[must_use]
    pub fn tcp_metrics_hash(&self, remote: IpAddr) -> u32 {
        high_half(self.hash(Key::Metrics, &plain_ip(remote)))
    }

    /// One of the two layers of a SYN cookie for the connection from `ends.0` to `ends.1`.
    ///
    /// RFC 4987 §3.6 · Linux: cookie_hash (net/ipv4/syncookies.c)
    #[must_use]
    pub fn cookie_hash(&self, ends: (SocketAddr, SocketAddr), count: u32, layer: u8) -> u32 {
        high_half(self.hash(Key::SynCookie, &(layer, count, plain(ends.0), plain(ends.1))))
    }

    fn hash<T: Hash>(&self, key: Key, value: &T) -> u64 {
        let mut hasher = self.hasher(key);
        value.hash(&mut hasher);
        hasher.finish()
    }

    fn hasher(&self, key: Key) -> SipHasher13 {
        SipHasher13::new_with_keys(self.seed, key as u64)
    }
}

/// Family, address bytes and port: hashed instead of `SocketAddr` so that IPv6 scope and flow
/// information play no part.
fn plain(addr: SocketAddr) -> (Vec<u8>, u16) {
    (plain_ip(addr.ip()), addr.port())
}

fn plain_ip(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

fn high_half(x: u64) -> u32 {
    low_half(x >> 32)
}

#[expect(clippy::cast_possible_truncation, reason = "half of the bits is what is wanted")]
fn low_half(x: u64) -> u32 {
    x as u32
}

#[cfg(test)]
mod tests;
