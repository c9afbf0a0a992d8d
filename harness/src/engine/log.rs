//! Everything a run observed, in script coordinates and in order: input of reports, comparison and
//! replay.

use serde::{Deserialize, Serialize};

use crate::packet::Packet;
use crate::script::ast::Direction;
use crate::target::{ScriptTime, TcpState};

/// What one run of one script observed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunLog {
    /// In the order things happened.
    pub entries: Vec<Entry>,
    /// The raw packets, for captures; not part of the serialised log.
    #[serde(skip)]
    pub capture: Vec<Captured>,
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
        /// Decoded, in script numbers.
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
