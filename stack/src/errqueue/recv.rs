//! recvmsg() with MSG_ERRQUEUE.
//!
//! Linux: inet_recv_error (net/ipv4/af_inet.c), ip_recv_error (net/ipv4/ip_sockglue.c),
//! ipv6_recv_error (net/ipv6/datagram.c)

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::queue::{ErrEntry, ExtErr, sock_dequeue_err_skb};
use crate::api::{ControlMessage, Received};
use crate::cx::Cx;
use crate::errno::Errno;
use crate::sock::Sock;
use crate::timestamping::sock_recv_timestamp;

const MSG_TRUNC: i32 = 0x20;
const MSG_ERRQUEUE: i32 = 0x2000;

const SOL_IP: i32 = 0;
const SOL_IPV6: i32 = 41;
const IP_RECVERR: i32 = 11;
const IPV6_RECVERR: i32 = 25;

const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;
const SOCKADDR_IN_LEN: usize = 16;
const SOCKADDR_IN6_LEN: usize = 28;

/// Takes the oldest message of the error queue; never sleeps.
///
/// Linux: ip_recv_error (net/ipv4/ip_sockglue.c), ipv6_recv_error (net/ipv6/datagram.c)
pub(crate) fn inet_recv_error(sk: &mut Sock, max: usize, cx: &mut Cx) -> Result<Received, Errno> {
    let mut entry = sock_dequeue_err_skb(sk, cx).ok_or(Errno::EAGAIN)?;
    let mut control = sock_recv_timestamp(sk, &entry);
    control.push(errhdr(&entry, sk.is_v6));
    let truncated = if entry.payload.len() > max { MSG_TRUNC } else { 0 };
    entry.payload.truncate(max);
    let len = entry.payload.len();
    Ok(Received { data: entry.payload, len, control, flags: MSG_ERRQUEUE | truncated })
}

/// The error and its offender, as a control message of the socket's family.
fn errhdr(entry: &ErrEntry, is_v6: bool) -> ControlMessage {
    let mut data = extended_err(entry.ee);
    if is_v6 {
        data.extend(sockaddr_in6(entry.offender));
        ControlMessage { level: SOL_IPV6, ty: IPV6_RECVERR, data }
    } else {
        data.extend(sockaddr_in(entry.offender));
        ControlMessage { level: SOL_IP, ty: IP_RECVERR, data }
    }
}

/// The bytes of struct sock_extended_err.
fn extended_err(ee: ExtErr) -> Vec<u8> {
    let errno = ee.errno.map_or(0, Errno::raw);
    let mut bytes = errno.to_ne_bytes().to_vec();
    bytes.extend([ee.origin as u8, ee.ty, ee.code, 0]);
    bytes.extend(ee.info.to_ne_bytes());
    bytes.extend(ee.data.to_ne_bytes());
    bytes
}

fn sockaddr_in(offender: Option<IpAddr>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(SOCKADDR_IN_LEN);
    if let Some(IpAddr::V4(addr)) = offender {
        bytes.extend(AF_INET.to_ne_bytes());
        bytes.extend([0; 2]);
        bytes.extend(addr.octets());
    }
    bytes.resize(SOCKADDR_IN_LEN, 0);
    bytes
}

fn sockaddr_in6(offender: Option<IpAddr>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(SOCKADDR_IN6_LEN);
    if let Some(addr) = offender {
        bytes.extend(AF_INET6.to_ne_bytes());
        bytes.extend([0; 6]);
        bytes.extend(mapped(addr).octets());
    }
    bytes.resize(SOCKADDR_IN6_LEN, 0);
    bytes
}

fn mapped(addr: IpAddr) -> Ipv6Addr {
    match addr {
        IpAddr::V4(addr) => Ipv4Addr::to_ipv6_mapped(&addr),
        IpAddr::V6(addr) => addr,
    }
}
