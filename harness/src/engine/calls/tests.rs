//! What every call line becomes, and what is wrong with those that become nothing.

use rstest::rstest;

use super::super::descriptors::Descriptors;
use super::super::flow::Connections;
use super::super::{packets::Problem, sample};
use super::*;
use crate::config::Config;
use crate::target::EpollEvent;
use crate::target::syscall::{Buffer, ControlMessage, PollFd, SockAddr};

/// Labels 3, 4, 5 are the target's 13, 14, 15; 13 is a TCP socket, 15 a ping socket; 6 is closed.
fn prepared_with(config: &Config, text: &str) -> Result<Prepared, Problem> {
    let mut descriptors = Descriptors::default();
    let mut connections = Connections::new(config);
    for (label, fd) in [(3, 13), (4, 14), (5, 15), (6, 16)] {
        descriptors.bind(label, Fd(fd)).unwrap();
    }
    descriptors.close(6);
    connections.on_socket(Protocol::Tcp, Fd(13));
    connections.on_socket(Protocol::Icmp, Fd(15));
    let scope = Scope { config, descriptors: &descriptors, connections: &connections };
    prepare(&sample::call(text), &scope)
}

fn prepared(text: &str) -> Prepared {
    match prepared_with(&sample::config(), text) {
        Ok(prepared) => prepared,
        Err((_, why)) => panic!("{text}: {why}"),
    }
}

fn inet(text: &str) -> SockAddr {
    SockAddr::Inet(text.parse().unwrap())
}

const FD: Fd = Fd(13);
const BIND: &str = "192.168.0.7:8080";
const CONNECT: &str = "192.0.2.1:8080";

#[rstest]
#[case(
    "socket(..., SOCK_STREAM, IPPROTO_TCP) = 3",
    Syscall::Socket { domain: 2, ty: 1, protocol: 6 }
)]
#[case(
    "socket(AF_INET6, SOCK_DGRAM|SOCK_NONBLOCK, 0) = 3",
    Syscall::Socket { domain: 10, ty: 2050, protocol: 0 }
)]
#[case("bind(3, ..., ...) = 0", Syscall::Bind { fd: FD, addr: inet(BIND) })]
#[case("listen(3, 5) = 0", Syscall::Listen { fd: FD, backlog: 5 })]
#[case("accept(3, ..., ...) = 4", Syscall::Accept { fd: FD })]
#[case("connect(3, ..., ...) = 0", Syscall::Connect { fd: FD, addr: inet(CONNECT) })]
#[case("connect(3, AF_UNSPEC, ...) = 0", Syscall::Connect { fd: FD, addr: SockAddr::Family(0) })]
#[case("close(3) = 0", Syscall::Close { fd: FD })]
#[case("close(-1) = -1", Syscall::Close { fd: Fd(-1) })]
#[case("shutdown(3, SHUT_WR) = 0", Syscall::Shutdown { fd: FD, how: 1 })]
#[case("read(3, ..., 10) = 10", Syscall::Read { fd: FD, buf: Buffer::Zeros(10) })]
#[case("read(3, NULL, 10) = 10", Syscall::Read { fd: FD, buf: Buffer::Null(10) })]
#[case("read(3, 0, 10) = 10", Syscall::Read { fd: FD, buf: Buffer::Null(10) })]
#[case("write(3, \"ab\", 2) = 2", Syscall::Write { fd: FD, buf: Buffer::Bytes(b"ab".to_vec()) })]
#[case(
    "recv(3, ..., 10, MSG_PEEK) = 10",
    Syscall::Recv { fd: FD, buf: Buffer::Zeros(10), flags: 2 }
)]
#[case(
    "send(3, ..., 10, MSG_OOB) = 10",
    Syscall::Send { fd: FD, buf: Buffer::Zeros(10), flags: 1 }
)]
#[case(
    "recvfrom(3, ..., 10, 0, ..., ...) = 10",
    Syscall::Recvfrom { fd: FD, buf: Buffer::Zeros(10), flags: 0 }
)]
#[case(
    "readv(3, [{..., 10}, {..., 20}], 2) = 30",
    Syscall::Readv { fd: FD, iov: vec![Buffer::Zeros(10), Buffer::Zeros(20)] }
)]
#[case("writev(3, [{..., 10}], 1) = 10", Syscall::Writev { fd: FD, iov: vec![Buffer::Zeros(10)] })]
#[case(
    "sendto(3, ..., 10, 0, ..., ...) = 10",
    Syscall::Sendto { fd: FD, buf: Buffer::Zeros(10), flags: 0, addr: Some(inet(CONNECT)) }
)]
#[case(
    "sendto(5, ..., 9, 0, ..., ...) = 9",
    Syscall::Sendto {
        fd: Fd(15),
        buf: Buffer::Bytes(vec![8, 0, 0, 0, 0, 0, 0, 0, 0]),
        flags: 0,
        addr: Some(inet(CONNECT)),
    }
)]
#[case(
    "sendto(5, ..., 7, 0, ..., ...) = -1",
    Syscall::Sendto { fd: Fd(15), buf: Buffer::Zeros(7), flags: 0, addr: Some(inet(CONNECT)) }
)]
#[case(
    "recvmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 10}], msg_flags=0}, 0) = 10",
    Syscall::Recvmsg { fd: FD, iov: vec![Buffer::Zeros(10)], control_len: 0, flags: 0 }
)]
#[case(
    "recvmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 10}], msg_flags=0, \
     msg_control=[{cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=5}]}, 0) = 10",
    Syscall::Recvmsg { fd: FD, iov: vec![Buffer::Zeros(10)], control_len: 24, flags: 0 }
)]
#[case(
    "sendmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 10}], msg_flags=0}, 0) = 10",
    Syscall::Sendmsg {
        fd: FD,
        addr: Some(inet(CONNECT)),
        iov: vec![Buffer::Zeros(10)],
        control: Vec::new(),
        flags: 0,
    }
)]
#[case(
    "sendmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 1}], msg_flags=0, \
     msg_control=[{cmsg_level=SOL_SOCKET, cmsg_type=5, cmsg_data=7}]}, 0) = 1",
    Syscall::Sendmsg {
        fd: FD,
        addr: Some(inet(CONNECT)),
        iov: vec![Buffer::Zeros(1)],
        control: vec![ControlMessage { level: 1, ty: 5, data: vec![7, 0, 0, 0] }],
        flags: 0,
    }
)]
#[case("fcntl(3, F_GETFL) = 2", Syscall::Fcntl { fd: FD, cmd: 3, arg: None })]
#[case(
    "fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0",
    Syscall::Fcntl { fd: FD, cmd: 4, arg: Some(0o4002) }
)]
#[case("ioctl(3, SIOCINQ, [5]) = 0", Syscall::Ioctl { fd: FD, request: 0x541b, arg: Some(0) })]
#[case("ioctl(3, 0xfeed0001) = 0", Syscall::Ioctl { fd: FD, request: 0xfeed_0001, arg: None })]
#[case(
    "getsockopt(3, SOL_TCP, TCP_NODELAY, [1], [4]) = 0",
    Syscall::Getsockopt { fd: FD, level: 6, name: 1, len: 4 }
)]
#[case(
    "setsockopt(3, SOL_SOCKET, SO_LINGER, {onoff=1, linger=2}, 8) = 0",
    Syscall::Setsockopt { fd: FD, level: 1, name: 13, value: vec![1, 0, 0, 0, 2, 0, 0, 0], len: 8 }
)]
#[case(
    "setsockopt(3, SOL_TCP, TCP_CONGESTION, \"reno\", 4) = 0",
    Syscall::Setsockopt { fd: FD, level: 6, name: 13, value: b"reno".to_vec(), len: 4 }
)]
#[case(
    "setsockopt(3, SOL_TCP, TCP_NODELAY, [1], 2) = -1",
    Syscall::Setsockopt { fd: FD, level: 6, name: 1, value: vec![1, 0, 0, 0], len: 2 }
)]
#[case(
    "poll([{fd=3, events=POLLIN|POLLOUT, revents=POLLOUT}], 1, 0) = 1",
    Syscall::Poll { fds: vec![PollFd { fd: FD, events: 5 }], timeout_ms: 0 }
)]
#[case("epoll_create(1) = 5", Syscall::EpollCreate { size: 1 })]
#[case(
    "epoll_ctl(4, EPOLL_CTL_ADD, 3, {events=EPOLLIN, fd=3}) = 0",
    Syscall::EpollCtl { epfd: Fd(14), op: 1, fd: FD, event: EpollEvent { events: 1, data: 13 } }
)]
#[case(
    "epoll_ctl(4, EPOLL_CTL_ADD, 3, {events=EPOLLIN|EPOLLET, u64=0x100000001}) = 0",
    Syscall::EpollCtl {
        epfd: Fd(14),
        op: 1,
        fd: FD,
        event: EpollEvent { events: 0x8000_0001, data: 0x1_0000_0001 },
    }
)]
#[case(
    "epoll_wait(4, {events=EPOLLIN, fd=3}, 10, 5) = 1",
    Syscall::EpollWait { epfd: Fd(14), max_events: 10, timeout_ms: 5 }
)]
#[case("pipe([7, 8]) = 0", Syscall::Pipe)]
#[case(
    "splice(3, 0, 4, [7], 100, SPLICE_F_MOVE) = 100",
    Syscall::Splice { fd_in: FD, off_in: None, fd_out: Fd(14), off_out: Some(7), len: 100, flags: 1 }
)]
#[case(
    "sendfile(3, 4, [5], 100) = 100",
    Syscall::Sendfile { out_fd: FD, in_fd: Fd(14), offset: Some(5), count: 100 }
)]
#[case(
    "sendfile(3, 4, NULL, 100) = 100",
    Syscall::Sendfile { out_fd: FD, in_fd: Fd(14), offset: None, count: 100 }
)]
#[case("open(\"/tmp/x\", O_RDONLY) = 7", Syscall::Open { path: "/tmp/x".into(), flags: 0 })]
#[case(
    "cap_set(CAP_EFFECTIVE, CAP_NET_ADMIN, CAP_CLEAR) = 0",
    Syscall::CapSet { which: 0, cap: 12, set: false }
)]
fn what_a_line_becomes(#[case] text: &str, #[case] expected: Syscall) {
    assert_eq!(prepared(text).syscall, expected);
}

#[test]
fn addresses_have_the_form_of_the_domain() {
    let mut mapped = sample::config();
    mapped.setup.ip_version = crate::target::IpVersion::Ipv4Mapped;
    let call = |config: &Config, text| prepared_with(config, text).unwrap().syscall;
    let socket = "socket(..., SOCK_STREAM, IPPROTO_TCP) = 3";
    assert_eq!(call(&mapped, socket), Syscall::Socket { domain: 10, ty: 1, protocol: 6 });
    assert_eq!(
        call(&mapped, "connect(3, ..., ...) = 0"),
        Syscall::Connect { fd: FD, addr: inet("[::ffff:192.0.2.1]:8080") }
    );
    assert_eq!(
        call(&sample::config_v6(), "bind(3, ..., ...) = 0"),
        Syscall::Bind { fd: FD, addr: inet("[fd3d:fa7b:d17d::7]:8080") }
    );
    let Syscall::Sendto { buf: Buffer::Bytes(bytes), .. } =
        call(&sample::config_v6(), "sendto(5, ..., 8, 0, ..., ...) = 8")
    else {
        panic!("no echo request")
    };
    assert_eq!(bytes[0], 128);
}

#[rstest]
#[case("socket(..., SOCK_STREAM, IPPROTO_TCP) = 3", Effect::Socket(Protocol::Tcp))]
#[case("socket(..., SOCK_DGRAM, 0) = 3", Effect::Socket(Protocol::Udp))]
#[case("socket(..., SOCK_DGRAM, IPPROTO_ICMP) = 3", Effect::Socket(Protocol::Icmp))]
#[case("bind(3, ..., ...) = 0", Effect::Bind(FD))]
#[case("listen(3, 1) = 0", Effect::Listen(FD))]
#[case("accept(3, ..., ...) = 4", Effect::Accept)]
#[case("connect(3, ..., ...) = 0", Effect::Connect(FD))]
#[case("connect(3, AF_UNSPEC, ...) = 0", Effect::Disconnect(FD))]
#[case("connect(3, AF_INET, ...) = -1", Effect::None)]
#[case("sendto(3, ..., 1, 0, ..., ...) = 1", Effect::Connect(FD))]
#[case("sendto(3, ..., 1, 0, AF_UNSPEC, ...) = 1", Effect::Disconnect(FD))]
#[case(
    "sendmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 1}], msg_flags=0}, 0) = 1",
    Effect::Connect(FD)
)]
#[case("close(3) = 0", Effect::Close(3, FD))]
#[case("pipe([7, 8]) = 0", Effect::Pipe(7, 8))]
#[case("open(\"x\", 0) = 7", Effect::OpenFile)]
#[case("epoll_create(1) = 7", Effect::OpenFile)]
#[case("read(3, ..., 1) = 1", Effect::None)]
fn what_a_call_changes(#[case] text: &str, #[case] effect: Effect) {
    assert_eq!(prepared(text).effect, effect);
}

#[rstest]
#[case::unknown_call("dup(3) = 4", "there is no system call dup", "dup")]
#[case::too_few("listen(3) = 0", "listen takes 2 arguments, 1 are written", "listen(3) = 0")]
#[case::too_many(
    "fcntl(3, 1, 2, 3) = 0",
    "fcntl takes 2 or 3 arguments, 4 are written",
    "fcntl(3, 1, 2, 3) = 0"
)]
#[case::unknown_label("close(9) = 0", "no descriptor has the label 9", "9")]
#[case::closed_label("read(6, ..., 1) = 1", "descriptor label 6 was closed", "6")]
#[case::unknown_symbol("listen(3, SOMAX) = 0", "unknown symbol SOMAX", "SOMAX")]
#[case::no_integer("listen(3, \"5\") = 0", "an integer is expected", "\"5\"")]
#[case::too_large("listen(3, 0x1ffffffff) = 0", "8589934591 does not fit 32 bits", "0x1ffffffff")]
#[case::no_length("read(3, ..., -1) = 0", "-1 is no length", "-1")]
#[case::no_buffer("read(3, 7, 1) = 0", "a buffer is written as ..., as a text or as 0", "7")]
#[case::no_ellipsis("bind(3, 7, ...) = 0", "only ... can be written here", "7")]
#[case::no_list("readv(3, ..., 1) = 0", "a list in brackets is expected", "...")]
#[case::iov_count("readv(3, [{..., 10}], 2) = 0", "1 buffers are written, the count is 2", "2")]
#[case::no_family("connect(3, 70000, ...) = 0", "70000 is no address family", "70000")]
#[case::poll_count(
    "poll([{fd=3, events=POLLIN}], 2, 0) = 0",
    "1 entries are written, the count is 2",
    "2"
)]
#[case::poll_mask(
    "poll([{fd=3, events=0x10000}], 1, 0) = 0",
    "0x10000 does not fit a poll mask",
    "0x10000"
)]
#[case::no_struct("epoll_wait(4, 5, 1, 0) = 0", "a structure in braces is expected", "5")]
#[case::sent_flags(
    "sendmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 1}], msg_flags=1}, 0) = 1",
    "msg_flags must be 0 in a sendmsg",
    "{msg_name(...)=..., msg_iov(1)=[{..., 1}], msg_flags=1}"
)]
#[case::msg_count(
    "recvmsg(3, {msg_name(...)=..., msg_iov(2)=[{..., 1}], msg_flags=0}, 0) = 1",
    "1 buffers are written, the count is 2",
    "2"
)]
#[case::ioctl_value("ioctl(3, SIOCINQ, [1, 2]) = 0", "one value in brackets is expected", "[1, 2]")]
#[case::option_length("getsockopt(3, 6, 1, [1], [-1]) = 0", "-1 is no option length", "[-1]")]
#[case::pipe("pipe([1]) = 0", "pipe takes two labels in brackets", "[1]")]
#[case::offset("splice(3, 5, 4, 0, 1, 0) = 1", "an offset is written as [N] or as NULL", "5")]
#[case::offsets(
    "splice(3, [5, 6], 4, 0, 1, 0) = 1",
    "one offset in brackets is expected",
    "[5, 6]"
)]
#[case::path("open(5, 0) = 1", "a path in quotes is expected", "5")]
fn what_is_wrong_with_a_line(#[case] text: &str, #[case] message: &str, #[case] token: &str) {
    let (span, why) = prepared_with(&sample::config(), text).unwrap_err();
    let script = sample::script(&format!("0 close(9) = 0\n0 {text}"));
    assert_eq!((why.as_str(), script.source.slice(span)), (message, token));
}
