//! Who runs next: time is shared by what still finds something new.
//!
//! Each target has a weight, the features it found per second of late, and runs when its time
//! divided by its weight is the smallest (stride scheduling). No target starves: the weight has a
//! floor, which is a part of the largest one.

use serde::{Deserialize, Serialize};

/// A target that found nothing gets this part of the time of the best.
const FLOOR: f64 = 1.0 / 12.0;
/// How much the last slice counts against all before it.
const RECENT: f64 = 0.4;
/// Features per second that a target which never ran is expected to find.
const HOPE: f64 = 100.0;

/// What is known of one target.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Seconds it has run.
    pub seconds: f64,
    /// Features per second of late.
    pub yields: f64,
    /// Its place in the queue: seconds divided by the weight it had then.
    pub pass: f64,
    /// Slices that have begun and not ended.
    #[serde(skip)]
    pub running: u32,
}

impl Default for Account {
    fn default() -> Self {
        Self { seconds: 0.0, yields: HOPE, pass: 0.0, running: 0 }
    }
}

/// Index of the account whose turn it is; [`None`] if there are none.
#[must_use]
pub fn next(accounts: &[Account], slice: f64) -> Option<usize> {
    let ahead = |account: &Account| {
        account.pass + f64::from(account.running) * slice / weight(account, accounts)
    };
    let all = accounts.iter().enumerate();
    all.min_by(|(_, a), (_, b)| ahead(a).total_cmp(&ahead(b))).map(|(index, _)| index)
}

/// The weight of an account among all.
#[must_use]
pub fn weight(account: &Account, accounts: &[Account]) -> f64 {
    let best = accounts.iter().map(|account| account.yields).fold(0.0, f64::max);
    if best <= 0.0 { 1.0 } else { (account.yields / best).max(FLOOR) }
}

/// A slice of so many seconds ended, which found so many features that were new.
pub fn settle(accounts: &mut [Account], index: usize, seconds: f64, found: u64) {
    let weight = accounts.get(index).map_or(1.0, |account| weight(account, accounts));
    let Some(account) = accounts.get_mut(index) else { return };
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = found as f64 / seconds.max(0.1);
    let first = account.seconds == 0.0;
    account.yields = if first { rate } else { account.yields * (1.0 - RECENT) + rate * RECENT };
    account.seconds += seconds;
    account.pass += seconds / weight;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs slices of a second; `found` says what each target finds in its n-th second.
    fn shared(seconds: usize, found: &[fn(f64) -> u64]) -> Vec<f64> {
        let mut accounts = vec![Account::default(); found.len()];
        for _ in 0..seconds {
            let index = next(&accounts, 1.0).unwrap();
            let new = found[index](accounts[index].seconds);
            settle(&mut accounts, index, 1.0, new);
        }
        accounts.iter().map(|account| account.seconds).collect()
    }

    #[test]
    fn equal_targets_get_equal_time() {
        let seconds = shared(300, &[|_| 5, |_| 5, |_| 5]);
        assert!(seconds.iter().all(|seconds| (95.0..=105.0).contains(seconds)), "{seconds:?}");
    }

    #[test]
    fn who_finds_more_runs_more_and_nobody_starves() {
        let seconds = shared(1000, &[|_| 100, |_| 0]);
        assert!(seconds[0] > 800.0 && seconds[1] > 40.0, "{seconds:?}");
    }

    #[test]
    fn who_stops_finding_gives_way() {
        let seconds = shared(1000, &[|at| if at < 20.0 { 1000 } else { 0 }, |_| 2]);
        assert!(seconds[1] > 700.0, "{seconds:?}");
    }

    #[test]
    fn everybody_runs_once_before_anybody_runs_often() {
        let seconds = shared(8, &[|_| 10, |_| 0, |_| 0, |_| 500]);
        assert!(seconds.iter().all(|seconds| *seconds >= 1.0), "{seconds:?}");
    }

    #[test]
    fn who_runs_already_waits() {
        let mut accounts = vec![Account::default(); 2];
        accounts[0].running = 1;
        assert_eq!(next(&accounts, 10.0), Some(1));
        assert_eq!(next(&[], 10.0), None);
    }
}
