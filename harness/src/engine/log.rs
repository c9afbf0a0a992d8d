//! Everything a run observed, in script coordinates and in order: input of reports, comparison and
//! replay.
//!
//! No entry holds a value that the target drew at random. So two runs on a clock that is virtual
//! give the same log, and logs of two targets differ only where the targets do. `engine::flow` maps
//! what the target sent, and what was injected stands here as the script has it:
//!
//! | value | in the log |
//! |---|---|
//! | sequence numbers | count from the initial one that the script writes; from 0 where no line is about the SYN |
//! | TS val | counts from the first pair of script and wire; before there is one, from the first value |
//! | port that the target chose itself | 49152 for the first such connection, 49153 for the next, …; ports that the script chose stay |
//! | IPv6 flow label | 1 for the first label of the connection, 2 for the next that differs, …; 0 for none |
//! | IPv4 identification | 0 with DF, where it means nothing (RFC 6864); else numbered as flow labels are |
//! | identifier of an echo request | numbered as flow labels are |
//! | MD5 digest | zeros |
//! | what an ICMP error quotes | mapped as the packet itself; its checksum is 0 |
//! | packet of no connection | sequence numbers from the first of its flow |
//! | descriptor that a call returned, or that epoll_wait() gives back | its label in the script |
//! | stamp of a wall clock in a control message | script time |
//!
//! Packets as they were on the wire are in [`RunLog::capture`] and in the files of `--pcap`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::packet::Packet;
use crate::script::ast::Direction;
use crate::target::{Returned, ScriptTime, TcpState};

/// What one run of one script observed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunLog {
    /// In the order things happened.
    pub entries: Vec<Entry>,
    /// Sockets and connections with what the target drew for them, in the order of their names.
    /// Only a run that observes has them: two of its runs differ in nothing else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parties: Vec<Party>,
    /// How long a run that observes looked: what did not come by then may come yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<ScriptTime>,
    /// The raw packets, for captures; not part of the serialised log.
    #[serde(skip)]
    pub capture: Vec<Captured>,
}

/// A socket or connection of the script, or a flow that is of none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Party {
    /// As in [`What::State`].
    pub socket: String,
    /// Port of the target, in script coordinates; 0 while it has none.
    pub local_port: u16,
    /// Port of the other side; 0 while it has none.
    pub remote_port: u16,
    /// What the target chose, by kind.
    pub drawn: BTreeMap<DrawnKind, Vec<u32>>,
}

/// A kind of value that a target draws and the log replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DrawnKind {
    /// Its initial sequence number.
    Isn,
    /// The port it connected from.
    EphemeralPort,
    /// What its timestamps count from.
    TimestampBase,
    /// Flow labels, in the order of their numbers.
    FlowLabel,
    /// Identifications of datagrams that may be fragmented, in the order of their numbers.
    IpId,
}

/// One observation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When, in script time.
    pub at: ScriptTime,
    /// 1-based line of the script event it belongs to; none for what no line asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What was observed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum What {
    /// A packet, injected or sent by the target, mapped to script numbers.
    Packet {
        /// Which way.
        direction: Direction,
        /// Decoded, in script coordinates: see the head of this file.
        packet: Box<Packet>,
        /// In script notation.
        text: String,
    },
    /// A datagram that is not well formed.
    Malformed {
        /// Why.
        reason: String,
    },
    /// A call was made.
    Call {
        /// In script notation, without the result.
        text: String,
    },
    /// A call returned.
    Return {
        /// In script notation, with the result (`accept(3, ..., ...) = 4`).
        text: String,
        /// The same as values, in script coordinates.
        result: Box<Returned>,
    },
    /// A shell command ran.
    Command {
        /// Its text.
        text: String,
        /// Its exit status.
        status: i32,
    },
    /// A socket or connection changed its state.
    State {
        /// `#1` for the first socket or connection of the script, and so on: the same name in every
        /// run and on every target, as ports are not.
        socket: String,
        /// Before; none when it is seen for the first time.
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<TcpState>,
        /// Now.
        to: TcpState,
    },
    /// What poll() would say of a socket, where that has changed. Only a run that observes asks.
    Ready {
        /// As in [`What::State`].
        socket: String,
        /// The events of `poll(2)`.
        events: i16,
    },
    /// `TCP_INFO` of a socket: the fields that have changed. Only a run that observes asks, and
    /// what measures the time since something, or a rate, is left out.
    Info {
        /// As in [`What::State`].
        socket: String,
        /// By their names in `struct tcp_info`.
        fields: BTreeMap<String, u64>,
    },
    /// What a `tcp_state()` line of an observing run saw.
    Asked {
        /// `tcp_state(4)`
        text: String,
        /// None where there was nothing to ask.
        state: Option<TcpState>,
    },
    /// What a code block of an observing run came to.
    Code {
        /// Why not all of it holds.
        failed: Option<String>,
    },
}

/// A packet as it was on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captured {
    /// When.
    pub at: ScriptTime,
    /// Which way.
    pub direction: Direction,
    /// From the IP header on.
    pub bytes: Vec<u8>,
    /// Line of the script event it belongs to.
    pub line: Option<usize>,
}
