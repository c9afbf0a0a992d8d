//! `struct tcp_md5sig`, the value of TCP_MD5SIG and TCP_MD5SIG_EXT (include/uapi/linux/tcp.h).
//!
//! `{tcpm_addr=…, tcpm_key="secret"}`, where the address may be `...` for the peer's, and
//! `tcpm_flags`, `tcpm_prefixlen`, `tcpm_keylen` and `tcpm_ifindex` may be written, too.

use std::net::{IpAddr, SocketAddr};

use crate::script::ast::{ExprKind, Member};
use crate::script::source::Span;
use crate::target::syscall::SockAddr;

use super::super::packets::Problem;
use super::args::{self, Args};

/// Length of the structure, and where its parts begin.
const SIZE: usize = 216;
const FLAGS_AT: usize = 128;
const PREFIX_AT: usize = 129;
const KEYLEN_AT: usize = 130;
const IFINDEX_AT: usize = 132;
const KEY_AT: usize = 136;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;
const MEMBERS: [&str; 6] =
    ["tcpm_addr", "tcpm_flags", "tcpm_prefixlen", "tcpm_keylen", "tcpm_ifindex", "tcpm_key"];

/// The bytes of the structure; whatever is not written is zero, but for the key's length.
pub(super) fn bytes(members: &[Member], span: Span, args: &Args<'_>) -> Result<Vec<u8>, Problem> {
    let named = |m: &&Member| m.name.as_ref().is_some_and(|n| MEMBERS.contains(&n.node.as_str()));
    if let Some(other) = members.iter().find(|m| !named(m)) {
        let message = format!("struct tcp_md5sig has the members {}", MEMBERS.join(", "));
        return Err((other.value.span, message));
    }
    let mut bytes = vec![0; SIZE];
    let ExprKind::Str(text) = &args::required(members, "tcpm_key", span)?.kind else {
        return Err((span, "tcpm_key is written in quotes".into()));
    };
    let key = args::bytes_of(text, span)?;
    put(&mut bytes, KEY_AT, key.get(..key.len().min(SIZE - KEY_AT)).unwrap_or_default());
    put_address(&mut bytes, address(members, span, args)?);
    let number = |name| args::member(members, name).map(|m| args::i32_of(&m.value)).transpose();
    put(&mut bytes, FLAGS_AT, &low(number("tcpm_flags")?.unwrap_or(0))[..1]);
    put(&mut bytes, PREFIX_AT, &low(number("tcpm_prefixlen")?.unwrap_or(0))[..1]);
    let written = i32::try_from(key.len()).unwrap_or(i32::MAX);
    let keylen = u16::from_le_bytes(low(number("tcpm_keylen")?.unwrap_or(written)));
    put(&mut bytes, KEYLEN_AT, &keylen.to_ne_bytes());
    put(&mut bytes, IFINDEX_AT, &number("tcpm_ifindex")?.unwrap_or(0).to_ne_bytes());
    Ok(bytes)
}

/// The two low bytes of a number, as C would cut it.
const fn low(n: i32) -> [u8; 2] {
    let [a, b, _, _] = n.to_le_bytes();
    [a, b]
}

/// As the sockets of the script name it: an IPv4-mapped one where they are AF_INET6.
fn address(members: &[Member], span: Span, args: &Args<'_>) -> Result<IpAddr, Problem> {
    let expr = args::required(members, "tcpm_addr", span)?;
    let ip = if let ExprKind::Addr(ip) = expr.kind {
        ip
    } else if matches!(expr.kind, ExprKind::Ellipsis) {
        args.scope.config.setup.remote_ip
    } else {
        return Err((expr.span, "an address or ... is expected".into()));
    };
    match args.socket_address(SocketAddr::new(ip, 0)) {
        SockAddr::Inet(addr) => Ok(addr.ip()),
        SockAddr::Family(_) => Ok(ip),
    }
}

/// A `struct sockaddr_in` or `sockaddr_in6` without port.
fn put_address(bytes: &mut [u8], ip: IpAddr) {
    match ip {
        IpAddr::V4(v4) => {
            put(bytes, 0, &AF_INET.to_ne_bytes());
            put(bytes, 4, &v4.octets());
        }
        IpAddr::V6(v6) => {
            put(bytes, 0, &AF_INET6.to_ne_bytes());
            put(bytes, 8, &v6.octets());
        }
    }
}

fn put(bytes: &mut [u8], at: usize, part: &[u8]) {
    if let Some(slot) = bytes.get_mut(at..at + part.len()) {
        slot.copy_from_slice(part);
    }
}
