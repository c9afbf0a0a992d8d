//! Segments of connections: sequence numbers, acknowledgments, data, and what is told about it.

macro_rules! segments {
    ($next:ident $($more:ident)*; $($rows:tt)*) => {
        $next! { $($more)*; $($rows)*
            // Input: sequence numbers, resets and timestamps.
            PawsOff "paws-off" "RFC 7323 5.3: a segment with an old timestamp is dropped" "tcp_paws_discard";
            PawsJudgesRst "paws-judges-rst" "RFC 7323 5.2: a reset is not dropped for its timestamp" "tcp_validate_incoming";
            PawsMute "paws-mute" "RFC 7323 5.3: what PAWS drops is acknowledged" "tcp_validate_incoming";
            PawsForever "paws-forever" "RFC 7323 5.5: after a long silence a timestamp says nothing" "tcp_paws_check";
            PawsOldAckAnswered "paws-old-ack-answered" "an overtaken ACK with an old timestamp is dropped without an answer" "tcp_disordered_ack_check";
            PawsDupAckDropped "paws-dup-ack-dropped" "a duplicate ACK that was overtaken a moment ago passes PAWS" "tcp_disordered_ack_check";
            RightEdgeOneMore "right-edge-one-more" "RFC 9293 3.10.7.4: a segment ends at the right edge of the window at most" "tcp_sequence";
            LeftEdgeOneLess "left-edge-one-less" "RFC 9293 3.10.7.4: a segment that ends before the window is old" "tcp_sequence";
            OverhangTaken "overhang-taken" "what overshoots the window is taken into an empty queue only" "tcp_sequence";
            FinPastEdgeRefused "fin-past-edge-refused" "a FIN right behind the window is in the window" "tcp_sequence";
            OutsideMute "outside-mute" "RFC 9293 3.10.7.4: a segment outside the window is acknowledged" "tcp_validate_incoming";
            RstAtSackEdgeChallenged "rst-at-sack-edge-challenged" "a reset at the right edge of what was SACKed counts" "tcp_validate_incoming";
            RstBehindFinChallenged "rst-behind-fin-challenged" "a reset right behind the FIN of the peer counts" "tcp_reset_check";
            RstUnchallenged "rst-unchallenged" "RFC 5961 3.2: a reset in the window but not at its edge is challenged" "tcp_validate_incoming";
            CrossedSynackChallenged "crossed-synack-challenged" "RFC 9293 3.5: the SYN-ACK of a simultaneous open is no SYN in the window" "tcp_validate_incoming";
            SynOutsideAcked "syn-outside-acked" "RFC 5961 4.2: a SYN outside the window is challenged" "tcp_validate_incoming";
            // Input: acknowledgments and the window of the peer.
            AncientAckTaken "ancient-ack-taken" "RFC 5961 5.2: an ACK from before any window is challenged" "tcp_ack";
            AncientReachOneMore "ancient-reach-one-more" "RFC 5961 5.2: an ACK may be old by the largest window at most" "tcp_ack";
            OldAckSackIgnored "old-ack-sack-ignored" "SACK blocks of an old ACK count" "tcp_ack";
            TsRecentOfAny "ts-recent-of-any" "RFC 7323 4.3: only a segment that covers the last ACK has its timestamp echoed" "tcp_replace_ts_recent";
            TsRecentKept "ts-recent-kept" "RFC 7323 4.3: the last timestamp is echoed" "tcp_replace_ts_recent";
            OldWindowTaken "old-window-taken" "RFC 9293 3.10.7.4: the window of an older segment does not count" "tcp_may_update_window";
            WindowOpeningIgnored "window-opening-ignored" "a repeated ACK may open the window" "tcp_may_update_window";
            ZeroWindowIgnored "zero-window-ignored" "a repeated ACK may close the window altogether" "tcp_may_update_window";
            WindowUnscaled "window-unscaled" "RFC 7323 2.3: the window of a segment is scaled" "tcp_ack_update_window";
            SynWindowScaled "syn-window-scaled" "RFC 7323 2.2: the window of a SYN is not scaled" "tcp_rcv_synsent_state_process";
            MaxWindowStuck "max-window-stuck" "the largest window of the peer bounds the segment" "tcp_ack_update_window";
            SoftErrorKept "soft-error-kept" "an ACK clears what ICMP said before" "tcp_ack";
            ProbesCountOn "probes-count-on" "an ACK starts the count of probes over" "tcp_ack";
            AckIsSilence "ack-is-silence" "an ACK is a sign of life" "tcp_ack";
            RetransmitsKept "retransmits-kept" "an ACK of new data starts the count of timeouts over" "tcp_ack";
            EceIgnored "ece-ignored" "RFC 3168 6.1.2: an echoed mark reduces the window" "tcp_ecn_rcv_ecn_echo";
            DupAckWithData "dup-ack-with-data" "RFC 5681 2: an ACK with data, or another window, is no duplicate" "tcp_ack";
            RtoNotRestarted "rto-not-restarted" "RFC 6298 5.3: an ACK of new data restarts the timer" "tcp_ack";
            ProbeBackoffKept "probe-backoff-kept" "a window that opens ends the backoff of its probes" "tcp_ack_probe";
            ProbeNotRearmed "probe-not-rearmed" "an answer that leaves the window closed restarts the timer of its probes" "tcp_ack_probe";
            TlpRepairUnnoticed "tlp-repair-unnoticed" "RFC 8985 7.4: a loss that the probe repaired reduces the window" "tcp_process_tlp_ack";
            TlpDsackIgnored "tlp-dsack-ignored" "RFC 8985 7.4: a D-SACK of the probe says that nothing was lost" "tcp_process_tlp_ack";
            GrowthPerAck "growth-per-ack" "RFC 3465: the window grows by segments acknowledged, not by ACKs" "tcp_cong_control";
            NoGrowth "no-growth" "RFC 5681 3.1: acknowledged data opens the congestion window" "tcp_cong_control";
            SlowStartForEver "slow-start-for-ever" "RFC 5681 3.1: beyond the threshold the window grows slowly" "tcp_cong_avoid_ai";
            GrowthWhileReordering "growth-while-reordering" "after reordering only forward progress opens the window, SACKs included" "tcp_may_raise_cwnd";
            HystartBlind "hystart-blind" "RFC 9406: a growing round trip ends slow start" "hystart_update";
            PrrCountsTwice "prr-counts-twice" "RFC 9937 5: one segment is sent for one delivered" "tcp_cwnd_reduction";
            PrrNoSlowStart "prr-no-slow-start" "RFC 9937 5: an ACK that repairs something adds a segment" "tcp_cwnd_reduction";
            KarnIgnored "karn-ignored" "RFC 6298 3: a segment that was sent again measures nothing" "tcp_clean_rtx_queue";
            ZeroCopyForgotten "zero-copy-forgotten" "a call with MSG_ZEROCOPY is completed" "msg_zerocopy_complete";
            AckStampForgotten "ack-stamp-forgotten" "SO_TIMESTAMPING tells when data was acknowledged" "tcp_ack_tstamp";
            RetransmittedIsOriginal "retransmitted-is-original" "RFC 5682 2: only what was sent once says that a timeout was spurious" "tcp_clean_rtx_queue";
            UrgentModeStays "urgent-mode-stays" "RFC 9293 3.8.5: urgent mode ends when the urgent byte is acknowledged" "tcp_clean_rtx_queue";
            RtoWithoutVariance "rto-without-variance" "RFC 6298 2.3: the timeout allows for the variation of the round trip" "tcp_set_rto";
            EchoMeasuresNothing "echo-measures-nothing" "RFC 7323 4: the echo of a timestamp measures the round trip" "tcp_ack_update_rtt";
            FallRaisesRto "fall-raises-rto" "a falling round trip hardly raises the timeout" "tcp_rtt_estimator";
            SmoothingHalf "smoothing-half" "RFC 6298 2.3: a measurement counts for an eighth" "tcp_rtt_estimator";
            MinRttForEver "min-rtt-for-ever" "the least round trip is that of the last five minutes" "tcp_update_rtt_min";
            BackoffKept "backoff-kept" "RFC 6298 5.7: a measurement ends the backoff" "tcp_ack_update_rtt";
            // Input: data and what is told about it.
            ClosedWindowTakes "closed-window-takes" "RFC 9293 3.8.6: nothing is taken into a closed window" "tcp_data_queue";
            ClosedWindowRefusesFin "closed-window-refuses-fin" "a FIN without data is taken into a closed window" "tcp_data_queue";
            DuplicateMute "duplicate-mute" "RFC 9293 3.10.7.4: old data is acknowledged" "tcp_data_queue";
            NoDsack "no-dsack" "RFC 2883 4: what arrives twice is reported" "tcp_dsack_set";
            NoDsackOfOverlap "no-dsack-of-overlap" "RFC 2883 4: a segment that is old in part is reported" "tcp_data_queue";
            FilledHoleWaits "filled-hole-waits" "RFC 5681 3.2: what fills the last hole is acknowledged at once" "tcp_data_queue";
            OutOfOrderDropped "out-of-order-dropped" "RFC 9293 SHLD-31: what comes too early is kept" "tcp_data_queue_ofo";
            NoSack "no-sack" "RFC 2018 4: what waits for a hole is reported" "tcp_sack_new_ofo_skb";
            SackOfDelivered "sack-of-delivered" "RFC 2018 4: what is acknowledged is not reported any more" "tcp_sack_remove";
            NoMemoryOpenWindow "no-memory-open-window" "a receiver without memory closes its window" "tcp_data_queue";
            NoQuickackAtStart "no-quickack-at-start" "the first data is acknowledged at once" "tcp_event_data_recv";
            NoQuickackAfterPause "no-quickack-after-pause" "after a pause of the peer data is acknowledged at once" "tcp_event_data_recv";
            AtoNotShortened "ato-not-shortened" "data that comes quickly shortens the delay of ACKs" "tcp_event_data_recv";
            LostAckUnnoticed "lost-ack-unnoticed" "data that comes twice says that an ACK was lost" "tcp_send_dupack";
            NotReadable "not-readable" "data that arrives wakes the reader" "tcp_data_ready";
            PruneNothing "prune-nothing" "RFC 2018 8: out-of-order data gives way to what is in order" "tcp_prune_ofo_queue";
            ClampGrowsFixed "clamp-grows-fixed" "a buffer of a size that was asked for does not grow" "tcp_clamp_window";
            BufferNeverGrows "buffer-never-grows" "a reader that keeps up gets a larger buffer" "tcp_rcv_space_adjust";
            FixedBufferGrows "fixed-buffer-grows" "SO_RCVBUF ends the growth of the buffer" "tcp_rcv_space_adjust";
            WindowNeverGrows "window-never-grows" "the window grows with full segments" "tcp_grow_window";
            UrgentIgnored "urgent-ignored" "RFC 9293 3.8.5: the urgent pointer is taken" "tcp_urg";
            UrgentPointsBehind "urgent-points-behind" "the urgent pointer of BSD is one past the urgent byte" "tcp_check_urg";
            UrgentAgain "urgent-again" "an urgent byte that was read is not urgent again" "tcp_check_urg";
            FinNotReadable "fin-not-readable" "poll() reports the end of the stream" "tcp_fin";
            CrossedFinMute "crossed-fin-mute" "RFC 9293 3.10.7.4: the FIN that leads to CLOSING is acknowledged" "tcp_fin";
            FinAckHurried "fin-ack-hurried" "the ACK of a FIN may wait for our own" "tcp_fin";
            MarkNotEchoed "mark-not-echoed" "RFC 3168 6.1.3: a mark that arrives is echoed" "tcp_data_ecn_check";
            CwrIgnored "cwr-ignored" "RFC 3168 6.1.3: CWR ends the echo" "tcp_ecn_accept_cwr";
            CwrAckWaits "cwr-ack-waits" "data with CWR is acknowledged at once" "tcp_ecn_accept_cwr";
            HalfAnEcnSyn "half-an-ecn-syn" "RFC 3168 6.1.1: a SYN asks for ECN with both flags" "tcp_ecn_create_request";
            MarkedSynTrusted "marked-syn-trusted" "RFC 3168 6.1.1: a SYN that is marked itself is not trusted" "tcp_ecn_create_request";
            EcnUnanswered "ecn-unanswered" "RFC 3168 6.1.1: without ECE in the SYN-ACK there is no ECN" "tcp_ecn_rcv_synack";
            UnmarkedRetransmission "unmarked-retransmission" "of a peer that marks, an unmarked segment is a retransmission" "tcp_data_ecn_check";
        }
    };
}
