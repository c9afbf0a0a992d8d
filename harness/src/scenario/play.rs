//! A scenario on a target: its numbers are found while it runs, and it leaves as a script.
//!
//! The engine drives the target, as it does for every script. The scenario is written as a script
//! with a line for each step, and whenever a segment is due the peer says what its numbers are.

use super::model::{Action, Fate, LinkEvent, Scenario, Step};
use super::peer::Peer;
use super::segment::{Ack, Number, Opt, Segment, Seq, Stamp};
use super::write::{FIRST_PORT, head, script_text};
use crate::config::Config;
use crate::engine::log::{Entry, RunLog, What};
use crate::engine::{Numbers, Run, observe_with};
use crate::packet::{Packet, Transport};
use crate::script::ast::{
    Direction, Echoed, Field, OptionsSpec, PacketBody, PacketSpec, TcpOptionSpec,
};
use crate::script::diagnostic::{Diagnostic, Severity};
use crate::script::source::SourceFile;
use crate::script::{self, Defines};
use crate::target::{Launch, Sampling, ScriptTime};

/// What came of a scenario.
#[derive(Clone, Debug)]
pub struct Played {
    /// The same scenario in numbers of the script, and without link events. Played anywhere, it does
    /// the same.
    pub scenario: Scenario,
    /// What was observed. Line N of the log is step N - [`Played::offset`] of the scenario, from 1.
    pub run: Run,
    /// Lines before the first step.
    pub offset: usize,
}

impl Played {
    /// The step (from 0) that stands on a line (from 1) of the script.
    #[must_use]
    pub fn step_of_line(&self, line: usize) -> Option<usize> {
        line.checked_sub(self.offset + 1).filter(|step| *step < self.scenario.steps.len())
    }

    /// The script of the scenario.
    #[must_use]
    pub fn text(&self) -> String {
        script_text(&self.scenario)
    }
}

/// The name of the scripts that scenarios are, in diagnostics.
const NAME: &str = "<scenario>";

/// Plays `scenario` on a target of `launch`.
///
/// # Errors
/// It is no script: a field is out of its bounds, or something verbatim is wrong.
pub fn play(
    scenario: &Scenario,
    config: &Config,
    launch: &dyn Launch,
    sampling: Sampling,
) -> Result<Played, Vec<Diagnostic>> {
    play_as(scenario, config, launch, sampling, Kept::Numbers)
}

/// `scenario`, which may have numbers of a script, relative to live state as far as it can be: a
/// step can be taken out of it, and the others still mean the same.
///
/// # Errors
/// It is no script.
pub fn relative(
    scenario: &Scenario,
    config: &Config,
    launch: &dyn Launch,
) -> Result<Scenario, Vec<Diagnostic>> {
    let played = play_as(scenario, config, launch, Sampling::NONE, Kept::Relations)?;
    Ok(played.scenario)
}

/// What is kept of the segments of a scenario that was played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// The numbers that were sent.
    Numbers,
    /// What they were relative to.
    Relations,
}

fn play_as(
    scenario: &Scenario,
    config: &Config,
    launch: &dyn Launch,
    sampling: Sampling,
    kept: Kept,
) -> Result<Played, Vec<Diagnostic>> {
    let (scenario, copies) = without_link_events(scenario);
    let (script, mut diagnostics) =
        script::parse(&SourceFile::new(NAME, script_text(&scenario)), &Defines::new());
    diagnostics.retain(|found| found.severity == Severity::Error);
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let offset = head(&scenario).lines().count();
    let steps = scenario.steps;
    let mut playing = Playing { steps, copies, peer: Peer::default(), looked: 0, last: 0, kept };
    let run = observe_with(&script, config, launch, sampling, &mut playing);
    let steps = playing.steps;
    Ok(Played { scenario: Scenario { steps, ..scenario }, run, offset })
}

/// Steps for the link become what it does to the steps behind them: which are copies of which.
/// What it does to packets of the target is left.
fn without_link_events(scenario: &Scenario) -> (Scenario, Vec<Option<usize>>) {
    let mut fates: Vec<Fate> = Vec::new();
    let (mut steps, mut copies): (Vec<Step>, Vec<Option<usize>>) = (Vec::new(), Vec::new());
    let mut held: Option<Step> = None;
    // Time that passes with steps that are none.
    let mut passed = 0;
    for step in &scenario.steps {
        let mut step =
            Step { after_us: step.after_us + std::mem::take(&mut passed), ..step.clone() };
        match &step.action {
            Action::Link(LinkEvent { outbound: false, fate }) => {
                passed = step.after_us;
                fates.push(*fate);
                continue;
            }
            Action::Segment(_) => match fates.pop() {
                Some(Fate::Lose) => {
                    passed = step.after_us;
                    continue;
                }
                Some(Fate::Overtaken) if held.is_none() => {
                    passed = std::mem::take(&mut step.after_us);
                    held = Some(step);
                    continue;
                }
                Some(Fate::Duplicate) => {
                    copies.extend([None, Some(steps.len())]);
                    steps.extend([step.clone(), Step { after_us: 0, ..step }]);
                }
                Some(Fate::Overtaken) | None => {
                    copies.push(None);
                    steps.push(step);
                }
            },
            Action::Call(_)
            | Action::Icmp(_)
            | Action::Link(_)
            | Action::Wait
            | Action::Verbatim(_) => {
                copies.push(None);
                steps.push(step);
                continue;
            }
        }
        copies.extend(held.as_ref().map(|_| None));
        steps.extend(held.take());
    }
    if passed > 0 || held.is_some() {
        copies.push(None);
        steps.push(held.unwrap_or(Step::after(passed, Action::Wait)));
    }
    (Scenario { steps, ..scenario.clone() }, copies)
}

/// A scenario that runs.
struct Playing {
    /// Those that have been made have numbers of the script, or none.
    steps: Vec<Step>,
    /// Which step each is a copy of.
    copies: Vec<Option<usize>>,
    peer: Peer,
    /// How many entries of the log the peer has seen.
    looked: usize,
    /// The connection of the last segment.
    last: Number,
    kept: Kept,
}

impl Playing {
    /// Teaches the peer what the target has sent.
    fn look(&mut self, log: &RunLog) {
        let news = log.entries.get(self.looked..).unwrap_or_default();
        self.looked = log.entries.len();
        for entry in news {
            if let Some(packet) = sent_by_target(entry)
                && let Transport::Tcp(tcp) = &packet.transport
            {
                self.peer.saw(number_of(tcp.dst_port), tcp);
            }
        }
    }
}

fn sent_by_target(entry: &Entry) -> Option<&Packet> {
    match &entry.what {
        What::Packet { direction: Direction::Outbound, packet, .. } => Some(packet),
        What::Packet { .. }
        | What::Malformed { .. }
        | What::Call { .. }
        | What::Return { .. }
        | What::Command { .. }
        | What::State { .. }
        | What::Ready { .. }
        | What::Info { .. }
        | What::Asked { .. }
        | What::Code { .. } => None,
    }
}

/// Which connection the peer's port stands for.
#[must_use]
pub fn number_of(port: u16) -> Number {
    port.checked_sub(FIRST_PORT).and_then(|n| Number::try_from(n).ok()).unwrap_or(0)
}

impl Numbers for Playing {
    fn packet(
        &mut self,
        event: usize,
        line: &PacketSpec,
        at: ScriptTime,
        log: &RunLog,
    ) -> Option<PacketSpec> {
        self.look(log);
        let now_us = u64::try_from(at.0).unwrap_or(0);
        let original = self.copies.get(event).copied().flatten().unwrap_or(event);
        let action = self.steps.get(original)?.action.clone();
        let (action, packet) = match action {
            Action::Segment(segment) => {
                let relations = self.peer.relative(&segment);
                let segment = self.peer.concrete(&segment, now_us);
                self.peer.sent(&segment);
                self.last = segment.conn;
                let packet = with_segment(line, &segment);
                let kept = if self.kept == Kept::Numbers { segment } else { relations };
                (Action::Segment(kept), packet)
            }
            Action::Icmp(error) => {
                let error = self.peer.concrete_error(&error, self.last);
                (Action::Icmp(error), with_quote(line, error.seq))
            }
            Action::Call(_) | Action::Link(_) | Action::Wait | Action::Verbatim(_) => return None,
        };
        self.steps.get_mut(event)?.action = action;
        Some(packet)
    }
}

/// `line` with the numbers of `segment`.
fn with_segment(line: &PacketSpec, segment: &Segment) -> PacketSpec {
    let mut packet = line.clone();
    let PacketBody::Tcp(tcp) = &mut packet.body else { return packet };
    if let Seq::At(seq) = segment.seq {
        tcp.seq.start = Field::Value(seq);
    }
    if let (Some(written), Some(Ack::At(ack))) = (&mut tcp.ack, segment.ack) {
        written.node = Field::Value(ack);
    }
    let OptionsSpec::List(list, _) = &mut tcp.options else { return packet };
    for (written, option) in list.iter_mut().zip(&segment.options) {
        match (&mut written.node, option) {
            (TcpOptionSpec::Sack(to), Opt::Sack(blocks)) => {
                *to = blocks
                    .iter()
                    .filter_map(|block| match block {
                        (Ack::At(left), Ack::At(right)) => Some((*left, *right)),
                        _ => None,
                    })
                    .collect();
            }
            (TcpOptionSpec::Ts { val, ecr }, Opt::Ts { val: Stamp::At(v), ecr: Stamp::At(e) }) => {
                *val = Field::Value(*v);
                *ecr = Field::Value(*e);
            }
            _ => {}
        }
    }
    packet
}

fn with_quote(line: &PacketSpec, seq: Ack) -> PacketSpec {
    let mut packet = line.clone();
    if let PacketBody::Icmp(message) = &mut packet.body
        && let Some(echoed) = &mut message.echoed
        && let (Echoed::Tcp { seq: to, .. }, Ack::At(seq)) = (&mut echoed.node, seq)
    {
        *to = seq;
    }
    packet
}

#[cfg(test)]
mod tests;
