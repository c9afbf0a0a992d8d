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
mod plan;
mod pool;
mod select;
mod stopwatch;
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
pub use plan::{Plan, PlanError, PlanOptions, plan};
pub use pool::{Jobs, run_plan};
pub use select::{Filter, Restriction, SelectError, needs, restriction};
pub use stopwatch::Stopwatch;
pub use tally::{DiffSummary, Finding, PairSummary};
