//! The stack: owns every table, is the only one that sees two sockets at once, and applies what
//! socket functions leave as effects.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::api::close::tcp_abort_child;
use crate::caps::Capabilities;
use crate::config::Config;
use crate::cx::Cx;
use crate::effect::{Effect, Wake};
use crate::errqueue::zerocopy::msg_zerocopy_complete;
use crate::flow::Flow;
use crate::input::{tcp_v4_err, tcp_v4_rcv};
use crate::kernel::is_unknown;
use crate::metrics::TcpMetrics;
use crate::mib::{Counter, Mib};
use crate::net::{LINK_IFINDEX, LOOPBACK_IFINDEX, Net};
use crate::output::small_queue::tcp_wfree;
use crate::qdisc::Qdisc;
use crate::sock::{RequestSock, Sock, SockId, TimeWaitSock};
use crate::state::{Event, TcpState, advance};
use crate::sysctl::Sysctls;
use crate::table::ehash::Ehash;
use crate::table::lhash::Lhash;
use crate::table::pipe::{Pipe, PipeId};
use crate::table::ports::Ports;
use crate::table::{Fd, FdTable, Object, SockTable};
use crate::time::Instant;
use crate::timer::{self, Timer};
use crate::timestamping::skb_tx_timestamp;
use crate::trace::{Trace, TraceEvent};
use crate::wire::{IcmpError, Ingress, Segment, WireError, parse};

/// Epoll instances that may watch each other in a row (EP_MAX_NESTS).
pub(crate) const EP_MAX_NESTS: usize = 4;

/// Lengths of headers without options.
const IPV6_HEADER_LEN: usize = 40;
const TCP_HEADER_LEN: usize = 20;

/// So many datagrams this host may send to itself before it is asked again.
const BACKLOG_BUDGET: usize = 10_000;

/// Who may look again, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StackEvent {
    /// The socket; none for an end of a pipe.
    pub sock: Option<SockId>,
    /// Its descriptor, if it has one.
    pub fd: Option<Fd>,
    /// What happened.
    pub wake: Wake,
}

/// A host's TCP.
#[derive(Debug)]
pub struct Stack {
    pub(crate) cx: Cx,
    pub(crate) fds: FdTable,
    pub(crate) objects: SockTable,
    pub(crate) ehash: Ehash<SockId>,
    pub(crate) lhash: Lhash<SockId>,
    pub(crate) ports: Ports<SockId>,
    pub(crate) pipes: BTreeMap<PipeId, Pipe>,
    /// What happened that nobody asked about yet, oldest first.
    events: VecDeque<StackEvent>,
    /// The same, to keep each from being there twice.
    waiting: BTreeSet<StackEvent>,
    /// A datagram is being delivered: others wait.
    in_softirq: bool,
}

/// The IP header and the TCP header of a segment.
fn headers<'a>(bytes: &'a [u8], seg: &Segment) -> &'a [u8] {
    let first = bytes.first().copied().unwrap_or(0);
    let ip = if seg.ip.dst.is_ipv4() { usize::from(first & 0xf) * 4 } else { IPV6_HEADER_LEN };
    bytes.get(..ip + TCP_HEADER_LEN + seg.option_bytes.as_bytes().len()).unwrap_or_default()
}

impl Stack {
    /// A host without sockets at time zero.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let seed = config.seed;
        Self {
            cx: Cx::new(config),
            fds: FdTable::default(),
            objects: SockTable::default(),
            ehash: Ehash::new(seed),
            lhash: Lhash::default(),
            ports: Ports::default(),
            pipes: BTreeMap::new(),
            events: VecDeque::new(),
            waiting: BTreeSet::new(),
            in_softirq: false,
        }
    }

    /// A datagram arrived.
    pub fn on_packet(&mut self, now: Instant, bytes: &[u8]) {
        self.set_now(now);
        self.in_softirq = true;
        self.netif_receive(LINK_IFINDEX, bytes);
        self.in_softirq = false;
        self.process_backlog();
    }

    /// One datagram from an interface.
    fn netif_receive(&mut self, dif: i32, bytes: &[u8]) {
        self.cx.dif = dif;
        match parse(bytes) {
            Ok(Ingress::Tcp(seg)) if self.cx.net.is_local(seg.ip.dst) => {
                if seg.flags.syn() {
                    self.cx.syn_headers = headers(bytes, &seg).to_vec();
                }
                tcp_v4_rcv(self, &seg);
            }
            Ok(Ingress::Icmp(icmp)) => self.on_icmp(&icmp),
            Ok(Ingress::Tcp(_) | Ingress::Other) => {}
            Err(error) => self.count_bad(error),
        }
        self.apply_effects();
    }

    /// Delivers what this host sent to itself, once nobody works on a socket. What two sockets
    /// still have to say to each other after [`BACKLOG_BUDGET`] datagrams waits for the next timer.
    ///
    /// Linux: loopback_xmit (drivers/net/loopback.c), process_backlog (net/core/dev.c)
    pub(crate) fn process_backlog(&mut self) {
        if self.in_softirq {
            return;
        }
        self.in_softirq = true;
        for _ in 0..BACKLOG_BUDGET {
            let Some(bytes) = self.cx.loopback.pop_front() else { break };
            self.netif_receive(LOOPBACK_IFINDEX, &bytes);
        }
        self.in_softirq = false;
    }

    /// Time has passed: runs every timer that is due, in the order they are due.
    pub fn on_timer(&mut self, now: Instant) {
        self.set_now(now);
        self.process_backlog();
        loop {
            let timer = self.objects.next_timer().filter(|(at, _)| *at <= now);
            let packet = self.cx.queue.next_due().filter(|at| *at <= now);
            match timer {
                Some((at, id)) if packet.is_none_or(|due| at < due) => self.fire(id, at),
                Some(_) | None if packet.is_some() => self.dequeue(),
                Some(_) | None => break,
            }
            self.apply_effects();
            self.process_backlog();
        }
    }

    /// A packet that waited leaves this host; its sender may have waited for that.
    ///
    /// Linux: __qdisc_run (net/sched/sch_generic.c), tcp_wfree
    fn dequeue(&mut self) {
        let Some(packet) = self.cx.queue.dequeue(self.cx.now) else { return };
        if let Some(owner) = packet.owner {
            self.enter(owner.sock, |sk, cx| {
                skb_tx_timestamp(sk, owner.stamp, &packet.datagrams, cx);
            });
        }
        self.cx.tx.extend(packet.datagrams);
        if let Some(owner) = packet.owner {
            self.enter(owner.sock, |sk, cx| tcp_wfree(sk, owner.truesize, cx));
        }
    }

    /// Puts another queueing discipline in front of the link; what waits in the old one is lost.
    pub fn set_qdisc(&mut self, qdisc: Qdisc) {
        for owner in self.cx.queue.replace(qdisc) {
            self.enter(owner.sock, |sk, cx| tcp_wfree(sk, owner.truesize, cx));
        }
    }

    /// The next datagram to send.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.cx.tx.pop_front()
    }

    /// When [`on_timer`](Self::on_timer) should be called next.
    #[must_use]
    pub fn poll_timer(&self) -> Option<Instant> {
        if !self.cx.loopback.is_empty() {
            return Some(self.cx.now);
        }
        let timer = self.objects.next_timer().map(|(at, _)| at);
        timer.into_iter().chain(self.cx.queue.next_due()).min()
    }

    /// Who may look again. Events are hints: a sleeping call is simply tried again, and what
    /// happened twice is told once.
    pub fn poll_event(&mut self) -> Option<StackEvent> {
        let event = self.events.pop_front()?;
        self.waiting.remove(&event);
        Some(event)
    }

    /// State of the connection `flow`, or of a listener on its local end if the remote port is 0.
    #[must_use]
    pub fn tcp_state(&self, flow: Flow) -> TcpState {
        if let Some(object) = self.ehash.get(flow).and_then(|id| self.objects.get(id)) {
            return object.state();
        }
        let listens = flow.remote.port() == 0 && self.lhash.lookup(flow.local, 0, 0).is_some();
        if listens { TcpState::Listen } else { TcpState::Close }
    }

    /// State of the socket behind `fd`.
    #[must_use]
    pub fn fd_state(&self, fd: Fd) -> Option<TcpState> {
        self.fds.sock(fd).ok().and_then(|id| self.objects.sock(id)).map(Sock::state)
    }

    /// Every connection there is, with its state, in the order of four-tuples.
    pub fn connections(&self) -> impl Iterator<Item = (Flow, TcpState)> + '_ {
        self.ehash
            .iter()
            .filter_map(|(flow, id)| self.objects.get(id).map(|object| (flow, object.state())))
    }

    /// The knobs.
    #[must_use]
    pub const fn sysctl(&self) -> &Sysctls {
        &self.cx.sysctl
    }

    /// The knobs, to turn them.
    pub const fn sysctl_mut(&mut self) -> &mut Sysctls {
        &mut self.cx.sysctl
    }

    /// Whether the kernel that this stack behaves as has a socket option of that number.
    #[must_use]
    pub fn has_option(&self, level: i32, name: i32) -> bool {
        is_unknown(self.cx.kernel.version, level, name).is_none()
    }

    /// What the process may do, to change it.
    pub const fn capabilities_mut(&mut self) -> &mut Capabilities {
        &mut self.cx.caps
    }

    /// The network, to change it.
    pub const fn net_mut(&mut self) -> &mut Net {
        &mut self.cx.net
    }

    /// What is remembered of destinations.
    #[must_use]
    pub const fn metrics(&self) -> &TcpMetrics {
        &self.cx.metrics
    }

    /// What is remembered of destinations, to forget it.
    pub const fn metrics_mut(&mut self) -> &mut TcpMetrics {
        &mut self.cx.metrics
    }

    /// The counters.
    #[must_use]
    pub const fn mib(&self) -> &Mib {
        &self.cx.mib
    }

    /// What happened inside.
    pub const fn trace_mut(&mut self) -> &mut Trace {
        &mut self.cx.trace
    }

    /// Panics when a socket, or one table against another, contradicts itself: for tests and
    /// fuzzing. It looks at everything there is.
    pub fn check(&self) {
        self.objects.check();
        for (flow, id) in self.ehash.iter() {
            assert!(self.objects.get(id).is_some(), "{flow:?} leads to nothing");
        }
        for id in self.fds.socks() {
            assert!(self.objects.get(id).is_some(), "a descriptor leads to nothing: {id:?}");
        }
        assert!(self.cx.effects.is_empty(), "work was left undone: {:?}", self.cx.effects);
    }

    /// Time never runs backwards.
    pub(crate) fn set_now(&mut self, now: Instant) {
        self.cx.now = self.cx.now.max(now);
    }

    /// Works on one socket, then does what that work asked for elsewhere.
    pub(crate) fn enter<R>(
        &mut self,
        id: SockId,
        work: impl FnOnce(&mut Sock, &mut Cx) -> R,
    ) -> Option<R> {
        let sk = self.objects.sock_mut(id)?;
        let result = work(sk, &mut self.cx);
        msg_zerocopy_complete(sk, &mut self.cx);
        #[cfg(debug_assertions)]
        sk.check();
        self.apply_effects();
        self.process_backlog();
        Some(result)
    }

    /// Empties the queue of effects; an effect may add more.
    pub(crate) fn apply_effects(&mut self) {
        while let Some(effect) = self.cx.effects.pop_front() {
            match effect {
                Effect::AddRequest(req) => self.add_request(req),
                Effect::FastopenChild(req, syn) => self.tcp_fastopen_create_child(req, &syn),
                Effect::FastopenRemove { listener, counts_until } => {
                    self.fastopen_removed(listener, counts_until);
                }
                Effect::Unhash(id, flow) => self.unhash(id, flow),
                Effect::TimeWait(tw) => self.add_time_wait(tw),
                Effect::Destroy(id) => self.destroy(id),
                Effect::StopListening(id) => self.stop_listening(id),
                Effect::SynqOverflow(local, at) => self.synq_overflow(local, at),
                Effect::Wake(sock, wake) => self.wake(sock, wake),
            }
        }
    }

    fn wake(&mut self, sock: SockId, wake: Wake) {
        let fd = self.fds.fd_of(sock);
        if let Some(fd) = fd {
            self.tell_epolls(fd, wake.poll_key(), EP_MAX_NESTS);
        }
        self.tell(StackEvent { sock: Some(sock), fd, wake });
    }

    /// News of a descriptor that is no socket.
    pub(crate) fn wake_fd(&mut self, fd: Option<Fd>, wake: Wake) {
        let Some(open) = fd else { return };
        self.tell_epolls(open, wake.poll_key(), EP_MAX_NESTS);
        self.tell(StackEvent { sock: None, fd, wake });
    }

    fn tell(&mut self, event: StackEvent) {
        if self.waiting.insert(event) {
            self.events.push_back(event);
        }
    }

    /// An epoll instance that has news is news to those that watch it.
    fn tell_epolls(&mut self, fd: Fd, key: u32, nests: usize) {
        let told: Vec<Fd> = self
            .fds
            .epolls_mut()
            .filter_map(|(epfd, epoll)| epoll.ep_poll_callback(fd, key).then_some(epfd))
            .collect();
        if let Some(nests) = nests.checked_sub(1) {
            told.into_iter()
                .for_each(|epfd| self.tell_epolls(epfd, Wake::Readable.poll_key(), nests));
        }
    }

    /// Linux: synq_overflow_ts of struct sock_reuseport
    fn synq_overflow(&mut self, local: std::net::SocketAddr, at: Instant) {
        for id in self.lhash.group(local) {
            if let Some(sk) = self.objects.sock_mut(id) {
                sk.listener.synq_overflow = Some(at);
            }
        }
    }

    fn add_request(&mut self, mut req: Box<RequestSock>) {
        let id = self.objects.reserve();
        req.id = id;
        self.ehash.replace(req.flow, id);
        self.objects.put(id, Object::Request(req));
    }

    /// Linux: inet_unhash, and inet_put_port unless bind() took the port.
    fn unhash(&mut self, id: SockId, flow: Flow) {
        let keeps_port = self.objects.sock(id).is_some_and(|sk| sk.bound_port);
        self.ehash.remove(flow, id);
        self.lhash.remove(id);
        if !keeps_port {
            self.ports.release(id, flow.local.port());
        }
    }

    fn add_time_wait(&mut self, mut tw: Box<TimeWaitSock>) {
        let id = self.objects.reserve();
        tw.id = id;
        self.ehash.replace(tw.flow, id);
        self.ports.succeed(tw.was, id, tw.flow.local.port());
        self.cx.mib.inc(Counter::TcpExtTW);
        self.objects.put(id, Object::TimeWait(tw));
    }

    fn destroy(&mut self, id: SockId) {
        let Some(flow) = self.objects.sock(id).filter(|sk| sk.dead).map(|sk| sk.flow) else {
            return;
        };
        self.ehash.remove(flow, id);
        self.lhash.remove(id);
        self.ports.release(id, flow.local.port());
        self.cx.orphan_count = self.cx.orphan_count.saturating_sub(1);
        self.objects.remove(id);
    }

    /// Linux: inet_csk_listen_stop
    fn stop_listening(&mut self, id: SockId) {
        let ready = self.objects.sock_mut(id).map(|sk| std::mem::take(&mut sk.listener.ready));
        for child in ready.into_iter().flatten() {
            if let Some(sk) = self.objects.sock_mut(child) {
                tcp_abort_child(sk, &mut self.cx);
            }
        }
        if let Some(sk) = self.objects.sock_mut(id) {
            sk.listener.qlen = 0;
            sk.listener.young = 0;
        }
    }

    /// A half-open connection is over, one way or the other.
    pub(crate) fn forget_request(&mut self, req: &RequestSock) {
        self.ehash.remove(req.flow, req.id);
        self.objects.remove(req.id);
        if let Some(sk) = self.objects.sock_mut(req.listener) {
            sk.listener.qlen = sk.listener.qlen.saturating_sub(1);
            if req.num_timeout == 0 {
                sk.listener.young = sk.listener.young.saturating_sub(1);
            }
        }
    }

    /// A remainder is over.
    pub(crate) fn forget_time_wait(&mut self, tw: &TimeWaitSock) {
        self.cx.tw_count = self.cx.tw_count.saturating_sub(1);
        self.ehash.remove(tw.flow, tw.id);
        self.ports.release(tw.id, tw.flow.local.port());
        self.objects.remove(tw.id);
    }

    /// Runs the timer of `id` that is due at `at`.
    fn fire(&mut self, id: SockId, at: Instant) {
        match self.objects.get(id) {
            Some(Object::Sock(_)) => {
                self.enter(id, |sk, cx| timer::run_due(sk, at, cx));
            }
            Some(Object::Request(_)) => {
                self.cx.wheel.runs(at);
                self.fire_request(id);
            }
            Some(Object::TimeWait(_)) => {
                self.cx.wheel.runs(at);
                self.fire_time_wait(id);
            }
            None => {}
        }
    }

    fn fire_request(&mut self, id: SockId) {
        let Some(mut req) = self.objects.take_request(id) else { return };
        self.trace_timer(req.flow, Timer::SynAck);
        let alive = match self.objects.sock_mut(req.listener) {
            Some(sk) if sk.state() == TcpState::Listen => {
                let view = timer::ListenerView {
                    syncnt: sk.opts.syncnt,
                    rto_max: sk.opts.rto_max,
                    defer_accept: sk.opts.defer_accept,
                    queue: &mut sk.listener,
                };
                timer::reqsk_timer_handler(&mut req, view, &mut self.cx)
            }
            Some(_) | None => false,
        };
        if alive {
            self.objects.put(id, Object::Request(req));
        } else {
            advance(&mut req.state, req.flow, Event::GiveUp, &mut self.cx);
            self.forget_request(&req);
        }
    }

    fn fire_time_wait(&mut self, id: SockId) {
        let Some(mut tw) = self.objects.take_time_wait(id) else { return };
        self.trace_timer(tw.flow, Timer::TimeWait);
        advance(&mut tw.state, tw.flow, Event::WaitTimeout, &mut self.cx);
        self.forget_time_wait(&tw);
    }

    fn trace_timer(&mut self, flow: Flow, timer: Timer) {
        let at = self.cx.now;
        self.cx.trace.push(TraceEvent::TimerFired { at, flow, timer });
    }

    /// Linux: tcp_v4_err finds the connection, tcp_req_err ends a half-open one.
    fn on_icmp(&mut self, icmp: &IcmpError) {
        let flow = Flow::new(icmp.local, icmp.remote);
        let Some(id) = self.ehash.get(flow) else { return };
        match self.objects.get(id) {
            Some(Object::Sock(_)) => {
                self.enter(id, |sk, cx| tcp_v4_err(sk, icmp, cx));
            }
            Some(Object::Request(req)) => {
                let in_window = req.snt_isn == icmp.seq;
                let ends = in_window && crate::input::ends_request(icmp);
                if !in_window {
                    self.cx.mib.inc(Counter::TcpExtOutOfWindowIcmps);
                }
                if let Some(mut req) = ends.then(|| self.objects.take_request(id)).flatten() {
                    advance(&mut req.state, req.flow, Event::RecvIcmpError, &mut self.cx);
                    self.cx.mib.inc(Counter::TcpExtListenDrops);
                    self.forget_request(&req);
                }
            }
            Some(Object::TimeWait(_)) | None => {}
        }
    }

    fn count_bad(&mut self, error: WireError) {
        match error {
            WireError::TcpCsum => {
                self.cx.mib.inc(Counter::TcpInCsumErrors);
                self.cx.mib.inc(Counter::TcpInErrs);
            }
            WireError::PktTooSmall => self.cx.mib.inc(Counter::TcpInErrs),
            WireError::IpInHdr | WireError::IpCsum | WireError::IcmpCsum => {}
        }
    }
}
