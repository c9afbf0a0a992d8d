//! A scene: one stack, one peer played by hand. A state is reached only by what a program and a
//! network can do, so no test can assert anything about a state that cannot occur.
//!
//! Numbers are relative as in packetdrill: the peer's first sequence number is 0, and so is ours.

#![allow(dead_code, reason = "every test crate uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what is missing here is a failed test, and says so by panicking"
)]

mod packet;

use std::net::SocketAddr;
use std::task::Poll;

use synproof_stack::api::{Address, Domain, MsgFlags, Received, Sleep};
use synproof_stack::errno::Errno;
use synproof_stack::state::TcpState;
use synproof_stack::time::Instant;
use synproof_stack::{Config, Fd, Flow, Stack};

#[allow(unused_imports, reason = "every test crate uses a part of it")]
pub(crate) use packet::{A, F, P, R, S, Seen};

const LOCAL: &str = "192.0.2.1:8080";
const REMOTE: &str = "198.51.100.1:40000";

/// The peer's first sequence number on the wire.
const PEER_ISN: u32 = 0x1000_0000;

pub(crate) struct Scene {
    pub(crate) stack: Stack,
    pub(crate) now: Instant,
    pub(crate) listener: Option<Fd>,
    pub(crate) fd: Fd,
    local: SocketAddr,
    remote: SocketAddr,
    isn: u32,
}

impl Scene {
    /// A host with one socket, not yet used.
    pub(crate) fn closed() -> Self {
        let local: SocketAddr = LOCAL.parse().unwrap();
        let remote = REMOTE.parse().unwrap();
        let config =
            Config { local_addrs: vec![local.ip()], mtu: 1500, seed: 1, ..Config::default() };
        let mut stack = Stack::new(config);
        stack.trace_mut().enable();
        let now = Instant::from_millis(1000);
        let fd = stack.socket(now, Domain::Inet, true);
        Self { stack, now, listener: None, fd, local, remote, isn: 0 }
    }

    /// LISTEN with this backlog.
    pub(crate) fn listening(backlog: i32) -> Self {
        let mut scene = Self::closed();
        scene.listen(backlog);
        scene
    }

    /// The socket listens.
    pub(crate) fn listen(&mut self, backlog: i32) {
        let (now, fd) = (self.now, self.fd);
        self.stack.bind(now, fd, Address::Inet(self.local)).unwrap();
        self.stack.listen(now, fd, backlog).unwrap();
        self.listener = Some(fd);
    }

    /// A SYN was answered; the SYN-ACK is read.
    pub(crate) fn half_open() -> Self {
        let mut scene = Self::listening(1);
        scene.peer(S, 0, 0, b"");
        scene.learn_isn();
        scene
    }

    /// The accepted connection of a passive open, without options.
    pub(crate) fn established() -> Self {
        let mut scene = Self::half_open();
        scene.peer(A, 1, 1, b"");
        scene.accept();
        scene
    }

    /// connect() is under way; the SYN is read.
    pub(crate) fn syn_sent() -> Self {
        let mut scene = Self::closed();
        let (now, fd, local, remote) = (scene.now, scene.fd, scene.local, scene.remote);
        scene.stack.bind(now, fd, Address::Inet(local)).unwrap();
        let begun = scene.stack.connect(now, fd, Address::Inet(remote), &mut Sleep::default());
        assert_eq!(begun, Poll::Ready(Err(Errno::EINPROGRESS)));
        scene.learn_isn();
        scene
    }

    /// The SYNs crossed.
    pub(crate) fn syn_recv() -> Self {
        let mut scene = Self::syn_sent();
        scene.peer(S, 0, 0, b"");
        assert_eq!(scene.sent().len(), 1);
        scene
    }

    /// We closed first, and the FIN is out.
    pub(crate) fn fin_wait1() -> Self {
        let mut scene = Self::established();
        scene.close();
        scene.sent();
        scene
    }

    /// We shut the sending side down, and that is acknowledged; the descriptor is still there.
    pub(crate) fn fin_wait2() -> Self {
        let mut scene = Self::established();
        let (now, fd) = (scene.now, scene.fd);
        scene.stack.shutdown(now, fd, synproof_stack::api::How::Write).unwrap();
        scene.sent();
        scene.peer(A, 1, 2, b"");
        scene
    }

    /// Both closed at once.
    pub(crate) fn closing() -> Self {
        let mut scene = Self::fin_wait1();
        scene.peer(F | A, 1, 1, b"");
        scene.sent();
        scene
    }

    /// The peer closed first.
    pub(crate) fn close_wait() -> Self {
        let mut scene = Self::established();
        scene.peer(F | A, 1, 1, b"");
        scene.sent();
        scene
    }

    /// And then we did.
    pub(crate) fn last_ack() -> Self {
        let mut scene = Self::close_wait();
        scene.close();
        scene.sent();
        scene
    }

    /// We closed first, everything is acknowledged.
    pub(crate) fn time_wait() -> Self {
        let mut scene = Self::fin_wait1();
        scene.peer(F | A, 1, 2, b"");
        scene.sent();
        scene
    }

    /// A scene in `state`.
    pub(crate) fn in_state(state: TcpState) -> Self {
        let mut scene = match state {
            TcpState::Close => Self::closed(),
            TcpState::Listen => Self::listening(1),
            TcpState::NewSynRecv => Self::half_open(),
            TcpState::SynSent => Self::syn_sent(),
            TcpState::SynRecv => Self::syn_recv(),
            TcpState::Established => Self::established(),
            TcpState::FinWait1 => Self::fin_wait1(),
            TcpState::FinWait2 => Self::fin_wait2(),
            TcpState::Closing => Self::closing(),
            TcpState::CloseWait => Self::close_wait(),
            TcpState::LastAck => Self::last_ack(),
            TcpState::TimeWait => Self::time_wait(),
        };
        // The first FIN of a connection is acknowledged by a timer of no length.
        scene.wait_ms(1);
        scene.sent();
        assert_eq!(scene.state(), state, "the scene is set wrongly");
        scene
    }

    /// State of the connection, or of the listener while there is none.
    pub(crate) fn state(&self) -> TcpState {
        let state = self.connection();
        let listens = state == TcpState::Close && self.listener.is_some();
        if listens { self.listener_state() } else { state }
    }

    /// State of the connection alone.
    pub(crate) fn connection(&self) -> TcpState {
        self.stack.tcp_state(Flow::new(self.local, self.remote))
    }

    fn listener_state(&self) -> TcpState {
        let nobody = SocketAddr::new(self.remote.ip(), 0);
        self.stack.tcp_state(Flow::new(self.local, nobody))
    }

    /// The peer sends a segment with a window of 10000 bytes.
    pub(crate) fn peer(&mut self, flags: u8, seq: u32, ack: u32, data: &[u8]) {
        let seq = PEER_ISN.wrapping_add(seq);
        let ack = if flags & A != 0 { self.isn.wrapping_add(ack) } else { 0 };
        let bytes = packet::build(self.remote, self.local, (flags, seq, ack), data);
        self.stack.on_packet(self.now, &bytes);
    }

    /// What was sent since the last look, in relative numbers.
    pub(crate) fn sent(&mut self) -> Vec<Seen> {
        let mut all = Vec::new();
        while let Some(bytes) = self.stack.poll_transmit() {
            all.push(packet::read(&bytes, self.isn, PEER_ISN));
        }
        all
    }

    /// What was sent, as text: `F. 1:1(0) ack 2`.
    pub(crate) fn sent_text(&mut self) -> Vec<String> {
        self.sent().iter().map(ToString::to_string).collect()
    }

    /// Lets `ms` milliseconds pass, timer by timer.
    pub(crate) fn wait_ms(&mut self, ms: u64) {
        let end = Instant::from_millis(self.now.as_millis() + ms);
        while let Some(at) = self.stack.poll_timer().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.stack.on_timer(self.now);
        }
        self.now = end;
    }

    /// Closes the connection's descriptor, which does not linger.
    pub(crate) fn close(&mut self) {
        let closed = self.stack.close(self.now, self.fd, &mut Sleep::default());
        assert_eq!(closed, Poll::Ready(Ok(())));
    }

    /// Hands data over; all of it is taken.
    pub(crate) fn send(&mut self, data: &[u8]) {
        let sent = self.stack.send(self.now, self.fd, data, MsgFlags(0), &mut Sleep::default());
        assert_eq!(sent, Poll::Ready(Ok(data.len())));
    }

    /// Reads what there is, without sleeping.
    pub(crate) fn recv(&mut self) -> Result<Received, Errno> {
        match self.stack.recv(self.now, self.fd, 100_000, MsgFlags(0), &mut Sleep::default()) {
            Poll::Ready(result) => result,
            Poll::Pending => panic!("a socket that does not block slept"),
        }
    }

    /// Takes the next connection off the accept queue.
    pub(crate) fn accept(&mut self) {
        let listener = self.listener.unwrap();
        let accepted = self.stack.accept(self.now, listener, true, &mut Sleep::default());
        let Poll::Ready(Ok(accepted)) = accepted else { panic!("nothing to accept") };
        self.fd = accepted.fd;
    }

    /// Reads the SYN or SYN-ACK, which tells where our numbers begin.
    pub(crate) fn learn_isn(&mut self) {
        let bytes = self.stack.poll_transmit().unwrap();
        self.isn = packet::read(&bytes, 0, 0).seq;
        assert!(self.stack.poll_transmit().is_none());
    }
}
