//! The script of a difference: what both sides do, up to where they part.
//!
//! The expectations are those of one side, the right one; where the other does something else, a
//! comment says what. So the script passes on the right side and fails on the left.

use std::fmt::Write as _;
use std::io;

use super::Minimised;
use crate::diff::{AT_ONCE_US, Divergence, FieldDiff, Seen};
use crate::engine::log::{Entry, RunLog, What};
use crate::packet::text::TextOptions;
use crate::packet::{Packet, Transport, flag, packet_text};
use crate::scenario::{Action, Played, write};
use crate::script::ast::Direction;
use crate::script::print::seconds_text;
use crate::script::symbols::errno_from_name;
use crate::target::ScriptTime;

/// Times of timers are told in units of this.
const UNIT_US: i64 = 10_000;

/// The script, with `title` as its first line and the names of the left and the right side.
#[must_use]
pub fn script(minimised: &Minimised, title: &str, [left, right]: [&str; 2]) -> String {
    let Minimised { performance, divergence, .. } = minimised;
    let played = &performance.played;
    let mut text = format!("// {title}\n");
    let _ = writeln!(text, "// Found by comparing {left} with {right}: {}", divergence.class);
    text.push_str(&write::head(&played.scenario));
    text.push('\n');
    let [first, second] = performance.runs.as_slice() else { return text };
    let windows = divergence.class.field == "win";
    let times = sent(&first.log).map(|(at, _)| at).collect();
    let mut teller =
        Teller { played, text, now: ScriptTime(0), next: 0, packets: 0, times, windows };
    let marks = match divergence.fields.as_slice() {
        // All of TCP_INFO is too much to read.
        [field] => {
            let FieldDiff { name, left: on_left, right: on_right, .. } = field;
            [format!("// {left}: {name} {on_left}\n"), format!("// {right}: {name} {on_right}\n")]
        }
        _ => [mark(left, divergence.left.as_ref()), mark(right, divergence.right.as_ref())],
    };
    match divergence.class.rule.as_str() {
        "state" | "readiness" | "tcp-info" => teller.until_line(&second.log, divergence, &marks),
        _ => teller.until_entry(&second.log, divergence, &marks),
    }
    teller.text
}

/// What one side did.
fn mark(name: &str, seen: Option<&Seen>) -> String {
    let did = seen.map_or("nothing", |seen| seen.text.as_str());
    format!("// {name}: {did}\n")
}

/// Packets that the target sent.
#[expect(clippy::wildcard_enum_match_arm, reason = "one kind of entry is looked for")]
fn sent(log: &RunLog) -> impl Iterator<Item = (ScriptTime, &Packet)> {
    log.entries.iter().filter_map(|entry| match &entry.what {
        What::Packet { direction: Direction::Outbound, packet, .. } => {
            Some((entry.at, packet.as_ref()))
        }
        _ => None,
    })
}

/// The entries in the order of a script, with their numbers. In a log segments of both sides may
/// cross; in a script the target's SYN comes first, which tells what the peer's numbers count from.
fn told(log: &RunLog) -> Vec<(usize, &Entry)> {
    let mut told: Vec<_> = log.entries.iter().enumerate().collect();
    for at in 0..told.len() {
        let Some((_, syn)) = told.get(at).filter(|(_, entry)| is_syn(entry)) else { continue };
        let crossed = told.iter().take(at).position(|(_, entry)| {
            is_acknowledgment(entry) && syn.at.since(entry.at) <= AT_ONCE_US
        });
        if let Some(part) = crossed.and_then(|first| told.get_mut(first..=at)) {
            part.rotate_right(1);
        }
    }
    told
}

/// A SYN or SYN-ACK of the target's.
fn is_syn(entry: &Entry) -> bool {
    matches!(&entry.what, What::Packet { direction: Direction::Outbound, packet, .. }
        if matches!(&packet.transport, Transport::Tcp(tcp) if tcp.has(flag::SYN)))
}

/// A segment of the peer's whose numbers count from the target's SYN.
fn is_acknowledgment(entry: &Entry) -> bool {
    matches!(&entry.what, What::Packet { direction: Direction::Inbound, packet, .. }
        if matches!(&packet.transport, Transport::Tcp(tcp) if tcp.has(flag::ACK)))
}

/// Writes a log as a script.
struct Teller<'a> {
    played: &'a Played,
    text: String,
    /// When the last event was.
    now: ScriptTime,
    /// The next step to be written.
    next: usize,
    /// How many packets have been written.
    packets: usize,
    /// When the other side sent its packets.
    times: Vec<ScriptTime>,
    /// Windows are what it is about.
    windows: bool,
}

impl Teller<'_> {
    /// Everything up to what the right side did that the left did not, or the other way round.
    fn until_entry(&mut self, log: &RunLog, divergence: &Divergence, marks: &[String; 2]) {
        for (index, entry) in told(log) {
            if divergence.right.as_ref().is_some_and(|seen| seen.entry == index) {
                self.text.push_str(&marks.concat());
                self.entry(entry, log);
                return;
            }
            self.entry(entry, log);
        }
        // The right side did nothing: a packet of the left would be one that no line asks for.
        self.steps(self.played.scenario.steps.len());
        self.text.push_str(&marks.concat());
    }

    /// Everything up to the step after which the difference shows, and a line that asks for it.
    fn until_line(&mut self, log: &RunLog, divergence: &Divergence, marks: &[String; 2]) {
        let last = divergence.line.unwrap_or(usize::MAX);
        let stays = |entry: &&Entry| entry.line.map_or(entry.at <= divergence.at, |at| at <= last);
        for entry in told(log).into_iter().map(|(_, entry)| entry).filter(stays) {
            self.entry(entry, log);
        }
        let step = divergence.line.and_then(|line| self.played.step_of_line(line));
        self.steps(step.map_or(0, |step| step + 1));
        self.text.push_str(&marks.concat());
        let Some(field) = divergence.fields.first() else { return };
        let line = match divergence.class.rule.as_str() {
            "state" => self.subject().map(|who| format!("tcp_state({who}) = {}", field.right)),
            "tcp-info" => {
                let name = &field.name;
                Some(format!("%{{ assert {name} == {}, {name} }}%", field.right))
            }
            _ => None,
        };
        if let Some(line) = line {
            let _ = writeln!(self.text, "+0 {line}");
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the result of one call is looked for")]
    fn entry(&mut self, entry: &Entry, log: &RunLog) {
        let step = entry.line.and_then(|line| self.played.step_of_line(line));
        match &entry.what {
            What::Packet { direction: Direction::Outbound, packet, .. } => {
                let time = self.packet_time(entry.at);
                let _ = writeln!(self.text, "{time} > {}", expected(packet, self.windows));
            }
            What::Packet { .. } | What::Command { .. } => {
                if let Some(step) = step {
                    self.steps(step);
                    self.step(step, entry.at, None);
                }
            }
            What::Call { .. } => {
                let Some(step) = step else { return };
                let result = log.entries.iter().find_map(|other| match &other.what {
                    What::Return { text, .. } if other.line == entry.line => {
                        Some((text.as_str(), other.at.since(entry.at)))
                    }
                    _ => None,
                });
                self.steps(step);
                self.step(step, entry.at, result);
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

    /// Writes steps that the log has nothing of, up to number `end`.
    fn steps(&mut self, end: usize) {
        while self.next < end {
            let Some(step) = self.played.scenario.steps.get(self.next) else { return };
            let at = self.now.plus(i64::try_from(step.after_us).unwrap_or(0));
            self.step(self.next, at, None);
        }
    }

    /// Writes a step, which happened at `at` and, if it is a call, had this result after so long.
    fn step(&mut self, number: usize, at: ScriptTime, result: Option<(&str, i64)>) {
        let Some(step) = self.played.scenario.steps.get(number).filter(|_| number >= self.next)
        else {
            return;
        };
        self.next = number + 1;
        let mut step = step.clone();
        // A kernel takes some microseconds for each; those say nothing.
        let gap = at.since(self.now).max(0);
        let written = i64::try_from(step.after_us).unwrap_or(0);
        if (gap - written).abs() > AT_ONCE_US {
            step.after_us = u64::try_from(gap / 1_000 * 1_000).unwrap_or(0);
        }
        self.now = at;
        let family = self.played.scenario.family;
        let line = write::step_line(&step, number == 0, family);
        let line = match (&step.action, result) {
            (Action::Call(_), Some((result, us))) => {
                let time = line.split_once(' ').map_or("+0", |(time, _)| time);
                // A call that blocks says until when, counted from where its own time counts from.
                let end = i64::try_from(step.after_us).unwrap_or(0) + us / 1_000 * 1_000;
                let until = (us > AT_ONCE_US).then(|| format!("...{}", seconds_text(end)));
                let text = error_text(result).unwrap_or_default();
                format!("{time}{} {result}{text}", until.unwrap_or_default())
            }
            _ => line,
        };
        let _ = writeln!(self.text, "{line}");
    }

    /// The time of the next packet: at once, or where both sides put it.
    fn packet_time(&mut self, at: ScriptTime) -> String {
        let other = self.times.get(self.packets).copied().unwrap_or(at);
        self.packets += 1;
        let (by, otherwise) = (at.since(self.now).max(0), other.since(self.now).max(0));
        self.now = self.now.max(at);
        if by <= AT_ONCE_US {
            return "+0".to_owned();
        }
        let from = by.min(otherwise) / UNIT_US * UNIT_US;
        let to = (by.max(otherwise) + UNIT_US - 1) / UNIT_US * UNIT_US;
        format!("+{}~+{}", seconds_text(from), seconds_text(to))
    }

    /// Whose state is asked for: the ports of a connection that has some, else the socket.
    #[expect(clippy::wildcard_enum_match_arm, reason = "two kinds of steps are looked for")]
    fn subject(&self) -> Option<String> {
        let ports = self.played.scenario.steps.iter().find_map(|step| match &step.action {
            Action::Segment(segment) if segment.conn != 0 => {
                Some(format!("{} > {}", write::port(segment.conn), write::LOCAL_PORT))
            }
            _ => None,
        });
        let slot = self.played.scenario.steps.iter().find_map(|step| match &step.action {
            Action::Call(call) => Some(call.slot().label().to_string()),
            _ => None,
        });
        ports.or(slot)
    }
}

/// What the system says about the error that `result` names, in the parentheses that scripts want.
fn error_text(result: &str) -> Option<String> {
    let (_, name) = result.rsplit_once(" = -1 ")?;
    let number = errno_from_name(name)?;
    let said = io::Error::from_raw_os_error(number).to_string();
    Some(format!(" ({})", said.split_once(" (os error").map_or(said.as_str(), |(text, _)| text)))
}

/// The packet as a line that expects it.
fn expected(packet: &Packet, window: bool) -> String {
    let mut options = TextOptions::default();
    if let Transport::Tcp(tcp) = &packet.transport {
        options.ports = tcp.dst_port > write::FIRST_PORT;
    }
    let text = packet_text(packet, &options);
    match text.split_once(" win ") {
        Some((before, after)) if !window => {
            let rest = after.find(' ').and_then(|at| after.get(at..)).unwrap_or_default();
            format!("{before}{rest}")
        }
        Some(_) | None => text,
    }
}
