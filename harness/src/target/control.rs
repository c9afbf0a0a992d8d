//! Control messages of recvmsg() as values.

use super::syscall::ControlMessage;

const SOL_SOCKET: i32 = 1;
/// SCM_TIMESTAMP, SCM_TIMESTAMPNS, SCM_TIMESTAMPING, old and new.
const SCM_TIMESTAMP: [i32; 2] = [29, 63];
const SCM_TIMESTAMPNS: [i32; 2] = [35, 64];
const SCM_TIMESTAMPING: [i32; 2] = [37, 65];
const SCM_TIMESTAMPING_OPT_STATS: i32 = 54;
/// What only aligns the attribute after it.
const TCP_NLA_PAD: u16 = 0;

/// What a control message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// Stamps in microseconds, one or three; 0 for none.
    Stamps(Vec<i64>),
    /// `TCP_NLA_*` attributes in order.
    Stats(Vec<(u16, u64)>),
    /// Anything else.
    Other,
}

/// Reads `message`.
#[must_use]
pub fn control(message: &ControlMessage) -> Control {
    let of_socket = message.level == SOL_SOCKET;
    let is = |types: [i32; 2]| of_socket && types.contains(&message.ty);
    if is(SCM_TIMESTAMP) {
        Control::Stamps(stamps(&message.data, 1))
    } else if is(SCM_TIMESTAMPNS) || is(SCM_TIMESTAMPING) {
        Control::Stamps(stamps(&message.data, 1_000))
    } else if of_socket && message.ty == SCM_TIMESTAMPING_OPT_STATS {
        Control::Stats(attributes(&message.data))
    } else {
        Control::Other
    }
}

/// Seconds and a fraction of which `per_us` make a microsecond.
fn stamps(data: &[u8], per_us: i64) -> Vec<i64> {
    let long = |data: &[u8], at: usize| {
        let bytes = data.get(at..).and_then(|rest| rest.first_chunk());
        bytes.map_or(0, |bytes| i64::from_ne_bytes(*bytes))
    };
    let stamp = |data: &[u8]| {
        long(data, 0).saturating_mul(1_000_000).saturating_add(long(data, 8) / per_us)
    };
    data.chunks_exact(16).map(stamp).collect()
}

/// Netlink attributes with integer payloads. What only aligns the next one (TCP_NLA_PAD), on
/// machines that need it, is left out.
#[must_use]
pub fn attributes(mut data: &[u8]) -> Vec<(u16, u64)> {
    let mut found = Vec::new();
    while let (Some(&[a, b]), Some(&[c, d])) =
        (data.first_chunk::<2>(), data.get(2..).and_then(|rest| rest.first_chunk::<2>()))
    {
        let len = usize::from(u16::from_ne_bytes([a, b]));
        let Some(payload) = data.get(4..len) else { break };
        let mut bytes = [0; 8];
        for (slot, byte) in bytes.iter_mut().zip(payload) {
            *slot = *byte;
        }
        let kind = u16::from_ne_bytes([c, d]) & 0x3fff;
        if kind != TCP_NLA_PAD {
            found.push((kind, u64::from_le_bytes(bytes)));
        }
        data = data.get(len.next_multiple_of(4)..).unwrap_or_default();
    }
    found
}
