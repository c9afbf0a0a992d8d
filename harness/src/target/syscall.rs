//! System calls as values: what scripts resolve to, logs store and targets carry out.
//!
//! Constants are Linux's numbers (`AF_INET6` is 10); descriptors are the target's own.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// A descriptor of the target (not the script's label).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fd(pub i32);

/// An error number, Linux numbering. `script::symbols` knows the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Errno(pub i32);

/// The address argument of bind, connect, sendto.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SockAddr {
    /// `sockaddr_in` or `sockaddr_in6` by the family of the address.
    Inet(SocketAddr),
    /// Only `sa_family`, everything else zero (AF_UNSPEC disconnect).
    Family(u16),
}

/// Data given to a sending call, or room given to a receiving one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Buffer {
    /// `...`: so many bytes, zero when sent.
    Zeros(usize),
    /// These bytes (sending only).
    Bytes(Vec<u8>),
    /// A null pointer with this length.
    Null(usize),
}

impl Buffer {
    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Zeros(len) | Self::Null(len) => *len,
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// Length 0.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The value of a setsockopt, or the room of a getsockopt.
pub type OptBytes = Vec<u8>;

/// One control message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlMessage {
    /// `cmsg_level`
    pub level: i32,
    /// `cmsg_type`
    pub ty: i32,
    /// Payload bytes.
    pub data: Vec<u8>,
}

/// One entry of poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollFd {
    /// Descriptor.
    pub fd: Fd,
    /// Requested events.
    pub events: i16,
}

/// `struct epoll_event`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpollEvent {
    /// Event mask.
    pub events: u32,
    /// User data, whole union.
    pub data: u64,
}

/// A system call with its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "names and fields are those of the manual pages, section 2")]
pub enum Syscall {
    Socket {
        domain: i32,
        ty: i32,
        protocol: i32,
    },
    Bind {
        fd: Fd,
        addr: SockAddr,
    },
    Listen {
        fd: Fd,
        backlog: i32,
    },
    Accept {
        fd: Fd,
    },
    Connect {
        fd: Fd,
        addr: SockAddr,
    },
    Read {
        fd: Fd,
        buf: Buffer,
    },
    Write {
        fd: Fd,
        buf: Buffer,
    },
    Readv {
        fd: Fd,
        iov: Vec<Buffer>,
    },
    Writev {
        fd: Fd,
        iov: Vec<Buffer>,
    },
    Recv {
        fd: Fd,
        buf: Buffer,
        flags: i32,
    },
    Send {
        fd: Fd,
        buf: Buffer,
        flags: i32,
    },
    Recvfrom {
        fd: Fd,
        buf: Buffer,
        flags: i32,
    },
    Sendto {
        fd: Fd,
        buf: Buffer,
        flags: i32,
        addr: Option<SockAddr>,
    },
    /// `control_len`: size of the control buffer (packetdrill gives exactly what it expects).
    Recvmsg {
        fd: Fd,
        iov: Vec<Buffer>,
        control_len: usize,
        flags: i32,
    },
    Sendmsg {
        fd: Fd,
        addr: Option<SockAddr>,
        iov: Vec<Buffer>,
        control: Vec<ControlMessage>,
        flags: i32,
    },
    /// `arg` is absent for commands without one.
    Fcntl {
        fd: Fd,
        cmd: i32,
        arg: Option<i64>,
    },
    /// `arg`: the int the pointer refers to, absent for a null pointer.
    Ioctl {
        fd: Fd,
        request: u64,
        arg: Option<i32>,
    },
    Close {
        fd: Fd,
    },
    Shutdown {
        fd: Fd,
        how: i32,
    },
    /// `len`: the option length handed in.
    Getsockopt {
        fd: Fd,
        level: i32,
        name: i32,
        len: u32,
    },
    Setsockopt {
        fd: Fd,
        level: i32,
        name: i32,
        value: OptBytes,
        len: u32,
    },
    Poll {
        fds: Vec<PollFd>,
        timeout_ms: i32,
    },
    EpollCreate {
        size: i32,
    },
    EpollCtl {
        epfd: Fd,
        op: i32,
        fd: Fd,
        event: EpollEvent,
    },
    EpollWait {
        epfd: Fd,
        max_events: i32,
        timeout_ms: i32,
    },
    Pipe,
    Splice {
        fd_in: Fd,
        off_in: Option<i64>,
        fd_out: Fd,
        off_out: Option<i64>,
        len: usize,
        flags: u32,
    },
    Sendfile {
        out_fd: Fd,
        in_fd: Fd,
        offset: Option<i64>,
        count: usize,
    },
    Open {
        path: String,
        flags: i32,
    },
    /// Not a call of Linux: a signal reaches the thread that sleeps in a call on `fd`. Its handler
    /// does nothing, and calls go on after it where `restart` (SA_RESTART) is set and they can.
    Interrupt {
        fd: Fd,
        restart: bool,
    },
    /// `set`: raise (true) or drop the capability in the given set (0 effective, 1 permitted, 2 inheritable).
    CapSet {
        which: i32,
        cap: i32,
        set: bool,
    },
}

impl Syscall {
    /// The descriptors that it can sleep on.
    #[must_use]
    pub fn sleeps_on(&self) -> Vec<Fd> {
        match self {
            Self::Accept { fd }
            | Self::Connect { fd, .. }
            | Self::Read { fd, .. }
            | Self::Write { fd, .. }
            | Self::Readv { fd, .. }
            | Self::Writev { fd, .. }
            | Self::Recv { fd, .. }
            | Self::Send { fd, .. }
            | Self::Recvfrom { fd, .. }
            | Self::Sendto { fd, .. }
            | Self::Recvmsg { fd, .. }
            | Self::Sendmsg { fd, .. } => vec![*fd],
            Self::EpollWait { epfd, .. } => vec![*epfd],
            Self::Poll { fds, .. } => fds.iter().map(|entry| entry.fd).collect(),
            Self::Splice { fd_in, fd_out, .. } => vec![*fd_in, *fd_out],
            Self::Sendfile { out_fd, in_fd, .. } => vec![*in_fd, *out_fd],
            Self::Socket { .. }
            | Self::Bind { .. }
            | Self::Listen { .. }
            | Self::Fcntl { .. }
            | Self::Ioctl { .. }
            | Self::Close { .. }
            | Self::Shutdown { .. }
            | Self::Getsockopt { .. }
            | Self::Setsockopt { .. }
            | Self::EpollCreate { .. }
            | Self::EpollCtl { .. }
            | Self::Pipe
            | Self::Open { .. }
            | Self::Interrupt { .. }
            | Self::CapSet { .. } => Vec::new(),
        }
    }
}

/// What a call returned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// The return value as the C library gives it: -1 with `errno` set, or the result.
    pub value: i64,
    /// Set when `value` is -1.
    pub errno: Option<Errno>,
    /// What the call wrote through its pointers.
    pub output: Output,
}

impl Returned {
    /// Success with `value`.
    #[must_use]
    pub fn ok(value: i64) -> Self {
        Self { value, errno: None, output: Output::None }
    }

    /// Failure with `errno`.
    #[must_use]
    pub fn err(errno: Errno) -> Self {
        Self { value: -1, errno: Some(errno), output: Output::None }
    }
}

/// What a call wrote through its pointers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Output {
    /// Nothing.
    None,
    /// accept: the peer's address.
    Peer(SocketAddr),
    /// read, recv and friends: the bytes.
    Data(#[serde(with = "crate::packet::payload")] Vec<u8>),
    /// recvmsg.
    Message {
        /// Bytes received.
        #[serde(with = "crate::packet::payload")]
        data: Vec<u8>,
        /// `msg_flags`.
        flags: i32,
        /// Control messages, in order.
        control: Vec<ControlMessage>,
    },
    /// getsockopt: the bytes, as many as the returned option length.
    OptVal(Vec<u8>),
    /// ioctl: the int.
    Int(i32),
    /// poll: `revents` of each entry.
    Poll(Vec<i16>),
    /// epoll_wait: the events.
    Epoll(Vec<EpollEvent>),
    /// pipe: read end, write end.
    Pipe(Fd, Fd),
}
