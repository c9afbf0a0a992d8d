//! `synproof run`.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::time::Duration;

use super::args::{Format, ReportFile, RunArgs};
use super::console::Console;
use super::exit::Exit;
use super::interrupt::stop_flag;
use super::output::OutputError;
use super::progress::{AboveBar, Progress};
use super::scripts::{options, planned, target, target_name};
use crate::config::{CliOptions, defines};
use crate::executor::{InProcess, Venue};
use crate::report::{Human, Json, Junit, Report, Show, Tap};
use crate::runner::{Artifacts, Context, Event, Jobs, Plan, metadata_warnings, run_plan};
use crate::script;
use crate::script::diagnostic::render;
use crate::target::registry::prepare_process;
use crate::target::wrap::{Fault, Faulty};

pub(super) fn run(args: &RunArgs, console: &Console) -> Exit {
    match try_run(args, console) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn try_run(args: &RunArgs, console: &Console) -> Result<Exit, Exit> {
    let cli = options(&args.select.scripts, console)?;
    let name = target_name(&args.select, console)?;
    prepare_process(&name);
    let watchdog = Duration::from_secs(args.guest_timeout);
    let (venue, info) = target(&name, watchdog, console)?;
    let plan = planned(&args.select.scripts, &cli, &info, console)?;
    warn(&plan, &cli, console);
    let faulty = faulty(args.fault, &venue, console)?;
    let executor = match &faulty {
        Some(faulty) => Box::new(InProcess::new(faulty)),
        None => venue.executor(),
    };
    let output = || {
        let artifacts = args.out.as_deref().map(|dir| Artifacts::create(dir, args.pcap));
        let artifacts = artifacts.transpose()?;
        let mut reports = reports(args, cli.has("verbose"), console)?;
        let stop = stop_flag()?;
        let executor = executor.as_ref();
        let (artifacts, retries) = (artifacts.as_ref(), args.retries);
        let context = Context { executor, info: &info, cli: &cli, artifacts, retries };
        let jobs = args.jobs.map_or_else(|| Jobs::default_for(info.clock), Jobs);
        run_plan(&plan, &context, jobs, &stop, &mut |event: &Event<'_>| {
            reports.iter_mut().try_for_each(|report| report.on(event)).map_err(OutputError::from)
        })
    };
    let ended = output();
    if let (Some(faulty), Some(fault)) = (&faulty, args.fault) {
        console.help(&format!("{} struck {} times", fault.name(), faulty.struck()));
    }
    match ended {
        Ok(summary) => Ok(Exit::of(&summary)),
        Err(error) => Err(error.told(console)),
    }
}

/// The target that lies, if it is to.
pub(super) fn faulty<'a>(
    fault: Option<Fault>,
    venue: &'a Venue,
    console: &Console,
) -> Result<Option<Faulty<'a>>, Exit> {
    match (fault, venue) {
        (None, _) => Ok(None),
        (Some(fault), Venue::Here(launch)) => Ok(Some(Faulty::new(launch.as_ref(), fault))),
        #[cfg(all(target_os = "linux", feature = "target-linux"))]
        (Some(_), Venue::Guests(_)) => {
            console.error("--fault needs a target of this process: stack or linux");
            Err(Exit::Usage)
        }
    }
}

/// Says which `//!` lines of the scripts have no effect, each once.
pub(super) fn warn(plan: &Plan, cli: &CliOptions, console: &Console) {
    let mut said = BTreeSet::new();
    for case in &plan.cases {
        let Ok(source) = &case.source else { continue };
        if !source.text().contains("//!") || !said.insert(&case.id.script) {
            continue;
        }
        let (script, _) = script::parse(source, &defines(&case.profile, case.id.ip, cli));
        for warning in metadata_warnings(&script) {
            console.error_text(&render(&warning, source, console.error_paint().is_on()));
        }
    }
}

fn reports(
    args: &RunArgs,
    verbose: bool,
    console: &Console,
) -> Result<Vec<Box<dyn Report>>, OutputError> {
    let show = Show { paint: console.paint(), wall: !args.no_wall, verbose };
    let mut reports: Vec<Box<dyn Report>> = Vec::new();
    if args.format == Format::Human && console.is_watched() {
        let progress = Progress::new();
        let above = AboveBar(progress.0.clone());
        reports.push(report(args.format, above, show));
        reports.push(Box::new(progress));
    } else {
        reports.push(report(args.format, io::stdout(), show));
    }
    for ReportFile { format, path } in &args.report {
        let file = File::create(path)
            .map_err(|source| OutputError::File { path: path.clone(), source })?;
        let show = Show { paint: crate::report::Paint::default(), ..show };
        reports.push(report(*format, BufWriter::new(file), show));
    }
    Ok(reports)
}

fn report<W: Write + 'static>(format: Format, out: W, show: Show) -> Box<dyn Report> {
    match format {
        Format::Human => Box::new(Human::new(out, show)),
        Format::Json => Box::new(Json::new(out, show)),
        Format::Junit => Box::new(Junit::new(out, show)),
        Format::Tap => Box::new(Tap::new(out)),
    }
}
