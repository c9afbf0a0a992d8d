//! getsockopt().
//!
//! Linux: sk_getsockopt (net/core/sock.c), do_tcp_getsockopt (net/ipv4/tcp.c), do_ip_getsockopt,
//! do_ipv6_getsockopt

use super::option_table::getter;
use super::send::wmem_queued;
use super::setsockopt::retrans_to_secs;
use super::sockopt::*;
use super::sockopt_ip::{copyval, do_ip_getsockopt};
use super::sockopt_ipv6::do_ipv6_getsockopt;
use super::sockopt_socket;
use super::tcp_info::tcp_get_info;
use crate::cx::Cx;
use crate::errno::Errno;
use crate::errqueue::get_zerocopy;
use crate::kernel::is_unknown;
use crate::mutant::Mutant;
use crate::output::ack::in_pingpong_mode;
use crate::output::options::tcp_time_stamp;
use crate::output::window::rmem_alloc;
use crate::sock::Sock;
use crate::stack::Stack;
use crate::state::{StateMask, TcpState};
use crate::table::Fd;
use crate::time::Instant;
use crate::timestamping::{get_timestamp, get_timestamping};

/// SOCK_STREAM, IPPROTO_TCP, AF_INET, AF_INET6
const SOCK_STREAM: i32 = 1;
const IPPROTO_TCP: i32 = 6;
const AF_INET: i32 = 2;
const AF_INET6: i32 = 10;
/// TCP_CA_NAME_MAX
const TCP_CA_NAME_MAX: usize = 16;

impl Stack {
    /// The value of an option, at most `len` bytes of it.
    pub fn getsockopt(
        &mut self,
        now: Instant,
        fd: Fd,
        level: i32,
        name: i32,
        len: usize,
    ) -> Result<Vec<u8>, Errno> {
        self.set_now(now);
        let id = self.fds.sock(fd)?;
        let Self { objects, cx, .. } = self;
        let sk = objects.sock_mut(id).ok_or(Errno::EBADF)?;
        // A length that is negative as an int; IPV6_* options take it for a large one.
        if i32::try_from(len).is_err() && matches!(level, SOL_SOCKET | SOL_TCP | SOL_IP) {
            return Err(Errno::EINVAL);
        }
        if let Some(err) = is_unknown(cx.kernel.version, level, name) {
            return Err(err);
        }
        let mut value = match getter(level, name, cx) {
            Some(row) if level != SOL_IPV6 || sk.is_v6 => row.get(sk)?,
            Some(_) | None => get_option(sk, (level, name), len, cx)?,
        };
        if level == SOL_IP {
            return Ok(copyval(name, value, len));
        }
        value.truncate(len);
        Ok(value)
    }
}

/// An option that is more than a number.
fn get_option(
    sk: &mut Sock,
    (level, name): (i32, i32),
    len: usize,
    cx: &Cx,
) -> Result<Vec<u8>, Errno> {
    match level {
        SOL_SOCKET => match sockopt_socket::get(sk, name, len, cx) {
            Some(value) => value,
            None => sol_socket(sk, name, len, cx),
        },
        SOL_TCP if name == TCP_SAVED_SYN => tcp_saved_syn(sk, len),
        SOL_TCP => do_tcp_getsockopt(sk, name, cx),
        SOL_IP => do_ip_getsockopt(sk, name, cx),
        SOL_IPV6 if sk.is_v6 => do_ipv6_getsockopt(sk, name, len, cx),
        _ if sk.is_v6 => Err(Errno::ENOPROTOOPT),
        _ => Err(Errno::EOPNOTSUPP),
    }
}

/// The headers of the SYN, once.
///
/// Linux: the case TCP_SAVED_SYN of do_tcp_getsockopt
fn tcp_saved_syn(sk: &mut Sock, len: usize) -> Result<Vec<u8>, Errno> {
    if sk.saved_syn.len() > len {
        return Err(Errno::EINVAL);
    }
    Ok(std::mem::take(&mut sk.saved_syn))
}

/// Linux: sk_getsockopt
fn sol_socket(sk: &mut Sock, name: i32, len: usize, cx: &Cx) -> Result<Vec<u8>, Errno> {
    let val = match name {
        SO_REUSEADDR => i32::from(sk.opts.reuseaddr),
        SO_REUSEPORT => i32::from(sk.opts.reuseport),
        SO_DONTROUTE => i32::from(sk.opts.dontroute),
        SO_BROADCAST => i32::from(sk.opts.broadcast),
        SO_KEEPALIVE => i32::from(sk.opts.keepalive),
        SO_OOBINLINE => i32::from(sk.opts.oobinline),
        SO_TYPE => SOCK_STREAM,
        SO_PROTOCOL => IPPROTO_TCP,
        SO_DOMAIN => {
            if sk.is_v6 {
                AF_INET6
            } else {
                AF_INET
            }
        }
        SO_ERROR if cx.mutant(Mutant::ErrorKept) => sk.err.or(sk.err_soft).map_or(0, Errno::raw),
        SO_ERROR => sk.err.take().or_else(|| sk.err_soft.take()).map_or(0, Errno::raw),
        SO_SNDBUF => saturated(sk.opts.sndbuf),
        SO_RCVBUF => saturated(sk.opts.rcvbuf),
        SO_RCVLOWAT => saturated(sk.opts.rcvlowat),
        SO_PRIORITY => sk.opts.priority,
        SO_MARK => sk.opts.mark.cast_signed(),
        SO_ACCEPTCONN => i32::from(sk.state() == TcpState::Listen),
        SO_LINGER => {
            let mut bytes = int_bytes(i32::from(sk.opts.linger.on));
            bytes.extend(int_bytes(sk.opts.linger.shown_secs(cx.hz)));
            return Ok(bytes);
        }
        SO_MAX_PACING_RATE if len < 8 => {
            u32::try_from(sk.opts.max_pacing_rate).unwrap_or(u32::MAX).cast_signed()
        }
        SO_MAX_PACING_RATE => return Ok(sk.opts.max_pacing_rate.to_ne_bytes().to_vec()),
        SO_MEMINFO => return Ok(sk_get_meminfo(sk)),
        SO_PEEK_OFF => sk.opts.peek_off,
        SO_ZEROCOPY => get_zerocopy(sk),
        SO_TIMESTAMP_OLD | SO_TIMESTAMPNS_OLD | SO_TIMESTAMP_NEW | SO_TIMESTAMPNS_NEW => {
            get_timestamp(sk, name)
        }
        SO_TIMESTAMPING_OLD | SO_TIMESTAMPING_NEW => return Ok(get_timestamping(sk, name)),
        _ => return Err(Errno::ENOPROTOOPT),
    };
    Ok(int_bytes(val))
}

/// Linux: sk_get_meminfo (net/core/sock.c)
fn sk_get_meminfo(sk: &Sock) -> Vec<u8> {
    let values = [rmem_alloc(sk), sk.opts.rcvbuf, 0, sk.opts.sndbuf, 0, wmem_queued(sk), 0, 0, 0];
    values.iter().flat_map(|value| value.to_ne_bytes()).collect()
}

/// Linux: do_tcp_getsockopt
fn do_tcp_getsockopt(sk: &Sock, name: i32, cx: &Cx) -> Result<Vec<u8>, Errno> {
    if let Some(value) = crate::fastopen::getsockopt(sk, name) {
        return Ok(value);
    }
    if let Some(result) = crate::repair::getsockopt(sk, name) {
        return result;
    }
    let val = match name {
        TCP_NODELAY => i32::from(sk.opts.nonagle.off),
        TCP_CORK => i32::from(sk.opts.nonagle.cork),
        TCP_MAXSEG => {
            let unset = sk.rx_opt.user_mss == 0 || !sk.state().is_in(StateMask::UNCONNECTED);
            saturated(if unset { sk.mss_cache } else { sk.rx_opt.user_mss })
        }
        TCP_KEEPIDLE => sk.opts.keepidle_secs.map_or(cx.sysctl.tcp_keepalive_time, saturated),
        TCP_KEEPINTVL => sk.opts.keepintvl_secs.map_or(cx.sysctl.tcp_keepalive_intvl, saturated),
        TCP_KEEPCNT => sk.opts.keepcnt.map_or(i32::from(cx.sysctl.tcp_keepalive_probes), saturated),
        TCP_SYNCNT => sk.opts.syncnt.map_or(i32::from(cx.sysctl.tcp_syn_retries), saturated),
        TCP_LINGER2 => match sk.opts.linger2_secs {
            Some(secs) if secs != 0 => secs,
            Some(_) | None => cx.sysctl.tcp_fin_timeout,
        },
        TCP_DEFER_ACCEPT => retrans_to_secs(sk.opts.defer_accept, cx),
        TCP_WINDOW_CLAMP => sk.rcv.window_clamp.cast_signed(),
        TCP_QUICKACK => i32::from(!in_pingpong_mode(sk, cx)),
        TCP_USER_TIMEOUT => saturated(sk.opts.user_timeout_ms),
        TCP_TIMESTAMP => tcp_time_stamp(cx.now, sk.tsoffset, cx).cast_signed(),
        TCP_NOTSENT_LOWAT => sk.opts.notsent_lowat.cast_signed(),
        TCP_THIN_LINEAR_TIMEOUTS => i32::from(sk.opts.thin_linear_timeouts),
        TCP_INQ => i32::from(sk.opts.inq),
        TCP_SAVE_SYN => i32::from(sk.opts.save_syn),
        TCP_ULP => return Ok(Vec::new()),
        TCP_TX_DELAY => saturated(sk.opts.tx_delay_us),
        TCP_RTO_MAX_MS => clamped(cx.hz.jiffies_to_msecs(sk.opts.rto_max)),
        TCP_RTO_MIN_US => clamped(cx.hz.jiffies_to_usecs(sk.opts.rto_min)),
        TCP_DELACK_MAX_US => clamped(cx.hz.jiffies_to_usecs(sk.opts.delack_max)),
        TCP_INFO => return Ok(tcp_get_info(sk, cx)),
        TCP_CC_INFO => return Ok(Vec::new()),
        TCP_CONGESTION => {
            let mut bytes = sk.cong.algorithm.name().as_bytes().to_vec();
            bytes.resize(TCP_CA_NAME_MAX, 0);
            return Ok(bytes);
        }
        _ => return Err(Errno::ENOPROTOOPT),
    };
    Ok(int_bytes(val))
}
