//! `synproof minimize`: the smallest script that shows the same difference of two targets.

use std::path::Path;
use std::time::Duration;

use super::console::Console;
use super::exit::Exit;
use super::explore::unavailable;
use super::explore_args::MinimizeArgs;
use crate::engine::outcome::Outcome;
use crate::explore::Sides;
use crate::explore::sides::Crew;
use crate::minimize::{Minimised, MinimizeError, minimize, story};
use crate::scenario::{Family, Scenario, from_script};
use crate::script::diagnostic::{Severity, render};
use crate::script::{self, Defines};
use crate::target::registry::prepare_process;

pub(super) fn run(args: &MinimizeArgs, console: &Console) -> Exit {
    match try_minimize(args, console) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn try_minimize(args: &MinimizeArgs, console: &Console) -> Result<Exit, Exit> {
    let [left, right] = args.targets.as_slice() else {
        console.error("minimize needs two targets: --targets A,B");
        return Err(Exit::Usage);
    };
    let scenario = read(&args.file, console)?;
    args.targets.iter().for_each(|name| prepare_process(name));
    let watchdog = Duration::from_secs(args.guest_timeout);
    let sides = Sides::open(&args.targets, &args.profile, args.seed.0, watchdog);
    let sides = sides.map_err(|error| unavailable(error, console))?;
    let executors = sides.executors();
    let mut crew = Crew::new(&sides, &executors);
    let wrong = |error: &dyn std::fmt::Display| {
        console.error(&error.to_string());
        Exit::Unexpected
    };
    let scenario = sides
        .relative(&scenario)
        .map_err(|found| wrong(&found.first().map(|d| d.message.clone()).unwrap_or_default()))?;
    let before = scenario.steps.len();
    let found = minimize(&scenario, &sides, &mut crew, args.budget).map_err(|error| {
        let under = format!(" under the profile `{}` (--profile)", args.profile);
        let agree = matches!(error, MinimizeError::Agree);
        wrong(&format!("{error}{}", if agree { under.as_str() } else { "" }))
    })?;
    let Minimised { scenario, tried, divergence, .. } = &found;
    let title = args.title.clone().unwrap_or_else(|| divergence.message.clone());
    let text = story::script(&found, &title, [left, right]);
    let fails = fails_on_right(&sides, &text, scenario.family);
    match &args.output {
        Some(path) => std::fs::write(path, &text).map_err(|error| {
            console.error(&format!("{}: {error}", path.display()));
            Exit::Environment
        })?,
        None => console.out(&text).map_err(|error| Exit::of_output(&error))?,
    }
    console.help(&format!(
        "{before} steps became {}, {tried} scenarios were tried; class {}",
        scenario.steps.len(),
        divergence.class
    ));
    let Some(why) = fails else { return Ok(Exit::Ok) };
    console.error(&format!("the script as it stands does not pass on {right}: {why}"));
    Ok(Exit::Unexpected)
}

/// Why the script does not pass on the right side, of which its expectations are.
fn fails_on_right(sides: &Sides, text: &str, family: Family) -> Option<String> {
    match sides.judge(1, text, family) {
        Ok(Outcome::Pass { .. }) => None,
        Ok(Outcome::Skip { reason, .. }) => Some(reason),
        Ok(Outcome::Fail(failure) | Outcome::Error(failure)) => Some(failure.message.clone()),
        Err(found) => Some(found.first().map(|d| d.message.clone()).unwrap_or_default()),
    }
}

/// The scenario of a script.
fn read(path: &Path, console: &Console) -> Result<Scenario, Exit> {
    let source = script::read(path).map_err(|error| {
        console.error(&error.to_string());
        Exit::Usage
    })?;
    let (script, found) = script::parse(&source, &Defines::new());
    let mut errors = found.iter().filter(|d| d.severity == Severity::Error).peekable();
    if errors.peek().is_none() {
        return Ok(from_script(&script));
    }
    for error in errors {
        console.error_text(&render(error, &source, console.error_paint().is_on()));
    }
    Err(Exit::Usage)
}
