//! How it goes, on one screen.

use std::fmt::Write;

use crate::sharing::weight;
use crate::state::State;
use crate::store::Finding;

/// The screen: every target a line, what was reached, what was found.
#[must_use]
pub fn screen(state: &State, findings: &[Finding], left: Option<f64>) -> String {
    let mut text = String::new();
    let (edges, all) = state.edges();
    let executions = state.executions();
    let rest = left.map_or_else(String::new, |left| format!(", {} left", span(left)));
    let _ = writeln!(
        text,
        "{} run{rest}, start {}; {executions} executions; TCP edges {edges} of {all}, {} reasons to drop or reset",
        span(state.seconds),
        state.starts,
        state.reasons(),
    );
    let _ = writeln!(
        text,
        "{:<18} {:>10} {:>9} {:>7} {:>8} {:>7} {:>6} {:>9}",
        "target", "executions", "exec/s", "cov", "features", "corpus", "share", "last new"
    );
    let accounts: Vec<_> = state.targets.values().map(|target| target.account).collect();
    let total: f64 = accounts.iter().map(|account| weight(account, &accounts)).sum();
    for (name, target) in &state.targets {
        let rate = target.history.last().map_or(0.0, |point| point.rate);
        let share = 100.0 * weight(&target.account, &accounts) / total.max(f64::MIN_POSITIVE);
        let _ = writeln!(
            text,
            "{name:<18} {:>10} {rate:>9.0} {:>7} {:>8} {:>7} {share:>5.0}% {:>9}",
            target.executions,
            target.cov,
            target.features,
            target.corpus,
            span((state.seconds - target.new_at).max(0.0)),
        );
    }
    for (name, why) in &state.unavailable {
        let _ = writeln!(text, "{name:<18} skipped: {why}");
    }
    let real = findings.iter().filter(|finding| !finding.planted).count();
    let _ = writeln!(text, "{real} findings, {} planted", findings.len() - real);
    for finding in findings.iter().rev().take(8) {
        let _ = writeln!(text, "  {}: {} ({})", finding.id(), finding.property, finding.class);
    }
    for name in state.blind(findings) {
        let _ = writeln!(text, "the bug planted in {name} was not found: something is broken here");
    }
    if let Some(trouble) = &state.trouble {
        let _ = writeln!(text, "trouble: {trouble}");
    }
    text
}

/// `1:02:03`, or `2:03`.
#[must_use]
pub fn span(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative")]
    let seconds = seconds.max(0.0) as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_screen_says_what_there_is() {
        let mut state = State { seconds: 3723.0, starts: 2, ..State::default() };
        state.targets.entry("segment_storm".into()).or_default().executions = 5;
        let text = screen(&state, &[], Some(60.0));
        assert!(text.starts_with("1:02:03 run, 1:00 left, start 2; 5 executions"), "{text}");
        assert!(text.contains("segment_storm") && text.contains("0 findings"), "{text}");
    }
}
