//! Counters and suspicions of a connection.
//!
//! RFC 9768 §3.2.1 · Linux: received_ce … accecn_fail_mode of struct tcp_sock

use crate::seq::Seq;
use crate::time::Instant;

/// Whether the peer's option was seen (Linux: TCP_ACCECN_OPT_*).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SawOpt {
    /// TCP_ACCECN_OPT_NOT_SEEN
    #[default]
    NotSeen,
    /// TCP_ACCECN_OPT_EMPTY_SEEN: without a counter.
    Empty,
    /// TCP_ACCECN_OPT_COUNTER_SEEN
    Counter,
    /// TCP_ACCECN_OPT_FAIL_SEEN: with a counter that somebody zeroed.
    Fail,
}

/// What does not work on the path (Linux: TCP_ACCECN_*_FAIL_*), as tcpi_accecn_fail_mode has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FailMode(pub(crate) u8);

impl FailMode {
    /// Our flags do not arrive.
    pub(crate) const ACE_SEND: Self = Self(1);
    /// The peer's flags do not arrive as they were sent.
    pub(crate) const ACE_RECV: Self = Self(2);
    /// Our option does not arrive.
    pub(crate) const OPT_SEND: Self = Self(4);
    /// The peer's option does not arrive as it was sent.
    pub(crate) const OPT_RECV: Self = Self(8);

    /// Notes `what`, too (Linux: tcp_accecn_fail_mode_set).
    pub(crate) const fn set(&mut self, what: Self) {
        self.0 |= what.0;
    }

    /// Any of `what` was noted.
    pub(crate) const fn has(self, what: Self) -> bool {
        self.0 & what.0 != 0
    }
}

/// Everything but the mode. Byte counters are by IP-ECN codepoint, from ECT(1) on, and count from 0;
/// what the wire adds is added on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AccEcnVars {
    /// Codepoint of the last SYN or SYN-ACK sent, and received.
    pub(crate) syn_ect_snt: u8,
    pub(crate) syn_ect_rcv: u8,
    /// Codepoint of the last packet received.
    pub(crate) prev_ecnfield: u8,
    /// Marked packets received; those not yet told, at most 15.
    pub(crate) received_ce: u32,
    pub(crate) received_ce_pending: u8,
    /// Bytes received, by codepoint.
    pub(crate) received_ecn_bytes: [u32; 3],
    /// Bytes delivered to the peer, by codepoint, as its option says.
    pub(crate) delivered_ecn_bytes: [u32; 3],
    /// Codepoint that alone changed in the peer's last option; 0 for none.
    pub(crate) est_ecnfield: u8,
    /// Segments an ACK covers on average, in 1/64.
    pub(crate) pkts_acked_ewma: u16,
    /// Counters the next option must hold at least.
    pub(crate) accecn_minlen: u8,
    /// ACKs that are to carry the option.
    pub(crate) accecn_opt_demand: u8,
    /// The last segment had the option and a D-SACK that begins here.
    pub(crate) accecn_opt_sent_w_dsack: Option<Seq>,
    /// When the option was sent last.
    pub(crate) accecn_opt_tstamp: Instant,
    pub(crate) saw_accecn_opt: SawOpt,
    pub(crate) fail_mode: FailMode,
}

impl AccEcnVars {
    /// Linux: tcp_accecn_saw_opt_fail_recv
    pub(super) fn saw_opt_fail_recv(&mut self, saw: SawOpt) {
        self.saw_accecn_opt = saw;
        if saw == SawOpt::Fail {
            self.fail_mode.set(FailMode::OPT_RECV);
        }
    }

    /// Linux: tcp_accecn_opt_demand_min
    pub(super) fn opt_demand_min(&mut self, acks: u8) {
        self.accecn_opt_demand = self.accecn_opt_demand.max(acks);
    }

    /// The byte counter of codepoint `ecnfield`, which is not 0.
    pub(super) fn bytes_of(counters: &mut [u32; 3], ecnfield: u8) -> Option<&mut u32> {
        usize::from(ecnfield).checked_sub(1).and_then(|index| counters.get_mut(index))
    }
}
