//! What leaves, when, and how large; timers; congestion and loss.

macro_rules! sending {
    ($next:ident $($more:ident)*; $($rows:tt)*) => {
        $next! { $($more)*; $($rows)*
            // Output: what leaves, when, and how large.
            NagleOff "nagle-off" "RFC 9293 SHLD-7: a small segment waits while another is in flight" "tcp_nagle_test";
            CwndIgnored "cwnd-ignored" "RFC 5681 3.1: no more is in flight than the congestion window" "tcp_cwnd_test";
            InitialWindowNine "initial-window-nine" "RFC 6928 2: a connection begins with ten segments" "tcp_init_cwnd";
            IdleWindowKept "idle-window-kept" "RFC 5681 4.1: after idle time the window shrinks" "tcp_slow_start_after_idle_check";
            PeerMssIgnored "peer-mss-ignored" "RFC 9293 MUST-14: no segment is larger than the MSS of the peer" "tcp_sync_mss";
            SackNotOffered "sack-not-offered" "RFC 2018 2: a SYN offers SACK" "tcp_syn_options";
            AccEcnOptionMissing "acc-ecn-option-missing" "RFC 9768 3.2.3.3: the option goes with ACKs that have news" "tcp_established_options";
            WindowUpdateMute "window-update-mute" "RFC 9293 3.8.6.2: a reader that makes room tells the peer" "tcp_cleanup_rbuf";
            WindowScaleMissing "window-scale-missing" "RFC 7323 2.3: a buffer of more than 64 KiB has a scale" "tcp_select_initial_window";
            PushMissing "push-missing" "RFC 9293 MUST-60: the last segment of a write is pushed" "tcp_push";
            HalfWindowNotPushed "half-window-not-pushed" "half a window of data is pushed" "forced_push";
            OobIgnored "oob-ignored" "RFC 9293 3.8.5: MSG_OOB sends the urgent pointer" "tcp_mark_urg";
            EorIgnored "eor-ignored" "MSG_EOR ends a segment" "tcp_sendmsg_locked";
            PacingIgnored "pacing-ignored" "SO_MAX_PACING_RATE spreads what is sent" "tcp_pacing_check";
            ResetUnacceptable "reset-unacceptable" "RFC 9293 3.10.7.1: a reset has the sequence number that the segment acknowledges" "tcp_v4_send_reset";
            EverySegmentAcked "every-segment-acked" "RFC 9293 SHLD-18: an ACK may wait for the next segment" "__tcp_ack_snd_check";
            SecondSegmentWaits "second-segment-waits" "RFC 9293 SHLD-19: every second segment is acknowledged" "__tcp_ack_snd_check";
            DelackUnbounded "delack-unbounded" "RFC 9293 MUST-40: an ACK waits less than half a second" "tcp_send_delayed_ack";
            CompressedFromFirst "compressed-from-first" "the first three duplicates are not held back" "__tcp_ack_snd_check";
            AnswersUnlimited "answers-unlimited" "tcp_invalid_ratelimit bounds the answers to segments outside the window" "__tcp_oow_rate_limited";
            DataAnswerLimited "data-answer-limited" "a segment with data is always answered" "tcp_oow_rate_limited";
            ChallengesUnlimited "challenges-unlimited" "RFC 5961 7: challenges are limited for the host" "tcp_send_challenge_ack";
            AckNotSettled "ack-not-settled" "any segment with an ACK settles a delayed one" "tcp_event_ack_sent";
            DsackTwice "dsack-twice" "RFC 2883 4: a duplicate is reported once" "tcp_established_options";
            DialogueUnnoticed "dialogue-unnoticed" "in a dialogue ACKs ride on the answers" "tcp_event_data_sent";
            LargeNotPushed "large-not-pushed" "a packet of several segments is pushed" "tcp_transmit_skb";
            SynackWindowScaled "synack-window-scaled" "RFC 7323 2.2: the window of a SYN-ACK is not scaled" "tcp_make_synack";
            CwrNotTold "cwr-not-told" "RFC 3168 6.1.2: the first data after a reduction says so" "tcp_ecn_send";
            EceNotSent "ece-not-sent" "RFC 3168 6.1.3: ACKs echo the mark until CWR comes" "tcp_ecn_send";
            RetransmitOutside "retransmit-outside" "a retransmission stays in the window of the peer" "tcp_retransmit_skb";
            NoCollapse "no-collapse" "RFC 9293 MAY-4: small segments are sent again as one" "tcp_retrans_try_collapse";
            MtuProbeLossCounts "mtu-probe-loss-counts" "RFC 4821 7.6.2: the loss of a probe is no congestion" "tcp_mtup_probe_failed";
            MtuBlackholeIgnored "mtu-blackhole-ignored" "RFC 4821 7.7: timeouts in a row make packets smaller" "tcp_mtu_probing";
            WindowNotProbed "window-not-probed" "RFC 9293 MUST-36: a closed window is probed" "tcp_check_probe_timer";
            ProbeNoBackoff "probe-no-backoff" "RFC 9293 SHLD-30: the interval of probes doubles" "tcp_send_probe0";
            NoTlp "no-tlp" "RFC 8985 7.2: the tail of a flight is probed" "tcp_schedule_loss_probe";
            TlpOldData "tlp-old-data" "RFC 8985 7.3: the probe is new data if there is some" "tcp_send_loss_probe";
            // Timers.
            SynTimeout3s "syn-timeout-3s" "RFC 6298 2.1: the first timeout is a second" "tcp_connect_init";
            OrphanGivesUp "orphan-gives-up" "an orphan tries eight times" "tcp_orphan_retries";
            OrphanLimitIgnored "orphan-limit-ignored" "tcp_max_orphans bounds the orphans" "tcp_too_many_orphans";
            ProbeForEver "probe-for-ever" "probes that nobody answers end the connection" "tcp_probe_timer";
            KeepaliveUserTimeoutIgnored "keepalive-user-timeout-ignored" "TCP_USER_TIMEOUT ends keepalive" "tcp_keepalive_timer";
            KeepaliveMute "keepalive-mute" "RFC 9293 3.8.4: a peer that does not answer is reset" "tcp_keepalive_timer";
            FinWaitTwoForEver "fin-wait-two-for-ever" "an orphan in FIN-WAIT-2 ends" "tcp_keepalive_timer";
            DialogueGoesOn "dialogue-goes-on" "a delayed ACK that nothing rode on ends the dialogue" "tcp_delack_timer_handler";
            SynBackoffAtOnce "syn-backoff-at-once" "the first SYNs are a second apart" "tcp_retransmit_timer";
            // Congestion and loss.
            RtoWindowKept "rto-window-kept" "RFC 5681 3.1: after a timeout the window is one segment" "tcp_enter_loss";
            RtoReducesEachTime "rto-reduces-each-time" "RFC 5681 3.1: the threshold falls with the first timeout only" "tcp_enter_loss";
            NoFrto "no-frto" "RFC 5682 2: new data after a timeout tells whether it was spurious" "tcp_enter_loss";
            FrtoBelievesAll "frto-believes-all" "RFC 5682 2: a duplicate after new data says that the loss was real" "tcp_process_loss";
            ReorderingWindowNone "reordering-window-none" "RFC 8985 6.2: a reordering network has time to catch up" "tcp_rack_reo_wnd";
            RackTimerMute "rack-timer-mute" "RFC 8985 6.3: when the reordering window is over, what is missing is lost" "tcp_rack_reo_timeout";
            RackDsackIgnored "rack-dsack-ignored" "RFC 8985 6.2: D-SACKs widen the reordering window" "tcp_rack_update_reo_wnd";
            LostRetransmissionUnnoticed "lost-retransmission-unnoticed" "RFC 8985 6.2: a retransmission may be lost, too" "tcp_mark_skb_lost";
            PartialAckIgnored "partial-ack-ignored" "RFC 6582 3.2: a partial ACK has the next hole filled" "tcp_newreno_mark_lost";
            RenegingIgnored "reneging-ignored" "RFC 2018 8: a receiver that reneges has everything sent again" "tcp_check_sack_reneging";
            RecoveryEndsEarly "recovery-ends-early" "RFC 6675 5: recovery ends when all of its flight is acknowledged" "tcp_fastretrans_alert";
            RecoveryUnreduced "recovery-unreduced" "RFC 6675 5: recovery reduces the window" "tcp_enter_recovery";
            CwrAgain "cwr-again" "RFC 3168 6.1.2: marks of one window reduce it once" "tcp_enter_cwr";
            NoDsackUndo "no-dsack-undo" "RFC 3708 3: D-SACKs of all retransmissions take the reduction back" "tcp_try_undo_dsack";
            NoEifel "no-eifel" "RFC 3522 3.2: the echo of an earlier timestamp says that the original arrived" "tcp_packet_delayed";
            UndoKeepsWindow "undo-keeps-window" "RFC 3522 3.2: a reduction that is taken back restores the window" "tcp_undo_cwnd_reduction";
            DsackUnseen "dsack-unseen" "RFC 2883 4: a block below the ACK is a D-SACK" "tcp_check_dsack";
            SackUnchecked "sack-unchecked" "a block about what was not sent is ignored" "tcp_is_sackblock_valid";
            ReorderingUnnoticed "reordering-unnoticed" "a SACK below another says that the network reorders" "tcp_check_sack_reordering";
        }
    };
}
