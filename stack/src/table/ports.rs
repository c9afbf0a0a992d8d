//! Local ports: who has bound which, who may share, and which one connect() and bind(0) choose.
//!
//! RFC 6056 · Linux: inet_csk_get_port, inet_csk_find_open_port, inet_bind_conflict
//! (net/ipv4/inet_connection_sock.c), __inet_hash_connect (net/ipv4/inet_hashtables.c). User ids
//! play no part: there is one.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::errno::Errno;
use crate::rng::Rng;
use crate::sysctl::Sysctls;

/// What the conflict rules ask about a socket. It is read from the socket at every check, because
/// options and state change after bind().
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Bound address, never IPv4-mapped; unspecified is a wildcard.
    pub(crate) addr: IpAddr,
    /// IPV6_V6ONLY.
    pub(crate) is_v6only: bool,
    /// SO_REUSEADDR.
    pub(crate) reuse: bool,
    /// SO_REUSEPORT.
    pub(crate) reuseport: bool,
    /// SO_BINDTODEVICE: index of the interface; 0 is any.
    pub(crate) bound_dev_if: i32,
    /// The state is LISTEN.
    pub(crate) is_listening: bool,
}

/// How strict a check is (Linux: the last two parameters of inet_csk_bind_conflict).
#[derive(Clone, Copy)]
struct Rules {
    /// SO_REUSEADDR on both sides is enough.
    relax: bool,
    /// SO_REUSEPORT on both sides is enough.
    reuseport_ok: bool,
}

/// What an owner of a port may do with it.
#[derive(Clone, Copy, Debug)]
struct Tenure {
    /// The port was chosen by connect(), so connections to other destinations may have it too.
    by_connect: bool,
}

/// The table: port to owners.
#[derive(Clone, Debug)]
pub(crate) struct Ports<Id> {
    buckets: BTreeMap<u16, BTreeMap<Id, Tenure>>,
    /// Where the last search of each class of destinations stopped (Linux: table_perturb).
    perturb: BTreeMap<u16, u32>,
}

impl<Id> Default for Ports<Id> {
    fn default() -> Self {
        Self { buckets: BTreeMap::new(), perturb: BTreeMap::new() }
    }
}

/// The claims of other sockets, by id.
type Claims<'a, Id> = &'a dyn Fn(Id) -> Option<Claim>;

impl<Id: Copy + Ord> Ports<Id> {
    /// Takes `port` for `id`, as bind() and, with the state already LISTEN, listen() do.
    ///
    /// # Errors
    /// EADDRINUSE when another socket's claim conflicts.
    ///
    /// Linux: inet_csk_get_port with a port
    pub(crate) fn bind(
        &mut self,
        id: Id,
        port: u16,
        claim: &Claim,
        claims: Claims<'_, Id>,
    ) -> Result<(), Errno> {
        if self.has_conflict(id, port, claim, claims, Rules { relax: true, reuseport_ok: true }) {
            return Err(Errno::EADDRINUSE);
        }
        self.add(id, port, false);
        Ok(())
    }

    /// Takes a free port of the local range for `id`: odd ones first, the lower half first for a
    /// socket with SO_REUSEADDR.
    ///
    /// # Errors
    /// EADDRINUSE when there is none.
    ///
    /// Linux: inet_csk_find_open_port
    pub(crate) fn bind_any(
        &mut self,
        id: Id,
        claim: &Claim,
        claims: Claims<'_, Id>,
        sysctl: &Sysctls,
        rng: &mut Rng,
    ) -> Result<u16, Errno> {
        let passes = if sysctl.ip_autobind_reuse == 0 { 1 } else { 2 };
        let tries = [false, true].into_iter().take(passes).flat_map(|relax| {
            halves(sysctl, claim.reuse).into_iter().map(move |half| (relax, half))
        });
        for (relax, (low, high)) in tries {
            let rules = Rules { relax, reuseport_ok: false };
            let free = |port: u16| {
                !sysctl.ip_local_reserved_ports.contains(port)
                    && !self.has_conflict(id, port, claim, claims, rules)
            };
            let remaining = even_count(low, high);
            let start = rng.below(remaining) | 1;
            let scan = |offset| Scan { low, high, remaining, offset, step: 2 };
            let found = scan(start).find(free).or_else(|| scan(start - 1).find(free));
            let Some((port, _)) = found else { continue };
            self.add(id, port, false);
            return Ok(port);
        }
        Err(Errno::EADDRINUSE)
    }

    /// Takes a port for a connection: even ones first, from an offset that belongs to the
    /// destination. `is_free` says whether the four-tuple with a port is unused or may be reused.
    ///
    /// # Errors
    /// EADDRNOTAVAIL when there is none.
    ///
    /// RFC 6056 §3.3.4 · Linux: __inet_hash_connect; `port_offset` is
    /// [`Rng::secure_port_ephemeral`]
    pub(crate) fn connect_any(
        &mut self,
        id: Id,
        port_offset: u64,
        sysctl: &Sysctls,
        rng: &mut Rng,
        is_free: &dyn Fn(u16) -> bool,
    ) -> Result<u16, Errno> {
        let (low, high) = range(sysctl);
        let remaining = even_count(low, high);
        let [.., c, d] = port_offset.to_be_bytes();
        let class = u16::from_be_bytes([c, d]);
        let perturb = self.perturb.get(&class).copied().unwrap_or(0);
        let shifted = u32::try_from(port_offset >> 32).unwrap_or(0).wrapping_add(perturb);
        let start = (shifted % remaining) & !1;
        let usable = |port: u16| {
            let shared =
                |owners: &BTreeMap<Id, Tenure>| owners.values().all(|owner| owner.by_connect);
            !sysctl.ip_local_reserved_ports.contains(port)
                && self.buckets.get(&port).is_none_or(shared)
                && is_free(port)
        };
        let scan = |offset| Scan { low, high, remaining, offset, step: 2 };
        let odd = || if remaining > 1 { scan(start + 1).find(usable) } else { None };
        let (port, tried) = scan(start).find(usable).or_else(odd).ok_or(Errno::EADDRNOTAVAIL)?;
        let jump = tried.max(rng.below(8) * 2);
        self.perturb.insert(class, perturb.wrapping_add(jump + 2));
        self.add(id, port, true);
        Ok(port)
    }

    /// A child of a listener, or the TIME-WAIT remainder of a socket, has the port as well.
    ///
    /// Linux: __inet_inherit_port
    pub(crate) fn inherit(&mut self, id: Id, port: u16) {
        self.add(id, port, false);
    }

    /// `new` takes the place of `old`, with the same rights: a TIME-WAIT remainder.
    pub(crate) fn succeed(&mut self, old: Id, new: Id, port: u16) {
        let owners = self.buckets.entry(port).or_default();
        let tenure = owners.remove(&old).unwrap_or(Tenure { by_connect: false });
        owners.insert(new, tenure);
    }

    /// Whether the port is `id`'s (Linux: inet_num is not 0).
    pub(crate) fn holds(&self, id: Id, port: u16) -> bool {
        self.buckets.get(&port).is_some_and(|owners| owners.contains_key(&id))
    }

    /// Gives the port back (Linux: inet_put_port).
    pub(crate) fn release(&mut self, id: Id, port: u16) {
        if let Some(owners) = self.buckets.get_mut(&port) {
            owners.remove(&id);
            if owners.is_empty() {
                self.buckets.remove(&port);
            }
        }
    }

    fn add(&mut self, id: Id, port: u16, by_connect: bool) {
        let owners = self.buckets.entry(port).or_default();
        owners.entry(id).or_insert(Tenure { by_connect });
    }

    fn has_conflict(
        &self,
        id: Id,
        port: u16,
        claim: &Claim,
        claims: Claims<'_, Id>,
        rules: Rules,
    ) -> bool {
        let owners = self.buckets.get(&port).into_iter().flat_map(BTreeMap::keys);
        owners
            .filter(|owner| **owner != id)
            .filter_map(|owner| claims(*owner))
            .any(|other| overlap(claim, &other) && inet_bind_conflict(claim, &other, rules))
    }
}

/// Two sockets with overlapping addresses cannot have one port, unless options say so.
///
/// Linux: inet_bind_conflict
const fn inet_bind_conflict(sk: &Claim, other: &Claim, rules: Rules) -> bool {
    let both_reuseport = sk.reuseport && other.reuseport;
    if sk.reuse && other.reuse && !other.is_listening {
        !rules.relax || !rules.reuseport_ok && both_reuseport
    } else {
        !rules.reuseport_ok || !both_reuseport
    }
}

/// Some segment could be for both.
///
/// Linux: inet_rcv_saddr_equal with wildcards
fn overlap(a: &Claim, b: &Claim) -> bool {
    let takes = |wild: &Claim, addr: IpAddr| match (wild.addr, addr) {
        (IpAddr::V6(any), IpAddr::V4(_)) => any.is_unspecified() && !wild.is_v6only,
        (IpAddr::V4(_), IpAddr::V6(_)) => false,
        (IpAddr::V4(_), IpAddr::V4(_)) | (IpAddr::V6(_), IpAddr::V6(_)) => {
            wild.addr.is_unspecified()
        }
    };
    let apart = a.bound_dev_if != 0 && b.bound_dev_if != 0 && a.bound_dev_if != b.bound_dev_if;
    !apart && (a.addr == b.addr || takes(a, b.addr) || takes(b, a.addr))
}

/// The local range as a half-open interval; the end may be 65536.
fn range(sysctl: &Sysctls) -> (u32, u32) {
    let ports = sysctl.ip_local_port_range;
    (u32::from(ports.low), u32::from(ports.high) + 1)
}

/// The parts of the range bind(0) searches, in order.
fn halves(sysctl: &Sysctls, reuse: bool) -> Vec<(u32, u32)> {
    let (low, high) = range(sysctl);
    let half = low + ((high - low) >> 2 << 1);
    if reuse && high - low >= 4 { vec![(low, half), (half, high)] } else { vec![(low, high)] }
}

/// An even number of ports, so that stepping by two stays within one parity; 1 for a range of one.
const fn even_count(low: u32, high: u32) -> u32 {
    let count = high - low;
    if count > 1 { count & !1 } else { 1 }
}

/// A walk through the ports of one parity, around the end of the range.
struct Scan {
    low: u32,
    high: u32,
    remaining: u32,
    offset: u32,
    step: usize,
}

impl Scan {
    /// The first port that `is_usable`, and how far from the start it was.
    fn find(&self, is_usable: impl Fn(u16) -> bool) -> Option<(u16, u32)> {
        let first = self.low + self.offset;
        (0..self.remaining).step_by(self.step).find_map(|tried| {
            let mut port = first + tried;
            while port >= self.high {
                port -= self.remaining;
            }
            let port = u16::try_from(port).ok()?;
            is_usable(port).then_some((port, tried))
        })
    }
}

#[cfg(test)]
mod tests;
