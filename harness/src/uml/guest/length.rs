//! How long a script lasts, as far as its text tells.

use crate::engine::needs::named;
use crate::script::ast::{Event, EventKind, Script, Time};
use crate::target::Capability;
use crate::target::linux::Passage;

/// A script whose text lasts for this long at most, in microseconds, is taken for a short one.
const SHORT_TEXT_US: i64 = 10_000_000;

/// For how long a run with [`Passage::SHORT`] is what it would be with [`Passage::USUAL`]: the timers
/// that can fire in it are those that fire alike.
pub(super) const SHORT_US: i64 = 30_000_000;

/// What the text of `script` asks for. A short one may turn out not to be so, and is then to be run
/// again, which it can be: it has no commands, so nothing outlives its run.
pub(super) fn passage(script: &Script) -> Passage {
    if named(script).any(|(.., wanted)| wanted == Some(Capability::VirtualTime)) {
        Passage::LONG
    } else if !has_commands(script) && end_us(&script.events) <= SHORT_TEXT_US {
        Passage::SHORT
    } else {
        Passage::USUAL
    }
}

fn has_commands(script: &Script) -> bool {
    let timed = |event: &Event| matches!(event.kind, EventKind::Command(_));
    script.init.is_some() || script.cleanup.is_some() || script.events.iter().any(timed)
}

/// When the last event is over, if everything happens in time.
fn end_us(events: &[Event]) -> i64 {
    events.iter().fold(0, |before, event| {
        let start = match event.time.node {
            Time::Any => before,
            Time::Absolute(at) | Time::AbsoluteRange(_, at) => before.max(at),
            Time::Relative(gap) | Time::RelativeRange(_, gap) => before.saturating_add(gap),
        };
        start.saturating_add(event.end.map_or(0, |end| end.node))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{self, Defines, source::SourceFile};

    #[rstest::rstest]
    #[case::relative("+9 close(3) = 0\n", Passage::SHORT)]
    #[case::sum("+6 listen(3, 1) = 0\n+6 close(3) = 0\n", Passage::USUAL)]
    #[case::absolute("11 close(3) = 0\n", Passage::USUAL)]
    #[case::range("+0~+11 > S 0:0(0)\n", Passage::USUAL)]
    #[case::end("+0...11 accept(3, ..., ...) = 4\n", Passage::USUAL)]
    #[case::any("* > S 0:0(0)\n", Passage::SHORT)]
    #[case::command("+0 `true`\n", Passage::USUAL)]
    #[case::cleanup("`true`\n", Passage::USUAL)]
    #[case::said("//! needs: VIRTUAL_TIME\n", Passage::LONG)]
    fn the_text_tells(#[case] rest: &str, #[case] expected: Passage) {
        let text = format!("0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n{rest}");
        let source = SourceFile::new("a.pkt", text);
        let (script, diagnostics) = script::parse(&source, &Defines::default());
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        assert_eq!(passage(&script), expected);
    }
}
