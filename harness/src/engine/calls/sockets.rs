//! socket, bind, listen, accept, connect, close, shutdown.

use crate::script::ast::ExprKind;
use crate::target::syscall::SockAddr;
use crate::target::{Fd, IpVersion, Syscall};

use super::super::flow::Protocol;
use super::args::Args;
use super::{Effect, Expect, Made, Prepared};

const AF_UNSPEC: u16 = 0;
const AF_INET: i32 = 2;
const AF_INET6: i32 = 10;
const SOCK_DGRAM: i32 = 2;
/// Low bits of the type argument; the rest is SOCK_NONBLOCK and SOCK_CLOEXEC.
const SOCK_TYPE_MASK: i32 = 0xf;
const IPPROTO_ICMP: i32 = 1;
const IPPROTO_UDP: i32 = 17;
const IPPROTO_ICMPV6: i32 = 58;

pub(super) fn socket(args: &Args<'_>) -> Made {
    args.expect_count(&[3])?;
    let first = args.get(0)?;
    let domain = if matches!(first.kind, ExprKind::Ellipsis) {
        match args.scope.config.setup.ip_version {
            IpVersion::Ipv4 => AF_INET,
            IpVersion::Ipv4Mapped | IpVersion::Ipv6 => AF_INET6,
        }
    } else {
        args.i32(0)?
    };
    let (ty, protocol) = (args.i32(1)?, args.i32(2)?);
    let transport = match (protocol, ty & SOCK_TYPE_MASK) {
        (IPPROTO_ICMP | IPPROTO_ICMPV6, _) => Protocol::Icmp,
        (IPPROTO_UDP, _) | (0, SOCK_DGRAM) => Protocol::Udp,
        _ => Protocol::Tcp,
    };
    Ok(Prepared::plain(Syscall::Socket { domain, ty, protocol })
        .expecting(Expect::NewDescriptor)
        .with_effect(Effect::Socket(transport)))
}

pub(super) fn bind(args: &Args<'_>) -> Made {
    args.expect_count(&[3])?;
    args.ellipsis(1)?;
    args.ellipsis(2)?;
    let fd = args.fd(0)?;
    let addr = args.socket_address(args.scope.connections.bind_address());
    Ok(Prepared::plain(Syscall::Bind { fd, addr }).with_effect(Effect::Bind(fd)))
}

pub(super) fn listen(args: &Args<'_>) -> Made {
    args.expect_count(&[2])?;
    let fd = args.fd(0)?;
    let backlog = args.i32(1)?;
    Ok(Prepared::plain(Syscall::Listen { fd, backlog }).with_effect(Effect::Listen(fd)))
}

pub(super) fn accept(args: &Args<'_>) -> Made {
    args.expect_count(&[3])?;
    args.ellipsis(1)?;
    args.ellipsis(2)?;
    let fd = args.fd(0)?;
    Ok(Prepared::plain(Syscall::Accept { fd })
        .expecting(Expect::NewDescriptor)
        .with_effect(Effect::Accept))
}

pub(super) fn connect(args: &Args<'_>) -> Made {
    args.expect_count(&[3])?;
    args.ellipsis(2)?;
    let fd = args.fd(0)?;
    let addr = args.remote_address(1)?;
    let effect = effect_of_address(fd, addr);
    Ok(Prepared::plain(Syscall::Connect { fd, addr }).with_effect(effect))
}

/// What connect(), or a sending call with an address, does to the socket.
pub(super) fn effect_of_address(fd: Fd, addr: SockAddr) -> Effect {
    match addr {
        SockAddr::Family(AF_UNSPEC) => Effect::Disconnect(fd),
        SockAddr::Family(_) => Effect::None,
        SockAddr::Inet(_) => Effect::Connect(fd),
    }
}

pub(super) fn close(args: &Args<'_>) -> Made {
    args.expect_count(&[1])?;
    let (label, fd) = args.labelled(0)?;
    Ok(Prepared::plain(Syscall::Close { fd }).with_effect(Effect::Close(label, fd)))
}

pub(super) fn shutdown(args: &Args<'_>) -> Made {
    args.expect_count(&[2])?;
    let fd = args.fd(0)?;
    let how = args.i32(1)?;
    Ok(Prepared::plain(Syscall::Shutdown { fd, how }))
}
