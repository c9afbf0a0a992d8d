//! What a program asks for: RFC 9293 §3.10.1 to §3.10.6 as Linux's system calls, one a file.
//!
//! A call that may sleep returns [`Poll::Pending`](std::task::Poll) and is simply made again, with
//! the same [`Sleep`], when the stack has an event or the sleep's deadline has come.

mod accept;
mod address;
mod bind;
pub(crate) mod close;
pub(crate) mod connect;
mod disconnect;
mod fcntl;
mod file;
mod getsockopt;
mod hash_connect;
mod ioctl;
mod listen;
mod message;
mod option_table;
mod poll;
pub(crate) mod readiness;
mod recv;
pub(crate) mod send;
mod setsockopt;
mod shutdown;
mod sleep;
mod socket;
pub(crate) mod sockopt;
mod sockopt_ip;
mod sockopt_ipv6;
mod sockopt_socket;
mod splice;
mod tcp_info;

pub use accept::Accepted;
pub use bind::Address;
pub use message::{ControlMessage, Message};
pub use poll::{EpollEvent, EpollOp, PollFd};
pub use recv::Received;
pub use send::MsgFlags;
pub use shutdown::How;
pub use sleep::Sleep;
pub use socket::Domain;
pub use splice::SpliceSide;
