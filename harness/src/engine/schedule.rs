//! When events are due, and how far off they may be.
//!
//! Relative times are anchored where packetdrill anchors them: to the moment the event before was
//! finished, except between two inbound packets, where the nominal time is the anchor, so that
//! trains of injected packets do not drift.

use crate::config::{Tolerance, ToleranceOrigin};
use crate::script::ast::{Direction, Event, EventKind, Time};
use crate::target::ScriptTime;

use super::outcome::{Class, Timing};

/// The event before the present one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Previous {
    /// When it was due (start of its range).
    pub(crate) nominal: ScriptTime,
    /// When it was finished.
    pub(crate) finished: ScriptTime,
    /// It was an inbound packet.
    pub(crate) inbound: bool,
    /// How late the harness was with it, in microseconds.
    pub(crate) late_us: i64,
    /// When it would have been finished if nobody were ever late: what the times of the script add up
    /// to.
    pub(crate) text: ScriptTime,
}

impl Previous {
    /// How far the run has fallen behind the script by then, in microseconds.
    pub(crate) fn behind_us(&self) -> i64 {
        self.finished.since(self.text).max(0)
    }

    /// What the times of the script add up to with `event`, which was finished at `finished`.
    pub(crate) fn text_with(&self, event: &Event, finished: ScriptTime) -> ScriptTime {
        match event.time.node {
            Time::Absolute(at) | Time::AbsoluteRange(at, _) => ScriptTime(at),
            Time::Relative(by) | Time::RelativeRange(by, _) => self.text.plus(by),
            Time::Any => self.text.plus(finished.since(self.finished)),
        }
    }
}

/// The moments an event may happen, without tolerance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    /// Earliest.
    pub(crate) from: ScriptTime,
    /// Latest; [`ScriptTime::FOREVER`] for `*`.
    pub(crate) to: ScriptTime,
    /// Return of a blocking call.
    pub(crate) end: Option<ScriptTime>,
}

impl Due {
    /// `*`: any time will do.
    pub(crate) fn is_any(&self) -> bool {
        self.to == ScriptTime::FOREVER
    }
}

/// When `event` is due.
pub(crate) fn due(event: &Event, previous: &Previous) -> Due {
    let anchored = previous.inbound && is_inbound(event);
    let anchor = if anchored { previous.nominal } else { previous.finished };
    let (from, to) = match event.time.node {
        Time::Any => (anchor, ScriptTime::FOREVER),
        Time::Absolute(at) => (ScriptTime(at), ScriptTime(at)),
        Time::Relative(by) => (anchor.plus(by), anchor.plus(by)),
        Time::AbsoluteRange(a, b) => (ScriptTime(a), ScriptTime(b)),
        Time::RelativeRange(a, b) => (anchor.plus(a), anchor.plus(b)),
    };
    let end = event.end.map(|end| match event.time.node {
        Time::Absolute(_) | Time::AbsoluteRange(..) => ScriptTime(end.node),
        Time::Relative(_) | Time::RelativeRange(..) | Time::Any => anchor.plus(end.node),
    });
    Due { from, to, end }
}

/// Whether the event injects a packet.
pub(crate) fn is_inbound(event: &Event) -> bool {
    match &event.kind {
        EventKind::Packet(packet) => packet.direction.node == Direction::Inbound,
        EventKind::Syscall(_)
        | EventKind::Command(_)
        | EventKind::Code(_)
        | EventKind::State(_) => false,
    }
}

/// How far off an event may be that comes `gap_us` after the one before, and why.
pub(crate) fn tolerance(config: &Tolerance, gap_us: i64) -> (i64, String) {
    let who = match config.origin {
        ToleranceOrigin::Default => "default",
        ToleranceOrigin::Script => "script",
        ToleranceOrigin::Profile => "profile",
        ToleranceOrigin::CommandLine => "command line",
    };
    let relative = percent_of(config.percent, gap_us);
    if relative > config.usecs {
        let gap = seconds(gap_us);
        (relative, format!("{} % of the {gap} s since the event before ({who})", config.percent))
    } else {
        (config.usecs, format!("--tolerance_usecs={} ({who})", config.usecs))
    }
}

/// The tolerance as it is configured, whatever the clock, of an event `gap_us` after the one before.
pub(crate) fn configured(config: &Tolerance, gap_us: i64) -> i64 {
    percent_of(config.percent, gap_us).max(config.usecs)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "script times are far below 2^53 microseconds"
)]
fn percent_of(percent: f64, us: i64) -> i64 {
    (percent / 100.0 * us as f64) as i64
}

/// Microseconds as seconds with six digits.
pub(crate) fn seconds(us: i64) -> String {
    let sign = if us < 0 { "-" } else { "" };
    let us = us.unsigned_abs();
    format!("{sign}{}.{:06}", us / 1_000_000, us % 1_000_000)
}

/// `0.100000 s`, or `0.100000 to 0.200000 s`.
pub(crate) fn span(from: ScriptTime, to: ScriptTime) -> String {
    if from == to {
        format!("{} s", seconds(from.0))
    } else {
        format!("{} to {} s", seconds(from.0), seconds(to.0))
    }
}

/// What a timing check needs to know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Check<'a> {
    /// The configured tolerance.
    pub(crate) tolerance: &'a Tolerance,
    /// Nominal time that the relative tolerance is measured from.
    pub(crate) base: ScriptTime,
    /// The harness's own lateness with the event before.
    pub(crate) harness_late_us: i64,
}

impl Check<'_> {
    /// The timing of something that happened at `actual`, and whether it is early or late.
    pub(crate) fn judge(
        &self,
        from: ScriptTime,
        to: ScriptTime,
        actual: ScriptTime,
    ) -> (Timing, Option<Class>) {
        let gap = from.since(self.base).max(0);
        let (tolerance_us, origin) = tolerance(self.tolerance, gap);
        let class = if actual.plus(tolerance_us) < from {
            Some(Class::Early)
        } else if actual > to.plus(tolerance_us) {
            Some(Class::Late)
        } else {
            None
        };
        let harness_late_us = self.harness_late_us;
        let timing =
            Timing { due_from: from, due_to: to, actual, tolerance_us, origin, harness_late_us };
        (timing, class)
    }
}

#[cfg(test)]
mod tests;
