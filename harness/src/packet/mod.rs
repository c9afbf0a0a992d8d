//! Packets of the harness: bytes to [`Packet`] and back, checked by our own strict walk and read
//! through `pnet`. Shares nothing with the parser of the reference stack, on purpose.

pub mod build;
pub mod checksum;
pub mod icmp;
pub mod malform;
pub mod md5;
pub mod model;
mod options;
pub mod parse;
pub(crate) mod payload;
pub mod pcap;
pub mod strict;
pub mod text;

pub use build::{BuildError, build};
pub use checksum::transport_checksum_ok;
pub use malform::Malform;
pub use md5::{md5_digest, md5_sign};
pub use model::{Icmp, Ip, MplsEntry, Outer, Packet, Tcp, TcpOption, Transport, Udp, flag};
pub use parse::{parse, parse_with};
pub use strict::{Decap, StrictError};
pub use text::{Show, TextOptions, flags_text, option_text, packet_text};
