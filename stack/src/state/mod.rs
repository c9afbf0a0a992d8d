//! The state machine: the states, the one table of legal edges, and the one function that walks it.

pub mod close;
pub mod edges;
mod tcp_state;
mod transition;

pub use edges::{EDGES, Edge, Event};
pub use tcp_state::{StateMask, TcpState};
pub use transition::StateCell;
pub(crate) use transition::{advance, tcp_set_state};
