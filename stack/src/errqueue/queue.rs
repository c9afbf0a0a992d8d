//! The queue itself, and who may add to it.
//!
//! Linux: sk_error_queue, sock_queue_err_skb, sock_dequeue_err_skb (net/core/skbuff.c),
//! struct sock_extended_err (include/uapi/linux/errqueue.h), ip_icmp_error
//! (net/ipv4/ip_sockglue.c), ipv6_icmp_error (net/ipv6/datagram.c)

use std::collections::VecDeque;
use std::net::IpAddr;

use crate::cx::Cx;
use crate::effect::Wake;
use crate::errno::Errno;
use crate::input::skb_truesize;
use crate::output::window::rmem_alloc;
use crate::sock::Sock;
use crate::time::Instant;
use crate::wire::IcmpError;

/// ICMP_PARAMETERPROB
const ICMP_PARAMETERPROB: u8 = 12;

/// Where an entry comes from (SO_EE_ORIGIN_*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Icmp = 2,
    Icmp6 = 3,
    Timestamping = 4,
    Zerocopy = 5,
}

/// What happened (Linux: struct sock_extended_err).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExtErr {
    /// None for a completion, which is no error.
    pub(crate) errno: Option<Errno>,
    pub(crate) origin: Origin,
    pub(crate) ty: u8,
    pub(crate) code: u8,
    pub(crate) info: u32,
    pub(crate) data: u32,
}

/// One message (Linux: a sk_buff with its sock_exterr_skb).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ErrEntry {
    pub(crate) ee: ExtErr,
    /// What recvmsg puts into its buffers: the packet or segment this is about.
    pub(crate) payload: Vec<u8>,
    /// When it happened, if that is part of the message.
    pub(crate) stamp: Option<Instant>,
    /// `payload` is statistics (SOF_TIMESTAMPING_OPT_STATS).
    pub(crate) is_stats: bool,
    /// Whom the control message names as the offender.
    pub(crate) offender: Option<IpAddr>,
    /// Memory charged to the receiving side; completions are charged to sk_omem_alloc instead.
    pub(crate) truesize: u32,
}

impl ErrEntry {
    /// Linux: is_icmp_err_skb
    fn icmp_errno(&self) -> Option<Errno> {
        match self.ee.origin {
            Origin::Icmp | Origin::Icmp6 => self.ee.errno,
            Origin::Timestamping | Origin::Zerocopy => None,
        }
    }
}

/// Messages in the order they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct ErrQueue {
    entries: VecDeque<ErrEntry>,
}

impl ErrQueue {
    /// Nothing to read.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The newest message, which a completion may extend.
    pub(super) fn tail_mut(&mut self) -> Option<&mut ErrEntry> {
        self.entries.back_mut()
    }

    /// Takes the oldest message.
    pub(crate) fn take(&mut self) -> Option<ErrEntry> {
        self.entries.pop_front()
    }

    /// Appends without asking for room: what completions do.
    pub(super) fn push(&mut self, entry: ErrEntry) {
        self.entries.push_back(entry);
    }

    /// Messages of one origin.
    pub(super) fn count(&self, origin: Origin) -> usize {
        self.entries.iter().filter(|entry| entry.ee.origin == origin).count()
    }

    /// Memory charged for the messages (Linux: their part of sk_rmem_alloc).
    pub(crate) fn rmem(&self) -> u32 {
        self.entries.iter().map(|entry| entry.truesize).sum()
    }

    /// Drops what IP_RECVERR asked for; completions and times were asked for by other options.
    ///
    /// Linux: skb_errqueue_purge
    pub(super) fn purge(&mut self) {
        self.entries.retain(|entry| entry.icmp_errno().is_none());
    }
}

/// Appends a message if the receive buffer has room for it, and says so to whoever polls.
///
/// Linux: sock_queue_err_skb (net/core/skbuff.c)
pub(crate) fn sock_queue_err_skb(sk: &mut Sock, entry: ErrEntry, cx: &mut Cx) {
    if rmem_alloc(sk).saturating_add(entry.truesize) >= sk.opts.rcvbuf {
        return;
    }
    sk.error_queue.push(entry);
    if !sk.dead {
        cx.wake(sk.id, Wake::Error);
    }
}

/// Takes the oldest message. The socket's pending error follows the ICMP errors of the queue, and
/// whoever polls is told that there is more.
///
/// Linux: sock_dequeue_err_skb (net/core/skbuff.c)
pub(super) fn sock_dequeue_err_skb(sk: &mut Sock, cx: &mut Cx) -> Option<ErrEntry> {
    let entry = sk.error_queue.take()?;
    let next = sk.error_queue.entries.front();
    let more = next.is_some();
    match next.and_then(ErrEntry::icmp_errno) {
        Some(errno) => sk.err = Some(errno),
        None if entry.icmp_errno().is_some() => sk.err = None,
        None => {}
    }
    if more {
        cx.wake(sk.id, Wake::Error);
    }
    Some(entry)
}

/// Keeps an ICMP error for who wants to know more of it than a number.
///
/// An IPv6 socket must have asked for it with IPV6_RECVERR, an IPv4 connection need not have.
///
/// Linux: ip_icmp_error (net/ipv4/ip_sockglue.c), ipv6_icmp_error (net/ipv6/datagram.c)
pub(crate) fn ip_icmp_error(sk: &mut Sock, icmp: &IcmpError, errno: Errno, cx: &mut Cx) {
    let is_v6 = icmp.remote.is_ipv6();
    if is_v6 && !sk.opts.kept.is_on(crate::sock::kept::IPV6_RECVERR) {
        return;
    }
    let info = match icmp.ty {
        _ if is_v6 => icmp.word,
        ICMP_PARAMETERPROB => icmp.word >> 24,
        _ => 0,
    };
    let ee = ExtErr {
        errno: Some(errno),
        origin: if is_v6 { Origin::Icmp6 } else { Origin::Icmp },
        ty: icmp.ty,
        code: icmp.code,
        info,
        data: 0,
    };
    let packet_len = u32::try_from(icmp.quoted.len()).unwrap_or(u32::MAX).saturating_add(HEADERS);
    let entry = ErrEntry {
        ee,
        payload: icmp.quoted.clone(),
        stamp: None,
        is_stats: false,
        offender: Some(icmp.from),
        truesize: skb_truesize(packet_len, cx),
    };
    sock_queue_err_skb(sk, entry, cx);
}

/// Headers in front of the quoted segment: two of IP, one of ICMP.
const HEADERS: u32 = 48;

#[cfg(test)]
mod tests;
