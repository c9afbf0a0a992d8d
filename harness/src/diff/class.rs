//! What a difference is called: the state of the connection, and what happened to it last.

use super::verdict::{Class, Seen};
use super::view::{FlowKey, View};
use crate::engine::log::What;
use crate::packet::{Packet, Transport, flag};
use crate::script::ast::Direction;
use crate::target::ScriptTime;

/// What happens so long after the script did something is the work of a timer.
const AT_ONCE_US: i64 = 3_000;

/// The side of a difference at entry `index`.
pub(super) fn seen(view: &View<'_>, index: usize) -> Option<Seen> {
    let entry = view.entry(index)?;
    Some(Seen { entry: index, at: entry.at, text: entry.what.to_string() })
}

/// The class of something that happened at `index` of `view`.
pub(super) fn class(
    view: &View<'_>,
    index: usize,
    socket: Option<&str>,
    rule: impl Into<String>,
    field: impl Into<String>,
) -> Class {
    let state = socket.and_then(|socket| view.state_before(socket, index));
    let state = state.map_or("-", |state| state.linux_name().trim_start_matches("TCP_"));
    let event = event_before(view, index);
    Class { state: state.into(), event, rule: rule.into(), field: field.into() }
}

/// The name of the socket of a flow.
pub(super) fn socket<'a>(view: &View<'a>, flow: FlowKey) -> Option<&'a str> {
    view.party(flow).map(|party| party.socket.as_str())
}

/// 1-based line of the last thing that the script did before `index`.
pub(super) fn line_before(view: &View<'_>, index: usize) -> Option<usize> {
    let count = view.stimuli_before(index);
    view.stimuli.get(count.checked_sub(1)?)?.line
}

fn event_before(view: &View<'_>, index: usize) -> String {
    let count = view.stimuli_before(index);
    let Some(last) = count.checked_sub(1).and_then(|at| view.stimuli.get(at)) else {
        return "start".into();
    };
    let at: ScriptTime = view.at(index);
    if at.since(last.at) > AT_ONCE_US {
        return "timeout".into();
    }
    let what = view.entry(last.entry).map(|entry| &entry.what);
    what.map_or_else(|| "start".into(), event_name)
}

fn event_name(what: &What) -> String {
    match what {
        What::Packet { packet, direction: Direction::Inbound, .. } => {
            format!("rcv-{}", packet_kind(packet))
        }
        What::Call { text } | What::Return { text, .. } => {
            format!("call-{}", text.split('(').next().unwrap_or(text).trim())
        }
        What::Command { .. } => "command".into(),
        What::Packet { .. }
        | What::Malformed { .. }
        | What::State { .. }
        | What::Ready { .. }
        | What::Info { .. }
        | What::Asked { .. }
        | What::Code { .. } => "other".into(),
    }
}

/// `syn`, `syn-ack`, `fin`, `rst`, `data`, `ack`, `icmp`, `udp`, `none` (no flags).
pub(super) fn packet_kind(packet: &Packet) -> &'static str {
    let tcp = match &packet.transport {
        Transport::Tcp(tcp) => tcp,
        Transport::Udp(_) => return "udp",
        Transport::Icmp(_) => return "icmp",
    };
    let kinds = [
        (tcp.has(flag::RST), "rst"),
        (tcp.has(flag::SYN | flag::ACK), "syn-ack"),
        (tcp.has(flag::SYN), "syn"),
        (tcp.has(flag::FIN), "fin"),
        (!tcp.payload.is_empty(), "data"),
        (tcp.has(flag::ACK), "ack"),
    ];
    kinds.into_iter().find(|(is, _)| *is).map_or("none", |(_, name)| name)
}
