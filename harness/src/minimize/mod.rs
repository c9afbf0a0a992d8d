//! From a scenario on which two targets differ to the smallest one that shows the same difference.
//!
//! * [`reduce()`]: tries less and less; knows no target, only whether a scenario still shows it.
//! * [`minimize()`]: reduces on two targets, keeping the class of the difference.
//! * [`story`]: the script that is left, with what either side does.

mod candidates;
mod reduce;
pub mod story;

pub use reduce::reduce;

use crate::diff::{Class, Divergence};
use crate::explore::sides::{Comparisons, Crew, Performance, Sides};
use crate::scenario::Scenario;

/// A scenario that shows a difference, and nothing that it does not need.
#[derive(Debug)]
pub struct Minimised {
    /// It, relative to live state.
    pub scenario: Scenario,
    /// What was seen of it on both sides.
    pub performance: Performance,
    /// The difference.
    pub divergence: Divergence,
    /// How many scenarios were tried.
    pub tried: usize,
}

/// Why there is nothing to minimise.
#[derive(Debug, thiserror::Error)]
pub enum MinimizeError {
    /// The targets do the same.
    #[error("the targets do not differ")]
    Agree,
    /// They cannot be compared.
    #[error("the targets cannot be compared: {0}")]
    Incomparable(String),
    /// It is no script.
    #[error("the scenario is no script: {0}")]
    Script(String),
}

/// Reduces `scenario`, on which the first two targets of `crew` differ, to one that shows a
/// difference of the same class. At most `budget` scenarios are tried.
///
/// # Errors
/// There is no difference to begin with.
pub fn minimize(
    scenario: &Scenario,
    sides: &Sides,
    crew: &mut Crew<'_>,
    budget: usize,
) -> Result<Minimised, MinimizeError> {
    let (_, divergence) = differs(scenario, sides, crew)?;
    let class: Class = divergence.class;
    let mut tried = 0;
    let mut still = |candidate: &Scenario| {
        tried += 1;
        tried <= budget
            && differs(candidate, sides, crew).is_ok_and(|(_, other)| other.class == class)
    };
    let scenario = reduce(scenario, &mut still);
    let (performance, divergence) = differs(&scenario, sides, crew)?;
    Ok(Minimised { scenario, performance, divergence, tried })
}

/// How the first two targets differ.
fn differs(
    scenario: &Scenario,
    sides: &Sides,
    crew: &mut Crew<'_>,
) -> Result<(Performance, Divergence), MinimizeError> {
    let performance = crew.play(scenario).map_err(|found| {
        MinimizeError::Script(found.first().map(|d| d.message.clone()).unwrap_or_default())
    })?;
    if let Some(why) = performance.spoilt() {
        return Err(MinimizeError::Incomparable(why));
    }
    match sides.compare(&performance.runs) {
        Comparisons::Differ(_, divergence) => Ok((performance, *divergence)),
        Comparisons::Agree => Err(MinimizeError::Agree),
        Comparisons::Incomparable(why) => Err(MinimizeError::Incomparable(why)),
    }
}
