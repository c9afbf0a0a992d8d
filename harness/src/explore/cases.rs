//! Every state with every event, numbered: the same number is the same case in every run.

use super::events::{self, ERRORS, KINDS, Kind, MUTATIONS, Mutation, QUOTES, TIMES};
use super::states::{Start, starts};
use crate::packet::flag;
use crate::scenario::{Ack, Action, IcmpKind, Opt, Scenario, Segment, Step};

/// What a campaign plays: cases by number.
pub trait Cases: Sync {
    /// What tells this set of cases from others: what was done of one counts only for itself.
    fn identity(&self) -> String;

    /// How many there are; none for ever more.
    fn count(&self) -> Option<u64>;

    /// Number `number`, from 0; none behind the last.
    fn case(&self, number: u64) -> Option<Case>;
}

/// One thing to play.
#[derive(Clone, Debug)]
pub struct Case {
    /// The row of the table: the situation.
    pub state: String,
    /// The column: what happens.
    pub event: String,
    /// What is off about it; empty for the plain event.
    pub variant: String,
    /// All of it.
    pub scenario: Scenario,
    /// The step that is the event.
    pub step: usize,
}

impl Case {
    /// The name by which recorded differences know it: the situation and the event.
    #[must_use]
    pub fn path(&self) -> String {
        format!("explore/{}/{}", self.state, self.event)
    }
}

/// What happens in a case.
#[derive(Clone, Debug)]
enum Event {
    Segment(Kind, Vec<Mutation>),
    Call(usize),
    Error((&'static str, IcmpKind), (&'static str, Ack)),
    Time((&'static str, u64)),
}

/// All states with all events and up to so many mutations.
#[derive(Clone, Debug)]
pub struct Systematic {
    starts: Vec<Start>,
    /// By the number of mutations.
    events: [Vec<Event>; 3],
    depth: usize,
}

/// What follows every event: long enough for what is sent at once and for a delayed ACK, and then
/// for the first retransmission.
const TAIL_US: [u64; 2] = [60_000, 1_000_000];

impl Systematic {
    /// With up to `depth` mutations of a segment, at most two.
    #[must_use]
    pub fn new(depth: usize) -> Self {
        let depth = depth.min(2);
        let calls = events::calls(super::states::FIRST).len();
        let mut plain: Vec<Event> = Vec::new();
        plain.extend(KINDS.iter().map(|kind| Event::Segment(*kind, Vec::new())));
        plain.extend((0..calls).map(Event::Call));
        plain.extend(TIMES.iter().map(|time| Event::Time(*time)));
        let quotes = |error| QUOTES.iter().map(move |quote| Event::Error(error, *quote));
        plain.extend(ERRORS.iter().flat_map(|error| quotes(*error)));
        let (mut once, mut twice) = (Vec::new(), Vec::new());
        for kind in KINDS {
            for (at, one) in MUTATIONS.iter().enumerate() {
                once.push(Event::Segment(*kind, vec![*one]));
                let others = MUTATIONS.iter().skip(at + 1).filter(|m| m.part != one.part);
                twice.extend(others.map(|m| Event::Segment(*kind, vec![*one, *m])));
            }
        }
        once.retain(|_| depth > 0);
        twice.retain(|_| depth > 1);
        Self { starts: starts(), events: [plain, once, twice], depth }
    }

    fn make(&self, start: &Start, event: &Event) -> Case {
        let mut steps = start.steps.clone();
        let at = steps.len();
        let (event, variant) = match event {
            Event::Segment(kind, mutations) => {
                steps.push(padded(events::segment(start, *kind, mutations)));
                let names: Vec<&str> = mutations.iter().map(|m| m.name).collect();
                (kind.0.to_owned(), names.join("+"))
            }
            Event::Call(number) => {
                let (name, call) = events::calls(start.slot).swap_remove(*number);
                steps.push(Step::after(10_000, call));
                (format!("{name}()"), String::new())
            }
            Event::Error((name, kind), (quoted, seq)) => {
                // An error is about the connection of the last segment; there has to be one.
                if !steps.iter().any(|step| matches!(step.action, Action::Segment(_))) {
                    let ack = Segment { conn: start.conn, ..Segment::new(flag::ACK) };
                    steps.push(Step::after(10_000, ack));
                }
                steps.push(events::error(*kind, *seq));
                (format!("icmp {name}"), (*quoted).to_owned())
            }
            Event::Time((name, us)) => {
                steps.push(Step::after(*us, Action::Wait));
                (format!("time {name}"), String::new())
            }
        };
        let step = at.max(steps.len() - 1);
        steps.extend(TAIL_US.map(|us| Step::after(us, Action::Wait)));
        Case { state: start.name.to_owned(), event, variant, scenario: Scenario::of(steps), step }
    }
}

/// Options fill a multiple of four bytes, and not more than forty: what is too much is dropped.
pub(super) fn padded(mut step: Step) -> Step {
    let Action::Segment(segment) = &mut step.action else { return step };
    let size = |options: &[Opt]| options.iter().map(Opt::size).sum::<usize>();
    while size(&segment.options) > 40 {
        segment.options.remove(0);
    }
    while !size(&segment.options).is_multiple_of(4) {
        segment.options.push(Opt::Nop);
    }
    step
}

/// Steps through `len` things in such an order that any part of the way has been everywhere.
fn spread(number: usize, len: usize) -> usize {
    // Primes: one of them has no factor in common with any length there is.
    const STRIDES: [usize; 3] = [7_368_787, 4_256_233, 1_299_709];
    let stride = STRIDES.into_iter().find(|stride| !len.is_multiple_of(*stride)).unwrap_or(1);
    number.wrapping_mul(stride) % len.max(1)
}

impl Cases for Systematic {
    fn identity(&self) -> String {
        let events = self.events.each_ref().map(Vec::len);
        format!("systematic depth {} states {} events {events:?}", self.depth, self.starts.len())
    }

    fn count(&self) -> Option<u64> {
        let events: usize = self.events.iter().map(Vec::len).sum();
        u64::try_from(self.starts.len() * events).ok()
    }

    /// Plain events first, in every state; then those with one mutation, then those with two.
    fn case(&self, number: u64) -> Option<Case> {
        let mut number = usize::try_from(number).ok()?;
        for events in &self.events {
            let cases = events.len() * self.starts.len();
            if number < cases {
                let at = spread(number, cases);
                let start = self.starts.get(at % self.starts.len())?;
                return Some(self.make(start, events.get(at / self.starts.len())?));
            }
            number -= cases;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::scenario::script_text;
    use crate::script::source::SourceFile;
    use crate::script::{self, Defines};

    #[test]
    fn every_case_is_there_once_and_is_a_script() {
        let cases = Systematic::new(1);
        let mut seen = BTreeSet::new();
        for number in 0..cases.count().unwrap() {
            let Case { state, event, variant, scenario, step } = cases.case(number).unwrap();
            assert!(seen.insert((state, event, variant)));
            assert!(step < scenario.steps.len() - TAIL_US.len());
            let text = script_text(&scenario);
            let (_, found) =
                script::parse(&SourceFile::new("<case>", text.clone()), &Defines::new());
            assert!(found.is_empty(), "{text}\n{found:?}");
        }
        assert!(cases.case(cases.count().unwrap()).is_none());
        assert!(seen.len() > 30_000, "{}", seen.len());
        let names: BTreeSet<_> = MUTATIONS.iter().map(|mutation| mutation.name).collect();
        assert_eq!(names.len(), MUTATIONS.len());
    }

    /// Every state of TCP is among the situations, and is the one that its name says.
    #[test]
    #[expect(clippy::wildcard_enum_match_arm, reason = "states are looked for")]
    fn every_situation_is_the_state_it_says() {
        use crate::config::builtin;
        use crate::engine::log::What;
        use crate::scenario::play;
        use crate::target::stack::StackLaunch;
        use crate::target::{IpVersion, Sampling, TcpState};

        let config = builtin(IpVersion::Ipv4, 1);
        let mut reached = BTreeSet::new();
        for start in starts() {
            let steps = [start.steps, vec![Step::now(Action::Wait)]].concat();
            let played =
                play(&Scenario::of(steps), &config, &StackLaunch::default(), Sampling::NONE)
                    .unwrap();
            let last = played.run.log.entries.iter().rev().find_map(|entry| match &entry.what {
                What::State { to, .. } => Some(*to),
                _ => None,
            });
            let state = last.unwrap_or(TcpState::Close);
            let name = state.linux_name().trim_start_matches("TCP_").to_lowercase();
            let said = start.name.split('-').next().unwrap();
            let said = if said == "closed" { "close" } else { said };
            assert_eq!(name, said, "{}", start.name);
            reached.insert(state);
        }
        assert_eq!(reached.len(), TcpState::ALL.len());
    }
}
