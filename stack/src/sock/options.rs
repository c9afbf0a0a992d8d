//! What setsockopt can set, with Linux's defaults.
//!
//! Linux: struct sock, struct inet_sock, struct tcp_sock; the meaning of a value is decided where
//! it is read, its range in api/sockopt.rs.

use crate::fastopen::FastopenOptions;
use crate::sysctl::Sysctls;
use crate::time::usecs_to_jiffies;

/// TCP_DELACK_MAX: HZ/5
pub(crate) const TCP_DELACK_MAX_MS: u32 = 200;

/// SO_LINGER.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Linger {
    pub(crate) on: bool,
    pub(crate) secs: i32,
}

/// Buffer sizes the user fixed (sk_userlocks).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Locks {
    pub(crate) sndbuf: bool,
    pub(crate) rcvbuf: bool,
}

/// Nagle's algorithm as the user and the caller want it (tp->nonagle, TCP_NAGLE_*).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct NonAgle {
    /// TCP_NAGLE_OFF: TCP_NODELAY is set.
    pub(crate) off: bool,
    /// TCP_NAGLE_CORK: TCP_CORK is set, or MSG_MORE was given.
    pub(crate) cork: bool,
    /// TCP_NAGLE_PUSH: send now, whatever the rest says.
    pub(crate) push: bool,
}

impl NonAgle {
    /// Only TCP_NAGLE_PUSH.
    pub(crate) const PUSH: Self = Self { off: false, cork: false, push: true };
    /// Only TCP_NAGLE_OFF.
    pub(crate) const OFF: Self = Self { off: true, cork: false, push: false };
}

/// Options of one socket.
#[derive(Clone, Debug)]
pub(crate) struct SockOptions {
    pub(crate) reuseaddr: bool,
    pub(crate) reuseport: bool,
    pub(crate) keepalive: bool,
    pub(crate) oobinline: bool,
    pub(crate) broadcast: bool,
    pub(crate) dontroute: bool,
    pub(crate) linger: Linger,
    /// Already doubled, as the kernel keeps it.
    pub(crate) rcvbuf: u32,
    pub(crate) sndbuf: u32,
    pub(crate) locks: Locks,
    pub(crate) rcvlowat: u32,
    /// SO_PEEK_OFF; negative when it is off.
    pub(crate) peek_off: i32,
    /// Microseconds; none waits for ever.
    pub(crate) rcvtimeo_us: Option<u64>,
    pub(crate) sndtimeo_us: Option<u64>,
    pub(crate) priority: i32,
    pub(crate) mark: u32,
    pub(crate) tos: u8,
    pub(crate) ttl: Option<u8>,
    pub(crate) v6only: bool,
    /// IP_MTU_DISCOVER, IPV6_MTU_DISCOVER
    pub(crate) pmtudisc: u8,
    /// IP_RECVERR, IPV6_RECVERR
    pub(crate) recverr: bool,
    pub(crate) freebind: bool,
    pub(crate) nonagle: NonAgle,
    /// Seconds; none takes the sysctl.
    pub(crate) keepidle_secs: Option<u32>,
    pub(crate) keepintvl_secs: Option<u32>,
    pub(crate) keepcnt: Option<u32>,
    pub(crate) syncnt: Option<u32>,
    /// Seconds; none takes the sysctl, negative forgets at once.
    pub(crate) linger2_secs: Option<i32>,
    /// SYN-ACK retransmissions to wait for data before accept (rskq_defer_accept).
    pub(crate) defer_accept: u32,
    pub(crate) user_timeout_ms: u32,
    /// icsk_rto_min, icsk_rto_max, icsk_delack_max
    pub(crate) rto_min_ms: u32,
    pub(crate) rto_max_ms: u32,
    pub(crate) delack_max_ms: u32,
    pub(crate) notsent_lowat: u32,
    pub(crate) thin_linear_timeouts: bool,
    pub(crate) fastopen: FastopenOptions,
    pub(crate) inq: bool,
    pub(crate) max_pacing_rate: u64,
    pub(crate) congestion: &'static str,
    pub(crate) nonblock: bool,
}

impl SockOptions {
    /// Options of a fresh socket (Linux: sock_init_data, tcp_init_sock).
    pub(crate) fn new(sysctl: &Sysctls) -> Self {
        Self {
            reuseaddr: false,
            reuseport: false,
            keepalive: false,
            oobinline: false,
            broadcast: false,
            dontroute: false,
            linger: Linger::default(),
            rcvbuf: clamp_u32(sysctl.tcp_rmem.default),
            sndbuf: clamp_u32(sysctl.tcp_wmem.default),
            locks: Locks::default(),
            rcvlowat: 1,
            peek_off: -1,
            rcvtimeo_us: None,
            sndtimeo_us: None,
            priority: 0,
            mark: 0,
            tos: 0,
            ttl: None,
            v6only: false,
            pmtudisc: 1,
            recverr: false,
            freebind: false,
            nonagle: NonAgle::default(),
            keepidle_secs: None,
            keepintvl_secs: None,
            keepcnt: None,
            syncnt: None,
            linger2_secs: None,
            defer_accept: 0,
            user_timeout_ms: 0,
            rto_min_ms: ticks_of_us(sysctl.tcp_rto_min_us.unsigned_abs()),
            rto_max_ms: sysctl.tcp_rto_max_ms.unsigned_abs(),
            delack_max_ms: TCP_DELACK_MAX_MS,
            notsent_lowat: 0,
            thin_linear_timeouts: false,
            fastopen: FastopenOptions::default(),
            inq: false,
            max_pacing_rate: u64::MAX,
            congestion: congestion_name(sysctl),
            nonblock: false,
        }
    }
}

/// Microseconds in ticks, rounded up.
fn ticks_of_us(us: u32) -> u32 {
    u32::try_from(usecs_to_jiffies(u64::from(us))).unwrap_or(u32::MAX)
}

/// The default algorithm, by the static name of its implementation.
fn congestion_name(sysctl: &Sysctls) -> &'static str {
    crate::congestion::Algorithm::NAMES
        .into_iter()
        .find(|name| sysctl.tcp_congestion_control.contains(name))
        .unwrap_or("cubic")
}

/// A knob of more bits than a socket needs.
fn clamp_u32(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
