//! `synproof explore`: every state with every event, or generated scenarios, on several targets.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::console::Console;
use super::exit::Exit;
use super::explore_args::ExploreArgs;
use super::interrupt::stop_flag;
use super::scripts::refused;
use crate::explore::campaign::Report;
use crate::explore::cases::Cases;
use crate::explore::sides::PROFILE;
use crate::explore::{Campaign, CampaignError, Progress, Sides, SidesError, Swarm, Systematic};
use crate::runner::Stopwatch;
use crate::target::registry::{RegistryError, prepare_process};

pub(super) fn explore(args: &ExploreArgs, console: &Console) -> Exit {
    match try_explore(args, console) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn try_explore(args: &ExploreArgs, console: &Console) -> Result<Exit, Exit> {
    args.targets.iter().for_each(|name| prepare_process(name));
    let watchdog = Duration::from_secs(args.guest_timeout);
    let sides = Sides::open(&args.targets, PROFILE, args.seed.0, watchdog);
    let sides = sides.map_err(|error| unavailable(error, console))?;
    let stop = stop_flag().map_err(|error| {
        console.error(&format!("cannot watch for signals: {error}"));
        Exit::Environment
    })?;
    if args.random {
        run(&Swarm::new(args.seed.0), args, &sides, &stop, console)
    } else {
        run(&Systematic::new(usize::from(args.depth)), args, &sides, &stop, console)
    }
}

pub(super) fn unavailable(error: SidesError, console: &Console) -> Exit {
    match error {
        SidesError::Registry(error) => refused(&error, console),
        SidesError::Target(error) => refused(&RegistryError::from(error), console),
        SidesError::None
        | SidesError::Rules(_)
        | SidesError::Known(_)
        | SidesError::Profile(_)
        | SidesError::Options(_) => {
            console.error(&error.to_string());
            Exit::Environment
        }
    }
}

fn run(
    cases: &impl Cases,
    args: &ExploreArgs,
    sides: &Sides,
    stop: &AtomicBool,
    console: &Console,
) -> Result<Exit, Exit> {
    let jobs = args
        .jobs
        .unwrap_or_else(|| std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN));
    let campaign = Campaign { cases, sides, jobs, dir: args.out.clone(), budget: args.budget };
    let watch = Stopwatch::start();
    let mut told = Told::default();
    let mut tell = |progress: Progress| told.tell(progress, watch.elapsed_us(), console);
    let report = campaign.run(stop, &mut tell).map_err(|error| {
        let CampaignError::Journal(_) = &error;
        console.error(&error.to_string());
        console.help("what was found before is kept; with room for more, the same command goes on");
        Exit::Environment
    })?;
    say(&report, sides, args, watch.elapsed_us(), console).map_err(|e| Exit::of_output(&e))?;
    let endless = cases.count().is_none() && args.budget.is_none();
    Ok(match (report.interrupted && !endless, report.differences.is_empty()) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Ok,
        (false, false) => Exit::Unexpected,
    })
}

/// When progress was last told.
#[derive(Default)]
struct Told {
    at_us: u64,
}

impl Told {
    /// One line every few seconds, for whoever watches.
    fn tell(&mut self, progress: Progress, at_us: u64, console: &Console) {
        const EVERY_US: u64 = 5_000_000;
        if !console.is_watched() || at_us < self.at_us + EVERY_US {
            return;
        }
        self.at_us = at_us;
        let of = progress.of.map_or_else(String::new, |of| format!(" of {of}"));
        console.error_text(&format!(
            "{}{of} cases, {}/s, {} classes of differences",
            progress.done,
            rate(progress.now, at_us),
            progress.classes
        ));
    }
}

fn rate(cases: u64, us: u64) -> u64 {
    cases.saturating_mul(1_000_000) / us.max(1)
}

fn say(
    report: &Report,
    sides: &Sides,
    args: &ExploreArgs,
    us: u64,
    console: &Console,
) -> std::io::Result<()> {
    if !args.random {
        console.out(&report.table.text(sides.names()))?;
        console.out("\n")?;
    }
    for found in &report.differences {
        let count = report.table.classes().get(&found.class).copied().unwrap_or(0);
        let [left, right] = &found.targets;
        console.out(&format!(
            "{left} | {right}: {}\n  {count} cases, the first is number {}: {}\n",
            found.class, found.n, found.story
        ))?;
    }
    for (id, count) in report.table.known() {
        console.out(&format!("{id}: {count} cases differ as recorded\n"))?;
    }
    let (cases, differ, incomparable) = report.table.totals();
    let now = if args.no_wall {
        String::new()
    } else {
        format!(" ({} of them now, {}/s)", report.progress.now, rate(report.progress.now, us))
    };
    console.out(&format!(
        "{cases} cases{now}: {differ} differ, in {} classes; {incomparable} incomparable{}\n",
        report.differences.len(),
        if report.interrupted { "; not all were played" } else { "" }
    ))
}
