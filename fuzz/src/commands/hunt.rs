//! `hunt`: whether a target finds the rules that a stack breaks on purpose, and after how many
//! executions. Generated scenarios and their changes, without feedback; see docs/fuzzing.md.

use std::time::Instant as Clock;

use serde::Serialize;
use synproof_fuzz::play::player::set_mutant;
use synproof_fuzz::{Seeded, Shape, Target, Verdict, judge};
use synproof_stack::mutant::Mutant;

use super::{Answer, say_json};

/// A line for each mutant.
#[derive(Serialize)]
struct Line<'a> {
    mutant: &'a str,
    target: &'a str,
    /// Executions up to the finding; none if nothing was found.
    found_after: Option<u64>,
    /// Seconds until then, or altogether.
    seconds: f64,
    property: Option<&'static str>,
    class: Option<String>,
}

/// Hunts one mutant, or each of them, for at most so many executions.
pub(super) fn hunt(target: &Target, mutant: Option<&str>, executions: u64, first: u64) -> Answer {
    let wanted: Vec<Mutant> = match mutant {
        None => Mutant::EXPLORED.to_vec(),
        Some(name) => vec![Mutant::named(name).ok_or_else(|| format!("no mutant `{name}`"))?],
    };
    let mut all = true;
    for mutant in wanted {
        set_mutant(Some(mutant));
        let began = Clock::now();
        let found = search(target, executions, first);
        set_mutant(None);
        all &= found.is_some();
        let (found_after, finding) = found.unzip();
        say_json(&Line {
            mutant: mutant.name(),
            target: target.name,
            found_after,
            seconds: began.elapsed().as_secs_f64(),
            property: finding.as_ref().map(|finding| finding.property),
            class: finding.map(|finding| finding.class),
        });
    }
    Ok(all)
}

fn search(target: &Target, executions: u64, first: u64) -> Option<(u64, synproof_fuzz::Finding)> {
    let mut seeded = Seeded::new(first);
    let mut input = (target.generate)(&mut seeded);
    for execution in 1..=executions {
        if let Verdict::Broken(finding) = judge::check(target, &input) {
            return Some((execution, finding));
        }
        input = match target.shape {
            Shape::Structure(change) if !seeded.one_in(6) => {
                change(&input, target.max_len, seeded.bits())
            }
            Shape::Structure(_) | Shape::Mended(_) | Shape::Bytes => (target.generate)(&mut seeded),
        };
    }
    None
}
