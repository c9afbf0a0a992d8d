//! Generated scenarios: from a situation on, several things at random, of a random subset of all
//! kinds of things.
//!
//! Swarm testing (Groce et al., ISSTA 2012): a scenario that may use everything uses a bit of
//! everything, and what needs much of one thing or none of another is never reached. So each
//! scenario first draws what it may use.

use super::cases::{Case, Cases, padded};
use super::events::{self, ERRORS, KINDS, Kind, MUTATIONS, Mutation, QUOTES};
use super::random::Random;
use super::states::{CHILD, FIRST, Start, starts};
use crate::packet::flag;
use crate::scenario::{
    Action, Call, Family, Fate, LinkEvent, Number, Opt, Scenario, Segment, Slot, Step,
};

/// Scenarios from a seed, without an end.
#[derive(Clone, Debug)]
pub struct Swarm {
    seed: u64,
    starts: Vec<Start>,
}

/// Steps behind the situation: so many at least, and so many more at most.
const STEPS: (usize, usize) = (3, 12);
/// What passes between two steps, in microseconds.
const GAPS: [u64; 9] = [0, 0, 0, 1_000, 10_000, 45_000, 210_000, 1_100_000, 5_000_000];
/// What ends every scenario.
const TAIL_US: u64 = 1_500_000;
/// Knobs worth turning, with their values.
const SYSCTLS: [(&str, &[&str]); 10] = [
    ("net.ipv4.tcp_timestamps", &["0", "2"]),
    ("net.ipv4.tcp_sack", &["0"]),
    ("net.ipv4.tcp_window_scaling", &["0"]),
    ("net.ipv4.tcp_ecn", &["0", "1"]),
    ("net.ipv4.tcp_syncookies", &["0", "2"]),
    ("net.ipv4.tcp_abort_on_overflow", &["1"]),
    ("net.ipv4.tcp_rfc1337", &["1"]),
    ("net.ipv4.tcp_fin_timeout", &["5"]),
    ("net.ipv4.tcp_retries2", &["3"]),
    ("net.ipv4.tcp_dsack", &["0"]),
];

/// What one scenario may use.
struct Means<'a> {
    kinds: Vec<Kind>,
    mutations: Vec<Mutation>,
    calls: Vec<usize>,
    errors: bool,
    link: bool,
    more_connections: bool,
    gaps: &'a [u64],
}

impl Swarm {
    /// The scenarios of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, starts: starts() }
    }

    fn means(random: &mut Random) -> Means<'static> {
        let mut some =
            |n: usize, of: usize| -> Vec<usize> { (0..of).filter(|_| random.one_in(n)).collect() };
        let kinds = some(2, KINDS.len());
        let mutations = some(3, MUTATIONS.len());
        let calls = some(2, events::calls(FIRST).len());
        let slow = random.one_in(2);
        Means {
            kinds: kinds.into_iter().filter_map(|at| KINDS.get(at).copied()).collect(),
            mutations: mutations.into_iter().filter_map(|at| MUTATIONS.get(at).copied()).collect(),
            calls: if random.one_in(4) { Vec::new() } else { calls },
            errors: random.one_in(4),
            link: random.one_in(3),
            more_connections: random.one_in(3),
            gaps: if slow { &GAPS } else { GAPS.get(..6).unwrap_or(&GAPS) },
        }
    }
}

/// A scenario in the making.
struct Draft<'a> {
    random: Random,
    means: Means<'a>,
    start: &'a Start,
    /// Connections that segments are for.
    connections: Vec<Number>,
    /// Sockets that calls are made on.
    slots: Vec<Slot>,
    steps: Vec<Step>,
}

impl Draft<'_> {
    fn gap(&mut self) -> u64 {
        self.random.pick(self.means.gaps).copied().unwrap_or(0)
    }

    fn step(&mut self) {
        match self.random.below(12) {
            0..=5 => self.segment(),
            6..=8 => self.call(),
            9 if self.means.errors => self.error(),
            9 if self.means.link => self.link(),
            10 if self.means.more_connections => self.open(),
            _ => self.wait(),
        }
    }

    fn segment(&mut self) {
        // Nothing comes of a connection that is never fed.
        let plain = [("ack", flag::ACK, 0), ("data", flag::ACK | flag::PSH, 10)];
        let kind = if self.means.kinds.is_empty() || self.random.one_in(3) {
            self.random.pick(&plain).copied()
        } else {
            self.random.pick(&self.means.kinds).copied()
        };
        let Some(kind) = kind else { return };
        let mut mutations: Vec<Mutation> = Vec::new();
        for _ in 0..self.random.below(3) {
            let Some(one) = self.random.pick(&self.means.mutations).copied() else { break };
            if mutations.iter().all(|other| other.part != one.part) {
                mutations.push(one);
            }
        }
        let mut step = padded(events::segment(self.start, kind, &mutations));
        if let Action::Segment(segment) = &mut step.action {
            segment.conn = self.random.pick(&self.connections).copied().unwrap_or(0);
        }
        step.after_us = self.gap();
        self.steps.push(step);
    }

    fn call(&mut self) {
        let Some(number) = self.random.pick(&self.means.calls).copied() else {
            return self.wait();
        };
        let slot = self.random.pick(&self.slots).copied().unwrap_or(FIRST);
        let calls = events::calls(slot);
        let Some((_, call)) = calls.get(number) else { return };
        let gap = self.gap();
        self.steps.push(Step::after(gap, *call));
        if let Call::Accept { child, .. } = *call
            && !self.slots.contains(&child)
        {
            self.slots.push(child);
            self.steps.push(Step::now(Call::NonBlocking { slot: child }));
        }
    }

    fn error(&mut self) {
        let (kind, seq) = (self.random.pick(ERRORS), self.random.pick(QUOTES));
        if let (Some((_, kind)), Some((_, seq))) = (kind, seq) {
            let gap = self.gap();
            self.steps.push(Step { after_us: gap, ..events::error(*kind, *seq) });
        }
    }

    fn link(&mut self) {
        let fates = [Fate::Lose, Fate::Duplicate, Fate::Overtaken];
        let Some(fate) = self.random.pick(&fates).copied() else { return };
        self.steps.push(Step::now(LinkEvent { outbound: false, fate }));
    }

    /// Another peer of the listener.
    fn open(&mut self) {
        let conn = self.connections.iter().max().map_or(1, |most| most.saturating_add(1));
        let options = vec![Opt::Mss(1000)];
        let syn = Segment { conn, options, ..Segment::new(flag::SYN) };
        let gap = self.gap();
        self.steps.push(Step::after(gap, syn));
        if self.random.one_in(2) {
            let gap = self.gap();
            self.steps.push(Step::after(gap, Segment { conn, ..Segment::new(flag::ACK) }));
        }
        self.connections.push(conn);
    }

    fn wait(&mut self) {
        let gap = self.gap();
        self.steps.push(Step::after(gap.max(1_000), Action::Wait));
    }
}

impl Cases for Swarm {
    fn identity(&self) -> String {
        format!("random seed {:#x} states {}", self.seed, self.starts.len())
    }

    fn count(&self) -> Option<u64> {
        None
    }

    fn case(&self, number: u64) -> Option<Case> {
        let mut random = Random::of(self.seed, number);
        let start = self.starts.get(random.below(self.starts.len()))?;
        let means = Self::means(&mut random);
        let family = match random.below(8) {
            0 | 1 => Family::V6,
            2 => Family::Mapped,
            _ => Family::V4,
        };
        let mut sysctls = Vec::new();
        if random.one_in(3)
            && let Some((name, values)) = random.pick(&SYSCTLS)
            && let Some(value) = random.pick(values)
        {
            sysctls.push(((*name).to_owned(), (*value).to_owned()));
        }
        let steps = STEPS.0 + random.below(STEPS.1 - STEPS.0 + 1);
        let slots = if start.slot == CHILD { vec![CHILD, CHILD, FIRST] } else { vec![start.slot] };
        let mut draft = Draft {
            random,
            means,
            start,
            connections: vec![start.conn],
            slots,
            steps: start.steps.clone(),
        };
        for _ in 0..steps {
            draft.step();
        }
        draft.steps.push(Step::after(TAIL_US, Action::Wait));
        let scenario = Scenario { family, sysctls, ..Scenario::of(draft.steps) };
        Some(Case {
            state: start.name.to_owned(),
            event: "random".to_owned(),
            variant: format!("{number}"),
            scenario,
            step: start.steps.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{from_script, script_text};
    use crate::script::source::SourceFile;
    use crate::script::{self, Defines};

    #[test]
    fn a_number_is_always_the_same_scenario_and_a_script() {
        let (one, other) = (Swarm::new(7), Swarm::new(8));
        let mut differ = 0;
        for number in 0..500 {
            let case = one.case(number).unwrap();
            assert_eq!(case.scenario, Swarm::new(7).case(number).unwrap().scenario);
            differ += usize::from(case.scenario != other.case(number).unwrap().scenario);
            let text = script_text(&case.scenario);
            let (script, found) = script::parse(&SourceFile::new("<s>", text), &Defines::new());
            assert!(found.is_empty(), "{found:?}");
            assert_eq!(from_script(&script).steps.len(), case.scenario.steps.len());
        }
        assert!(differ > 490);
    }
}
