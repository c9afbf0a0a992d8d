//! `synproof diff`.

use std::io;
use std::time::Duration;

use super::args::{DiffArgs, DiffFormat};
use super::console::Console;
use super::exit::Exit;
use super::interrupt::stop_flag;
use super::output::OutputError;
use super::run::{faulty, warn};
use super::scripts::{options, planned, target};
use crate::config::CliOptions;
use crate::diff::{Rules, recorded};
use crate::executor::{Executor, InProcess, Venue};
use crate::report::{DiffReport, HumanDiff, JsonDiff, JunitDiff, Show};
use crate::runner::{Artifacts, DiffContext, DiffEvent, Jobs, Side, divergences, run_differential};
use crate::target::TargetInfo;
use crate::target::registry::prepare_process;
use crate::target::wrap::Faulty;

pub(super) fn diff(args: &DiffArgs, console: &Console) -> Exit {
    match try_diff(args, console) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn try_diff(args: &DiffArgs, console: &Console) -> Result<Exit, Exit> {
    let cli = options(&args.scripts, console)?;
    if args.targets.len() < 2 {
        console.error("--targets needs at least two, as in --targets stack,uml");
        return Err(Exit::Usage);
    }
    args.targets.iter().for_each(|name| prepare_process(name));
    let watchdog = Duration::from_secs(args.guest_timeout);
    let venues: Vec<_> = args
        .targets
        .iter()
        .map(|name| target(name, watchdog, console))
        .collect::<Result<_, _>>()?;
    let Some(last) = venues.last() else { return Err(Exit::Usage) };
    let lying = faulty(args.fault, &last.0, console)?;
    let context = context(args, &cli, &venues, lying.as_ref(), console)?;
    if let Some(side) = context.sides.first() {
        warn(&side.plan, &cli, console);
    }
    let clocks = venues.iter().map(|(_, info)| info.clock);
    let all_real = clocks.clone().all(|clock| !clock.is_virtual());
    let slowest = clocks.clone().find(|clock| clock.is_virtual() || all_real);
    let Some(slowest) = slowest else { return Err(Exit::Usage) };
    let jobs = args.jobs.map_or_else(|| Jobs::default_for(slowest), Jobs);
    let output = || {
        let mut report = report(args, cli.has("verbose"), console);
        let stop = stop_flag()?;
        run_differential(&context, jobs, &stop, &mut |event: &DiffEvent<'_>| {
            report.on(event).map_err(OutputError::from)
        })
    };
    let ended = output();
    if let (Some(lying), Some(fault)) = (&lying, args.fault) {
        console.help(&format!("{} struck {} times", fault.name(), lying.struck()));
    }
    match ended {
        Ok(summary) => Ok(Exit::of_comparison(&summary)),
        Err(error) => Err(error.told(console)),
    }
}

/// Who is compared, over which scripts, by which rules.
fn context<'a>(
    args: &DiffArgs,
    cli: &'a CliOptions,
    venues: &'a [(Venue, TargetInfo)],
    lying: Option<&'a Faulty<'a>>,
    console: &Console,
) -> Result<DiffContext<'a>, Exit> {
    let mut sides = Vec::new();
    for (at, (venue, info)) in venues.iter().enumerate() {
        let plan = planned(&args.scripts, cli, info, console)?;
        let executor: Box<dyn Executor> = match lying {
            Some(lying) if at + 1 == venues.len() => Box::new(InProcess::new(lying)),
            Some(_) | None => venue.executor(),
        };
        sides.push(Side { executor, info: info.clone(), plan });
    }
    let told = |error: String| {
        console.error(&error);
        Exit::Usage
    };
    let mut rules = Vec::new();
    if let Some(((_, first), others)) = venues.split_first() {
        for (_, other) in others {
            let switched = switched(args, first, other).map_err(|error| told(error.to_string()))?;
            rules.push(switched);
        }
    }
    let recorded = recorded().map_err(|error| told(error.to_string()))?;
    let divergences = divergences().map_err(told)?;
    let artifacts = args.out.as_deref().map(|dir| Artifacts::create(dir, false)).transpose();
    let artifacts = artifacts.map_err(|error| OutputError::from(error).told(console))?;
    let judge = args.judge;
    Ok(DiffContext { sides, rules, recorded, divergences, cli, artifacts, judge })
}

/// The rules as the command line has them.
fn switched(
    args: &DiffArgs,
    left: &TargetInfo,
    right: &TargetInfo,
) -> Result<Rules, crate::diff::RuleError> {
    let mut rules = Rules::between(left, right)?;
    args.with_rule.iter().try_for_each(|name| rules.switch(name, true))?;
    args.without_rule.iter().try_for_each(|name| rules.switch(name, false))?;
    Ok(rules)
}

fn report(args: &DiffArgs, verbose: bool, console: &Console) -> Box<dyn DiffReport> {
    let show = Show { paint: console.paint(), wall: !args.no_wall, verbose };
    match args.format {
        DiffFormat::Human => Box::new(HumanDiff::new(io::stdout(), show)),
        DiffFormat::Json => Box::new(JsonDiff::new(io::stdout(), show)),
        DiffFormat::Junit => Box::new(JunitDiff::new(io::stdout(), show)),
    }
}
