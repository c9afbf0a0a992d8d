//! The stream of events that every report is made from.
//!
//! `Finished` comes in the order of the plan, whatever the order in which scripts finished;
//! `Started` comes when it happens. Nothing else crosses from the runner to the reports.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use crate::engine::log::RunLog;
use crate::engine::outcome::{Class, Failure};
use crate::profile::Profile;
use crate::script::diagnostic::Diagnostic;
use crate::script::source::SourceFile;
use crate::target::{IpVersion, TargetInfo};

/// What happened in a run.
#[derive(Debug)]
pub enum Event<'a> {
    /// The run begins.
    Planned {
        /// Runs to come.
        cases: usize,
        /// Where.
        target: &'a TargetInfo,
        /// Seed of everything random.
        seed: u64,
        /// Characters of the longest name.
        widest: usize,
    },
    /// A script starts to run.
    Started(&'a CaseId),
    /// A script has its result. In the order of the plan.
    Finished(&'a CaseResult),
    /// The run is over.
    Summary(&'a Summary),
}

/// Names one run: a script with an IP version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct CaseId {
    /// Path of the script as given.
    pub script: String,
    /// Sockets and packets.
    pub ip: IpVersion,
}

impl CaseId {
    /// The path without what all scripts of a suite share: our own directory, and `.pkt`.
    #[must_use]
    pub fn name(&self) -> &str {
        let path = self.script.strip_prefix("./").unwrap_or(&self.script);
        let inside = path.split_once("specs/scripts/").map_or(path, |(_, inside)| inside);
        inside.strip_suffix(".pkt").unwrap_or(inside)
    }
}

/// One run to be made.
#[derive(Clone, Debug)]
pub struct Case {
    /// Which.
    pub id: CaseId,
    /// The text, or why there is none.
    pub source: Result<Arc<SourceFile>, String>,
    /// Under which options.
    pub profile: Arc<Profile>,
    /// What is known to go wrong.
    pub expectation: Option<Expectation>,
    /// Command line that repeats this run.
    pub reproduce: String,
}

/// A failure that is expected, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Expectation {
    /// Identifier of a recorded divergence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Why.
    pub reason: String,
    /// Class the failure must have; none means any failure of the target.
    #[serde(skip)]
    pub class: Option<Class>,
}

/// How a run is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As the script says.
    Pass,
    /// Not as the script says.
    Fail,
    /// The target lacks something.
    Skip,
    /// The script or the environment is wrong.
    Error,
    /// Failed, as expected.
    Xfail,
    /// Passed, although a failure is expected: the expectation is stale.
    Xpass,
}

impl Verdict {
    /// All of them, in the order of summaries.
    pub const ALL: [Self; 6] =
        [Self::Pass, Self::Fail, Self::Error, Self::Xfail, Self::Xpass, Self::Skip];

    /// Lower-case name, as in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Skip => "skip",
            Self::Error => "error",
            Self::Xfail => "xfail",
            Self::Xpass => "xpass",
        }
    }

    /// The run is as it should be: nothing for anybody to do.
    #[must_use]
    pub fn is_expected(self) -> bool {
        match self {
            Self::Pass | Self::Skip | Self::Xfail => true,
            Self::Fail | Self::Error | Self::Xpass => false,
        }
    }
}

/// The result of one run.
#[derive(Clone, Debug)]
pub struct CaseResult {
    /// Which.
    pub id: CaseId,
    /// Name of the target.
    pub target: String,
    /// How it is judged.
    pub verdict: Verdict,
    /// What kind of thing went wrong, if something did.
    pub class: Option<Class>,
    /// 1-based line it went wrong at.
    pub line: Option<usize>,
    /// One line: the mismatch, the reason of a skip; empty for a pass.
    pub message: String,
    /// The expectation that applied.
    pub expectation: Option<Expectation>,
    /// Everything known about the failure.
    pub failure: Option<Box<Failure>>,
    /// What is wrong with the script.
    pub diagnostics: Vec<Diagnostic>,
    /// Mismatches that were not fatal.
    pub warnings: Vec<Failure>,
    /// The text everything points into.
    pub source: Option<Arc<SourceFile>>,
    /// What was observed.
    pub log: RunLog,
    /// Files written for this run.
    pub files: Vec<PathBuf>,
    /// Command line that repeats this run.
    pub reproduce: String,
    /// Script time at the end, in microseconds.
    pub script_us: i64,
    /// How long it took, in microseconds of the machine's clock.
    pub wall_us: u64,
    /// Runs it took until it passed, or until there were no retries left.
    pub attempts: u32,
    /// The harness panicked: its bug, whoever's the script.
    pub internal_bug: bool,
}

/// The whole run in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Name of the target.
    pub target: String,
    /// What runs there: the version of a kernel or of the stack.
    pub version: String,
    /// Runs that were planned.
    pub planned: usize,
    /// Count of each verdict, in the order of [`Verdict::ALL`].
    pub counts: [usize; 6],
    /// Runs that passed only when repeated.
    pub repeated: usize,
    /// Errors that are the script's (syntax, options, unknown names).
    pub script_errors: usize,
    /// Errors of the environment.
    pub environment_errors: usize,
    /// Panics of the harness.
    pub internal_bugs: usize,
    /// A signal stopped the run before all of it was done.
    pub interrupted: bool,
    /// Seed of everything random.
    pub seed: u64,
    /// How long all of it took, in microseconds of the machine's clock.
    pub wall_us: u64,
}

impl Summary {
    /// How often `verdict` was given.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        let at = Verdict::ALL.iter().position(|v| *v == verdict);
        at.and_then(|at| self.counts.get(at)).copied().unwrap_or_default()
    }

    /// Runs that have a result.
    #[must_use]
    pub fn finished(&self) -> usize {
        self.counts.iter().sum()
    }

    /// Counts one more result.
    pub fn add(&mut self, result: &CaseResult) {
        let at = Verdict::ALL.iter().position(|v| *v == result.verdict);
        if let Some(count) = at.and_then(|at| self.counts.get_mut(at)) {
            *count += 1;
        }
        self.repeated += usize::from(result.attempts > 1 && result.verdict.is_expected());
        if result.verdict == Verdict::Error {
            match (result.internal_bug, result.class) {
                (true, _) => self.internal_bugs += 1,
                (false, Some(Class::Script)) => self.script_errors += 1,
                (false, _) => self.environment_errors += 1,
            }
        }
    }
}
