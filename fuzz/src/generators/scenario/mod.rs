//! A seed to a scenario, and a scenario to another: aware of handshakes, states and windows.
//!
//! * [`opening`]: how each state is reached; * [`pieces`]: single steps and their numbers;
//! * [`change`]: mutations, which keep a scenario a scenario;
//! * [`flat`]: the same type from bytes without any of that, to compare with.

pub mod change;
pub mod flat;
pub mod opening;
pub mod pieces;

use synproof_harness::scenario::{Action, Call, Family, Scenario, Slot};

use crate::Seeded;

/// What a target's scenarios are mostly made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Segments, into a stack in any state.
    Storm,
    /// Calls, segments and time in turn.
    Api,
}

/// A scenario of about ten steps.
#[must_use]
pub fn scenario(profile: Profile, seeded: &mut Seeded) -> Scenario {
    let mut scenario = Scenario {
        family: *seeded.pick(&FAMILIES).unwrap_or(&Family::V4),
        sysctls: pieces::sysctls(seeded),
        ..Scenario::default()
    };
    let plain = profile == Profile::Api && seeded.one_in(3);
    if !plain {
        scenario.steps = opening::opening(seeded);
    } else {
        scenario.steps.push(synproof_harness::scenario::Step::now(Call::Socket { slot: Slot(0) }));
    }
    for _ in 0..1 + seeded.below(8) {
        scenario.steps.push(pieces::step(profile, seeded));
    }
    scenario
}

const FAMILIES: [Family; 4] = [Family::V4, Family::V4, Family::V6, Family::Mapped];

/// How many steps there are that do something.
#[must_use]
pub fn steps(scenario: &Scenario) -> usize {
    scenario.steps.iter().filter(|step| step.action != Action::Wait).count()
}
