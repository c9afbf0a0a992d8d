//! The objects a connection can be, and their variables: data and invariants, no protocol decisions.
//!
//! Three structs where the data really differs, as in Linux: [`RequestSock`] while half-open,
//! [`Sock`] from there on, [`TimeWaitSock`] for what outlives the socket.

pub(crate) mod chrono;
pub(crate) mod chunk;
pub(crate) mod control_block;
pub(crate) mod kept;
mod listener;
pub(crate) mod loss;
pub(crate) mod ofo_queue;
mod options;
pub(crate) mod rate;
pub(crate) mod recv_queue;
mod request;
pub(crate) mod sack_list;
#[expect(clippy::module_inception, reason = "Linux's name for the thing")]
mod sock;
mod timewait;
pub(crate) mod write_queue;

pub(crate) use chrono::Chrono;
pub(crate) use control_block::{EcnMode, EcnVars, RxOpt};
pub(crate) use listener::AcceptQueue;
pub(crate) use ofo_queue::OfoQueue;
pub(crate) use options::{Linger, Locks, NonAgle, SockOptions, TCP_DELACK_MAX_MS, TxTime};
pub(crate) use recv_queue::RecvQueue;
pub use request::RequestSock;
pub(crate) use sack_list::SackList;
pub(crate) use sock::{ConnectPhase, IPV6_DEFAULT_HOPLIMIT};
pub use sock::{Shutdown, Sock, SockId};
pub use timewait::TimeWaitSock;
pub(crate) use write_queue::WriteQueue;
