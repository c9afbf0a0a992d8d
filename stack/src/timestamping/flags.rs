//! What was asked for.
//!
//! Linux: SOF_TIMESTAMPING_* (include/uapi/linux/net_tstamp.h), sock_set_timestamping,
//! sock_set_timestamp (net/core/sock.c)

use crate::cx::Cx;
use crate::errno::Errno;
use crate::seq::Seq;
use crate::sock::Sock;
use crate::state::StateMask;
use crate::state::TcpState;

/// SO_TIMESTAMP_OLD, SO_TIMESTAMPNS_OLD, SO_TIMESTAMPING_OLD
pub(crate) const SO_TIMESTAMP_OLD: i32 = 29;
pub(crate) const SO_TIMESTAMPNS_OLD: i32 = 35;
pub(crate) const SO_TIMESTAMPING_OLD: i32 = 37;
/// SO_TIMESTAMP_NEW, SO_TIMESTAMPNS_NEW, SO_TIMESTAMPING_NEW
pub(crate) const SO_TIMESTAMP_NEW: i32 = 63;
pub(crate) const SO_TIMESTAMPNS_NEW: i32 = 64;
pub(crate) const SO_TIMESTAMPING_NEW: i32 = 65;

/// A set of SOF_TIMESTAMPING_* flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TsFlags(pub(crate) u32);

impl TsFlags {
    pub(crate) const TX_HARDWARE: u32 = 1;
    pub(crate) const TX_SOFTWARE: u32 = 1 << 1;
    pub(crate) const RX_SOFTWARE: u32 = 1 << 3;
    pub(crate) const SOFTWARE: u32 = 1 << 4;
    pub(crate) const OPT_ID: u32 = 1 << 7;
    pub(crate) const TX_SCHED: u32 = 1 << 8;
    pub(crate) const TX_ACK: u32 = 1 << 9;
    pub(crate) const OPT_CMSG: u32 = 1 << 10;
    pub(crate) const OPT_TSONLY: u32 = 1 << 11;
    pub(crate) const OPT_STATS: u32 = 1 << 12;
    pub(crate) const BIND_PHC: u32 = 1 << 15;
    pub(crate) const OPT_ID_TCP: u32 = 1 << 16;
    pub(crate) const OPT_RX_FILTER: u32 = 1 << 17;
    const TX_COMPLETION: u32 = 1 << 18;
    /// SOF_TIMESTAMPING_MASK
    const MASK: u32 = (Self::TX_COMPLETION << 1) - 1;
    /// SOF_TIMESTAMPING_TX_RECORD_MASK: what a single call may choose.
    pub(crate) const TX_RECORD_MASK: u32 =
        Self::TX_HARDWARE | Self::TX_SOFTWARE | Self::TX_SCHED | Self::TX_ACK | Self::TX_COMPLETION;

    /// One of these flags is set.
    pub(crate) const fn has(self, flags: u32) -> bool {
        self.0 & flags != 0
    }
}

/// SO_TIMESTAMP and SO_TIMESTAMPNS, of which only one can be on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum RcvTstamp {
    #[default]
    Off,
    /// SOCK_RCVTSTAMP alone: struct timeval.
    Micros,
    /// With SOCK_RCVTSTAMPNS: struct timespec.
    Nanos,
}

/// What a socket remembers of all this.
#[derive(Clone, Debug, Default)]
pub(crate) struct TstampVars {
    pub(crate) flags: TsFlags,
    /// Structures of 64-bit seconds under the new option numbers (SOCK_TSTAMP_NEW).
    pub(crate) new_layout: bool,
    pub(crate) rcv: RcvTstamp,
    /// Some packet was marked, so that packets need to be looked at.
    pub(crate) marked: bool,
    /// Sequence number that SOF_TIMESTAMPING_OPT_ID counts from (sk_tskey).
    pub(crate) tskey: Seq,
}

/// SO_TIMESTAMPING: the flags, then a number for SOF_TIMESTAMPING_BIND_PHC.
///
/// Linux: sock_set_timestamping (net/core/sock.c)
pub(crate) fn sock_set_timestamping(
    sk: &mut Sock,
    name: i32,
    value: &[u8],
    cx: &Cx,
) -> Result<(), Errno> {
    let first = value.first_chunk().ok_or(Errno::EINVAL)?;
    let val = TsFlags(u32::from_ne_bytes(*first));
    let id_without_base = val.has(TsFlags::OPT_ID_TCP) && !val.has(TsFlags::OPT_ID);
    let stats_with_data = val.has(TsFlags::OPT_STATS) && !val.has(TsFlags::OPT_TSONLY);
    let unknown = !cx.kernel.timestamping_opt_id_tcp && val.has(TsFlags::OPT_ID_TCP);
    if val.0 & !TsFlags::MASK != 0 || id_without_base || unknown {
        return Err(Errno::EINVAL);
    }
    if val.has(TsFlags::OPT_ID) && !sk.tstamp.flags.has(TsFlags::OPT_ID) {
        if sk.state().is_in(StateMask::of(&[TcpState::Close, TcpState::Listen])) {
            return Err(Errno::EINVAL);
        }
        let from_now = val.has(TsFlags::OPT_ID_TCP);
        sk.tstamp.tskey = if from_now { sk.snd.write_seq } else { sk.snd.una };
    }
    if stats_with_data {
        return Err(Errno::EINVAL);
    }
    if val.has(TsFlags::BIND_PHC) {
        // No device has a clock to bind to.
        return Err(Errno::EINVAL);
    }
    sk.tstamp.flags = val;
    sk.tstamp.new_layout = name == SO_TIMESTAMPING_NEW;
    Ok(())
}

/// SO_TIMESTAMPING as getsockopt reports it: the flags and no clock.
pub(crate) fn get_timestamping(sk: &Sock, name: i32) -> Vec<u8> {
    let asked = name == SO_TIMESTAMPING_OLD || sk.tstamp.new_layout;
    let flags = if asked { sk.tstamp.flags.0 } else { 0 };
    let mut bytes = flags.to_ne_bytes().to_vec();
    bytes.extend([0; 4]);
    bytes
}

/// SO_TIMESTAMP and SO_TIMESTAMPNS, old and new.
///
/// Linux: sock_set_timestamp (net/core/sock.c)
pub(crate) fn set_timestamp(sk: &mut Sock, name: i32, on: bool) {
    let nanos = matches!(name, SO_TIMESTAMPNS_OLD | SO_TIMESTAMPNS_NEW);
    sk.tstamp.rcv = match (on, nanos) {
        (false, _) => RcvTstamp::Off,
        (true, false) => RcvTstamp::Micros,
        (true, true) => RcvTstamp::Nanos,
    };
    if on {
        sk.tstamp.new_layout = matches!(name, SO_TIMESTAMP_NEW | SO_TIMESTAMPNS_NEW);
    }
}

/// SO_TIMESTAMP and SO_TIMESTAMPNS as getsockopt reports them.
///
/// Linux: sk_getsockopt (net/core/sock.c)
pub(crate) fn get_timestamp(sk: &Sock, name: i32) -> i32 {
    let TstampVars { rcv, new_layout, .. } = sk.tstamp;
    let is_on = match name {
        SO_TIMESTAMP_OLD => rcv == RcvTstamp::Micros && !new_layout,
        SO_TIMESTAMP_NEW => rcv != RcvTstamp::Off && new_layout,
        SO_TIMESTAMPNS_OLD => rcv == RcvTstamp::Nanos && !new_layout,
        _ => rcv == RcvTstamp::Nanos && new_layout,
    };
    i32::from(is_on)
}
