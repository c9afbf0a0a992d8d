//! One connection (or listener, or socket not yet connected) as the engine follows it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::packet::{Tcp, flag};
use crate::target::Fd;

use super::super::log::DrawnKind;
use super::drawn::Drawn;

/// How far the engine has seen a connection get. Much coarser than TCP's own states: it decides
/// only which packets belong to it and when initial sequence numbers are learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// After socket().
    New,
    /// After listen(): the next inbound packet makes a child.
    Listening,
    /// After connect(): the next outbound SYN is its.
    Connecting,
    /// Its SYN was seen.
    SynSent,
    /// Initial sequence numbers of both sides are as known as they get.
    Open,
}

/// The transport of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// TCP
    Tcp,
    /// UDP
    Udp,
    /// ICMP or ICMPv6 (ping sockets)
    Icmp,
}

/// An initial sequence number on both sides of the mapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Isn {
    /// As the script writes it.
    pub(crate) script: u32,
    /// As on the wire.
    pub(crate) live: u32,
}

/// What a TSecr of the script stands for that no line saw the target send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnknownEcr {
    /// Nothing: it is a mistake of the script.
    Refused,
    /// A value as far from the first pair as the script's (`--tcp_ts_ecr_scaled`).
    Scaled,
    /// The same; before there is a pair, as far from the first value seen; and itself where none
    /// was seen.
    Guessed,
}

/// Script and live values of the target's timestamps.
#[derive(Debug, Default)]
pub(crate) struct Timestamps {
    /// Script value to live value; the last use of a script value wins.
    seen: BTreeMap<u32, u32>,
    /// First pair: script, live.
    first: Option<(u32, u32)>,
    /// The first live value that was mapped before any pair was known: 0 in logs.
    origin: Option<u32>,
}

impl Timestamps {
    /// An outbound packet carried `live` where the script says `script`.
    pub(crate) fn learn(&mut self, script: u32, live: u32) {
        self.seen.insert(script, live);
        self.first.get_or_insert((script, live));
    }

    /// The live value for a script TSecr that was sent, and what `unknown` says for others.
    pub(crate) fn live_ecr(&self, script: u32, unknown: UnknownEcr) -> Option<u32> {
        let linear = |(s, l): (u32, u32)| script.wrapping_sub(s).wrapping_add(l);
        let exact = self.seen.get(&script).copied();
        exact.or_else(|| match unknown {
            UnknownEcr::Refused => None,
            UnknownEcr::Scaled => self.first.map(linear),
            UnknownEcr::Guessed => {
                let first = self.first.or(self.origin.map(|live| (0, live)));
                Some(first.map_or(script, linear))
            }
        })
    }

    /// What live values count from, where one was seen.
    fn base(&self) -> Option<u32> {
        self.first.map(|(script, live)| live.wrapping_sub(script)).or(self.origin)
    }

    /// A live TSval in script numbers; before the first pair is known it counts from the first
    /// value that was asked for.
    pub(crate) fn script_val(&mut self, live: u32) -> u32 {
        let (script, base) = self.first.unwrap_or_else(|| (0, *self.origin.get_or_insert(live)));
        live.wrapping_sub(base).wrapping_add(script)
    }
}

/// What the engine knows of one connection.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Transport.
    pub(crate) protocol: Protocol,
    /// How far it got.
    pub(crate) phase: Phase,
    /// The target's end. Port 0 while unknown.
    pub(crate) local: SocketAddr,
    /// Our end. Port 0 while unknown.
    pub(crate) remote: SocketAddr,
    /// Its descriptor on the target, while it has one.
    pub(crate) fd: Option<Fd>,
    /// Initial sequence number of the target.
    pub(crate) local_isn: Isn,
    /// Initial sequence number that we play.
    pub(crate) remote_isn: Isn,
    /// Number and length (with the SYN itself) of the last SYN we sent to a connection that had one
    /// already. A SYN-ACK that answers it makes it [`Self::remote_isn`].
    pub(crate) syn_sent: Option<(u32, u32)>,
    /// The target's timestamps.
    pub(crate) timestamps: Timestamps,
    /// The last IPv6 flow label that a line named: the script's name, and the number that stands
    /// for the label in [`Self::drawn`].
    pub(crate) flow_label: Option<(u32, u32)>,
    /// What stands for values the target drew.
    pub(super) drawn: Drawn,
}

impl Connection {
    /// A socket that nothing has happened to.
    pub(crate) fn new(protocol: Protocol, local: SocketAddr, remote: SocketAddr) -> Self {
        Self {
            protocol,
            phase: Phase::New,
            local,
            remote,
            fd: None,
            local_isn: Isn::default(),
            remote_isn: Isn::default(),
            syn_sent: None,
            timestamps: Timestamps::default(),
            flow_label: None,
            drawn: Drawn::default(),
        }
    }

    /// The target sent `syn`, whose number the script calls `script`. On a socket or on ports that
    /// were used before, it starts everything anew.
    pub(crate) fn learn_isn(&mut self, script: u32, syn: &Tcp) {
        if self.local_isn.live != syn.seq {
            self.timestamps = Timestamps::default();
        }
        self.local_isn = Isn { script, live: syn.seq };
        let answered = |&mut (seq, len): &mut (u32, u32)| {
            syn.has(flag::ACK) && (1..=len).contains(&syn.ack.wrapping_sub(seq))
        };
        if let Some((seq, _)) = self.syn_sent.take_if(answered) {
            self.remote_isn = Isn { script: seq, live: seq };
        }
    }

    /// Both ends are known.
    pub(crate) fn is_complete(&self) -> bool {
        self.local.port() != 0 && self.remote.port() != 0
    }

    /// The target's port as logs and messages have it: that of [`Self::local`], unless the target
    /// chose that itself.
    pub(crate) fn script_port(&self) -> u16 {
        self.drawn.port.unwrap_or(self.local.port())
    }

    /// What the target drew for it, by kind.
    pub(crate) fn drawn(&self) -> BTreeMap<DrawnKind, Vec<u32>> {
        let (labels, ids) = self.drawn.seen();
        let port = self.drawn.port.map(|_| u32::from(self.local.port()));
        let isn = Some(self.local_isn.live).filter(|live| *live != 0);
        let one = |value: Option<u32>| value.into_iter().collect::<Vec<_>>();
        let kinds = [
            (DrawnKind::Isn, one(isn)),
            (DrawnKind::EphemeralPort, one(port)),
            (DrawnKind::TimestampBase, one(self.timestamps.base())),
            (DrawnKind::FlowLabel, labels),
            (DrawnKind::IpId, ids),
        ];
        kinds.into_iter().filter(|(_, values)| !values.is_empty()).collect()
    }

    /// `40001 > 8080`: the name of the connection in logs, as an inbound packet writes its ports.
    pub(crate) fn ports_text(&self) -> String {
        format!("{} > {}", self.remote.port(), self.script_port())
    }
}
