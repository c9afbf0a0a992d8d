//! `synproof mutants`: stacks that each break one rule, and the scripts that notice.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use super::args::{ScriptArgs, jobs};
use super::console::Console;
use super::exit::Exit;
use super::interrupt::stop_flag;
use super::scripts::{options, planned, target};
use crate::report::{matrix_text, trial_line};
use crate::runner::{Jobs, Matrix, Standing, run_matrix, survivors};
use crate::target::stack::Mutant;

#[derive(Debug, Args)]
pub(super) struct MutantsArgs {
    #[command(flatten)]
    scripts: ScriptArgs,
    /// Only this mutant; repeatable
    #[arg(long, value_name = "NAME", value_parser = mutant)]
    mutant: Vec<Mutant>,
    /// Mutants at once [default: processors]
    #[arg(short, long, value_name = "N", value_parser = jobs)]
    jobs: Option<NonZeroUsize>,
    /// Write every mutant with every script that notices it
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn mutant(name: &str) -> Result<Mutant, String> {
    Mutant::named(name).ok_or_else(|| "stack/src/mutant/ has the names".to_owned())
}

pub(super) fn mutants(args: &MutantsArgs, console: &Console) -> Exit {
    match try_mutants(args, console) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn try_mutants(args: &MutantsArgs, console: &Console) -> Result<Exit, Exit> {
    let cli = options(&args.scripts, console)?;
    let (_, info) = target("stack", std::time::Duration::ZERO, console)?;
    let plan = planned(&args.scripts, &cli, &info, console)?;
    let explained = survivors().map_err(|why| {
        console.error(&why);
        Exit::Usage
    })?;
    let which = if args.mutant.is_empty() { Mutant::ALL } else { &args.mutant };
    let stop = stop_flag().map_err(|error| {
        console.error(&format!("cannot watch for signals: {error}"));
        Exit::Environment
    })?;
    let jobs = args.jobs.map_or_else(|| Jobs::default_for(info.clock), Jobs);
    let mut told = Ok(());
    let on = (&info, &cli);
    let matrix = run_matrix(&plan, on, (which, &explained), jobs, &stop, &mut |trial| {
        if told.is_ok() {
            told = console.out(&trial_line(trial));
        }
    });
    told.and_then(|()| console.out(&matrix_text(&matrix)))
        .map_err(|error| Exit::of_output(&error))?;
    if let Some(path) = &args.json {
        write(&matrix, path).map_err(|why| {
            console.error(&format!("cannot write {}: {why}", path.display()));
            Exit::Environment
        })?;
    }
    Ok(verdict(&matrix, which.len()))
}

fn write(matrix: &Matrix, path: &std::path::Path) -> Result<(), String> {
    let json = serde_json::to_string_pretty(matrix).map_err(|error| error.to_string())?;
    std::fs::write(path, json + "\n").map_err(|error| error.to_string())
}

fn verdict(matrix: &Matrix, planned: usize) -> Exit {
    let as_listed = |standing| matches!(standing, Standing::Killed | Standing::Explained);
    if matrix.trials.len() < planned {
        Exit::Interrupted
    } else if !matrix.unfit.is_empty()
        || !matrix.trials.iter().all(|trial| as_listed(trial.standing()))
    {
        Exit::Unexpected
    } else {
        Exit::Ok
    }
}
