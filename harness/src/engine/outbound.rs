//! Outbound packet lines: the next packet of the connection, compared field by field.
//!
//! The line is not waited for: what leaves too early is caught by its time stamp.

use crate::packet::text::{Show, TextOptions, packet_text};
use crate::packet::{Packet, TcpOption, Transport, flag, parse};
use crate::script::ast::{
    Direction, Event, Field, OptionsSpec, PacketBody, PacketSpec, TcpOptionSpec, TcpSpec, Time,
};
use crate::script::print;
use crate::target::{Clock, ScriptTime};

use super::aggregate;
use super::expect::{Context, compare};
use super::failure::{Step, failure};
use super::flow::{ConnectionId, Phase, to_script};
use super::log::What;
use super::outcome::{Class, Failure};
use super::schedule::{self, Check, Due};
use super::session::{Finished, Seen, Session, Sniffed, timing_message};

/// How long a real clock is given after the last moment a packet may come, in microseconds: long
/// enough to tell "late" from "never" on a busy machine.
const GRACE_US: i64 = 500_000;
/// How long `*` waits.
const ANY_TIME_US: i64 = 120_000_000;

/// A packet of the expected connection.
struct Arrived {
    at: ScriptTime,
    id: ConnectionId,
    packet: Packet,
}

impl Session<'_> {
    /// Takes the next packet of the connection and compares it with the line.
    pub(super) fn outbound(
        &mut self,
        event: &Event,
        spec: &PacketSpec,
        due: Due,
    ) -> Step<Finished> {
        let Some(arrived) = self.next_packet(event, spec, due)? else {
            let problem = self.missing_packet(event, spec, due);
            self.packet_failure(problem)?;
            return Ok(Finished::at(self.target.now()));
        };
        let Arrived { at, id, packet: live } = arrived;
        self.learn(id, spec, &live);
        let mut script = live;
        if let (Transport::Tcp(tcp), Some(connection)) =
            (&mut script.transport, self.connections.get(id))
        {
            to_script(connection, tcp);
        }
        self.verify(event, spec, &script, id, at, due)?;
        let line = Some(self.line(event.span));
        let text = packet_text(&script, &self.text_options(spec));
        let direction = Direction::Outbound;
        self.record(at, line, What::Packet { direction, packet: Box::new(script), text });
        Ok(Finished::at(at.max(self.previous.finished)))
    }

    fn text_options(&self, spec: &PacketSpec) -> TextOptions {
        let mut options = TextOptions::default();
        if let PacketBody::Tcp(tcp) = &spec.body {
            options.ports = tcp.ports.is_some();
            options.ace = tcp.flags.node.value().is_some_and(|f| f.ace.is_some());
        }
        let show = |written: bool| if written { Show::Always } else { Show::Never };
        options.tos = show(spec.ip.tos.is_some());
        options.ttl = show(spec.ip.ttl.is_some());
        options.flow_label = show(spec.ip.flow_label.is_some());
        options
    }

    /// The next packet the expected connection sent, joined up to the scripted length.
    fn next_packet(&mut self, event: &Event, spec: &PacketSpec, due: Due) -> Step<Option<Arrived>> {
        let deadline = self.deadline(event, due);
        let Some(mut first) = self.next_piece(event, spec, deadline)? else { return Ok(None) };
        let want = wanted_len(spec);
        let piece = payload_len(&first.packet);
        while !self.config.strict_segments
            && let Some(want) = want
            && piece > 0
            && payload_len(&first.packet) < want
        {
            let Some(next) = self.next_piece(event, spec, deadline)? else { break };
            if let Err(why) = aggregate::join(&mut first.packet, next.packet, piece) {
                let message = format!("the segment is cut into pieces that do not fit: {why}");
                let note = format!("{} of {want} bytes came first", payload_len(&first.packet));
                let problem = failure(Class::Content, spec.span, event.span, message);
                self.packet_failure(problem.with_note(note))?;
                break;
            }
        }
        Ok(Some(first))
    }

    /// The moment after which a packet counts as missing.
    fn deadline(&self, event: &Event, due: Due) -> ScriptTime {
        if due.is_any() {
            return due.from.plus(ANY_TIME_US);
        }
        let gap = due.from.since(self.previous.nominal).max(0);
        let (tolerance, _) = schedule::tolerance(&self.config.tolerance, self.clock, gap);
        // Tolerance and a second look the same to a virtual clock; a real one gets a grace period.
        let grace = match self.clock {
            Clock::Virtual { .. } => match event.time.node {
                Time::Any => ANY_TIME_US,
                Time::Absolute(_)
                | Time::Relative(_)
                | Time::AbsoluteRange(..)
                | Time::RelativeRange(..) => 2_000_000,
            },
            Clock::Real { .. } => GRACE_US,
        };
        due.to.plus(tolerance).plus(grace)
    }

    /// The next packet of the expected connection. Packets of nobody are logged and passed over; a
    /// packet of another connection stays in the queue for its own line.
    fn next_piece(
        &mut self,
        event: &Event,
        spec: &PacketSpec,
        deadline: ScriptTime,
    ) -> Step<Option<Arrived>> {
        let mut at = 0;
        loop {
            while at < self.sniffed.len() {
                match self.look(event, spec, at)? {
                    Look::Mine(arrived) => return Ok(Some(*arrived)),
                    Look::Nobodys => {
                        if let Some(sniffed) = self.sniffed.remove(at) {
                            self.log_unasked(sniffed);
                        }
                    }
                    Look::Others => at += 1,
                    Look::Gone => {}
                }
            }
            if self.observe(deadline, event.span)? == Seen::Nothing {
                return Ok(None);
            }
        }
    }

    /// Looks at packet number `at` of the queue, and takes it out if it is the expected one's.
    fn look(&mut self, event: &Event, spec: &PacketSpec, at: usize) -> Step<Look> {
        let Some(sniffed) = self.sniffed.get(at) else { return Ok(Look::Gone) };
        let packet = match parse(&sniffed.bytes) {
            Ok(packet) => packet,
            Err(why) => return self.malformed(event, spec, at, &why.to_string()),
        };
        if matches!(&packet.transport, Transport::Icmp(icmp) if is_neighbour_discovery(icmp.ty, &packet))
        {
            return Ok(Look::Nobodys);
        }
        let Some(sender) = self.connections.sender_of(&packet) else { return Ok(Look::Nobodys) };
        let ports = match &spec.body {
            PacketBody::Tcp(tcp) => tcp.ports,
            PacketBody::Udp(udp) => udp.ports,
            PacketBody::Icmp(_) => None,
        };
        if self.connections.for_outbound(ports.map(|p| p.node)) != Some(sender) {
            return Ok(Look::Others);
        }
        let Some(sniffed) = self.sniffed.remove(at) else { return Ok(Look::Gone) };
        let line = Some(self.line(event.span));
        self.capture(sniffed.at, Direction::Outbound, sniffed.bytes, line);
        Ok(Look::Mine(Box::new(Arrived { at: sniffed.at, id: sender, packet })))
    }

    /// A datagram that the strict walk refuses: no stack may send one.
    fn malformed(&mut self, event: &Event, spec: &PacketSpec, at: usize, why: &str) -> Step<Look> {
        let Some(sniffed) = self.sniffed.remove(at) else { return Ok(Look::Gone) };
        let line = Some(self.line(event.span));
        self.record(sniffed.at, line, What::Malformed { reason: why.to_owned() });
        self.capture(sniffed.at, Direction::Outbound, sniffed.bytes, line);
        let message = format!("the target sent a malformed packet: {why}");
        let problem = failure(Class::Content, spec.span, event.span, message);
        self.packet_failure(problem)?;
        Ok(Look::Gone)
    }

    /// A packet that no line asked for goes to the log, in script numbers where it has any.
    pub(super) fn log_unasked(&mut self, sniffed: Sniffed) {
        let Sniffed { at, bytes } = sniffed;
        match parse(&bytes) {
            Ok(mut packet) => {
                let sender = self.connections.sender_of(&packet);
                if let (Transport::Tcp(tcp), Some(connection)) =
                    (&mut packet.transport, sender.and_then(|id| self.connections.get(id)))
                {
                    to_script(connection, tcp);
                }
                let text = packet_text(&packet, &TextOptions::default());
                let direction = Direction::Outbound;
                self.record(at, None, What::Packet { direction, packet: Box::new(packet), text });
            }
            Err(why) => self.record(at, None, What::Malformed { reason: why.to_string() }),
        }
        self.capture(at, Direction::Outbound, bytes, None);
    }

    /// Initial sequence number, timestamps and flow label of a packet the line names.
    fn learn(&mut self, id: ConnectionId, spec: &PacketSpec, live: &Packet) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        if let (Transport::Tcp(tcp), PacketBody::Tcp(want)) = (&live.transport, &spec.body) {
            if tcp.has(flag::SYN) {
                if let Field::Value(seq) = want.seq.start {
                    connection.local_isn.script = seq;
                }
                connection.local_isn.live = tcp.seq;
                if tcp.has(flag::ACK) && connection.phase == Phase::SynSent {
                    // Simultaneous open: the SYN-ACK answers a SYN that named our number already.
                    connection.phase = Phase::Open;
                }
            }
            if let (Some(script), Some(val)) = (spec_ts_val(want), ts_val(&tcp.options)) {
                connection.timestamps.learn(script, val);
            }
        }
        if let Some(label) = spec.ip.flow_label
            && live.ip.flow_label != 0
        {
            connection.flow_labels.entry(label.node).or_insert(live.ip.flow_label);
        }
    }

    fn verify(
        &mut self,
        event: &Event,
        spec: &PacketSpec,
        script: &Packet,
        id: ConnectionId,
        at: ScriptTime,
        due: Due,
    ) -> Step<()> {
        let bound = spec.ip.flow_label.and_then(|label| {
            self.connections.get(id).and_then(|c| c.flow_labels.get(&label.node).copied())
        });
        let context = Context { config: self.config, at_us: at.0, flow_label: bound };
        let comparison = compare(spec, script, &context);
        let expected = print::packet_text(spec);
        let actual = packet_text(script, &self.text_options(spec));
        let check = Check {
            tolerance: &self.config.tolerance,
            clock: self.clock,
            base: self.previous.nominal,
            harness_late_us: self.previous.late_us,
        };
        let (timing, class) = check.judge(due.from, due.to, at);
        if let Some(message) = comparison.message() {
            let span = comparison.first_bad.unwrap_or(spec.span);
            let problem = failure(Class::Content, span, event.span, message)
                .with_fields(comparison.fields)
                .with_texts(expected, Some(actual))
                .with_timing(timing);
            self.log_mismatch(event, script, at, spec);
            return self.packet_failure(problem);
        }
        let Some(class) = class.filter(|_| !due.is_any()) else { return Ok(()) };
        let message = format!("the packet left {}", timing_message(class, due.from, due.to, at));
        let problem = failure(class, event.time.span, event.span, message)
            .with_fields(comparison.fields)
            .with_texts(expected, Some(actual))
            .with_timing(timing);
        self.log_mismatch(event, script, at, spec);
        self.packet_failure(problem)
    }

    /// The packet that failed stands in the log too.
    fn log_mismatch(&mut self, event: &Event, script: &Packet, at: ScriptTime, spec: &PacketSpec) {
        if self.config.non_fatal_packet {
            return;
        }
        let text = packet_text(script, &self.text_options(spec));
        let line = Some(self.line(event.span));
        let packet = Box::new(script.clone());
        self.record(at, line, What::Packet { direction: Direction::Outbound, packet, text });
    }

    fn missing_packet(&mut self, event: &Event, spec: &PacketSpec, due: Due) -> Failure {
        let now = self.target.now();
        let waited = schedule::seconds(now.since(self.previous.finished).max(0));
        let message = format!("no packet came ({waited} s after the event before)");
        let mut problem = failure(Class::Content, spec.span, event.span, message)
            .with_texts(print::packet_text(spec), None);
        if !due.is_any() {
            let gap = due.from.since(self.previous.nominal).max(0);
            let (tolerance, _) = schedule::tolerance(&self.config.tolerance, self.clock, gap);
            problem = problem.with_note(format!(
                "due at {} s, tolerance {} s",
                schedule::seconds(due.from.0),
                schedule::seconds(tolerance)
            ));
        }
        let waiting = self.sniffed.len();
        if waiting > 0 {
            problem =
                problem.with_note(format!("{waiting} packets of other connections were seen"));
        }
        problem
    }
}

/// Whose packet it is.
enum Look {
    Mine(Box<Arrived>),
    /// It waits for its own line.
    Others,
    /// No connection of the script sent it.
    Nobodys,
    /// It was taken out of the queue already.
    Gone,
}

/// Payload bytes the line wants; none for `*` and for what is not TCP.
fn wanted_len(spec: &PacketSpec) -> Option<usize> {
    match &spec.body {
        PacketBody::Tcp(tcp) => tcp.seq.len.value().map(usize::from),
        PacketBody::Udp(_) | PacketBody::Icmp(_) => None,
    }
}

fn payload_len(packet: &Packet) -> usize {
    match &packet.transport {
        Transport::Tcp(tcp) => tcp.payload.len(),
        Transport::Udp(udp) => udp.payload.len(),
        Transport::Icmp(icmp) => icmp.body.len(),
    }
}

/// Router and neighbour discovery (133 to 137) and multicast listener reports (130 to 132, 143)
/// belong to the link, not to the script.
fn is_neighbour_discovery(ty: u8, packet: &Packet) -> bool {
    packet.ip.src.is_ipv6() && matches!(ty, 130..=137 | 143)
}

fn spec_ts_val(spec: &TcpSpec) -> Option<u32> {
    let OptionsSpec::List(list, _) = &spec.options else { return None };
    list.iter().find_map(|option| {
        if let TcpOptionSpec::Ts { val, .. } = &option.node { val.value() } else { None }
    })
}

fn ts_val(options: &[TcpOption]) -> Option<u32> {
    options.iter().find_map(|o| if let TcpOption::Ts { val, .. } = o { Some(*val) } else { None })
}
