//! `cargo xtask`: the jobs of CI and of developers, each under one name.
fn main() {}
