//! Script ↔ live: which connection a packet line means, and what its numbers are on the wire.
//!
//! This is the only place where one becomes the other, in both directions.

mod connection;
mod drawn;
mod numbers;
mod observed;
mod quote;
mod table;

pub(crate) use connection::{Connection, Phase, Protocol, UnknownEcr};
pub(crate) use numbers::to_live;
pub(crate) use table::{ConnectionId, Connections};
