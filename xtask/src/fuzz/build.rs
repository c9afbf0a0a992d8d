//! The programs: libFuzzer targets with coverage, on the stable toolchain, and the tools beside them.
//!
//! rustc on stable cannot be asked for sanitizers, but for LLVM's pass that sanitizers use to count
//! edges, which is all that libFuzzer needs. It is what `cargo fuzz -s none` does, if for every crate.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use super::sancov::{self, COUNTINGS, Counting};
use crate::root::root;
use crate::shell::{cargo, passes};

/// Names of the libFuzzer programs: the files of fuzz/fuzz_targets.
pub(super) fn names() -> Result<Vec<String>> {
    let dir = root().join("fuzz/fuzz_targets");
    let entries = std::fs::read_dir(&dir).with_context(|| format!("no {}", dir.display()))?;
    let stem = |path: PathBuf| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let mut names: Vec<String> = entries.filter_map(|entry| stem(entry.ok()?.path())).collect();
    names.sort();
    Ok(names)
}

/// Builds the libFuzzer programs with coverage; the directory they are in.
pub(super) fn programs(asan: bool) -> Result<PathBuf> {
    needs()?;
    let dir = root().join(if asan { "target/fuzz-asan" } else { "target/fuzz" });
    let names = names()?;
    for counting in &COUNTINGS {
        build(&counting.of(&names), counting, &dir, asan)?;
    }
    Ok(dir.join(host()?).join("checked"))
}

/// Builds those that count the same.
fn build(names: &[&str], counting: &Counting, dir: &Path, asan: bool) -> Result<()> {
    let host = host()?;
    let mut flags = vec!["--cfg", "fuzzing"];
    let profile = ["build", "--profile", "checked", "--package", "synproof-fuzz"];
    let mut command = cargo(&profile);
    if asan {
        flags.push("-Zsanitizer=address");
        command.arg("--no-default-features");
        nightly(&mut command)?;
    }
    command
        .args(["--features", "libfuzzer", "--target", &host, "--target-dir"])
        .arg(dir)
        .args(names.iter().flat_map(|name| ["--bin", *name]))
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
        .env("RUSTC_WORKSPACE_WRAPPER", sancov::wrapper(counting, dir)?);
    ensure!(passes(command)?, "the fuzz targets do not build");
    Ok(())
}

/// Builds a program of ours without coverage; where it is.
pub(super) fn tool(package: &str, program: &str, profile: &str) -> Result<PathBuf> {
    let build = ["build", "--quiet", "--package", package, "--bin", program, "--profile", profile];
    ensure!(passes(cargo(&build))?, "{program} does not build");
    let dir = if profile == "dev" { "debug" } else { profile };
    Ok(target_dir().join(dir).join(program))
}

fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// What building libFuzzer needs besides cargo, named in one line if it is missing.
fn needs() -> Result<()> {
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".into());
    let answers = Command::new(&compiler).arg("--version").stdout(Stdio::null()).status();
    if !answers.is_ok_and(|status| status.success()) {
        bail!(
            "no C++ compiler `{compiler}`, which libFuzzer is built with (Debian: apt-get install g++)"
        );
    }
    Ok(())
}

/// Makes a command of cargo's one of the nightly toolchain's.
fn nightly(command: &mut Command) -> Result<()> {
    let answers = Command::new("rustup")
        .args(["run", "nightly", "rustc", "--version"])
        .stdout(Stdio::null())
        .status();
    if !answers.is_ok_and(|status| status.success()) {
        bail!("AddressSanitizer needs the nightly toolchain (rustup toolchain install nightly)");
    }
    let args: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
    let mut other = Command::new("cargo");
    other.arg("+nightly").args(args).current_dir(root());
    // What this process was started with names another toolchain.
    for name in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN", "RUSTDOC"] {
        other.env_remove(name);
    }
    *command = other;
    Ok(())
}

/// The target triple of this machine.
fn host() -> Result<String> {
    let output = Command::new("rustc").args(["--print", "host-tuple"]).current_dir(root()).output();
    let output = output.context("failed to run rustc")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Directories of scripts that seeds are made of.
pub(super) fn scripts() -> Vec<PathBuf> {
    let below = |dir: &str| root().join(dir);
    ["specs/scripts", "specs/regressions"]
        .map(below)
        .into_iter()
        .filter(|dir| Path::is_dir(dir))
        .collect()
}
