//! Logs made by hand, for the tests of comparison.

use std::collections::BTreeMap;

use super::Rules;
use crate::engine::log::{DrawnKind, Entry, Party, RunLog, What};
use crate::packet::text::{TextOptions, packet_text};
use crate::packet::{Ip, Packet, Tcp, TcpOption, Transport, flag};
use crate::script::ast::Direction;
use crate::target::{Clock, Returned, ScriptTime, TargetInfo, TcpState};

pub(crate) const ACK: u16 = flag::ACK;

/// A target with that clock.
pub(crate) fn target(name: &str, clock: Clock) -> TargetInfo {
    TargetInfo { name: name.into(), version: "6.12".into(), clock, capabilities: Vec::new() }
}

/// The rules between two virtual clocks with ticks of a millisecond.
pub(crate) fn rules() -> Rules {
    let tick_us = 1_000;
    let left = target("stack", Clock::Virtual { tick_us });
    Rules::between(&left, &target("uml", Clock::TimeTravel { tick_us })).unwrap()
}

/// The same where the right side is on the machine's clock.
pub(crate) fn real_rules() -> Rules {
    let left = target("stack", Clock::Virtual { tick_us: 1_000 });
    Rules::between(&left, &target("linux", Clock::Real { tick_us: 4_000 })).unwrap()
}

/// A segment of the target without options.
pub(crate) fn segment(flags: u16, seq: u32, ack: u32, len: usize) -> Tcp {
    let (payload, window) = (vec![0; len], 65_535);
    Tcp { src_port: 8080, dst_port: 40_001, seq, ack, flags, window, payload, ..Tcp::default() }
}

pub(crate) fn ts(val: u32) -> Vec<TcpOption> {
    vec![TcpOption::Nop, TcpOption::Nop, TcpOption::Ts { val, ecr: 7 }]
}

/// Adds to a log.
#[derive(Clone, Default)]
pub(crate) struct Sample(pub(crate) RunLog);

impl Sample {
    /// A listener's child that is open: lines 1 to 3, all at 0.
    pub(crate) fn open() -> Self {
        let party = Party {
            socket: "#1".into(),
            local_port: 8080,
            remote_port: 40_001,
            drawn: BTreeMap::new(),
        };
        let mut sample = Self::default();
        sample.0.parties.push(party);
        sample
            .sends_in(0, 1, segment(flag::SYN, 0, 0, 0))
            .sends(0, segment(flag::SYN | ACK, 0, 1, 0))
            .sends_in(0, 3, segment(ACK, 1, 1, 0))
            .state(0, 3, TcpState::Established)
    }

    pub(crate) fn what(mut self, at: i64, line: impl Into<Option<usize>>, what: What) -> Self {
        self.0.entries.push(Entry { at: ScriptTime(at), line: line.into(), what });
        self
    }

    fn packet(self, at: i64, line: Option<usize>, direction: Direction, tcp: Tcp) -> Self {
        let (here, there) = ("192.168.0.1".parse().unwrap(), "192.0.2.1".parse().unwrap());
        let ip = Ip { ttl: 64, dont_fragment: true, ..Ip::new(here, there) };
        let packet = Packet { outer: Vec::new(), ip, transport: Transport::Tcp(tcp) };
        let text = packet_text(&packet, &TextOptions::default());
        self.what(at, line, What::Packet { direction, packet: Box::new(packet), text })
    }

    /// The script injects.
    pub(crate) fn sends_in(self, at: i64, line: usize, tcp: Tcp) -> Self {
        self.packet(at, Some(line), Direction::Inbound, tcp)
    }

    /// The target sends.
    pub(crate) fn sends(self, at: i64, tcp: Tcp) -> Self {
        self.packet(at, None, Direction::Outbound, tcp)
    }

    pub(crate) fn call(self, at: i64, line: usize, text: &str) -> Self {
        self.what(at, line, What::Call { text: text.into() })
    }

    pub(crate) fn returns(self, at: i64, line: usize, text: &str, result: Returned) -> Self {
        self.what(at, line, What::Return { text: text.into(), result: Box::new(result) })
    }

    pub(crate) fn state(self, at: i64, line: usize, to: TcpState) -> Self {
        self.what(at, line, What::State { socket: "#1".into(), from: None, to })
    }

    pub(crate) fn info(self, at: i64, line: usize, name: &str, value: u64) -> Self {
        let fields = BTreeMap::from([(name.to_owned(), value)]);
        self.what(at, line, What::Info { socket: "#1".into(), fields })
    }

    pub(crate) fn drawn(mut self, kind: DrawnKind, value: u32) -> Self {
        self.0.parties.iter_mut().for_each(|party| {
            party.drawn.entry(kind).or_default().push(value);
        });
        self
    }
}
