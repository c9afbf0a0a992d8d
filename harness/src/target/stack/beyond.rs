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

/// Options of a TCP socket that Linux lets be set and the stack lacks: netfilter's tables, filters
/// by a program, IP options and IPv6 extension headers, the repair and TCP-AO families, zero copy,
/// the upper layer protocols.
const NO_SETTER: &[(i32, std::ops::RangeInclusive<i32>)] = &[
    (SOL_SOCKET, 26..=26),
    (SOL_SOCKET, 37..=37),
    (SOL_SOCKET, 50..=52),
    (SOL_SOCKET, 60..=60),
    (SOL_SOCKET, 65..=65),
    (SOL_SOCKET, 80..=80),
    (SOL_TCP, 19..=22),
    (SOL_TCP, 29..=29),
    (SOL_TCP, 35..=35),
    (SOL_TCP, 38..=42),
    (SOL_IP, 4..=4),
    (SOL_IP, 64..=83),
    (SOL_IPV6, 6..=6),
    (SOL_IPV6, 54..=55),
    (SOL_IPV6, 57..=57),
    (SOL_IPV6, 59..=59),
    (SOL_IPV6, 64..=65),
];

/// Options of a TCP socket that Linux lets be read and the stack lacks.
const NO_GETTER: &[(i32, std::ops::RangeInclusive<i32>)] = &[
    (SOL_SOCKET, 17..=17),
    (SOL_SOCKET, 37..=37),
    (SOL_SOCKET, 60..=60),
    (SOL_SOCKET, 65..=65),
    (SOL_TCP, 19..=21),
    (SOL_TCP, 23..=23),
    (SOL_TCP, 29..=29),
    (SOL_TCP, 35..=35),
    (SOL_TCP, 40..=42),
    (SOL_IP, 64..=83),
    (SOL_IPV6, 64..=65),
    (SOL_IPV6, 68..=69),
    (SOL_IPV6, 80..=80),
];

fn is_listed(list: &[(i32, std::ops::RangeInclusive<i32>)], level: i32, name: i32) -> bool {
    list.iter().any(|(of, names)| *of == level && names.contains(&name))
}

/// Whether Linux lets the option be set, and the stack does not.
pub(super) fn lacks_setter(level: i32, name: i32) -> bool {
    is_listed(NO_SETTER, level, name)
}

/// Whether Linux lets the option be read, and the stack does not.
pub(super) fn lacks_getter(level: i32, name: i32) -> bool {
    is_listed(NO_GETTER, level, name)
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
