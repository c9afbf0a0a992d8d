//! Socket options that some versions have and others have not.
//!
//! Sources: the numbers in include/uapi/asm-generic/socket.h, include/uapi/linux/tcp.h and in.h of each
//! version, which only grow, and the changelogs; 6.1 is the long-lived 6.1.y, which took some from later. An option that is not listed is in every known version.

use super::{KernelVersion, Span};
use crate::errno::Errno;

/// An option that is not there in every known version.
#[derive(Clone, Copy, Debug)]
pub struct SocketOption {
    /// SOL_SOCKET, IPPROTO_TCP, …
    pub level: i32,
    /// Its number.
    pub optname: i32,
    /// Its name.
    pub name: &'static str,
    /// Versions that have it.
    pub span: Span,
    /// What others say.
    pub refused: Errno,
}

const fn since(
    level: i32,
    optname: i32,
    name: &'static str,
    major: u16,
    minor: u16,
) -> SocketOption {
    let span = Span::since(major, minor);
    SocketOption { level, optname, name, span, refused: Errno::ENOPROTOOPT }
}

const fn so(optname: i32, name: &'static str, major: u16, minor: u16) -> SocketOption {
    since(1, optname, name, major, minor)
}

const fn tcp(optname: i32, name: &'static str, major: u16, minor: u16) -> SocketOption {
    since(6, optname, name, major, minor)
}

/// The table, by level and number.
pub const OPTIONS: &[SocketOption] = &[
    since(0, 26, "IP_RECVERR_RFC4884", 5, 9),
    since(0, 51, "IP_LOCAL_PORT_RANGE", 6, 1),
    since(0, 52, "IP_PROTOCOL", 6, 1),
    SocketOption { refused: Errno::EOPNOTSUPP, ..so(42, "SO_PEEK_OFF", 6, 9) },
    so(51, "SO_ATTACH_REUSEPORT_CBPF", 4, 5),
    so(52, "SO_ATTACH_REUSEPORT_EBPF", 4, 5),
    so(55, "SO_MEMINFO", 4, 12),
    so(56, "SO_INCOMING_NAPI_ID", 4, 12),
    so(57, "SO_COOKIE", 4, 12),
    so(59, "SO_PEERGROUPS", 4, 13),
    so(60, "SO_ZEROCOPY", 4, 14),
    so(61, "SO_TXTIME", 4, 19),
    so(62, "SO_BINDTOIFINDEX", 5, 0),
    so(63, "SO_TIMESTAMP_NEW", 5, 1),
    so(64, "SO_TIMESTAMPNS_NEW", 5, 1),
    so(65, "SO_TIMESTAMPING_NEW", 5, 1),
    so(66, "SO_RCVTIMEO_NEW", 5, 1),
    so(67, "SO_SNDTIMEO_NEW", 5, 1),
    so(68, "SO_DETACH_REUSEPORT_BPF", 5, 3),
    so(69, "SO_PREFER_BUSY_POLL", 5, 11),
    so(70, "SO_BUSY_POLL_BUDGET", 5, 11),
    so(71, "SO_NETNS_COOKIE", 5, 14),
    so(72, "SO_BUF_LOCK", 5, 15),
    so(73, "SO_RESERVE_MEM", 5, 17),
    so(74, "SO_TXREHASH", 5, 18),
    so(75, "SO_RCVMARK", 5, 19),
    so(76, "SO_PASSPIDFD", 6, 5),
    so(77, "SO_PEERPIDFD", 6, 5),
    so(82, "SO_RCVPRIORITY", 6, 14),
    so(83, "SO_PASSRIGHTS", 6, 16),
    so(84, "SO_INQ", 6, 17),
    tcp(29, "TCP_REPAIR_WINDOW", 4, 9),
    tcp(30, "TCP_FASTOPEN_CONNECT", 4, 11),
    tcp(31, "TCP_ULP", 4, 13),
    tcp(32, "TCP_MD5SIG_EXT", 4, 14),
    tcp(33, "TCP_FASTOPEN_KEY", 4, 15),
    tcp(34, "TCP_FASTOPEN_NO_COOKIE", 4, 15),
    tcp(35, "TCP_ZEROCOPY_RECEIVE", 4, 18),
    tcp(36, "TCP_INQ", 4, 18),
    tcp(37, "TCP_TX_DELAY", 5, 3),
    tcp(38, "TCP_AO_ADD_KEY", 6, 7),
    tcp(39, "TCP_AO_DEL_KEY", 6, 7),
    tcp(40, "TCP_AO_INFO", 6, 7),
    tcp(41, "TCP_AO_GET_KEYS", 6, 7),
    tcp(42, "TCP_AO_REPAIR", 6, 7),
    tcp(43, "TCP_IS_MPTCP", 6, 7),
    tcp(44, "TCP_RTO_MAX_MS", 6, 15),
    tcp(45, "TCP_RTO_MIN_US", 6, 16),
    tcp(46, "TCP_DELACK_MAX_US", 6, 16),
    since(41, 31, "IPV6_RECVERR_RFC4884", 5, 9),
    since(41, 78, "IPV6_FREEBIND", 4, 15),
];

/// What a kernel of `version` says to an option that it has not; none if it has it, or if no version
/// is known to differ.
pub(crate) fn is_unknown(version: KernelVersion, level: i32, optname: i32) -> Option<Errno> {
    let row = OPTIONS.iter().find(|row| row.level == level && row.optname == optname)?;
    (!row.span.holds(version)).then_some(row.refused)
}
