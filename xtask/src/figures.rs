//! `cargo xtask figures`: what the stack costs in instructions and memory, beside smoltcp in the
//! same rig (rig/src/bin/figures.rs).
//!
//! callgrind counts the instructions of the functions whose name begins with `counted`; it is the
//! same on every machine, whatever else runs there.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::root::root;
use crate::shell::{cargo, passes, say};

/// A row of the table: what, the argument of `figures`, how often, what it is divided by.
const ROWS: [(&str, &str, u32, u64); 3] = [
    ("handshake, 14,600 bytes, close (both ends)", "connection", 200, 200),
    ("1,460-byte segment received, in order", "receive", 1000, 1000),
    ("1,460-byte segment sent, ACK received", "send", 1000, 1000),
];
/// Connections that are open while segments arrive, and how many of them get one.
const CROWDS: [(u32, u64); 2] = [(1000, 1000), (100_000, 1000)];
/// Connections over which memory is averaged.
const IDLE: u32 = 2000;

/// Prints the table; true when everything could be measured.
pub(crate) fn figures() -> Result<bool> {
    let args = ["build", "--quiet", "--release", "--package", "synproof-rig", "--bin", "figures"];
    if !passes(cargo(&args))? {
        return Ok(false);
    }
    say("");
    say(&format!("{:<46} {:>10} {:>10}", "", "stack", "smoltcp"));
    for (name, what, count, divisor) in ROWS {
        let stack = instructions(what, "stack", count)? / divisor;
        let smoltcp = instructions(what, "smoltcp", count)? / divisor;
        say(&format!("{name:<46} {stack:>10} {smoltcp:>10}  instructions"));
    }
    let (stack, smoltcp) = (memory("stack")?, memory("smoltcp")?);
    let name = "an idle established connection (one end)";
    say(&format!("{name:<46} {stack:>10} {smoltcp:>10}  bytes (smoltcp: two buffers of 4,096)"));
    for (count, divisor) in CROWDS {
        let cost = instructions("lookup", "stack", count)? / divisor;
        let name = format!("one-byte segment among {count} connections");
        say(&format!("{name:<46} {cost:>10} {:>10}  instructions", "–"));
    }
    Ok(true)
}

/// Instructions inside the counted functions.
fn instructions(what: &str, host: &str, count: u32) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg("--toggle-collect=figures::counted*")
        .arg(root().join("target/release/figures"))
        .args([what, "--host", host, "--count", &count.to_string()])
        .output()
        .context("failed to run valgrind (is it installed?)")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "figures {what} --host {host} failed:\n{said}");
    let collected = said.lines().find_map(|line| line.split_once("Collected : "));
    let (_, number) = collected.context("callgrind did not say what it collected")?;
    number.trim().parse().context("callgrind did not say a number")
}

/// Bytes of an idle connection.
fn memory(host: &str) -> Result<u64> {
    let output = Command::new(root().join("target/release/figures"))
        .args(["memory", "--host", host, "--count", &IDLE.to_string()])
        .output()
        .context("failed to run figures")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().parse().context("figures said no number")
}
