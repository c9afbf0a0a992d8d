//! What one log met: cells, edges, calls in states.

use std::collections::{BTreeMap, BTreeSet};

use super::cause::{Cause, edge_name, edges_between};
use super::grid::{Cell, Kind, call_group, state_name};
use super::track::Track;
use crate::engine::log::{Entry, What};
use crate::packet::{Packet, Tcp, Transport, flag};
use crate::script::ast::Direction;
use crate::target::TcpState;
use crate::target::transition::Transition;

/// Names of what was met, each once.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// `ESTABLISHED syn left-edge`.
    pub cells: BTreeSet<String>,
    /// `LISTEN RecvSyn NEW_SYN_RECV`.
    pub edges: BTreeSet<String>,
    /// `ESTABLISHED close`.
    pub calls: BTreeSet<String>,
}

/// Reads a log from its beginning.
#[must_use]
pub fn observe(entries: &[Entry], table: &[Transition]) -> Observed {
    let mut reader = Reader { table, ..Reader::default() };
    for entry in entries {
        reader.entry(entry);
    }
    reader.observed
}

/// Remote and local port.
type Ports = (u16, u16);

#[derive(Default)]
struct Reader<'a> {
    table: &'a [Transition],
    observed: Observed,
    tracks: BTreeMap<Ports, Track>,
    /// `#1` to its state.
    states: BTreeMap<String, TcpState>,
    /// Ports to `#1`.
    sockets: BTreeMap<Ports, String>,
    /// The connection of the last segment.
    last: Option<Ports>,
    /// Descriptors of the script; none for one without a connection.
    descriptors: BTreeMap<String, Option<String>>,
    /// Connections of listeners, the next to be accepted first.
    unaccepted: Vec<String>,
    /// The descriptor of the last call.
    caller: Option<String>,
    /// What the line at hand did.
    cause: Option<(Option<usize>, Cause)>,
}

impl Reader<'_> {
    fn entry(&mut self, entry: &Entry) {
        match &entry.what {
            What::Packet { direction, packet, .. } => self.packet(entry.line, *direction, packet),
            What::Call { text } => self.call(entry.line, text),
            What::Return { text, .. } => self.returned(text),
            What::State { socket, from, to } => self.state(entry.line, socket, *from, *to),
            What::Malformed { .. }
            | What::Command { .. }
            | What::Ready { .. }
            | What::Info { .. }
            | What::Asked { .. }
            | What::Code { .. } => {}
        }
    }

    fn packet(&mut self, line: Option<usize>, direction: Direction, packet: &Packet) {
        match (&packet.transport, direction) {
            (Transport::Tcp(tcp), Direction::Inbound) => {
                self.cause = Some((line, Cause::segment(tcp)));
                self.arrives(tcp);
            }
            (Transport::Tcp(tcp), Direction::Outbound) => {
                let ports = (tcp.dst_port, tcp.src_port);
                self.last = Some(ports);
                self.tracks.entry(ports).or_default().sent(tcp);
                if tcp.has(flag::SYN) && !tcp.has(flag::ACK) {
                    self.connects(ports);
                }
                let is_known = self.cause.as_ref().is_some_and(|(at, _)| *at == line);
                if tcp.has(flag::RST) && !is_known {
                    self.cause = Some((line, Cause::TimeAndReset));
                }
            }
            (Transport::Icmp(_), Direction::Inbound) => self.cause = Some((line, Cause::Icmp)),
            (Transport::Icmp(_) | Transport::Udp(_), _) => {}
        }
    }

    fn arrives(&mut self, tcp: &Tcp) {
        let ports = (tcp.src_port, tcp.dst_port);
        self.last = Some(ports);
        let of_socket = self.sockets.get(&ports).and_then(|socket| self.states.get(socket));
        let listens = self.states.values().any(|state| *state == TcpState::Listen);
        let state = of_socket.copied().filter(|state| *state != TcpState::Close);
        let state = state.unwrap_or(if listens { TcpState::Listen } else { TcpState::Close });
        if matches!(state, TcpState::Listen | TcpState::Close) {
            // What was known of an earlier connection with these ports is history.
            self.tracks.remove(&ports);
        }
        let track = self.tracks.entry(ports).or_default();
        let cell = Cell { state, kind: Kind::of(tcp), position: track.position(state, tcp) };
        track.received(tcp);
        self.observed.cells.insert(cell.to_string());
    }

    fn call(&mut self, line: Option<usize>, text: &str) {
        let Some((name, arguments)) = text.split_once('(') else { return };
        self.cause = Some((line, Cause::Call(name.to_owned())));
        let inside = arguments.trim_start_matches(['[', '{']).trim_start_matches("fd=");
        let label: String = inside.chars().take_while(char::is_ascii_digit).collect();
        let Some(socket) = self.descriptors.get(&label) else { return };
        let state = socket.as_ref().and_then(|socket| self.states.get(socket));
        let state = state.copied().unwrap_or(TcpState::Close);
        if let Some(group) = call_group(name) {
            self.observed.calls.insert(format!("{} {group}", state_name(state)));
        }
        self.caller = Some(label);
    }

    fn returned(&mut self, text: &str) {
        let Some((call, result)) = text.rsplit_once(" = ") else { return };
        let name = call.split('(').next().unwrap_or(call);
        let label = result.to_owned();
        if label.starts_with('-') {
            return;
        }
        if name == "socket" {
            self.descriptors.insert(label, None);
        } else if name == "accept" && !self.unaccepted.is_empty() {
            self.descriptors.insert(label, Some(self.unaccepted.remove(0)));
        }
    }

    fn state(&mut self, line: Option<usize>, socket: &str, from: Option<TcpState>, to: TcpState) {
        self.states.insert(socket.to_owned(), to);
        if from.is_none() {
            self.appears(socket, to);
        }
        let is_own = matches!(to, TcpState::Listen | TcpState::SynSent);
        let origin = from.unwrap_or(if is_own { TcpState::Close } else { TcpState::Listen });
        if to == TcpState::Established && self.is_child(socket, from) {
            self.unaccepted.push(socket.to_owned());
        }
        let here = self.cause.as_ref().filter(|(at, _)| *at == line).map(|(_, cause)| cause);
        let cause = here.unwrap_or(&Cause::Time);
        for edge in edges_between(self.table, origin, to, cause) {
            self.observed.edges.insert(edge_name(edge));
        }
    }

    /// A socket or connection is seen for the first time.
    fn appears(&mut self, socket: &str, to: TcpState) {
        let is_own = matches!(to, TcpState::Listen | TcpState::SynSent);
        if let Some(label) = self.caller.as_ref().filter(|_| is_own) {
            self.descriptors.insert(label.clone(), Some(socket.to_owned()));
        }
        let Some(ports) = self.last else { return };
        if !is_own {
            self.sockets.insert(ports, socket.to_owned());
        } else if to == TcpState::SynSent
            && self.tracks.get(&ports).is_some_and(Track::has_sent_syn)
        {
            // Else its SYN is yet to be seen.
            self.connects(ports);
        }
    }

    /// A SYN left from `ports`, which are those of the socket that waits for an answer.
    fn connects(&mut self, ports: Ports) {
        let waits = self.states.iter().find(|(socket, state)| {
            **state == TcpState::SynSent && !self.sockets.values().any(|known| known == *socket)
        });
        if let Some((socket, _)) = waits {
            self.sockets.insert(ports, socket.clone());
        }
    }

    /// A connection that a listener made.
    fn is_child(&self, socket: &str, from: Option<TcpState>) -> bool {
        let owned = self.descriptors.values().any(|s| s.as_deref() == Some(socket));
        !owned && matches!(from, None | Some(TcpState::NewSynRecv | TcpState::SynRecv))
    }
}
