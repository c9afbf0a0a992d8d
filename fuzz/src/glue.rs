//! What stands between libFuzzer and a [`Target`]: the one place where a finding becomes a panic.

use crate::{Seeded, Shape, Target};

/// Runs one input.
///
/// # Panics
/// When the oracle finds something: libFuzzer keeps inputs that crash.
pub fn run(target: &Target, bytes: &[u8]) {
    if let Some(finding) = (target.check)(bytes).finding() {
        panic!("{finding}");
    }
}

/// Changes the `size` bytes of an input in place; the new size, at most `max`.
pub fn mutate(target: &Target, data: &mut [u8], size: usize, max: usize, seed: u32) -> usize {
    let max = max.min(data.len());
    let changed = match target.shape {
        Shape::Bytes => return libfuzzer_sys::fuzzer_mutate(data, size, max),
        Shape::Mended(mend) => {
            let size = libfuzzer_sys::fuzzer_mutate(data, size, max);
            if Seeded::new(u64::from(seed)).one_in(8) {
                return size;
            }
            mend(data.get(..size).unwrap_or_default())
        }
        Shape::Structure(change) => {
            change(data.get(..size).unwrap_or_default(), max, u64::from(seed))
        }
    };
    match data.get_mut(..changed.len()) {
        Some(place) if changed.len() <= max => {
            place.copy_from_slice(&changed);
            changed.len()
        }
        Some(_) | None => size,
    }
}

/// A libFuzzer program for the target of this name.
#[macro_export]
macro_rules! fuzz {
    ($name:literal) => {
        static TARGET: std::sync::LazyLock<$crate::Target> =
            std::sync::LazyLock::new(|| *$crate::target($name).expect("a row of TARGETS"));
        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| $crate::glue::run(&TARGET, bytes));
        libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max: usize, seed: u32| {
            $crate::glue::mutate(&TARGET, data, size, max, seed)
        });
    };
}
