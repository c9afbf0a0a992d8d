//! Why a packet line failed, as far as the rest of the script and of the run can tell: notes for
//! the reader, never a verdict.

use crate::packet::text::{TextOptions, packet_text};
use crate::packet::{Packet, Transport, flag};
use crate::script::ast::{Direction, EventKind, PacketSpec};
use crate::script::print;
use crate::target::ScriptTime;

use super::expect::{Context, compare};
use super::failure::failure;
use super::flow::{Phase, Protocol};
use super::log::{Entry, What};
use super::outcome::{Class, Failure};
use super::schedule;
use super::session::Session;
use super::sniff::{Wanted, ports_of};

impl Session<'_> {
    /// What another line says of a packet that is not the expected one.
    pub(super) fn notes_on_packet(&self, wanted: Wanted<'_>, script: &Packet) -> Vec<String> {
        let later = self.later_line(wanted, script).map(|line| {
            format!("this is what line {line} expects: the packet before it is missing")
        });
        let earlier = self.sent_before(script).and_then(|entry| {
            let line = entry.line?;
            let at = schedule::seconds(entry.at.0);
            Some(format!("line {line} got the same segment at {at} s: this is a retransmission"))
        });
        later.or(earlier).into_iter().collect()
    }

    /// The line of the next expected packet that `script` would satisfy.
    fn later_line(&self, wanted: Wanted<'_>, script: &Packet) -> Option<usize> {
        let context = Context {
            config: self.config,
            due_us: wanted.due.from.0,
            flow_label: self.connections.get(wanted.id)?.flow_label,
            md5: None,
            digest: None,
        };
        let mut lines = self.script.events.iter().filter_map(|event| {
            let EventKind::Packet(spec) = &event.kind else { return None };
            let later = event.span.start > wanted.event.span.start;
            let outbound = spec.direction.node == Direction::Outbound;
            (later && outbound).then_some((event, spec))
        });
        let same = |spec: &PacketSpec| {
            self.connections.for_outbound(ports_of(spec)) == Some(wanted.id)
                && compare(spec, script, &context).first_bad.is_none()
        };
        lines.find(|(_, spec)| same(spec)).map(|(event, _)| self.line(event.span))
    }

    /// The packet with the same sequence number and length that this connection sent before.
    fn sent_before(&self, script: &Packet) -> Option<&Entry> {
        let Transport::Tcp(tcp) = &script.transport else { return None };
        let syn_or_fin = flag::SYN | flag::FIN;
        self.log.entries.iter().rev().find(|entry| {
            sent(entry, script).is_some_and(|before| match &before.transport {
                Transport::Tcp(old) => {
                    tcp.seg_len() > 0
                        && (old.seq, old.payload.len()) == (tcp.seq, tcp.payload.len())
                        && old.flags & syn_or_fin == tcp.flags & syn_or_fin
                }
                Transport::Udp(_) | Transport::Icmp(_) => false,
            })
        })
    }

    /// The failure of a line whose packet never came.
    pub(super) fn missing_packet(&mut self, wanted: Wanted<'_>) -> Failure {
        let Wanted { event, spec, due, .. } = wanted;
        let now = self.target.now();
        let waited = schedule::seconds(now.since(self.previous.finished).max(0));
        let message = format!("no packet came, waited {waited} s for it");
        let mut problem = failure(Class::Content, spec.span, event.span, message)
            .with_texts(print::packet_text(spec), None);
        problem.notes.extend(self.when_note(wanted, now));
        problem.notes.extend(self.connection_notes(wanted));
        if let Some(first) = self.sniffed.front() {
            let (count, at) = (self.sniffed.len(), schedule::seconds(first.at.0));
            let options = TextOptions { ports: true, ..TextOptions::default() };
            let text = first.packet.as_ref().map_or_else(
                |_| "malformed".to_owned(),
                |packet| packet_text(&self.connections.unasked(packet).1, &options),
            );
            problem = problem.with_note(format!(
                "packets of other connections that no line has asked for: {count}, \
                 the first at {at} s: {text}"
            ));
        }
        if due.is_any() {
            problem = problem.with_note("a line with * waits for two minutes");
        }
        problem
    }

    fn when_note(&self, wanted: Wanted<'_>, now: ScriptTime) -> Option<String> {
        let due = wanted.due;
        if due.is_any() {
            return None;
        }
        let gap = due.from.since(self.previous.nominal).max(0);
        let (tolerance, _) = schedule::tolerance(&self.config.tolerance, gap);
        Some(format!(
            "due at {}, tolerance {} s, given up at {} s",
            schedule::span(due.from, due.to),
            schedule::seconds(tolerance),
            schedule::seconds(now.0)
        ))
    }

    /// What the connection has done so far.
    fn connection_notes(&self, wanted: Wanted<'_>) -> Vec<String> {
        let Some(connection) = self.connections.get(wanted.id) else { return Vec::new() };
        let mut notes = Vec::new();
        let named =
            ports_of(wanted.spec).filter(|p| self.connections.by_ports(p.src, p.dst).is_none());
        if let Some(ports) = named {
            let (src, dst) = (ports.src, ports.dst);
            notes.push(format!(
                "no connection has the ports {src} > {dst}, so the line is about the current one"
            ));
        }
        let of_connection = |packet: &Packet| match &packet.transport {
            Transport::Tcp(tcp) => {
                connection.protocol == Protocol::Tcp
                    && (tcp.src_port, tcp.dst_port)
                        == (connection.script_port(), connection.remote.port())
            }
            Transport::Udp(_) => connection.protocol == Protocol::Udp,
            Transport::Icmp(_) => connection.protocol == Protocol::Icmp,
        };
        let last = self.log.entries.iter().rev().find_map(|entry| match &entry.what {
            What::Packet { direction: Direction::Outbound, packet, text }
                if of_connection(packet) =>
            {
                Some((entry, text))
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
        });
        notes.push(match (last, connection.phase) {
            (Some((entry, text)), _) => {
                let at = schedule::seconds(entry.at.0);
                let line = entry.line.map_or_else(String::new, |line| format!(" (line {line})"));
                format!("the last packet of this connection left at {at} s{line}: {text}")
            }
            (None, Phase::Listening) => {
                "the socket under test listens; it sends nothing of its own".into()
            }
            (None, Phase::New) => "the socket under test is not connected".into(),
            (None, Phase::Connecting | Phase::SynSent | Phase::Open) => {
                "this connection has not sent a packet yet".into()
            }
        });
        notes
    }
}

/// The packet of `entry`, if it is one that the sender of `like` sent.
fn sent<'a>(entry: &'a Entry, like: &Packet) -> Option<&'a Packet> {
    let What::Packet { direction: Direction::Outbound, packet, .. } = &entry.what else {
        return None;
    };
    match (&packet.transport, &like.transport) {
        (Transport::Tcp(a), Transport::Tcp(b))
            if (a.src_port, a.dst_port) == (b.src_port, b.dst_port) =>
        {
            Some(packet)
        }
        (Transport::Tcp(_) | Transport::Udp(_) | Transport::Icmp(_), _) => None,
    }
}
