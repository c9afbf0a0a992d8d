//! Figures: see `main`.
fn main() {}
