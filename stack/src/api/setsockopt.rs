//! setsockopt().
//!
//! Linux: sk_setsockopt (net/core/sock.c), do_tcp_setsockopt (net/ipv4/tcp.c), do_ip_setsockopt,
//! do_ipv6_setsockopt

use super::option_table::setter;
use super::recv::tcp_cleanup_rbuf;
use super::sockopt::*;
use super::sockopt_ip::do_ip_setsockopt;
use super::sockopt_ipv6::do_ipv6_setsockopt;
use super::sockopt_socket;
use crate::caps::Capability;
use crate::congestion::{Algorithm, tcp_init_congestion_control};
use crate::cx::Cx;
use crate::effect::Wake;
use crate::errno::Errno;
use crate::errqueue::set_zerocopy;
use crate::kernel::is_unknown;
use crate::mutant::Mutant;
use crate::output::pacing::set_max_pacing_rate;
use crate::output::window::tcp_set_window_clamp;
use crate::output::write::tcp_push_pending_frames;
use crate::sock::{Linger, Sock};
use crate::stack::Stack;
use crate::state::{StateMask, TcpState};
use crate::table::Fd;
use crate::time::Hz;
use crate::time::Instant;
use crate::timer::{
    TCP_TIMEOUT_MIN, Timer, keepalive_time_elapsed, keepalive_time_when, reset_keepalive_timer,
};
use crate::timestamping::{set_timestamp, sock_set_timestamping};

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
/// TCP_RTO_MAX in milliseconds
const TCP_RTO_MAX_MAX_MS: i32 = 120_000;
/// TCP_RTO_MIN, and TCP_DELACK_MAX, in milliseconds
const TCP_RTO_MIN_MS: u32 = 200;
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
        self.enter(id, |sk, cx| set_option(sk, (level, name), value, cx))
            .unwrap_or(Err(Errno::EBADF))
    }

    /// setsockopt() with a null pointer and a length that is not zero.
    pub fn setsockopt_null(
        &mut self,
        now: Instant,
        fd: Fd,
        (level, name): (i32, i32),
        len: usize,
    ) -> Result<(), Errno> {
        self.set_now(now);
        let id = self.fds.sock(fd)?;
        let zeros = vec![0; len.min(64)];
        self.enter(id, |sk, cx| {
            let is_v6 = sk.is_v6;
            match level {
                SOL_SOCKET if name == SO_BINDTODEVICE => Err(Errno::EFAULT),
                SOL_TCP if matches!(name, TCP_CONGESTION | TCP_ULP) => Err(Errno::EFAULT),
                SOL_SOCKET | SOL_TCP if len < 4 => Err(Errno::EINVAL),
                SOL_SOCKET | SOL_TCP => Err(Errno::EFAULT),
                SOL_IPV6 if is_v6 && matches!(name, IPV6_IPSEC_POLICY | IPV6_XFRM_POLICY) => {
                    Err(Errno::EFAULT)
                }
                // An IPv6 option reads 0 from there.
                SOL_IPV6 if is_v6 => set_option(sk, (level, name), &zeros, cx),
                SOL_IP if reads_pointer(name) => Err(Errno::EFAULT),
                _ => set_option(sk, (level, name), &zeros, cx),
            }
        })
        .unwrap_or(Err(Errno::EBADF))
    }
}

/// Numbers of SOL_IP that are read before anything else is looked at, and the policies.
const fn reads_pointer(name: i32) -> bool {
    matches!(name, 1..=8 | 10..=13 | 15..=26 | 33 | 34 | 49..=51)
}

/// One option of any level.
///
/// Linux: do_sock_setsockopt (net/socket.c), tcp_setsockopt, ip_setsockopt, ipv6_setsockopt
fn set_option(
    sk: &mut Sock,
    (level, name): (i32, i32),
    value: &[u8],
    cx: &mut Cx,
) -> Result<(), Errno> {
    if level == SOL_IPV6 && !sk.is_v6 {
        return Err(Errno::ENOPROTOOPT);
    }
    if let Some(err) = is_unknown(cx.kernel.version, level, name) {
        return Err(err);
    }
    if let Some(row) = setter(level, name, cx) {
        return row.set(sk, value, cx);
    }
    match level {
        SOL_SOCKET => sol_socket(sk, name, value, cx),
        SOL_TCP => do_tcp_setsockopt(sk, name, value, cx),
        SOL_IP => do_ip_setsockopt(sk, name, value, cx),
        SOL_IPV6 => do_ipv6_setsockopt(sk, name, value, cx),
        _ => Err(Errno::ENOPROTOOPT),
    }
}

/// Linux: sk_setsockopt
fn sol_socket(sk: &mut Sock, name: i32, value: &[u8], cx: &mut Cx) -> Result<(), Errno> {
    if name == SO_LINGER {
        return set_linger(sk, value);
    }
    if let Some(done) = sockopt_socket::set(sk, name, value, cx) {
        return done;
    }
    if matches!(name, SO_TIMESTAMPING_OLD | SO_TIMESTAMPING_NEW) {
        return sock_set_timestamping(sk, name, value, cx);
    }
    let val = int(value)?;
    let on = val != 0;
    match name {
        SO_REUSEADDR => sk.opts.reuseaddr = on,
        SO_REUSEPORT => sk.opts.reuseport = on,
        SO_DONTROUTE => sk.opts.dontroute = on,
        SO_BROADCAST => sk.opts.broadcast = on,
        SO_OOBINLINE => sk.opts.oobinline = on,
        SO_KEEPALIVE => set_keepalive(sk, on, cx),
        SO_SNDBUF => set_sndbuf(sk, limited(val, cx.sysctl.wmem_max), cx),
        SO_RCVBUF => set_rcvbuf(sk, limited(val, cx.sysctl.rmem_max)),
        SO_SNDBUFFORCE | SO_RCVBUFFORCE if !cx.caps.has(Capability::NET_ADMIN) => {
            return Err(Errno::EPERM);
        }
        SO_SNDBUFFORCE => set_sndbuf(sk, val.max(0), cx),
        SO_RCVBUFFORCE => set_rcvbuf(sk, val.max(0)),
        SO_ZEROCOPY => set_zerocopy(sk, val)?,
        SO_TIMESTAMP_OLD | SO_TIMESTAMPNS_OLD | SO_TIMESTAMP_NEW | SO_TIMESTAMPNS_NEW => {
            set_timestamp(sk, name, on);
        }
        SO_PEEK_OFF => sk.opts.peek_off = val,
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

/// A size as an unsigned number, so that a negative one is the largest there is.
fn limited(val: i32, max: i32) -> i32 {
    val.cast_unsigned().min(max.unsigned_abs()).cast_signed()
}

/// The kernel keeps twice what was asked for, to have room for overhead.
fn set_sndbuf(sk: &mut Sock, val: i32, cx: &mut Cx) {
    cx.wake(sk.id, Wake::Writable);
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
        if on && !sk.opts.keepalive && !cx.mutant(Mutant::KeepaliveNotBegun) {
            let time = keepalive_time_when(sk, cx);
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
    if name == TCP_ULP {
        // There is no upper layer protocol of any name.
        return Err(if value.is_empty() { Errno::EINVAL } else { Errno::ENOENT });
    }
    let elsewhere = crate::fastopen::setsockopt(sk, name, value, cx)
        .or_else(|| crate::repair::setsockopt(sk, name, value, cx));
    if let Some(outcome) = elsewhere {
        return outcome;
    }
    let val = int(value)?;
    let in_range = |max: i32| (1..=max).contains(&val).then(|| val.unsigned_abs());
    match name {
        TCP_NODELAY => {
            sk.opts.nonagle.off = val != 0;
            if val != 0 && !cx.mutant(Mutant::NodelayNotPushed) {
                sk.opts.nonagle.push = true;
                tcp_push_pending_frames(sk, cx);
            }
        }
        TCP_CORK => {
            sk.opts.nonagle.cork = val != 0;
            if val == 0 && !cx.mutant(Mutant::UncorkNotPushed) {
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
        TCP_WINDOW_CLAMP => set_window_clamp(sk, val, cx)?,
        TCP_QUICKACK => set_quickack(sk, val, cx),
        TCP_USER_TIMEOUT => {
            sk.opts.user_timeout_ms = u32::try_from(val).map_err(|_| Errno::EINVAL)?;
        }
        TCP_NOTSENT_LOWAT => sk.opts.notsent_lowat = val.cast_unsigned(),
        TCP_THIN_LINEAR_TIMEOUTS => sk.opts.thin_linear_timeouts = zero_or_one(val)?,
        TCP_INQ => sk.opts.inq = zero_or_one(val)?,
        TCP_SAVE_SYN => {
            let mode = u8::try_from(val).ok().filter(|mode| *mode <= 2);
            sk.opts.save_syn = mode.ok_or(Errno::EINVAL)?;
        }
        TCP_TX_DELAY => {
            let fits = (0..1 << 28).contains(&val);
            sk.opts.tx_delay_us = fits.then(|| val.unsigned_abs()).ok_or(Errno::EINVAL)?;
        }
        TCP_RTO_MAX_MS | TCP_RTO_MIN_US | TCP_DELACK_MAX_US => set_time_limit(sk, name, val, cx)?,
        TCP_MD5SIG | TCP_MD5SIG_EXT => sk.md5.set(value, sk.is_v6, name == TCP_MD5SIG_EXT)?,
        _ => return Err(Errno::ENOPROTOOPT),
    }
    Ok(())
}

fn zero_or_one(val: i32) -> Result<bool, Errno> {
    (0..=1).contains(&val).then_some(val == 1).ok_or(Errno::EINVAL)
}

/// TCP_RTO_MAX_MS, TCP_RTO_MIN_US, TCP_DELACK_MAX_US.
fn set_time_limit(sk: &mut Sock, name: i32, val: i32, cx: &Cx) -> Result<(), Errno> {
    let hz = cx.hz;
    match name {
        TCP_RTO_MIN_US => sk.opts.rto_min = short_time(val, hz)?,
        TCP_DELACK_MAX_US => sk.opts.delack_max = short_time(val, hz)?,
        _ => {
            let fits = (1000..=TCP_RTO_MAX_MAX_MS).contains(&val);
            let ticks = fits.then(|| hz.msecs_to_jiffies(val.unsigned_abs()));
            sk.opts.rto_max = ticks.ok_or(Errno::EINVAL)?;
        }
    }
    Ok(())
}

/// A time of two ticks to 200 ms, given in microseconds (TCP_RTO_MIN_US, TCP_DELACK_MAX_US).
fn short_time(us: i32, hz: Hz) -> Result<u32, Errno> {
    let ticks = hz.usecs_to_jiffies(u64::try_from(us).map_err(|_| Errno::EINVAL)?);
    let longest = hz.msecs_to_jiffies(TCP_RTO_MIN_MS);
    (TCP_TIMEOUT_MIN..=longest).contains(&ticks).then_some(ticks).ok_or(Errno::EINVAL)
}

/// Linux: tcp_sock_set_keepidle_locked
fn set_keepidle(sk: &mut Sock, secs: u32, cx: &Cx) {
    sk.opts.keepidle_secs = Some(secs);
    if sk.opts.keepalive && !sk.state().is_in(StateMask::UNCONNECTED) {
        let rest = keepalive_time_when(sk, cx).saturating_sub(keepalive_time_elapsed(sk, cx));
        reset_keepalive_timer(sk, rest, cx);
    }
}

/// TCP_WINDOW_CLAMP.
fn set_window_clamp(sk: &mut Sock, val: i32, cx: &Cx) -> Result<(), Errno> {
    if val != 0 {
        let least = if cx.kernel.signed_window_clamp { 0 } else { i32::MIN };
        tcp_set_window_clamp(sk, val.max(least).cast_unsigned());
    } else if sk.state() == TcpState::Close {
        sk.rcv.window_clamp = 0;
    } else {
        return Err(Errno::EINVAL);
    }
    Ok(())
}

/// Linux: __tcp_sock_set_quickack
fn set_quickack(sk: &mut Sock, val: i32, cx: &mut Cx) {
    if val == 0 && !cx.mutant(Mutant::QuickackOffIgnored) {
        sk.ack.pingpong = cx.sysctl.tcp_pingpong_thresh;
        return;
    }
    sk.ack.pingpong = 0;
    if sk.state().is_in(StateMask::CAN_SEND) && sk.ack.sched {
        sk.ack.pushed = true;
        tcp_cleanup_rbuf(sk, 1, cx);
        if val & 1 == 0 {
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
    let algorithm = Algorithm::by_name(name, &cx.sysctl, cx.hz).ok_or(Errno::ENOENT)?;
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
