//! Counters under the names of /proc/net/snmp and /proc/net/netstat, printed as `nstat` does.
//!
//! Linux: net/ipv4/proc.c. Only what a TCP host stack can move is here.

use std::collections::BTreeMap;

macro_rules! counters {
    ($( $name:ident )*) => {
        /// A counter; the variant's name is nstat's spelling: the group, then the counter.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the names are the kernel's; net/ipv4/proc.c lists them")]
        pub enum Counter { $( $name, )* }

        impl Counter {
            /// Every counter, in the kernel's order.
            pub const ALL: &[Self] = &[$( Self::$name ),*];

            /// The name `nstat` prints.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$name => stringify!($name), )* }
            }
        }
    };
}

counters! {
    TcpActiveOpens TcpPassiveOpens TcpAttemptFails TcpEstabResets TcpCurrEstab TcpInSegs
    TcpOutSegs TcpRetransSegs TcpInErrs TcpOutRsts TcpInCsumErrors
    TcpExtSyncookiesSent TcpExtSyncookiesRecv TcpExtSyncookiesFailed TcpExtEmbryonicRsts
    TcpExtPruneCalled TcpExtRcvPruned TcpExtOfoPruned TcpExtOutOfWindowIcmps
    TcpExtLockDroppedIcmps TcpExtArpFilter TcpExtTW TcpExtTWRecycled TcpExtTWKilled
    TcpExtPAWSPassive TcpExtPAWSActive TcpExtPAWSEstab TcpExtBeyondWindow TcpExtTSEcrRejected
    TcpExtPAWSOldAck TcpExtTCPForwardRetrans
    TcpExtPAWSTimewait TcpExtDelayedACKs TcpExtDelayedACKLocked TcpExtDelayedACKLost
    TcpExtListenOverflows TcpExtListenDrops TcpExtTCPHPHits TcpExtTCPPureAcks TcpExtTCPHPAcks
    TcpExtTCPRenoRecovery TcpExtTCPSackRecovery TcpExtTCPSACKReneging TcpExtTCPSACKReorder
    TcpExtTCPRenoReorder TcpExtTCPTSReorder TcpExtTCPFullUndo TcpExtTCPPartialUndo
    TcpExtTCPDSACKUndo TcpExtTCPLossUndo TcpExtTCPLostRetransmit TcpExtTCPRenoFailures
    TcpExtTCPSackFailures TcpExtTCPLossFailures TcpExtTCPFastRetrans TcpExtTCPSlowStartRetrans
    TcpExtTCPTimeouts TcpExtTCPLossProbes TcpExtTCPLossProbeRecovery TcpExtTCPRenoRecoveryFail
    TcpExtTCPSackRecoveryFail TcpExtTCPRcvCollapsed TcpExtTCPBacklogCoalesce
    TcpExtTCPDSACKOldSent TcpExtTCPDSACKOfoSent TcpExtTCPDSACKRecv TcpExtTCPDSACKOfoRecv
    TcpExtTCPAbortOnData TcpExtTCPAbortOnClose TcpExtTCPAbortOnMemory TcpExtTCPAbortOnTimeout
    TcpExtTCPAbortOnLinger TcpExtTCPAbortFailed TcpExtTCPMemoryPressures
    TcpExtTCPMemoryPressuresChrono TcpExtTCPSACKDiscard TcpExtTCPDSACKIgnoredOld
    TcpExtTCPDSACKIgnoredNoUndo TcpExtTCPSpuriousRTOs TcpExtTCPMD5NotFound
    TcpExtTCPMD5Unexpected TcpExtTCPMD5Failure TcpExtTCPSackShifted TcpExtTCPSackMerged
    TcpExtTCPSackShiftFallback TcpExtTCPBacklogDrop TcpExtPFMemallocDrop TcpExtTCPMinTTLDrop
    TcpExtTCPDeferAcceptDrop TcpExtIPReversePathFilter TcpExtTCPTimeWaitOverflow
    TcpExtTCPReqQFullDoCookies TcpExtTCPReqQFullDrop TcpExtTCPRetransFail TcpExtTCPRcvCoalesce
    TcpExtTCPOFOQueue TcpExtTCPOFODrop TcpExtTCPOFOMerge TcpExtTCPChallengeACK
    TcpExtTCPSYNChallenge TcpExtTCPFastOpenActive TcpExtTCPFastOpenActiveFail
    TcpExtTCPFastOpenPassive TcpExtTCPFastOpenPassiveFail TcpExtTCPFastOpenListenOverflow
    TcpExtTCPFastOpenCookieReqd TcpExtTCPFastOpenBlackhole TcpExtTCPSpuriousRtxHostQueues
    TcpExtBusyPollRxPackets TcpExtTCPAutoCorking TcpExtTCPFromZeroWindowAdv
    TcpExtTCPToZeroWindowAdv TcpExtTCPWantZeroWindowAdv TcpExtTCPSynRetrans
    TcpExtTCPOrigDataSent TcpExtTCPHystartTrainDetect TcpExtTCPHystartTrainCwnd
    TcpExtTCPHystartDelayDetect TcpExtTCPHystartDelayCwnd TcpExtTCPACKSkippedSynRecv
    TcpExtTCPACKSkippedPAWS TcpExtTCPACKSkippedSeq TcpExtTCPACKSkippedFinWait2
    TcpExtTCPACKSkippedTimeWait TcpExtTCPACKSkippedChallenge TcpExtTCPWinProbe
    TcpExtTCPKeepAlive TcpExtTCPMTUPFail TcpExtTCPMTUPSuccess TcpExtTCPDelivered
    TcpExtTCPDeliveredCE TcpExtTCPAckCompressed TcpExtTCPZeroWindowDrop TcpExtTCPRcvQDrop
    TcpExtTCPWqueueTooBig TcpExtTCPFastOpenPassiveAltKey TcpExtTcpTimeoutRehash
    TcpExtTcpDuplicateDataRehash TcpExtTCPDSACKRecvSegs TcpExtTCPDSACKIgnoredDubious
    TcpExtTCPMigrateReqSuccess TcpExtTCPMigrateReqFailure TcpExtTCPPLBRehash TcpExtTCPAORequired
    TcpExtTCPAOBad TcpExtTCPAOKeyNotFound TcpExtTCPAOGood TcpExtTCPAODroppedIcmps
}

/// The counters of one stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mib {
    /// By the counter's place in [`Counter::ALL`].
    values: [u64; Counter::ALL.len()],
}

impl Default for Mib {
    fn default() -> Self {
        Self { values: [0; Counter::ALL.len()] }
    }
}

impl Mib {
    /// Adds one.
    ///
    /// Linux: NET_INC_STATS, TCP_INC_STATS
    pub fn inc(&mut self, counter: Counter) {
        self.add(counter, 1);
    }

    /// Takes one away; only for `TcpCurrEstab`, which is a gauge.
    ///
    /// Linux: TCP_DEC_STATS
    pub fn dec(&mut self, counter: Counter) {
        if let Some(value) = self.values.get_mut(counter as usize) {
            *value = value.saturating_sub(1);
        }
    }

    /// Adds `n`.
    ///
    /// Linux: NET_ADD_STATS, TCP_ADD_STATS
    pub fn add(&mut self, counter: Counter, n: u64) {
        if let Some(value) = self.values.get_mut(counter as usize) {
            *value = value.saturating_add(n);
        }
    }

    /// The value now.
    #[must_use]
    pub fn get(&self, counter: Counter) -> u64 {
        self.values.get(counter as usize).copied().unwrap_or(0)
    }

    /// Every counter, zeros included, by nstat's name.
    #[must_use]
    pub fn snapshot(&self) -> BTreeMap<&'static str, u64> {
        Counter::ALL.iter().map(|&counter| (counter.name(), self.get(counter))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Counter, Mib};

    #[test]
    fn counters_move_and_print_under_nstat_names() {
        let mut mib = Mib::default();
        mib.inc(Counter::TcpExtTCPChallengeACK);
        mib.add(Counter::TcpInSegs, 3);
        mib.inc(Counter::TcpCurrEstab);
        mib.dec(Counter::TcpCurrEstab);
        let all = mib.snapshot();
        assert_eq!(all["TcpExtTCPChallengeACK"], 1);
        assert_eq!(all["TcpInSegs"], 3);
        assert_eq!(all["TcpOutSegs"], 0);
        assert_eq!(all["TcpCurrEstab"], 0);
        assert_eq!(all.len(), Counter::ALL.len());
    }
}
