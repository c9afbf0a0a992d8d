//! `cargo xtask mutants`: scripts against stacks that each break one rule (docs/mutants.md).

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::shell::{cargo, passes};

#[derive(Args)]
pub(crate) struct MutantsArgs {
    /// Only these mutants
    names: Vec<String>,
    /// Write every mutant with every script that notices it
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Builds the stack with its mutants, and runs every script of `specs` against each; true when every
/// mutant is killed, or known to survive.
pub(crate) fn mutants(args: &MutantsArgs) -> Result<bool> {
    let build = ["run", "--quiet", "--release", "--package", "synproof-harness"];
    let mut command = cargo(&build);
    command.args(["--features", "mutants", "--bin", "synproof", "--", "mutants", "specs"]);
    command.args(args.names.iter().flat_map(|name| ["--mutant", name]));
    if let Some(file) = &args.json {
        command.arg("--json").arg(std::path::absolute(file)?);
    }
    passes(command)
}
