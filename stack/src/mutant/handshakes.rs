//! Segments of everything else: handshakes, remainders of connections, ICMP, Fast Open.

macro_rules! handshakes {
    ($next:ident $($more:ident)*; $($rows:tt)*) => {
        $next! { $($more)*; $($rows)*
            // Input: handshakes.
            SynFinTaken "syn-fin-taken" "a SYN with a FIN opens nothing" "tcp_rcv_state_process";
            BacklogOverrun "backlog-overrun" "a SYN for a full accept queue is dropped" "tcp_conn_request";
            NoCookieWhenFull "no-cookie-when-full" "a SYN for a full queue of half-open connections is answered with a cookie" "tcp_conn_request";
            LastQuarterForAll "last-quarter-for-all" "without cookies the last places are for proven peers" "tcp_conn_request";
            DefaultMssOfDevice "default-mss-of-device" "RFC 9293 MUST-15: a peer that names no MSS has 536, or 1220" "tcp_parse_options";
            ScaleUnasked "scale-unasked" "RFC 7323 2.2: without a window scale in the SYN there is none in the SYN-ACK" "tcp_openreq_init";
            SackUnasked "sack-unasked" "RFC 2018 2: without SACK-permitted in the SYN there is none in the SYN-ACK" "tcp_openreq_init";
            TimestampsUnasked "timestamps-unasked" "RFC 7323 3.2: without timestamps in the SYN there are none in the SYN-ACK" "tcp_openreq_init";
            TimestampsForced "timestamps-forced" "tcp_timestamps 0 refuses timestamps" "tcp_parse_options";
            SynNotSaved "syn-not-saved" "TCP_SAVE_SYN keeps the headers of the SYN" "tcp_reqsk_record_syn";
            SynAgainMute "syn-again-mute" "RFC 9293 3.10.7.4: a SYN that comes again is answered again" "tcp_check_req";
            HandshakeAckUnchecked "handshake-ack-unchecked" "RFC 9293 3.10.7.4: the ACK of a handshake covers the SYN-ACK" "tcp_check_req";
            HandshakeEchoUnchecked "handshake-echo-unchecked" "the echo of a handshake is one of our timestamps" "tcp_check_req";
            HandshakePawsOff "handshake-paws-off" "RFC 7323 5.3: PAWS holds for a half-open connection" "tcp_check_req";
            HandshakeAnywhere "handshake-anywhere" "RFC 9293 3.10.7.4: what completes a handshake lies in the window" "tcp_check_req";
            HandshakeRstInWindow "handshake-rst-in-window" "RFC 5961 3.2: a reset ends a half-open connection only at exactly RCV.NXT" "tcp_check_req";
            SynInWindowIgnored "syn-in-window-ignored" "a SYN in the window of a half-open connection ends it" "tcp_check_req";
            DeferAcceptIgnored "defer-accept-ignored" "TCP_DEFER_ACCEPT waits for data" "tcp_check_req";
            OverflowAccepted "overflow-accepted" "an accept queue that is full takes no more connections" "tcp_check_req";
            OverflowMute "overflow-mute" "tcp_abort_on_overflow resets what finds the accept queue full" "tcp_check_req";
            HandshakeOutsideMute "handshake-outside-mute" "RFC 9293 3.10.7.4: a segment outside the window of a half-open connection is acknowledged" "tcp_check_req";
            ThirdAckUnscaled "third-ack-unscaled" "RFC 7323 2.3: the window of the ACK of a handshake is scaled" "tcp_rcv_state_process";
            KeepaliveNotInherited "keepalive-not-inherited" "a connection that is accepted has the keepalive of its listener" "tcp_create_openreq_child";
            SynackRttAlways "synack-rtt-always" "RFC 6298 3: a SYN-ACK that was sent again measures nothing" "tcp_synack_rtt_meas";
            SynackEchoUnchecked "synack-echo-unchecked" "RFC 7323 5.5: the SYN-ACK echoes a timestamp of ours" "tcp_rcv_synsent_state_process";
            SynNotHurried "syn-not-hurried" "an unacceptable ACK in SYN-SENT hurries the next SYN" "tcp_rcv_synsent_state_process";
            SynackAnyAck "synack-any-ack" "RFC 9293 3.10.7.3: the ACK of a SYN-ACK is of our SYN" "tcp_rcv_synsent_state_process";
            ScaleOneSided "scale-one-sided" "RFC 7323 2.2: windows are scaled in both directions or in none" "tcp_rcv_synsent_state_process";
            TimestampsOneSided "timestamps-one-sided" "RFC 7323 3.2: timestamps are used if both ends sent them" "tcp_rcv_synsent_state_process";
            HandshakeAckWaits "handshake-ack-waits" "the ACK of a SYN-ACK is not delayed" "tcp_rcv_synsent_state_process";
            CrossedSynMute "crossed-syn-mute" "RFC 9293 MUST-10: a SYN that crosses ours is answered" "tcp_rcv_synsent_state_process";
            ActiveKeepaliveOff "active-keepalive-off" "keepalive begins with the connection" "tcp_finish_connect";
            AcklessTaken "ackless-taken" "RFC 9293 3.10.7.4: a segment without ACK is dropped" "tcp_rcv_state_process";
            SynRecvBadAckMute "syn-recv-bad-ack-mute" "RFC 9293 3.10.7.4: an unacceptable ACK in SYN-RECEIVED is answered by a reset" "tcp_rcv_state_process";
            FinWait1AnyAck "fin-wait-1-any-ack" "RFC 9293 3.10.7.4: FIN-WAIT-1 ends when the FIN is acknowledged" "tcp_rcv_state_process";
            ClosingAnyAck "closing-any-ack" "RFC 9293 3.10.7.4: CLOSING ends when the FIN is acknowledged" "tcp_rcv_state_process";
            LastAckAnyAck "last-ack-any-ack" "RFC 9293 3.10.7.4: LAST-ACK ends when the FIN is acknowledged" "tcp_rcv_state_process";
            SynLossForgotten "syn-loss-forgotten" "RFC 5681 3.1: after a lost SYN the window is one segment" "tcp_init_transfer";
            SpuriousSynCounts "spurious-syn-counts" "a SYN that was repeated without need is no loss" "tcp_try_undo_spurious_syn";
            EarlyShutdownForgotten "early-shutdown-forgotten" "RFC 9293 3.10.4: a FIN that waits for the handshake is sent after it" "tcp_rcv_state_process";
            TextAfterFin "text-after-fin" "RFC 9293 3.10.7.4: behind the FIN of the peer there is no text" "tcp_rcv_state_process";
            LingerTwoIgnored "linger-two-ignored" "TCP_LINGER2 below 0 aborts an orphan whose FIN is acknowledged" "tcp_rcv_state_process";
            OrphanLastData "orphan-last-data" "data behind the ACK of an orphan's FIN is answered by a reset" "tcp_rcv_state_process";
            MarksNotCounted "marks-not-counted" "RFC 9768 3.2: marked packets are counted" "tcp_ecn_received_counters";
            CookiesOff "cookies-off" "RFC 4987 3.6: a flood of SYNs is answered with cookies" "tcp_syn_flood_action";
            CookieNeverAges "cookie-never-ages" "a cookie is valid for two minutes" "check_tcp_syn_cookie";
            CookieUnasked "cookie-unasked" "an ACK is no cookie when none was sent of late" "tcp_synq_no_recent_overflow";
            CookieMssLost "cookie-mss-lost" "a cookie carries the MSS of the peer" "cookie_v4_check";
            CookieSackLost "cookie-sack-lost" "the timestamp of a cookie carries SACK-permitted" "cookie_timestamp_decode";
            CookieEcnLost "cookie-ecn-lost" "the timestamp of a cookie carries ECN" "cookie_v4_check";
            CookieBacklogOverrun "cookie-backlog-overrun" "a cookie that finds the accept queue full opens nothing" "tcp_get_cookie_sock";
            MinTtlIgnored "min-ttl-ignored" "RFC 5082: what comes from too far away is dropped" "tcp_v4_rcv";
            UnsignedTaken "unsigned-taken" "RFC 2385 2.0: a segment without the signature that is asked for is dropped" "tcp_inbound_hash";
            SignedTaken "signed-taken" "RFC 2385 2.0: a signature that is not asked for has the segment dropped" "tcp_inbound_hash";
            WrongSignatureTaken "wrong-signature-taken" "RFC 2385 2.0: a segment with a wrong signature is dropped" "tcp_inbound_hash";
            // Input: ICMP and the remainder of a connection.
            IcmpOutsideTaken "icmp-outside-taken" "RFC 5927 4.1: an ICMP error counts if it is about what is in flight" "tcp_v4_err";
            TooBigIgnored "too-big-ignored" "RFC 1191 6.3: a packet too large for the path makes the next ones smaller" "tcp_v4_mtu_reduced";
            IcmpConnectIgnored "icmp-connect-ignored" "RFC 1122 4.2.3.9: an ICMP error ends a connection that is being opened" "tcp_v4_err";
            IcmpNotTold "icmp-not-told" "IP_RECVERR tells of an ICMP error at once" "tcp_v4_err";
            SoftErrorLost "soft-error-lost" "an ICMP error is the reason why a connection is given up" "tcp_v4_err";
            NoRtoRevert "no-rto-revert" "RFC 6069 3: an unreachable host takes back a doubling of the timeout" "tcp_ld_RTO_revert";
            TooBigNotResent "too-big-not-resent" "what was too large is sent again at once" "tcp_simple_retransmit";
            TooBigReduces "too-big-reduces" "what was too large for the path says nothing about congestion" "tcp_simple_retransmit";
            MinPmtuIgnored "min-pmtu-ignored" "no message makes the path narrower than min_pmtu" "__ip_rt_update_pmtu";
            NarrowIpv6Path "narrow-ipv-6-path" "RFC 8201 4: no path of IPv6 is narrower than 1280" "tcp_v6_mtu_reduced";
            AssassinBelieved "assassin-believed" "tcp_rfc1337 ignores a reset in TIME-WAIT" "tcp_timewait_state_process";
            AssassinIgnored "assassin-ignored" "a reset at exactly RCV.NXT ends TIME-WAIT" "tcp_timewait_state_process";
            TimeWaitKeepsSyn "time-wait-keeps-syn" "RFC 9293 MAY-2: a SYN beyond the old connection ends TIME-WAIT" "tcp_timewait_state_process";
            TimeWaitOldIsn "time-wait-old-isn" "RFC 9293 MAY-2: the new connection begins beyond the old one" "tcp_timewait_state_process";
            TimeWaitNotRestarted "time-wait-not-restarted" "RFC 9293 3.10.7.4: a FIN that comes again restarts TIME-WAIT" "inet_twsk_reschedule";
            TimeWaitMute "time-wait-mute" "RFC 9293 3.10.7.4: a FIN that comes again is acknowledged in TIME-WAIT" "tcp_timewait_check_oow_rate_limit";
            OrphanDataMute "orphan-data-mute" "data for an orphan in FIN-WAIT-2 is answered by a reset" "tcp_timewait_state_process";
            OrphanAnywhere "orphan-anywhere" "an orphan in FIN-WAIT-2 takes what lies in its window" "tcp_timewait_state_process";
            // Fast Open, Accurate ECN, metrics.
            FastOpenAnyCookie "fast-open-any-cookie" "RFC 7413 4.2.2: data of a SYN is taken with a valid cookie" "tcp_fastopen_cookie_gen_check";
            FastOpenUnlimited "fast-open-unlimited" "RFC 7413 5.1: the number of pending children is limited" "tcp_fastopen_queue_check";
            FastOpenNoFreshCookie "fast-open-no-fresh-cookie" "a cookie of the backup key is replaced" "tcp_try_fastopen";
            FastOpenDataLost "fast-open-data-lost" "RFC 7413 4.2.1: data of a SYN that is not acknowledged is sent again" "tcp_rcv_fastopen_synack";
            FastOpenCookieForgotten "fast-open-cookie-forgotten" "RFC 7413 4.1.3: a client remembers the cookie" "tcp_fastopen_cache_set";
            FastOpenBlackholeIgnored "fast-open-blackhole-ignored" "RFC 7413 7.1: a path that swallows data turns Fast Open off" "tcp_fastopen_active_should_disable";
            FastOpenSynackRetryLess "fast-open-synack-retry-less" "a child of Fast Open has one more SYN-ACK" "tcp_fastopen_synack_timer";
            FastOpenRequestUnanswered "fast-open-request-unanswered" "RFC 7413 4.2.1: a request for a cookie is answered with one" "tcp_try_fastopen";
            MetricsForgotten "metrics-forgotten" "RFC 9040 3: what a connection learnt of its path is remembered" "tcp_update_metrics";
        }
    };
}
