//! A scenario on two targets: what one does, the other does.
//!
//! The targets are opened once in a process; each thread that judges has a guest of its own, which
//! starts with its first scenario and ends with the thread.

use std::cell::RefCell;
use std::sync::OnceLock;
use std::time::Duration;

use synproof_harness::executor::Venue;
use synproof_harness::explore::Sides;
use synproof_harness::explore::sides::{Comparisons, Crew, PROFILE, Performance};
use synproof_harness::scenario::{Action, Scenario, Step};
use synproof_harness::target::registry::{prepare_process, stack_as};
use synproof_stack::kernel::KernelVersion;

use super::scenario::read;
use crate::{Finding, Verdict};

const THEY_AGREE: &str = "the targets do the same";
const THEY_LAST: &str = "a target survives every scenario";

/// The variable that names other targets than the usual ones, separated by a comma.
pub const VARIABLE: &str = "SYNPROOF_FUZZ_TARGETS";
/// A kernel in virtual time, which the stack is compared with unless [`VARIABLE`] says otherwise.
const KERNEL: &str = "uml";

/// What scenarios are called where recorded differences name scripts.
const PATH: &str = "fuzz/differential";
const SEED: u64 = 0;
/// Most of what passes before the last step: a guest's timer wheel stands as the stack's for timers of
/// four minutes (docs/virtual-time.md).
const MOST_US: u64 = 230_000_000;
/// What passes behind the last step: what is late is not missing.
const TAIL_US: u64 = 1_500_000;
/// How long a scenario may keep a guest busy.
const WATCHDOG: Duration = Duration::from_secs(10);

thread_local! {
    /// Who plays on this thread.
    static CREW: RefCell<Option<Crew<'static>>> = const { RefCell::new(None) };
}

/// Whether somebody named targets, so that it is a mistake if they cannot be had.
#[must_use]
pub fn is_asked_for() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// Why scenarios cannot be compared on this machine, if they cannot.
#[must_use]
pub fn unavailable() -> Option<String> {
    sides().err().map(ToOwned::to_owned)
}

/// JSON of a scenario; [`Verdict::Rejected`] for other bytes, for what a target cannot do, and where
/// [`unavailable`] says why.
pub fn check(bytes: &[u8]) -> Verdict {
    let (Ok(sides), Some(scenario)) = (sides(), read(bytes)) else { return Verdict::Rejected };
    let scenario = bounded(scenario);
    let played = CREW.with_borrow_mut(|crew| {
        let new = || Crew::new(sides, Box::leak(Box::new(sides.executors())));
        crew.get_or_insert_with(new).play(&scenario)
    });
    played.map_or(Verdict::Rejected, |performance| judge(sides, &scenario, &performance))
}

/// The scenario as it is compared: it lasts no longer than clocks can be, and is looked at to its end.
#[must_use]
pub fn bounded(mut scenario: Scenario) -> Scenario {
    let mut left = MOST_US;
    for step in &mut scenario.steps {
        step.after_us = step.after_us.min(left);
        left -= step.after_us;
    }
    scenario.steps.push(Step { after_us: TAIL_US, action: Action::Wait });
    scenario
}

fn sides() -> Result<&'static Sides, &'static str> {
    static SIDES: OnceLock<Result<Sides, String>> = OnceLock::new();
    SIDES.get_or_init(open).as_ref().map_err(String::as_str)
}

fn open() -> Result<Sides, String> {
    let names = match std::env::var(VARIABLE) {
        Ok(names) => names.split(',').map(|name| name.trim().to_owned()).collect(),
        Err(_) => usual()?,
    };
    if names.len() < 2 {
        return Err(format!("{VARIABLE} names one target, and two are compared"));
    }
    names.iter().for_each(|name| prepare_process(name));
    Sides::open(&names, PROFILE, SEED, WATCHDOG).map_err(|error| error.to_string())
}

/// The kernel, and the stack as that kernel, if its rules are known.
fn usual() -> Result<Vec<String>, String> {
    let venue = Venue::open(KERNEL, WATCHDOG).map_err(|error| error.to_string())?;
    let info = venue.executor().info().map_err(|error| error.to_string())?;
    let mut parts = info.version.split('.');
    let minor = parts.next().zip(parts.next());
    let kernel = minor.map(|(major, minor)| format!("linux-{major}.{minor}"));
    let kernel = kernel.filter(|name| KernelVersion::by_name(name).is_some());
    let stack = kernel.map_or_else(|| "stack".to_owned(), |kernel| stack_as(&kernel));
    Ok(vec![stack, KERNEL.to_owned()])
}

fn judge(sides: &Sides, scenario: &Scenario, performance: &Performance) -> Verdict {
    let name = |at: usize| sides.names().get(at).map_or("?", String::as_str);
    if let Some((at, failure)) = performance.lost() {
        return Verdict::Broken(Finding::of(THEY_LAST, name(at), &failure.message));
    }
    if performance.spoilt().is_some() {
        return Verdict::Rejected;
    }
    let (other, divergence) = match sides.compare(&performance.runs) {
        Comparisons::Agree => return Verdict::Holds,
        Comparisons::Incomparable(_) => return Verdict::Rejected,
        Comparisons::Differ(other, divergence) => (other, divergence),
    };
    if sides.known(other, (PATH, scenario.family), &divergence.class).is_some() {
        return Verdict::Holds;
    }
    let detail = format!("{} and {}: {}", name(0), name(other), divergence.message);
    Verdict::Broken(Finding::of(THEY_AGREE, divergence.class.to_string(), detail))
}
