//! The cells: state × segment × position, and state × call.

use std::fmt;

use crate::packet::{Tcp, flag};
use crate::target::TcpState;

/// The states in the order of a connection's life, as RFC 9293 has them and with Linux's half-open
/// requests; rows of every table.
pub const STATES: [TcpState; 12] = [
    TcpState::Close,
    TcpState::Listen,
    TcpState::SynSent,
    TcpState::SynRecv,
    TcpState::NewSynRecv,
    TcpState::Established,
    TcpState::FinWait1,
    TcpState::FinWait2,
    TcpState::CloseWait,
    TcpState::Closing,
    TcpState::LastAck,
    TcpState::TimeWait,
];

/// `ESTABLISHED`.
#[must_use]
pub fn state_name(state: TcpState) -> &'static str {
    state.linux_name().trim_start_matches("TCP_")
}

/// What can arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// SYN
    Syn,
    /// SYN,ACK
    SynAck,
    /// ACK that brings nothing
    Ack,
    /// FIN without ACK
    Fin,
    /// FIN,ACK, with data or without
    FinAck,
    /// RST
    Rst,
    /// RST,ACK
    RstAck,
    /// SYN,FIN
    SynFin,
    /// Neither of these, nor ACK
    NoFlags,
    /// Data
    Data,
    /// Data with an urgent pointer
    Urgent,
}

impl Kind {
    /// All of them, in the order of columns.
    pub const ALL: [Self; 11] = [
        Self::Syn,
        Self::SynAck,
        Self::Ack,
        Self::Fin,
        Self::FinAck,
        Self::Rst,
        Self::RstAck,
        Self::SynFin,
        Self::NoFlags,
        Self::Data,
        Self::Urgent,
    ];

    /// As in the names of scripts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Syn => "syn",
            Self::SynAck => "synack",
            Self::Ack => "ack",
            Self::Fin => "fin",
            Self::FinAck => "fin-ack",
            Self::Rst => "rst",
            Self::RstAck => "rst-ack",
            Self::SynFin => "syn-fin",
            Self::NoFlags => "no-flags",
            Self::Data => "data",
            Self::Urgent => "urg",
        }
    }

    /// Carries an acknowledgment.
    #[must_use]
    pub fn has_ack(self) -> bool {
        matches!(
            self,
            Self::SynAck | Self::Ack | Self::FinAck | Self::RstAck | Self::Data | Self::Urgent
        )
    }

    /// Of a segment.
    #[must_use]
    pub fn of(tcp: &Tcp) -> Self {
        let has = |mask| tcp.has(mask);
        match has(flag::ACK) {
            _ if has(flag::SYN | flag::FIN) && !has(flag::RST) => Self::SynFin,
            true if has(flag::RST) => Self::RstAck,
            false if has(flag::RST) => Self::Rst,
            true if has(flag::SYN) => Self::SynAck,
            false if has(flag::SYN) => Self::Syn,
            true if has(flag::FIN) => Self::FinAck,
            false if has(flag::FIN) => Self::Fin,
            false => Self::NoFlags,
            true if has(flag::URG) => Self::Urgent,
            true if tcp.payload.is_empty() => Self::Ack,
            true => Self::Data,
        }
    }
}

/// Where a segment lies: its sequence number in the window, or, at the left edge, its
/// acknowledgment among what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Position {
    /// The state has no window, and the segment no acknowledgment.
    Only,
    /// Before RCV.NXT.
    Before,
    /// At RCV.NXT, with an acknowledgment of everything or of nothing new.
    Left,
    /// In the window, but not at RCV.NXT.
    Inside,
    /// At the first number behind the window.
    Right,
    /// Further behind.
    Beyond,
    /// ACK: older than the peer's largest window.
    TooOld,
    /// ACK: before SND.UNA.
    Old,
    /// ACK: in SYN-SENT, of the SYN.
    Current,
    /// ACK: of what was never sent.
    Ahead,
}

impl Position {
    /// As in the names of scripts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Only => "any",
            Self::Before => "before-window",
            Self::Left => "left-edge",
            Self::Inside => "in-window",
            Self::Right => "right-edge",
            Self::Beyond => "beyond-window",
            Self::TooOld => "ack-too-old",
            Self::Old => "ack-old",
            Self::Current => "ack-current",
            Self::Ahead => "ack-ahead",
        }
    }

    /// The positions a segment can have in a state.
    #[must_use]
    pub fn of(state: TcpState, kind: Kind) -> &'static [Self] {
        use Position::{Ahead, Before, Beyond, Current, Inside, Left, Old, Only, Right, TooOld};
        match (state, kind.has_ack()) {
            (TcpState::Close | TcpState::Listen, _) | (TcpState::SynSent, false) => &[Only],
            (TcpState::SynSent, true) => &[Old, Current, Ahead],
            (TcpState::SynRecv | TcpState::NewSynRecv, true) => {
                &[Before, Left, Inside, Right, Beyond, Old, Ahead]
            }
            (_, false) => &[Before, Left, Inside, Right, Beyond],
            (_, true) => &[Before, Left, Inside, Right, Beyond, TooOld, Old, Ahead],
        }
    }
}

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// When.
    pub state: TcpState,
    /// What.
    pub kind: Kind,
    /// Where.
    pub position: Position,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { state, kind, position } = self;
        write!(f, "{} {} {}", state_name(*state), kind.name(), position.name())
    }
}

/// Every cell.
pub fn cells() -> impl Iterator<Item = Cell> {
    STATES.into_iter().flat_map(|state| {
        Kind::ALL.into_iter().flat_map(move |kind| {
            Position::of(state, kind).iter().map(move |&position| Cell { state, kind, position })
        })
    })
}

/// Calls of a program: a name for each group, and the names in scripts.
pub const CALLS: [(&str, &[&str]); 11] = [
    ("bind", &["bind"]),
    ("listen", &["listen"]),
    ("connect", &["connect"]),
    ("accept", &["accept"]),
    ("receive", &["read", "readv", "recv", "recvfrom", "recvmsg"]),
    ("send", &["write", "writev", "send", "sendto", "sendmsg", "sendfile"]),
    ("shutdown", &["shutdown"]),
    ("close", &["close"]),
    ("getsockopt", &["getsockopt"]),
    ("poll", &["poll"]),
    ("ioctl", &["ioctl"]),
];

/// The group of a call.
#[must_use]
pub fn call_group(name: &str) -> Option<&'static str> {
    CALLS.iter().find(|(_, names)| names.contains(&name)).map(|(group, _)| *group)
}

/// `ESTABLISHED close`, for every state a descriptor can be in.
pub fn calls() -> impl Iterator<Item = String> {
    let with_descriptor = STATES.into_iter().filter(|state| *state != TcpState::NewSynRecv);
    with_descriptor.flat_map(|state| {
        CALLS.iter().map(move |(group, _)| format!("{} {group}", state_name(state)))
    })
}
