//! The legal transitions, one line each: the state machine on one screen.
//!
//! RFC 9293 §3.3.2 figure 5 and §3.10. The table holds what may happen; *when* it happens is decided
//! by the step of the RFC that raises the event, and stays there. Each row names the section and
//! the Linux function that makes the same move.
//!
//! Deliberately absent: rows that do not change the state (a reset segment in LISTEN is an answer,
//! not an edge).

use super::TcpState;

/// What moves a connection from one state to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// listen()
    PassiveOpen,
    /// connect()
    ActiveOpen,
    /// close() or shutdown(SHUT_WR) that ends the sending direction, or ends the socket.
    CloseCall,
    /// The peer's SYN without an ACK of ours.
    RecvSyn,
    /// SYN and acceptable ACK in one segment.
    RecvSynAck,
    /// The ACK of our SYN.
    RecvAckOfSyn,
    /// The peer's SYN with a valid Fast Open cookie: the socket does not wait for the ACK.
    FastOpen,
    /// The peer's FIN, in order.
    RecvFin,
    /// The ACK of our FIN.
    RecvAckOfFin,
    /// An acceptable RST.
    RecvRst,
    /// An ICMP error that ends a connection attempt.
    RecvIcmpError,
    /// Local abort: tcp_disconnect, a resetting close, or a protocol violation by the peer.
    Abort,
    /// A timer gave the connection up: retransmissions, keepalive, user timeout, orphan limits.
    GiveUp,
    /// The 2MSL timer, or the FIN-WAIT-2 timer.
    WaitTimeout,
}

impl Event {
    /// Every event, in declaration order.
    pub const ALL: [Self; 14] = [
        Self::PassiveOpen,
        Self::ActiveOpen,
        Self::CloseCall,
        Self::RecvSyn,
        Self::RecvSynAck,
        Self::RecvAckOfSyn,
        Self::FastOpen,
        Self::RecvFin,
        Self::RecvAckOfFin,
        Self::RecvRst,
        Self::RecvIcmpError,
        Self::Abort,
        Self::GiveUp,
        Self::WaitTimeout,
    ];
}

/// One legal transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// State before.
    pub from: TcpState,
    /// What happens.
    pub event: Event,
    /// State after.
    pub to: TcpState,
    /// Section of RFC 9293.
    pub rfc: &'static str,
    /// The Linux function that makes this move.
    pub linux: &'static str,
}

/// Writes rows as arrows; alternatives on the left are spelled out into one row each.
macro_rules! edges {
    ($($($from:ident)|+ -- $event:ident --> $to:ident, $rfc:literal, $linux:literal;)+) => {
        /// Every legal transition; nothing else can change a state.
        pub static EDGES: &[Edge] = &[
            $($(Edge {
                from: TcpState::$from,
                event: Event::$event,
                to: TcpState::$to,
                rfc: $rfc,
                linux: $linux,
            },)+)+
        ];
    };
}

edges! {
    // from                         event             to           RFC 9293     Linux
    Close                        -- PassiveOpen   --> Listen,      "3.10.1",   "inet_csk_listen_start";
    Close                        -- ActiveOpen    --> SynSent,     "3.10.1",   "tcp_v4_connect";

    // LISTEN. The half-open connection is an object of its own; the listener stays where it is.
    Listen                       -- RecvSyn       --> NewSynRecv,  "3.10.7.2", "tcp_conn_request";
    Listen                       -- CloseCall     --> Close,       "3.10.4",   "tcp_close_state";
    Listen                       -- Abort         --> Close,       "3.10.5",   "inet_csk_listen_stop";
    NewSynRecv                   -- RecvAckOfSyn  --> SynRecv,     "3.10.7.4", "tcp_check_req";
    NewSynRecv                   -- FastOpen      --> SynRecv,     "3.10.7.2", "tcp_fastopen_create_child";
    NewSynRecv                   -- RecvRst       --> Close,       "3.10.7.4", "tcp_check_req";
    NewSynRecv                   -- RecvSyn       --> Close,       "3.10.7.4", "tcp_check_req";
    NewSynRecv                   -- RecvIcmpError --> Close,       "3.9.2.2",  "tcp_req_err";
    NewSynRecv                   -- GiveUp        --> Close,       "3.10.8",   "reqsk_timer_handler";
    NewSynRecv                   -- Abort         --> Close,       "3.10.5",   "inet_csk_listen_stop";

    // SYN-SENT
    SynSent                      -- RecvSynAck    --> Established, "3.10.7.3", "tcp_finish_connect";
    SynSent                      -- RecvSyn       --> SynRecv,     "3.10.7.3", "tcp_rcv_synsent_state_process";
    SynSent                      -- RecvRst       --> Close,       "3.10.7.3", "tcp_reset";
    SynSent                      -- CloseCall     --> Close,       "3.10.4",   "tcp_close_state";

    // SYN-RECEIVED
    SynRecv                      -- RecvAckOfSyn  --> Established, "3.10.7.4", "tcp_rcv_state_process";
    SynRecv                      -- RecvFin       --> CloseWait,   "3.10.7.4", "tcp_fin";
    SynRecv                      -- CloseCall     --> FinWait1,    "3.10.4",   "tcp_close_state";

    // Data transfer and orderly release
    Established                  -- RecvFin       --> CloseWait,   "3.10.7.4", "tcp_fin";
    Established                  -- CloseCall     --> FinWait1,    "3.10.4",   "tcp_close_state";
    FinWait1                     -- RecvAckOfFin  --> FinWait2,    "3.10.7.4", "tcp_rcv_state_process";
    FinWait1                     -- RecvFin       --> Closing,     "3.10.7.4", "tcp_fin";
    FinWait2                     -- RecvFin       --> TimeWait,    "3.10.7.4", "tcp_fin";
    FinWait2                     -- WaitTimeout   --> Close,       "3.10.8",   "tcp_keepalive_timer";
    Closing                      -- RecvAckOfFin  --> TimeWait,    "3.10.7.4", "tcp_rcv_state_process";
    CloseWait                    -- CloseCall     --> LastAck,     "3.10.4",   "tcp_close_state";
    LastAck                      -- RecvAckOfFin  --> Close,       "3.10.7.4", "tcp_rcv_state_process";
    TimeWait                     -- WaitTimeout   --> Close,       "3.10.8",   "tw_timer_handler";
    TimeWait                     -- RecvSyn       --> Close,       "3.6.1",    "tcp_timewait_state_process";
    TimeWait                     -- RecvRst       --> Close,       "3.10.7.4", "tcp_timewait_state_process";
    TimeWait                     -- ActiveOpen    --> Close,       "3.6.1",    "tcp_twsk_unique";
    FinWait2                     -- ActiveOpen    --> Close,       "3.6.1",    "tcp_twsk_unique";

    // Ends that any connected state has
    SynRecv | Established | FinWait1 | FinWait2 | CloseWait | Closing | LastAck
                                 -- RecvRst       --> Close,       "3.10.7.4", "tcp_reset";
    SynSent | SynRecv            -- RecvIcmpError --> Close,       "3.9.2.2",  "tcp_v4_err";
    SynSent | SynRecv | Established | FinWait1 | FinWait2 | CloseWait | Closing | LastAck
                                 -- Abort         --> Close,       "3.10.5",   "tcp_disconnect, __tcp_close";
    SynSent | SynRecv | Established | FinWait1 | FinWait2 | CloseWait | Closing | LastAck
                                 -- GiveUp        --> Close,       "3.10.8",   "tcp_write_err";
}

/// The state that `event` leads to from `from`, if there is such an edge.
#[must_use]
pub fn next(from: TcpState, event: Event) -> Option<TcpState> {
    EDGES.iter().find(|edge| edge.from == from && edge.event == event).map(|edge| edge.to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_and_an_event_have_at_most_one_edge() {
        for (i, a) in EDGES.iter().enumerate() {
            for b in EDGES.iter().skip(i + 1) {
                assert!((a.from, a.event) != (b.from, b.event), "two edges: {a:?} {b:?}");
            }
        }
    }
}
