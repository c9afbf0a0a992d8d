//! Joins the pieces of what a script writes as one segment: a stack may cut the same bytes into
//! more packets than the script's author saw (TSO, GSO, MSS).

use crate::packet::{Packet, Tcp, Transport, flag};

/// Flags that may differ between pieces.
const FREE: u16 = flag::FIN | flag::PSH | flag::CWR;

/// Appends `next` to `first` if it continues it. Everything but the sequence number and CWR comes
/// from the last piece. The error says why they do not belong together.
pub(crate) fn join(first: &mut Packet, next: Packet, piece_len: usize) -> Result<(), String> {
    let next_ip = next.ip;
    let (Transport::Tcp(have), Transport::Tcp(more)) = (&mut first.transport, next.transport)
    else {
        return Err("only TCP segments can be joined".into());
    };
    if have.payload.len() % piece_len.max(1) != 0 {
        return Err("only the last piece of a segment may be shorter than the others".into());
    }
    if more.payload.len() > piece_len {
        return Err("the next piece is longer than the one before".into());
    }
    fits(have, &more)?;
    let cwr = have.flags & flag::CWR;
    let seq = have.seq;
    let mut payload = std::mem::take(&mut have.payload);
    payload.extend_from_slice(&more.payload);
    *have = Tcp { seq, payload, flags: (more.flags & !flag::CWR) | cwr, ..more };
    first.ip = next_ip;
    Ok(())
}

fn fits(have: &Tcp, more: &Tcp) -> Result<(), String> {
    let len = u32::try_from(have.payload.len()).unwrap_or(u32::MAX);
    if more.seq != have.seq.wrapping_add(len) {
        return Err(format!(
            "the next piece starts at {}, not at {}",
            more.seq,
            have.seq.wrapping_add(len)
        ));
    }
    let same = have.flags & !FREE == more.flags & !FREE
        && have.ack == more.ack
        && have.window == more.window
        && have.urgent == more.urgent
        && have.options == more.options;
    if same { Ok(()) } else { Err("the headers of the pieces differ".into()) }
}
