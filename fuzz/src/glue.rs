//! What stands between libFuzzer and a [`Target`]: the one place where a finding becomes a panic.
//!
//! Whatever panics, the input is told on standard error first, in one line of hexadecimal digits:
//! libFuzzer writes it to a file, for which there may be no room.

use std::cell::RefCell;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{LazyLock, Once};

use crate::{Seeded, Shape, Target, reached};

/// Begins the line that tells an input.
const FOUND: &str = "synproof-fuzz-input ";
/// Executions between two reports of what was reached, and between two looks for news. On a slow
/// machine a program ends before the first report would be due.
const REPORT: u64 = 1 << 14;
const LOOK: u64 = 1 << 7;

thread_local! {
    /// The input that runs, and how many ran.
    static PRESENT: RefCell<(Vec<u8>, u64)> = const { RefCell::new((Vec::new(), 0)) };
}

/// Where to report what was reached.
static REACHED: LazyLock<Option<PathBuf>> =
    LazyLock::new(|| std::env::var_os("SYNPROOF_FUZZ_REACHED").map(PathBuf::from));

/// Runs one input.
///
/// # Panics
/// When the oracle finds something: libFuzzer keeps inputs that crash.
pub fn run(target: &Target, bytes: &[u8]) {
    static HOOK: Once = Once::new();
    HOOK.call_once(tell_inputs);
    let count = PRESENT.with_borrow_mut(|(input, count)| {
        input.clear();
        input.extend_from_slice(bytes);
        *count += 1;
        *count
    });
    if let Some(finding) = (target.check)(bytes).finding() {
        panic!("{finding}");
    }
    if count % REPORT == 0 || (count % LOOK == 0 && reached::take_news()) {
        report();
    }
}

/// The hook that was there, which ends the process, comes after ours.
fn tell_inputs() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let hex = PRESENT.with(|present| match present.try_borrow() {
            Ok(present) => present.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
            Err(_) => String::new(),
        });
        let _closed = writeln!(std::io::stderr(), "{FOUND}{hex}");
        report();
        before(info);
    }));
}

/// Replaces the report of this process by one of everything so far. What cannot be written is
/// written the next time.
fn report() {
    let Some(path) = REACHED.as_ref() else { return };
    let unfinished = path.with_extension("unfinished");
    let marks = serde_json::to_vec(&reached::marks()).unwrap_or_default();
    let _next_time =
        std::fs::write(&unfinished, marks).and_then(|()| std::fs::rename(&unfinished, path));
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

/// A libFuzzer program for a target, which is named by its constant of [`crate::targets`].
#[macro_export]
macro_rules! fuzz {
    ($target:ident) => {
        static TARGET: $crate::Target = $crate::targets::$target;
        libfuzzer_sys::fuzz_target!(init: $crate::guest::begin(), |bytes: &[u8]| {
            $crate::glue::run(&TARGET, bytes)
        });
        libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max: usize, seed: u32| {
            $crate::glue::mutate(&TARGET, data, size, max, seed)
        });
    };
}
