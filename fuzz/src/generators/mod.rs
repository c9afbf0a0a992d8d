//! Raw bytes or a seed to a test case.

pub mod datagram;
pub mod script;
