//! Absolute times that run backwards, blocking calls that end before they start.

use crate::script::ast::{Event, Script, Time};
use crate::script::diagnostic::Diagnostic;

pub(super) fn check(script: &Script, found: &mut Vec<Diagnostic>) {
    for pair in script.events.windows(2) {
        let [before, event] = pair else { continue };
        if let (Some(earlier), Some(later)) = (absolute(before), absolute(event))
            && later < earlier
        {
            let message = "time goes backward: the event before this one is later";
            found.push(Diagnostic::error("check::time-backwards", event.time.span, message));
        }
    }
    found.extend(script.events.iter().filter_map(blocking_end));
}

fn absolute(event: &Event) -> Option<i64> {
    match event.time.node {
        Time::Absolute(at) | Time::AbsoluteRange(at, _) => Some(at),
        Time::Any | Time::Relative(_) | Time::RelativeRange(..) => None,
    }
}

fn blocking_end(event: &Event) -> Option<Diagnostic> {
    let end = event.end?;
    let (Time::Absolute(start) | Time::Relative(start)) = event.time.node else { return None };
    (end.node < start).then(|| {
        Diagnostic::warning("check::blocking-end", end.span, "the call ends before it starts")
            .with_help("both times count from the same point: `+0.1...0.3` takes 0.2 s")
    })
}
