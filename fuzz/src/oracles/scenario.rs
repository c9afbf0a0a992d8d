//! A scenario in its stored form, played with every oracle of [`crate::play`] looking on.

use std::cell::RefCell;

use synproof_harness::scenario::Scenario;

use crate::Verdict;
use crate::play::play;

thread_local! {
    /// The scenario that was written last: what a mutation makes is what runs next, so it need not
    /// be read again.
    static LAST: RefCell<(Vec<u8>, Scenario)> = RefCell::default();
}

/// JSON of a scenario; [`Verdict::Rejected`] for other bytes.
pub fn check(bytes: &[u8]) -> Verdict {
    LAST.with_borrow(|(written, last)| (written == bytes).then(|| play(last)))
        .or_else(|| serde_json::from_slice(bytes).ok().map(|scenario| play(&scenario)))
        .unwrap_or(Verdict::Rejected)
}

/// The scenario that these bytes are.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<Scenario> {
    LAST.with_borrow(|(written, last)| (written == bytes).then(|| last.clone()))
        .or_else(|| serde_json::from_slice(bytes).ok())
}

/// The bytes of a scenario, which the next [`check`] or [`read`] knows again.
#[must_use]
pub fn write(scenario: Scenario) -> Vec<u8> {
    let bytes = serde_json::to_vec(&scenario).unwrap_or_default();
    LAST.set((bytes.clone(), scenario));
    bytes
}
