//! A test case to a verdict.

pub mod canary;
pub mod differential;
pub mod options_parse;
pub mod packet_roundtrip;
pub mod reaction;
pub mod scenario;
pub mod script_parse;
pub mod segment_parse;
pub mod two_peers;
