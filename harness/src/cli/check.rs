//! `synproof check`: everything that can be known to be wrong without running.

use std::collections::BTreeSet;

use super::args::CheckArgs;
use super::console::Console;
use super::exit::Exit;
use super::scripts::{info_without_running, options, planned};
use crate::runner::examine;
use crate::script::diagnostic::{Severity, render};

pub(super) fn check(args: &CheckArgs, console: &Console) -> Exit {
    match try_check(args, console) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn try_check(args: &CheckArgs, console: &Console) -> Result<Exit, Exit> {
    let cli = options(&args.select, console)?;
    let info = info_without_running(&args.select.target);
    let plan = planned(&args.select, &cli, &info, console)?;
    let color = console.paint().is_on();
    let (mut errors, mut warnings) = (0, 0);
    let mut scripts = BTreeSet::new();
    // The same finding with another IP version is the same finding.
    let mut said = BTreeSet::new();
    for case in &plan.cases {
        scripts.insert(&case.id.script);
        let findings = match &case.source {
            Err(why) => vec![(Severity::Error, format!("error: {why}"))],
            Ok(source) => examine(source, &case.profile, case.id.ip, &cli)
                .iter()
                .map(|diagnostic| (diagnostic.severity, render(diagnostic, source, color)))
                .collect(),
        };
        for (severity, text) in findings {
            if !said.insert(text.clone()) {
                continue;
            }
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
        counted(scripts.len(), "script"),
        counted(errors, "error"),
        counted(warnings, "warning")
    );
    console.out(&totals).map_err(|error| Exit::of_output(&error))?;
    Ok(if errors > 0 { Exit::Usage } else { Exit::Ok })
}
