//! Inbound packet lines: injected at their time, in live numbers.

use std::net::SocketAddr;

use crate::packet::text::{TextOptions, packet_text};
use crate::packet::{Packet, Transport, build, md5_sign};
use crate::script::ast::{
    Direction, Event, Field, OptionsSpec, PacketBody, PacketSpec, TcpOptionSpec, TcpSpec,
};

use super::failure::{Step, failure, script_problem, target_problem};
use super::flow::{ConnectionId, to_live};
use super::log::What;
use super::outcome::Class;
use super::packets;
use super::schedule::Due;
use super::session::{Finished, Session};

impl Session<'_> {
    /// Builds the packet, waits for its time and injects it.
    pub(super) fn inbound(&mut self, event: &Event, spec: &PacketSpec, due: Due) -> Step<Finished> {
        let spec =
            &*self.names.in_packet(spec).map_err(|problem| script_problem(problem, event.span))?;
        let id = self.inbound_connection(event, spec)?;
        self.wait_for(event, due)?;
        let now = self.target.now();
        let numbered = self.numbers.packet(self.event_number, spec, now, &self.log);
        let spec = numbered.as_ref().unwrap_or(spec);
        let (script, live) = self.inbound_packet(event, spec, id)?;
        if let Transport::Tcp(tcp) = &script.transport {
            self.connections.on_inbound(id, tcp);
        }
        let mut bytes = build(&live).map_err(|why| {
            let message = format!("this packet cannot be built: {why}");
            failure(Class::Script, spec.span, event.span, message).error()
        })?;
        spec.malform.iter().for_each(|what| what.node.apply(&mut bytes));
        let at = self.target.inject(&bytes).map_err(|e| target_problem(e, event.span))?;
        let line = Some(self.line(event.span));
        let text = packet_text(&script, &TextOptions::default());
        let direction = Direction::Inbound;
        self.record(at, line, What::Packet { direction, packet: Box::new(script), text });
        self.capture(at, direction, bytes, line);
        Ok(Finished::at(at))
    }

    fn inbound_connection(&mut self, event: &Event, spec: &PacketSpec) -> Step<ConnectionId> {
        let current = self.connections.current();
        let none = || {
            let message = "no socket for this packet: none was created before it";
            failure(Class::Script, spec.span, event.span, message).error()
        };
        match &spec.body {
            PacketBody::Tcp(tcp) => {
                let (syn, seq) = (is_syn(tcp), seq_of(tcp));
                let ports = self
                    .names
                    .ports(spec)
                    .map_err(|problem| script_problem(problem, event.span))?;
                let target = &mut self.target;
                self.connections
                    .for_inbound_tcp(ports, syn, seq, || target.ephemeral_port())
                    .map_err(|e| target_problem(e, event.span))
            }
            PacketBody::Udp(_) | PacketBody::Icmp(_) => current.ok_or_else(none),
        }
    }

    /// The packet in script numbers and in live numbers.
    fn inbound_packet(
        &self,
        event: &Event,
        spec: &PacketSpec,
        id: ConnectionId,
    ) -> Step<(Packet, Packet)> {
        let gone =
            || failure(Class::Environment, spec.span, event.span, "the connection is gone").error();
        let connection = self.connections.get(id).ok_or_else(gone)?;
        let local = connection.local;
        let (here, peer) = self.ends(local, connection.remote);
        let told = SocketAddr::new(local.ip(), connection.script_port());
        let (told, _) = self.ends(told, connection.remote);
        // packetdrill maps the quoted number as one that counts from the connection's start.
        let quoted = |seq: u32| seq.wrapping_add(connection.local_isn.live);
        let built = |here: SocketAddr, quoted: &dyn Fn(u32) -> u32| {
            packets::from_spec(spec, peer, here, quoted)
                .map_err(|problem| script_problem(problem, event.span))
        };
        let script = built(told, &|seq| seq)?;
        let mut live = built(here, &quoted)?;
        if let Transport::Tcp(tcp) = &mut live.transport {
            to_live(connection, tcp, self.unknown_ecr()).map_err(|message| {
                let span = tcp_options_span(spec);
                failure(Class::Script, span, event.span, message)
                    .with_note("--tcp_ts_ecr_scaled allows values that were never sent")
                    .error()
            })?;
        }
        if let Some(secret) = &self.config.tcp_md5_secret
            && wants_signature(spec)
        {
            md5_sign(&mut live, secret.as_bytes());
        }
        Ok((script, live))
    }

    /// The ends of a connection, unknown ports filled in from the configuration.
    fn ends(&self, local: SocketAddr, remote: SocketAddr) -> (SocketAddr, SocketAddr) {
        let fill = |addr: SocketAddr, port: u16| {
            SocketAddr::new(addr.ip(), if addr.port() == 0 { port } else { addr.port() })
        };
        (fill(local, self.config.bind_port), fill(remote, self.config.connect_port))
    }
}

fn wants_signature(spec: &PacketSpec) -> bool {
    let PacketBody::Tcp(tcp) = &spec.body else { return false };
    let OptionsSpec::List(list, _) = &tcp.options else { return false };
    list.iter().any(|option| option.node == TcpOptionSpec::Md5Valid)
}

fn is_syn(tcp: &TcpSpec) -> bool {
    tcp.flags.node.value().is_some_and(|flags| flags.bits & crate::packet::flag::SYN != 0)
}

fn seq_of(tcp: &TcpSpec) -> u32 {
    match tcp.seq.start {
        Field::Value(seq) => seq,
        Field::Any => 0,
    }
}

fn tcp_options_span(spec: &PacketSpec) -> crate::script::source::Span {
    match &spec.body {
        PacketBody::Tcp(tcp) => match &tcp.options {
            OptionsSpec::List(_, span) | OptionsSpec::Any(span) => *span,
            OptionsSpec::None => spec.span,
        },
        PacketBody::Udp(_) | PacketBody::Icmp(_) => spec.span,
    }
}
