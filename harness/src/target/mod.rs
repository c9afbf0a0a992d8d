//! What a script runs against: one trait, and everything that crosses it as plain values.
//!
//! An adapter never sees a script; the engine never sees an adapter. See `docs/architecture.md`
//! ("how to add a target").

pub mod contract;
pub mod control;
#[cfg(all(target_os = "linux", feature = "target-linux"))]
pub mod linux;
pub mod look;
pub mod pattern;
pub mod registry;
pub mod setup;
#[cfg(feature = "target-stack")]
pub mod stack;
pub mod syscall;
pub mod transition;
pub mod wrap;

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

pub use look::{Sample, Sampling};
pub use setup::{IpVersion, Setup};
pub use syscall::{EpollEvent, Errno, Fd, Output, Returned, Syscall};

use crate::command::{CommandOutcome, ShellScript};

/// Microseconds since [`Target::start`]. Never a wall clock.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ScriptTime(pub i64);

impl ScriptTime {
    /// Further than any script runs (about 290,000 years): "no deadline".
    pub const FOREVER: Self = Self(i64::MAX / 1000);

    /// Later by `us` microseconds, saturating.
    #[must_use]
    pub fn plus(self, us: i64) -> Self {
        Self(self.0.saturating_add(us).min(Self::FOREVER.0))
    }

    /// Microseconds from `earlier` to `self`.
    #[must_use]
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Names one submitted call until its [`Observation::Returned`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CallId(pub u32);

/// How a target's time passes. Times are compared with the script's tolerances on each of them: timers
/// go off on a tick, and a kernel's wheel may let them be an eighth late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Clock {
    /// Time moves only in [`Target::observe`], exactly to its deadline; two runs give the same
    /// microseconds.
    Virtual {
        /// Length of one timer tick, 1/HZ, in microseconds.
        tick_us: i64,
    },
    /// The virtual time of a real kernel: it passes only while everything sleeps, so two runs give
    /// the same microseconds, but a system call and a reading of the clock take some of it.
    TimeTravel {
        /// Length of one timer tick, 1/HZ, in microseconds.
        tick_us: i64,
    },
    /// The machine's clock.
    Real {
        /// Length of one timer tick, 1/HZ, in microseconds.
        tick_us: i64,
    },
}

impl Clock {
    /// Waiting costs nothing, and two runs give the same times.
    #[must_use]
    pub fn is_virtual(self) -> bool {
        match self {
            Self::Virtual { .. } | Self::TimeTravel { .. } => true,
            Self::Real { .. } => false,
        }
    }
}

/// What a target can do. A script that needs what its target lacks is a skip with that reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Capability {
    /// TCP over IPv4.
    Ipv4,
    /// TCP over IPv6.
    Ipv6,
    /// AF_INET6 sockets that speak IPv4.
    Ipv4Mapped,
    /// UDP sockets.
    Udp,
    /// ICMP (ping) sockets.
    IcmpSockets,
    /// Commands that are not understood go to /bin/sh.
    Shell,
    /// `TCP_INFO` and friends fill code-block variables.
    TcpInfo,
    /// TCP fast open.
    Fastopen,
    /// Accurate ECN (RFC 9768).
    AccEcn,
    /// TCP-MD5 (RFC 2385).
    Md5,
    /// Encapsulated packets (GRE, MPLS, IP in IP).
    Encapsulation,
    /// A GSO size on injected packets (`--mss`).
    InjectGso,
    /// Segments of several MSS leave as one packet, as with TSO.
    Tso,
    /// TCP over UDP encapsulation (FreeBSD `--udp_encapsulation`).
    UdpEncapsulation,
    /// PSP encapsulation.
    Psp,
    /// FreeBSD socket options and sysctls.
    FreeBsd,
    /// Sysctls of the whole host can be set (tcp_max_orphans, tcp_mem): a network namespace of
    /// Linux does not have them.
    HostSysctls,
    /// Waiting takes no time, so a script may last for minutes or hours.
    VirtualTime,
}

/// What a target says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetInfo {
    /// `stack`, `linux`, `linux:veth`, …
    pub name: String,
    /// Version of what runs there: kernel release, or the crate's version.
    pub version: String,
    /// How its time passes.
    pub clock: Clock,
    /// What it can do, sorted.
    pub capabilities: Vec<Capability>,
}

impl TargetInfo {
    /// Whether `capability` is among them.
    #[must_use]
    pub fn has(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }
}

/// Something that happened on the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// The target sent an IP datagram.
    Packet {
        /// When it left, by the target's own time stamp (kernel time on a kernel).
        at: ScriptTime,
        /// The datagram, from the IP header on.
        bytes: Vec<u8>,
    },
    /// A submitted call returned.
    Returned {
        /// When.
        at: ScriptTime,
        /// Which.
        call: CallId,
        /// With what.
        returned: Returned,
    },
    /// Nothing more happened up to the deadline.
    Idle {
        /// The deadline (virtual), or when it was noticed (real, never before the deadline).
        at: ScriptTime,
    },
}

/// The two ends of a connection, as the target sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FlowKey {
    /// The target's end (an IPv4 address also for IPv4-mapped sockets).
    pub local: SocketAddr,
    /// The harness's end.
    pub remote: SocketAddr,
}

/// TCP states by their Linux names. The harness's own enumeration; the stack has another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the variants are Linux's TCP_* names")]
pub enum TcpState {
    Established = 1,
    SynSent = 2,
    SynRecv = 3,
    FinWait1 = 4,
    FinWait2 = 5,
    TimeWait = 6,
    Close = 7,
    CloseWait = 8,
    LastAck = 9,
    Listen = 10,
    Closing = 11,
    NewSynRecv = 12,
}

impl TcpState {
    /// All of them, in Linux's numbering.
    pub const ALL: [Self; 12] = [
        Self::Established,
        Self::SynSent,
        Self::SynRecv,
        Self::FinWait1,
        Self::FinWait2,
        Self::TimeWait,
        Self::Close,
        Self::CloseWait,
        Self::LastAck,
        Self::Listen,
        Self::Closing,
        Self::NewSynRecv,
    ];

    /// The state with Linux's number `n` (`TCP_ESTABLISHED` is 1).
    #[must_use]
    pub fn from_number(n: u8) -> Option<Self> {
        Self::ALL.get(usize::from(n).checked_sub(1)?).copied()
    }

    /// `TCP_ESTABLISHED`, …
    #[must_use]
    pub fn linux_name(self) -> &'static str {
        match self {
            Self::Established => "TCP_ESTABLISHED",
            Self::SynSent => "TCP_SYN_SENT",
            Self::SynRecv => "TCP_SYN_RECV",
            Self::FinWait1 => "TCP_FIN_WAIT1",
            Self::FinWait2 => "TCP_FIN_WAIT2",
            Self::TimeWait => "TCP_TIME_WAIT",
            Self::Close => "TCP_CLOSE",
            Self::CloseWait => "TCP_CLOSE_WAIT",
            Self::LastAck => "TCP_LAST_ACK",
            Self::Listen => "TCP_LISTEN",
            Self::Closing => "TCP_CLOSING",
            Self::NewSynRecv => "TCP_NEW_SYN_RECV",
        }
    }
}

/// The C structures behind code blocks, as the kernel's getsockopt returns them (any length).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SockSnapshot {
    /// `struct tcp_info`; its first byte is the state.
    pub tcp_info: Vec<u8>,
    /// `union tcp_cc_info`; may be empty.
    pub cc_info: Vec<u8>,
    /// `SO_MEMINFO`: u32s in native order.
    pub meminfo: Vec<u8>,
}

/// The environment, not the script and not the implementation under test, is at fault.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// This machine cannot run the target (no privilege, no device). `fix` says what would help.
    #[error("{what}: {why}")]
    Unavailable {
        /// What was tried, as in "open /dev/net/tun".
        what: String,
        /// The reason.
        why: String,
        /// What the user can do.
        fix: String,
    },
    /// An operation of the target failed that should not have.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// The operating system's error.
        #[source]
        source: std::io::Error,
    },
    /// The target cannot do this, although it was asked to (a missing capability, in words).
    #[error("{0}")]
    Unsupported(String),
    /// A promise of the trait was broken.
    #[error("internal error of the target: {0}")]
    Internal(String),
}

/// A TCP implementation under test. Dropping it takes everything down that `launch` put up.
///
/// Order of use: `launch`, `command` for the script's init, `start`, then any mix of the rest.
/// No method blocks but `observe` (up to its deadline) and `command` (as long as the command).
pub trait Target {
    /// Name, version, clock, capabilities.
    fn info(&self) -> &TargetInfo;

    /// Sets the origin of [`ScriptTime`]. Called once, after the init command. A real target may
    /// wait here for a timer tick, so that kernel timers land alike in every run.
    fn start(&mut self) -> Result<(), TargetError>;

    /// The present script time.
    fn now(&mut self) -> ScriptTime;

    /// Starts a system call and returns when it started. `may_block` says that the script expects
    /// the call to block: the target then returns only when the call is asleep or has finished.
    /// The result comes as [`Observation::Returned`], exactly once.
    fn submit(
        &mut self,
        call: CallId,
        syscall: &Syscall,
        may_block: bool,
    ) -> Result<ScriptTime, TargetError>;

    /// Hands an IP datagram to the target as if it came from the network; returns when.
    fn inject(&mut self, ip_packet: &[u8]) -> Result<ScriptTime, TargetError>;

    /// The next thing that happens, or [`Observation::Idle`] at the deadline. What has already
    /// happened is returned at once, in the order of its times.
    fn observe(&mut self, deadline: ScriptTime) -> Result<Observation, TargetError>;

    /// Applies shell text (init, timed and cleanup commands). `dir` resolves relative paths.
    fn command(&mut self, script: &ShellScript) -> Result<CommandOutcome, TargetError>;

    /// `TCP_INFO`, `TCP_CC_INFO` and `SO_MEMINFO` of a descriptor; the error is getsockopt's.
    fn probe(&mut self, fd: Fd) -> Result<Result<SockSnapshot, Errno>, TargetError>;

    /// A look at each of `fds`, in their order. A target that offers none shows nothing.
    fn look(&mut self, fds: &[Fd], _sampling: Sampling) -> Result<Vec<Sample>, TargetError> {
        Ok(vec![Sample::default(); fds.len()])
    }

    /// State of the connection (or, with an unspecified remote, the listener) `flow`;
    /// [`TcpState::Close`] when there is none.
    fn tcp_state(&mut self, flow: &FlowKey) -> Result<TcpState, TargetError>;

    /// [`Self::tcp_state`] of each, at one moment. A target that has a faster way than to ask for
    /// one after the other takes it.
    fn tcp_states(&mut self, flows: &[FlowKey]) -> Result<Vec<TcpState>, TargetError> {
        flows.iter().map(|flow| self.tcp_state(flow)).collect()
    }

    /// CLOCK_REALTIME at [`Target::start`] in microseconds, to read the wall-clock stamps that some
    /// calls return (`SCM_TIMESTAMPING`) in script time. 0 where the target's own clock starts at 0.
    fn realtime_at_start_us(&mut self) -> i64 {
        0
    }

    /// Binds a free port of the harness's side for the peer of a new connection, so that ports
    /// are not reused while the kernel may remember them.
    fn ephemeral_port(&mut self) -> Result<u16, TargetError>;
}

/// Makes targets.
pub trait Launch: Send + Sync {
    /// What its targets will say about themselves, or why there can be none on this machine.
    fn info(&self) -> Result<TargetInfo, TargetError>;

    /// A fresh target for one script.
    fn launch(&self, setup: &Setup) -> Result<Box<dyn Target>, TargetError>;
}
