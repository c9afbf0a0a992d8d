//! `struct sockaddr_in` and `sockaddr_in6`, and control messages, as bytes in native layout.
//!
//! Layouts: ip(7), ipv6(7), cmsg(3).

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use crate::target::syscall::{ControlMessage, SockAddr};

/// Size of `struct sockaddr` and of `sockaddr_in`.
const SOCKADDR_LEN: usize = 16;

/// The bytes handed to bind, connect and sendto.
pub(super) fn encode(addr: &SockAddr) -> Vec<u8> {
    match addr {
        SockAddr::Inet(SocketAddr::V4(v4)) => {
            let mut bytes = family(libc::AF_INET);
            bytes.extend_from_slice(&v4.port().to_be_bytes());
            bytes.extend_from_slice(&v4.ip().octets());
            bytes.resize(SOCKADDR_LEN, 0);
            bytes
        }
        SockAddr::Inet(SocketAddr::V6(v6)) => {
            let mut bytes = family(libc::AF_INET6);
            bytes.extend_from_slice(&v6.port().to_be_bytes());
            bytes.extend_from_slice(&v6.flowinfo().to_ne_bytes());
            bytes.extend_from_slice(&v6.ip().octets());
            bytes.extend_from_slice(&v6.scope_id().to_ne_bytes());
            bytes
        }
        SockAddr::Family(family) => {
            let mut bytes = family.to_ne_bytes().to_vec();
            bytes.resize(SOCKADDR_LEN, 0);
            bytes
        }
    }
}

fn family(family: i32) -> Vec<u8> {
    u16::try_from(family).unwrap_or(0).to_ne_bytes().to_vec()
}

/// The address in what accept wrote; none for another family or too few bytes.
pub(super) fn decode(bytes: &[u8]) -> Option<SocketAddr> {
    let family = i32::from(u16::from_ne_bytes(array(bytes, 0)?));
    let port = u16::from_be_bytes(array(bytes, 2)?);
    match family {
        libc::AF_INET => {
            let ip = Ipv4Addr::from(array::<4>(bytes, 4)?);
            Some(SocketAddr::V4(SocketAddrV4::new(ip, port)))
        }
        libc::AF_INET6 => {
            let flow = u32::from_ne_bytes(array(bytes, 4)?);
            let ip = Ipv6Addr::from(array::<16>(bytes, 8)?);
            let scope = u32::from_ne_bytes(array(bytes, 24)?);
            Some(SocketAddr::V6(SocketAddrV6::new(ip, port, flow, scope)))
        }
        _ => None,
    }
}

/// `N` bytes from `at` on, if they are there.
pub(super) fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// `struct cmsghdr`: a size_t and two ints.
const CMSG_HEADER: usize = size_of::<usize>() + 8;

/// CMSG_ALIGN
fn align(len: usize) -> usize {
    len.next_multiple_of(size_of::<usize>())
}

/// The control buffer of a sendmsg.
pub(super) fn encode_control(messages: &[ControlMessage]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for message in messages {
        bytes.extend_from_slice(&(CMSG_HEADER + message.data.len()).to_ne_bytes());
        bytes.extend_from_slice(&message.level.to_ne_bytes());
        bytes.extend_from_slice(&message.ty.to_ne_bytes());
        bytes.extend_from_slice(&message.data);
        bytes.resize(align(bytes.len()), 0);
    }
    bytes
}

/// The control messages in what recvmsg wrote; a message that was cut short (MSG_CTRUNC) keeps
/// the bytes that are there.
pub(super) fn decode_control(mut bytes: &[u8]) -> Vec<ControlMessage> {
    let mut messages = Vec::new();
    while let Some((len, level, ty)) = cmsg_header(bytes) {
        let Some(data) = bytes.get(CMSG_HEADER..len.min(bytes.len())) else { break };
        messages.push(ControlMessage { level, ty, data: data.to_vec() });
        bytes = bytes.get(align(len)..).unwrap_or_default();
    }
    messages
}

fn cmsg_header(bytes: &[u8]) -> Option<(usize, i32, i32)> {
    const WORD: usize = size_of::<usize>();
    let len = usize::from_ne_bytes(array(bytes, 0)?);
    let level = i32::from_ne_bytes(array(bytes, WORD)?);
    let ty = i32::from_ne_bytes(array(bytes, WORD + 4)?);
    (len >= CMSG_HEADER).then_some((len, level, ty))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_the_round_trip() {
        for text in ["192.0.2.1:8080", "[2001:db8::1]:443", "[::ffff:192.0.2.1]:1"] {
            let addr: SocketAddr = text.parse().unwrap();
            assert_eq!(decode(&encode(&SockAddr::Inet(addr))), Some(addr));
        }
        assert_eq!(decode(&encode(&SockAddr::Family(0))), None);
        assert_eq!(decode(&[2]), None);
    }

    #[test]
    fn control_messages_survive_the_round_trip_and_truncation() {
        let messages = vec![
            ControlMessage { level: 1, ty: 2, data: vec![1, 2, 3, 4] },
            ControlMessage { level: 0, ty: 11, data: vec![7; 16] },
        ];
        let bytes = encode_control(&messages);
        assert_eq!(bytes.len(), 24 + 32);
        assert_eq!(decode_control(&bytes), messages);
        let cut = decode_control(&bytes[..bytes.len() - 4]);
        assert_eq!(cut[1].data.len(), 12);
        assert!(decode_control(&bytes[..8]).is_empty());
    }
}
