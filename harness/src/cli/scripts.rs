//! From selection arguments to a plan, and what to say when there is none.

use std::time::Duration;

use super::args::{IpArg, ScriptArgs};
use super::console::Console;
use super::exit::Exit;
use crate::config::CliOptions;
use crate::executor::Venue;
use crate::runner::{Found, Plan, PlanOptions, discover, discover_embedded, plan};
use crate::target::registry::RegistryError;
use crate::target::{Clock, TargetError, TargetInfo};

/// The checked options of the command line.
pub(super) fn options(select: &ScriptArgs, console: &Console) -> Result<CliOptions, Exit> {
    let settings = select.packetdrill.settings.clone();
    let cli = CliOptions::new(settings, select.seed.0).map_err(|error| {
        console.error(&error.to_string());
        Exit::Usage
    })?;
    if let (Some(one), Some(several)) = (cli.ip_version(), IpArg::versions(&select.ip))
        && several != [one]
    {
        console.error(&format!("--ip and --ip_version={} contradict each other", one.name()));
        return Err(Exit::Usage);
    }
    Ok(cli)
}

/// The scripts that the paths name; without paths, those that are part of the binary.
pub(super) fn found(select: &ScriptArgs, console: &Console) -> Result<Vec<Found>, Exit> {
    if select.paths.is_empty() {
        return Ok(discover_embedded());
    }
    discover(&select.paths).map_err(|error| {
        console.error(&error.to_string());
        Exit::Usage
    })
}

/// What runs, which is at least one script.
pub(super) fn planned(
    select: &ScriptArgs,
    cli: &CliOptions,
    target: &TargetInfo,
    console: &Console,
) -> Result<Plan, Exit> {
    let found = found(select, console)?;
    let options = PlanOptions {
        filters: select.filter.clone(),
        ips: IpArg::versions(&select.ip),
        profile: select.profile.clone(),
        cli: cli.clone(),
    };
    let plan = plan(&found, &options, target).map_err(|error| {
        console.error(&error.to_string());
        Exit::Usage
    })?;
    if plan.cases.is_empty() {
        console.error(&nothing(&plan));
        return Err(Exit::NothingSelected);
    }
    Ok(plan)
}

fn nothing(plan: &Plan) -> String {
    if plan.found == 0 {
        return "no script found (directories are searched for *.pkt)".into();
    }
    format!(
        "none of {} scripts selected (by --filter, by --ip, or by the scripts' own ip versions)",
        plan.found
    )
}

/// The target of that name and what it says about itself.
pub(super) fn target(
    name: &str,
    watchdog: Duration,
    console: &Console,
) -> Result<(Venue, TargetInfo), Exit> {
    let venue = Venue::open(name, watchdog).map_err(|error| refused(&error, console))?;
    let info = venue.executor().info().map_err(|error| refused(&error.into(), console))?;
    Ok((venue, info))
}

pub(super) fn refused(error: &RegistryError, console: &Console) -> Exit {
    console.error(&error.to_string());
    match error {
        RegistryError::Unknown { .. } => Exit::Usage,
        RegistryError::Unavailable(error) => {
            if let TargetError::Unavailable { fix, .. } = error {
                console.help(fix);
            }
            console.help("`synproof doctor` says what this machine can run");
            Exit::Environment
        }
    }
}

/// What is known of a target that cannot run here, for commands that do not run anything.
pub(super) fn info_without_running(name: &str) -> TargetInfo {
    Venue::open(name, Duration::ZERO)
        .ok()
        .and_then(|venue| venue.executor().info().ok())
        .unwrap_or_else(|| TargetInfo {
            name: name.to_owned(),
            version: String::new(),
            clock: Clock::Virtual { tick_us: 1000 },
            capabilities: Vec::new(),
        })
}
