//! Plays a scenario against a stack, with nothing in between: no script, no engine, no file.
//!
//! * [`player`]: step by step, and the end of it; [`program`]: the calls;
//! * [`peer`]: what the peer has seen, which gives the numbers of a segment their values;
//! * [`arrival`], [`seen`]: packets to the stack, packets from it;
//! * [`wire`]: what the wire shows of a connection, lost packets included, and what must hold of it;
//! * [`duty`]: what must come of it with time;
//! * [`setting`]: what is the same from the first step of a scenario to its last.

pub mod arrival;
pub mod duty;
pub mod numbers;
pub mod peer;
pub mod player;
pub mod program;
pub mod seen;
pub mod setting;
pub mod wire;

pub use player::{Played, play};
