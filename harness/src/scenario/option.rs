//! Socket options whose value is an int, by name.

use serde::{Deserialize, Serialize};

/// One row: the variant, its level and name as the C headers spell them, and Linux's numbers.
macro_rules! options {
    ($($(#[$doc:meta])* $variant:ident = $level:literal $number_of_level:literal, $name:literal $number:literal;)*) => {
        /// A socket option whose value is an int.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "the variants are the names of the C headers")]
        pub enum SockOption {
            $($(#[$doc])* $variant,)*
        }

        impl SockOption {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Level and name as the C headers spell them: `("SOL_TCP", "TCP_NODELAY")`.
            #[must_use]
            pub fn names(self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => ($level, $name),)* }
            }

            /// Linux's numbers of level and name.
            #[must_use]
            pub fn numbers(self) -> (i32, i32) {
                match self { $(Self::$variant => ($number_of_level, $number),)* }
            }
        }
    };
}

options! {
    ReuseAddr = "SOL_SOCKET" 1, "SO_REUSEADDR" 2;
    Error = "SOL_SOCKET" 1, "SO_ERROR" 4;
    DontRoute = "SOL_SOCKET" 1, "SO_DONTROUTE" 5;
    SndBuf = "SOL_SOCKET" 1, "SO_SNDBUF" 7;
    RcvBuf = "SOL_SOCKET" 1, "SO_RCVBUF" 8;
    KeepAlive = "SOL_SOCKET" 1, "SO_KEEPALIVE" 9;
    OobInline = "SOL_SOCKET" 1, "SO_OOBINLINE" 10;
    Priority = "SOL_SOCKET" 1, "SO_PRIORITY" 12;
    RcvLowat = "SOL_SOCKET" 1, "SO_RCVLOWAT" 18;
    NoDelay = "SOL_TCP" 6, "TCP_NODELAY" 1;
    MaxSeg = "SOL_TCP" 6, "TCP_MAXSEG" 2;
    Cork = "SOL_TCP" 6, "TCP_CORK" 3;
    KeepIdle = "SOL_TCP" 6, "TCP_KEEPIDLE" 4;
    KeepIntvl = "SOL_TCP" 6, "TCP_KEEPINTVL" 5;
    KeepCnt = "SOL_TCP" 6, "TCP_KEEPCNT" 6;
    SynCnt = "SOL_TCP" 6, "TCP_SYNCNT" 7;
    Linger2 = "SOL_TCP" 6, "TCP_LINGER2" 8;
    DeferAccept = "SOL_TCP" 6, "TCP_DEFER_ACCEPT" 9;
    WindowClamp = "SOL_TCP" 6, "TCP_WINDOW_CLAMP" 10;
    QuickAck = "SOL_TCP" 6, "TCP_QUICKACK" 12;
    UserTimeout = "SOL_TCP" 6, "TCP_USER_TIMEOUT" 18;
    FastOpen = "SOL_TCP" 6, "TCP_FASTOPEN" 23;
    NotsentLowat = "SOL_TCP" 6, "TCP_NOTSENT_LOWAT" 25;
    FastOpenConnect = "SOL_TCP" 6, "TCP_FASTOPEN_CONNECT" 30;
    InqOption = "SOL_TCP" 6, "TCP_INQ" 36;
    Broadcast = "SOL_SOCKET" 1, "SO_BROADCAST" 6;
    NoCheck = "SOL_SOCKET" 1, "SO_NO_CHECK" 11;
    ReusePort = "SOL_SOCKET" 1, "SO_REUSEPORT" 15;
    Timestamp = "SOL_SOCKET" 1, "SO_TIMESTAMP" 29;
    TimestampNs = "SOL_SOCKET" 1, "SO_TIMESTAMPNS" 35;
    Timestamping = "SOL_SOCKET" 1, "SO_TIMESTAMPING" 37;
    Mark = "SOL_SOCKET" 1, "SO_MARK" 36;
    ZeroCopy = "SOL_SOCKET" 1, "SO_ZEROCOPY" 60;
    ReserveMem = "SOL_SOCKET" 1, "SO_RESERVE_MEM" 73;
    TxRehash = "SOL_SOCKET" 1, "SO_TXREHASH" 74;
    ThinLinearTimeouts = "SOL_TCP" 6, "TCP_THIN_LINEAR_TIMEOUTS" 16;
    ThinDupAck = "SOL_TCP" 6, "TCP_THIN_DUPACK" 17;
    SaveSyn = "SOL_TCP" 6, "TCP_SAVE_SYN" 27;
    FastOpenNoCookie = "SOL_TCP" 6, "TCP_FASTOPEN_NO_COOKIE" 34;
    IpTos = "SOL_IP" 0, "IP_TOS" 1;
    IpTtl = "SOL_IP" 0, "IP_TTL" 2;
    IpMtuDiscover = "SOL_IP" 0, "IP_MTU_DISCOVER" 10;
    IpRecvErr = "SOL_IP" 0, "IP_RECVERR" 11;
    IpFreeBind = "SOL_IP" 0, "IP_FREEBIND" 15;
    IpMinTtl = "SOL_IP" 0, "IP_MINTTL" 21;
    IpBindAddressNoPort = "SOL_IP" 0, "IP_BIND_ADDRESS_NO_PORT" 24;
    Ipv6UnicastHops = "SOL_IPV6" 41, "IPV6_UNICAST_HOPS" 16;
    Ipv6MtuDiscover = "SOL_IPV6" 41, "IPV6_MTU_DISCOVER" 23;
    Ipv6RecvErr = "SOL_IPV6" 41, "IPV6_RECVERR" 25;
    Ipv6V6only = "SOL_IPV6" 41, "IPV6_V6ONLY" 26;
    Ipv6Tclass = "SOL_IPV6" 41, "IPV6_TCLASS" 67;
    Ipv6MinHopCount = "SOL_IPV6" 41, "IPV6_MINHOPCOUNT" 73;
}
