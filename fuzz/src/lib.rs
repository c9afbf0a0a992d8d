//! Generators (bytes to a case) and oracles (case to a verdict), usable from ordinary tests.
//!
//! The programs below `fuzz_targets/` only glue one to the other, and only they panic. The same
//! oracles run on stable under `cargo test` with seeded input, see `tests/smoke.rs`.

pub mod feedback;
pub mod generators;
#[cfg(feature = "libfuzzer")]
pub mod glue;
pub mod guest;
pub mod judge;
pub mod oracles;
pub mod play;
pub mod reached;
pub mod script_input;
pub mod seed;
pub mod shrink;
pub mod targets;
pub mod verdict;

pub use seed::Seeded;
pub use targets::{Shape, TARGETS, Target, target};
pub use verdict::{Finding, Verdict};

/// A scenario makes a host and drops it: a quarter of the time goes into memory.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
