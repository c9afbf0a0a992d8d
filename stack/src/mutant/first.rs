//! What exploration looks for, and what there was first; their order stays.

macro_rules! first {
    ($next:ident $($more:ident)*; $($rows:tt)*) => {
        $next! { $($more)*; $($rows)*
            NoChallengeAck "no-challenge-ack" "RFC 5961 3.2: what is suspicious is challenged" "tcp_send_challenge_ack";
            RstInWindow "rst-in-window" "RFC 5961 3.2: a RST counts only at exactly RCV.NXT" "tcp_validate_incoming";
            SynResets "syn-resets" "RFC 5961 4.2: a SYN does not reset a synchronized connection" "tcp_validate_incoming";
            FinNotAcked "fin-not-acked" "RFC 9293 3.10.7.4: the FIN that leads to CLOSE-WAIT is acknowledged" "tcp_fin";
            PawsWindow "paws-window" "RFC 7323 5.3: a timestamp may be older by one at most" "tcp_paws_discard";
            TimeWait30s "time-wait-30s" "RFC 9293 3.6.1: TIME-WAIT lasts 60 s" "tcp_time_wait";
            ListenAckMute "listen-ack-mute" "RFC 9293 3.10.7.2: an ACK for a listener is answered by a reset" "tcp_rcv_state_process";
            UnreadCloseFin "unread-close-fin" "RFC 2525 2.17: close() with unread data sends a reset" "__tcp_close";
            OrphanTakesData "orphan-takes-data" "RFC 9293 SHLD-3: data that nobody will read is answered by a reset" "tcp_rcv_state_process";
            NoBackoff "no-backoff" "RFC 6298 5.5: the timeout doubles with each retransmission" "tcp_retransmit_timer";
            SynSentAckMute "syn-sent-ack-mute" "RFC 9293 3.10.7.3: an unacceptable ACK in SYN-SENT is answered by a reset" "tcp_rcv_synsent_state_process";
            SynSentRstBelieved "syn-sent-rst-believed" "RFC 9293 3.10.7.3: a reset without ACK does not end SYN-SENT" "tcp_rcv_synsent_state_process";
            OutsideTaken "outside-taken" "RFC 9293 3.10.7.4: a segment outside the window is not taken" "tcp_sequence";
            UnsentAcked "unsent-acked" "RFC 9293 3.10.7.4: an ACK of what was not sent is answered, and nothing else" "tcp_ack";
            NobodyMute "nobody-mute" "RFC 9293 3.10.7.1: a segment to nobody is answered by a reset" "tcp_v4_send_reset";
            RetransmitForgotten "retransmit-forgotten" "RFC 6298 5.4: what is not acknowledged is sent again" "tcp_retransmit_timer";
            NeverGivesUp "never-gives-up" "RFC 9293 3.8.3: after R2 retransmissions the connection is given up" "tcp_write_timeout";
            LastByteFlipped "last-byte-flipped" "a full segment carries what was written" "tcp_transmit_skb";
            AckBeyond "ack-beyond" "RFC 9293 3.4: in CLOSE-WAIT no more than the FIN is acknowledged" "tcp_transmit_skb";
            AckBehind "ack-behind" "RFC 9293 3.4: acknowledgments do not go backwards in FIN-WAIT-2" "tcp_transmit_skb";
            OrphanLeak "orphan-leak" "memory of an orphan is given back when it has ended" "inet_csk_destroy_sock";
            TimeWaitLeak "time-wait-leak" "the remainder of a connection is gone when its time is over" "inet_twsk_kill";
            RequestLeak "request-leak" "a half-open connection that nobody completes is forgotten" "inet_csk_reqsk_queue_drop";
            BufferUnbounded "buffer-unbounded" "RFC 9293 3.8.6: no more is received than the buffer holds" "tcp_try_rmem_schedule";
            FinTwice "fin-twice" "RFC 9293 3.4: a FIN occupies one sequence number" "tcp_fin";
            IcmpEnds "icmp-ends" "RFC 1122 4.2.3.9: an ICMP error does not end an established connection" "tcp_v4_err";
            WindowIgnored "window-ignored" "RFC 9293 3.8.6: nothing is sent beyond the window of the peer" "tcp_snd_wnd_test";
            WindowShrinks "window-shrinks" "RFC 9293 SHLD-14: the right edge of the window does not move left" "tcp_select_window";
            OverlapTwice "overlap-twice" "RFC 9293 3.10.7.4: what was received before is not received again" "tcp_queue_rcv";
            RstAnswered "rst-answered" "RFC 9293 3.10.7: nothing answers a reset to a listener" "tcp_rcv_state_process";
        }
    };
}
