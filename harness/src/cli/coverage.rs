//! `synproof coverage`: what runs prove.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::args::{CoverageArgs, CoverageFormat};
use super::console::Console;
use super::exit::Exit;
use super::interrupt::stop_flag;
use super::scripts::{options, planned, target, target_name};
use crate::registry::coverage::{Coverage, TargetCoverage};
use crate::registry::page::page;
use crate::registry::requirement::{claims, requirements};
use crate::registry::text::{Measure, text};
use crate::runner::{Context, Event, Jobs, run_plan};
use crate::target::registry::prepare_process;
use crate::target::transition::transitions;

/// How long a guest may take for a script, as for `run`.
const GUEST_TIMEOUT: Duration = Duration::from_secs(60);

pub(super) fn coverage(args: &CoverageArgs, console: &Console) -> Exit {
    match try_coverage(args, console) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn try_coverage(args: &CoverageArgs, console: &Console) -> Result<Exit, Exit> {
    let (coverage, exit) = if args.from.is_empty() {
        of_run(args, console)?
    } else {
        let coverage = read(&args.from).map_err(|why| {
            console.error(&why);
            Exit::Usage
        })?;
        (coverage, Exit::Ok)
    };
    let (requirements, claims, table) = (requirements(), claims(), transitions());
    let measure = Measure { requirements: &requirements, claims: &claims, table: &table };
    let out = match args.format {
        CoverageFormat::Human => text(&coverage, measure),
        CoverageFormat::Json => json(&coverage, console)?,
    };
    console.out(&out).map_err(|error| Exit::of_output(&error))?;
    if let Some(path) = &args.html {
        std::fs::write(path, page(&coverage, measure, &args.link)).map_err(|error| {
            console.error(&format!("cannot write {}: {error}", path.display()));
            Exit::Environment
        })?;
    }
    Ok(exit)
}

fn json(coverage: &Coverage, console: &Console) -> Result<String, Exit> {
    let json = serde_json::to_string_pretty(coverage).map_err(|error| {
        console.error(&format!("cannot write JSON: {error}"));
        Exit::InternalBug
    })?;
    Ok(json + "\n")
}

/// What was written before, one after the other.
pub(super) fn read(paths: &[PathBuf]) -> Result<Coverage, String> {
    let mut all = Coverage::default();
    for path in paths {
        all.targets.extend(read_one(path)?.targets);
    }
    Ok(all)
}

fn read_one(path: &Path) -> Result<Coverage, String> {
    let refused = |why: String| format!("{}: {why}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
    serde_json::from_str(&text)
        .map_err(|error| refused(format!("not what `coverage --format json` writes: {error}")))
}

/// Runs the selected scripts; the exit code is that of `run`.
fn of_run(args: &CoverageArgs, console: &Console) -> Result<(Coverage, Exit), Exit> {
    let cli = options(&args.select.scripts, console)?;
    let name = target_name(&args.select, console)?;
    prepare_process(&name);
    let (venue, info) = target(&name, GUEST_TIMEOUT, console)?;
    let plan = planned(&args.select.scripts, &cli, &info, console)?;
    let executor = venue.executor();
    let context = Context {
        executor: executor.as_ref(),
        info: &info,
        cli: &cli,
        artifacts: None,
        retries: 0,
    };
    let jobs = args.jobs.map_or_else(|| Jobs::default_for(info.clock), Jobs);
    let stop = stop_flag().map_err(|error| {
        console.error(&format!("cannot watch for signals: {error}"));
        Exit::Environment
    })?;
    let table = transitions();
    let mut of_target = TargetCoverage::new(&info);
    let mut unexpected = Vec::new();
    let ended = run_plan(&plan, &context, jobs, &stop, &mut |event: &Event<'_>| {
        if let Event::Finished(result) = event {
            of_target.add(result, &table);
            if !result.verdict.is_expected() {
                unexpected.push(format!(
                    "{} {}: {}",
                    result.id.name(),
                    result.id.ip.name(),
                    result.message
                ));
            }
        }
        Ok::<(), crate::runner::ArtifactError>(())
    });
    let summary = ended.map_err(|error| {
        console.error(&error.to_string());
        Exit::Environment
    })?;
    for one in unexpected {
        console.error(&one);
    }
    Ok((Coverage { targets: vec![of_target] }, Exit::of(&summary)))
}
