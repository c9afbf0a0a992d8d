//! A test case to a verdict.

pub mod packet_roundtrip;
pub mod script_parse;
