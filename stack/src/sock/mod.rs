//! Data and invariants of sockets; no protocol decisions.

pub(crate) mod ofo_queue;
pub(crate) mod recv_queue;
pub(crate) mod sack_list;
pub(crate) mod write_queue;
