//! `hunt`: whether a target finds the rules that a stack breaks on purpose, and after how many
//! executions. Generated scenarios and their changes, without feedback; see docs/fuzzing.md. What the
//! unbroken stack does as well counts for nobody.

use std::time::Instant as Clock;

use serde::Serialize;
use synproof_fuzz::play::player::set_mutant;
use synproof_fuzz::{Finding, Seeded, Shape, Target, Verdict, judge};
use synproof_stack::mutant::Mutant;

use super::{Answer, say_json};

/// A line for each mutant.
#[derive(Serialize)]
struct Line<'a> {
    mutant: &'a str,
    target: &'a str,
    /// Executions up to the finding; none if nothing was found.
    found_after: Option<u64>,
    /// Executions altogether.
    executions: u64,
    /// Seconds until then, or altogether.
    seconds: f64,
    property: Option<&'static str>,
    class: Option<String>,
    /// What found it.
    input: Option<String>,
    /// Inputs on the way with which the unbroken stack does not hold.
    unbroken: u64,
}

/// When to give a mutant up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// After so many executions.
    pub(super) executions: u64,
    /// After so many seconds.
    pub(super) seconds: u64,
}

/// What came of a search.
struct Found {
    after: u64,
    finding: Finding,
    input: Vec<u8>,
}

/// Hunts one mutant, or each of them.
pub(super) fn hunt(target: &Target, mutant: Option<&str>, bounds: Bounds, first: u64) -> Answer {
    let wanted: Vec<Mutant> = match mutant {
        None => Mutant::EXPLORED.to_vec(),
        Some(name) => vec![Mutant::named(name).ok_or_else(|| format!("no mutant `{name}`"))?],
    };
    let mut all = true;
    for mutant in wanted {
        let began = Clock::now();
        let (found, executions, unbroken) = search(target, mutant, bounds, first);
        all &= found.is_some();
        say_json(&Line {
            mutant: mutant.name(),
            target: target.name,
            found_after: found.as_ref().map(|found| found.after),
            executions,
            seconds: began.elapsed().as_secs_f64(),
            property: found.as_ref().map(|found| found.finding.property),
            class: found.as_ref().map(|found| found.finding.class.clone()),
            input: found.map(|found| String::from_utf8_lossy(&found.input).into_owned()),
            unbroken,
        });
    }
    Ok(all)
}

/// What finds the mutant, after how many executions, and how many inputs found something without it.
fn search(
    target: &Target,
    mutant: Mutant,
    bounds: Bounds,
    first: u64,
) -> (Option<Found>, u64, u64) {
    let mut seeded = Seeded::new(first);
    let mut input = (target.generate)(&mut seeded);
    let (began, mut unbroken) = (Clock::now(), 0);
    for after in 1..=bounds.executions {
        if let Some(finding) = judged(target, &input, Some(mutant)) {
            if judged(target, &input, None).is_none() {
                return (Some(Found { after, finding, input }), after, unbroken);
            }
            unbroken += 1;
        }
        if began.elapsed().as_secs() >= bounds.seconds {
            return (None, after, unbroken);
        }
        input = match target.shape {
            Shape::Structure(change) if !seeded.one_in(6) => {
                change(&input, target.max_len, seeded.bits())
            }
            Shape::Structure(_) | Shape::Mended(_) | Shape::Bytes => (target.generate)(&mut seeded),
        };
    }
    (None, bounds.executions, unbroken)
}

/// What an input finds in a stack that breaks this rule, or none.
fn judged(target: &Target, input: &[u8], mutant: Option<Mutant>) -> Option<Finding> {
    set_mutant(mutant);
    let verdict = judge::check(target, input);
    set_mutant(None);
    match verdict {
        Verdict::Broken(finding) => Some(finding),
        Verdict::Holds | Verdict::Rejected => None,
    }
}
