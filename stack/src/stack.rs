//! The stack: owns every table, is the only one that sees two sockets at once, and applies what
//! socket functions leave as effects.

mod effects;
mod migrate;
mod proc_net;
mod timers;
mod wake;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::caps::Capabilities;
use crate::config::Config;
use crate::cx::Cx;
use crate::effect::Wake;
use crate::errqueue::zerocopy::msg_zerocopy_complete;
use crate::flow::Flow;
use crate::input::{tcp_segs_in, tcp_v4_err, tcp_v4_rcv};
use crate::kernel::{Behaviours, is_unknown};
use crate::memory;
use crate::metrics::TcpMetrics;
use crate::mib::{Counter, Mib};
#[cfg(feature = "mutants")]
use crate::mutant::Mutant;
use crate::net::{LINK_IFINDEX, Net, can_send};
use crate::output::small_queue::tcp_wfree;
use crate::qdisc::Qdisc;
use crate::sock::{Sock, SockId};
use crate::state::{Event, TcpState, advance};
use crate::sysctl::Sysctls;
use crate::table::ehash::Ehash;
use crate::table::lhash::Lhash;
use crate::table::pipe::{Pipe, PipeId};
use crate::table::ports::Ports;
use crate::table::{Fd, FdTable, Object, SockTable};
use crate::time::{Hz, Instant};
use crate::timestamping::skb_tx_timestamp;
use crate::trace::Trace;
use crate::wire::{IcmpError, Ingress, Segment, WireError, parse, parse_long_unverified};

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
        let ports = Ports::new(Behaviours::of(config.kernel));
        Self {
            cx: Cx::new(config),
            fds: FdTable::default(),
            objects: SockTable::default(),
            ehash: Ehash::new(seed),
            lhash: Lhash::default(),
            ports,
            pipes: BTreeMap::new(),
            events: VecDeque::new(),
            waiting: BTreeSet::new(),
            in_softirq: false,
        }
    }

    /// From now on breaks the rule of `mutant`.
    #[cfg(feature = "mutants")]
    pub fn set_mutant(&mut self, mutant: Option<Mutant>) {
        self.cx.mutant = mutant;
    }

    /// A datagram arrived.
    pub fn on_packet(&mut self, now: Instant, bytes: &[u8]) {
        self.on_aggregate(now, bytes, 0);
    }

    /// A datagram arrives that a virtual link put together from segments of `gso_size` bytes; one
    /// without more text than that, or with a size of 0, is as it is.
    pub fn on_aggregate(&mut self, now: Instant, bytes: &[u8], gso_size: u16) {
        self.set_now(now);
        self.in_softirq = true;
        self.netif_receive(LINK_IFINDEX, true, bytes, gso_size);
        self.in_softirq = false;
        self.process_backlog();
    }

    /// One datagram from an interface.
    fn netif_receive(&mut self, dif: i32, is_rtn_local: bool, bytes: &[u8], gso_size: u16) {
        (self.cx.dif, self.cx.is_rtn_local) = (dif, is_rtn_local);
        match parse(bytes) {
            Ok(Ingress::Tcp(mut seg))
                if (!is_rtn_local || self.cx.net.is_local(seg.ip.dst)) && can_send(seg.ip.src) =>
            {
                seg.gso_size = if seg.payload.len() > gso_size.into() { gso_size } else { 0 };
                if seg.flags.syn() {
                    self.cx.syn_headers = headers(bytes, &seg).to_vec();
                }
                tcp_v4_rcv(self, &seg);
            }
            Ok(Ingress::Icmp(icmp)) => self.on_icmp(&icmp),
            Ok(Ingress::Tcp(_) | Ingress::Other) => {}
            Err(error) => self.count_bad(error, bytes),
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
            let Some(datagram) = self.cx.loopback.pop_front() else { break };
            self.netif_receive(datagram.dif, datagram.is_rtn_local, &datagram.bytes, 0);
        }
        self.in_softirq = false;
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

    /// State of the connection `flow`, or of a listener on its local end if the remote port is 0.
    #[must_use]
    pub fn tcp_state(&self, flow: Flow) -> TcpState {
        if let Some(object) = self.ehash.of(flow).find_map(|id| self.objects.get(id)) {
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

    /// How many sockets, half-open connections and remainders of connections there are.
    #[must_use]
    pub fn sockets(&self) -> usize {
        self.objects.len()
    }

    /// The frequency of its ticks.
    #[must_use]
    pub const fn hz(&self) -> Hz {
        self.cx.hz
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

    /// Who a segment of `flow` that came by the present interface is for; a socket that is bound to
    /// another interface does not hear it.
    ///
    /// Linux: __inet_lookup_established, inet_match (include/net/inet_hashtables.h)
    pub(crate) fn lookup_established(&self, flow: Flow) -> Option<SockId> {
        let hears = |id: SockId| self.objects.get(id).is_some_and(|it| it.hears(self.cx.dif));
        self.ehash.of(flow).find(|id| hears(*id))
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
        memory::account(sk, &mut self.cx);
        #[cfg(debug_assertions)]
        sk.check();
        self.apply_effects();
        self.process_backlog();
        Some(result)
    }

    /// Linux: tcp_v4_err finds the connection, tcp_req_err ends a half-open one.
    fn on_icmp(&mut self, icmp: &IcmpError) {
        let flow = Flow::new(icmp.local, icmp.remote);
        let Some(id) = self.lookup_established(flow) else { return };
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

    /// What is not a segment is counted. The sum of a long one is looked at when its connection has
    /// counted it already.
    ///
    /// Linux: the labels bad_packet and csum_error of tcp_v4_rcv, skb_checksum_init
    fn count_bad(&mut self, error: WireError, bytes: &[u8]) {
        match error {
            WireError::TcpCsum => {
                self.cx.mib.inc(Counter::TcpInSegs);
                self.cx.mib.inc(Counter::TcpInCsumErrors);
                self.cx.mib.inc(Counter::TcpInErrs);
                let Some(seg) = parse_long_unverified(bytes) else { return };
                let to = self.lookup_established(Flow::new(seg.dst(), seg.src()));
                if let Some(sk) = to.and_then(|id| self.objects.sock_mut(id)) {
                    tcp_segs_in(sk, &seg);
                }
            }
            WireError::PktTooSmall => self.cx.mib.inc(Counter::TcpInErrs),
            WireError::IpInHdr | WireError::IpCsum | WireError::IcmpCsum => {}
        }
    }
}
