//! The event loop over one script and one target, and the state it carries.

use std::collections::{BTreeMap, VecDeque};

use crate::code;
use crate::config::Config;
use crate::script::ast::{Direction, Event, EventKind, Script};
use crate::script::source::Span;
use crate::target::{CallId, Clock, Observation, Returned, ScriptTime, Target, TcpState};

use super::descriptors::Descriptors;
use super::failure::{Step, Stop, failure, target_problem};
use super::flow::Connections;
use super::log::{Captured, Entry, RunLog, What};
use super::mode::Mode;
use super::names::Names;
use super::numbers::Numbers;
use super::outcome::{Class, Failure};
use super::sampling::Known;
use super::schedule::{self, Check, Due, Previous};
use super::sniff::Sniffed;
use super::syscalls::Outstanding;

/// One run in progress.
pub(super) struct Session<'a> {
    pub(super) script: &'a Script,
    pub(super) config: &'a Config,
    pub(super) mode: Mode,
    pub(super) target: Box<dyn Target>,
    pub(super) clock: Clock,
    pub(super) log: RunLog,
    pub(super) connections: Connections,
    pub(super) descriptors: Descriptors,
    pub(super) names: Names,
    pub(super) previous: Previous,
    /// Packets seen while waiting for something else.
    pub(super) sniffed: VecDeque<Sniffed>,
    /// Results seen while waiting for something else.
    pub(super) returned: BTreeMap<CallId, (ScriptTime, Returned)>,
    /// Calls that were expected to block and have not been judged.
    pub(super) outstanding: Vec<Outstanding<'a>>,
    pub(super) next_call: u32,
    pub(super) code: Vec<code::Captured>,
    /// Where the log has each of them, in a run that observes.
    pub(super) code_entries: Vec<usize>,
    pub(super) states: BTreeMap<usize, TcpState>,
    /// What was last seen of each socket, by the number of its connection.
    pub(super) seen: BTreeMap<usize, Known>,
    pub(super) warnings: Vec<Failure>,
    pub(super) numbers: &'a mut dyn Numbers,
    /// Of the present event, from 0.
    pub(super) event_number: usize,
}

impl<'a> Session<'a> {
    /// A session on a started target.
    pub(super) fn new(
        script: &'a Script,
        config: &'a Config,
        mode: Mode,
        numbers: &'a mut dyn Numbers,
        target: Box<dyn Target>,
    ) -> Self {
        let clock = target.info().clock;
        Self {
            script,
            config,
            mode,
            target,
            clock,
            log: RunLog::default(),
            connections: Connections::new(config),
            descriptors: Descriptors::new(mode),
            names: Names::new(mode),
            previous: Previous::default(),
            sniffed: VecDeque::new(),
            returned: BTreeMap::new(),
            outstanding: Vec::new(),
            next_call: 0,
            code: Vec::new(),
            code_entries: Vec::new(),
            states: BTreeMap::new(),
            seen: BTreeMap::new(),
            warnings: Vec::new(),
            numbers,
            event_number: 0,
        }
    }

    /// All events, then the calls that still block.
    pub(super) fn events(&mut self) -> Step<()> {
        let script = self.script;
        for event in &script.events {
            self.event(event)?;
            self.record_states(event)?;
            self.sample(event)?;
            self.event_number += 1;
        }
        self.join_outstanding()?;
        if self.mode.judges() && self.config.strict_packets {
            self.nothing_left()?
        }
        if self.mode.judges() { Ok(()) } else { self.last_look() }
    }

    fn event(&mut self, event: &'a Event) -> Step<()> {
        let due = schedule::due(event, &self.previous);
        let finished = match &event.kind {
            EventKind::Packet(packet) => match packet.direction.node {
                Direction::Inbound => self.inbound(event, packet, due)?,
                Direction::Outbound => self.outbound(event, packet, due)?,
            },
            EventKind::Syscall(call) => self.syscall(event, call, due)?,
            EventKind::Command(command) => self.command(event, command, due)?,
            EventKind::Code(block) => self.capture_code(event, block, due)?,
            EventKind::State(assertion) => self.assert_state(event, assertion, due)?,
        };
        let late_us = match &event.kind {
            EventKind::Packet(packet) if packet.direction.node == Direction::Outbound => {
                self.previous.late_us
            }
            EventKind::Packet(_)
            | EventKind::Syscall(_)
            | EventKind::Command(_)
            | EventKind::Code(_)
            | EventKind::State(_) => finished.started.since(due.from).max(0),
        };
        self.previous = Previous {
            nominal: due.from,
            finished: finished.finished,
            inbound: schedule::is_inbound(event),
            late_us,
            text: self.previous.text_with(event, finished.finished),
        };
        Ok(())
    }

    /// Script time of the end of the last event.
    pub(super) fn finished_at(&self) -> ScriptTime {
        self.previous.finished
    }

    /// Takes the log out; packets that no line asked for are added to it.
    pub(super) fn finish(mut self) -> (RunLog, Vec<Failure>) {
        while let Some(mut sniffed) = self.sniffed.pop_front() {
            self.log_unasked(&mut sniffed);
        }
        if !self.mode.judges() {
            self.log.parties = self.parties();
            self.log.until = Some(self.target.now());
        }
        self.log.entries.sort_by_key(|entry| entry.at);
        self.log.capture.sort_by_key(|packet| packet.at);
        (self.log, self.warnings)
    }

    /// Lets time pass until `due`, collecting what happens. Calls that return are judged at once.
    pub(super) fn wait_until(&mut self, due: ScriptTime, event: Span) -> Step<()> {
        loop {
            match self.observe(due, event)? {
                Seen::Nothing => return Ok(()),
                Seen::Packet | Seen::Return => {}
            }
        }
    }

    /// Waits until `event` is due and checks that it starts in time.
    pub(super) fn wait_for(&mut self, event: &Event, due: Due) -> Step<()> {
        self.wait_until(due.from, event.span)?;
        if self.event_number == 0 || due.is_any() {
            return Ok(());
        }
        let now = self.target.now();
        self.check_time(event, due.from, due.to, now, "this event started")
    }

    /// Fails with class `early` or `late` if `actual` is out of bounds.
    pub(super) fn check_time(
        &mut self,
        event: &Event,
        from: ScriptTime,
        to: ScriptTime,
        actual: ScriptTime,
        what: &str,
    ) -> Step<()> {
        if !self.mode.judges() {
            return Ok(());
        }
        let check = Check {
            tolerance: &self.config.tolerance,
            base: self.previous.nominal,
            harness_late_us: self.previous.late_us,
        };
        let (timing, class) = check.judge(from, to, actual);
        let Some(class) = class else { return Ok(()) };
        let message = format!("{what} {}", timing_message(class, from, to, actual));
        let mut problem = failure(class, event.time.span, event.span, message).with_timing(timing);
        if class == Class::Late && self.previous.finished > to {
            let finished = schedule::seconds(self.previous.finished.0);
            problem = problem.with_note(format!("the event before it took until {finished} s"));
        }
        Err(problem.fail())
    }

    /// One observation, put where it belongs.
    pub(super) fn observe(&mut self, deadline: ScriptTime, event: Span) -> Step<Seen> {
        match self.target.observe(deadline).map_err(|e| target_problem(e, event))? {
            Observation::Packet { at, bytes } => {
                let sniffed = Sniffed::new(at, bytes);
                if self.mode.judges() {
                    self.sniffed.push_back(sniffed);
                } else {
                    self.notice(sniffed);
                }
                Ok(Seen::Packet)
            }
            Observation::Returned { at, call, returned } => {
                self.returned.insert(call, (at, returned));
                self.judge_outstanding()?;
                Ok(Seen::Return)
            }
            Observation::Idle { .. } => Ok(Seen::Nothing),
        }
    }

    /// 1-based source line of a span.
    pub(super) fn line(&self, span: Span) -> usize {
        self.script.source.line(span)
    }

    /// Adds an entry to the log.
    pub(super) fn record(&mut self, at: ScriptTime, line: Option<usize>, what: What) {
        self.log.entries.push(Entry { at, line, what });
    }

    /// Adds a packet to the capture.
    pub(super) fn capture(
        &mut self,
        at: ScriptTime,
        direction: Direction,
        bytes: Vec<u8>,
        line: Option<usize>,
    ) {
        self.log.capture.push(Captured { at, direction, bytes, line });
    }

    /// `--non_fatal=packet` turns a packet mismatch into a warning.
    pub(super) fn packet_failure(&mut self, problem: Failure) -> Step<()> {
        let soft = matches!(problem.class, Class::Content | Class::Early | Class::Late);
        if self.config.non_fatal_packet && soft {
            self.warnings.push(problem);
            return Ok(());
        }
        Err(Stop::Fail(Box::new(problem)))
    }
}

/// When an event started and when it was finished.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finished {
    pub(super) started: ScriptTime,
    pub(super) finished: ScriptTime,
}

impl Finished {
    /// Both at once.
    pub(super) fn at(time: ScriptTime) -> Self {
        Self { started: time, finished: time }
    }
}

/// What [`Session::observe`] saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// A packet; it is in the queue.
    Packet,
    /// A result; it is in the table.
    Return,
    /// The deadline passed.
    Nothing,
}

/// `at 0.300000 s, 0.050000 s after it was due (at 0.250000 s)`
pub(super) fn timing_message(
    class: Class,
    from: ScriptTime,
    to: ScriptTime,
    actual: ScriptTime,
) -> String {
    let at = schedule::seconds(actual.0);
    if class == Class::Early {
        let by = schedule::seconds(from.since(actual));
        format!("at {at} s, {by} s before it was due (at {})", schedule::span(from, to))
    } else {
        let by = schedule::seconds(actual.since(to));
        format!("at {at} s, {by} s after it was due (at {})", schedule::span(from, to))
    }
}
