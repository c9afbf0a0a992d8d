//! Socket options that are a number to remember, or always the same answer: one row each.
//!
//! Linux: the cases of sk_setsockopt (net/core/sock.c), do_tcp_setsockopt (net/ipv4/tcp.c),
//! do_ip_setsockopt (net/ipv4/ip_sockglue.c), do_ipv6_setsockopt (net/ipv6/ipv6_sockglue.c) and
//! their getters that only store and load. What an option *does*, where it does something, is
//! decided where its number is read. Options with a row of code are in `setsockopt`, `getsockopt`,
//! `sockopt_socket`, `sockopt_ip` and `sockopt_ipv6`.

use super::sockopt::{SOL_IP, SOL_IPV6, SOL_SOCKET, SOL_TCP, int, ip_int};
use crate::cx::Cx;
use crate::errno::Errno;
use crate::errqueue::recverr_off;
use crate::sock::Sock;
use crate::sock::kept::{IP_RECVERR, IPV6_RECVERR, OptionKey};

/// How the value of a setsockopt is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reads {
    /// An int; anything shorter is EINVAL.
    Int,
    /// An int, or a byte; nothing is EINVAL (IP_*).
    Byte,
    /// An int, or a byte; nothing is zero (IP_*).
    ByteOrNothing,
    /// An int; anything shorter is zero (IPV6_*).
    IntOrNothing,
    /// The value plays no part.
    Nothing,
}

/// What a setsockopt may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    /// Any int, of which it is remembered whether it is zero.
    Flag,
    /// 0 or 1; anything else is EINVAL.
    Switch,
    /// From … to; anything else is EINVAL.
    Range(i32, i32),
    /// Any int.
    Any,
    /// Any int, and forgets it.
    Ignored,
    /// Nothing: this error.
    Refused(Errno),
    /// What code elsewhere says.
    Elsewhere,
}

/// What a getsockopt answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gives {
    /// The number that was set, or this one.
    Kept(i32),
    /// Always this.
    Always(i32),
    /// No bytes at all.
    Empty,
    /// This error.
    Refused(Errno),
    /// What code elsewhere says.
    Elsewhere,
}

/// Who may set it to anything but zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    Nothing,
    /// CAP_NET_ADMIN, or else this error.
    Admin(Errno),
    /// CAP_NET_RAW or CAP_NET_ADMIN, or else EPERM.
    RawOrAdmin,
}

/// One option.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    key: OptionKey,
    /// Where the number is, if two options share it.
    at: OptionKey,
    reads: Reads,
    takes: Takes,
    gives: Gives,
    needs: Needs,
}

/// An option of which whatever `takes` allows is remembered, `default` before.
const fn keeps(level: i32, name: i32, reads: Reads, takes: Takes, default: i32) -> Row {
    let key = OptionKey::new(level, name);
    Row { key, at: key, reads, takes, gives: Gives::Kept(default), needs: Needs::Nothing }
}

/// A flag of SOL_SOCKET, off by default.
const fn so_flag(name: i32) -> Row {
    keeps(SOL_SOCKET, name, Reads::Int, Takes::Flag, 0)
}

/// A flag of SOL_IP, off by default.
const fn ip_flag(name: i32) -> Row {
    keeps(SOL_IP, name, Reads::ByteOrNothing, Takes::Flag, 0)
}

/// A flag of SOL_IPV6, off by default.
const fn ipv6_flag(name: i32) -> Row {
    keeps(SOL_IPV6, name, Reads::Int, Takes::Flag, 0)
}

/// An option with one answer for every setter and one for every getter.
const fn answers(level: i32, name: i32, reads: Reads, takes: Takes, gives: Gives) -> Row {
    let key = OptionKey::new(level, name);
    Row { key, at: key, reads, takes, gives, needs: Needs::Nothing }
}

/// A getter without a setter.
const fn only_reads(level: i32, name: i32, gives: Gives) -> Row {
    let reads = if level == SOL_SOCKET || level == SOL_TCP { Reads::Int } else { Reads::Nothing };
    answers(level, name, reads, REFUSES, gives)
}

/// A setter without a getter, or neither.
const fn only_takes(level: i32, name: i32, reads: Reads, takes: Takes) -> Row {
    answers(level, name, reads, takes, Gives::Refused(Errno::ENOPROTOOPT))
}

impl Row {
    const fn needs(self, needs: Needs) -> Self {
        Self { needs, ..self }
    }

    const fn set_by_code(self) -> Self {
        Self { takes: Takes::Elsewhere, ..self }
    }

    const fn read_by_code(self) -> Self {
        Self { gives: Gives::Elsewhere, ..self }
    }

    const fn shared_with(self, at: OptionKey) -> Self {
        Self { at, ..self }
    }
}

const REFUSES: Takes = Takes::Refused(Errno::ENOPROTOOPT);
const NOT_TCP: Takes = Takes::Refused(Errno::EOPNOTSUPP);
const INVALID: Takes = Takes::Refused(Errno::EINVAL);

/// Rows of kernels in which every socket takes what is for Unix sockets: SO_PASSCRED, SO_PASSSEC,
/// SO_PASSPIDFD.
const TAKEN_BY_ALL: &[Row] = &[so_flag(16), so_flag(34), so_flag(76)];

/// TCP_THIN_DUPACK where it does something.
const THIN_DUPACK: &[Row] = &[keeps(SOL_TCP, 17, Reads::Int, Takes::Switch, 0)];

const ROWS: &[Row] = &[
    // SO_DEBUG
    so_flag(1).needs(Needs::Admin(Errno::EACCES)),
    // SO_NO_CHECK
    so_flag(11),
    // SO_BSDCOMPAT
    answers(SOL_SOCKET, 14, Reads::Int, Takes::Ignored, Gives::Always(0)),
    // SO_PASSCRED
    answers(SOL_SOCKET, 16, Reads::Int, NOT_TCP, Gives::Refused(Errno::EOPNOTSUPP)),
    // SO_SNDLOWAT
    only_reads(SOL_SOCKET, 19, Gives::Always(1)),
    // SO_DETACH_FILTER without a filter; to get it, SO_GET_FILTER is number 26
    only_takes(SOL_SOCKET, 27, Reads::Int, Takes::Refused(Errno::ENOENT)),
    // SO_PASSSEC
    answers(SOL_SOCKET, 34, Reads::Int, NOT_TCP, Gives::Refused(Errno::EOPNOTSUPP)),
    // SO_RXQ_OVFL, SO_WIFI_STATUS
    so_flag(40),
    so_flag(41),
    // SO_NOFCS
    so_flag(43),
    // SO_SELECT_ERR_QUEUE
    so_flag(45),
    // SO_BUSY_POLL
    keeps(SOL_SOCKET, 46, Reads::Int, Takes::Range(0, i32::MAX), 0),
    // SO_BPF_EXTENSIONS: how many there are
    only_reads(SOL_SOCKET, 48, Gives::Always(64)),
    // SO_INCOMING_CPU
    keeps(SOL_SOCKET, 49, Reads::Int, Takes::Any, -1).read_by_code(),
    // SO_CNX_ADVICE
    only_takes(SOL_SOCKET, 53, Reads::Int, Takes::Ignored),
    // SO_INCOMING_NAPI_ID
    only_reads(SOL_SOCKET, 56, Gives::Always(0)),
    // SO_PEERGROUPS, SO_PEERPIDFD
    only_reads(SOL_SOCKET, 59, Gives::Refused(Errno::ENODATA)),
    only_reads(SOL_SOCKET, 77, Gives::Refused(Errno::ENODATA)),
    // SO_DETACH_REUSEPORT_BPF
    only_takes(SOL_SOCKET, 68, Reads::Int, INVALID),
    // SO_PREFER_BUSY_POLL
    so_flag(69).needs(Needs::Admin(Errno::EPERM)),
    // SO_RESERVE_MEM; its setter is code
    only_reads(SOL_SOCKET, 73, Gives::Always(0)).set_by_code(),
    // SO_RCVMARK
    so_flag(75),
    // SO_PASSPIDFD
    answers(SOL_SOCKET, 76, Reads::Int, NOT_TCP, Gives::Refused(Errno::EOPNOTSUPP)),
    // SO_RCVPRIORITY
    so_flag(82),
    // SO_PASSRIGHTS
    answers(SOL_SOCKET, 83, Reads::Int, NOT_TCP, Gives::Refused(Errno::EOPNOTSUPP)),
    // TCP_THIN_DUPACK
    answers(SOL_TCP, 17, Reads::Int, Takes::Switch, Gives::Always(0)),
    // What only older kernels heed is in THIN_DUPACK.
    // TCP_IS_MPTCP
    only_reads(SOL_TCP, 43, Gives::Always(0)),
    // IP_HDRINCL
    answers(SOL_IP, 3, Reads::ByteOrNothing, REFUSES, Gives::Always(0)),
    // IP_ROUTER_ALERT
    answers(SOL_IP, 5, Reads::ByteOrNothing, INVALID, Gives::Always(0)),
    // IP_RECVOPTS, IP_RETOPTS, IP_PKTINFO
    ip_flag(6),
    ip_flag(7),
    ip_flag(8),
    // IP_PKTOPTIONS
    answers(SOL_IP, 9, Reads::Nothing, REFUSES, Gives::Empty),
    // IP_MTU_DISCOVER
    keeps(SOL_IP, 10, Reads::ByteOrNothing, Takes::Range(0, 5), 1),
    // IP_RECVERR, IP_RECVTTL, IP_RECVTOS
    ip_flag(11),
    ip_flag(12),
    ip_flag(13),
    // IP_FREEBIND
    keeps(SOL_IP, 15, Reads::Byte, Takes::Flag, 0),
    // IP_PASSSEC
    ip_flag(18),
    // IP_TRANSPARENT
    keeps(SOL_IP, 19, Reads::Byte, Takes::Flag, 0).needs(Needs::RawOrAdmin),
    // IP_RECVORIGDSTADDR
    ip_flag(20),
    // IP_MINTTL
    keeps(SOL_IP, 21, Reads::Byte, Takes::Range(0, 255), 0),
    // IP_NODEFRAG
    answers(SOL_IP, 22, Reads::ByteOrNothing, REFUSES, Gives::Always(0)),
    // IP_CHECKSUM, IP_BIND_ADDRESS_NO_PORT
    ip_flag(23),
    ip_flag(24),
    // IP_RECVFRAGSIZE
    answers(SOL_IP, 25, Reads::ByteOrNothing, INVALID, Gives::Always(0)),
    // IP_RECVERR_RFC4884
    keeps(SOL_IP, 26, Reads::ByteOrNothing, Takes::Switch, 0),
    // IP_MULTICAST_TTL
    answers(SOL_IP, 33, Reads::ByteOrNothing, INVALID, Gives::Always(1)),
    // IP_MULTICAST_LOOP, IP_MULTICAST_ALL
    keeps(SOL_IP, 34, Reads::Byte, Takes::Flag, 1),
    keeps(SOL_IP, 49, Reads::Byte, Takes::Switch, 1).read_by_code(),
    // IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP
    only_takes(SOL_IP, 35, Reads::Nothing, Takes::Refused(Errno::EPROTO)),
    only_takes(SOL_IP, 36, Reads::Nothing, Takes::Refused(Errno::EPROTO)),
    // IPV6_2292PKTINFO, …HOPOPTS, …DSTOPTS, …RTHDR, …HOPLIMIT
    ipv6_flag(2),
    ipv6_flag(3),
    ipv6_flag(4),
    ipv6_flag(5),
    ipv6_flag(8),
    // IPV6_FLOWINFO
    ipv6_flag(11),
    // IPV6_MULTICAST_IF, IPV6_MULTICAST_HOPS
    only_reads(SOL_IPV6, 17, Gives::Always(0)),
    only_reads(SOL_IPV6, 18, Gives::Always(1)),
    // IPV6_MULTICAST_LOOP
    keeps(SOL_IPV6, 19, Reads::Int, Takes::Switch, 1),
    // IPV6_ROUTER_ALERT
    answers(SOL_IPV6, 22, Reads::Int, REFUSES, Gives::Always(0)),
    // IPV6_MTU_DISCOVER
    keeps(SOL_IPV6, 23, Reads::Int, Takes::Range(0, 5), 1),
    // IPV6_RECVERR
    ipv6_flag(25),
    // IPV6_MULTICAST_ALL
    keeps(SOL_IPV6, 29, Reads::Int, Takes::Flag, 1),
    // IPV6_ROUTER_ALERT_ISOLATE
    ipv6_flag(30),
    // IPV6_RECVERR_RFC4884
    keeps(SOL_IPV6, 31, Reads::Int, Takes::Switch, 0),
    // IPV6_FLOWINFO_SEND
    ipv6_flag(33),
    // IPV6_RECVPKTINFO, …HOPLIMIT, …HOPOPTS, …RTHDR, …DSTOPTS, …PATHMTU
    ipv6_flag(49),
    ipv6_flag(51),
    ipv6_flag(53),
    ipv6_flag(56),
    ipv6_flag(58),
    ipv6_flag(60),
    // IPV6_DONTFRAG
    keeps(SOL_IPV6, 62, Reads::IntOrNothing, Takes::Flag, 0),
    // IPV6_RECVTCLASS
    ipv6_flag(66),
    // IPV6_AUTOFLOWLABEL
    keeps(SOL_IPV6, 70, Reads::IntOrNothing, Takes::Flag, 1),
    // IPV6_MINHOPCOUNT
    keeps(SOL_IPV6, 73, Reads::Int, Takes::Range(0, 255), 0),
    // IPV6_ORIGDSTADDR
    ipv6_flag(74),
    // IPV6_TRANSPARENT
    ipv6_flag(75).needs(Needs::RawOrAdmin).shared_with(OptionKey::new(SOL_IP, 19)),
    // IPV6_RECVFRAGSIZE
    keeps(SOL_IPV6, 77, Reads::IntOrNothing, Takes::Flag, 0),
    // IPV6_FREEBIND
    ipv6_flag(78).shared_with(OptionKey::new(SOL_IP, 15)),
];

/// The row of an option that sets it, if it is one of these.
pub(super) fn setter(level: i32, name: i32, cx: &Cx) -> Option<&'static Row> {
    row(level, name, cx).filter(|row| row.takes != Takes::Elsewhere)
}

/// The row of an option that reads it, if it is one of these.
pub(super) fn getter(level: i32, name: i32, cx: &Cx) -> Option<&'static Row> {
    row(level, name, cx).filter(|row| row.gives != Gives::Elsewhere)
}

fn row(level: i32, name: i32, cx: &Cx) -> Option<&'static Row> {
    let unix = if cx.kernel.unix_options_refused { &[] } else { TAKEN_BY_ALL };
    let thin = if cx.kernel.thin_dupack { THIN_DUPACK } else { &[] };
    unix.iter().chain(thin).chain(ROWS).find(|row| row.key == OptionKey::new(level, name))
}

impl Row {
    /// setsockopt.
    pub(super) fn set(&self, sk: &mut Sock, value: &[u8], cx: &Cx) -> Result<(), Errno> {
        let val = match self.reads {
            Reads::Int => int(value)?,
            Reads::Byte => ip_int(value).ok_or(Errno::EINVAL)?,
            Reads::ByteOrNothing => ip_int(value).unwrap_or(0),
            Reads::IntOrNothing => int(value).unwrap_or(0),
            Reads::Nothing => 0,
        };
        match self.needs {
            Needs::Admin(err) if val != 0 && !cx.caps.has(crate::caps::Capability::NET_ADMIN) => {
                return Err(err);
            }
            Needs::RawOrAdmin if val != 0 && !cx.caps.has_raw_or_admin() => {
                return Err(Errno::EPERM);
            }
            Needs::Nothing | Needs::Admin(_) | Needs::RawOrAdmin => {}
        }
        let kept = match self.takes {
            Takes::Flag => i32::from(val != 0),
            Takes::Switch if (0..=1).contains(&val) => val,
            Takes::Range(from, to) if (from..=to).contains(&val) => val,
            Takes::Any => val,
            Takes::Ignored | Takes::Elsewhere => return Ok(()),
            Takes::Switch | Takes::Range(..) => return Err(Errno::EINVAL),
            Takes::Refused(err) => return Err(err),
        };
        sk.opts.kept.set(self.at, kept);
        if kept == 0 && matches!(self.key, IP_RECVERR | IPV6_RECVERR) {
            recverr_off(sk);
        }
        Ok(())
    }

    /// getsockopt.
    pub(super) fn get(&self, sk: &Sock) -> Result<Vec<u8>, Errno> {
        match self.gives {
            Gives::Kept(default) => {
                Ok(sk.opts.kept.get_or(self.at, default).to_ne_bytes().to_vec())
            }
            Gives::Always(val) => Ok(val.to_ne_bytes().to_vec()),
            Gives::Empty | Gives::Elsewhere => Ok(Vec::new()),
            Gives::Refused(err) => Err(err),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ROWS;

    #[test]
    fn an_option_has_one_row() {
        for (at, row) in ROWS.iter().enumerate() {
            let twice = ROWS.iter().skip(at + 1).any(|other| other.key == row.key);
            assert!(!twice, "{:?}", row.key);
        }
    }
}
