//! What a run does that only observes, where one that judges would end or wait for a line.

use crate::packet::{Packet, Transport, flag};
use crate::script::ast::{Direction, Event, StateAssertion};
use crate::script::print;
use crate::target::ScriptTime;

use super::failure::{Step, Stop};
use super::flow::{Connection, UnknownEcr};
use super::log::{Party, What};
use super::mode::Mode;
use super::outcome::{Class, Failure};
use super::schedule::{self, Due};
use super::session::{Finished, Session};
use super::sniff::{Arrived, Recorded, Sniffed};

impl Session<'_> {
    /// The target did something else than the script says: the end of a run that judges.
    pub(super) fn differs(&mut self, problem: impl FnOnce(&mut Self) -> Failure) -> Step<()> {
        if self.mode.judges() { Err(problem(self).fail()) } else { Ok(()) }
    }

    /// Whatever has left or returned at this very moment is seen before the log ends.
    pub(super) fn last_look(&mut self) -> Step<()> {
        let Some(last) = self.script.events.last() else { return Ok(()) };
        let now = self.target.now();
        self.wait_until(now, last.span)?;
        self.record_states(last)?;
        self.sample(last)
    }

    /// Who took part, with what the target drew.
    pub(super) fn parties(&self) -> Vec<Party> {
        let party = |socket: String, connection: &Connection| Party {
            socket,
            local_port: connection.script_port(),
            remote_port: connection.remote.port(),
            drawn: connection.drawn(),
        };
        // Who looks for the owner of ports finds the last one.
        let strangers = self.connections.strangers().enumerate();
        let strangers =
            strangers.map(|(n, stranger)| party(format!("stranger {}", n + 1), stranger));
        let own = self.connections.iter().enumerate();
        let own = own.map(|(n, (_, connection))| party(format!("#{}", n + 1), connection));
        strangers.chain(own).collect()
    }

    /// Logs a packet as soon as it is seen and learns from it; it waits for a line all the same.
    pub(super) fn notice(&mut self, mut sniffed: Sniffed) {
        let recorded = Recorded { entry: self.log.entries.len(), captured: self.log.capture.len() };
        self.log_unasked(&mut sniffed);
        if sniffed.packet.is_ok() {
            sniffed.recorded = Some(recorded);
            self.sniffed.push_back(sniffed);
        }
    }

    /// The packets at `recorded` are what `line` waited for. The number of a SYN may have a name in
    /// the line, and then `script` has it. Numbers of others are those of the moment they were seen:
    /// their connection may have started anew since.
    pub(super) fn claim(
        &mut self,
        recorded: &[Recorded],
        line: usize,
        script: Packet,
        text: String,
    ) {
        for at in recorded {
            if let Some(captured) = self.log.capture.get_mut(at.captured) {
                captured.line = Some(line);
            }
            if let Some(entry) = self.log.entries.get_mut(at.entry) {
                entry.line = Some(line);
            }
        }
        let opens = matches!(&script.transport, Transport::Tcp(tcp) if tcp.has(flag::SYN));
        let first = recorded.first().filter(|_| opens);
        if let Some(entry) = first.and_then(|at| self.log.entries.get_mut(at.entry)) {
            let direction = Direction::Outbound;
            entry.what = What::Packet { direction, packet: Box::new(script), text };
        }
    }

    /// How far off its time a packet may be that a line takes, on any kind of clock: two targets
    /// must be asked at the same moments.
    pub(super) fn patience(&self, due: Due) -> i64 {
        let gap = due.from.since(self.previous.nominal).max(0);
        schedule::configured(&self.config.tolerance, gap)
    }

    /// A packet that left so long before the line is not what it waits for.
    pub(super) fn left_too_early(&self, due: Due, at: ScriptTime) -> bool {
        !due.is_any() && at.plus(self.patience(due)) < due.from
    }

    /// What a TSecr stands for that no line saw: what the target does not send ends no run.
    pub(super) fn unknown_ecr(&self) -> UnknownEcr {
        match self.mode {
            Mode::Observe(_) => UnknownEcr::Guessed,
            Mode::Judge if self.config.tcp_ts_ecr_scaled => UnknownEcr::Scaled,
            Mode::Judge => UnknownEcr::Refused,
        }
    }

    /// A packet that was taken and is not wanted after all.
    pub(super) fn put_back(&mut self, arrived: Arrived) {
        let Arrived { at, packet, recorded, .. } = arrived;
        let recorded = recorded.first().copied();
        self.sniffed.push_front(Sniffed { at, bytes: Vec::new(), packet: Ok(packet), recorded });
    }

    /// Logs what a state assertion is about. A label without a descriptor has no state.
    pub(super) fn ask_state(
        &mut self,
        event: &Event,
        assertion: &StateAssertion,
    ) -> Step<Finished> {
        let state = match self.state_of(event, &assertion.subject) {
            Ok(state) => Some(state),
            Err(Stop::Error(problem)) if problem.class == Class::Script => None,
            Err(stop) => return Err(stop),
        };
        let at = self.target.now();
        let text = match assertion.span.row {
            0 => self.script.source.slice(assertion.span).to_owned(),
            _ => print::state_text(assertion),
        };
        let text = text.split('=').next().unwrap_or(&text).trim_end().to_owned();
        self.record(at, Some(self.line(event.span)), What::Asked { text, state });
        Ok(Finished::at(at))
    }

    /// Logs that a code block has read its variables; what it comes to is known after the last
    /// event.
    pub(super) fn note_code(&mut self, event: &Event) {
        self.code_entries.push(self.log.entries.len());
        let (at, line) = (self.target.now(), Some(self.line(event.span)));
        self.record(at, line, What::Code { failed: None });
    }

    /// What the code blocks came to: the first that fails says why.
    pub(super) fn note_failed_code(&mut self, block: usize, message: String) {
        let entry = self.code_entries.get(block).copied();
        if let Some(entry) = entry.and_then(|at| self.log.entries.get_mut(at)) {
            entry.what = What::Code { failed: Some(message) };
        }
    }
}
