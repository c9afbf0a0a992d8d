//! Scripts against stacks that each break one rule: which of them notice.
//!
//! Scripts are parsed once, and run in this process. What a script makes of the stack as it is comes
//! first: only a script that passes there can notice that something is broken.

use std::sync::atomic::AtomicBool;

use serde::Serialize;

use super::case::{Obstacle, Ready, ready};
use super::event::CaseId;
use super::plan::Plan;
use super::pool::{Jobs, News, Queue, in_order};
use super::stopwatch::Stopwatch;
use super::survivors::Survivor;
use crate::config::CliOptions;
use crate::engine::outcome::Outcome;
use crate::engine::run;
use crate::panics::caught;
use crate::target::stack::{Mutant, MutantLaunch, StackLaunch};
use crate::target::{Launch, TargetInfo};

/// A mutant and the scripts that notice it.
#[derive(Clone, Debug, Serialize)]
pub struct Trial {
    /// Name of the mutant.
    pub name: &'static str,
    /// The rule that it breaks.
    pub rule: &'static str,
    /// The function of Linux that follows the rule.
    pub linux: &'static str,
    /// Runs that pass on the stack as it is and not on this one, in the order of the plan.
    pub killers: Vec<CaseId>,
    /// Why it is known to survive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explained: Option<String>,
    /// How long all scripts took, in microseconds of the machine's clock.
    pub wall_us: u64,
}

/// What is to be done about a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Killed, as it should be.
    Killed,
    /// No script notices, and none can.
    Explained,
    /// No script notices: one is missing.
    Survives,
    /// It is listed as a survivor, and killed.
    Stale,
}

impl Trial {
    /// What is to be done about it.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match (self.killers.is_empty(), self.explained.is_some()) {
            (false, false) => Standing::Killed,
            (true, true) => Standing::Explained,
            (true, false) => Standing::Survives,
            (false, true) => Standing::Stale,
        }
    }
}

/// Every mutant against every script.
#[derive(Clone, Debug, Serialize)]
pub struct Matrix {
    /// Runs of scripts for each mutant.
    pub runs: usize,
    /// Runs that do not pass on the stack as it is, and say nothing about mutants.
    pub unfit: Vec<CaseId>,
    /// In the order of the mutants.
    pub trials: Vec<Trial>,
    /// How long all of it took, in microseconds of the machine's clock.
    pub wall_us: u64,
}

/// A run that can be made as often as there are mutants.
struct Probe<'a> {
    id: &'a CaseId,
    ready: Ready,
}

impl Probe<'_> {
    /// Whether the script passes. A panic is no pass.
    fn passes(&self, launch: &dyn Launch) -> bool {
        let outcome = caught(|| run(&self.ready.script, &self.ready.config, launch).outcome);
        matches!(outcome, Ok(Outcome::Pass { .. }))
    }
}

/// Runs the cases of `plan` against each of `mutants`, `jobs` mutants at once. `stop` keeps further
/// ones from starting; `tell` gets each result when it and those before it are there.
pub fn run_matrix(
    plan: &Plan,
    (info, cli): (&TargetInfo, &CliOptions),
    (mutants, explained): (&[Mutant], &[Survivor]),
    jobs: Jobs,
    stop: &AtomicBool,
    tell: &mut dyn FnMut(&Trial),
) -> Matrix {
    let watch = Stopwatch::start();
    let (probes, unfit) = probes(plan, info, cli);
    let body = |queue: &Queue<'_, Trial>| {
        while let Some(at) = queue.take() {
            let Some(mutant) = mutants.get(at) else { return };
            queue.done(at, trial(*mutant, &probes, explained));
        }
    };
    let mut trials = Vec::new();
    let Ok(()) = in_order(mutants.len(), jobs, stop, &body, &mut |news| {
        if let News::Finished(trial) = news {
            tell(&trial);
            trials.push(trial);
        }
        Ok::<(), std::convert::Infallible>(())
    });
    Matrix { runs: probes.len(), unfit, trials, wall_us: watch.elapsed_us() }
}

/// What passes on the stack as it is, and what does not.
fn probes<'a>(
    plan: &'a Plan,
    info: &TargetInfo,
    cli: &CliOptions,
) -> (Vec<Probe<'a>>, Vec<CaseId>) {
    let launch = StackLaunch::default();
    let (mut probes, mut unfit) = (Vec::new(), Vec::new());
    for case in &plan.cases {
        match ready(case, &[info], cli) {
            Ok(ready) => {
                let probe = Probe { id: &case.id, ready };
                if probe.passes(&launch) {
                    probes.push(probe);
                } else {
                    unfit.push(case.id.clone());
                }
            }
            Err(Obstacle::Lacking(_) | Obstacle::DryRun) => {}
            Err(Obstacle::Refused(_) | Obstacle::Unreadable(_)) => unfit.push(case.id.clone()),
        }
    }
    (probes, unfit)
}

fn trial(mutant: Mutant, probes: &[Probe<'_>], explained: &[Survivor]) -> Trial {
    let watch = Stopwatch::start();
    let launch = MutantLaunch(mutant);
    let killers = probes.iter().filter(|probe| !probe.passes(&launch));
    let killers = killers.map(|probe| probe.id.clone()).collect();
    let known = explained.iter().find(|known| known.name == mutant.name());
    Trial {
        name: mutant.name(),
        rule: mutant.rule(),
        linux: mutant.linux(),
        killers,
        explained: known.map(|known| known.reason.clone()),
        wall_us: watch.elapsed_us(),
    }
}
