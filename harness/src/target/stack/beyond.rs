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
const SOL_TLS: i32 = 282;

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

/// First and last number of the options of a level.
const OPTIONS: &[(i32, std::ops::RangeInclusive<i32>)] = &[
    (SOL_SOCKET, 1..=84),
    (SOL_TCP, 1..=46),
    (SOL_IP, 1..=51),
    // Netfilter's.
    (SOL_IP, 64..=83),
    (SOL_IPV6, 1..=82),
    (SOL_TLS, 1..=4),
];

/// Options that setsockopt refuses on Linux, too: SO_TYPE, SO_ERROR, SO_PEERCRED, SO_SNDLOWAT,
/// SO_ACCEPTCONN, SO_PEERSEC, SO_PROTOCOL, SO_DOMAIN, SO_PEEK_OFF of TCP, SO_INCOMING_NAPI_ID,
/// SO_MEMINFO, SO_COOKIE, TCP_INFO, TCP_CC_INFO, IP_MTU.
const READ_ONLY: &[(i32, i32)] = &[
    (SOL_SOCKET, 3),
    (SOL_SOCKET, 4),
    (SOL_SOCKET, 17),
    (SOL_SOCKET, 19),
    (SOL_SOCKET, 30),
    (SOL_SOCKET, 31),
    (SOL_SOCKET, 38),
    (SOL_SOCKET, 39),
    (SOL_SOCKET, 55),
    (SOL_SOCKET, 56),
    (SOL_SOCKET, 57),
    (SOL_TCP, 11),
    (SOL_TCP, 26),
    (SOL_IP, 14),
];

/// Whether Linux has the option on a TCP socket of this family.
pub(super) fn linux_has_option(level: i32, name: i32, is_v6: bool) -> bool {
    let of_family = level != SOL_IPV6 || is_v6;
    of_family && OPTIONS.iter().any(|(of, names)| *of == level && names.contains(&name))
}

/// Whether Linux lets the option only be read.
pub(super) fn is_read_only(level: i32, name: i32) -> bool {
    READ_ONLY.contains(&(level, name))
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
