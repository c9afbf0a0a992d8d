//! A link that loses, duplicates, delays and thereby reorders datagrams, all from one seed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use synproof_stack::rng::Rng;
use synproof_stack::time::Instant;

/// How bad a link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weather {
    /// Datagrams lost, in 1/1000.
    pub loss: u32,
    /// Datagrams delivered twice, in 1/1000.
    pub duplication: u32,
    /// Datagrams with one bit turned over, or cut short, in 1/1000.
    pub corruption: u32,
    /// Shortest one-way delay in microseconds.
    pub delay_us: u32,
    /// What a delay may be longer than that; more than the gap between datagrams reorders them.
    pub jitter_us: u32,
}

/// What becomes of one datagram, whatever the weather is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// It arrives after the shortest delay.
    Arrive,
    /// It does not.
    Lose,
    /// It arrives twice.
    Duplicate,
    /// It arrives so many microseconds later.
    Delay(u32),
    /// One bit of it is turned over, or its end is missing.
    Corrupt,
}

/// Datagrams under way, by time of arrival and then by order of sending.
#[derive(Debug)]
pub struct Link {
    weather: Weather,
    /// Of the first datagrams, in order of sending.
    fates: std::vec::IntoIter<Fate>,
    rng: Rng,
    sent: u64,
    under_way: BTreeMap<(Instant, u64), (usize, Vec<u8>)>,
}

impl Link {
    /// A link in this weather.
    #[must_use]
    pub fn new(weather: Weather, seed: u64) -> Self {
        Self::with_fates(weather, Vec::new(), seed)
    }

    /// A link that does this to the first datagrams, and has this weather for all others.
    #[must_use]
    pub fn with_fates(weather: Weather, fates: Vec<Fate>, seed: u64) -> Self {
        let (rng, fates) = (Rng::new(seed), fates.into_iter());
        Self { weather, fates, rng, sent: 0, under_way: BTreeMap::new() }
    }

    /// Takes a datagram for host `to`.
    pub fn send(&mut self, now: Instant, to: usize, bytes: Vec<u8>) {
        match self.fates.next() {
            Some(fate) => self.send_to_fate(now, to, bytes, fate),
            None => self.send_into_weather(now, to, bytes),
        }
    }

    fn send_to_fate(&mut self, now: Instant, to: usize, mut bytes: Vec<u8>, fate: Fate) {
        let mut late_us = 0;
        match fate {
            Fate::Lose => return,
            Fate::Arrive => {}
            Fate::Duplicate => self.put(now, to, bytes.clone(), 0),
            Fate::Delay(us) => late_us = us,
            Fate::Corrupt => corrupt(&mut self.rng, &mut bytes),
        }
        self.put(now, to, bytes, late_us);
    }

    fn send_into_weather(&mut self, now: Instant, to: usize, bytes: Vec<u8>) {
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
        self.put(now, to, bytes, jitter);
    }

    fn put(&mut self, now: Instant, to: usize, bytes: Vec<u8>, late_us: u32) {
        let at = now.plus_micros(u64::from(self.weather.delay_us.saturating_add(late_us)));
        self.under_way.insert((at, self.sent), (to, bytes));
        self.sent += 1;
    }

    /// When the next datagram arrives.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.under_way.first_key_value().map(|(&(at, _), _)| at)
    }

    /// A datagram that has arrived by `now`, and for whom.
    pub fn arrived(&mut self, now: Instant) -> Option<(usize, Vec<u8>)> {
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
