//! Packets of the harness: bytes to [`Packet`] and back, checked by our own strict walk and read
//! through `pnet`. Shares nothing with the parser of the reference stack, on purpose.

pub mod model;
mod payload;

pub use model::{Icmp, Ip, MplsEntry, Outer, Packet, Tcp, TcpOption, Transport, Udp, flag};
