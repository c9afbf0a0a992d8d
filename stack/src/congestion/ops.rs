//! What a congestion control algorithm is, and the variables it shares with the sender.
//!
//! RFC 5681 · Linux: struct tcp_congestion_ops (include/net/tcp.h). Algorithms see [`Cwnd`] and an
//! [`AckSample`], never a socket: what they may change is what is handed to them.

use super::{Cubic, Reno};
use crate::seq::Seq;
use crate::sysctl::Sysctls;
use crate::time::{Hz, Instant};

/// State of the loss recovery machine (Linux: enum tcp_ca_state).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum CaState {
    /// Nothing suspicious.
    Open = 0,
    /// Duplicate ACKs or SACKs seen, nothing marked lost.
    Disorder = 1,
    /// Congestion notification received, window being reduced.
    Cwr = 2,
    /// Fast recovery.
    Recovery = 3,
    /// Retransmission timeout.
    Loss = 4,
}

/// Congestion variables of one connection, in segments unless the name says otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Cwnd {
    pub(crate) snd_cwnd: u32,
    /// Acknowledged segments counted towards the next increase.
    pub(crate) snd_cwnd_cnt: u32,
    pub(crate) snd_ssthresh: u32,
    pub(crate) snd_cwnd_clamp: u32,
    /// Window right before the last reduction, for undo.
    pub(crate) prior_cwnd: u32,
    /// The window, not the application, limited the last flight.
    pub(crate) is_cwnd_limited: bool,
    /// Most packets out in the last window of data.
    pub(crate) max_packets_out: u32,
}

/// TCP_INFINITE_SSTHRESH
pub(crate) const INFINITE_SSTHRESH: u32 = 0x7fff_ffff;
/// TCP_INIT_CWND, RFC 6928
pub(crate) const INIT_CWND: u32 = 10;

impl Cwnd {
    /// Variables of a new socket.
    pub(crate) const fn new() -> Self {
        Self {
            snd_cwnd: INIT_CWND,
            snd_cwnd_cnt: 0,
            snd_ssthresh: INFINITE_SSTHRESH,
            snd_cwnd_clamp: u32::MAX,
            prior_cwnd: 0,
            is_cwnd_limited: false,
            max_packets_out: 0,
        }
    }

    /// Linux: tcp_in_slow_start.
    pub(crate) const fn in_slow_start(&self) -> bool {
        self.snd_cwnd < self.snd_ssthresh
    }
}

/// What an acknowledgement tells an algorithm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AckSample {
    /// Time of the ACK.
    pub(crate) now: Instant,
    /// SEG.ACK.
    pub(crate) ack: Seq,
    /// Segments newly acknowledged.
    pub(crate) acked: u32,
    /// Round trip of the newest acknowledged segment, if it was sent once.
    pub(crate) rtt_us: Option<u32>,
    /// SND.NXT.
    pub(crate) snd_nxt: Seq,
    /// Bytes per second at which the connection sends at most, and whether somebody holds it to that.
    pub(crate) pacing_rate: u64,
    pub(crate) is_paced: bool,
}

/// Why an algorithm ended slow start before anything was lost; one ACK can tell of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SlowStartExit {
    /// ACKs kept coming in for too long.
    pub(crate) train: bool,
    /// The round trip grew.
    pub(crate) delay: bool,
}

/// Events of interest to an algorithm (Linux: enum tcp_ca_event).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaEvent {
    /// First transmission after nothing was in flight; the argument is how long nothing was sent.
    TxStart {
        /// Ticks since the last data was sent.
        idle: u32,
    },
    /// The window was restarted after idle.
    CwndRestart,
    /// A reduction ended.
    CompleteCwr,
    /// Retransmission timeout.
    Loss,
}

/// One algorithm with its private variables (Linux: struct tcp_congestion_ops, icsk_ca_priv).
pub(crate) trait CongestionOps {
    /// Name in TCP_CONGESTION and the sysctl.
    fn name(&self) -> &'static str;
    /// Threshold after a loss; called once per reduction.
    fn ssthresh(&mut self, cw: &mut Cwnd) -> u32;
    /// Grows the window for an ACK outside recovery; called only when the window was in use.
    fn cong_avoid(&mut self, cw: &mut Cwnd, ack: &AckSample);
    /// The recovery machine changed its state.
    fn set_state(&mut self, cw: &mut Cwnd, new: CaState, now: Instant);
    /// Something happened that shifts an algorithm's clock.
    fn cwnd_event(&mut self, cw: &mut Cwnd, event: CaEvent, now: Instant);
    /// Every ACK that acknowledged something, before the window grows (HyStart).
    fn pkts_acked(&mut self, cw: &mut Cwnd, ack: &AckSample) -> Option<SlowStartExit>;
    /// The connection begins.
    fn init(&mut self, _cw: &mut Cwnd) {}
    /// Window to return to when a reduction turns out wrong.
    fn undo_cwnd(&self, cw: &Cwnd) -> u32 {
        cw.snd_cwnd.max(cw.prior_cwnd)
    }
}

/// The algorithms there are. An enum, so that a socket is plain data and its clone is complete.
#[derive(Clone, Debug)]
pub(crate) enum Algorithm {
    /// RFC 5681
    Reno(Reno),
    /// RFC 9438
    Cubic(Cubic),
}

impl Algorithm {
    /// Names in the order of tcp_available_congestion_control.
    pub(crate) const NAMES: [&'static str; 2] = ["reno", "cubic"];

    /// The algorithm called `name`.
    pub(crate) fn by_name(name: &str, sysctl: &Sysctls, hz: Hz) -> Option<Self> {
        match name {
            "reno" => Some(Self::Reno(Reno)),
            "cubic" => Some(Self::Cubic(Cubic::new(sysctl, hz))),
            _ => None,
        }
    }

    /// The algorithm behind its interface.
    pub(crate) fn ops(&mut self) -> &mut dyn CongestionOps {
        match self {
            Self::Reno(reno) => reno,
            Self::Cubic(cubic) => cubic,
        }
    }

    /// Name in TCP_CONGESTION.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Reno(reno) => reno.name(),
            Self::Cubic(cubic) => cubic.name(),
        }
    }
}
