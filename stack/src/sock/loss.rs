//! What a sender knows of loss: its timeout, its counts of segments, and the episode of recovery it is in.
//!
//! RFC 6298, RFC 6675, RFC 8985 · Linux: struct inet_connection_sock, struct tcp_sock

use super::control_block::TCP_TIMEOUT_INIT_MS;
use crate::congestion::{CaState, Prr};
use crate::seq::Seq;
use crate::time::{Hz, Instant};

/// Retransmission and recovery.
#[derive(Clone, Debug)]
pub(crate) struct LossVars {
    /// icsk_rto, in ticks.
    pub(crate) rto: u32,
    /// icsk_retransmits
    pub(crate) retransmits: u32,
    /// icsk_backoff
    pub(crate) backoff: u32,
    /// icsk_probes_out
    pub(crate) probes_out: u32,
    /// icsk_probes_tstamp: first unanswered window probe.
    pub(crate) probes_since: Option<Instant>,
    pub(crate) ca_state: CaState,
    pub(crate) packets_out: u32,
    pub(crate) sacked_out: u32,
    pub(crate) lost_out: u32,
    pub(crate) retrans_out: u32,
    pub(crate) reordering: u32,
    /// SND.NXT when recovery began.
    pub(crate) high_seq: Seq,
    pub(crate) prior_ssthresh: u32,
    pub(crate) undo_marker: Option<Seq>,
    /// Retransmissions not yet proven unnecessary; negative when there were none.
    pub(crate) undo_retrans: i32,
    /// First retransmission of the present episode (retrans_stamp).
    pub(crate) retrans_stamp: Option<Instant>,
    pub(crate) total_retrans: u32,
    /// F-RTO is under way.
    pub(crate) frto: bool,
    /// End of the tail loss probe; none when no probe is out.
    pub(crate) tlp_high_seq: Option<Seq>,
    pub(crate) tlp_retrans: bool,
    pub(crate) prr: Prr,
    /// Timeouts, of SYN and SYN-ACK, too; episodes of them, how long those took that are over, in
    /// milliseconds, and when the present one began.
    pub(crate) total_rto: u16,
    pub(crate) total_rto_recoveries: u16,
    pub(crate) total_rto_time: u32,
    pub(crate) rto_stamp: Option<Instant>,
    /// Timeouts that chose another path (tp->timeout_rehash).
    pub(crate) timeout_rehash: u16,
    /// The peer took back what it had SACKed (tp->is_sack_reneg).
    pub(crate) is_sack_reneg: bool,
    /// FACK was found to be wrong about this path (tcp_disable_fack).
    pub(crate) fack_disabled: bool,
    /// Segments marked lost, ever (tp->lost).
    pub(crate) lost: u32,
    pub(crate) rack: RackVars,
}

/// RACK (Linux: tp->rack).
#[derive(Clone, Debug, Default)]
pub(crate) struct RackVars {
    /// Transmission time of the most recently sent segment that was delivered; none before that.
    pub(crate) mstamp: Option<Instant>,
    pub(crate) rtt_us: u32,
    pub(crate) end_seq: Seq,
    pub(crate) last_delivered: u32,
    pub(crate) reo_wnd_steps: u8,
    pub(crate) reo_wnd_persist: u8,
    pub(crate) dsack_seen: bool,
    pub(crate) advanced: bool,
}

impl LossVars {
    /// Linux: tcp_init_sock.
    pub(crate) fn new(reordering: u32, hz: Hz) -> Self {
        Self {
            rto: hz.msecs_to_jiffies(TCP_TIMEOUT_INIT_MS),
            retransmits: 0,
            backoff: 0,
            probes_out: 0,
            probes_since: None,
            ca_state: CaState::Open,
            packets_out: 0,
            sacked_out: 0,
            lost_out: 0,
            retrans_out: 0,
            reordering,
            high_seq: Seq(0),
            prior_ssthresh: 0,
            undo_marker: None,
            undo_retrans: 0,
            retrans_stamp: None,
            total_retrans: 0,
            frto: false,
            tlp_high_seq: None,
            tlp_retrans: false,
            prr: Prr::default(),
            total_rto: 0,
            total_rto_recoveries: 0,
            total_rto_time: 0,
            rto_stamp: None,
            timeout_rehash: 0,
            is_sack_reneg: false,
            fack_disabled: false,
            lost: 0,
            rack: RackVars { reo_wnd_steps: 1, ..RackVars::default() },
        }
    }

    /// Segments that left the network or were declared lost (Linux: tcp_left_out).
    pub(crate) const fn left_out(&self) -> u32 {
        self.sacked_out + self.lost_out
    }

    /// Linux: tcp_packets_in_flight.
    pub(crate) const fn packets_in_flight(&self) -> u32 {
        (self.packets_out + self.retrans_out).saturating_sub(self.left_out())
    }

    /// Linux: tcp_in_cwnd_reduction.
    pub(crate) const fn in_cwnd_reduction(&self) -> bool {
        matches!(self.ca_state, CaState::Cwr | CaState::Recovery)
    }
}
