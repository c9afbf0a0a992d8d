//! setsockopt().
//!
//! Linux: sk_setsockopt (net/core/sock.c), do_tcp_setsockopt (net/ipv4/tcp.c), do_ip_setsockopt,
//! do_ipv6_setsockopt

use super::sockopt::*;
use crate::congestion::Algorithm;
use crate::cx::Cx;
use crate::errno::Errno;
use crate::errqueue::{set_recverr, set_zerocopy};
use crate::output::ack::tcp_send_ack;
use crate::output::pacing::set_max_pacing_rate;
use crate::output::window::tcp_set_window_clamp;
use crate::output::write::tcp_push_pending_frames;
use crate::sock::{Linger, Sock};
use crate::stack::Stack;
use crate::state::{StateMask, TcpState};
use crate::table::Fd;
use crate::time::Instant;
use crate::timer::{Timer, keepalive_time_ms, reset_keepalive_timer};
use crate::timestamping::{set_timestamp, sock_set_timestamping};

/// SOCK_MIN_SNDBUF, SOCK_MIN_RCVBUF
const SOCK_MIN_SNDBUF: u32 = 4608;
const SOCK_MIN_RCVBUF: u32 = 2304;
/// MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL, MAX_TCP_KEEPCNT, MAX_TCP_SYNCNT
const MAX_TCP_KEEPIDLE: i32 = 32_767;
const MAX_TCP_KEEPCNT: i32 = 127;
/// MAX_TCP_WINDOW
const MAX_TCP_WINDOW: i32 = 32_767;
/// TCP_FIN_TIMEOUT_MAX: 120 seconds.
const TCP_FIN_TIMEOUT_MAX_SECS: i32 = 120;

impl Stack {
    /// Sets an option.
    pub fn setsockopt(
        &mut self,
        now: Instant,
        fd: Fd,
        level: i32,
        name: i32,
        value: &[u8],
    ) -> Result<(), Errno> {
        self.set_now(now);
        let id = self.fds.sock(fd)?;
        self.enter(id, |sk, cx| match level {
            SOL_SOCKET => sol_socket(sk, name, value, cx),
            SOL_TCP => do_tcp_setsockopt(sk, name, value, cx),
            SOL_IP => do_ip_setsockopt(sk, name, value),
            SOL_IPV6 => do_ipv6_setsockopt(sk, name, value),
            _ => Err(Errno::ENOPROTOOPT),
        })
        .unwrap_or(Err(Errno::EBADF))
    }
}

/// Linux: sk_setsockopt
fn sol_socket(sk: &mut Sock, name: i32, value: &[u8], cx: &mut Cx) -> Result<(), Errno> {
    if name == SO_LINGER {
        return set_linger(sk, value);
    }
    if matches!(name, SO_RCVTIMEO | SO_SNDTIMEO) {
        let us = timeval(value)?;
        if name == SO_RCVTIMEO {
            sk.opts.rcvtimeo_us = us;
        } else {
            sk.opts.sndtimeo_us = us;
        }
        return Ok(());
    }
    if matches!(name, SO_TIMESTAMPING_OLD | SO_TIMESTAMPING_NEW) {
        return sock_set_timestamping(sk, name, value);
    }
    let val = int(value)?;
    let on = val != 0;
    match name {
        SO_DEBUG => {}
        SO_REUSEADDR => sk.opts.reuseaddr = on,
        SO_REUSEPORT => sk.opts.reuseport = on,
        SO_DONTROUTE => sk.opts.dontroute = on,
        SO_BROADCAST => sk.opts.broadcast = on,
        SO_OOBINLINE => sk.opts.oobinline = on,
        SO_KEEPALIVE => set_keepalive(sk, on, cx),
        SO_SNDBUF => set_sndbuf(sk, val.min(cx.sysctl.wmem_max)),
        SO_SNDBUFFORCE => set_sndbuf(sk, val.max(0)),
        SO_RCVBUF => set_rcvbuf(sk, val.min(cx.sysctl.rmem_max)),
        SO_RCVBUFFORCE => set_rcvbuf(sk, val.max(0)),
        SO_RCVLOWAT => {
            let lowat = if val < 0 { i32::MAX } else { val.max(1) };
            sk.opts.rcvlowat = lowat.unsigned_abs();
        }
        SO_ZEROCOPY => set_zerocopy(sk, val)?,
        SO_TIMESTAMP_OLD | SO_TIMESTAMPNS_OLD | SO_TIMESTAMP_NEW | SO_TIMESTAMPNS_NEW => {
            set_timestamp(sk, name, on);
        }
        SO_PEEK_OFF => sk.opts.peek_off = val,
        SO_PRIORITY => sk.opts.priority = val,
        SO_MARK => sk.opts.mark = val.cast_unsigned(),
        SO_MAX_PACING_RATE => {
            let int = if val == -1 { u64::MAX } else { u64::from(val.cast_unsigned()) };
            set_max_pacing_rate(
                sk,
                value.first_chunk().map_or(int, |long| u64::from_ne_bytes(*long)),
            );
        }
        _ => return Err(Errno::ENOPROTOOPT),
    }
    Ok(())
}

fn set_linger(sk: &mut Sock, value: &[u8]) -> Result<(), Errno> {
    let on = int(value)?;
    let secs = int(value.get(4..).unwrap_or_default())?;
    sk.opts.linger = Linger { on: on != 0, secs: if on != 0 { secs } else { sk.opts.linger.secs } };
    Ok(())
}

/// The kernel keeps twice what was asked for, to have room for overhead.
fn set_sndbuf(sk: &mut Sock, val: i32) {
    sk.opts.locks.sndbuf = true;
    let asked = val.min(i32::MAX / 2).cast_unsigned();
    sk.opts.sndbuf = asked.saturating_mul(2).max(SOCK_MIN_SNDBUF);
}

fn set_rcvbuf(sk: &mut Sock, val: i32) {
    sk.opts.locks.rcvbuf = true;
    let asked = val.min(i32::MAX / 2).cast_unsigned();
    sk.opts.rcvbuf = asked.saturating_mul(2).max(SOCK_MIN_RCVBUF);
}

/// Linux: tcp_set_keepalive (net/ipv4/tcp_timer.c)
fn set_keepalive(sk: &mut Sock, on: bool, cx: &Cx) {
    if !sk.state().is_in(StateMask::UNCONNECTED) {
        if on && !sk.opts.keepalive {
            let time = keepalive_time_ms(sk, cx);
            reset_keepalive_timer(sk, time, cx);
        } else if !on {
            sk.timers.stop(Timer::Keepalive);
        }
    }
    sk.opts.keepalive = on;
}

/// Linux: do_tcp_setsockopt
fn do_tcp_setsockopt(sk: &mut Sock, name: i32, value: &[u8], cx: &mut Cx) -> Result<(), Errno> {
    if let Some(result) = crate::repair::setsockopt(sk, name, value, cx) {
        return result;
    }
    if name == TCP_CONGESTION {
        return set_congestion(sk, value, cx);
    }
    if let Some(outcome) = crate::fastopen::setsockopt(sk, name, value, cx) {
        return outcome;
    }
    let val = int(value)?;
    let in_range = |max: i32| (1..=max).contains(&val).then(|| val.unsigned_abs());
    match name {
        TCP_NODELAY => {
            sk.opts.nonagle.off = val != 0;
            if val != 0 {
                sk.opts.nonagle.push = true;
                tcp_push_pending_frames(sk, cx);
            }
        }
        TCP_CORK => {
            sk.opts.nonagle.cork = val != 0;
            if val == 0 {
                sk.opts.nonagle.push |= sk.opts.nonagle.off;
                tcp_push_pending_frames(sk, cx);
            }
        }
        TCP_MAXSEG => {
            let fits = val == 0 || (88..=MAX_TCP_WINDOW).contains(&val);
            sk.rx_opt.user_mss = fits.then(|| val.unsigned_abs()).ok_or(Errno::EINVAL)?;
        }
        TCP_KEEPIDLE => set_keepidle(sk, in_range(MAX_TCP_KEEPIDLE).ok_or(Errno::EINVAL)?, cx),
        TCP_KEEPINTVL => {
            sk.opts.keepintvl_secs = Some(in_range(MAX_TCP_KEEPIDLE).ok_or(Errno::EINVAL)?);
        }
        TCP_KEEPCNT => sk.opts.keepcnt = Some(in_range(MAX_TCP_KEEPCNT).ok_or(Errno::EINVAL)?),
        TCP_SYNCNT => sk.opts.syncnt = Some(in_range(MAX_TCP_KEEPCNT).ok_or(Errno::EINVAL)?),
        TCP_LINGER2 => {
            sk.opts.linger2_secs =
                Some(if val < 0 { -1 } else { val.min(TCP_FIN_TIMEOUT_MAX_SECS) });
        }
        TCP_DEFER_ACCEPT => sk.opts.defer_accept = secs_to_retrans(val, cx),
        TCP_WINDOW_CLAMP => set_window_clamp(sk, val)?,
        TCP_QUICKACK => set_quickack(sk, val, cx),
        TCP_USER_TIMEOUT => {
            sk.opts.user_timeout_ms = u32::try_from(val).map_err(|_| Errno::EINVAL)?;
        }
        TCP_NOTSENT_LOWAT => sk.opts.notsent_lowat = val.cast_unsigned(),
        TCP_THIN_LINEAR_TIMEOUTS => {
            let valid = (0..=1).contains(&val);
            sk.opts.thin_linear_timeouts = valid.then_some(val == 1).ok_or(Errno::EINVAL)?;
        }
        TCP_INQ => {
            let valid = (0..=1).contains(&val);
            sk.opts.inq = valid.then_some(val == 1).ok_or(Errno::EINVAL)?;
        }
        TCP_MD5SIG | TCP_MD5SIG_EXT => sk.md5.set(value, sk.is_v6, name == TCP_MD5SIG_EXT)?,
        _ => return Err(Errno::ENOPROTOOPT),
    }
    Ok(())
}

/// Linux: tcp_sock_set_keepidle_locked
fn set_keepidle(sk: &mut Sock, secs: u32, cx: &Cx) {
    sk.opts.keepidle_secs = Some(secs);
    if sk.opts.keepalive && !sk.state().is_in(StateMask::UNCONNECTED) {
        let last = sk.ack.lrcvtime.max(sk.total.rcv_tstamp);
        let idle = cx.now.jiffies().0.saturating_sub(last.jiffies().0);
        let rest = (u64::from(secs) * 1000).saturating_sub(idle);
        reset_keepalive_timer(sk, rest, cx);
    }
}

/// TCP_WINDOW_CLAMP.
fn set_window_clamp(sk: &mut Sock, val: i32) -> Result<(), Errno> {
    if val != 0 {
        tcp_set_window_clamp(sk, val.cast_unsigned());
    } else if sk.state() == TcpState::Close {
        sk.rcv.window_clamp = 0;
    } else {
        return Err(Errno::EINVAL);
    }
    Ok(())
}

/// Linux: __tcp_sock_set_quickack
fn set_quickack(sk: &mut Sock, val: i32, cx: &mut Cx) {
    if val & 1 == 0 {
        sk.ack.pingpong = cx.sysctl.tcp_pingpong_thresh;
        return;
    }
    sk.ack.pingpong = 0;
    if sk.state().is_in(StateMask::CAN_SEND) && sk.ack.sched {
        sk.ack.pushed = true;
        tcp_send_ack(sk, cx);
        if val & 2 == 0 && val & 1 == 0 {
            sk.ack.pingpong = cx.sysctl.tcp_pingpong_thresh;
        }
    }
}

/// Linux: tcp_set_congestion_control (net/ipv4/tcp_cong.c)
fn set_congestion(sk: &mut Sock, value: &[u8], cx: &Cx) -> Result<(), Errno> {
    let end = value.iter().position(|byte| *byte == 0).unwrap_or(value.len());
    let name = value.get(..end).and_then(|name| std::str::from_utf8(name).ok());
    let name = name.filter(|name| !name.is_empty()).ok_or(Errno::EINVAL)?;
    let algorithm = Algorithm::by_name(name).ok_or(Errno::ENOENT)?;
    if sk.opts.congestion != algorithm.name() {
        sk.opts.congestion = algorithm.name();
        sk.cong.algorithm = algorithm;
        sk.cong.algorithm.ops().set_state(&mut sk.cong.cw, sk.loss.ca_state, cx.now);
    }
    Ok(())
}

/// How many SYN-ACK retransmissions fit into `secs`.
///
/// Linux: secs_to_retrans (net/ipv4/tcp.c)
fn secs_to_retrans(secs: i32, cx: &Cx) -> u32 {
    let rto_max = i64::from(cx.rto_max_ms() / 1000);
    let (mut timeout, mut period, mut res) = (1, 1, 0);
    if secs > 0 {
        res = 1;
        while i64::from(secs) > period && res < 255 {
            res += 1;
            timeout = (timeout << 1).min(rto_max);
            period += timeout;
        }
    }
    res
}

/// The seconds that `retrans` SYN-ACK retransmissions take.
///
/// Linux: retrans_to_secs (net/ipv4/tcp.c)
pub(super) fn retrans_to_secs(retrans: u32, cx: &Cx) -> i32 {
    let rto_max = i32::try_from(cx.rto_max_ms() / 1000).unwrap_or(i32::MAX);
    let (mut timeout, mut period) = (1, 0);
    for _ in 0..retrans {
        period += timeout;
        timeout = (timeout << 1).min(rto_max);
    }
    period
}

/// Linux: do_ip_setsockopt (net/ipv4/ip_sockglue.c)
fn do_ip_setsockopt(sk: &mut Sock, name: i32, value: &[u8]) -> Result<(), Errno> {
    let val = match value {
        [byte] => i32::from(*byte),
        longer => int(longer)?,
    };
    let byte = u8::try_from(val & 0xff).unwrap_or(0);
    match name {
        // The ECN bits belong to TCP.
        IP_TOS => sk.opts.tos = byte & !3 | sk.opts.tos & 3,
        IP_TTL if val == -1 => sk.opts.ttl = None,
        IP_TTL if (1..=255).contains(&val) => sk.opts.ttl = Some(byte),
        IP_MTU_DISCOVER if (0..=5).contains(&val) => sk.opts.pmtudisc = byte,
        IP_RECVERR => set_recverr(sk, val != 0),
        IP_FREEBIND => sk.opts.freebind = val != 0,
        IP_TTL | IP_MTU_DISCOVER => return Err(Errno::EINVAL),
        _ => return Err(Errno::ENOPROTOOPT),
    }
    Ok(())
}

/// Linux: do_ipv6_setsockopt (net/ipv6/ipv6_sockglue.c)
fn do_ipv6_setsockopt(sk: &mut Sock, name: i32, value: &[u8]) -> Result<(), Errno> {
    if !sk.is_v6 {
        return Err(Errno::ENOPROTOOPT);
    }
    let val = int(value)?;
    let byte = u8::try_from(val & 0xff).unwrap_or(0);
    match name {
        IPV6_V6ONLY if sk.flow.local.port() != 0 => return Err(Errno::EINVAL),
        IPV6_V6ONLY => sk.opts.v6only = val != 0,
        IPV6_UNICAST_HOPS if val == -1 => sk.opts.ttl = None,
        IPV6_UNICAST_HOPS if (0..=255).contains(&val) => sk.opts.ttl = Some(byte),
        IPV6_TCLASS if (-1..=255).contains(&val) => {
            sk.opts.tos = if val < 0 { 0 } else { byte & !3 | sk.opts.tos & 3 };
        }
        IPV6_MTU_DISCOVER if (0..=5).contains(&val) => sk.opts.pmtudisc = byte,
        IPV6_RECVERR => set_recverr(sk, val != 0),
        IPV6_FREEBIND => sk.opts.freebind = val != 0,
        IPV6_UNICAST_HOPS | IPV6_TCLASS | IPV6_MTU_DISCOVER => return Err(Errno::EINVAL),
        _ => return Err(Errno::ENOPROTOOPT),
    }
    Ok(())
}
