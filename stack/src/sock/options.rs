//! What setsockopt can set, with Linux's defaults.
//!
//! Linux: struct sock, struct inet_sock, struct tcp_sock; the meaning of a value is decided where
//! it is read, its range in api/sockopt.rs.

use super::kept::Kept;
use crate::fastopen::FastopenOptions;
use crate::sysctl::Sysctls;
use crate::time::Hz;

/// SO_LINGER.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Linger {
    pub(crate) on: bool,
    pub(crate) secs: i32,
}

impl Linger {
    /// What getsockopt says: a negative time is kept as the longest there is, in ticks.
    ///
    /// Linux: sk_lingertime, in which MAX_SCHEDULE_TIMEOUT is for ever
    pub(crate) fn shown_secs(self, hz: Hz) -> i32 {
        let forever = i64::MAX / i64::from(hz.per_sec());
        if self.secs < 0 { (forever & 0xffff_ffff) as i32 } else { self.secs }
    }
}

/// TCP_DELACK_MAX: HZ/5
pub(crate) const TCP_DELACK_MAX_MS: u32 = 200;

/// Buffer sizes the user fixed (sk_userlocks).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Locks {
    pub(crate) sndbuf: bool,
    pub(crate) rcvbuf: bool,
}

/// SO_TXTIME: `struct sock_txtime`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TxTime {
    pub(crate) clockid: i32,
    pub(crate) flags: u32,
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
    /// Ticks; none waits for ever.
    pub(crate) rcvtimeo: Option<u64>,
    pub(crate) sndtimeo: Option<u64>,
    pub(crate) priority: i32,
    pub(crate) mark: u32,
    /// IP_TOS, and IPV6_TCLASS: an AF_INET6 socket has both, for either kind of packet.
    pub(crate) tos: u8,
    pub(crate) tclass: u8,
    /// IP_TTL, and IPV6_UNICAST_HOPS likewise.
    pub(crate) ttl: Option<u8>,
    pub(crate) hop_limit: Option<u8>,
    pub(crate) v6only: bool,
    /// SO_BINDTODEVICE, SO_BINDTOIFINDEX: index of the interface; 0 is any (sk_bound_dev_if).
    pub(crate) bound_dev_if: i32,
    /// Options that are only a number.
    pub(crate) kept: Kept,
    pub(crate) txtime: TxTime,
    /// SO_LOCK_FILTER
    pub(crate) filter_locked: bool,
    /// SO_BUSY_POLL_BUDGET
    pub(crate) busy_poll_budget: i32,
    /// SO_TXREHASH
    pub(crate) txrehash: bool,
    /// IPV6_ADDR_PREFERENCES (np->srcprefs)
    pub(crate) srcprefs: i32,
    /// IPV6_MTU (np->frag_size)
    pub(crate) frag_size: u32,
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
    /// TCP_RTO_MIN_US, TCP_RTO_MAX_MS, TCP_DELACK_MAX_US (icsk_rto_min, icsk_rto_max,
    /// icsk_delack_max), in ticks.
    pub(crate) rto_min: u32,
    pub(crate) rto_max: u32,
    pub(crate) delack_max: u32,
    pub(crate) notsent_lowat: u32,
    pub(crate) thin_linear_timeouts: bool,
    /// TCP_SAVE_SYN: 0 no, 1 from the IP header on, 2 from the link's header on.
    pub(crate) save_syn: u8,
    /// TCP_TX_DELAY; only a pacing queueing discipline heeds it.
    pub(crate) tx_delay_us: u32,
    pub(crate) fastopen: FastopenOptions,
    pub(crate) inq: bool,
    pub(crate) max_pacing_rate: u64,
    pub(crate) congestion: &'static str,
    pub(crate) nonblock: bool,
}

impl SockOptions {
    /// Options of a fresh socket (Linux: sock_init_data, tcp_init_sock).
    pub(crate) fn new(sysctl: &Sysctls, hz: Hz) -> Self {
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
            rcvtimeo: None,
            sndtimeo: None,
            priority: 0,
            mark: 0,
            tos: 0,
            tclass: 0,
            ttl: None,
            hop_limit: None,
            v6only: false,
            bound_dev_if: 0,
            kept: Kept::default(),
            txtime: TxTime::default(),
            filter_locked: false,
            busy_poll_budget: 8,
            txrehash: sysctl.txrehash != 0,
            srcprefs: 0,
            frag_size: 0,
            nonagle: NonAgle::default(),
            keepidle_secs: None,
            keepintvl_secs: None,
            keepcnt: None,
            syncnt: None,
            linger2_secs: None,
            defer_accept: 0,
            user_timeout_ms: 0,
            rto_min: hz.usecs_to_jiffies(sysctl.tcp_rto_min_us.unsigned_abs().into()),
            rto_max: hz.msecs_to_jiffies(sysctl.tcp_rto_max_ms.unsigned_abs()),
            delack_max: hz.msecs_to_jiffies(TCP_DELACK_MAX_MS),
            notsent_lowat: 0,
            thin_linear_timeouts: false,
            save_syn: 0,
            tx_delay_us: 0,
            fastopen: FastopenOptions::default(),
            inq: false,
            max_pacing_rate: u64::MAX,
            congestion: congestion_name(sysctl),
            nonblock: false,
        }
    }
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
