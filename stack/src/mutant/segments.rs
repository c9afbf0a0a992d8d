//! Segments of connections: sequence numbers, acknowledgments, data, and what is told about it.

macro_rules! segments {
    ($next:ident $($more:ident)*; $($rows:tt)*) => {
        $next! { $($more)*; $($rows)*
            // Input: sequence numbers, resets and timestamps.
            PawsOff "paws-off" "RFC 7323 5.3: a segment with an old timestamp is dropped" "tcp_paws_discard";
            PawsForever "paws-forever" "RFC 7323 5.5: after a long silence a timestamp says nothing" "tcp_paws_check";
            RstAtSackEdgeChallenged "rst-at-sack-edge-challenged" "a reset at the right edge of what was SACKed counts" "tcp_validate_incoming";
            RstUnchallenged "rst-unchallenged" "RFC 5961 3.2: a reset in the window but not at its edge is challenged" "tcp_validate_incoming";
            CrossedSynackChallenged "crossed-synack-challenged" "RFC 9293 3.5: the SYN-ACK of a simultaneous open is no SYN in the window" "tcp_validate_incoming";
            SynOutsideAcked "syn-outside-acked" "RFC 5961 4.2: a SYN outside the window is challenged" "tcp_validate_incoming";
            // Input: acknowledgments and the window of the peer.
            AncientAckTaken "ancient-ack-taken" "RFC 5961 5.2: an ACK from before any window is challenged" "tcp_ack";
            OldAckSackIgnored "old-ack-sack-ignored" "SACK blocks of an old ACK count" "tcp_ack";
            TsRecentOfAny "ts-recent-of-any" "RFC 7323 4.3: only a segment that covers the last ACK has its timestamp echoed" "tcp_replace_ts_recent";
            OldWindowTaken "old-window-taken" "RFC 9293 3.10.7.4: the window of an older segment does not count" "tcp_may_update_window";
            WindowUnscaled "window-unscaled" "RFC 7323 2.3: the window of a segment is scaled" "tcp_ack_update_window";
            SynWindowScaled "syn-window-scaled" "RFC 7323 2.2: the window of a SYN is not scaled" "tcp_rcv_synsent_state_process";
            MaxWindowStuck "max-window-stuck" "the largest window of the peer bounds the segment" "tcp_ack_update_window";
            ProbesCountOn "probes-count-on" "an ACK starts the count of probes over" "tcp_ack";
            EceIgnored "ece-ignored" "RFC 3168 6.1.2: an echoed mark reduces the window" "tcp_ecn_rcv_ecn_echo";
            ProbeNotRearmed "probe-not-rearmed" "an answer that leaves the window closed restarts the timer of its probes" "tcp_ack_probe";
            TlpRepairUnnoticed "tlp-repair-unnoticed" "RFC 8985 7.4: a loss that the probe repaired reduces the window" "tcp_process_tlp_ack";
            NoGrowth "no-growth" "RFC 5681 3.1: acknowledged data opens the congestion window" "tcp_cong_control";
            PrrNoSlowStart "prr-no-slow-start" "RFC 9937 5: an ACK that repairs something adds a segment" "tcp_cwnd_reduction";
            KarnIgnored "karn-ignored" "RFC 6298 3: a segment that was sent again measures nothing" "tcp_clean_rtx_queue";
            AckStampForgotten "ack-stamp-forgotten" "SO_TIMESTAMPING tells when data was acknowledged" "tcp_ack_tstamp";
            RetransmittedIsOriginal "retransmitted-is-original" "RFC 5682 2: only what was sent once says that a timeout was spurious" "tcp_clean_rtx_queue";
            UrgentModeStays "urgent-mode-stays" "RFC 9293 3.8.5: urgent mode ends when the urgent byte is acknowledged" "tcp_clean_rtx_queue";
            FallRaisesRto "fall-raises-rto" "a falling round trip hardly raises the timeout" "tcp_rtt_estimator";
            BackoffKept "backoff-kept" "RFC 6298 5.7: a measurement ends the backoff" "tcp_ack_update_rtt";
            // Input: data and what is told about it.
            DuplicateMute "duplicate-mute" "RFC 9293 3.10.7.4: old data is acknowledged" "tcp_data_queue";
            NoDsack "no-dsack" "RFC 2883 4: what arrives twice is reported" "tcp_dsack_set";
            NoDsackOfOverlap "no-dsack-of-overlap" "RFC 2883 4: a segment that is old in part is reported" "tcp_data_queue";
            FilledHoleWaits "filled-hole-waits" "RFC 5681 3.2: what fills the last hole is acknowledged at once" "tcp_data_queue";
            OutOfOrderDropped "out-of-order-dropped" "RFC 9293 SHLD-31: what comes too early is kept" "tcp_data_queue_ofo";
            NoSack "no-sack" "RFC 2018 4: what waits for a hole is reported" "tcp_sack_new_ofo_skb";
            NoQuickackAtStart "no-quickack-at-start" "the first data is acknowledged at once" "tcp_event_data_recv";
            NoQuickackAfterPause "no-quickack-after-pause" "after a pause of the peer data is acknowledged at once" "tcp_event_data_recv";
            LostAckUnnoticed "lost-ack-unnoticed" "data that comes twice says that an ACK was lost" "tcp_send_dupack";
            NotReadable "not-readable" "data that arrives wakes the reader" "tcp_data_ready";
            PruneNothing "prune-nothing" "RFC 2018 8: out-of-order data gives way to what is in order" "tcp_prune_ofo_queue";
            WindowNeverGrows "window-never-grows" "the window grows with full segments" "tcp_grow_window";
            UrgentIgnored "urgent-ignored" "RFC 9293 3.8.5: the urgent pointer is taken" "tcp_urg";
            UrgentPointsBehind "urgent-points-behind" "the urgent pointer of BSD is one past the urgent byte" "tcp_check_urg";
            CrossedFinMute "crossed-fin-mute" "RFC 9293 3.10.7.4: the FIN that leads to CLOSING is acknowledged" "tcp_fin";
            MarkNotEchoed "mark-not-echoed" "RFC 3168 6.1.3: a mark that arrives is echoed" "tcp_data_ecn_check";
            CwrIgnored "cwr-ignored" "RFC 3168 6.1.3: CWR ends the echo" "tcp_ecn_accept_cwr";
            CwrAckWaits "cwr-ack-waits" "data with CWR is acknowledged at once" "tcp_ecn_accept_cwr";
            UnmarkedRetransmission "unmarked-retransmission" "of a peer that marks, an unmarked segment is a retransmission" "tcp_data_ecn_check";
        }
    };
}
