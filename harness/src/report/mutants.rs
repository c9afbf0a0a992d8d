//! What scripts make of mutants, for people.

use std::collections::BTreeSet;

use crate::runner::{Matrix, Standing, Trial};

/// Scripts of a line that are named; the others are counted.
const NAMED: usize = 3;

/// One line: who notices.
#[must_use]
pub fn trial_line(trial: &Trial) -> String {
    let said = match trial.standing() {
        Standing::Killed => killers(trial),
        Standing::Explained => "survives, as explained".to_owned(),
        Standing::Survives => format!("SURVIVES: {} ({})", trial.rule, trial.linux),
        Standing::Stale => format!("listed as a survivor, but {}", killers(trial)),
    };
    format!("{:<30} {said}\n", trial.name)
}

/// The scripts, each once however many IP versions notice.
fn killers(trial: &Trial) -> String {
    let scripts: BTreeSet<&str> = trial.killers.iter().map(|id| id.name()).collect();
    let named: Vec<&str> = scripts.iter().copied().take(NAMED).collect();
    let more = if scripts.len() > NAMED { ", …" } else { "" };
    format!("killed by {}: {}{more}", scripts.len(), named.join(", "))
}

/// The end: how many are killed, who survives, and how long it took.
#[must_use]
pub fn matrix_text(matrix: &Matrix) -> String {
    let of = |standing| matrix.trials.iter().filter(move |trial| trial.standing() == standing);
    let count = |standing| of(standing).count();
    let mut text = "-".repeat(72) + "\n";
    for id in &matrix.unfit {
        text += &format!("does not pass on the stack as it is: {} {}\n", id.name(), id.ip.name());
    }
    for trial in of(Standing::Explained) {
        let reason = trial.explained.as_deref().unwrap_or_default();
        text += &format!("{} survives: {}\n    {reason}\n", trial.name, trial.rule);
    }
    for trial in of(Standing::Survives).chain(of(Standing::Stale)) {
        text += &trial_line(trial);
    }
    let killed = count(Standing::Killed) + count(Standing::Stale);
    let all = matrix.trials.len();
    text += &format!(
        "{all} mutants: {killed} killed ({}), {} explained, {} survive, {} listed but killed   \
         ({} runs of scripts each, {} s)\n",
        percent(killed, all),
        count(Standing::Explained),
        count(Standing::Survives),
        count(Standing::Stale),
        matrix.runs,
        matrix.wall_us / 1_000_000,
    );
    text
}

/// In tenths, rounded down: all of them is the only 100.0 %.
fn percent(part: usize, whole: usize) -> String {
    let tenths = (part * 1000).checked_div(whole).unwrap_or(0);
    format!("{}.{} %", tenths / 10, tenths % 10)
}
