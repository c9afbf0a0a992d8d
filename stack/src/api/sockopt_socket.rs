//! Options of SOL_SOCKET with more to them than a number.
//!
//! Linux: sk_setsockopt, sk_getsockopt, sock_setbindtodevice, sock_set_timeout
//! (net/core/sock.c), tcp_set_rcvlowat (net/ipv4/tcp.c)

use std::net::SocketAddr;

use super::address::as_seen_by;
use super::readiness::tcp_data_ready;
use super::sockopt::*;
use crate::caps::Capability;
use crate::cx::Cx;
use crate::errno::Errno;
use crate::output::window::{tcp_set_rcvbuf_for, tcp_space_from_win};
use crate::sock::kept;
use crate::sock::{Locks, Sock, TxTime};
use crate::state::TcpState;

/// IFNAMSIZ
const IFNAMSIZ: usize = 16;
/// SOCK_BUF_LOCK_MASK: SOCK_SNDBUF_LOCK, SOCK_RCVBUF_LOCK
const SOCK_SNDBUF_LOCK: i32 = 1;
const SOCK_RCVBUF_LOCK: i32 = 2;
/// SOF_TXTIME_FLAGS_MASK
const SOF_TXTIME_FLAGS: u32 = 3;
/// CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_TAI
const CLOCKS: [i32; 3] = [0, 1, 11];
const CLOCK_MONOTONIC: i32 = 1;
/// SZ_1G
const SZ_1G: i32 = 1 << 30;
/// Interactive at most, without a privilege.
const MAX_PRIORITY: i32 = 6;

/// The options of this file; none if `name` is another.
pub(super) fn set(
    sk: &mut Sock,
    name: i32,
    value: &[u8],
    cx: &mut Cx,
) -> Option<Result<(), Errno>> {
    Some(match name {
        SO_BINDTODEVICE => bind_to_device(sk, value, cx),
        SO_BINDTOIFINDEX => int(value).and_then(|index| bind_to_index(sk, index, cx)),
        SO_PRIORITY => int(value).and_then(|val| set_priority(sk, val, cx)),
        SO_MARK => int(value).and_then(|val| set_mark(sk, val, cx)),
        SO_RCVLOWAT => int(value).map(|val| tcp_set_rcvlowat(sk, val, cx)),
        SO_RCVTIMEO | SO_RCVTIMEO_NEW => timeval(value, cx.hz).map(|t| sk.opts.rcvtimeo = t),
        SO_SNDTIMEO | SO_SNDTIMEO_NEW => timeval(value, cx.hz).map(|t| sk.opts.sndtimeo = t),
        SO_LOCK_FILTER => int(value).and_then(|val| {
            let unlocks = sk.opts.filter_locked && val == 0;
            sk.opts.filter_locked |= val != 0;
            if unlocks { Err(Errno::EPERM) } else { Ok(()) }
        }),
        SO_BUSY_POLL_BUDGET => int(value).and_then(|val| set_busy_poll_budget(sk, val, cx)),
        SO_TXTIME => set_txtime(sk, value, cx),
        SO_BUF_LOCK => int(value).and_then(|val| set_buf_lock(sk, val)),
        // Memory can only be reserved where a memory cgroup accounts for it.
        SO_RESERVE_MEM => {
            let most = if cx.kernel.reserve_mem_bounded { SZ_1G } else { i32::MAX };
            let in_range = |val| (0..=most).contains(&val);
            int(value)
                .and_then(|val| Err(if in_range(val) { Errno::EOPNOTSUPP } else { Errno::EINVAL }))
        }
        SO_TXREHASH => int(value).and_then(|val| {
            sk.opts.txrehash = match val {
                -1 => cx.sysctl.txrehash != 0,
                0 | 1 => val == 1,
                _ => return Err(Errno::EINVAL),
            };
            Ok(())
        }),
        _ => return None,
    })
}

/// Linux: sock_setbindtodevice — the name ends with the value, or with its first zero.
fn bind_to_device(sk: &mut Sock, value: &[u8], cx: &Cx) -> Result<(), Errno> {
    let name = value.split(|byte| *byte == 0).next().unwrap_or_default();
    let name = name.get(..IFNAMSIZ - 1).unwrap_or(name);
    let index = if name.is_empty() { 0 } else { cx.net.device_named(name).ok_or(Errno::ENODEV)? };
    bind_to_index(sk, index, cx)
}

/// Only who may send raw packets can leave an interface again.
///
/// Linux: sock_bindtoindex_locked
fn bind_to_index(sk: &mut Sock, index: i32, cx: &Cx) -> Result<(), Errno> {
    if sk.opts.bound_dev_if != 0 && !cx.caps.has(Capability::NET_RAW) {
        return Err(Errno::EPERM);
    }
    sk.opts.bound_dev_if = u32::try_from(index).map_err(|_| Errno::EINVAL)?.cast_signed();
    Ok(())
}

fn set_priority(sk: &mut Sock, val: i32, cx: &Cx) -> Result<(), Errno> {
    let may = (0..=MAX_PRIORITY).contains(&val) || cx.caps.has_raw_or_admin();
    if !may {
        return Err(Errno::EPERM);
    }
    sk.opts.priority = val;
    Ok(())
}

fn set_mark(sk: &mut Sock, val: i32, cx: &Cx) -> Result<(), Errno> {
    if !cx.caps.has_raw_or_admin() {
        return Err(Errno::EPERM);
    }
    sk.opts.mark = val.cast_unsigned();
    Ok(())
}

/// At most half of the buffer; a buffer that was not fixed grows to hold it.
///
/// Linux: tcp_set_rcvlowat (net/ipv4/tcp.c)
fn tcp_set_rcvlowat(sk: &mut Sock, val: i32, cx: &mut Cx) {
    let asked = u32::try_from(val).unwrap_or(u32::MAX);
    let most = u32::try_from(cx.sysctl.tcp_rmem.max).unwrap_or(u32::MAX);
    let cap = if sk.opts.locks.rcvbuf { sk.opts.rcvbuf } else { most } >> 1;
    let lowat = asked.min(cap);
    sk.opts.rcvlowat = lowat.max(1);
    tcp_data_ready(sk, cx);
    let space = tcp_space_from_win(sk, lowat);
    if !sk.opts.locks.rcvbuf && space > sk.opts.rcvbuf {
        tcp_set_rcvbuf_for(sk, space, lowat);
    }
}

fn set_busy_poll_budget(sk: &mut Sock, val: i32, cx: &Cx) -> Result<(), Errno> {
    if val > sk.opts.busy_poll_budget && !cx.caps.has(Capability::NET_ADMIN) {
        return Err(Errno::EPERM);
    }
    sk.opts.busy_poll_budget = u16::try_from(val).map_err(|_| Errno::EINVAL)?.into();
    Ok(())
}

fn set_txtime(sk: &mut Sock, value: &[u8], cx: &Cx) -> Result<(), Errno> {
    let clockid = int(value)?;
    let flags = int(value.get(4..8).unwrap_or_default())?.cast_unsigned();
    if value.len() != 8 || flags & !SOF_TXTIME_FLAGS != 0 {
        return Err(Errno::EINVAL);
    }
    if clockid != CLOCK_MONOTONIC && !cx.caps.has(Capability::NET_ADMIN) {
        return Err(Errno::EPERM);
    }
    if !CLOCKS.contains(&clockid) {
        return Err(Errno::EINVAL);
    }
    sk.opts.txtime = TxTime { clockid, flags };
    Ok(())
}

fn set_buf_lock(sk: &mut Sock, val: i32) -> Result<(), Errno> {
    if val & !(SOCK_SNDBUF_LOCK | SOCK_RCVBUF_LOCK) != 0 {
        return Err(Errno::EINVAL);
    }
    let (sndbuf, rcvbuf) = (val & SOCK_SNDBUF_LOCK != 0, val & SOCK_RCVBUF_LOCK != 0);
    sk.opts.locks = Locks { sndbuf, rcvbuf };
    Ok(())
}

/// The options of this file; none if `name` is another.
pub(super) fn get(sk: &Sock, name: i32, len: usize, cx: &Cx) -> Option<Result<Vec<u8>, Errno>> {
    let flag = |on: bool| Ok(int_bytes(i32::from(on)));
    Some(match name {
        SO_BINDTODEVICE => device_name(sk, len, cx),
        SO_BINDTOIFINDEX => Ok(int_bytes(sk.opts.bound_dev_if)),
        SO_RCVTIMEO | SO_RCVTIMEO_NEW => Ok(timeval_bytes(sk.opts.rcvtimeo, cx.hz)),
        SO_SNDTIMEO | SO_SNDTIMEO_NEW => Ok(timeval_bytes(sk.opts.sndtimeo, cx.hz)),
        SO_LOCK_FILTER => flag(sk.opts.filter_locked),
        SO_TXTIME => {
            let mut bytes = int_bytes(sk.opts.txtime.clockid);
            bytes.extend(sk.opts.txtime.flags.to_ne_bytes());
            Ok(bytes)
        }
        SO_BUF_LOCK => {
            let Locks { sndbuf, rcvbuf } = sk.opts.locks;
            let snd = if sndbuf { SOCK_SNDBUF_LOCK } else { 0 };
            Ok(int_bytes(snd | if rcvbuf { SOCK_RCVBUF_LOCK } else { 0 }))
        }
        SO_TXREHASH => flag(sk.opts.txrehash),
        SO_INCOMING_CPU => {
            // There is one processor; whoever has never received anything knows none.
            let seen = if sk.total.segs_in == 0 { -1 } else { 0 };
            Ok(int_bytes(sk.opts.kept.get_or(kept::SO_INCOMING_CPU, seen)))
        }
        // A number of its own for every socket there ever was.
        SO_COOKIE if len >= 8 => Ok(u64::from(sk.id.0).to_ne_bytes().to_vec()),
        SO_NETNS_COOKIE if len == 8 => Ok(1_u64.to_ne_bytes().to_vec()),
        SO_COOKIE | SO_NETNS_COOKIE => Err(Errno::EINVAL),
        // No filter is attached: SO_GET_FILTER has no instruction to show.
        SO_ATTACH_FILTER => Ok(Vec::new()),
        SO_PEERNAME => peer_name(sk, len),
        _ => return None,
    })
}

/// Linux: sock_getbindtodevice
fn device_name(sk: &Sock, len: usize, cx: &Cx) -> Result<Vec<u8>, Errno> {
    if sk.opts.bound_dev_if == 0 {
        return Ok(Vec::new());
    }
    if len < IFNAMSIZ {
        return Err(Errno::EINVAL);
    }
    let name = cx.net.device(sk.opts.bound_dev_if).ok_or(Errno::ENODEV)?;
    Ok(name.bytes().chain([0]).collect())
}

/// The name of the peer also while the handshake goes on.
fn peer_name(sk: &Sock, len: usize) -> Result<Vec<u8>, Errno> {
    if sk.flow.remote.port() == 0 || sk.state() == TcpState::Listen {
        return Err(Errno::ENOTCONN);
    }
    let bytes = sockaddr(as_seen_by(sk, sk.flow.remote));
    if bytes.len() < len { Err(Errno::EINVAL) } else { Ok(bytes) }
}

/// `struct sockaddr_in` or `sockaddr_in6`.
fn sockaddr(addr: SocketAddr) -> Vec<u8> {
    let family: u16 = if addr.is_ipv4() { 2 } else { 10 };
    let mut bytes = family.to_ne_bytes().to_vec();
    bytes.extend(addr.port().to_be_bytes());
    match addr {
        SocketAddr::V4(v4) => {
            bytes.extend(v4.ip().octets());
            bytes.resize(16, 0);
        }
        SocketAddr::V6(v6) => {
            bytes.extend([0; 4]);
            bytes.extend(v6.ip().octets());
            bytes.extend(v6.scope_id().to_ne_bytes());
        }
    }
    bytes
}
