//! The states by their Linux names and numbers, and the questions asked of them.
//!
//! RFC 9293 §3.3.2 · Linux: include/net/tcp_states.h

/// `TCP_*` of Linux, with Linux's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "the variants are Linux's TCP_* names")]
pub enum TcpState {
    Established = 1,
    SynSent = 2,
    SynRecv = 3,
    FinWait1 = 4,
    FinWait2 = 5,
    TimeWait = 6,
    Close = 7,
    CloseWait = 8,
    LastAck = 9,
    Listen = 10,
    Closing = 11,
    NewSynRecv = 12,
}

impl TcpState {
    /// Every state, in Linux's numbering.
    pub const ALL: [Self; 12] = [
        Self::Established,
        Self::SynSent,
        Self::SynRecv,
        Self::FinWait1,
        Self::FinWait2,
        Self::TimeWait,
        Self::Close,
        Self::CloseWait,
        Self::LastAck,
        Self::Listen,
        Self::Closing,
        Self::NewSynRecv,
    ];

    /// Linux's number, as in `tcpi_state`.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The state with Linux's number `n`.
    #[must_use]
    pub fn from_number(n: u8) -> Option<Self> {
        Self::ALL.get(usize::from(n).checked_sub(1)?).copied()
    }

    /// `TCP_ESTABLISHED`, …
    #[must_use]
    pub const fn linux_name(self) -> &'static str {
        match self {
            Self::Established => "TCP_ESTABLISHED",
            Self::SynSent => "TCP_SYN_SENT",
            Self::SynRecv => "TCP_SYN_RECV",
            Self::FinWait1 => "TCP_FIN_WAIT1",
            Self::FinWait2 => "TCP_FIN_WAIT2",
            Self::TimeWait => "TCP_TIME_WAIT",
            Self::Close => "TCP_CLOSE",
            Self::CloseWait => "TCP_CLOSE_WAIT",
            Self::LastAck => "TCP_LAST_ACK",
            Self::Listen => "TCP_LISTEN",
            Self::Closing => "TCP_CLOSING",
            Self::NewSynRecv => "TCP_NEW_SYN_RECV",
        }
    }

    /// Whether the state is one of `mask` (Linux: `(1 << sk->sk_state) & TCPF_…`).
    #[must_use]
    pub const fn is_in(self, mask: StateMask) -> bool {
        mask.0 & (1 << self.number()) != 0
    }
}

/// A set of states: `TCPF_*` of Linux, or'ed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateMask(u16);

impl StateMask {
    /// States in which the application may still send: `TCPF_ESTABLISHED | TCPF_CLOSE_WAIT`.
    pub const CAN_SEND: Self = Self::of(&[TcpState::Established, TcpState::CloseWait]);
    /// States of an unfinished connect.
    pub const CONNECTING: Self = Self::of(&[TcpState::SynSent, TcpState::SynRecv]);
    /// States after our FIN was queued and while it is unacknowledged.
    pub const FIN_UNACKED: Self =
        Self::of(&[TcpState::FinWait1, TcpState::Closing, TcpState::LastAck]);
    /// States without a peer.
    pub const UNCONNECTED: Self = Self::of(&[TcpState::Close, TcpState::Listen]);
    /// States in which `tcp_disconnect` must tell the peer (Linux: tcp_need_reset).
    pub const NEED_RESET: Self = Self::of(&[
        TcpState::Established,
        TcpState::CloseWait,
        TcpState::FinWait1,
        TcpState::FinWait2,
        TcpState::SynRecv,
    ]);
    /// States in which the peer's FIN has not arrived, so data may (Linux: tcp_data_queue's).
    pub const CAN_RECEIVE: Self =
        Self::of(&[TcpState::Established, TcpState::FinWait1, TcpState::FinWait2]);

    /// The set of `states`.
    #[must_use]
    pub const fn of(states: &[TcpState]) -> Self {
        let mut bits = 0;
        let mut rest = states;
        while let [first, tail @ ..] = rest {
            bits |= 1 << first.number();
            rest = tail;
        }
        Self(bits)
    }
}
