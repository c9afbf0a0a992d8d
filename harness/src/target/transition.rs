//! The transitions a TCP may make, as values: the axis of edges in coverage.

use super::TcpState;

/// One edge of a state machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// State before.
    pub from: TcpState,
    /// What happens, as the stack names it (`RecvFin`).
    pub event: String,
    /// State after.
    pub to: TcpState,
    /// Section of RFC 9293.
    pub rfc: &'static str,
    /// The Linux function that makes this move.
    pub linux: &'static str,
}

/// Those of the reference stack, which are Linux's; none in a build without it.
#[must_use]
pub fn transitions() -> Vec<Transition> {
    #[cfg(feature = "target-stack")]
    return super::stack::transitions();
    #[cfg(not(feature = "target-stack"))]
    Vec::new()
}
