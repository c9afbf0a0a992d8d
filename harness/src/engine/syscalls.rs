//! System-call lines: made at their time, judged when they return.

use std::borrow::Cow;

use crate::packet::{Packet, Transport};
use crate::script::ast::{Direction, Event, ExprKind, SyscallSpec};
use crate::script::print;
use crate::target::{CallId, Fd, Output, Returned, ScriptTime};

use super::calls::{
    Clocked, Effect, Expect, INTERRUPT, Prepared, Scope, differing_output, errno_text, judge,
    prepare,
};
use super::failure::{Step, Stop, failure, script_problem, target_problem};
use super::log::What;
use super::names::hide_named;
use super::outcome::{Class, Failure};
use super::schedule::{self, Check, Due};
use super::session::{Finished, Seen, Session, timing_message};

/// A call that is not marked as blocking must have returned by then.
const CALL_LIMIT_US: i64 = 20_000_000;
/// packetdrill lets a blocking call finish before the next call, but not longer than this.
const IDLE_WAIT_US: i64 = 1_000_000;

/// A call that was expected to block, and has not been judged.
#[derive(Debug)]
pub(super) struct Outstanding<'a> {
    id: CallId,
    event: &'a Event,
    written: &'a SyscallSpec,
    /// The call with the values of its names.
    spec: Cow<'a, SyscallSpec>,
    expect: Expect,
    effect: Effect,
    /// Nominal start, the base of the relative tolerance.
    from: ScriptTime,
    /// When it must return.
    end: ScriptTime,
}

impl<'a> Session<'a> {
    /// Makes the call; one that is not marked as blocking is waited for.
    pub(super) fn syscall(
        &mut self,
        event: &'a Event,
        written: &'a SyscallSpec,
        due: Due,
    ) -> Step<Finished> {
        // What it interrupts returns because of it, not before.
        if written.name.node != INTERRUPT {
            self.let_blocked_calls_finish(event, due)?;
        }
        self.wait_for(event, due)?;
        let spec = self.names.in_call(written).map_err(|p| script_problem(p, event.span))?;
        let scope = Scope {
            config: self.config,
            descriptors: &self.descriptors,
            connections: &self.connections,
        };
        let prepared = prepare(&spec, &scope).map_err(|p| script_problem(p, event.span))?;
        if let Effect::Connect(fd) = prepared.effect {
            self.connections.on_connect(fd);
        }
        let Prepared { syscall, expect, effect } = prepared;
        let id = CallId(self.next_call);
        self.next_call += 1;
        let started = self
            .target
            .submit(id, &syscall, event.end.is_some())
            .map_err(|e| target_problem(e, event.span))?;
        self.record(
            started,
            Some(self.line(event.span)),
            What::Call { text: self.call_text(written) },
        );
        if let Some(end) = due.end {
            let from = due.from;
            let call = Outstanding { id, event, written, spec, expect, effect, from, end };
            self.outstanding.push(call);
            self.judge_outstanding()?;
            let finished = self.target.now().max(started);
            return Ok(Finished { started, finished });
        }
        match self.await_return(event, written, id, started)? {
            Some((at, returned)) => {
                self.returned_from(event, (written, &spec), (&expect, &effect), at, &returned)?;
                Ok(Finished { started, finished: at })
            }
            None => {
                let (from, end) = (due.from, ScriptTime::FOREVER);
                let call = Outstanding { id, event, written, spec, expect, effect, from, end };
                self.outstanding.push(call);
                Ok(Finished { started, finished: self.target.now() })
            }
        }
    }

    /// The call as written, without its result; in a loop with the values of its row.
    fn call_text(&self, spec: &SyscallSpec) -> String {
        if spec.span.row > 0 {
            return print::call_text(spec);
        }
        let span = crate::script::source::Span::new(spec.span.start, spec.result.span.start);
        self.script.source.slice(span).trim_end().trim_end_matches('=').trim_end().to_owned()
    }

    /// Calls, and questions about what they gave, follow each other: a call that blocks and is due to
    /// have returned before this event may finish first, as long as the event is not late. One that
    /// returns later may do so because of it, and is not waited for.
    pub(super) fn let_blocked_calls_finish(&mut self, event: &Event, due: Due) -> Step<()> {
        let gap = due.from.since(self.previous.nominal).max(0);
        let (tolerance, _) = schedule::tolerance(&self.config.tolerance, gap);
        let latest = due.from.plus(tolerance);
        let limit = self.target.now().plus(IDLE_WAIT_US).min(latest);
        while self.outstanding.iter().any(|call| call.end <= due.from) && self.target.now() < limit
        {
            if self.observe(limit, event.span)? == Seen::Nothing {
                break;
            }
        }
        Ok(())
    }

    /// The result of a call that is not marked as blocking; none where it blocks and that does not
    /// end the run.
    fn await_return(
        &mut self,
        event: &Event,
        spec: &SyscallSpec,
        id: CallId,
        started: ScriptTime,
    ) -> Step<Option<(ScriptTime, Returned)>> {
        let limit = if self.mode.judges() { CALL_LIMIT_US } else { IDLE_WAIT_US };
        let deadline = started.plus(limit);
        loop {
            if let Some(result) = self.returned.remove(&id) {
                return Ok(Some(result));
            }
            let idle = self.observe(deadline, event.span)? == Seen::Nothing;
            if idle && self.mode.judges() {
                return Err(self.hanging(event, spec));
            }
            if idle {
                return Ok(None);
            }
        }
    }

    fn hanging(&self, event: &Event, spec: &SyscallSpec) -> Stop {
        let name = &spec.name.node;
        let waited = schedule::seconds(CALL_LIMIT_US);
        let message = format!("{name} has not returned after {waited} s");
        let hanging = failure(Class::Syscall, spec.name.span, event.span, message)
            .with_note("a call that blocks has an end: 0.1...0.3 read(…) = …");
        let reset = self.unasked_reset().into_iter();
        reset.fold(hanging, Failure::with_note).fail()
    }

    /// The last reset that the target sent and no line asked for: it may be why a call hangs.
    fn unasked_reset(&self) -> Option<String> {
        self.log.entries.iter().rev().find_map(|entry| match &entry.what {
            What::Packet { direction: Direction::Outbound, packet, text }
                if entry.line.is_none() && is_reset(packet) =>
            {
                let at = schedule::seconds(entry.at.0);
                Some(format!("the target sent a reset that no line expects, at {at}: {text}"))
            }
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
        })
    }

    /// Judges every blocking call that has returned.
    pub(super) fn judge_outstanding(&mut self) -> Step<()> {
        while let Some(at) =
            self.outstanding.iter().position(|call| self.returned.contains_key(&call.id))
        {
            let call = self.outstanding.remove(at);
            let Some((when, returned)) = self.returned.remove(&call.id) else { continue };
            self.returned_from(
                call.event,
                (call.written, &call.spec),
                (&call.expect, &call.effect),
                when,
                &returned,
            )?;
            if !self.mode.judges() {
                continue;
            }
            let check = Check {
                tolerance: &self.config.tolerance,
                base: call.from,
                harness_late_us: self.previous.late_us,
            };
            let (timing, class) = check.judge(call.end, call.end, when);
            if let Some(class) = class {
                let name = &call.spec.name.node;
                let text = timing_message(class, call.end, call.end, when);
                let span = call.event.end.map_or(call.event.time.span, |end| end.span);
                let message = format!("{name} returned {text}");
                return Err(failure(class, span, call.event.span, message)
                    .with_timing(timing)
                    .fail());
            }
        }
        Ok(())
    }

    /// At the end of a script blocked calls get until their end, and one second more.
    pub(super) fn join_outstanding(&mut self) -> Step<()> {
        let ends = self.outstanding.iter().map(|call| call.end);
        let ends = ends.filter(|end| *end != ScriptTime::FOREVER);
        let Some(last) = ends.max() else { return Ok(()) };
        let deadline = last.max(self.target.now()).plus(IDLE_WAIT_US);
        while let Some(call) = self.outstanding.first() {
            let (event, spec) = (call.event, call.written);
            let idle = self.observe(deadline, event.span)? == Seen::Nothing;
            if idle && self.mode.judges() {
                let message = format!("{} still blocks at the end of the script", spec.name.node);
                return Err(failure(Class::Syscall, spec.name.span, event.span, message).fail());
            }
            if idle {
                break;
            }
        }
        Ok(())
    }

    /// Compares a result, logs it, and keeps the books.
    fn returned_from(
        &mut self,
        event: &Event,
        (written, spec): (&SyscallSpec, &SyscallSpec),
        (expect, effect): (&Expect, &Effect),
        at: ScriptTime,
        returned: &Returned,
    ) -> Step<()> {
        let mut call = self.call_text(written);
        for (span, got) in differing_output(spec, expect, returned).into_iter().rev() {
            let at = |offset: u32| offset.saturating_sub(spec.span.start) as usize;
            let range = at(span.start)..at(span.end);
            if spec.span.row == 0 && call.get(range.clone()).is_some() {
                call.replace_range(range, &got);
            }
        }
        let mut result = Box::new(self.script_result(spec, (expect, effect), returned));
        hide_named(written, &mut result.output);
        let text = format!("{call} = {}", result_text(spec, expect, &result));
        let line = Some(self.line(event.span));
        self.record(at, line, What::Return { text: text.clone(), result });
        if self.mode.judges() {
            self.judge_result(event, spec, expect, returned, text)?;
        }
        if returned.value < 0 {
            return Ok(());
        }
        self.names
            .learn_call(written, spec, returned)
            .map_err(|problem| script_problem(problem, event.span))?;
        self.apply(event, spec, effect, returned)
    }

    fn judge_result(
        &mut self,
        event: &Event,
        spec: &SyscallSpec,
        expect: &Expect,
        returned: &Returned,
        text: String,
    ) -> Step<()> {
        let clock = Clocked {
            realtime_at_start_us: self.target.realtime_at_start_us(),
            tolerance_us: schedule::tolerance(&self.config.tolerance, 0).0,
            behind_us: self.previous.behind_us(),
        };
        let judgement = judge(spec, expect, returned, &clock)
            .map_err(|problem| script_problem(problem, event.span))?;
        let Some(span) = judgement.first_bad else { return Ok(()) };
        let bad = judgement.fields.iter().find(|field| !field.ok);
        let message = bad.map_or_else(String::new, |field| {
            let name = &spec.name.node;
            format!("{name} {}: expected {}, got {}", field.name, field.expected, field.actual)
        });
        let expected = if spec.span.row > 0 {
            print::syscall_text(spec)
        } else {
            self.script.source.slice(spec.span).to_owned()
        };
        Err(failure(Class::Syscall, span, event.span, message)
            .with_fields(judgement.fields)
            .with_texts(expected, Some(text))
            .fail())
    }

    fn apply(
        &mut self,
        event: &Event,
        spec: &SyscallSpec,
        effect: &Effect,
        returned: &Returned,
    ) -> Step<()> {
        let fd = Fd(i32::try_from(returned.value).unwrap_or(-1));
        match effect {
            Effect::None | Effect::Connect(_) => {}
            Effect::Socket(protocol) => {
                self.label(event, spec, fd)?;
                self.connections.on_socket(*protocol, fd);
            }
            Effect::OpenFile => self.label(event, spec, fd)?,
            Effect::Accept => {
                self.descriptors.rebind(label_of(spec, fd), fd);
                let peer = if let Output::Peer(peer) = returned.output { Some(peer) } else { None };
                self.connections.on_accept(fd, peer);
            }
            Effect::Bind(fd) => self.connections.on_bind(*fd),
            Effect::Listen(fd) => self.connections.on_listen(*fd),
            Effect::Disconnect(fd) => self.connections.on_disconnect(*fd),
            Effect::Close(label, fd) => {
                self.descriptors.close(*label);
                self.connections.on_close(*fd);
            }
            Effect::Pipe(read, write) => {
                if let Output::Pipe(read_fd, write_fd) = returned.output {
                    self.bind_label(event, spec, *read, read_fd)?;
                    self.bind_label(event, spec, *write, write_fd)?;
                }
            }
        }
        Ok(())
    }

    /// The scripted return value names the new descriptor.
    fn label(&mut self, event: &Event, spec: &SyscallSpec, fd: Fd) -> Step<()> {
        self.bind_label(event, spec, label_of(spec, fd), fd)
    }

    /// A descriptor that the script did not expect has no label.
    fn bind_label(&mut self, event: &Event, spec: &SyscallSpec, label: i64, fd: Fd) -> Step<()> {
        if label < 0 {
            return Ok(());
        }
        self.descriptors
            .bind(label, fd)
            .map_err(|message| script_problem((spec.result.span, message), event.span))
    }
}

fn is_reset(packet: &Packet) -> bool {
    matches!(&packet.transport, Transport::Tcp(tcp) if tcp.flags & 0x04 != 0)
}

/// The number the script gives a new descriptor; its own where the script gives none.
pub(super) fn label_of(spec: &SyscallSpec, fd: Fd) -> i64 {
    if let ExprKind::Int(label) = spec.result.kind { label } else { i64::from(fd.0) }
}

/// The result in script notation; new descriptors by their label.
fn result_text(spec: &SyscallSpec, expect: &Expect, returned: &Returned) -> String {
    match (returned.errno, expect, &spec.result.kind) {
        (Some(errno), _, _) => format!("{} {}", returned.value, errno_text(errno)),
        (None, Expect::NewDescriptor, ExprKind::Int(label)) if *label >= 0 => label.to_string(),
        (None, _, _) => returned.value.to_string(),
    }
}
