//! `synproof check`: everything that can be known to be wrong without running.

use super::args::CheckArgs;
use super::console::Console;
use super::exit::Exit;
use super::scripts::{info_without_running, options, planned};
use crate::config::CliOptions;
use crate::runner::{Case, examine};
use crate::script::diagnostic::{Diagnostic, Severity, render};

pub(super) fn check(args: &CheckArgs, console: &Console) -> Exit {
    match try_check(args, console) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn try_check(args: &CheckArgs, console: &Console) -> Result<Exit, Exit> {
    let cli = options(&args.select.scripts, console)?;
    let info = info_without_running(&args.select.target);
    let plan = planned(&args.select.scripts, &cli, &info, console)?;
    let color = console.paint().is_on();
    let (mut errors, mut warnings, mut count) = (0, 0, 0);
    for cases in plan.cases.chunk_by(|a, b| a.id.script == b.id.script) {
        count += 1;
        for (severity, text) in findings(cases, &cli, color) {
            match severity {
                Severity::Error => errors += 1,
                Severity::Warning => warnings += 1,
            }
            console.out(&format!("{text}\n\n")).map_err(|error| Exit::of_output(&error))?;
        }
    }
    let counted = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let totals = format!(
        "{}: {}, {}\n",
        counted(count, "script"),
        counted(errors, "error"),
        counted(warnings, "warning")
    );
    console.out(&totals).map_err(|error| Exit::of_output(&error))?;
    Ok(if errors > 0 { Exit::Usage } else { Exit::Ok })
}

/// What is wrong with one script, each finding once. What is wrong with some of its IP versions
/// only is a warning: the script runs with the others.
fn findings(cases: &[Case], cli: &CliOptions, color: bool) -> Vec<(Severity, String)> {
    let mut found: Vec<(Diagnostic, Vec<&'static str>)> = Vec::new();
    for case in cases {
        let source = match &case.source {
            Err(why) => return vec![(Severity::Error, format!("error: {why}"))],
            Ok(source) => source,
        };
        for diagnostic in examine(source, &case.profile, case.id.ip, cli) {
            match found.iter_mut().find(|(known, _)| *known == diagnostic) {
                Some((_, ips)) => ips.push(case.id.ip.name()),
                None => found.push((diagnostic, vec![case.id.ip.name()])),
            }
        }
    }
    let Some(source) = cases.first().and_then(|case| case.source.as_ref().ok()) else {
        return Vec::new();
    };
    let shown = found.into_iter().map(|(mut diagnostic, ips)| {
        if ips.len() < cases.len() && diagnostic.severity == Severity::Error {
            diagnostic.severity = Severity::Warning;
            diagnostic.message.push_str(&format!(" (with {})", ips.join(", ")));
        }
        (diagnostic.severity, render(&diagnostic, source, color))
    });
    shown.collect()
}
