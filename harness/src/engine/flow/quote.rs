//! A packet of ours that the target quotes in an ICMP error, in script numbers.
//!
//! The other way round nothing is to be done: a line that quotes is built twice, once with the
//! numbers of the script and once with those of the wire.

use crate::packet::flag;
use crate::packet::icmp::{self, QuotedTransport};

use super::connection::Connection;

/// Offsets in a TCP header, RFC 9293, section 3.1.
const SEQ: usize = 4;
const ACK: usize = 8;
const FLAGS: usize = 13;
const TCP_CHECKSUM: usize = 16;
/// Offsets in a UDP header, RFC 768.
const UDP_CHECKSUM: usize = 6;
/// Of both.
const DST_PORT: usize = 2;

/// Rewrites the transport header that `body` quotes from `connection`, as far as it goes. The
/// checksum, which covers what was rewritten, is cleared. Options are left as they are.
pub(super) fn to_script(connection: &Connection, body: &mut [u8]) {
    let Some(quoted) = icmp::quoted(body) else { return };
    let Some(header) = icmp::transport_at(body).and_then(|at| body.get_mut(at..)) else { return };
    put(header, DST_PORT, connection.script_port().to_be_bytes());
    match quoted.transport {
        QuotedTransport::Tcp { .. } => tcp_to_script(connection, header),
        QuotedTransport::Udp { .. } => put(header, UDP_CHECKSUM, [0, 0]),
        QuotedTransport::Other(..) => {}
    }
}

/// As a script writes an inbound segment. Of one without flags nobody can say that it is a SYN.
fn tcp_to_script(connection: &Connection, header: &mut [u8]) {
    let flags = header.get(FLAGS).copied().map_or(0, u16::from);
    let (local, remote) = (connection.local_isn, connection.remote_isn);
    let syn = flags & flag::SYN != 0;
    shift(header, SEQ, if syn { 0 } else { remote.live });
    if flags & flag::ACK != 0 {
        shift(header, ACK, if syn { local.live.wrapping_sub(local.script) } else { local.live });
    }
    put(header, TCP_CHECKSUM, [0, 0]);
}

/// Takes `by` from the number at `at`.
fn shift(header: &mut [u8], at: usize, by: u32) {
    let number = header.get(at..).and_then(<[u8]>::first_chunk::<4>);
    if let Some(number) = number.map(|bytes| u32::from_be_bytes(*bytes)) {
        put(header, at, number.wrapping_sub(by).to_be_bytes());
    }
}

fn put<const N: usize>(header: &mut [u8], at: usize, bytes: [u8; N]) {
    if let Some(place) = header.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *place = bytes;
    }
}

#[cfg(test)]
mod tests;
