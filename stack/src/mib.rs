//! Counters under the names of /proc/net/snmp and /proc/net/netstat, printed as `nstat` does.
//!
//! Linux: net/ipv4/proc.c. Only what a TCP host stack can move is here.

use std::collections::BTreeMap;

macro_rules! counters {
    ($( $group:literal { $( $name:ident )* } )*) => {
        /// A counter; the variant's name is the kernel's.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the names are the kernel's; net/ipv4/proc.c lists them")]
        pub enum Counter { $( $( $name, )* )* }

        impl Counter {
            /// Every counter, in the kernel's order.
            pub const ALL: &[Self] = &[$( $( Self::$name ),* ),*];

            /// The name `nstat` prints: the group, then the counter.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( $( Self::$name => concat!($group, stringify!($name)), )* )* }
            }
        }
    };
}

counters! {
    "Tcp" {
        ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs
        RetransSegs InErrs OutRsts InCsumErrors
    }
    "TcpExt" {
        SyncookiesSent SyncookiesRecv SyncookiesFailed EmbryonicRsts PruneCalled RcvPruned
        OfoPruned OutOfWindowIcmps LockDroppedIcmps ArpFilter TW TWRecycled TWKilled
        PAWSActive PAWSEstab BeyondWindow TSEcrRejected PAWSOldAck PAWSTimewait DelayedACKs
        DelayedACKLocked DelayedACKLost ListenOverflows ListenDrops TCPHPHits TCPPureAcks
        TCPHPAcks TCPRenoRecovery TCPSackRecovery TCPSACKReneging TCPSACKReorder
        TCPRenoReorder TCPTSReorder TCPFullUndo TCPPartialUndo TCPDSACKUndo TCPLossUndo
        TCPLostRetransmit TCPRenoFailures TCPSackFailures TCPLossFailures TCPFastRetrans
        TCPSlowStartRetrans TCPTimeouts TCPLossProbes TCPLossProbeRecovery
        TCPRenoRecoveryFail TCPSackRecoveryFail TCPRcvCollapsed TCPBacklogCoalesce
        TCPDSACKOldSent TCPDSACKOfoSent TCPDSACKRecv TCPDSACKOfoRecv TCPAbortOnData
        TCPAbortOnClose TCPAbortOnMemory TCPAbortOnTimeout TCPAbortOnLinger TCPAbortFailed
        TCPMemoryPressures TCPMemoryPressuresChrono TCPSACKDiscard TCPDSACKIgnoredOld
        TCPDSACKIgnoredNoUndo TCPSpuriousRTOs TCPMD5NotFound TCPMD5Unexpected TCPMD5Failure
        TCPSackShifted TCPSackMerged TCPSackShiftFallback TCPBacklogDrop PFMemallocDrop
        TCPMinTTLDrop TCPDeferAcceptDrop IPReversePathFilter TCPTimeWaitOverflow
        TCPReqQFullDoCookies TCPReqQFullDrop TCPRetransFail TCPRcvCoalesce TCPOFOQueue
        TCPOFODrop TCPOFOMerge TCPChallengeACK TCPSYNChallenge TCPFastOpenActive
        TCPFastOpenActiveFail TCPFastOpenPassive TCPFastOpenPassiveFail
        TCPFastOpenListenOverflow TCPFastOpenCookieReqd TCPFastOpenBlackhole
        TCPSpuriousRtxHostQueues BusyPollRxPackets TCPAutoCorking TCPFromZeroWindowAdv
        TCPToZeroWindowAdv TCPWantZeroWindowAdv TCPSynRetrans TCPOrigDataSent
        TCPHystartTrainDetect TCPHystartTrainCwnd TCPHystartDelayDetect TCPHystartDelayCwnd
        TCPACKSkippedSynRecv TCPACKSkippedPAWS TCPACKSkippedSeq TCPACKSkippedFinWait2
        TCPACKSkippedTimeWait TCPACKSkippedChallenge TCPWinProbe TCPKeepAlive TCPMTUPFail
        TCPMTUPSuccess TCPDelivered TCPDeliveredCE TCPAckCompressed TCPZeroWindowDrop
        TCPRcvQDrop TCPWqueueTooBig TCPFastOpenPassiveAltKey TcpTimeoutRehash
        TcpDuplicateDataRehash TCPDSACKRecvSegs TCPDSACKIgnoredDubious TCPMigrateReqSuccess
        TCPMigrateReqFailure TCPPLBRehash TCPAORequired TCPAOBad TCPAOKeyNotFound TCPAOGood
        TCPAODroppedIcmps
    }
}

/// The counters of one stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mib {
    moved: BTreeMap<Counter, u64>,
}

impl Mib {
    /// Adds one.
    ///
    /// Linux: NET_INC_STATS, TCP_INC_STATS
    pub fn inc(&mut self, counter: Counter) {
        self.add(counter, 1);
    }

    /// Takes one away; only for `CurrEstab`, which is a gauge.
    ///
    /// Linux: TCP_DEC_STATS
    pub fn dec(&mut self, counter: Counter) {
        let value = self.moved.entry(counter).or_default();
        *value = value.saturating_sub(1);
    }

    /// Adds `n`.
    ///
    /// Linux: NET_ADD_STATS, TCP_ADD_STATS
    pub fn add(&mut self, counter: Counter, n: u64) {
        let value = self.moved.entry(counter).or_default();
        *value = value.saturating_add(n);
    }

    /// The value now.
    #[must_use]
    pub fn get(&self, counter: Counter) -> u64 {
        self.moved.get(&counter).copied().unwrap_or(0)
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
        mib.inc(Counter::TCPChallengeACK);
        mib.add(Counter::InSegs, 3);
        mib.inc(Counter::CurrEstab);
        mib.dec(Counter::CurrEstab);
        let all = mib.snapshot();
        assert_eq!(all["TcpExtTCPChallengeACK"], 1);
        assert_eq!(all["TcpInSegs"], 3);
        assert_eq!(all["TcpOutSegs"], 0);
        assert_eq!(all["TcpCurrEstab"], 0);
        assert_eq!(all.len(), Counter::ALL.len());
    }
}
