//! What Linux has and the stack lacks, as tables: the difference between an error, which a script
//! may expect, and a skip.
//!
//! Numbers and names are those of Linux 6.18. Nothing here acts.

use synproof_stack::errno::Errno as StackErrno;

use super::calls::{Refused, beyond};
use crate::target::TargetError;

pub(super) const AF_INET: i32 = 2;
pub(super) const AF_INET6: i32 = 10;
/// AF_MAX - 1
const AF_LAST: i32 = 45;

const SOCK_TYPE_MASK: i32 = 0xf;
const SOCK_STREAM: i32 = 1;
/// SOCK_DGRAM and SOCK_RAW, which IP has besides SOCK_STREAM.
const OTHER_IP_TYPES: [i32; 2] = [2, 3];
/// SOCK_MAX - 1
const SOCK_LAST: i32 = 10;
const SOCK_NONBLOCK: i32 = 0o4000;
const SOCK_CLOEXEC: i32 = 0o2_000_000;

const IPPROTO_TCP: i32 = 6;
/// SCTP, SMC and MPTCP: stream protocols other than TCP.
const OTHER_STREAMS: [i32; 3] = [132, 256, 262];
const IPPROTO_MAX: i32 = 263;

const SOL_IP: i32 = 0;
const SOL_SOCKET: i32 = 1;
const SOL_TCP: i32 = 6;
const SOL_IPV6: i32 = 41;

/// The target lacks `what`; the script is skipped.
pub(super) fn lacks(what: impl AsRef<str>) -> TargetError {
    TargetError::Unsupported(lacks_text(what))
}

/// The reason of such a skip.
pub(super) fn lacks_text(what: impl AsRef<str>) -> String {
    format!("the stack has no {}", what.as_ref())
}

/// Whether the socket starts as non-blocking, if these arguments mean a TCP socket.
///
/// Linux: __sys_socket, __sock_create (net/socket.c), inet_create (net/ipv4/af_inet.c)
pub(super) fn stream_socket(domain: i32, ty: i32, protocol: i32) -> Result<bool, Refused> {
    let (kind, flags) = (ty & SOCK_TYPE_MASK, ty & !SOCK_TYPE_MASK);
    if flags & !(SOCK_NONBLOCK | SOCK_CLOEXEC) != 0 || kind > SOCK_LAST || kind == 0 {
        return Err(StackErrno::EINVAL.into());
    }
    if !matches!(domain, AF_INET | AF_INET6) {
        return if (1..=AF_LAST).contains(&domain) {
            beyond(format!("sockets of family {domain}"))
        } else {
            Err(StackErrno::EAFNOSUPPORT.into())
        };
    }
    if !(0..IPPROTO_MAX).contains(&protocol) {
        return Err(StackErrno::EINVAL.into());
    }
    if OTHER_IP_TYPES.contains(&kind) || OTHER_STREAMS.contains(&protocol) {
        return beyond(format!("sockets of type {kind} and protocol {protocol}"));
    }
    if kind != SOCK_STREAM {
        return Err(StackErrno::ESOCKTNOSUPPORT.into());
    }
    if !matches!(protocol, 0 | IPPROTO_TCP) {
        return Err(StackErrno::EPROTONOSUPPORT.into());
    }
    Ok(flags & SOCK_NONBLOCK != 0)
}

/// What options belong to that are not the stack's, and why they are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beyond {
    /// BPF programs, which only a kernel can run.
    Programs,
    /// Tables of the packet filter.
    Netfilter,
    /// Options of the IP header and extension headers: the stack sends and keeps none.
    IpOptions,
    /// RFC 5925.
    TcpAo,
    /// Pages shared with the process, and memory of devices.
    MappedMemory,
    /// What is asked about is the process, not the socket.
    Process,
}

impl Beyond {
    /// For the reason of a skip.
    const fn name(self) -> &'static str {
        match self {
            Self::Programs => "BPF programs",
            Self::Netfilter => "packet filter",
            Self::IpOptions => "IP options and extension headers",
            Self::TcpAo => "TCP-AO",
            Self::MappedMemory => "mapped memory",
            Self::Process => "processes",
        }
    }
}

/// Options of one level, from one number to another, that can be set, read, or both.
struct Missing {
    level: i32,
    names: std::ops::RangeInclusive<i32>,
    set: bool,
    get: bool,
    of: Beyond,
}

const fn missing(
    level: i32,
    names: std::ops::RangeInclusive<i32>,
    (set, get): (bool, bool),
    of: Beyond,
) -> Missing {
    Missing { level, names, set, get, of }
}

const BOTH: (bool, bool) = (true, true);
const SET: (bool, bool) = (true, false);
const GET: (bool, bool) = (false, true);

/// Options of a TCP socket that Linux has and the stack lacks.
const MISSING: &[Missing] = &[
    missing(SOL_SOCKET, 17..=17, GET, Beyond::Process),
    missing(SOL_SOCKET, 26..=26, SET, Beyond::Programs),
    missing(SOL_SOCKET, 50..=52, SET, Beyond::Programs),
    missing(SOL_SOCKET, 80..=80, SET, Beyond::MappedMemory),
    missing(SOL_TCP, 35..=35, GET, Beyond::MappedMemory),
    missing(SOL_TCP, 38..=39, SET, Beyond::TcpAo),
    missing(SOL_TCP, 40..=40, BOTH, Beyond::TcpAo),
    missing(SOL_TCP, 41..=41, GET, Beyond::TcpAo),
    missing(SOL_TCP, 42..=42, BOTH, Beyond::TcpAo),
    missing(SOL_IP, 4..=4, SET, Beyond::IpOptions),
    missing(SOL_IP, 64..=83, BOTH, Beyond::Netfilter),
    missing(SOL_IPV6, 6..=6, SET, Beyond::IpOptions),
    missing(SOL_IPV6, 54..=55, SET, Beyond::IpOptions),
    missing(SOL_IPV6, 57..=57, SET, Beyond::IpOptions),
    missing(SOL_IPV6, 59..=59, SET, Beyond::IpOptions),
    missing(SOL_IPV6, 64..=65, BOTH, Beyond::Netfilter),
    missing(SOL_IPV6, 68..=69, GET, Beyond::Netfilter),
    missing(SOL_IPV6, 80..=80, GET, Beyond::Netfilter),
];

fn lacks_option(level: i32, name: i32, wanted: impl Fn(&Missing) -> bool) -> Option<Beyond> {
    let is_it = |row: &&Missing| row.level == level && row.names.contains(&name) && wanted(row);
    MISSING.iter().find(is_it).map(|row| row.of)
}

/// What the stack would need to let the option be set, if Linux does.
pub(super) fn lacks_setter(level: i32, name: i32) -> Option<&'static str> {
    lacks_option(level, name, |row| row.set).map(Beyond::name)
}

/// What the stack would need to let the option be read, if Linux does.
pub(super) fn lacks_getter(level: i32, name: i32) -> Option<&'static str> {
    lacks_option(level, name, |row| row.get).map(Beyond::name)
}

/// Whether a TCP socket of this family has options of the level at all.
pub(super) fn level_is_for(level: i32, is_v6: bool) -> bool {
    level != SOL_IPV6 || is_v6
}

/// The level of an option as scripts write it.
pub(super) fn level_name(level: i32) -> String {
    match level {
        SOL_IP => "SOL_IP".to_owned(),
        SOL_SOCKET => "SOL_SOCKET".to_owned(),
        SOL_TCP => "SOL_TCP".to_owned(),
        SOL_IPV6 => "SOL_IPV6".to_owned(),
        other => format!("level {other}"),
    }
}

/// Commands from F_DUPFD (0) to F_GETOWNER_UIDS, and those from F_SETLEASE (1024) on.
pub(super) fn linux_has_fcntl(cmd: i32) -> bool {
    (0..=17).contains(&cmd) || (36..=38).contains(&cmd) || (1024..=1040).contains(&cmd)
}

/// FIOASYNC, and those of sockets and interfaces (SIOC…, 0x89xx).
pub(super) fn linux_has_ioctl(request: u64) -> bool {
    matches!(request, 0x5450..=0x5452) || (0x8900..=0x89ff).contains(&request)
}

/// Congestion controls of Linux (net/ipv4/Kconfig) besides those of the stack.
const CONGESTION_CONTROLS: [&str; 15] = [
    "bbr",
    "bic",
    "cdg",
    "dctcp",
    "highspeed",
    "htcp",
    "hybla",
    "illinois",
    "lp",
    "nv",
    "scalable",
    "vegas",
    "veno",
    "westwood",
    "yeah",
];

/// The congestion control of that name, if the stack is known to lack it.
pub(super) fn congestion_control(name: &str) -> Option<&'static str> {
    CONGESTION_CONTROLS.into_iter().find(|known| *known == name)
}

/// How names of sysctls begin that Linux has, whether or not the stack has them. Every
/// `net.ipv4.tcp_…` is either the stack's or not Linux's, but for those given here.
const SYSCTL_PREFIXES: &[&str] = &[
    "net.ipv4.cipso_",
    "net.ipv4.conf.",
    "net.ipv4.fib_",
    "net.ipv4.fwmark_",
    "net.ipv4.icmp_",
    "net.ipv4.igmp_",
    "net.ipv4.inet_peer_",
    "net.ipv4.ip_",
    "net.ipv4.ipfrag_",
    "net.ipv4.neigh.",
    "net.ipv4.nexthop_",
    "net.ipv4.ping_",
    "net.ipv4.raw_",
    "net.ipv4.route.",
    "net.ipv4.tcp_child_ehash_entries",
    "net.ipv4.tcp_ehash_entries",
    "net.ipv4.udp_",
    "net.ipv4.xfrm4_",
    "net.core.",
    "net.ipv6.",
    "net.mptcp.",
    "net.netfilter.",
    "net.sctp.",
    "net.unix.",
    "dev.",
    "fs.",
    "kernel.",
    "user.",
    "vm.",
];

/// Whether Linux has a sysctl of that name.
pub(super) fn linux_has_sysctl(name: &str) -> bool {
    SYSCTL_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}
