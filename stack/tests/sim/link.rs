//! A link that loses, duplicates, delays and thereby reorders datagrams, all from one seed.

use std::collections::BTreeMap;

use synproof_stack::rng::Rng;
use synproof_stack::time::Instant;

/// How bad a link is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    /// Datagrams lost, in 1/1000.
    pub(crate) loss: u32,
    /// Datagrams delivered twice, in 1/1000.
    pub(crate) duplication: u32,
    /// Datagrams with one bit turned over, or cut short, in 1/1000.
    pub(crate) corruption: u32,
    /// Shortest one-way delay in microseconds.
    pub(crate) delay_us: u32,
    /// What a delay may be longer than that; more than the gap between datagrams reorders them.
    pub(crate) jitter_us: u32,
}

/// Datagrams under way, by time of arrival and then by order of sending.
pub(crate) struct Link {
    weather: Weather,
    rng: Rng,
    sent: u64,
    under_way: BTreeMap<(Instant, u64), (usize, Vec<u8>)>,
}

impl Link {
    pub(crate) fn new(weather: Weather, seed: u64) -> Self {
        Self { weather, rng: Rng::new(seed), sent: 0, under_way: BTreeMap::new() }
    }

    /// Takes a datagram for host `to`.
    pub(crate) fn send(&mut self, now: Instant, to: usize, bytes: Vec<u8>) {
        let chance = |rng: &mut Rng, of: u32| rng.below(1000) < of;
        if chance(&mut self.rng, self.weather.loss) {
            return;
        }
        if chance(&mut self.rng, self.weather.duplication) {
            self.enqueue(now, to, bytes.clone());
        }
        self.enqueue(now, to, bytes);
    }

    fn enqueue(&mut self, now: Instant, to: usize, mut bytes: Vec<u8>) {
        if self.weather.corruption > 0 && self.rng.below(1000) < self.weather.corruption {
            corrupt(&mut self.rng, &mut bytes);
        }
        let jitter = self.rng.below(self.weather.jitter_us + 1);
        let at = now.plus_micros(u64::from(self.weather.delay_us + jitter));
        self.under_way.insert((at, self.sent), (to, bytes));
        self.sent += 1;
    }

    /// When the next datagram arrives.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.under_way.first_key_value().map(|(&(at, _), _)| at)
    }

    /// A datagram that has arrived by `now`, and for whom.
    pub(crate) fn arrived(&mut self, now: Instant) -> Option<(usize, Vec<u8>)> {
        self.next().filter(|&at| at <= now)?;
        self.under_way.pop_first().map(|(_, datagram)| datagram)
    }
}

/// One bit, because the checksum finds every one of those; or the end is missing.
fn corrupt(rng: &mut Rng, bytes: &mut Vec<u8>) {
    let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let at = usize::try_from(rng.below(len)).unwrap_or(0);
    if rng.below(4) == 0 {
        bytes.truncate(at);
    } else if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << rng.below(8);
    }
}
