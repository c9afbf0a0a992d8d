//! The commands, one file each; arguments and exit codes.

mod check;
#[cfg(feature = "mutants")]
mod hunt;
mod script;
mod seed;
mod smoke;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use serde::Serialize;
use synproof_fuzz::oracles::differential;
use synproof_fuzz::{TARGETS, Target, target};

#[derive(Parser)]
#[command(
    name = "synproof-fuzz",
    about = "The fuzz targets, without a fuzzer",
    after_help = "Environment: SYNPROOF_FUZZ_TARGETS names what the target differential compares \
                  (stack,uml:7.2); TELL=1 tells every datagram of a story of two_peers."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Every target, one a line
    List,
    /// Judge inputs: files and directories of files
    Check {
        /// Which target
        target: String,
        /// Inputs
        paths: Vec<PathBuf>,
        /// Say what was reached (edges, dispositions) instead of a line for each input
        #[arg(long)]
        marks: bool,
    },
    /// The smallest input that finds what this one finds, to standard output
    Shrink {
        /// Which target
        target: String,
        /// Input
        path: PathBuf,
    },
    /// Seeds for every target, below DIR/TARGET
    Seed {
        /// Where to
        dir: PathBuf,
        /// Scripts to make seeds of
        #[arg(long)]
        from: Vec<PathBuf>,
    },
    /// Fixed seeds, fixed executions, all targets
    Smoke {
        /// Times the usual number of executions
        #[arg(long, default_value_t = 1)]
        times: u64,
        /// Corpora to replay: a directory with one for each target
        #[arg(long)]
        corpus: Option<PathBuf>,
    },
    /// Dictionary of a target in libFuzzer's form
    Dictionary {
        /// Which target
        target: String,
    },
    /// A scenario as the script that does the same, to standard output
    Script {
        /// Scenario
        path: PathBuf,
        /// Target that it is of: `differential` plays scenarios up to a limit, and a little longer
        #[arg(long)]
        target: Option<String>,
    },
    /// Look for the rules that the stack breaks on purpose
    #[cfg(feature = "mutants")]
    Hunt {
        /// Which target
        target: String,
        /// Which mutant; without it each of them
        #[arg(long)]
        mutant: Option<String>,
        /// Most executions for each
        #[arg(long, default_value_t = 100_000)]
        executions: u64,
        /// Most seconds for each
        #[arg(long, default_value_t = 600)]
        seconds: u64,
        /// Seed
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Generated inputs of one target, and nothing else: for measuring
    Bench {
        /// Which target
        target: String,
        /// How many
        count: u64,
    },
}

/// What a command answers.
type Answer = Result<bool, String>;

pub(crate) fn run() -> ExitCode {
    let answer = match Arguments::parse().command {
        Command::List => list(),
        Command::Check { target, paths, marks } => {
            usable(&target).and_then(|target| check::check(target, &paths, marks))
        }
        Command::Shrink { target, path } => {
            usable(&target).and_then(|target| check::shrink(target, &path))
        }
        Command::Seed { dir, from } => seed::seed(&dir, &from),
        Command::Smoke { times, corpus } => smoke::smoke(times, corpus.as_deref()),
        Command::Dictionary { target } => known(&target).and_then(dictionary),
        Command::Script { path, target } => script::script(&path, target.as_deref()),
        #[cfg(feature = "mutants")]
        Command::Hunt { target, mutant, executions, seconds, seed } => {
            let bounds = hunt::Bounds { executions, seconds };
            known(&target).and_then(|target| hunt::hunt(target, mutant.as_deref(), bounds, seed))
        }
        Command::Bench { target, count } => {
            known(&target).and_then(|target| smoke::bench(target, count))
        }
    };
    match answer {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            let _closed = writeln!(std::io::stderr(), "synproof-fuzz: {message}");
            ExitCode::from(3)
        }
    }
}

fn known(name: &str) -> Result<&'static Target, String> {
    target(name).ok_or_else(|| {
        let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
        format!("no target `{name}`; there are {}", names.join(", "))
    })
}

/// One that can run here.
fn usable(name: &str) -> Result<&'static Target, String> {
    let target = known(name)?;
    match (target.unavailable)() {
        Some(why) => Err(format!("{name} cannot run here: {why}")),
        None => Ok(target),
    }
}

/// Targets to compare that were named and cannot be had are a mistake, not a lack of this machine.
fn asked_for() -> Result<(), String> {
    match differential::unavailable().filter(|_| differential::is_asked_for()) {
        Some(why) => Err(format!("{}: {why}", differential::VARIABLE)),
        None => Ok(()),
    }
}

/// Writes a line; a closed pipe is nobody's fault.
fn say(line: &str) {
    let _closed = writeln!(std::io::stdout(), "{line}");
}

fn say_json(value: &impl Serialize) {
    say(&serde_json::to_string(value).unwrap_or_default());
}

/// A line of [`Command::List`].
#[derive(Serialize)]
struct Row {
    name: &'static str,
    about: &'static str,
    max_len: usize,
    planted: bool,
    compares: bool,
    unavailable: Option<String>,
}

fn list() -> Answer {
    asked_for()?;
    for target in TARGETS {
        let Target { name, about, max_len, planted, compares, unavailable, .. } = *target;
        let unavailable = unavailable();
        say_json(&Row { name, about, max_len, planted, compares, unavailable });
    }
    Ok(true)
}

fn dictionary(target: &Target) -> Answer {
    for word in target.dictionary {
        let escaped: String = word.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        say(&format!("\"{escaped}\""));
    }
    Ok(true)
}
