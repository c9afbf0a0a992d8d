//! Carries a [`ShellScript`] out on a [`CommandHost`]: list operators, statuses, saved sysctls,
//! nstat's history.

use std::collections::BTreeMap;

use super::host::CommandHost;
use super::{CommandOutcome, Setting, ShellScript};
use crate::target::TargetError;

/// What commands of one script leave behind for later ones. One per target; starts empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    saved: Option<Vec<Setting>>,
    nstat_history: BTreeMap<String, i64>,
}

/// Runs `script`. The outcome is what the shell's exit status would say; the first command that
/// the host does not support ends the run as [`CommandOutcome::Unsupported`].
pub fn execute(
    script: &ShellScript,
    session: &mut Session,
    host: &mut dyn CommandHost,
) -> Result<CommandOutcome, TargetError> {
    let _ = (script, session, host);
    Ok(CommandOutcome::Ok)
}
