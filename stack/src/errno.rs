//! `Errno`: the error numbers the TCP socket layer can return, and no others.
//!
//! Linux: include/uapi/asm-generic/errno{-base,}.h; the numbers are those of x86-64 and arm64.

use std::fmt;

macro_rules! errnos {
    ($( $(#[doc = $doc:literal])* $name:ident = $raw:literal; )*) => {
        /// An error of the socket interface.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Errno {
            $( $(#[doc = $doc])* $name = $raw, )*
        }

        impl Errno {
            /// Every value, in ascending order of number.
            pub const ALL: &[Self] = &[$( Self::$name ),*];

            /// The symbolic name, as errno(3) spells it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$name => stringify!($name), )* }
            }
        }
    };
}

errnos! {
    /// Operation needs a privilege.
    EPERM = 1;
    /// Named thing (a congestion control algorithm) does not exist.
    ENOENT = 2;
    /// Interrupted by a signal, or a linger time that ran out.
    EINTR = 4;
    /// Not an open file descriptor.
    EBADF = 9;
    /// Would block (same number as EWOULDBLOCK).
    EAGAIN = 11;
    /// Out of memory.
    ENOMEM = 12;
    /// Not allowed, e.g. a broadcast destination or a privileged port.
    EACCES = 13;
    /// Bad pointer or length from the caller.
    EFAULT = 14;
    /// In use and cannot change.
    EBUSY = 16;
    /// Already there (EPOLL_CTL_ADD twice).
    EEXIST = 17;
    /// No such device (SO_BINDTODEVICE).
    ENODEV = 19;
    /// Invalid argument or state.
    EINVAL = 22;
    /// Too many open files.
    EMFILE = 24;
    /// Unknown ioctl.
    ENOTTY = 25;
    /// Value too large (a window scale beyond 14 in TCP_REPAIR_OPTIONS).
    EFBIG = 27;
    /// Not seekable.
    ESPIPE = 29;
    /// Writing to a socket shut down for sending.
    EPIPE = 32;
    /// Argument out of domain (a bad time value in SO_RCVTIMEO).
    EDOM = 33;
    /// Result out of range.
    ERANGE = 34;
    /// Epoll instances that watch each other.
    ELOOP = 40;
    /// Nothing of the kind asked for: what the error queue says of a time, which is no error.
    ENOMSG = 42;
    /// There is none of what was asked for (SO_PEERGROUPS of a TCP socket).
    ENODATA = 61;
    /// Host is not on the network (ICMP host isolated).
    ENONET = 64;
    /// Protocol error (ICMP parameter problem, a dead NFS of history).
    EPROTO = 71;
    /// Not a socket.
    ENOTSOCK = 88;
    /// Destination address required.
    EDESTADDRREQ = 89;
    /// Message too long.
    EMSGSIZE = 90;
    /// Wrong protocol type for the socket.
    EPROTOTYPE = 91;
    /// No such socket option.
    ENOPROTOOPT = 92;
    /// Protocol not supported.
    EPROTONOSUPPORT = 93;
    /// Socket type not supported.
    ESOCKTNOSUPPORT = 94;
    /// Operation not supported here.
    EOPNOTSUPP = 95;
    /// Address family not supported.
    EAFNOSUPPORT = 97;
    /// Address already in use.
    EADDRINUSE = 98;
    /// Address not available, or no free port.
    EADDRNOTAVAIL = 99;
    /// Network is down.
    ENETDOWN = 100;
    /// Network unreachable.
    ENETUNREACH = 101;
    /// Connection aborted locally before accept.
    ECONNABORTED = 103;
    /// Reset by the peer.
    ECONNRESET = 104;
    /// No buffer space.
    ENOBUFS = 105;
    /// Already connected.
    EISCONN = 106;
    /// Not connected.
    ENOTCONN = 107;
    /// Timed out.
    ETIMEDOUT = 110;
    /// Refused by the peer.
    ECONNREFUSED = 111;
    /// Host is down.
    EHOSTDOWN = 112;
    /// Host unreachable.
    EHOSTUNREACH = 113;
    /// A non-blocking connect is already under way.
    EALREADY = 114;
    /// A non-blocking connect has begun.
    EINPROGRESS = 115;
}

impl Errno {
    /// The positive number, as `errno` and SO_ERROR hold it.
    #[must_use]
    pub const fn raw(self) -> i32 {
        self as i32
    }

    /// The value with this number, if the TCP socket layer can return it.
    #[must_use]
    pub fn from_raw(raw: i32) -> Option<Self> {
        Self::ALL.iter().copied().find(|errno| errno.raw() == raw)
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::error::Error for Errno {}

impl From<Errno> for std::io::Error {
    fn from(errno: Errno) -> Self {
        Self::from_raw_os_error(errno.raw())
    }
}

#[cfg(test)]
mod tests {
    use super::Errno;

    #[test]
    fn numbers_ascend_and_round_trip() {
        assert!(Errno::ALL.windows(2).all(|pair| pair[0].raw() < pair[1].raw()));
        for &errno in Errno::ALL {
            assert_eq!(Errno::from_raw(errno.raw()), Some(errno));
        }
        assert_eq!(Errno::EAGAIN.name(), "EAGAIN");
        assert_eq!(Errno::from_raw(9999), None);
    }
}
