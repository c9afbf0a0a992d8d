//! `synproof-fuzz`: what a campaign and a developer ask of the targets without libFuzzer: judge
//! inputs, make them smaller, make seeds, say what they reach, and the smoke run of CI.
//!
//! Answers are lines of JSON; the exit code is 1 when something was found.

mod commands;

use std::process::ExitCode;

fn main() -> ExitCode {
    synproof_fuzz::guest::begin();
    commands::run()
}
