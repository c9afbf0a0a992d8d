//! Bytes to [`Segment`] and back. Formats only, no policy: what a stack does about a segment is
//! decided in `input` and `output`.
//!
//! This parser and the harness's are deliberately separate, so that they can judge each other.
#![cfg_attr(
    not(feature = "fuzzing"),
    allow(
        dead_code,
        unreachable_pub,
        unused_imports,
        reason = "public to the cross-parser oracle, and only to it"
    )
)]

mod checksum;
mod icmp;
mod ipv4;
mod ipv6;
mod options;
mod read;
mod segment;
mod tcp;

pub use icmp::IcmpError;
pub use options::{AccEcn, Fastopen, OptionBuf, Options, SackBlock, SackBlocks, Ts};
pub use segment::{Flags, Ingress, IpHeader, Segment, WireError};
pub(crate) use tcp::fixed_header;
pub(crate) use tcp::parse_long_unverified;
pub use tcp::{emit, parse};
