//! What an input reached that code coverage does not tell apart, told to libFuzzer and to reports.
//!
//! libFuzzer looks at every byte of the section `__libfuzzer_extra_counters` after each input, and
//! keeps inputs that set one that none before did; before each input it clears them. Without
//! libFuzzer it is a table like any other.

use std::sync::atomic::{AtomicU8, Ordering};

/// Most keys.
pub const KEYS: usize = 2048;

/// One byte for each key: how often it was noted since libFuzzer last looked, up to 255.
// SAFETY: a section of plain bytes that libFuzzer, which runs nothing of ours meanwhile, reads and
// clears between two inputs; the name means something to libFuzzer only.
#[expect(unsafe_code, reason = "a named section is the only way to libFuzzer's extra counters")]
#[unsafe(link_section = "__libfuzzer_extra_counters")]
static COUNTERS: [AtomicU8; KEYS] = [const { AtomicU8::new(0) }; KEYS];

/// Notes `key`; keys beyond the table are not noted.
pub fn note(key: usize) {
    if let Some(counter) = COUNTERS.get(key) {
        let count = counter.load(Ordering::Relaxed);
        counter.store(count.saturating_add(1), Ordering::Relaxed);
    }
}
