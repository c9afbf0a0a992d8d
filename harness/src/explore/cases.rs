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
    fn len(&self) -> Option<u64>;

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
    events: Vec<Event>,
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
        let mut events = Vec::new();
        let calls = events::calls(super::states::FIRST).len();
        events.extend(KINDS.iter().map(|kind| Event::Segment(*kind, Vec::new())));
        events.extend((0..calls).map(Event::Call));
        events.extend(TIMES.iter().map(|time| Event::Time(*time)));
        let quotes = |error| QUOTES.iter().map(move |quote| Event::Error(error, *quote));
        events.extend(ERRORS.iter().flat_map(|error| quotes(*error)));
        if depth > 0 {
            for kind in KINDS {
                events.extend(MUTATIONS.iter().map(|m| Event::Segment(*kind, vec![*m])));
            }
        }
        if depth > 1 {
            for kind in KINDS {
                for (at, one) in MUTATIONS.iter().enumerate() {
                    let others = MUTATIONS.iter().skip(at + 1).filter(|m| m.part != one.part);
                    events.extend(others.map(|m| Event::Segment(*kind, vec![*one, *m])));
                }
            }
        }
        Self { starts: starts(), events, depth }
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

impl Cases for Systematic {
    fn identity(&self) -> String {
        format!(
            "systematic depth {} states {} events {}",
            self.depth,
            self.starts.len(),
            self.events.len()
        )
    }

    fn len(&self) -> Option<u64> {
        u64::try_from(self.starts.len() * self.events.len()).ok()
    }

    /// Events first, so that a part of the campaign has been in every state.
    fn case(&self, number: u64) -> Option<Case> {
        let number = usize::try_from(number).ok()?;
        let start = self.starts.get(number % self.starts.len())?;
        let event = self.events.get(number / self.starts.len())?;
        Some(self.make(start, event))
    }
}
