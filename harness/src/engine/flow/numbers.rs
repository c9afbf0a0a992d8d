//! Sequence numbers, SACK blocks and timestamps between script and wire.
//!
//! In a segment with SYN both numbers are absolute, in every other they count from the first SYN of
//! that side; arithmetic is modulo 2^32.

use crate::packet::{Tcp, TcpOption, flag};

use super::connection::{Connection, UnknownEcr};

/// Script numbers of an inbound segment become live ones. An error names a TSecr that the target
/// never sent.
pub(crate) fn to_live(
    connection: &Connection,
    tcp: &mut Tcp,
    unknown_ecr: UnknownEcr,
) -> Result<(), String> {
    let syn = tcp.has(flag::SYN);
    let seq_offset = if syn { 0 } else { connection.remote_isn.live };
    let local = connection.local_isn;
    let ack_offset = if syn { local.live.wrapping_sub(local.script) } else { local.live };
    tcp.seq = tcp.seq.wrapping_add(seq_offset);
    let has_ack = tcp.has(flag::ACK);
    if has_ack {
        tcp.ack = tcp.ack.wrapping_add(ack_offset);
    }
    for option in &mut tcp.options {
        if let TcpOption::Sack(blocks) = option {
            shift(blocks, ack_offset);
        } else if let TcpOption::Ts { ecr, .. } = option
            && has_ack
        {
            *ecr = connection.timestamps.live_ecr(*ecr, unknown_ecr).ok_or_else(|| {
                format!(
                    "no outbound packet has carried TS val {ecr}, so ecr {ecr} has no live value"
                )
            })?;
        }
    }
    Ok(())
}

/// Live numbers of an outbound segment become script ones.
pub(super) fn to_script(connection: &mut Connection, tcp: &mut Tcp) {
    let syn = tcp.has(flag::SYN);
    let local = connection.local_isn;
    let seq_offset = if syn { local.live.wrapping_sub(local.script) } else { local.live };
    let ack_offset = if syn { 0 } else { connection.remote_isn.live };
    if !answers_without_ack(tcp) {
        tcp.seq = tcp.seq.wrapping_sub(seq_offset);
    }
    if tcp.has(flag::ACK) {
        tcp.ack = tcp.ack.wrapping_sub(ack_offset);
    }
    for option in &mut tcp.options {
        if let TcpOption::Sack(blocks) = option {
            shift(blocks, ack_offset.wrapping_neg());
        } else if let TcpOption::Ts { val, .. } = option {
            *val = connection.timestamps.script_val(*val);
        }
    }
}

/// The reset that answers a segment without ACK: its sequence number is 0 on any connection
/// (RFC 9293, section 3.10.7.1), so it counts from nothing.
fn answers_without_ack(tcp: &Tcp) -> bool {
    tcp.has(flag::RST | flag::ACK) && tcp.seq == 0
}

fn shift(blocks: &mut [(u32, u32)], by: u32) {
    for (left, right) in blocks {
        *left = left.wrapping_add(by);
        *right = right.wrapping_add(by);
    }
}

#[cfg(test)]
mod tests;
