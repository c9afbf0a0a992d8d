//! The kernel target end to end: handshake, data, blocking calls, probes, commands, teardown.
//!
//! Packets are written by hand here, so that nothing under test checks itself. Needs the right to
//! create network namespaces; where that is missing each test says so and passes.
#![cfg(all(target_os = "linux", feature = "target-linux"))]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "the helpers of tests are tests"
)]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use rstest::rstest;

use synproof_harness::target::linux::{Link, LinuxLaunch};
use synproof_harness::target::syscall::{Buffer, ControlMessage, Output, PollFd, SockAddr};
use synproof_harness::target::{
    CallId, EpollEvent, Errno, Fd, FlowKey, IpVersion, Launch, Observation, Returned, ScriptTime,
    Setup, Syscall, Target, TargetError, TcpState,
};

const LOCAL: Ipv4Addr = Ipv4Addr::new(192, 168, 0, 17);
const REMOTE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const PORT: u16 = 8080;

fn setup() -> Setup {
    Setup {
        ip_version: IpVersion::Ipv4,
        local_ip: LOCAL.into(),
        local_prefix: 16,
        remote_ip: REMOTE.into(),
        remote_prefix: 32,
        gateway_ip: Ipv4Addr::new(192, 168, 0, 1).into(),
        mtu: 1500,
        inject_gso_size: 0,
        is_anyip: false,
        speed_mbps: None,
        hz: None,
        sysctls: Vec::new(),
        seed: 0,
    }
}

/// A started target, or none (with the reason printed) where the machine has none.
fn started(link: Link, setup: &Setup) -> Option<Box<dyn Target>> {
    match (LinuxLaunch { link, ..LinuxLaunch::default() }).launch(setup) {
        Ok(mut target) => {
            target.start().unwrap();
            Some(target)
        }
        Err(TargetError::Unavailable { what, why, fix }) => {
            eprintln!("skipped: {what}: {why}; {fix}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn sum(words: &[u8]) -> u32 {
    words
        .chunks(2)
        .map(|c| u32::from(u16::from_be_bytes([c[0], c.get(1).copied().unwrap_or(0)])))
        .sum()
}

fn fold(mut sum: u32) -> [u8; 2] {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!u16::try_from(sum).unwrap()).to_be_bytes()
}

/// An IPv4 TCP packet from the harness to the target.
fn segment(src_port: u16, seq: u32, ack: u32, flags: u8, payload: usize) -> Vec<u8> {
    let mut tcp = Vec::new();
    tcp.extend(src_port.to_be_bytes());
    tcp.extend(PORT.to_be_bytes());
    tcp.extend(seq.to_be_bytes());
    tcp.extend(ack.to_be_bytes());
    tcp.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    tcp.resize(20 + payload, 0);
    let pseudo = sum(&REMOTE.octets()) + sum(&LOCAL.octets()) + 6 + tcp.len() as u32;
    let check = fold(pseudo + sum(&tcp));
    tcp[16..18].copy_from_slice(&check);
    let total = u16::try_from(20 + tcp.len()).unwrap().to_be_bytes();
    let mut ip = vec![0x45, 0, total[0], total[1], 0, 0, 0, 0, 255, 6, 0, 0];
    ip.extend(REMOTE.octets());
    ip.extend(LOCAL.octets());
    let check = fold(sum(&ip));
    ip[10..12].copy_from_slice(&check);
    ip.extend(tcp);
    ip
}

const SYN: u8 = 0x02;
const ACK: u8 = 0x10;
const PSH: u8 = 0x08;

/// Runs calls to their end and keeps count of them.
struct Driver {
    target: Box<dyn Target>,
    calls: u32,
}

impl Driver {
    fn submit(&mut self, syscall: &Syscall, may_block: bool) -> CallId {
        self.calls += 1;
        let call = CallId(self.calls);
        self.target.submit(call, syscall, may_block).unwrap();
        call
    }

    fn observe(&mut self) -> Observation {
        let deadline = self.target.now().plus(2_000_000);
        self.target.observe(deadline).unwrap()
    }

    fn returned(&mut self, call: CallId) -> Returned {
        loop {
            match self.observe() {
                Observation::Returned { call: done, returned, .. } if done == call => {
                    return returned;
                }
                Observation::Idle { .. } => panic!("{call:?} never returned"),
                Observation::Packet { .. } | Observation::Returned { .. } => {}
            }
        }
    }

    fn call(&mut self, syscall: Syscall) -> Returned {
        let call = self.submit(&syscall, false);
        self.returned(call)
    }

    /// The next TCP packet: sequence number, acknowledgement, flags, payload length.
    fn segment(&mut self) -> (ScriptTime, u32, u32, u8, usize) {
        loop {
            match self.observe() {
                Observation::Packet { at, bytes } if bytes[0] == 0x45 && bytes[9] == 6 => {
                    let word =
                        |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
                    let header = 20 + usize::from(bytes[32] >> 4) * 4;
                    return (at, word(24), word(28), bytes[33], bytes.len() - header);
                }
                Observation::Idle { .. } => panic!("no packet"),
                Observation::Packet { .. } | Observation::Returned { .. } => {}
            }
        }
    }

    fn listener(&mut self) -> Fd {
        let fd = self.call(Syscall::Socket { domain: 2, ty: 1, protocol: 6 });
        assert!(fd.value >= 0, "{fd:?}");
        let fd = Fd(i32::try_from(fd.value).unwrap());
        let addr = SockAddr::Inet(SocketAddr::new(IpAddr::V4(LOCAL), PORT));
        assert_eq!(self.call(Syscall::Bind { fd, addr }), Returned::ok(0));
        assert_eq!(self.call(Syscall::Listen { fd, backlog: 5 }), Returned::ok(0));
        fd
    }

    /// Passive open; the connection's descriptor and the kernel's initial sequence number.
    fn connection(&mut self) -> (Fd, u16, u32) {
        let listener = self.listener();
        let port = self.target.ephemeral_port().unwrap();
        self.target.inject(&segment(port, 100, 0, SYN, 0)).unwrap();
        let (_, isn, ack, flags, _) = self.segment();
        assert_eq!((ack, flags), (101, SYN | ACK));
        self.target.inject(&segment(port, 101, isn + 1, ACK, 0)).unwrap();
        let accepted = self.call(Syscall::Accept { fd: listener });
        assert_eq!(accepted.output, Output::Peer(SocketAddr::new(REMOTE.into(), port)));
        (Fd(i32::try_from(accepted.value).unwrap()), port, isn)
    }
}

fn driver(link: Link) -> Option<Driver> {
    started(link, &setup()).map(|target| Driver { target, calls: 0 })
}

fn flow(port: u16) -> FlowKey {
    FlowKey {
        local: SocketAddr::new(LOCAL.into(), PORT),
        remote: SocketAddr::new(REMOTE.into(), port),
    }
}

#[rstest]
fn handshake_and_data_pass_both_ways(#[values(Link::Tun, Link::Veth, Link::Raw)] link: Link) {
    let Some(mut run) = driver(link) else { return };
    let (fd, port, isn) = run.connection();
    run.target.inject(&segment(port, 101, isn + 1, ACK | PSH, 1000)).unwrap();
    let read = run.call(Syscall::Read { fd, buf: Buffer::Zeros(2000) });
    assert_eq!(read.value, 1000);
    assert_eq!(read.output, Output::Data(vec![0; 1000]));
    let wrote = run.call(Syscall::Write { fd, buf: Buffer::Bytes(vec![7; 300]) });
    assert_eq!(wrote.value, 300);
}

#[rstest]
fn packets_and_returns_come_in_order_of_time(
    #[values(Link::Tun, Link::Veth, Link::Raw)] link: Link,
) {
    let Some(mut run) = driver(link) else { return };
    let (fd, ..) = run.connection();
    let call = run.submit(&Syscall::Write { fd, buf: Buffer::Zeros(10) }, false);
    let (at, _, _, _, len) = run.segment();
    assert_eq!(len, 10);
    let Observation::Returned { at: end, call: done, .. } = run.observe() else { panic!() };
    assert_eq!(done, call);
    assert!(at <= end);
}

#[rstest]
fn states_are_those_of_the_kernel(#[values(Link::Tun, Link::Veth, Link::Raw)] link: Link) {
    let Some(mut run) = driver(link) else { return };
    let port = 40_000;
    assert_eq!(run.target.tcp_state(&flow(port)).unwrap(), TcpState::Close);
    run.listener();
    let any = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
    let listening = FlowKey { remote: any, ..flow(0) };
    assert_eq!(run.target.tcp_state(&listening).unwrap(), TcpState::Listen);
    assert_eq!(run.target.tcp_state(&flow(port)).unwrap(), TcpState::Close);
    run.target.inject(&segment(port, 100, 0, SYN, 0)).unwrap();
    assert_eq!(run.target.tcp_state(&flow(port)).unwrap(), TcpState::NewSynRecv);
    let (_, isn, ..) = run.segment();
    run.target.inject(&segment(port, 101, isn + 1, ACK, 0)).unwrap();
    assert_eq!(run.target.tcp_state(&flow(port)).unwrap(), TcpState::Established);
}

#[rstest]
fn a_blocked_call_returns_when_its_packet_comes_and_does_not_hold_up_others(
    #[values(Link::Tun, Link::Veth, Link::Raw)] link: Link,
) {
    let Some(mut run) = driver(link) else { return };
    let (fd, port, isn) = run.connection();
    let blocked = run.submit(&Syscall::Read { fd, buf: Buffer::Zeros(10) }, true);
    let other = run.call(Syscall::Socket { domain: 2, ty: 2, protocol: 0 });
    assert!(other.value >= 0);
    run.target.inject(&segment(port, 101, isn + 1, ACK | PSH, 4)).unwrap();
    assert_eq!(run.returned(blocked).value, 4);
}

#[rstest]
fn probe_reads_the_structures_behind_code_blocks(
    #[values(Link::Tun, Link::Veth, Link::Raw)] link: Link,
) {
    let Some(mut run) = driver(link) else { return };
    let (fd, ..) = run.connection();
    let snapshot = run.target.probe(fd).unwrap().unwrap();
    assert_eq!(snapshot.tcp_info[0], 1, "TCP_ESTABLISHED");
    assert!(snapshot.tcp_info.len() >= 192);
    assert_eq!(snapshot.meminfo.len(), 36);
    assert!(run.target.probe(Fd(99)).unwrap().is_err());
}

#[rstest]
fn observe_waits_exactly_until_its_deadline(
    #[values(Link::Tun, Link::Veth, Link::Raw)] link: Link,
) {
    let Some(mut run) = driver(link) else { return };
    let mut late = Vec::new();
    for _ in 0..20 {
        let deadline = run.target.now().plus(1500);
        let Observation::Idle { at } = run.target.observe(deadline).unwrap() else { continue };
        assert!(at >= deadline);
        late.push(at.since(deadline));
    }
    late.sort_unstable();
    println!("lateness in microseconds: {late:?}");
}

#[rstest]
fn calls_with_structures_survive_the_trip(#[values(Link::Tun, Link::Veth, Link::Raw)] link: Link) {
    let Some(mut run) = driver(link) else { return };
    let (fd, port, isn) = run.connection();
    // TCP_NODELAY, set and got.
    let (level, name) = (6, 1);
    let value = 1_i32.to_ne_bytes().to_vec();
    let set = Syscall::Setsockopt { fd, level, name, value: value.clone(), len: 4 };
    assert_eq!(run.call(set), Returned::ok(0));
    let got = run.call(Syscall::Getsockopt { fd, level, name, len: 4 });
    assert_eq!(got.output, Output::OptVal(value));
    // TCP_INQ announces, in a control message, how much is left.
    let set = Syscall::Setsockopt { fd, level, name: 36, value: vec![1, 0, 0, 0], len: 4 };
    assert_eq!(run.call(set), Returned::ok(0));
    run.target.inject(&segment(port, 101, isn + 1, ACK | PSH, 1000)).unwrap();
    let iov = vec![Buffer::Zeros(100), Buffer::Zeros(200)];
    let control_len = 24;
    let received = run.call(Syscall::Recvmsg { fd, iov, control_len, flags: 0 });
    let Output::Message { data, control, .. } = received.output else { panic!("{received:?}") };
    assert_eq!((received.value, data.len()), (300, 300));
    let expected = ControlMessage { level: 6, ty: 36, data: 700_i32.to_ne_bytes().to_vec() };
    assert_eq!(control, [expected]);
    // FIONREAD, poll, epoll, readv.
    let left = run.call(Syscall::Ioctl { fd, request: 0x541b, arg: Some(0) });
    assert_eq!(left.output, Output::Int(700));
    let polled = run.call(Syscall::Poll { fds: vec![PollFd { fd, events: 1 }], timeout_ms: 0 });
    assert_eq!((polled.value, polled.output), (1, Output::Poll(vec![1])));
    let epoll = run.call(Syscall::EpollCreate { size: 1 });
    let epfd = Fd(i32::try_from(epoll.value).unwrap());
    let event = EpollEvent { events: 1, data: 0x1234_5678_9abc_def0 };
    assert_eq!(run.call(Syscall::EpollCtl { epfd, op: 1, fd, event }), Returned::ok(0));
    let waited = run.call(Syscall::EpollWait { epfd, max_events: 3, timeout_ms: 0 });
    assert_eq!((waited.value, waited.output), (1, Output::Epoll(vec![event])));
    let iov = vec![Buffer::Zeros(600), Buffer::Zeros(600)];
    assert_eq!(run.call(Syscall::Readv { fd, iov }).value, 700);
    // A null pointer is the kernel's business.
    let fault = run.call(Syscall::Send { fd, buf: Buffer::Null(10), flags: 0 });
    assert_eq!((fault.value, fault.errno), (-1, Some(Errno(14))));
    let pipe = run.call(Syscall::Pipe);
    assert!(matches!(pipe.output, Output::Pipe(r, w) if r != w));
}

#[rstest]
fn zero_copy_buffers_are_completed_on_the_error_queue(#[values(Link::Tun)] link: Link) {
    let Some(mut run) = driver(link) else { return };
    let (fd, port, isn) = run.connection();
    let value = vec![1, 0, 0, 0];
    let set = Syscall::Setsockopt { fd, level: 1, name: 60, value, len: 4 }; // SO_ZEROCOPY
    assert_eq!(run.call(set), Returned::ok(0));
    let buf = Buffer::Zeros(4000);
    let sent = run.call(Syscall::Send { fd, buf, flags: 0x400_0000 }); // MSG_ZEROCOPY
    assert_eq!(sent.value, 4000);
    run.target.inject(&segment(port, 101, isn + 4001, ACK, 0)).unwrap();
    let control_len = 100;
    let queue = Syscall::Recvmsg { fd, iov: Vec::new(), control_len, flags: 0x2000 };
    let completed = run.call(queue);
    let Output::Message { control, .. } = completed.output else { panic!("{completed:?}") };
    // SOL_IP, IP_RECVERR: struct sock_extended_err with origin SO_EE_ORIGIN_ZEROCOPY, then an address.
    assert_eq!((control[0].level, control[0].ty, control[0].data[4]), (0, 11, 5));
}

#[rstest]
fn a_dropped_capability_stays_dropped_for_every_call(#[values(Link::Tun)] link: Link) {
    let Some(mut run) = driver(link) else { return };
    let fd = run.call(Syscall::Socket { domain: 2, ty: 1, protocol: 6 });
    let fd = Fd(i32::try_from(fd.value).unwrap());
    let addr = SockAddr::Inet(SocketAddr::new(LOCAL.into(), 80));
    // CAP_NET_BIND_SERVICE, effective.
    assert_eq!(run.call(Syscall::CapSet { which: 0, cap: 10, set: false }), Returned::ok(0));
    let listener = run.listener();
    run.submit(&Syscall::Accept { fd: listener }, true);
    // On another worker than the one that changed it.
    assert_eq!(run.call(Syscall::Bind { fd, addr }).errno, Some(Errno(13)));
    assert_eq!(run.call(Syscall::CapSet { which: 0, cap: 10, set: true }), Returned::ok(0));
    assert_eq!(run.call(Syscall::Bind { fd, addr }), Returned::ok(0));
}

#[rstest]
fn descriptors_of_one_script_mean_nothing_to_another(#[values(Link::Tun)] link: Link) {
    let Some(mut one) = driver(link) else { return };
    let Some(mut other) = driver(link) else { return };
    let fd = one.listener();
    let closed = other.call(Syscall::Close { fd });
    assert_eq!(closed.errno, Some(Errno(9)));
    assert_eq!(one.call(Syscall::Close { fd }), Returned::ok(0));
}
