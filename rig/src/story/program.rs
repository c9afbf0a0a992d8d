//! A host and its program, which follows a [`Plan`].

use std::net::SocketAddr;
use std::task::Poll;

use synproof_stack::api::{Address, Domain, How, MsgFlags, Sleep};
use synproof_stack::errno::Errno;
use synproof_stack::kernel::KernelVersion;
use synproof_stack::rng::Rng;
use synproof_stack::sysctl::SysctlError;
use synproof_stack::time::{Hz, Instant};
use synproof_stack::{Config, Fd, Stack};

use super::plan::{Ending, Plan};
use super::sure;

const SOL_SOCKET: i32 = 1;
const SO_KEEPALIVE: i32 = 9;
const SO_OOBINLINE: i32 = 10;
const SO_LINGER: i32 = 13;
const SOL_TCP: i32 = 6;
const TCP_KEEPIDLE: i32 = 4;
const TCP_KEEPINTVL: i32 = 5;

const MSG_OOB: i32 = 0x1;
const MSG_PEEK: i32 = 0x2;
const MSG_EOR: i32 = 0x80;
const MSG_MORE: i32 = 0x8000;

/// Ways a connection may end that somebody tore down.
const TORN: [Errno; 4] = [Errno::ECONNRESET, Errno::EPIPE, Errno::ETIMEDOUT, Errno::ECONNREFUSED];

/// Where a program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Waiting in accept().
    Accepting,
    /// Waiting for connect() to succeed.
    Connecting,
    /// Sending and receiving.
    Transfer,
    /// The descriptor is closed.
    Done,
}

/// A host.
#[derive(Debug)]
pub struct Host {
    /// Its TCP.
    pub stack: Stack,
    /// What its program does.
    pub plan: Plan,
    /// What it has to send.
    pub to_send: Vec<u8>,
    /// What it has read.
    pub received: Vec<u8>,
    /// Where it is.
    pub phase: Phase,
    /// What ended the connection before its time.
    pub error: Option<Errno>,
    fd: Fd,
    remote: SocketAddr,
    rng: Rng,
    reads_at: Instant,
    /// Bytes that its stack took.
    pub sent: usize,
    has_shut: bool,
    /// It has read the end of the stream.
    pub at_end: bool,
}

/// The one whose turn it is.
fn one_of<T: Copy>(all: &[T], turn: u64) -> Option<T> {
    let turn = usize::try_from(turn).unwrap_or(usize::MAX);
    turn.checked_rem(all.len()).and_then(|at| all.get(at)).copied()
}

impl Host {
    /// A host whose program connects to `remote`, or listens.
    #[must_use]
    pub fn new(plan: Plan, [local, remote]: [SocketAddr; 2], connects: bool) -> Self {
        let config = Config {
            local_addrs: vec![local.ip()],
            mtu: plan.mtu,
            seed: plan.seed,
            hz: one_of(&Hz::CHOICES, plan.seed / 4).and_then(Hz::new).unwrap_or(Hz::DEFAULT),
            kernel: one_of(&KernelVersion::KNOWN, plan.seed).unwrap_or(KernelVersion::CURRENT),
        };
        let mut stack = Stack::new(config);
        stack.net_mut().tso = plan.tso;
        for (name, value) in &plan.sysctls {
            match stack.sysctl_mut().set(name, value) {
                // Not every kernel has every knob.
                Err(SysctlError::Unknown { .. }) => {}
                done => sure(done),
            }
        }
        let now = Instant::ZERO;
        let domain = if local.is_ipv6() { Domain::Inet6 } else { Domain::Inet };
        let fd = stack.socket(now, domain, true);
        let mut rng = Rng::new(plan.seed);
        let to_send = (0..plan.bytes).map(|_| rng.next_u32().to_le_bytes()[0]).collect();
        let mut host = Self {
            stack,
            plan,
            to_send,
            received: Vec::new(),
            phase: if connects { Phase::Connecting } else { Phase::Accepting },
            error: None,
            fd,
            remote,
            rng,
            reads_at: now,
            sent: 0,
            has_shut: false,
            at_end: false,
        };
        host.set_options(now);
        sure(host.stack.bind(now, fd, Address::Inet(local)));
        if !connects {
            sure(host.stack.listen(now, fd, 1));
        }
        host
    }

    fn set_options(&mut self, now: Instant) {
        let always = [
            (SOL_SOCKET, SO_KEEPALIVE, 1),
            (SOL_SOCKET, SO_OOBINLINE, 1),
            (SOL_TCP, TCP_KEEPIDLE, 600),
            (SOL_TCP, TCP_KEEPINTVL, 60),
        ];
        for (level, name, value) in always.iter().chain(&self.plan.options) {
            let value = value.to_ne_bytes();
            sure(self.stack.setsockopt(now, self.fd, *level, *name, &value));
        }
    }

    /// Linux arms the timer only as a connection is established in the usual ways, not after
    /// SYNs that crossed.
    fn keep_alive(&mut self, now: Instant) {
        for on in [0_i32, 1] {
            let value = on.to_ne_bytes();
            sure(self.stack.setsockopt(now, self.fd, SOL_SOCKET, SO_KEEPALIVE, &value));
        }
    }

    /// When the program wants to go on after a pause.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        let pauses = self.plan.pause_us != 0 && self.phase == Phase::Transfer && !self.at_end;
        pauses.then_some(self.reads_at)
    }

    /// Where it is, in a line.
    #[must_use]
    pub fn situation(&self) -> String {
        let (sent, read, total) = (self.sent, self.received.len(), self.to_send.len());
        let state = self.stack.connections().map(|(_, state)| state).collect::<Vec<_>>();
        let error = self.error;
        format!("{:?}, sent {sent} of {total}, read {read}, {error:?}, {state:?}", self.phase)
    }

    /// Does what can be done without sleeping.
    pub fn program(&mut self, now: Instant) {
        while self.stack.poll_event().is_some() {}
        match self.phase {
            Phase::Accepting => self.accept(now),
            Phase::Connecting => self.connect(now),
            Phase::Transfer | Phase::Done => {}
        }
        if self.phase == Phase::Transfer {
            self.write(now);
            self.read(now);
        }
        if self.phase == Phase::Transfer && self.is_finished() {
            self.close(now);
        }
    }

    fn is_finished(&self) -> bool {
        let all_sent = self.sent == self.to_send.len();
        self.error.is_some()
            || match self.plan.ending {
                Ending::Orderly => self.has_shut && self.at_end,
                Ending::CloseWhenSent => all_sent,
                Ending::CloseAfterRead(n) => self.received.len() >= n || self.at_end,
                Ending::AbortAfterSent(n) => self.sent >= n || all_sent,
                Ending::ShutdownBoth => self.has_shut,
            }
    }

    fn close(&mut self, now: Instant) {
        if let Ending::AbortAfterSent(_) = self.plan.ending {
            let linger = [1_i32.to_ne_bytes(), 0_i32.to_ne_bytes()].concat();
            sure(self.stack.setsockopt(now, self.fd, SOL_SOCKET, SO_LINGER, &linger));
        }
        let closed = self.stack.close(now, self.fd, &mut Sleep::default());
        assert_eq!(closed, Poll::Ready(Ok(())));
        self.phase = Phase::Done;
    }

    /// Gives up waiting for a connection that never was.
    pub fn abandon(&mut self, now: Instant) {
        self.error = Some(Errno::ECONNABORTED);
        self.close(now);
    }

    fn accept(&mut self, now: Instant) {
        match self.stack.accept(now, self.fd, true, &mut Sleep::default()) {
            Poll::Ready(Ok(accepted)) => {
                let closed = self.stack.close(now, self.fd, &mut Sleep::default());
                assert_eq!(closed, Poll::Ready(Ok(())));
                (self.fd, self.phase) = (accepted.fd, Phase::Transfer);
            }
            Poll::Ready(Err(Errno::EAGAIN)) => {}
            other @ (Poll::Ready(_) | Poll::Pending) => panic!("accept: {other:?}"),
        }
    }

    fn connect(&mut self, now: Instant) {
        let remote = Address::Inet(self.remote);
        match self.stack.connect(now, self.fd, remote, &mut Sleep::default()) {
            Poll::Ready(Ok(())) => {
                self.phase = Phase::Transfer;
                self.keep_alive(now);
            }
            Poll::Ready(Err(Errno::EALREADY | Errno::EINPROGRESS)) => {}
            Poll::Ready(Err(err)) if TORN.contains(&err) => {
                self.error = Some(err);
                self.close(now);
            }
            other @ (Poll::Ready(_) | Poll::Pending) => panic!("connect: {other:?}"),
        }
    }

    fn write(&mut self, now: Instant) {
        while self.sent < self.to_send.len() && self.error.is_none() {
            let end = self.to_send.len().min(self.sent + self.plan.write_at_once);
            let data = self.to_send.get(self.sent..end).unwrap_or_default();
            let mut flags = 0;
            if self.plan.flags {
                flags |= match self.rng.below(4) {
                    0 | 1 => 0,
                    2 => MSG_MORE,
                    _ => MSG_EOR,
                };
            }
            if self.plan.urgent && self.rng.below(20) == 0 {
                flags |= MSG_OOB;
            }
            match self.stack.send(now, self.fd, data, MsgFlags(flags), &mut Sleep::default()) {
                Poll::Ready(Ok(n)) => {
                    assert!(n > 0 && n <= data.len(), "send took {n} of {}", data.len());
                    self.sent += n;
                }
                Poll::Ready(Err(Errno::EAGAIN)) => return,
                Poll::Ready(Err(err)) if TORN.contains(&err) => self.error = Some(err),
                other @ (Poll::Ready(_) | Poll::Pending) => panic!("send: {other:?}"),
            }
        }
        if !self.has_shut && self.error.is_none() {
            let how = match self.plan.ending {
                Ending::Orderly => How::Write,
                Ending::ShutdownBoth => How::Both,
                Ending::CloseWhenSent | Ending::CloseAfterRead(_) | Ending::AbortAfterSent(_) => {
                    return;
                }
            };
            match self.stack.shutdown(now, self.fd, how) {
                Ok(()) => self.has_shut = true,
                Err(Errno::ENOTCONN) => self.error = Some(Errno::ENOTCONN),
                Err(err) => panic!("shutdown: {err:?}"),
            }
        }
    }

    fn read(&mut self, now: Instant) {
        while !self.at_end && self.reads_at <= now && self.error.is_none() && !self.is_finished() {
            let peeked = self.peek(now);
            let max = self.plan.read_at_once;
            match self.stack.recv(now, self.fd, max, MsgFlags(0), &mut Sleep::default()) {
                Poll::Ready(Ok(got)) => {
                    assert!(got.data.len() <= max);
                    assert!(got.data.starts_with(&peeked), "what was seen is not what was read");
                    self.at_end = got.data.is_empty();
                    self.received.extend(got.data);
                    self.reads_at = now.plus_micros(self.plan.pause_us);
                }
                Poll::Ready(Err(Errno::EAGAIN)) => {
                    self.reads_at = now.plus_micros(self.plan.pause_us);
                    return;
                }
                Poll::Ready(Err(err)) if TORN.contains(&err) => self.error = Some(err),
                other @ (Poll::Ready(_) | Poll::Pending) => panic!("recv: {other:?}"),
            }
        }
    }

    /// Looks at what is to be read, now and then.
    fn peek(&mut self, now: Instant) -> Vec<u8> {
        if !self.plan.flags || self.rng.below(4) != 0 {
            return Vec::new();
        }
        match self.stack.recv(now, self.fd, 50, MsgFlags(MSG_PEEK), &mut Sleep::default()) {
            Poll::Ready(Ok(got)) => got.data,
            Poll::Ready(Err(_)) => Vec::new(),
            Poll::Pending => panic!("a socket that does not block slept"),
        }
    }
}
