//! A full socket: what a descriptor refers to, from socket() until it is forgotten.
//!
//! RFC 9293 §3.3.1 · Linux: struct tcp_sock. One flat struct for all states between which the data
//! is the same; [`Sock::check`](crate::invariants) pays for that after every entry point.

use std::net::IpAddr;

use super::chrono::Chronograph;
use super::control_block::{
    AckVars, CongVars, EcnVars, RcvVars, RttVars, RxOpt, SndVars, TCP_MSS_DEFAULT, Totals,
};
use super::kept::{IP_MTU_DISCOVER, IP_RECVERR, IPV6_MTU_DISCOVER, IPV6_RECVERR};
use super::loss::LossVars;
use super::rate::RateVars;
use super::{AcceptQueue, OfoQueue, RecvQueue, SackList, SockOptions, WriteQueue};
use crate::cx::Cx;
use crate::effect::{Effect, Wake};
use crate::errno::Errno;
use crate::errqueue::ErrQueue;
use crate::errqueue::zerocopy::ZeroCopy;
use crate::fastopen::FastopenVars;
use crate::flow::Flow;
use crate::md5::{Md5Key, Md5Keys};
use crate::output::mtu_probe::MtuSearch;
use crate::output::pacing::Pacing;
use crate::output::small_queue::SmallQueue;
use crate::repair::Repair;
use crate::state::{StateCell, TcpState};
use crate::time::Instant;
use crate::timer::TimerTable;
use crate::timestamping::TstampVars;

/// IPV6_DEFAULT_HOPLIMIT, of net.ipv6.conf.*.hop_limit
pub(crate) const IPV6_DEFAULT_HOPLIMIT: u8 = 64;

/// Names an object of the socket table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SockId(pub(crate) u32);

/// Directions that are closed (RCV_SHUTDOWN, SEND_SHUTDOWN).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shutdown {
    /// Nothing more will be read.
    pub rcv: bool,
    /// Nothing more will be sent.
    pub snd: bool,
}

impl Shutdown {
    /// SHUTDOWN_MASK
    pub(crate) const BOTH: Self = Self { rcv: true, snd: true };

    /// Both directions are closed.
    #[must_use]
    pub const fn is_both(self) -> bool {
        self.rcv && self.snd
    }
}

/// A TCP socket.
#[derive(Debug)]
pub struct Sock {
    pub(crate) id: SockId,
    pub(crate) state: StateCell,
    /// Ends of the connection; of a bound or listening socket, only the local one.
    pub(crate) flow: Flow,
    /// AF_INET6, possibly speaking IPv4.
    pub(crate) is_v6: bool,
    /// The port it holds in the table (inet_num); 0 if none. The local end may still name one that
    /// is gone.
    pub(crate) num: u16,
    /// Pages of memory that are counted for it.
    pub(crate) mem_pages: u64,
    /// bind() named the address, the port (SOCK_BINDADDR_LOCK, SOCK_BINDPORT_LOCK).
    pub(crate) bound_addr: bool,
    pub(crate) bound_port: bool,
    pub(crate) opts: SockOptions,
    /// TCP_REPAIR
    pub(crate) repair: Repair,
    /// Keys of TCP-MD5 (md5sig_info).
    pub(crate) md5: Md5Keys,

    pub(crate) snd: SndVars,
    pub(crate) rcv: RcvVars,
    pub(crate) rx_opt: RxOpt,
    pub(crate) ecn: EcnVars,
    pub(crate) ack: AckVars,
    pub(crate) rtt: RttVars,
    pub(crate) loss: LossVars,
    pub(crate) cong: CongVars,
    pub(crate) total: Totals,
    pub(crate) rate: RateVars,
    pub(crate) chrono: Chronograph,

    pub(crate) write_queue: WriteQueue,
    pub(crate) recv_queue: RecvQueue,
    pub(crate) ofo_queue: OfoQueue,
    /// SACK blocks to announce.
    pub(crate) selective_acks: SackList,
    pub(crate) timers: TimerTable,

    /// Present segment size without options of variable length (tp->mss_cache).
    pub(crate) mss_cache: u32,
    /// MSS we announce.
    pub(crate) advmss: u32,
    /// Header with the options every segment carries.
    pub(crate) tcp_header_len: u32,
    /// MTU that mss_cache was computed from.
    pub(crate) pmtu_cookie: u32,
    /// MTU of the path when a packet was last sent on it (Linux: dst_mtu of sk_dst_cache).
    pub(crate) dst_mtu: u32,
    pub(crate) mtup: MtuSearch,
    /// Identification of the next datagram that may be fragmented; none was sent yet.
    pub(crate) inet_id: Option<u16>,
    /// Added to the timestamp clock.
    pub(crate) tsoffset: u32,
    /// Bytes per second; u64::MAX before anything is known.
    pub(crate) pacing_rate: u64,
    pub(crate) pacing: Pacing,
    pub(crate) tsq: SmallQueue,

    /// What recvmsg with MSG_ERRQUEUE reads.
    pub(crate) error_queue: ErrQueue,
    pub(crate) zerocopy: ZeroCopy,
    pub(crate) tstamp: TstampVars,

    /// Pending error, reported once (sk_err).
    pub(crate) err: Option<Errno>,
    /// Error that only matters if nothing better comes (sk_err_soft).
    pub(crate) err_soft: Option<Errno>,
    pub(crate) shutdown: Shutdown,
    /// SOCK_DEAD: no descriptor refers to it.
    pub(crate) dead: bool,
    /// SOCK_DONE: the peer's FIN was seen.
    pub(crate) done: bool,
    /// Queues of a listener.
    pub(crate) listener: AcceptQueue,
    /// The listener this connection came from, until it is accepted.
    pub(crate) parent: Option<SockId>,
    /// When the SYN-ACK of a passive open was sent, if only once: a round trip to measure.
    pub(crate) synack_sent: Option<Instant>,
    /// connect() succeeded or is under way (SS_CONNECTING, SS_CONNECTED of struct socket).
    pub(crate) connect: ConnectPhase,
    /// How often connect() gave a connection up (sk_disconnects): calls that slept meanwhile end.
    pub(crate) disconnects: u32,
    /// Headers of the SYN that opened it (TCP_SAVED_SYN).
    pub(crate) saved_syn: Vec<u8>,
    pub(crate) fastopen: FastopenVars,
    /// A sender found the buffer full (SOCK_NOSPACE).
    pub(crate) nospace: bool,
    /// A sender sleeps and will send as soon as it can (sk_write_pending).
    pub(crate) write_pending: bool,
}

/// The socket layer's own idea of being connected (enum socket_state).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ConnectPhase {
    /// SS_UNCONNECTED
    #[default]
    Unconnected,
    /// SS_CONNECTING
    Connecting,
    /// SS_CONNECTED
    Connected,
    /// SS_DISCONNECTING: shut down before there was a connection.
    Disconnecting,
}

impl Sock {
    /// A fresh socket.
    ///
    /// Linux: tcp_init_sock (net/ipv4/tcp.c)
    pub(crate) fn new(id: SockId, is_v6: bool, cx: &Cx) -> Self {
        let (sysctl, hz) = (&cx.sysctl, cx.hz);
        let mut opts = SockOptions::new(sysctl, hz);
        if sysctl.ip_no_pmtu_disc != 0 {
            opts.kept.set(IP_MTU_DISCOVER, 0);
        }
        let cong = CongVars::new(opts.congestion, sysctl, hz);
        Self {
            id,
            state: StateCell::closed(),
            flow: Flow::unbound(is_v6),
            is_v6,
            num: 0,
            mem_pages: 0,
            bound_addr: false,
            bound_port: false,
            opts,
            repair: Repair::default(),
            md5: Md5Keys::default(),
            snd: SndVars::default(),
            rcv: RcvVars {
                scaling_ratio: scaling_ratio(sysctl.tcp_adv_win_scale),
                ..RcvVars::default()
            },
            rx_opt: RxOpt { mss_clamp: TCP_MSS_DEFAULT, ..RxOpt::default() },
            ecn: EcnVars::default(),
            ack: AckVars::default(),
            rtt: RttVars::new(),
            loss: LossVars::new(sysctl.tcp_reordering.unsigned_abs(), hz),
            cong,
            total: Totals::default(),
            rate: RateVars::default(),
            chrono: Chronograph::default(),
            write_queue: WriteQueue::default(),
            recv_queue: RecvQueue::default(),
            ofo_queue: OfoQueue::default(),
            selective_acks: SackList::default(),
            timers: TimerTable::default(),
            mss_cache: TCP_MSS_DEFAULT,
            advmss: 0,
            tcp_header_len: crate::net::TCP_HEADER_LEN,
            pmtu_cookie: 0,
            dst_mtu: 0,
            mtup: MtuSearch::default(),
            tsoffset: 0,
            pacing_rate: u64::MAX,
            error_queue: ErrQueue::default(),
            zerocopy: ZeroCopy::default(),
            tstamp: TstampVars::default(),
            pacing: Pacing::default(),
            tsq: SmallQueue::default(),
            err: None,
            err_soft: None,
            shutdown: Shutdown::default(),
            dead: false,
            done: false,
            listener: AcceptQueue::default(),
            parent: None,
            synack_sent: None,
            inet_id: None,
            connect: ConnectPhase::default(),
            disconnects: 0,
            saved_syn: Vec::new(),
            fastopen: FastopenVars::default(),
            nospace: false,
            write_pending: false,
        }
    }

    /// The present state. Only `tcp_set_state` changes it.
    #[must_use]
    pub const fn state(&self) -> TcpState {
        self.state.get()
    }

    /// The ends of the connection.
    #[must_use]
    pub const fn flow(&self) -> Flow {
        self.flow
    }

    /// The key that signs segments to and from the peer.
    ///
    /// Linux: tcp_v4_md5_lookup (net/ipv4/tcp_ipv4.c)
    pub(crate) fn md5_key(&self) -> Option<&Md5Key> {
        self.md5.lookup(self.flow.remote.ip())
    }

    /// Leaves every hash once the present function is done.
    pub(crate) fn unhash(&mut self, cx: &mut Cx) {
        cx.later(Effect::Unhash(self.id, self.flow));
    }

    /// Reports `err` to whoever uses the socket (sk_err and sk_error_report).
    pub(crate) fn report_error(&mut self, err: Errno, cx: &mut Cx) {
        self.err = Some(err);
        cx.wake(self.id, Wake::Error);
    }

    /// TOS or traffic class of its packets.
    pub(crate) const fn tos(&self) -> u8 {
        if self.wire_is_v6() { self.opts.tclass } else { self.opts.tos }
    }

    /// TTL or hop limit of its packets.
    ///
    /// Linux: ip_select_ttl, ip6_dst_hoplimit
    pub(crate) fn ttl(&self, cx: &Cx) -> u8 {
        let own = if self.wire_is_v6() { self.opts.hop_limit } else { self.opts.ttl };
        own.unwrap_or_else(|| cx.default_ttl(self.wire_is_v6()))
    }

    /// Whether a route leads to `remote` that SO_DONTROUTE allows.
    ///
    /// Linux: inet_csk_route_req (net/ipv4/inet_connection_sock.c), inet_sk_rebuild_header
    pub(crate) fn has_route(&self, remote: IpAddr, cx: &Cx) -> bool {
        !self.opts.dontroute || cx.net.is_reached_without_gateway(remote, self.opts.bound_dev_if)
    }

    /// IP_RECVERR or IPV6_RECVERR, by the family of its packets.
    pub(crate) fn recverr(&self) -> bool {
        self.opts.kept.is_on(if self.wire_is_v6() { IPV6_RECVERR } else { IP_RECVERR })
    }

    /// IP_MTU_DISCOVER or IPV6_MTU_DISCOVER, by the family of its packets.
    pub(crate) fn pmtudisc(&self) -> i32 {
        let key = if self.wire_is_v6() { IPV6_MTU_DISCOVER } else { IP_MTU_DISCOVER };
        self.opts.kept.get_or(key, 1)
    }

    /// Packets of this socket are IPv6 (an AF_INET6 socket may speak IPv4).
    pub(crate) const fn wire_is_v6(&self) -> bool {
        self.flow.is_v6()
    }
}

/// Share of a buffer byte that is payload, before the first segment shows it, in 1/256.
///
/// Linux: tcp_scaling_ratio_init (include/net/tcp.h)
const fn scaling_ratio(adv_win_scale: i32) -> u8 {
    let whole: u32 = 1 << 8;
    let ratio = if adv_win_scale <= 0 {
        whole >> adv_win_scale.unsigned_abs()
    } else {
        whole - (whole >> adv_win_scale.unsigned_abs())
    };
    if ratio > 255 { 255 } else { ratio.to_le_bytes()[0] }
}
