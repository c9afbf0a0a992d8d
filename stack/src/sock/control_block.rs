//! The transmission control block, in groups: variables of RFC 9293 §3.3.1 under the RFC's names,
//! the rest under Linux's (struct tcp_sock, struct inet_connection_sock). Those of loss and recovery are in
//! [`super::loss`].
//!
//! Times of day are [`Instant`]; spans Linux counts in jiffies are counted in ticks. Constants with
//! `_MS` are fractions of HZ in Linux, and whole ticks at every HZ.

use crate::accecn::AccEcnVars;
use crate::congestion::{Algorithm, Cwnd, Reno};
use crate::seq::Seq;
use crate::sysctl::Sysctls;
use crate::time::{Hz, Instant, Jiffies};

/// TCP_TIMEOUT_INIT, RFC 6298 §2.1
pub(crate) const TCP_TIMEOUT_INIT_MS: u32 = 1000;
/// TCP_RTO_MIN: HZ/5
pub(crate) const TCP_RTO_MIN_MS: u32 = 200;
/// TCP_ATO_MIN, TCP_DELACK_MIN: HZ/25
pub(crate) const TCP_ATO_MIN_MS: u32 = 40;
/// TCP_MSS_DEFAULT, RFC 9293 §3.7.1
pub(crate) const TCP_MSS_DEFAULT: u32 = 536;
/// TCP_MIN_MSS
pub(crate) const TCP_MIN_MSS: u32 = 88;

/// Send sequence space.
#[derive(Clone, Debug, Default)]
pub(crate) struct SndVars {
    pub(crate) una: Seq,
    pub(crate) nxt: Seq,
    /// Urgent pointer: the sequence number after the urgent byte.
    pub(crate) up: Seq,
    pub(crate) wl1: Seq,
    /// Send window in bytes, scaled.
    pub(crate) wnd: u32,
    pub(crate) iss: Seq,
    /// Largest window the peer ever offered.
    pub(crate) max_window: u32,
    /// End of the last small segment sent (Minshall's variant of Nagle).
    pub(crate) sml: Seq,
    /// Tail of the data the application handed over, plus SYN and FIN.
    pub(crate) write_seq: Seq,
    /// Last sequence that got PSH.
    pub(crate) pushed_seq: Seq,
    /// Urgent data is outstanding (Linux compares snd_up with snd_una).
    pub(crate) urg_mode: bool,
}

/// Receive sequence space and window.
#[derive(Clone, Debug, Default)]
pub(crate) struct RcvVars {
    pub(crate) nxt: Seq,
    /// Advertised window in bytes, scaled.
    pub(crate) wnd: u32,
    pub(crate) irs: Seq,
    /// RCV.NXT at the last window update sent.
    pub(crate) wup: Seq,
    /// Most the window may grow to before data shows it is worth it.
    pub(crate) rcv_ssthresh: u32,
    pub(crate) window_clamp: u32,
    /// The third 32 bits of the header that is expected, 0 if none is.
    pub(crate) pred_flags: u32,
    /// Share of a buffer byte that is payload, in 1/256 (Linux: scaling_ratio).
    pub(crate) scaling_ratio: u8,
    /// Urgent sequence and the state of the urgent byte.
    pub(crate) urg_seq: Seq,
    pub(crate) urg_data: UrgData,
}

/// The urgent byte of the receiving side (Linux: tp->urg_data).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum UrgData {
    /// No urgent byte announced, or it was forgotten.
    #[default]
    None,
    /// TCP_URG_NOTYET: announced, not here.
    NotYet,
    /// TCP_URG_VALID: here, to be read with MSG_OOB.
    Valid(u8),
    /// TCP_URG_READ
    Read,
}

/// Options negotiated and received (Linux: struct tcp_options_received).
#[derive(Clone, Debug, Default)]
pub(crate) struct RxOpt {
    pub(crate) ts_recent: u32,
    /// When ts_recent was stored; none before the first.
    pub(crate) ts_recent_stamp: Option<Instant>,
    pub(crate) tstamp_ok: bool,
    pub(crate) sack_ok: bool,
    pub(crate) wscale_ok: bool,
    /// What our SYN offered; nothing else can be agreed to.
    pub(crate) ts_offered: bool,
    pub(crate) sack_offered: bool,
    pub(crate) wscale_offered: bool,
    pub(crate) snd_wscale: u8,
    pub(crate) rcv_wscale: u8,
    /// TCP_MAXSEG of the user; 0 for none.
    pub(crate) user_mss: u32,
    /// Largest segment the peer takes.
    pub(crate) mss_clamp: u32,
    /// Timestamp of the present segment, if it has one.
    pub(crate) rcv_tsval: u32,
    pub(crate) rcv_tsecr: u32,
    pub(crate) saw_tstamp: bool,
    /// D-SACK block to send with the next ACK.
    pub(crate) duplicate_sack: Option<(Seq, Seq)>,
    /// The D-SACK option was seen in this connection (Linux: TCP_DSACK_SEEN).
    pub(crate) dsack_seen: bool,
}

/// How congestion marks are told, numbered as in tcpi_ecn_mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum EcnMode {
    /// Not at all.
    #[default]
    Disabled,
    /// TCP_ECN_MODE_RFC3168: an echo (or we asked for it, in SYN-SENT).
    Rfc3168,
    /// TCP_ECN_MODE_ACCECN: counters.
    AccEcn,
    /// TCP_ECN_MODE_PENDING: we asked for counters, in SYN-SENT.
    Pending,
}

/// Explicit congestion notification (Linux: tp->ecn_flags).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct EcnVars {
    pub(crate) mode: EcnMode,
    /// TCP_ECN_QUEUE_CWR: the next new data says that the window was reduced.
    pub(crate) queue_cwr: bool,
    /// TCP_ECN_DEMAND_CWR: ACKs echo a mark until the peer says so.
    pub(crate) demand_cwr: bool,
    /// TCP_ECN_SEEN: the peer marks its packets.
    pub(crate) seen: bool,
    /// Codepoint of the last packet sent (INET_ECN_MASK of inet->tos).
    pub(crate) ect: u8,
    /// Accurate ECN; what arrives is counted in every mode.
    pub(crate) acc: AccEcnVars,
}

/// Acknowledgement scheduling (Linux: icsk_ack).
#[derive(Clone, Debug, Default)]
pub(crate) struct AckVars {
    /// ICSK_ACK_SCHED
    pub(crate) sched: bool,
    /// ICSK_ACK_TIMER
    pub(crate) timer: bool,
    /// ICSK_ACK_PUSHED
    pub(crate) pushed: bool,
    /// ICSK_ACK_PUSHED2
    pub(crate) pushed2: bool,
    /// ICSK_ACK_NOW
    pub(crate) now: bool,
    /// ICSK_ACK_NOMEM: the ACK closes the window.
    pub(crate) nomem: bool,
    /// ACKs left in quick mode.
    pub(crate) quick: u8,
    /// Interactive session counter.
    pub(crate) pingpong: u8,
    /// Predicted delay in ticks; 0 before the first data.
    pub(crate) ato: u32,
    /// The tick the delayed ACK is asked for (icsk_ack.timeout).
    pub(crate) timeout: Jiffies,
    /// Arrival of the last data.
    pub(crate) lrcvtime: Instant,
    pub(crate) last_seg_size: u32,
    /// Estimate of the peer's MSS.
    pub(crate) rcv_mss: u32,
    /// ACKs held back by SACK compression.
    pub(crate) compressed: u8,
    pub(crate) compressed_rcv_nxt: Seq,
    pub(crate) dup_ack_counter: u8,
    /// Last out-of-window ACK, for tcp_invalid_ratelimit.
    pub(crate) last_oow_ack: Option<Instant>,
}

impl AckVars {
    /// Forgets every scheduled ACK (icsk_ack.pending = 0).
    pub(crate) const fn clear_pending(&mut self) {
        self.sched = false;
        self.timer = false;
        self.pushed = false;
        self.pushed2 = false;
        self.now = false;
        self.nomem = false;
    }
}

/// Round trip estimation; srtt is scaled by 8 as in RFC 6298's classical implementation.
#[derive(Clone, Debug)]
pub(crate) struct RttVars {
    /// Smoothed round trip, microseconds << 3; 0 before the first sample.
    pub(crate) srtt_us: u32,
    pub(crate) mdev_us: u32,
    pub(crate) mdev_max_us: u32,
    pub(crate) rttvar_us: u32,
    /// End of the window in which rttvar may only rise.
    pub(crate) rtt_seq: Seq,
    /// Windowed minimum and when it was measured.
    pub(crate) min_rtt: Option<(Instant, u32)>,
    /// Receiver-side estimate, microseconds << 3.
    pub(crate) rcv_rtt_us: u32,
    pub(crate) rcv_rtt_seq: Seq,
    pub(crate) rcv_rtt_time: Instant,
    pub(crate) rcv_rtt_last_tsecr: u32,
    /// Bytes copied to the user per round trip (rcvq_space).
    pub(crate) rcvq_space: u32,
    pub(crate) rcvq_seq: Seq,
    pub(crate) rcvq_time: Instant,
}

/// Congestion control: shared variables and the algorithm.
#[derive(Clone, Debug)]
pub(crate) struct CongVars {
    pub(crate) cw: Cwnd,
    pub(crate) algorithm: Algorithm,
    /// Linux: snd_cwnd_stamp
    pub(crate) cwnd_stamp: Instant,
    /// Window in use, for RFC 2861.
    pub(crate) cwnd_used: u32,
    pub(crate) max_packets_seq: Seq,
}

/// What TCP_INFO counts and nothing else reads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) bytes_acked: u64,
    pub(crate) bytes_received: u64,
    pub(crate) bytes_sent: u64,
    pub(crate) bytes_retrans: u64,
    pub(crate) segs_out: u32,
    pub(crate) segs_in: u32,
    pub(crate) data_segs_in: u32,
    pub(crate) data_segs_out: u32,
    pub(crate) delivered: u32,
    pub(crate) delivered_ce: u32,
    pub(crate) dsack_dups: u32,
    pub(crate) reord_seen: u32,
    pub(crate) rcv_ooopack: u32,
    /// Last segment sent, of any kind (tcp_wstamp_ns).
    pub(crate) wstamp: Instant,
    /// The clock when it was read last (tcp_clock_cache).
    pub(crate) clock_cache: Instant,
    /// Last data sent, last ACK received.
    pub(crate) lsndtime: Instant,
    pub(crate) rcv_tstamp: Instant,
    /// Hop limit of the last segment received.
    pub(crate) rcv_ttl: u8,
}

impl RttVars {
    /// Linux: tcp_init_sock.
    pub(crate) const fn new() -> Self {
        Self {
            srtt_us: 0,
            mdev_us: TCP_TIMEOUT_INIT_MS * 1000,
            mdev_max_us: 0,
            rttvar_us: 0,
            rtt_seq: Seq(0),
            min_rtt: None,
            rcv_rtt_us: 0,
            rcv_rtt_seq: Seq(0),
            rcv_rtt_time: Instant::ZERO,
            rcv_rtt_last_tsecr: 0,
            rcvq_space: 0,
            rcvq_seq: Seq(0),
            rcvq_time: Instant::ZERO,
        }
    }

    /// Smallest round trip of the window, in microseconds; u32::MAX before the first sample.
    pub(crate) fn min_rtt_us(&self) -> u32 {
        self.min_rtt.map_or(u32::MAX, |(_, us)| us)
    }
}

impl CongVars {
    /// Variables of a new socket under the algorithm called `name`.
    pub(crate) fn new(name: &str, sysctl: &Sysctls, hz: Hz) -> Self {
        Self {
            cw: Cwnd::new(),
            algorithm: Algorithm::by_name(name, sysctl, hz).unwrap_or(Algorithm::Reno(Reno)),
            cwnd_stamp: Instant::ZERO,
            cwnd_used: 0,
            max_packets_seq: Seq(0),
        }
    }
}
