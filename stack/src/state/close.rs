//! What ending the sending direction does in each state.
//!
//! RFC 9293 §3.10.4 CLOSE · Linux: new_state[] and tcp_close_state (net/ipv4/tcp.c)

use super::TcpState;

/// Reaction of one state to close() or shutdown(SHUT_WR).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseAction {
    /// Nothing to end: no connection, or our FIN is already on its way.
    Nothing,
    /// The state becomes CLOSE at once; nobody has to be told.
    Delete,
    /// The state advances and a FIN follows the last data.
    SendFin,
}

/// The reaction of every state, exhaustively.
#[must_use]
pub const fn close_action(state: TcpState) -> CloseAction {
    match state {
        TcpState::Established | TcpState::SynRecv | TcpState::CloseWait => CloseAction::SendFin,
        TcpState::SynSent | TcpState::Listen => CloseAction::Delete,
        TcpState::FinWait1
        | TcpState::FinWait2
        | TcpState::TimeWait
        | TcpState::Close
        | TcpState::LastAck
        | TcpState::Closing
        | TcpState::NewSynRecv => CloseAction::Nothing,
    }
}
