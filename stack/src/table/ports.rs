//! Local ports: who has bound which, who may share, and which one connect() and bind(0) choose.
//!
//! RFC 6056 · Linux: inet_csk_get_port, inet_csk_find_open_port, inet_csk_bind_conflict
//! (net/ipv4/inet_connection_sock.c), __inet_hash_connect (net/ipv4/inet_hashtables.c).

mod bucket;
mod claim;
mod scan;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use bucket::{Bucket, Claims, Tenure};
pub(crate) use claim::Claim;
use claim::Rules;
pub(crate) use scan::LocalRange;
use scan::Scan;

use crate::errno::Errno;
use crate::kernel::{Behaviours, KernelVersion};
use crate::rng::Rng;
use crate::sysctl::Sysctls;

/// The table: port to owners.
#[derive(Clone, Debug)]
pub(crate) struct Ports<Id> {
    buckets: BTreeMap<u16, Bucket<Id>>,
    /// Where the last search of each class of destinations stopped (Linux: table_perturb).
    perturb: BTreeMap<u16, u32>,
    kernel: Behaviours,
}

impl<Id> Default for Ports<Id> {
    fn default() -> Self {
        Self::new(Behaviours::of(KernelVersion::CURRENT))
    }
}

impl<Id> Ports<Id> {
    /// Nobody has a port, on a host that does as `kernel`.
    pub(crate) fn new(kernel: Behaviours) -> Self {
        Self { buckets: BTreeMap::new(), perturb: BTreeMap::new(), kernel }
    }
}

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
        let rules = Rules { relax: true, reuseport_ok: true };
        let refuses = |bucket: &Bucket<Id>| {
            !bucket.lets_in_unseen(claim) && bucket.inet_csk_bind_conflict(id, claim, claims, rules)
        };
        if self.buckets.get(&port).is_some_and(refuses) {
            return Err(Errno::EADDRINUSE);
        }
        self.take(id, port, claim);
        Ok(())
    }

    /// Takes a free port of `range` for `id`: odd ones first if the range starts even, the lower
    /// half first for a socket with SO_REUSEADDR.
    ///
    /// # Errors
    /// EADDRINUSE when there is none.
    ///
    /// Linux: inet_csk_find_open_port
    pub(crate) fn bind_any(
        &mut self,
        id: Id,
        range: LocalRange,
        (claim, claims): (&Claim, Claims<'_, Id>),
        sysctl: &Sysctls,
        rng: &mut Rng,
    ) -> Result<u16, Errno> {
        let passes = if sysctl.ip_autobind_reuse == 0 { 1 } else { 2 };
        let tries = [false, true]
            .into_iter()
            .take(passes)
            .flat_map(|relax| range.halves(claim.reuse).into_iter().map(move |half| (relax, half)));
        for (relax, half) in tries {
            let rules = Rules { relax, reuseport_ok: false };
            let free = |port: u16| {
                let taken =
                    |bucket: &Bucket<Id>| bucket.inet_csk_bind_conflict(id, claim, claims, rules);
                !sysctl.ip_local_reserved_ports.contains(port)
                    && !self.buckets.get(&port).is_some_and(taken)
            };
            let remaining = half.even_count();
            let start = rng.below(remaining) | 1;
            let scan = |offset| Scan { range: half, remaining, offset, step: 2 };
            let found = scan(start).find(free).or_else(|| scan(start - 1).find(free));
            let Some((port, _)) = found else { continue };
            self.take(id, port, claim);
            return Ok(port);
        }
        Err(Errno::EADDRINUSE)
    }

    /// Takes a port of `range` for a connection, from an offset that belongs to the destination:
    /// even ones first, unless the socket has a range of its own. `is_free` says whether the
    /// four-tuple with a port is unused or may be reused.
    ///
    /// # Errors
    /// EADDRNOTAVAIL when there is none.
    ///
    /// RFC 6056 §3.3.4 · Linux: __inet_hash_connect; `port_offset` is
    /// [`Rng::secure_port_ephemeral`]
    pub(crate) fn connect_any(
        &mut self,
        (id, port_offset): (Id, u64),
        range: LocalRange,
        sysctl: &Sysctls,
        rng: &mut Rng,
        is_free: &dyn Fn(u16) -> bool,
    ) -> Result<u16, Errno> {
        let (step, remaining) =
            if range.is_own { (1, range.count()) } else { (2, range.even_count()) };
        let [.., c, d] = port_offset.to_be_bytes();
        let class = u16::from_be_bytes([c, d]);
        let perturb = self.perturb.get(&class).copied().unwrap_or(0);
        let shifted = u32::try_from(port_offset >> 32).unwrap_or(0).wrapping_add(perturb);
        let start = shifted % remaining;
        let start = if range.is_own { start } else { start & !1 };
        let usable = |port: u16| {
            !sysctl.ip_local_reserved_ports.contains(port)
                && self.buckets.get(&port).is_none_or(Bucket::is_for_connect)
                && is_free(port)
        };
        let scan = |offset| Scan { range, remaining, offset, step };
        let has_odd = !range.is_own && remaining > 1;
        let odd = || if has_odd { scan(start + 1).find(usable) } else { None };
        let (port, tried) = scan(start).find(usable).or_else(odd).ok_or(Errno::EADDRNOTAVAIL)?;
        let jump = tried.max(rng.below(8) * step);
        self.perturb.insert(class, perturb.wrapping_add(jump + step));
        self.add(id, port, true);
        Ok(port)
    }

    /// A child of a listener has the port as well.
    ///
    /// Linux: __inet_inherit_port
    pub(crate) fn inherit(&mut self, id: Id, port: u16) {
        self.add(id, port, false);
    }

    /// `new`, a TIME-WAIT remainder, has the port with the same rights as `old`.
    ///
    /// Linux: the bind part of inet_twsk_hashdance_schedule (net/ipv4/inet_timewait_sock.c)
    pub(crate) fn share(&mut self, old: Id, new: Id, port: u16) {
        let bucket = self.buckets.entry(port).or_default();
        let tenure = bucket.owners.get(&old).copied().unwrap_or(Tenure { by_connect: false });
        bucket.add(new, tenure);
    }

    /// Gives the port back (Linux: inet_put_port).
    pub(crate) fn release(&mut self, id: Id, port: u16) {
        if let Some(bucket) = self.buckets.get_mut(&port) {
            bucket.remove(id, &self.kernel);
            if bucket.owners.is_empty() {
                self.buckets.remove(&port);
            }
        }
    }

    /// The end of inet_csk_get_port.
    fn take(&mut self, id: Id, port: u16, claim: &Claim) {
        let bucket = self.buckets.entry(port).or_default();
        bucket.inet_csk_update_fastreuse(claim, &self.kernel);
        if !bucket.owners.contains_key(&id) {
            bucket.add(id, Tenure { by_connect: false });
        }
    }

    fn add(&mut self, id: Id, port: u16, by_connect: bool) {
        self.buckets.entry(port).or_default().add(id, Tenure { by_connect });
    }
}
