//! What applications see.

macro_rules! sockets {
    ($next:ident $($more:ident)*; $($rows:tt)*) => {
        $next! { $($more)*; $($rows)*
            // Sockets: names, opening and closing.
            BindTwice "bind-twice" "a socket is bound once" "__inet_bind";
            BacklogOneLess "backlog-one-less" "a backlog of n admits n + 1 connections" "sk_acceptq_is_full";
            AcceptedBlocksNot "accepted-blocks-not" "a connection that is accepted blocks, whatever its listener does" "inet_csk_accept";
            ShutdownKeepsFin "shutdown-keeps-fin" "RFC 9293 3.6: shutdown() sends the FIN" "inet_shutdown";
            ShutdownReads "shutdown-reads" "after SHUT_RD a read is at its end" "inet_shutdown";
            LingerZeroFin "linger-zero-fin" "RFC 9293 3.10.5: close() with SO_LINGER of no time resets" "__tcp_close";
            UnacceptedKept "unaccepted-kept" "a listener that ends resets what was not accepted" "inet_csk_listen_stop";
            AbortMute "abort-mute" "a connection that is given up resets the peer" "tcp_disconnect";
            ResetErrnoPipe "reset-errno-pipe" "a reset is ECONNRESET" "tcp_reset";
            FailedDataKept "failed-data-kept" "a connection that fails has nothing left to send" "tcp_done_with_error";
            // Sockets: sending, receiving, options, readiness.
            SendUnopenedPipe "send-unopened-pipe" "a write waits for the handshake" "sk_stream_wait_connect";
            SpaceNotTold "space-not-told" "an ACK wakes a writer that waits for room" "tcp_check_space";
            SendWaits "send-waits" "MSG_DONTWAIT does not wait" "tcp_sendmsg_locked";
            RecvWaits "recv-waits" "MSG_DONTWAIT does not wait" "tcp_recvmsg_locked";
            ReadPastUrgent "read-past-urgent" "RFC 9293 3.8.5: a read ends at the urgent byte" "tcp_recvmsg_locked";
            RecvOfListener "recv-of-listener" "a listener has nothing to read" "tcp_recvmsg_locked";
            ReadAcksNothing "read-acks-nothing" "RFC 9293 MUST-38: a read sends an ACK that is due" "tcp_cleanup_rbuf";
            NodelayNotPushed "nodelay-not-pushed" "TCP_NODELAY sends what waits" "__tcp_sock_set_nodelay";
            UncorkNotPushed "uncork-not-pushed" "the end of TCP_CORK sends what waits" "__tcp_sock_set_cork";
            KeepaliveNotBegun "keepalive-not-begun" "SO_KEEPALIVE on a connection begins the idle time" "tcp_set_keepalive";
            QuickackOffIgnored "quickack-off-ignored" "TCP_QUICKACK of 0 delays ACKs" "__tcp_sock_set_quickack";
            ErrorKept "error-kept" "SO_ERROR clears the error" "sock_error";
            ErrorNotPolled "error-not-polled" "POLLERR tells of an error" "tcp_poll";
            LowatNotPolled "lowat-not-polled" "SO_RCVLOWAT holds POLLIN back" "tcp_stream_is_readable";
            ShutNotWritable "shut-not-writable" "after SHUT_WR a write does not wait" "tcp_poll";
            EdgeRepeats "edge-repeats" "EPOLLET tells of news once" "ep_send_events";
            OneshotRepeats "oneshot-repeats" "EPOLLONESHOT tells once" "ep_send_events";
            // Memory.
            TcpMemIgnored "tcp-mem-ignored" "tcp_mem bounds the memory of all sockets" "__sk_mem_raise_allocated";
        }
    };
}
