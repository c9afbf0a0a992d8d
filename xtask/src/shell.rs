//! Running other programs and talking to the terminal: the only place that does either.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::root::root;

/// Writes a line to standard output; a closed pipe is nobody's fault.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// `cargo` with arguments, in the workspace.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(args).current_dir(root());
    command
}

/// The `synproof` binary with arguments, built if need be.
pub(crate) fn synproof(args: &[&str]) -> Command {
    let mut command =
        cargo(&["run", "--quiet", "--package", "synproof-harness", "--bin", "synproof", "--"]);
    command.args(args);
    command
}

/// Announces a command and runs it; true when it succeeds.
pub(crate) fn passes(mut command: Command) -> Result<bool> {
    announce(&command);
    let status = command.status().with_context(|| format!("failed to run {}", shown(&command)))?;
    Ok(status.success())
}

/// Runs a command for its exit code and what it prints to standard output.
pub(crate) fn capture(mut command: Command) -> Result<(Option<i32>, String)> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("failed to run {}", shown(&command)))?;
    Ok((output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// Announces a command and passes those lines of its standard output on that `show` says yes to;
/// true when it succeeds.
pub(crate) fn passes_showing(
    mut command: Command,
    mut show: impl FnMut(&str) -> bool,
) -> Result<bool> {
    announce(&command);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("failed to run {}", shown(&command)))?;
    let stdout = child.stdout.take();
    ensure!(stdout.is_some(), "no standard output from {}", shown(&command));
    for line in stdout.map(BufReader::new).into_iter().flat_map(BufRead::lines) {
        let line = line.context("failed to read what a program prints")?;
        if show(&line) {
            say(&line);
        }
    }
    let status = child.wait().with_context(|| format!("failed to run {}", shown(&command)))?;
    Ok(status.success())
}

/// True when `cargo NAME` exists on this machine.
pub(crate) fn has_cargo_command(name: &str) -> bool {
    let mut command = cargo(&[name, "--help"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn announce(command: &Command) {
    say(&format!("$ {}", shown(command)));
}

fn shown(command: &Command) -> String {
    let args = command.get_args().map(|arg| arg.to_string_lossy().into_owned());
    std::iter::once("cargo".to_owned()).chain(args).collect::<Vec<_>>().join(" ")
}
