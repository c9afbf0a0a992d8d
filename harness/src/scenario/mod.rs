//! Scenarios: what is done to a TCP, as plain data and without what must follow.
//!
//! One type for exploration, generated campaigns, fuzzers and minimising. Numbers of segments are
//! relative to what the peer has seen of the connection, so a scenario means the same on any
//! target; [`crate::engine`] or a fuzzer gives them their values while it runs.
//!
//! * [`model`]: the scenario and its steps; [`call`]: socket calls; [`segment`]: segments and ICMP
//!   errors; [`option`]: socket options by name. Nothing in there knows an engine or a target.

pub mod call;
pub mod model;
pub mod option;
pub mod peer;
pub mod play;
pub mod read;
pub mod segment;
mod words;
pub mod write;

pub use call::{Call, How, Slot};
pub use model::{Action, Family, Fate, LinkEvent, Scenario, Step};
pub use option::SockOption;
pub use peer::Peer;
pub use play::{Played, play, relative};
pub use read::from_script;
pub use segment::{Ack, IcmpError, IcmpKind, Number, Opt, Segment, Seq, Stamp};
pub use write::script_text;
