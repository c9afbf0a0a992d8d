//! `cargo xtask lint`: formatting, clippy, documentation, and the rules of this repository.

use anyhow::Result;

use crate::shell::{cargo, has_cargo_command, passes, say};
use crate::{grid, links, map, spec, tidy};

/// A lint that is a cargo command: its name, arguments, and the environment it needs.
struct CargoLint {
    command: &'static str,
    args: &'static [&'static str],
    env: Option<(&'static str, &'static str)>,
}

const CARGO_LINTS: [CargoLint; 3] = [
    CargoLint { command: "fmt", args: &["fmt", "--all", "--check"], env: None },
    CargoLint {
        command: "clippy",
        args: &["clippy", "--workspace", "--all-targets", "--keep-going", "--", "-D", "warnings"],
        env: None,
    },
    CargoLint {
        command: "doc",
        args: &["doc", "--workspace", "--no-deps", "--document-private-items", "--keep-going"],
        // Private items are documented too, so a link to one leads somewhere.
        env: Some(("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links")),
    },
];

/// Runs every lint, whatever became of the ones before; true when all are content.
pub(crate) fn lint() -> Result<bool> {
    let mut ok = tidy::tidy()?;
    ok &= map::map(true)?;
    ok &= links::links()?;
    ok &= grid::grid(true)?;
    ok &= spec::spec(false)?;
    for lint in &CARGO_LINTS {
        if !has_cargo_command(lint.command) {
            say(&format!("skipped cargo {}: not installed (rustup component add)", lint.command));
            continue;
        }
        let mut command = cargo(lint.args);
        command.envs(lint.env);
        ok &= passes(command)?;
    }
    say(if ok { "lint: ok" } else { "lint: FAILED" });
    Ok(ok)
}
