//! Proportional rate reduction: the window during recovery (RFC 6937, RFC 9937).
//!
//! Linux: tcp_init_cwnd_reduction, tcp_cwnd_reduction, tcp_end_cwnd_reduction
//! (net/ipv4/tcp_input.c). When a reduction starts and ends is decided by the recovery machine.

use super::{Cwnd, INFINITE_SSTHRESH};

/// Counters of one reduction, in segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prr {
    /// Delivered to the receiver since the reduction began.
    pub(crate) delivered: u32,
    /// Sent since the reduction began.
    pub(crate) out: u32,
}

/// What one ACK says about the flight.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Delivery {
    /// Segments newly acknowledged or SACKed.
    pub(crate) newly_acked_sacked: u32,
    /// Segments newly marked lost.
    pub(crate) newly_lost: u32,
    /// SND.UNA moved.
    pub(crate) snd_una_advanced: bool,
    /// Below the threshold no more is sent than was delivered (PRR-CRB).
    pub(crate) conserves: bool,
}

impl Prr {
    /// Begins a reduction towards `ssthresh`.
    ///
    /// Linux: the window's part of tcp_init_cwnd_reduction
    pub(crate) fn begin(&mut self, cw: &mut Cwnd, ssthresh: u32) {
        *self = Self::default();
        cw.snd_cwnd_cnt = 0;
        cw.prior_cwnd = cw.snd_cwnd;
        cw.snd_ssthresh = ssthresh;
    }

    /// Sets the window to the flight plus what this ACK allows to be sent.
    ///
    /// RFC 9937 §5 · Linux: tcp_cwnd_reduction (net/ipv4/tcp_input.c)
    pub(crate) fn tcp_cwnd_reduction(&mut self, cw: &mut Cwnd, in_flight: u32, seen: Delivery) {
        if seen.newly_acked_sacked == 0 || cw.prior_cwnd == 0 {
            return;
        }
        self.delivered = self.delivered.saturating_add(seen.newly_acked_sacked);
        let allowed = if cw.snd_ssthresh < in_flight {
            // Above the target: send at the rate the target is of the old window.
            let share = (u64::from(cw.snd_ssthresh) * u64::from(self.delivered))
                .div_ceil(u64::from(cw.prior_cwnd));
            share.saturating_sub(u64::from(self.out))
        } else if seen.conserves {
            u64::from(seen.newly_acked_sacked.min(cw.snd_ssthresh - in_flight))
        } else {
            let owed = self.delivered.saturating_sub(self.out).max(seen.newly_acked_sacked);
            let bonus = u32::from(seen.snd_una_advanced && seen.newly_lost == 0);
            u64::from(owed.saturating_add(bonus).min(cw.snd_ssthresh - in_flight))
        };
        // The retransmission that opens recovery goes out whatever the arithmetic says.
        let first = u64::from(self.out == 0);
        let allowed = u32::try_from(allowed.max(first)).unwrap_or(u32::MAX);
        cw.snd_cwnd = in_flight.saturating_add(allowed);
    }
}

/// The window when a reduction is over: the threshold it aimed at.
///
/// Linux: the window's part of tcp_end_cwnd_reduction
pub(crate) fn tcp_end_cwnd_reduction(cw: &mut Cwnd, is_cwr: bool, is_undoing: bool) {
    if cw.snd_ssthresh < INFINITE_SSTHRESH && (is_cwr || is_undoing) {
        cw.snd_cwnd = cw.snd_ssthresh;
    }
}

#[cfg(test)]
mod tests;
