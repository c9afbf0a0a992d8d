//! The script of a difference: what both sides do, up to where they part.
//!
//! The expectations are those of one side, the right one; where the other does something else, a
//! comment says what. So the script passes on the right side and fails on the left.

use std::fmt::Write as _;

use super::Minimised;
use crate::engine::log::{Entry, What};
use crate::engine::outcome::Outcome;
use crate::packet::text::TextOptions;
use crate::packet::{Packet, Transport, packet_text};
use crate::scenario::{Action, Played, write};
use crate::script::ast::Direction;
use crate::script::print::seconds_text;
use crate::target::ScriptTime;

/// The script, with `title` as its first line and the names of the left and the right side.
#[must_use]
pub fn script(minimised: &Minimised, title: &str, [left, right]: [&str; 2]) -> String {
    let Minimised { performance, divergence, .. } = minimised;
    let played = &performance.played;
    let mut text = format!("// {title}\n// {left} and {right} differ: {}\n", divergence.message);
    let _ = writeln!(text, "// Class: {}", divergence.class);
    text.push_str(&write::head(&played.scenario));
    text.push('\n');
    let Some(run) = performance.runs.get(1) else { return text };
    let part =
        Part { left: (left, divergence.left.as_ref()), right, at: divergence.right.as_ref() };
    let mut teller = Teller { played, text, now: ScriptTime(0), next: 0 };
    teller.tell(&run.log.entries, &part);
    teller.rest();
    teller.text
}

/// Where the sides part.
struct Part<'a> {
    left: (&'a str, Option<&'a crate::diff::Seen>),
    right: &'a str,
    at: Option<&'a crate::diff::Seen>,
}

/// Writes a log as a script.
struct Teller<'a> {
    played: &'a Played,
    text: String,
    /// When the last event was.
    now: ScriptTime,
    /// The next step to be written.
    next: usize,
}

impl Teller<'_> {
    fn tell(&mut self, entries: &[Entry], part: &Part<'_>) {
        for (index, entry) in entries.iter().enumerate() {
            if part.at.is_some_and(|seen| seen.entry == index) {
                self.part(part);
                self.entry(entry, entries);
                self.proof(entry);
                return;
            }
            self.entry(entry, entries);
        }
        // The right side did nothing.
        self.rest();
        self.part(part);
    }

    fn part(&mut self, part: &Part<'_>) {
        let did = |seen: Option<&crate::diff::Seen>| {
            seen.map_or_else(|| "nothing".to_owned(), |seen| seen.text.clone())
        };
        let (left, seen) = part.left;
        let _ = writeln!(self.text, "// {left}: {}", did(seen));
        let _ = writeln!(self.text, "// {}: {}", part.right, did(part.at));
    }

    /// Steps that the log has nothing of.
    fn rest(&mut self) {
        while self.next < self.played.scenario.steps.len() {
            self.step(self.next, None, None);
        }
    }

    fn entry(&mut self, entry: &Entry, entries: &[Entry]) {
        let step = entry.line.and_then(|line| self.played.step_of_line(line));
        match &entry.what {
            What::Packet { direction: Direction::Outbound, packet, .. } => {
                let time = self.after(entry.at);
                let _ = writeln!(self.text, "{time} > {}", expected(packet));
            }
            What::Packet { .. } | What::Command { .. } => {
                if let Some(step) = step {
                    self.step(step, Some(entry.at), None);
                }
            }
            What::Call { .. } => {
                let Some(step) = step else { return };
                let result = entries.iter().find_map(|other| match &other.what {
                    What::Return { text, .. } if other.line == entry.line => Some(text.as_str()),
                    _ => None,
                });
                self.step(step, Some(entry.at), result);
            }
            What::Return { .. }
            | What::Malformed { .. }
            | What::State { .. }
            | What::Ready { .. }
            | What::Info { .. }
            | What::Asked { .. }
            | What::Code { .. } => {}
        }
    }

    /// Writes the steps up to number `step`, which happened at `at` and had this result.
    fn step(&mut self, step: usize, at: Option<ScriptTime>, result: Option<&str>) {
        while self.next <= step {
            let number = self.next;
            self.next += 1;
            let Some(one) = self.played.scenario.steps.get(number) else { return };
            let mut one = one.clone();
            if let (true, Some(at)) = (number == step, at) {
                one.after_us = u64::try_from(at.since(self.now)).unwrap_or(0);
                self.now = at;
            }
            let line = write::step_line(&one, number == 0, self.played.scenario.family);
            let line = match (&one.action, result) {
                (Action::Call(_), Some(result)) if number == step => with_result(&line, result),
                _ => line,
            };
            let _ = writeln!(self.text, "{line}");
        }
    }

    /// What shows a difference that is no packet and no result.
    fn proof(&mut self, entry: &Entry) {
        let line = match &entry.what {
            What::State { socket, to, .. } => self
                .ports_of(socket)
                .map(|ports| format!("+0 tcp_state({ports}) = {}", to.linux_name())),
            What::Packet { .. }
            | What::Malformed { .. }
            | What::Call { .. }
            | What::Return { .. }
            | What::Command { .. }
            | What::Ready { .. }
            | What::Info { .. }
            | What::Asked { .. }
            | What::Code { .. } => None,
        };
        if let Some(line) = line {
            let _ = writeln!(self.text, "{line}");
        }
    }

    /// The ports of the only connection that has some.
    fn ports_of(&self, _socket: &str) -> Option<String> {
        self.played.scenario.steps.iter().find_map(|step| match &step.action {
            Action::Segment(segment) if segment.conn != 0 => {
                Some(format!("{} > {}", write::port(segment.conn), write::LOCAL_PORT))
            }
            _ => None,
        })
    }

    fn after(&mut self, at: ScriptTime) -> String {
        let by = at.since(self.now).max(0);
        self.now = self.now.max(at);
        format!("+{}", seconds_text(by))
    }
}

/// The line of a call with the result that it had.
fn with_result(line: &str, result: &str) -> String {
    let time = line.split_once(' ').map_or("+0", |(time, _)| time);
    format!("{time} {result}")
}

/// The packet as a line that expects it. Windows are seldom what it is about.
fn expected(packet: &Packet) -> String {
    let mut options = TextOptions::default();
    if let Transport::Tcp(tcp) = &packet.transport {
        options.ports = tcp.dst_port > write::FIRST_PORT;
    }
    let text = packet_text(packet, &options);
    match text.split_once(" win ") {
        Some((before, after)) => {
            let rest = after.find(' ').and_then(|at| after.get(at..)).unwrap_or_default();
            format!("{before}{rest}")
        }
        None => text,
    }
}

/// Whether a run of the script passed.
#[must_use]
pub fn passed(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Pass { .. })
}
