//! Raw bytes or a seed to a test case.

pub mod datagram;
pub mod option_area;
pub mod scenario;
pub mod script;
pub mod story;
