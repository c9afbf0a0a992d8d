//! Entries come, age, and make room.

use std::net::Ipv4Addr;

use super::*;
use crate::net::{MetricLocks, RouteMetrics};

fn pair(host: u32) -> Pair {
    let remote = Ipv4Addr::from(0x0a00_0000 + host);
    Pair { local: Ipv4Addr::new(192, 0, 2, 1).into(), remote: remote.into() }
}

#[test]
fn an_entry_is_there_until_it_is_deleted() {
    let (mut all, rng, net) = (TcpMetrics::default(), Rng::new(1), Net::new(Vec::new(), 1500));
    let at = (&rng, &net, Instant::ZERO);
    assert!(all.get(pair(1), at).is_none());
    all.get_or_create(pair(1), at).unwrap().rtt_us = 8;
    all.get_or_create(pair(2), at).unwrap().rtt_us = 16;
    assert_eq!(all.get(pair(1), at).unwrap().rtt_us, 8);
    assert_eq!(all.entries().len(), 2);
    assert!(all.delete(|remote| remote == pair(1).remote));
    assert!(!all.delete(|remote| remote == pair(1).remote));
    assert!(all.get(pair(1), at).is_none());
    all.tcp_metrics_flush_all();
    assert!(all.entries().is_empty());
}

#[test]
fn after_an_hour_only_the_route_and_the_cookie_count() {
    let (mut all, rng, mut net) = (TcpMetrics::default(), Rng::new(1), Net::new(Vec::new(), 1500));
    let block = all.get_or_create(pair(1), (&rng, &net, Instant::ZERO)).unwrap();
    block.rtt_us = 800;
    block.fastopen.mss = 1000;
    net.route = RouteMetrics {
        rtt_ms8: 80,
        locks: MetricLocks { rtt: true, ..MetricLocks::default() },
        ..RouteMetrics::default()
    };
    let hour = Instant::ZERO.plus_micros(TCP_METRICS_TIMEOUT_US);
    assert_eq!(all.get(pair(1), (&rng, &net, hour)).unwrap().rtt_us, 800);
    let later = hour.plus_micros(1);
    let block = all.get(pair(1), (&rng, &net, later)).unwrap();
    assert_eq!((block.rtt_us, block.fastopen.mss, block.lock.rtt), (80_000, 1000, true));
}

#[test]
fn a_full_bucket_gives_its_oldest_entry_away() {
    let (mut all, rng, net) = (TcpMetrics::default(), Rng::new(1), Net::new(Vec::new(), 1500));
    let bucket = bucket_of(pair(0), &rng);
    let neighbours: Vec<_> =
        (0..).map(pair).filter(|pair| bucket_of(*pair, &rng) == bucket).take(7).collect();
    for (at, pair) in (0..).zip(&neighbours) {
        all.get_or_create(*pair, (&rng, &net, Instant::ZERO.plus_micros(at))).unwrap();
    }
    let now = (&rng, &net, Instant::ZERO.plus_micros(7));
    assert_eq!(all.entries().len(), 6);
    assert!(all.get(neighbours[0], now).is_none());
    assert!(all.get(neighbours[6], now).is_some());
}
