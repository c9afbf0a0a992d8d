//! The bug that must be found: if it is not, the pipeline is broken.
//!
//! Six bytes one after the other, each a branch of its own. Chance finds them once in 2^48 inputs,
//! and a fuzzer that keeps what covers something new finds them in seconds.

use crate::Verdict;

const ALIVE: &str = "the canary lives";

/// Broken for inputs that begin with `canary`.
pub fn check(bytes: &[u8]) -> Verdict {
    let mut song = bytes.iter();
    for note in [b'c', b'a', b'n', b'a', b'r', b'y'] {
        if song.next() != Some(&note) {
            return Verdict::Holds;
        }
    }
    Verdict::broken(ALIVE, "it was found")
}
