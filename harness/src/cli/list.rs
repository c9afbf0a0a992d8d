//! `synproof list`: what `run` with the same arguments would run.

use super::args::ListArgs;
use super::console::Console;
use super::exit::Exit;
use super::scripts::{info_without_running, options, planned};
use crate::runner::Case;

pub(super) fn list(args: &ListArgs, console: &Console) -> Exit {
    match try_list(args, console) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn try_list(args: &ListArgs, console: &Console) -> Result<Exit, Exit> {
    let cli = options(&args.select.scripts, console)?;
    let info = info_without_running(&args.select.target);
    let plan = planned(&args.select.scripts, &cli, &info, console)?;
    let lines: String = plan.cases.iter().map(line).collect();
    console.out(&lines).map_err(|error| Exit::of_output(&error))?;
    Ok(Exit::Ok)
}

fn line(case: &Case) -> String {
    let (script, ip, profile) = (&case.id.script, case.id.ip.name(), &case.profile.name);
    let expected = case.expectation.as_ref().map(|expected| {
        let id = expected.id.as_deref().map(|id| format!("{id}: ")).unwrap_or_default();
        format!("\txfail: {id}{}", expected.reason)
    });
    format!("{script}\t{ip}\t{profile}{}\n", expected.unwrap_or_default())
}
