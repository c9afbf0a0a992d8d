//! Outbound packet lines: the next packet of the connection, compared field by field.
//!
//! The line is not waited for: what leaves too early is caught by its time stamp.

use crate::packet::text::{Show, TextOptions, packet_text};
use crate::packet::{Packet, TcpOption, Transport, flag, md5_digest};
use crate::script::ast::{
    Direction, Event, OptionsSpec, PacketBody, PacketSpec, Part, TcpOptionSpec, TcpSpec,
};
use crate::script::print;
use crate::target::ScriptTime;

use super::expect::{Comparison, Context, compare};
use super::failure::{Step, failure, script_problem};
use super::log::What;
use super::outcome::Class;
use super::schedule::{self, Check, Due};
use super::session::{Finished, Session, timing_message};
use super::sniff::{Arrived, Wanted, payload_len, ports_of};

impl Session<'_> {
    /// Takes the next packet of the connection and compares it with the line.
    pub(super) fn outbound(
        &mut self,
        event: &Event,
        spec: &PacketSpec,
        due: Due,
    ) -> Step<Finished> {
        let problem = |problem| script_problem(problem, event.span);
        let spec = &*self.names.in_packet(spec).map_err(problem)?;
        let ports = self.names.ports(spec).map_err(problem)?.or_else(|| ports_of(spec));
        let Some(id) = self.connections.for_outbound(ports) else {
            let message = "no socket can send this packet: none was made before it";
            return Err(failure(Class::Script, spec.span, event.span, message).error());
        };
        let wanted = Wanted { event, spec, due, id };
        // A packet that never comes is fatal in spite of --non_fatal=packet, as in packetdrill.
        let Some(arrived) = self.next_packet(wanted)? else {
            self.differs(|session| session.missing_packet(wanted))?;
            return Ok(Finished::at(self.target.now().max(self.previous.finished)));
        };
        let Arrived { at, packet: live, waited_until, recorded } = arrived;
        self.learn(wanted, &live);
        let script = self.connections.script_packet(Some(id), &live);
        self.learn_names(wanted, &script, &live);
        let text = packet_text(&script, &text_options(spec));
        let line = self.line(event.span);
        if self.mode.judges() {
            let secret = self.config.tcp_md5_secret.as_ref();
            let md5 = secret.and_then(|secret| md5_digest(&live, secret.as_bytes()));
            let comparison = self.compare(wanted, &script, (md5, digest(&live)));
            // Notes about the packet look at the log, so it must not stand there yet.
            let verdict = self.verify(wanted, &script, comparison, (at, waited_until));
            let what =
                What::Packet { direction: Direction::Outbound, packet: Box::new(script), text };
            self.record(at, Some(line), what);
            verdict?;
        } else {
            self.claim(&recorded, line, script, text);
        }
        Ok(Finished::at(at.max(self.previous.finished)))
    }

    /// Initial sequence number and timestamps of a packet the line names.
    fn learn(&mut self, wanted: Wanted<'_>, live: &Packet) {
        let Some(connection) = self.connections.get_mut(wanted.id) else { return };
        if let (Transport::Tcp(tcp), PacketBody::Tcp(want)) = (&live.transport, &wanted.spec.body) {
            if tcp.has(flag::SYN) {
                let named = want.seq.start.value().or(want.seq.ignored_start);
                connection.learn_isn(named.unwrap_or(connection.local_isn.script), tcp);
            }
            if let (Some(script), Some(val)) = (spec_ts_val(want), ts_val(&tcp.options)) {
                connection.timestamps.learn(script, val);
            }
        }
    }

    /// A TS val that gets a name has a number of its own from here on.
    fn learn_names(&mut self, wanted: Wanted<'_>, script: &Packet, live: &Packet) {
        let (Transport::Tcp(numbered), Transport::Tcp(sent)) = (&script.transport, &live.transport)
        else {
            return;
        };
        self.names.learn_packet(wanted.spec, script, sent.src_port);
        let has_name = wanted.spec.names.iter().any(|named| named.part == Part::TsVal);
        if let (true, Some(script), Some(live), Some(connection)) = (
            has_name,
            ts_val(&numbered.options),
            ts_val(&sent.options),
            self.connections.get_mut(wanted.id),
        ) {
            connection.timestamps.learn(script, live);
        }
    }

    fn compare(
        &mut self,
        wanted: Wanted<'_>,
        script: &Packet,
        (md5, digest): (Option<[u8; 16]>, Option<&[u8]>),
    ) -> Comparison {
        let flow_label = self.connections.get(wanted.id).and_then(|c| c.flow_label);
        let due_us = wanted.due.from.0;
        let context = Context { config: self.config, due_us, flow_label, md5, digest };
        let comparison = compare(wanted.spec, script, &context);
        if let Some(name) = wanted.spec.ip.flow_label
            && script.ip.flow_label != 0
            && let Some(connection) = self.connections.get_mut(wanted.id)
        {
            connection.flow_label = Some((name.node, script.ip.flow_label));
        }
        comparison
    }

    fn verify(
        &mut self,
        wanted: Wanted<'_>,
        script: &Packet,
        comparison: Comparison,
        (at, waited_until): (ScriptTime, Option<ScriptTime>),
    ) -> Step<()> {
        let Wanted { event, spec, due, .. } = wanted;
        let check = Check {
            tolerance: &self.config.tolerance,
            base: self.previous.nominal,
            harness_late_us: self.previous.late_us,
        };
        let (timing, class) = check.judge(due.from, due.to, at);
        let off = class.filter(|_| !due.is_any());
        let (class, span, message) = match (comparison.message(), off) {
            (Some(message), _) => {
                (Class::Content, comparison.first_bad.unwrap_or(spec.span), message)
            }
            (None, Some(class)) => {
                let when = timing_message(class, due.from, due.to, at);
                (class, event.time.span, format!("the packet left {when}"))
            }
            (None, None) => return Ok(()),
        };
        let expected = print::packet_text(spec);
        let actual = packet_text(script, &text_options(spec));
        let mut problem = failure(class, span, event.span, message)
            .with_fields(comparison.fields)
            .with_texts(expected, Some(actual));
        if off.is_some() {
            problem = problem.with_timing(timing);
        }
        if let Some(until) = waited_until {
            let until = schedule::seconds(until.0);
            problem = problem.with_note(format!("nothing more of it came until {until} s"));
        }
        if class == Class::Content {
            problem.notes.extend(self.notes_on_packet(wanted, script));
        }
        // A wrong length is fatal in spite of --non_fatal=packet, as in packetdrill.
        if wanted.payload_len().is_some_and(|want| want != payload_len(script)) {
            return Err(problem.fail());
        }
        self.packet_failure(problem)
    }
}

/// Actual packets are written with the parts that the line has.
fn text_options(spec: &PacketSpec) -> TextOptions {
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

fn spec_ts_val(spec: &TcpSpec) -> Option<u32> {
    let OptionsSpec::List(list, _) = &spec.options else { return None };
    list.iter().find_map(|option| {
        if let TcpOptionSpec::Ts { val, .. } = &option.node { val.value() } else { None }
    })
}

/// The MD5 digest as it was on the wire.
fn digest(live: &Packet) -> Option<&[u8]> {
    let Transport::Tcp(tcp) = &live.transport else { return None };
    tcp.options
        .iter()
        .find_map(|o| if let TcpOption::Md5(d) = o { Some(d.as_slice()) } else { None })
}

fn ts_val(options: &[TcpOption]) -> Option<u32> {
    options.iter().find_map(|o| if let TcpOption::Ts { val, .. } = o { Some(*val) } else { None })
}
