//! A host with one program: it sends what it has, reads what comes, and closes when both are done.

use std::net::SocketAddr;
use std::task::Poll;

use synproof_stack::api::{Address, Domain, How, MsgFlags, Sleep};
use synproof_stack::errno::Errno;
use synproof_stack::time::Instant;
use synproof_stack::{Config, Fd, Stack};

const CLIENT: [&str; 2] = ["192.0.2.1:0", "[2001:db8::1]:0"];
const SERVER: [&str; 2] = ["192.0.2.2:8080", "[2001:db8::2]:8080"];
/// Bytes per call, so that reads and writes do not match segments.
const AT_ONCE: usize = 5000;
const SOL_TCP: i32 = 6;
const TCP_FASTOPEN_CONNECT: i32 = 30;

/// What differs between transfers, apart from link and seed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Setup {
    /// IPv6 instead of IPv4.
    pub(crate) v6: bool,
    /// Knobs of both hosts.
    pub(crate) sysctls: &'static [(&'static str, &'static str)],
    /// Data goes with the SYN, without cookies.
    pub(crate) fastopen: bool,
    /// Programs read this many bytes, then nothing for this many microseconds; 0 is no pause.
    pub(crate) pause_us: u64,
}

/// What the program is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Waiting in accept().
    Accepting,
    /// Waiting for connect() to succeed.
    Connecting,
    /// Sending and receiving.
    Transfer,
    /// The descriptor is closed.
    Done,
}

pub(crate) struct Host {
    pub(crate) stack: Stack,
    pub(crate) to_send: Vec<u8>,
    pub(crate) received: Vec<u8>,
    phase: Phase,
    fd: Fd,
    setup: Setup,
    /// The end of the present pause.
    reads_at: Instant,
    sent: usize,
    has_shut: bool,
    at_end: bool,
}

impl Host {
    /// A program that connects to the server.
    pub(crate) fn client(seed: u64, to_send: Vec<u8>, setup: Setup) -> Self {
        let mut stack = stack(CLIENT, seed, setup);
        let fd = stack.socket(Instant::ZERO, setup.domain(), true);
        if setup.fastopen && !to_send.is_empty() {
            // The first write sends the SYN.
            stack
                .setsockopt(Instant::ZERO, fd, SOL_TCP, TCP_FASTOPEN_CONNECT, &[1, 0, 0, 0])
                .unwrap();
            let begun = stack.connect(Instant::ZERO, fd, setup.server(), &mut Sleep::default());
            assert_eq!(begun, Poll::Ready(Ok(())));
            let data = &to_send[..to_send.len().min(AT_ONCE)];
            let sent = stack.send(Instant::ZERO, fd, data, MsgFlags(0), &mut Sleep::default());
            let Poll::Ready(Ok(sent)) = sent else { panic!("send: {sent:?}") };
            let host = Self::with(stack, fd, (Phase::Connecting, setup), to_send);
            return Self { sent, ..host };
        }
        let begun = stack.connect(Instant::ZERO, fd, setup.server(), &mut Sleep::default());
        assert_eq!(begun, Poll::Ready(Err(Errno::EINPROGRESS)));
        Self::with(stack, fd, (Phase::Connecting, setup), to_send)
    }

    /// A program that waits for one connection.
    pub(crate) fn server(seed: u64, to_send: Vec<u8>, setup: Setup) -> Self {
        let mut stack = stack(SERVER, seed, setup);
        let fd = stack.socket(Instant::ZERO, setup.domain(), true);
        stack.bind(Instant::ZERO, fd, setup.server()).unwrap();
        stack.listen(Instant::ZERO, fd, 1).unwrap();
        Self::with(stack, fd, (Phase::Accepting, setup), to_send)
    }

    fn with(stack: Stack, fd: Fd, (phase, setup): (Phase, Setup), to_send: Vec<u8>) -> Self {
        Self {
            stack,
            to_send,
            received: Vec::new(),
            phase,
            fd,
            setup,
            reads_at: Instant::ZERO,
            sent: 0,
            has_shut: false,
            at_end: false,
        }
    }

    const fn after_pause(&self, now: Instant) -> Instant {
        now.plus_micros(self.setup.pause_us)
    }

    /// When the program wants to go on after a pause.
    pub(crate) fn next(&self) -> Option<Instant> {
        let pauses = self.setup.pause_us != 0 && self.phase == Phase::Transfer && !self.at_end;
        pauses.then_some(self.reads_at)
    }

    pub(crate) fn is_done(&self) -> bool {
        self.phase == Phase::Done
    }

    pub(crate) fn situation(&self) -> String {
        let (sent, read) = (self.sent, self.received.len());
        let state = self.stack.connections().collect::<Vec<_>>();
        format!("{:?}, sent {sent} of {}, read {read}, {state:?}", self.phase, self.to_send.len())
    }

    /// Does what can be done without sleeping.
    pub(crate) fn program(&mut self, now: Instant) {
        while self.stack.poll_event().is_some() {}
        match self.phase {
            Phase::Accepting => self.accept(now),
            Phase::Connecting => self.connect(now),
            Phase::Transfer | Phase::Done => {}
        }
        if self.phase == Phase::Transfer {
            self.write(now);
            self.read(now);
            if self.has_shut && self.at_end {
                let closed = self.stack.close(now, self.fd, &mut Sleep::default());
                assert_eq!(closed, Poll::Ready(Ok(())));
                self.phase = Phase::Done;
            }
        }
    }

    fn accept(&mut self, now: Instant) {
        match self.stack.accept(now, self.fd, true, &mut Sleep::default()) {
            Poll::Ready(Ok(accepted)) => {
                let closed = self.stack.close(now, self.fd, &mut Sleep::default());
                assert_eq!(closed, Poll::Ready(Ok(())));
                (self.fd, self.phase) = (accepted.fd, Phase::Transfer);
            }
            Poll::Ready(Err(Errno::EAGAIN)) => {}
            other => panic!("accept: {other:?}"),
        }
    }

    fn connect(&mut self, now: Instant) {
        match self.stack.connect(now, self.fd, self.setup.server(), &mut Sleep::default()) {
            Poll::Ready(Ok(())) => self.phase = Phase::Transfer,
            Poll::Ready(Err(Errno::EALREADY)) => {}
            other => panic!("connect: {other:?}"),
        }
    }

    fn write(&mut self, now: Instant) {
        while self.sent < self.to_send.len() {
            let end = self.to_send.len().min(self.sent + AT_ONCE);
            let data = &self.to_send[self.sent..end];
            match self.stack.send(now, self.fd, data, MsgFlags(0), &mut Sleep::default()) {
                Poll::Ready(Ok(n)) => self.sent += n,
                Poll::Ready(Err(Errno::EAGAIN)) => return,
                other => panic!("send: {other:?}"),
            }
        }
        if !self.has_shut {
            self.stack.shutdown(now, self.fd, How::Write).unwrap();
            self.has_shut = true;
        }
    }

    fn read(&mut self, now: Instant) {
        while !self.at_end && self.reads_at <= now {
            match self.stack.recv(now, self.fd, AT_ONCE, MsgFlags(0), &mut Sleep::default()) {
                Poll::Ready(Ok(got)) if got.data.is_empty() => self.at_end = true,
                Poll::Ready(Ok(got)) => {
                    self.received.extend(got.data);
                    self.reads_at = self.after_pause(now);
                }
                Poll::Ready(Err(Errno::EAGAIN)) => {
                    self.reads_at = self.after_pause(now);
                    return;
                }
                other => panic!("recv: {other:?}"),
            }
        }
    }
}

impl Setup {
    const fn domain(self) -> Domain {
        if self.v6 { Domain::Inet6 } else { Domain::Inet }
    }

    fn server(self) -> Address {
        Address::Inet(SERVER[usize::from(self.v6)].parse().unwrap())
    }
}

fn stack(addresses: [&str; 2], seed: u64, setup: Setup) -> Stack {
    let address: SocketAddr = addresses[usize::from(setup.v6)].parse().unwrap();
    let mut stack = Stack::new(Config {
        local_addrs: vec![address.ip()],
        mtu: 1500,
        seed,
        ..Config::default()
    });
    stack.net_mut().tso = false;
    if setup.fastopen {
        // Both halves, neither with a cookie, for every listener.
        stack.sysctl_mut().set("net.ipv4.tcp_fastopen", "0x607").unwrap();
    }
    for (name, value) in setup.sysctls {
        stack.sysctl_mut().set(name, value).unwrap();
    }
    stack
}
