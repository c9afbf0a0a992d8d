//! Segments of everything else: handshakes, remainders of connections, ICMP, Fast Open.

macro_rules! handshakes {
    ($next:ident $($more:ident)*; $($rows:tt)*) => {
        $next! { $($more)*; $($rows)*
            // Input: handshakes.
            SynFinTaken "syn-fin-taken" "a SYN with a FIN opens nothing" "tcp_rcv_state_process";
            BacklogOverrun "backlog-overrun" "a SYN for a full accept queue is dropped" "tcp_conn_request";
            ScaleUnasked "scale-unasked" "RFC 7323 2.2: without a window scale in the SYN there is none in the SYN-ACK" "tcp_openreq_init";
            TimestampsUnasked "timestamps-unasked" "RFC 7323 3.2: without timestamps in the SYN there are none in the SYN-ACK" "tcp_openreq_init";
            HandshakeAckUnchecked "handshake-ack-unchecked" "RFC 9293 3.10.7.4: the ACK of a handshake covers the SYN-ACK" "tcp_check_req";
            HandshakeRstInWindow "handshake-rst-in-window" "RFC 5961 3.2: a reset ends a half-open connection only at exactly RCV.NXT" "tcp_check_req";
            OverflowAccepted "overflow-accepted" "an accept queue that is full takes no more connections" "tcp_check_req";
            OverflowMute "overflow-mute" "tcp_abort_on_overflow resets what finds the accept queue full" "tcp_check_req";
            KeepaliveNotInherited "keepalive-not-inherited" "a connection that is accepted has the keepalive of its listener" "tcp_create_openreq_child";
            SynackAnyAck "synack-any-ack" "RFC 9293 3.10.7.3: the ACK of a SYN-ACK is of our SYN" "tcp_rcv_synsent_state_process";
            ScaleOneSided "scale-one-sided" "RFC 7323 2.2: windows are scaled in both directions or in none" "tcp_rcv_synsent_state_process";
            TimestampsOneSided "timestamps-one-sided" "RFC 7323 3.2: timestamps are used if both ends sent them" "tcp_rcv_synsent_state_process";
            CrossedSynMute "crossed-syn-mute" "RFC 9293 MUST-10: a SYN that crosses ours is answered" "tcp_rcv_synsent_state_process";
            ActiveKeepaliveOff "active-keepalive-off" "keepalive begins with the connection" "tcp_finish_connect";
            SynRecvBadAckMute "syn-recv-bad-ack-mute" "RFC 9293 3.10.7.4: an unacceptable ACK in SYN-RECEIVED is answered by a reset" "tcp_rcv_state_process";
            ClosingAnyAck "closing-any-ack" "RFC 9293 3.10.7.4: CLOSING ends when the FIN is acknowledged" "tcp_rcv_state_process";
            LastAckAnyAck "last-ack-any-ack" "RFC 9293 3.10.7.4: LAST-ACK ends when the FIN is acknowledged" "tcp_rcv_state_process";
            SynLossForgotten "syn-loss-forgotten" "RFC 5681 3.1: after a lost SYN the window is one segment" "tcp_init_transfer";
            EarlyShutdownForgotten "early-shutdown-forgotten" "RFC 9293 3.10.4: a FIN that waits for the handshake is sent after it" "tcp_rcv_state_process";
            TextAfterFin "text-after-fin" "RFC 9293 3.10.7.4: behind the FIN of the peer there is no text" "tcp_rcv_state_process";
            LingerTwoIgnored "linger-two-ignored" "TCP_LINGER2 below 0 aborts an orphan whose FIN is acknowledged" "tcp_rcv_state_process";
            OrphanLastData "orphan-last-data" "data behind the ACK of an orphan's FIN is answered by a reset" "tcp_rcv_state_process";
            CookiesOff "cookies-off" "RFC 4987 3.6: a flood of SYNs is answered with cookies" "tcp_syn_flood_action";
            CookieNeverAges "cookie-never-ages" "a cookie is valid for two minutes" "check_tcp_syn_cookie";
            CookieSackLost "cookie-sack-lost" "the timestamp of a cookie carries SACK-permitted" "cookie_timestamp_decode";
            CookieBacklogOverrun "cookie-backlog-overrun" "a cookie that finds the accept queue full opens nothing" "tcp_get_cookie_sock";
            MinTtlIgnored "min-ttl-ignored" "RFC 5082: what comes from too far away is dropped" "tcp_v4_rcv";
            UnsignedTaken "unsigned-taken" "RFC 2385 2.0: a segment without the signature that is asked for is dropped" "tcp_inbound_hash";
            WrongSignatureTaken "wrong-signature-taken" "RFC 2385 2.0: a segment with a wrong signature is dropped" "tcp_inbound_hash";
            // Input: ICMP and the remainder of a connection.
            IcmpOutsideTaken "icmp-outside-taken" "RFC 5927 4.1: an ICMP error counts if it is about what is in flight" "tcp_v4_err";
            TooBigIgnored "too-big-ignored" "RFC 1191 6.3: a packet too large for the path makes the next ones smaller" "tcp_v4_mtu_reduced";
            NoRtoRevert "no-rto-revert" "RFC 6069 3: an unreachable host takes back a doubling of the timeout" "tcp_ld_RTO_revert";
            TooBigNotResent "too-big-not-resent" "what was too large is sent again at once" "tcp_simple_retransmit";
            TooBigReduces "too-big-reduces" "what was too large for the path says nothing about congestion" "tcp_simple_retransmit";
            AssassinIgnored "assassin-ignored" "a reset at exactly RCV.NXT ends TIME-WAIT" "tcp_timewait_state_process";
            TimeWaitKeepsSyn "time-wait-keeps-syn" "RFC 9293 MAY-2: a SYN beyond the old connection ends TIME-WAIT" "tcp_timewait_state_process";
            TimeWaitNotRestarted "time-wait-not-restarted" "RFC 9293 3.10.7.4: a FIN that comes again restarts TIME-WAIT" "inet_twsk_reschedule";
            TimeWaitMute "time-wait-mute" "RFC 9293 3.10.7.4: a FIN that comes again is acknowledged in TIME-WAIT" "tcp_timewait_check_oow_rate_limit";
            OrphanDataMute "orphan-data-mute" "data for an orphan in FIN-WAIT-2 is answered by a reset" "tcp_timewait_state_process";
            // Fast Open, Accurate ECN, metrics.
            FastOpenUnlimited "fast-open-unlimited" "RFC 7413 5.1: the number of pending children is limited" "tcp_fastopen_queue_check";
            FastOpenNoFreshCookie "fast-open-no-fresh-cookie" "a cookie of the backup key is replaced" "tcp_try_fastopen";
            FastOpenDataLost "fast-open-data-lost" "RFC 7413 4.2.1: data of a SYN that is not acknowledged is sent again" "tcp_rcv_fastopen_synack";
            FastOpenCookieForgotten "fast-open-cookie-forgotten" "RFC 7413 4.1.3: a client remembers the cookie" "tcp_fastopen_cache_set";
            FastOpenBlackholeIgnored "fast-open-blackhole-ignored" "RFC 7413 7.1: a path that swallows data turns Fast Open off" "tcp_fastopen_active_should_disable";
            MetricsForgotten "metrics-forgotten" "RFC 9040 3: what a connection learnt of its path is remembered" "tcp_update_metrics";
        }
    };
}
