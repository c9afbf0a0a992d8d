//! The link between host and device: loses, duplicates and reorders packets by a seed.

use std::collections::BTreeMap;

use synproof_stack::rng::Rng;
use synproof_stack::time::Instant;

/// How bad a link is. Chances are in 1/10,000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// Packets lost.
    pub loss: u32,
    /// Packets delivered twice.
    pub duplication: u32,
    /// Packets held back, so that later ones overtake them.
    pub reordering: u32,
    /// For how many microseconds.
    pub hold_us: u32,
    /// Delay of every packet in microseconds, one way.
    pub delay_us: u32,
}

/// Where a packet is going.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the device to the host.
    In,
    /// From the host to the device.
    Out,
}

/// Packets under way, by time of arrival and then by order of sending.
#[derive(Debug)]
pub struct Link {
    weather: Weather,
    rng: Rng,
    sent: u64,
    under_way: BTreeMap<(Instant, u64), (Way, Vec<u8>)>,
}

impl Link {
    /// A link in this weather.
    #[must_use]
    pub const fn new(weather: Weather, seed: u64) -> Self {
        Self { weather, rng: Rng::new(seed), sent: 0, under_way: BTreeMap::new() }
    }

    /// Takes a packet.
    pub fn send(&mut self, now: Instant, way: Way, packet: Vec<u8>) {
        if self.chance(self.weather.loss) {
            return;
        }
        if self.chance(self.weather.duplication) {
            self.put(now, way, packet.clone());
        }
        self.put(now, way, packet);
    }

    /// When the next packet arrives.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.under_way.first_key_value().map(|((at, _), _)| *at)
    }

    /// A packet that has arrived by `now`.
    pub fn arrived(&mut self, now: Instant) -> Option<(Way, Vec<u8>)> {
        self.next().filter(|at| *at <= now)?;
        self.under_way.pop_first().map(|(_, packet)| packet)
    }

    fn put(&mut self, now: Instant, way: Way, packet: Vec<u8>) {
        let held = if self.chance(self.weather.reordering) { self.weather.hold_us } else { 0 };
        let at = now.plus_micros(u64::from(self.weather.delay_us + held));
        self.under_way.insert((at, self.sent), (way, packet));
        self.sent += 1;
    }

    fn chance(&mut self, of: u32) -> bool {
        of > 0 && self.rng.below(10_000) < of
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_fair_weather_packets_keep_their_order() {
        let mut link = Link::new(Weather::default(), 1);
        for byte in 0..10 {
            link.send(Instant::ZERO, Way::Out, vec![byte]);
        }
        let got: Vec<_> = std::iter::from_fn(|| link.arrived(Instant::ZERO)).collect();
        assert!(got.iter().map(|(_, packet)| packet[0]).eq(0..10));
    }

    #[test]
    fn bad_weather_is_as_bad_as_it_says() {
        let weather =
            Weather { loss: 1000, duplication: 1000, reordering: 1000, hold_us: 50, delay_us: 10 };
        let mut link = Link::new(weather, 1);
        for _ in 0..10_000 {
            link.send(Instant::ZERO, Way::In, Vec::new());
        }
        let in_time = std::iter::from_fn(|| link.arrived(Instant::from_micros(10))).count();
        let late = std::iter::from_fn(|| link.arrived(Instant::from_micros(60))).count();
        assert!((8600..9200).contains(&in_time), "{in_time}");
        assert!((900..1100).contains(&late), "{late}");
        assert_eq!(link.next(), None);
    }
}
