//! The exit codes, and which of them wins.

use std::io;
use std::process::ExitCode;

use crate::runner::{DiffSummary, PairSummary, Summary, Verdict};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything is as expected; skips and expected failures included.
    Ok,
    /// A script failed unexpectedly, two targets differ, or a file is not formatted (`fmt --check`).
    Unexpected,
    /// The command line or a script is wrong.
    Usage,
    /// The machine cannot run the target, or output cannot be written.
    Environment,
    /// No script was selected.
    NothingSelected,
    /// An expected failure or a recorded difference did not happen: its record is stale.
    Stale,
    /// A bug of synproof.
    InternalBug,
    /// A signal stopped the run: scripts that were running finished, the rest did not start.
    Interrupted,
    /// Whoever read standard output has closed it, and wants no more.
    ClosedPipe,
}

/// Every exit code with its number and meaning, in the order of precedence: when several apply,
/// the first wins.
pub const EXIT_CODES: [(Exit, u8, &str); 9] = [
    (Exit::Interrupted, 130, "interrupted: running scripts finished, the rest did not start"),
    (Exit::ClosedPipe, 141, "whoever read standard output closed it before the end"),
    (Exit::InternalBug, 101, "a bug of synproof"),
    (
        Exit::Unexpected,
        1,
        "a script failed unexpectedly (diff: targets differ; fmt --check: a file would change)",
    ),
    (Exit::Usage, 2, "the command line or a script is wrong"),
    (Exit::Environment, 3, "this machine cannot run the target, or output cannot be written"),
    (
        Exit::Stale,
        5,
        "an expected failure passed, or a recorded difference is gone: the record is stale",
    ),
    (Exit::NothingSelected, 4, "no script was selected (diff: none could be compared)"),
    (Exit::Ok, 0, "everything is as expected"),
];

impl Exit {
    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        EXIT_CODES.iter().find(|(exit, ..)| *exit == self).map_or(101, |(_, code, _)| *code)
    }

    /// Of output that could not be written.
    #[must_use]
    pub fn of_output(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::ClosedPipe } else { Self::Environment }
    }

    /// Of a run.
    #[must_use]
    pub fn of(summary: &Summary) -> Self {
        let applies = |exit: Self| match exit {
            Self::Interrupted => summary.interrupted,
            Self::ClosedPipe => false,
            Self::InternalBug => summary.internal_bugs > 0,
            Self::Unexpected => summary.count(Verdict::Fail) > 0,
            Self::Usage => summary.script_errors > 0,
            Self::Environment => summary.environment_errors > 0,
            Self::Stale => summary.count(Verdict::Xpass) > 0,
            Self::NothingSelected => summary.planned == 0,
            Self::Ok => true,
        };
        let found = EXIT_CODES.into_iter().find(|(exit, ..)| applies(*exit));
        found.map_or(Self::Ok, |(exit, ..)| exit)
    }
}

impl Exit {
    /// Of a comparison. A script that cannot be compared is no failure: its reason is told.
    #[must_use]
    pub fn of_comparison(summary: &DiffSummary) -> Self {
        let differ = summary.pairs.iter().any(|pair| pair.differ > 0) || summary.misjudged > 0;
        let stale = summary.pairs.iter().any(|pair| !pair.stale.is_empty());
        let not_compared = |pair: &PairSummary| pair.total() > 0 && pair.compared() == 0;
        let nothing = summary.pairs.iter().any(not_compared);
        let applies = |exit: Self| match exit {
            Self::Interrupted => summary.interrupted,
            Self::ClosedPipe | Self::Environment => false,
            Self::InternalBug => summary.internal_bugs > 0,
            Self::Unexpected => differ,
            Self::Usage => summary.script_errors > 0,
            Self::Stale => stale,
            Self::NothingSelected => summary.planned == 0 || nothing,
            Self::Ok => true,
        };
        let found = EXIT_CODES.into_iter().find(|(exit, ..)| applies(*exit));
        found.map_or(Self::Ok, |(exit, ..)| exit)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// The table for `--help`.
pub(super) fn help() -> String {
    let mut lines = vec!["Exit codes (the first that applies):".to_owned()];
    lines.extend(EXIT_CODES.iter().map(|(_, code, meaning)| format!("  {code:>3}  {meaning}")));
    lines.join("\n")
}
