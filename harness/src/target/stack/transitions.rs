//! The stack's table of transitions, in the harness's words.

use crate::target::TcpState;
use crate::target::transition::Transition;

/// Every edge of the table.
#[must_use]
pub fn transitions() -> Vec<Transition> {
    let state = |state: synproof_stack::state::TcpState| TcpState::from_number(state.number());
    let edges = synproof_stack::state::EDGES.iter();
    edges
        .filter_map(|edge| {
            Some(Transition {
                from: state(edge.from)?,
                event: format!("{:?}", edge.event),
                to: state(edge.to)?,
                rfc: edge.rfc,
                linux: edge.linux,
            })
        })
        .collect()
}
