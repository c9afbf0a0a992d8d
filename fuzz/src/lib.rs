//! Generators (bytes to a case) and oracles (case to a verdict), usable from ordinary tests.
//!
//! The targets below `fuzz_targets/` only glue one to the other, and only they panic. The same
//! oracles run on stable under `cargo test` with seeded input, see `tests/smoke.rs`.

pub mod generators;
pub mod oracles;
pub mod seed;
pub mod verdict;

pub use seed::Seeded;
pub use verdict::{Finding, Verdict};
