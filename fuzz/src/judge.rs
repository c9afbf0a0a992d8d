//! One input to one finding, panics included: what replays, minimises and smoke runs ask.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;

use crate::{Finding, Target, Verdict};

const NO_PANIC: &str = "no input panics";

thread_local! {
    /// Place and message of the last panic of this thread; [`None`] outside [`check`].
    static PANIC: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}

/// Judges an input; a panic is a finding, whose class is its place.
///
/// The first call changes the process's panic hook: panics inside are not printed.
pub fn check(target: &Target, bytes: &[u8]) -> Verdict {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let inside = PANIC
                .with_borrow_mut(|panic| panic.as_mut().map(|panic| *panic = told(info)).is_some());
            if !inside {
                before(info);
            }
        }));
    });
    PANIC.set(Some((String::new(), String::new())));
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.check)(bytes)));
    let panic = PANIC.take();
    outcome.unwrap_or_else(|_| {
        let (place, message) = panic.unwrap_or_default();
        Verdict::Broken(Finding::of(NO_PANIC, place, message))
    })
}

/// The place without its column, below the workspace; the message.
fn told(info: &PanicHookInfo<'_>) -> (String, String) {
    let place = info.location().map_or_else(String::new, |at| {
        let file = at.file();
        let below = ["stack/", "harness/", "fuzz/"].iter().find_map(|dir| file.rfind(dir));
        format!("{}:{}", file.get(below.unwrap_or_default()..).unwrap_or(file), at.line())
    });
    (place, info.payload_as_str().unwrap_or("no message").to_owned())
}
