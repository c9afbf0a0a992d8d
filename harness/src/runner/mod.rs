//! From paths to results: finds scripts, decides with which IP versions they run and what is
//! expected of them, runs them on a pool of threads, and tells it all as one stream of events.

mod artifact;
mod case;
mod codes;
mod differential;
mod discover;
pub mod event;
mod examine;
mod expectation;
mod metadata;
#[cfg(all(feature = "target-stack", feature = "mutants"))]
mod mutants;
mod plan;
mod pool;
mod select;
mod stopwatch;
mod survivors;
mod tally;

pub use artifact::{ArtifactError, Artifacts};
pub use case::{Context, run_case};
pub use codes::{CLASS_CODES, OPTION_CODES};
pub use differential::{
    DiffContext, DiffEvent, DiffResult, KnownAs, PairResult, Side, run_differential,
};
pub use discover::{DiscoverError, Found, ScriptText, discover, discover_embedded};
pub use event::{Case, CaseId, CaseResult, Event, Expectation, Summary, Verdict};
pub use examine::examine;
pub use expectation::divergences;
pub use metadata::metadata_warnings;
#[cfg(all(feature = "target-stack", feature = "mutants"))]
pub use mutants::{Matrix, Standing, Trial, run_matrix};
pub use plan::{Plan, PlanError, PlanOptions, plan};
pub use pool::{Jobs, run_plan};
pub use select::{Filter, Restriction, SelectError, needs, restriction};
pub use stopwatch::Stopwatch;
pub use survivors::{Survivor, survivors};
pub use tally::{DiffSummary, Finding, PairSummary};
