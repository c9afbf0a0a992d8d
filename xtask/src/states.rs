//! `cargo xtask states` and `kernels`: docs/states.md from the transition table, docs/kernels.md from what
//! differs between kernels.
//!
//! A page is rendered by a test of the stack, which also compares it on every test run; a job only tells
//! that test to write. So xtask does not link the stack, and works when it does not build.

use anyhow::Result;

use crate::shell::{cargo, passes};

/// Writes docs/states.md, or with `check` says whether it is what would be written.
pub(crate) fn states(check: bool) -> Result<bool> {
    page("states", check)
}

/// Writes docs/kernels.md, or with `check` says whether it is what would be written.
pub(crate) fn kernels(check: bool) -> Result<bool> {
    page("kernels", check)
}

fn page(test: &str, check: bool) -> Result<bool> {
    let mut command = cargo(&["test", "--quiet", "--package", "synproof-stack", "--test", test]);
    if !check {
        command.env("UPDATE", "1");
    }
    passes(command)
}
