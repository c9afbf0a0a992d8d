//! Joins the pieces of what a script writes as one segment: a stack may cut the same bytes into
//! more packets than the script's author saw (TSO, GSO, MSS).

use crate::packet::{Packet, Tcp, TcpOption, Transport, flag};

/// Flags that may differ between pieces.
const FREE: u16 = flag::FIN | flag::PSH | flag::CWR;

/// Appends `next` to `first` if it continues it. Everything but the sequence number and CWR comes
/// from the last piece. All pieces carry `piece` bytes but the last, which completes the `want`
/// bytes of the script and may have any length. The error says why they do not belong together.
pub(crate) fn join(
    first: &mut Packet,
    next: &Packet,
    piece: usize,
    want: usize,
) -> Result<(), String> {
    let (Transport::Tcp(have), Transport::Tcp(more)) = (&mut first.transport, &next.transport)
    else {
        return Err("only TCP segments can be joined".into());
    };
    fits(have, more)?;
    let joined = have.payload.len() + more.payload.len();
    if joined > want {
        return Err(format!("the pieces make {joined} bytes"));
    }
    if joined < want && more.payload.len() != piece {
        let len = more.payload.len();
        return Err(format!("a piece of {len} bytes follows one of {piece}, and is not the last"));
    }
    let cwr = have.flags & flag::CWR;
    let mut payload = std::mem::take(&mut have.payload);
    payload.extend_from_slice(&more.payload);
    let flags = (more.flags & !flag::CWR) | cwr;
    *have = Tcp { seq: have.seq, payload, flags, options: more.options.clone(), ..*more };
    first.ip = next.ip.clone();
    Ok(())
}

fn fits(have: &Tcp, more: &Tcp) -> Result<(), String> {
    let len = u32::try_from(have.payload.len()).unwrap_or(u32::MAX);
    let ends = have.seq.wrapping_add(len);
    if more.seq != ends {
        // The difference means the same in the numbers of the script and of the wire.
        let off = i64::from(more.seq.wrapping_sub(ends).cast_signed());
        let (off, way) = (off.abs(), if off < 0 { "before" } else { "after" });
        return Err(format!("the next piece starts {off} bytes {way} the end of the one before"));
    }
    let differs = [
        ("flags", have.flags & !FREE != more.flags & !FREE),
        ("ack", have.ack != more.ack),
        ("win", have.window != more.window),
        ("urg", have.urgent != more.urgent),
        ("options", !same_kinds(&have.options, &more.options)),
    ];
    match differs.iter().find(|(_, differs)| *differs) {
        Some((name, _)) => Err(format!("the pieces differ in their {name}")),
        None => Ok(()),
    }
}

/// Timestamps may tick between two pieces, so values are free.
fn same_kinds(have: &[TcpOption], more: &[TcpOption]) -> bool {
    let kind = std::mem::discriminant::<TcpOption>;
    have.iter().map(kind).eq(more.iter().map(kind))
}

#[cfg(test)]
mod tests;
