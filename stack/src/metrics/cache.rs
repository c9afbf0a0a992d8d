//! The cache: entries by the pair of addresses, in buckets of bounded depth.
//!
//! Linux: tcp_metrics_hash, tcpm_new, tcpm_check_stamp (net/ipv4/tcp_metrics.c)

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::block::MetricsBlock;
use crate::net::Net;
use crate::rng::Rng;
use crate::time::Instant;

/// TCP_METRICS_TIMEOUT: after an hour measurements are too old.
const TCP_METRICS_TIMEOUT_US: u64 = 60 * 60 * 1_000_000;
/// TCP_METRICS_RECLAIM_DEPTH: a bucket with more entries gives its oldest away.
const TCP_METRICS_RECLAIM_DEPTH: usize = 5;
/// Buckets of a machine with plenty of memory (tcp_metrics_hash_log is 14).
const BUCKETS: u32 = 1 << 14;

/// Both ends of a path: own address, destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// Own address.
    pub local: IpAddr,
    /// Destination.
    pub remote: IpAddr,
}

/// What is remembered of all destinations.
#[derive(Clone, Debug, Default)]
pub struct TcpMetrics {
    buckets: BTreeMap<u32, Vec<(Pair, MetricsBlock)>>,
}

impl TcpMetrics {
    /// Every entry, in the order of addresses.
    #[must_use]
    pub fn entries(&self) -> Vec<(Pair, &MetricsBlock)> {
        let mut all: Vec<_> =
            self.buckets.values().flatten().map(|(pair, block)| (*pair, block)).collect();
        all.sort_by_key(|(pair, _)| *pair);
        all
    }

    /// Forgets everything (`ip tcp_metrics flush all`).
    ///
    /// Linux: tcp_metrics_flush_all (net/ipv4/tcp_metrics.c)
    pub fn tcp_metrics_flush_all(&mut self) {
        self.buckets.clear();
    }

    /// Forgets the destinations that `which` names; says whether there were any.
    ///
    /// Linux: tcp_metrics_nl_cmd_del (net/ipv4/tcp_metrics.c)
    pub fn delete(&mut self, which: impl Fn(IpAddr) -> bool) -> bool {
        let before = self.len();
        for bucket in self.buckets.values_mut() {
            bucket.retain(|(pair, _)| !which(pair.remote));
        }
        self.buckets.retain(|_, bucket| !bucket.is_empty());
        self.len() < before
    }

    fn len(&self) -> usize {
        self.buckets.values().map(Vec::len).sum()
    }

    /// The entry of `pair`, brought up to date if it is too old.
    ///
    /// Linux: tcp_get_metrics without creating one (net/ipv4/tcp_metrics.c)
    pub(crate) fn get(
        &mut self,
        pair: Pair,
        (rng, net, now): (&Rng, &Net, Instant),
    ) -> Option<&mut MetricsBlock> {
        let bucket = self.buckets.get_mut(&bucket_of(pair, rng))?;
        let (_, block) = bucket.iter_mut().find(|(of, _)| *of == pair)?;
        if now.micros_since(block.stamp) > TCP_METRICS_TIMEOUT_US {
            block.tcpm_suck_dst(&net.route, now);
        }
        Some(block)
    }

    /// The entry of `pair`, made from the route if there is none; a full bucket loses the entry
    /// that was used longest ago.
    ///
    /// Linux: tcpm_new (net/ipv4/tcp_metrics.c)
    pub(crate) fn get_or_create(
        &mut self,
        pair: Pair,
        (rng, net, now): (&Rng, &Net, Instant),
    ) -> Option<&mut MetricsBlock> {
        if self.get(pair, (rng, net, now)).is_none() {
            let bucket = self.buckets.entry(bucket_of(pair, rng)).or_default();
            if bucket.len() > TCP_METRICS_RECLAIM_DEPTH
                && let Some((at, _)) =
                    bucket.iter().enumerate().min_by_key(|(_, (_, block))| block.stamp)
            {
                bucket.remove(at);
            }
            let mut block = MetricsBlock::default();
            block.tcpm_suck_dst(&net.route, now);
            bucket.push((pair, block));
        }
        self.get(pair, (rng, net, now))
    }
}

fn bucket_of(pair: Pair, rng: &Rng) -> u32 {
    rng.tcp_metrics_hash(pair.remote) % BUCKETS
}

#[cfg(test)]
mod tests;
