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
}
