//! `synproof doctor`: which targets this machine can run, and what it has and lacks for them.

use std::fmt::Write as _;
use std::time::Duration;

use super::args::DoctorArgs;
use super::console::Console;
use super::exit::Exit;
use crate::doctor::{Check, Status, checks};
use crate::executor::Venue;
use crate::report::Paint;
use crate::target::registry::{RegistryError, TARGETS, prepare_process};
use crate::target::{TargetError, TargetInfo};

/// Width of the names.
const NAME: usize = 28;

pub(super) fn doctor(args: &DoctorArgs, console: &Console) -> Exit {
    let paint = console.paint();
    for target in TARGETS {
        prepare_process(target.name);
    }
    let mut text = String::from("Targets\n");
    let mut missing = false;
    for target in TARGETS {
        let info = Venue::open(target.name, Duration::ZERO)
            .and_then(|venue| Ok(venue.executor().info()?));
        missing |= info.is_err() && args.target.as_deref() == Some(target.name);
        text += &line(&of_target(target.name, info), paint);
    }
    text += "\nThis machine\n";
    for check in checks() {
        text += &line(&check, paint);
    }
    match console.out(&text) {
        Ok(()) if missing => Exit::Environment,
        Ok(()) => Exit::Ok,
        Err(error) => Exit::of_output(&error),
    }
}

fn of_target(name: &str, info: Result<TargetInfo, RegistryError>) -> Check {
    let name = name.to_owned();
    match info {
        Ok(info) => Check { name, status: Status::Ok, detail: info.version, fix: None },
        Err(RegistryError::Unavailable(TargetError::Unavailable { what, why, fix })) => {
            let detail = format!("{what}: {why}");
            Check { name, status: Status::Missing, detail, fix: Some(fix) }
        }
        Err(error) => Check { name, status: Status::Missing, detail: error.to_string(), fix: None },
    }
}

fn line(check: &Check, paint: Paint) -> String {
    let status = match check.status {
        Status::Ok => paint.good("ok     "),
        Status::Warn => paint.key("warn   "),
        Status::Missing => paint.bad("missing"),
    };
    let mut text = format!("  {status}  {:<NAME$}  {}\n", check.name, check.detail);
    if let Some(fix) = &check.fix {
        let _ = writeln!(text, "  {:7}  {:NAME$}  {}", "", "", paint.quiet(fix));
    }
    text
}
