//! The random numbers of seeded tests: SplitMix64 (Steele, Lea, Flood 2014). Same seed, same
//! numbers, on every machine and with every version of every dependency.

/// A generator; all it does follows from its seed.
#[derive(Clone, Debug)]
pub struct Seeded(u64);

impl Seeded {
    /// Starts at `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 if the bound is 0. The bias of the remainder is below 2^-32 for
    /// the bounds of tests.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = bound as u64;
        let number = self.bits().checked_rem(bound).unwrap_or_default();
        usize::try_from(number).unwrap_or_default()
    }

    /// `len` random bytes.
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        let words = std::iter::repeat_with(|| self.bits()).take(len.div_ceil(8));
        let mut bytes = words.flat_map(u64::to_le_bytes).collect::<Vec<_>>();
        bytes.truncate(len);
        bytes
    }

    /// Up to `most` random bytes.
    pub fn some_bytes(&mut self, most: usize) -> Vec<u8> {
        let len = self.below(most + 1);
        self.bytes(len)
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of `choices`; [`None`] if there are none.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        choices.get(self.below(choices.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_sequence() {
        let mut seeded = Seeded::new(1_234_567);
        let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973];
        assert_eq!([seeded.bits(), seeded.bits()], expected);
    }

    #[test]
    fn bounds_are_kept() {
        let mut seeded = Seeded::new(1);
        assert_eq!(seeded.below(0), 0);
        assert!((0..1000).all(|_| seeded.below(7) < 7));
        assert_eq!(seeded.bytes(11).len(), 11);
        assert_eq!(seeded.pick::<u8>(&[]), None);
    }
}
