//! TCP states: recorded after every event, and asserted where a script asks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::script::ast::{Event, Ports, StateAssertion, StateSubject};
use crate::target::{Fd, FlowKey, ScriptTime, TcpState};

use super::calls::errno_text;
use super::failure::{Step, failure, script_problem, target_problem};
use super::flow::{Connection, Phase, Protocol};
use super::log::What;
use super::outcome::{Class, FieldCheck};
use super::schedule::Due;
use super::session::{Finished, Session};

impl Session<'_> {
    /// Asks for the state of every known connection and logs what changed.
    pub(super) fn record_states(&mut self, event: &Event) -> Step<()> {
        let (numbers, flows): (Vec<usize>, Vec<FlowKey>) = (1..)
            .zip(self.connections.iter())
            .filter_map(|(number, (_, connection))| Some((number, flow_of(connection)?)))
            .unzip();
        let at = self.finished_at();
        self.record_connecting(at, event)?;
        if flows.is_empty() {
            return Ok(());
        }
        let states = self.target.tcp_states(&flows).map_err(|e| target_problem(e, event.span))?;
        for (number, to) in numbers.into_iter().zip(states) {
            self.note_state(at, event, number, to);
        }
        Ok(())
    }

    /// Nobody knows the ends of a connecting socket until its SYN is seen: that may be at once or as time
    /// passes, and the socket is asked itself meanwhile.
    fn record_connecting(&mut self, at: ScriptTime, event: &Event) -> Step<()> {
        let connecting: Vec<(usize, Fd)> = (1..)
            .zip(self.connections.iter())
            .filter(|(_, (_, c))| c.protocol == Protocol::Tcp && c.phase == Phase::Connecting)
            .filter_map(|(number, (_, connection))| Some((number, connection.fd?)))
            .collect();
        for (number, fd) in connecting {
            let snapshot = self.target.probe(fd).map_err(|e| target_problem(e, event.span))?;
            let state = snapshot.ok().and_then(|snapshot| snapshot.tcp_info.first().copied());
            if let Some(to) = state.and_then(TcpState::from_number) {
                self.note_state(at, event, number, to);
            }
        }
        Ok(())
    }

    fn note_state(&mut self, at: ScriptTime, event: &Event, number: usize, to: TcpState) {
        let from = self.states.insert(number, to);
        if from != Some(to) {
            let (line, socket) = (Some(self.line(event.span)), format!("#{number}"));
            self.record(at, line, What::State { socket, from, to });
        }
    }

    /// Names and states of all connections, for a failure report.
    pub(super) fn socket_states(&mut self) -> Vec<(String, TcpState)> {
        let named: Vec<(String, FlowKey)> = self
            .connections
            .iter()
            .filter_map(|(_, c)| flow_of(c).map(|flow| (self.socket_name(c), flow)))
            .collect();
        named
            .into_iter()
            .filter_map(|(name, flow)| Some((name, self.target.tcp_state(&flow).ok()?)))
            .collect()
    }

    /// `fd 4, 40001 > 8080`, or less where less is known.
    fn socket_name(&self, connection: &Connection) -> String {
        let label = connection.fd.and_then(|fd| self.descriptors.label(fd));
        match (label, connection.phase) {
            (Some(label), Phase::Listening) => {
                format!("fd {label}, listening on {}", connection.script_port())
            }
            (Some(label), _) => format!("fd {label}, {}", connection.ports_text()),
            (None, _) => format!("no fd, {}", connection.ports_text()),
        }
    }

    /// `tcp_state(..) = TCP_X`.
    pub(super) fn assert_state(
        &mut self,
        event: &Event,
        assertion: &StateAssertion,
        due: Due,
    ) -> Step<Finished> {
        if matches!(assertion.subject, StateSubject::Fd(_)) {
            self.let_blocked_calls_finish(event, due)?;
        }
        self.wait_for(event, due)?;
        if !self.mode.judges() {
            return self.ask_state(event, assertion);
        }
        let actual = self.state_of(event, &assertion.subject)?;
        let expected = &assertion.state.node;
        if actual.linux_name() != expected {
            let got = actual.linux_name();
            let message = format!("state: expected {expected}, got {got}");
            let field = FieldCheck {
                name: "state".into(),
                expected: expected.clone(),
                actual: got.into(),
                ok: false,
            };
            return Err(failure(Class::Content, assertion.state.span, event.span, message)
                .with_fields(vec![field])
                .fail());
        }
        Ok(Finished::at(self.target.now()))
    }

    /// The state that an assertion is about.
    pub(super) fn state_of(&mut self, event: &Event, subject: &StateSubject) -> Step<TcpState> {
        match subject {
            StateSubject::Fd(label) => self.state_of_label(event, label.node, label.span),
            StateSubject::Ports(ports) => {
                let flow = self.flow_of_ports(ports.node);
                self.target.tcp_state(&flow).map_err(|e| target_problem(e, event.span))
            }
        }
    }

    fn state_of_label(
        &mut self,
        event: &Event,
        label: i64,
        span: crate::script::source::Span,
    ) -> Step<TcpState> {
        let fd = self
            .descriptors
            .live(label)
            .map_err(|message| script_problem((span, message), event.span))?;
        let snapshot = self.target.probe(fd).map_err(|e| target_problem(e, event.span))?;
        let snapshot = snapshot.map_err(|errno| {
            let message = format!("descriptor {label} has no TCP state: {}", errno_text(errno));
            failure(Class::Script, span, event.span, message).error()
        })?;
        snapshot.tcp_info.first().copied().and_then(TcpState::from_number).ok_or_else(|| {
            let message = "the target gave no TCP_INFO";
            failure(Class::Environment, span, event.span, message).error()
        })
    }

    /// Ports as an inbound packet writes them: remote, then local.
    fn flow_of_ports(&self, ports: Ports) -> FlowKey {
        let local = SocketAddr::new(self.connections.bind_address().ip(), ports.dst);
        let remote = SocketAddr::new(self.connections.connect_address().ip(), ports.src);
        FlowKey { local, remote }
    }
}

/// What to ask the target for; none for a socket that is in no table of its.
fn flow_of(connection: &Connection) -> Option<FlowKey> {
    if connection.protocol != Protocol::Tcp {
        return None;
    }
    if connection.phase == Phase::Listening {
        let any: IpAddr = match connection.local.ip() {
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        return Some(FlowKey { local: connection.local, remote: SocketAddr::new(any, 0) });
    }
    let complete = connection.is_complete() && connection.phase != Phase::Connecting;
    complete.then_some(FlowKey { local: connection.local, remote: connection.remote })
}
