//! The command line: reads arguments, asks the library, prints, and chooses the exit code.
//!
//! Printing happens here and nowhere else; reports write to sinks that are opened here.

mod args;
mod check;
mod console;
mod coverage;
mod doctor;
mod exit;
mod explain;
mod fmt;
mod interrupt;
mod list;
mod packetdrill;
mod progress;
mod run;
mod scripts;

use std::ffi::OsString;
use std::path::Path;
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
        Command::Check(check) => check::check(&check, &console),
        Command::Fmt(fmt) => fmt::fmt(&fmt, &console),
        Command::List(list) => list::list(&list, &console),
        Command::Coverage(coverage) => coverage::coverage(&coverage, &console),
        Command::Doctor(doctor) => doctor::doctor(&doctor, &console),
        Command::Explain(explain) => explain::explain(&explain, &console),
        #[cfg(all(target_os = "linux", feature = "target-linux"))]
        Command::UmlGuest(_) => {
            let program = args.first().map_or(Path::new("/"), Path::new);
            let Err(why) = crate::uml::guest::init(program);
            console.error(&why);
            Exit::Usage
        }
    };
    exit.into()
}
