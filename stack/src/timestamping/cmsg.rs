//! Times as control messages, and what a control message of sendmsg() asks for.
//!
//! Linux: __sock_recv_timestamp (net/socket.c), put_cmsg_scm_timestamping (net/core/scm.c),
//! sock_cmsg_send (net/core/sock.c)

use super::flags::{
    RcvTstamp, SO_TIMESTAMP_NEW, SO_TIMESTAMP_OLD, SO_TIMESTAMPING_NEW, SO_TIMESTAMPING_OLD,
    SO_TIMESTAMPNS_NEW, SO_TIMESTAMPNS_OLD, TsFlags, TstampVars,
};
use crate::api::ControlMessage;
use crate::errno::Errno;
use crate::errqueue::ErrEntry;
use crate::sock::Sock;
use crate::time::Instant;

const SOL_SOCKET: i32 = 1;
const SCM_RIGHTS: i32 = 1;
const SCM_CREDENTIALS: i32 = 2;
const SO_PRIORITY: i32 = 12;
const SO_MARK: i32 = 36;
const SCM_TIMESTAMPING_OPT_STATS: i32 = 54;

/// The times of one message of the error queue.
///
/// Linux: __sock_recv_timestamp (net/socket.c)
pub(crate) fn sock_recv_timestamp(sk: &Sock, entry: &ErrEntry) -> Vec<ControlMessage> {
    let mut control = Vec::new();
    let Some(at) = entry.stamp else { return control };
    control.extend(scm_timestamp(&sk.tstamp, at));
    if sk.tstamp.flags.has(TsFlags::SOFTWARE) {
        control.push(scm_timestamping(&sk.tstamp, at));
        if entry.is_stats {
            let data = entry.payload.clone();
            control.push(ControlMessage {
                level: SOL_SOCKET,
                ty: SCM_TIMESTAMPING_OPT_STATS,
                data,
            });
        }
    }
    control
}

/// SO_TIMESTAMP or SO_TIMESTAMPNS, if one is on.
pub(super) fn scm_timestamp(vars: &TstampVars, at: Instant) -> Option<ControlMessage> {
    let pick = |old, new| if vars.new_layout { new } else { old };
    let (ty, fraction) = match vars.rcv {
        RcvTstamp::Off => return None,
        RcvTstamp::Micros => (pick(SO_TIMESTAMP_OLD, SO_TIMESTAMP_NEW), nanos(at) / 1000),
        RcvTstamp::Nanos => (pick(SO_TIMESTAMPNS_OLD, SO_TIMESTAMPNS_NEW), nanos(at)),
    };
    Some(ControlMessage { level: SOL_SOCKET, ty, data: pair(seconds(at), fraction) })
}

/// Three times, of which only the first, of the system's clock, is set.
pub(super) fn scm_timestamping(vars: &TstampVars, at: Instant) -> ControlMessage {
    let ty = if vars.new_layout { SO_TIMESTAMPING_NEW } else { SO_TIMESTAMPING_OLD };
    let mut data = pair(seconds(at), nanos(at));
    data.resize(3 * data.len(), 0);
    ControlMessage { level: SOL_SOCKET, ty, data }
}

fn seconds(at: Instant) -> u64 {
    at.as_nanos() / 1_000_000_000
}

fn nanos(at: Instant) -> u64 {
    at.as_nanos() % 1_000_000_000
}

/// A struct timeval or timespec; both are two words of 64 bits on the machines we speak for.
fn pair(first: u64, second: u64) -> Vec<u8> {
    [first, second].into_iter().flat_map(u64::to_ne_bytes).collect()
}

/// The flags that hold for one sendmsg(), with what its control messages say.
///
/// Linux: sock_cmsg_send, __sock_cmsg_send (net/core/sock.c)
pub(crate) fn sock_cmsg_send(sk: &Sock, control: &[ControlMessage]) -> Result<TsFlags, Errno> {
    let mut flags = sk.tstamp.flags;
    for message in control.iter().filter(|message| message.level == SOL_SOCKET) {
        match message.ty {
            SO_TIMESTAMPING_OLD | SO_TIMESTAMPING_NEW => {
                let bytes = message.data.as_slice().try_into().map_err(|_| Errno::EINVAL)?;
                let chosen = u32::from_ne_bytes(bytes);
                if chosen & !TsFlags::TX_RECORD_MASK != 0 {
                    return Err(Errno::EINVAL);
                }
                flags = TsFlags(flags.0 & !TsFlags::TX_RECORD_MASK | chosen);
            }
            // Neither shows on the wire.
            SO_MARK | SO_PRIORITY if message.data.len() == 4 => {}
            // They mean something to AF_UNIX.
            SCM_RIGHTS | SCM_CREDENTIALS => {}
            _ => return Err(Errno::EINVAL),
        }
    }
    Ok(flags)
}
