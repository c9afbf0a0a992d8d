//! The only writer of a connection's state.
//!
//! Linux: tcp_set_state (net/ipv4/tcp.c). Ours takes the *event*, not the new state: the table says
//! where it leads, and an event without an edge is a bug of this crate that asserts in every build.

use super::{Event, TcpState, edges};
use crate::cx::Cx;
use crate::fastopen::reqsk_fastopen_remove;
use crate::flow::Flow;
use crate::mib::Counter;
use crate::sock::Sock;
use crate::trace::TraceEvent;

/// Holds a state and lets nobody outside this module change it. It moves with the connection:
/// from the half-open request to the socket, and from the socket to its TIME-WAIT remainder.
#[derive(Debug, PartialEq, Eq)]
pub struct StateCell(TcpState);

impl StateCell {
    /// A connection that does not exist yet.
    pub(crate) const fn closed() -> Self {
        Self(TcpState::Close)
    }

    /// A connection about to be born out of a listener.
    pub(crate) const fn of_listener() -> Self {
        Self(TcpState::Listen)
    }

    /// The present state.
    #[must_use]
    pub const fn get(&self) -> TcpState {
        self.0
    }
}

/// Moves `sk` along the edge of `event`.
///
/// Linux: tcp_set_state (net/ipv4/tcp.c) · Differs: takes an event; unhashing is an effect.
#[track_caller]
pub(crate) fn tcp_set_state(sk: &mut Sock, event: Event, cx: &mut Cx) {
    let flow = sk.flow;
    advance(&mut sk.state, flow, event, cx);
    if sk.state() == TcpState::Close {
        reqsk_fastopen_remove(sk, false, cx);
        sk.unhash(cx);
    }
}

/// Moves any kind of connection object along the edge of `event`.
#[track_caller]
pub(crate) fn advance(cell: &mut StateCell, flow: Flow, event: Event, cx: &mut Cx) {
    let from = cell.get();
    let next = edges::next(from, event);
    assert!(next.is_some(), "no edge for {event:?} in {from:?}");
    let Some(to) = next else { return };
    count(from, to, cx);
    cell.0 = to;
    cx.trace.push(TraceEvent::StateChanged { at: cx.now, flow, from, event, to });
}

/// The counters RFC 4022 attaches to transitions (Linux bumps them in tcp_set_state).
fn count(from: TcpState, to: TcpState, cx: &mut Cx) {
    let was_up = matches!(from, TcpState::Established | TcpState::CloseWait);
    if to == TcpState::Close && was_up {
        cx.mib.inc(Counter::TcpEstabResets);
    }
}
