//! What applications see.

macro_rules! sockets {
    ($next:ident $($more:ident)*; $($rows:tt)*) => {
        $next! { $($more)*; $($rows)*
            // Sockets: names, opening and closing.
            BindForeign "bind-foreign" "bind() takes an address of this host" "inet_addr_valid_or_nonlocal";
            BindTwice "bind-twice" "a socket is bound once" "__inet_bind";
            BindUnprivileged "bind-unprivileged" "a low port needs a privilege" "inet_port_requires_bind_service";
            ListenerShares "listener-shares" "SO_REUSEADDR does not share the port of a listener" "inet_csk_bind_conflict";
            TimeWaitUnclaimed "time-wait-unclaimed" "the remainder of a connection holds its port" "inet_csk_bind_conflict";
            UnboundNamed "unbound-named" "getpeername() needs a peer" "inet_getname";
            ListenConnected "listen-connected" "a socket that is connected does not listen" "__inet_listen_sk";
            SomaxconnIgnored "somaxconn-ignored" "somaxconn bounds the backlog" "__sys_listen";
            BacklogOneLess "backlog-one-less" "a backlog of n admits n + 1 connections" "sk_acceptq_is_full";
            ConnectAgainErrno "connect-again-errno" "a second connect() has EALREADY" "__inet_stream_connect";
            ConnectTwice "connect-twice" "a socket that is connected does not connect" "__inet_stream_connect";
            ConnectNeverTimesOut "connect-never-times-out" "SO_SNDTIMEO bounds connect()" "__inet_stream_connect";
            ConnectForgetsPort "connect-forgets-port" "connect() keeps the port of bind()" "tcp_v4_connect";
            TimeWaitTakenAtOnce "time-wait-taken-at-once" "a connection in TIME-WAIT is taken over a second after its end at the earliest" "tcp_twsk_unique";
            TimeWaitNeverTaken "time-wait-never-taken" "RFC 6191 2: timestamps let a connection follow another at once" "tcp_twsk_unique";
            TimeWaitOldNumbers "time-wait-old-numbers" "RFC 6191 2: the new connection begins beyond the old one" "tcp_twsk_unique";
            AcceptNewest "accept-newest" "accept() takes the oldest connection" "inet_csk_accept";
            AcceptedBlocksNot "accepted-blocks-not" "a connection that is accepted blocks, whatever its listener does" "inet_csk_accept";
            ShutdownKeepsFin "shutdown-keeps-fin" "RFC 9293 3.6: shutdown() sends the FIN" "inet_shutdown";
            ShutdownReads "shutdown-reads" "after SHUT_RD a read is at its end" "inet_shutdown";
            ShutdownListens "shutdown-listens" "SHUT_RD ends a listener" "inet_shutdown";
            ShutdownUnconnected "shutdown-unconnected" "shutdown() needs a connection" "inet_shutdown";
            LingerNotWaited "linger-not-waited" "close() with SO_LINGER waits for the ACK of the FIN" "__tcp_close";
            LingerZeroFin "linger-zero-fin" "RFC 9293 3.10.5: close() with SO_LINGER of no time resets" "__tcp_close";
            UnacceptedKept "unaccepted-kept" "a listener that ends resets what was not accepted" "inet_csk_listen_stop";
            AbortMute "abort-mute" "a connection that is given up resets the peer" "tcp_disconnect";
            ResetErrnoPipe "reset-errno-pipe" "a reset is ECONNRESET" "tcp_reset";
            FailedDataKept "failed-data-kept" "a connection that fails has nothing left to send" "tcp_done_with_error";
            // Sockets: sending, receiving, options, readiness.
            SendUnopenedPipe "send-unopened-pipe" "a write waits for the handshake" "sk_stream_wait_connect";
            SndbufIgnored "sndbuf-ignored" "SO_SNDBUF bounds what is not acknowledged" "sk_stream_memory_free";
            NotsentLowatIgnored "notsent-lowat-ignored" "TCP_NOTSENT_LOWAT bounds what is not sent" "tcp_notsent_lowat";
            WritableAtOnce "writable-at-once" "a socket is writable when a third of its buffer is free" "sk_stream_is_writeable";
            SpaceNotTold "space-not-told" "an ACK wakes a writer that waits for room" "tcp_check_space";
            SendNeverTimesOut "send-never-times-out" "SO_SNDTIMEO bounds a write" "sk_stream_wait_memory";
            SendWaits "send-waits" "MSG_DONTWAIT does not wait" "tcp_sendmsg_locked";
            RecvLowatIgnored "recv-lowat-ignored" "SO_RCVLOWAT, or MSG_WAITALL, has a read wait" "sock_rcvlowat";
            RecvNeverTimesOut "recv-never-times-out" "SO_RCVTIMEO bounds a read" "tcp_recvmsg_locked";
            RecvWaits "recv-waits" "MSG_DONTWAIT does not wait" "tcp_recvmsg_locked";
            ReadPastUrgent "read-past-urgent" "RFC 9293 3.8.5: a read ends at the urgent byte" "tcp_recvmsg_locked";
            RecvOfListener "recv-of-listener" "a listener has nothing to read" "tcp_recvmsg_locked";
            ReadAcksNothing "read-acks-nothing" "RFC 9293 MUST-38: a read sends an ACK that is due" "tcp_cleanup_rbuf";
            SndbufNotDoubled "sndbuf-not-doubled" "SO_SNDBUF is doubled" "sk_setsockopt";
            NodelayNotPushed "nodelay-not-pushed" "TCP_NODELAY sends what waits" "__tcp_sock_set_nodelay";
            UncorkNotPushed "uncork-not-pushed" "the end of TCP_CORK sends what waits" "__tcp_sock_set_cork";
            MaxsegOneLess "maxseg-one-less" "TCP_MAXSEG is 88 at least" "do_tcp_setsockopt";
            ZeroKeepidle "zero-keepidle" "TCP_KEEPIDLE, and the like, are 1 at least" "do_tcp_setsockopt";
            KeepaliveNotBegun "keepalive-not-begun" "SO_KEEPALIVE on a connection begins the idle time" "tcp_set_keepalive";
            KeepidleWaits "keepidle-waits" "TCP_KEEPIDLE counts for a connection at once" "tcp_sock_set_keepidle_locked";
            CongestionUnknown "congestion-unknown" "a congestion control that there is none of is ENOENT" "tcp_set_congestion_control";
            QuickackOffIgnored "quickack-off-ignored" "TCP_QUICKACK of 0 delays ACKs" "__tcp_sock_set_quickack";
            ClampClosedOnly "clamp-closed-only" "TCP_WINDOW_CLAMP of 0 is for sockets without connection" "tcp_set_window_clamp";
            LowatUnbounded "lowat-unbounded" "SO_RCVLOWAT is half of the buffer at most" "tcp_set_rcvlowat";
            SavedSynAgain "saved-syn-again" "TCP_SAVED_SYN is read once" "do_tcp_getsockopt";
            ErrorKept "error-kept" "SO_ERROR clears the error" "sock_error";
            OutqUnsent "outq-unsent" "SIOCOUTQ counts what is not acknowledged" "tcp_ioctl";
            HalfClosedHup "half-closed-hup" "POLLHUP needs both directions to be shut" "tcp_poll";
            ErrorNotPolled "error-not-polled" "POLLERR tells of an error" "tcp_poll";
            ErrorQueueNotPolled "error-queue-not-polled" "POLLERR tells of the error queue" "tcp_poll";
            UrgentNotPolled "urgent-not-polled" "POLLPRI tells of the urgent byte" "tcp_poll";
            LowatNotPolled "lowat-not-polled" "SO_RCVLOWAT holds POLLIN back" "tcp_stream_is_readable";
            ConnectingWritable "connecting-writable" "a socket is not writable before the handshake" "tcp_poll";
            ShutNotWritable "shut-not-writable" "after SHUT_WR a write does not wait" "tcp_poll";
            EdgeRepeats "edge-repeats" "EPOLLET tells of news once" "ep_send_events";
            OneshotRepeats "oneshot-repeats" "EPOLLONESHOT tells once" "ep_send_events";
            EpollAddAgain "epoll-add-again" "EPOLL_CTL_ADD of what is watched is EEXIST" "do_epoll_ctl";
            // Memory.
            TcpMemIgnored "tcp-mem-ignored" "tcp_mem bounds the memory of all sockets" "__sk_mem_raise_allocated";
        }
    };
}
