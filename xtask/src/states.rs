//! `cargo xtask states`: docs/states.md from the transition table.
//!
//! The page is rendered by a test of the stack, which also compares it on every test run; this job
//! only tells that test to write. So xtask does not link the stack, and works when it does not build.

use anyhow::Result;

use crate::shell::{cargo, passes};

/// Writes the page, or with `check` says whether it is what would be written.
pub(crate) fn states(check: bool) -> Result<bool> {
    let mut command =
        cargo(&["test", "--quiet", "--package", "synproof-stack", "--test", "states"]);
    if !check {
        command.env("UPDATE", "1");
    }
    passes(command)
}
