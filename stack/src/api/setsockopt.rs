//! setsockopt().
//!
//! Linux: sk_setsockopt (net/core/sock.c), do_tcp_setsockopt (net/ipv4/tcp.c), do_ip_setsockopt,
//! do_ipv6_setsockopt

use super::sockopt::*;
use crate::congestion::{Algorithm, tcp_init_congestion_control};
use crate::cx::Cx;
use crate::errno::Errno;
use crate::output::ack::tcp_send_ack;
use crate::output::pacing::set_max_pacing_rate;
use crate::output::window::tcp_set_window_clamp;
use crate::output::write::tcp_push_pending_frames;
use crate::sock::control_block::TCP_RTO_MIN_MS;
use crate::sock::{Linger, Sock, TCP_DELACK_MAX_MS};
use crate::stack::Stack;
use crate::state::{StateMask, TcpState};
use crate::table::Fd;
use crate::time::{Instant, usecs_to_jiffies};
use crate::timer::{Timer, keepalive_time_ms, reset_keepalive_timer};

/// SOCK_MIN_SNDBUF, SOCK_MIN_RCVBUF
const SOCK_MIN_SNDBUF: u32 = 4608;
const SOCK_MIN_RCVBUF: u32 = 2304;
/// MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL, MAX_TCP_KEEPCNT, MAX_TCP_SYNCNT
const MAX_TCP_KEEPIDLE: i32 = 32_767;
const MAX_TCP_KEEPCNT: i32 = 127;
/// TCP_CA_NAME_MAX, with the zero at the end
const TCP_CA_NAME_MAX: usize = 16;
/// MAX_TCP_WINDOW
const MAX_TCP_WINDOW: i32 = 32_767;
/// TCP_RTO_MAX_SEC: 120 seconds, and TCP_TIMEOUT_MIN: two ticks.
const TCP_RTO_MAX_MS_LIMIT: i32 = 120_000;
const TCP_TIMEOUT_MIN_MS: u32 = 2;
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
        TCP_RTO_MAX_MS => {
            let valid = (1000..=TCP_RTO_MAX_MS_LIMIT).contains(&val);
            sk.opts.rto_max_ms = valid.then_some(val.unsigned_abs()).ok_or(Errno::EINVAL)?;
        }
        TCP_RTO_MIN_US => sk.opts.rto_min_ms = ticks_within(val, TCP_RTO_MIN_MS)?,
        TCP_DELACK_MAX_US => sk.opts.delack_max_ms = ticks_within(val, TCP_DELACK_MAX_MS)?,
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
        TCP_TIMESTAMP => return Err(Errno::EPERM),
        _ => return Err(Errno::ENOPROTOOPT),
    }
    Ok(())
}

/// Microseconds in ticks: at least two of them, and at most `max_ms`.
fn ticks_within(us: i32, max_ms: u32) -> Result<u32, Errno> {
    // A negative number is a very long time to the kernel, too.
    let ticks = usecs_to_jiffies(u64::from(us.cast_unsigned()));
    let ms = u32::try_from(ticks).map_err(|_| Errno::EINVAL)?;
    (TCP_TIMEOUT_MIN_MS..=max_ms).contains(&ms).then_some(ms).ok_or(Errno::EINVAL)
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

/// TCP_CONGESTION: another algorithm from now on, which knows nothing of the past.
///
/// Linux: tcp_set_congestion_control, tcp_reinit_congestion_control (net/ipv4/tcp_cong.c)
fn set_congestion(sk: &mut Sock, value: &[u8], cx: &Cx) -> Result<(), Errno> {
    let value = value.get(..value.len().min(TCP_CA_NAME_MAX - 1)).unwrap_or_default();
    if value.is_empty() {
        return Err(Errno::EINVAL);
    }
    let name = value.split(|byte| *byte == 0).next().unwrap_or_default();
    let name = std::str::from_utf8(name).map_err(|_| Errno::ENOENT)?;
    let algorithm = Algorithm::by_name(name, &cx.sysctl).ok_or(Errno::ENOENT)?;
    if sk.opts.congestion == algorithm.name() {
        return Ok(());
    }
    sk.opts.congestion = algorithm.name();
    sk.cong.algorithm = algorithm;
    if !sk.state().is_in(StateMask::UNCONNECTED) {
        tcp_init_congestion_control(sk);
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
        IP_RECVERR => sk.opts.recverr = val != 0,
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
        IPV6_RECVERR => sk.opts.recverr = val != 0,
        IPV6_FREEBIND => sk.opts.freebind = val != 0,
        IPV6_UNICAST_HOPS | IPV6_TCLASS | IPV6_MTU_DISCOVER => return Err(Errno::EINVAL),
        _ => return Err(Errno::ENOPROTOOPT),
    }
    Ok(())
}
