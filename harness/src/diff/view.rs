//! One log, arranged for comparison: what the script did, packets by flow, results by line.

use std::collections::BTreeMap;

use crate::engine::log::{Entry, Party, RunLog, What};
use crate::packet::{Packet, Transport};
use crate::script::ast::Direction;
use crate::target::{Returned, ScriptTime, TcpState};

/// Which packets belong together. The order is that of comparison, not of appearance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FlowKey {
    /// Ports of the target and of the other side.
    Tcp(u16, u16),
    Udp(u16, u16),
    Icmp,
}

/// Something the script did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stimulus {
    pub(super) entry: usize,
    pub(super) line: Option<usize>,
    pub(super) at: ScriptTime,
}

/// A log and what stands where in it.
pub(super) struct View<'a> {
    pub(super) log: &'a RunLog,
    /// In the order of the script.
    pub(super) stimuli: Vec<Stimulus>,
    /// Outbound packets.
    pub(super) flows: BTreeMap<FlowKey, Vec<usize>>,
    /// Results by the line of the call.
    pub(super) returns: BTreeMap<usize, Vec<usize>>,
    /// When its run stopped looking.
    pub(super) end: ScriptTime,
}

impl<'a> View<'a> {
    pub(super) fn new(log: &'a RunLog) -> Self {
        let last = log.entries.last().map_or(ScriptTime(0), |entry| entry.at);
        let end = log.until.map_or(last, |until| until.max(last));
        let mut view = Self {
            log,
            stimuli: Vec::new(),
            flows: BTreeMap::new(),
            returns: BTreeMap::new(),
            end,
        };
        for (index, entry) in log.entries.iter().enumerate() {
            view.place(index, entry);
        }
        view
    }

    fn place(&mut self, index: usize, entry: &Entry) {
        match &entry.what {
            What::Packet { direction: Direction::Outbound, packet, .. } => {
                self.flows.entry(flow_of(packet)).or_default().push(index);
            }
            What::Packet { direction: Direction::Inbound, .. }
            | What::Call { .. }
            | What::Command { .. } => {
                self.stimuli.push(Stimulus { entry: index, line: entry.line, at: entry.at });
            }
            What::Return { .. } => {
                self.returns.entry(entry.line.unwrap_or(0)).or_default().push(index);
            }
            What::Malformed { .. }
            | What::State { .. }
            | What::Ready { .. }
            | What::Info { .. }
            | What::Asked { .. }
            | What::Code { .. } => {}
        }
    }

    pub(super) fn entry(&self, index: usize) -> Option<&'a Entry> {
        self.log.entries.get(index)
    }

    /// The packet at `index`, and its text.
    pub(super) fn packet(&self, index: usize) -> Option<(&'a Packet, &'a str)> {
        match &self.entry(index)?.what {
            What::Packet { packet, text, .. } => Some((packet, text)),
            What::Malformed { .. }
            | What::Call { .. }
            | What::Return { .. }
            | What::Command { .. }
            | What::State { .. }
            | What::Ready { .. }
            | What::Info { .. }
            | What::Asked { .. }
            | What::Code { .. } => None,
        }
    }

    /// The result at `index`, and its text.
    pub(super) fn result(&self, index: usize) -> Option<(&'a Returned, &'a str)> {
        if let What::Return { text, result } = &self.entry(index)?.what {
            Some((result, text))
        } else {
            None
        }
    }

    pub(super) fn at(&self, index: usize) -> ScriptTime {
        self.entry(index).map_or(self.end, |entry| entry.at)
    }

    /// How many things the script had done before the entry at `index`.
    pub(super) fn stimuli_before(&self, index: usize) -> usize {
        self.stimuli.partition_point(|stimulus| stimulus.entry < index)
    }

    /// The last state that `socket` was seen in before the entry at `index`.
    pub(super) fn state_before(&self, socket: &str, index: usize) -> Option<TcpState> {
        let before = self.log.entries.iter().take(index).rev();
        before.into_iter().find_map(|entry| match &entry.what {
            What::State { socket: of, to, .. } if of == socket => Some(*to),
            What::State { .. }
            | What::Packet { .. }
            | What::Malformed { .. }
            | What::Call { .. }
            | What::Return { .. }
            | What::Command { .. }
            | What::Ready { .. }
            | What::Info { .. }
            | What::Asked { .. }
            | What::Code { .. } => None,
        })
    }

    /// The socket or connection of a flow; the newest with these ports.
    pub(super) fn party(&self, flow: FlowKey) -> Option<&'a Party> {
        let (FlowKey::Tcp(local, remote) | FlowKey::Udp(local, remote)) = flow else { return None };
        let of = |party: &&Party| (party.local_port, party.remote_port) == (local, remote);
        self.log.parties.iter().rev().find(of)
    }
}

pub(super) fn flow_of(packet: &Packet) -> FlowKey {
    match &packet.transport {
        Transport::Tcp(tcp) => FlowKey::Tcp(tcp.src_port, tcp.dst_port),
        Transport::Udp(udp) => FlowKey::Udp(udp.src_port, udp.dst_port),
        Transport::Icmp(_) => FlowKey::Icmp,
    }
}
