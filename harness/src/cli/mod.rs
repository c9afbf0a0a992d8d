//! The command line: reads arguments, asks the library, prints, and chooses the exit code.
//!
//! Printing happens here and nowhere else; reports write to sinks that are opened here.

mod args;
mod check;
mod console;
mod coverage;
mod diff;
mod doctor;
mod exit;
mod explain;
mod explore;
mod explore_args;
mod fmt;
mod interrupt;
mod list;
mod minimize;
#[cfg(all(feature = "target-stack", feature = "mutants"))]
mod mutants;
mod output;
mod packetdrill;
mod progress;
mod run;
mod scripts;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

pub use exit::{EXIT_CODES, Exit};

use args::{Arguments, Command};
use console::Console;

/// Does what `args` say; the first is the name of the program.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<_> = args.into_iter().collect();
    let arguments = match Arguments::try_parse_from(&args) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to stdout and are no errors; clap knows.
            let code = if error.use_stderr() { Exit::Usage } else { Exit::Ok };
            return if error.print().is_ok() { code.into() } else { Exit::Environment.into() };
        }
    };
    crate::panics::install_hook();
    let console = Console::new(arguments.color);
    let exit = match arguments.command {
        Command::Run(run) => run::run(&run, &console),
        Command::Diff(diff) => diff::diff(&diff, &console),
        Command::Check(check) => check::check(&check, &console),
        Command::Fmt(fmt) => fmt::fmt(&fmt, &console),
        Command::List(list) => list::list(&list, &console),
        Command::Coverage(coverage) => coverage::coverage(&coverage, &console),
        Command::Doctor(doctor) => doctor::doctor(&doctor, &console),
        Command::Explore(explore) => explore::explore(&explore, &console),
        Command::Minimize(args) => minimize::run(&args, &console),
        #[cfg(all(feature = "target-stack", feature = "mutants"))]
        Command::Mutants(args) => mutants::mutants(&args, &console),
        Command::Explain(explain) => explain::explain(&explain, &console),
        #[cfg(all(target_os = "linux", feature = "target-linux"))]
        Command::UmlGuest(_) => {
            let Err(why) = crate::uml::guest::init();
            console.error(&why);
            Exit::Usage
        }
    };
    exit.into()
}
