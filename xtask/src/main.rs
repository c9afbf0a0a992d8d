//! `cargo xtask`: the jobs of CI and of developers, each under one name.
//!
//! CI scripts contain no logic; whatever they run, a developer runs by the same name.

mod ci;
mod coverage;
mod figures;
mod fuzz;
mod grid;
mod links;
mod lint;
mod map;
mod mutants;
mod packetdrill;
mod root;
mod shell;
mod spec;
mod states;
mod test;
mod tidy;
mod uml;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Everything CI and developers do, by name")]
struct Arguments {
    #[command(subcommand)]
    job: Job,
}

#[derive(Subcommand)]
enum Job {
    /// Everything this machine can test; what it cannot is named with the reason
    Test,
    /// Formatting, clippy, documentation, and the rules of this repository
    Lint,
    /// Write the table "RFC | Linux | ours | scripts" of stack/README.md
    Map {
        /// Change nothing; fail if the table is out of date
        #[arg(long)]
        check: bool,
    },
    /// Write docs/states.md from the transition table
    States {
        /// Change nothing; fail if the page is out of date
        #[arg(long)]
        check: bool,
    },
    /// Write specs/scripts/grid: a script for each state, segment and position
    Grid {
        /// Change nothing; fail if a script is out of date
        #[arg(long)]
        check: bool,
    },
    /// Requirements, scripts and code held against each other
    Spec {
        /// List the requirements that have no script yet
        #[arg(long)]
        todo: bool,
    },
    /// Write docs/kernels.md from the tables of what differs between kernels
    Kernels {
        /// Change nothing; fail if the page is out of date
        #[arg(long)]
        check: bool,
    },
    /// Scripts without extensions on packetdrill and on synproof: the same verdicts
    Packetdrill {
        /// The binary of packetdrill; SYNPROOF_PACKETDRILL if left out
        binary: Option<std::path::PathBuf>,
    },
    /// Every script against stacks that each break one rule: who notices (docs/mutants.md)
    Mutants(mutants::MutantsArgs),
    /// Line coverage of stack/src by its tests and by the specs on the stack
    Coverage,
    /// What the stack costs in instructions and memory, beside smoltcp
    Figures,
    /// Fuzz targets: campaigns, smoke runs, corpora
    Fuzz {
        /// What
        #[command(subcommand)]
        job: fuzz::FuzzJob,
    },
    /// Linux kernels for the target `uml`: build, list, clean
    Uml {
        /// Which
        #[command(subcommand)]
        job: uml::UmlJob,
    },
    /// One job of CI, by name
    Ci {
        /// Which
        #[arg(value_enum)]
        job: ci::CiJob,
    },
}

fn main() -> ExitCode {
    if let Some(code) = fuzz::as_wrapper() {
        return code;
    }
    let outcome = match Arguments::parse().job {
        Job::Test => test::test(),
        Job::Lint => lint::lint(),
        Job::Map { check } => map::map(check),
        Job::States { check } => states::states(check),
        Job::Grid { check } => grid::grid(check),
        Job::Spec { todo } => spec::spec(todo),
        Job::Kernels { check } => states::kernels(check),
        Job::Packetdrill { binary } => packetdrill::packetdrill(binary),
        Job::Mutants(args) => mutants::mutants(&args),
        Job::Coverage => coverage::coverage(),
        Job::Figures => figures::figures(),
        Job::Fuzz { job } => fuzz::fuzz(job),
        Job::Uml { job } => uml::uml(job),
        Job::Ci { job } => ci::ci(job),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            shell::say(&format!("xtask: {error:#}"));
            ExitCode::from(3)
        }
    }
}
