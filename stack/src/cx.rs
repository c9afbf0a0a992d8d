//! Everything a socket function may touch besides its own socket.
//!
//! A function `f(sk, …, cx)` reads the time, the knobs and the network from here, counts, traces
//! and draws randomness here, hands packets to `Cx::tx`, and leaves work on other sockets in
//! `Cx::effects`. There is no way from here to another socket, a clock or the outside.

use std::collections::VecDeque;

use crate::caps::Capabilities;
use crate::config::Config;
use crate::effect::{Effect, Wake};
use crate::fastopen::Blackhole;
use crate::flow::Flow;
use crate::kernel::Behaviours;
use crate::memory::Memory;
use crate::metrics::TcpMetrics;
use crate::mib::Mib;
use crate::mutant::Mutant;
use crate::net::{LINK_IFINDEX, Net};
use crate::qdisc::{Packet, Queue, Xmit};
use crate::rng::Rng;
use crate::sock::{IPV6_DEFAULT_HOPLIMIT, SockId};
use crate::sysctl::Sysctls;
use crate::time::{Hz, Instant, Jiffies, Wheel, WheelTimer};
use crate::trace::Trace;

/// A datagram from this host to itself.
#[derive(Clone, Debug)]
pub(crate) struct Looped {
    pub(crate) bytes: Vec<u8>,
    /// The interface it counts as come by.
    pub(crate) dif: i32,
    /// Whether its destination is one of this host's (RTN_LOCAL).
    pub(crate) is_rtn_local: bool,
}

/// The surroundings of the socket being worked on.
#[derive(Debug)]
pub struct Cx {
    /// The present moment, as the last entry point was told.
    pub now: Instant,
    /// Length of a tick.
    pub hz: Hz,
    /// What the kernel does that others do otherwise.
    pub(crate) kernel: Behaviours,
    /// When timers go off.
    pub(crate) wheel: Wheel,
    /// The net.ipv4.tcp_* knobs.
    pub sysctl: Sysctls,
    /// Counters.
    pub mib: Mib,
    /// The only source of randomness.
    pub rng: Rng,
    /// What happened, for tests, coverage and humans.
    pub trace: Trace,
    /// What the calling process may do.
    pub caps: Capabilities,
    /// Addresses, link and path properties.
    pub net: Net,
    /// What is remembered of destinations.
    pub metrics: TcpMetrics,
    /// Whether clients use Fast Open at present.
    pub(crate) blackhole: Blackhole,
    /// Memory of all sockets, for tcp_mem.
    pub(crate) memory: Memory,
    /// Remainders of connections there are, for tcp_max_tw_buckets (tw_refcount).
    pub(crate) tw_count: u32,
    /// Sockets that no descriptor refers to and that still have a peer (tcp_orphan_count).
    pub(crate) orphan_count: u32,
    /// Datagrams on the link, oldest first.
    pub(crate) tx: VecDeque<Vec<u8>>,
    /// Datagrams from this host to itself, oldest first.
    pub(crate) loopback: VecDeque<Looped>,
    /// Headers of the present datagram, if it is a SYN (TCP_SAVE_SYN).
    pub(crate) syn_headers: Vec<u8>,
    /// Index of the interface the present datagram came in by.
    pub(crate) dif: i32,
    /// Its destination is this host's (RTN_LOCAL); a socket bound to the loopback says to it what
    /// is for others, too.
    pub(crate) is_rtn_local: bool,
    /// What waits in front of the link.
    pub(crate) queue: Queue,
    /// The rule that is broken.
    #[cfg(feature = "mutants")]
    pub(crate) mutant: Option<Mutant>,
    /// Challenge ACKs left in the present second, host-wide.
    challenge: (u64, u32),
    /// Work on other sockets and tables, applied when the present function has returned.
    pub(crate) effects: VecDeque<Effect>,
}

impl Cx {
    /// Surroundings at time zero.
    pub(crate) fn new(config: Config) -> Self {
        let Config { local_addrs, mtu, seed, hz, kernel } = config;
        Self {
            now: Instant::ZERO,
            hz,
            kernel: Behaviours::of(kernel),
            wheel: Wheel::new(hz, Behaviours::of(kernel).cascading_wheel),
            sysctl: Sysctls::of(kernel),
            mib: Mib::default(),
            rng: Rng::new(seed),
            trace: Trace::default(),
            caps: Capabilities::default(),
            net: Net::new(local_addrs, mtu),
            metrics: TcpMetrics::default(),
            blackhole: Blackhole::default(),
            memory: Memory::default(),
            tw_count: 0,
            orphan_count: 0,
            tx: VecDeque::new(),
            loopback: VecDeque::new(),
            syn_headers: Vec::new(),
            dif: LINK_IFINDEX,
            is_rtn_local: true,
            queue: Queue::default(),
            #[cfg(feature = "mutants")]
            mutant: None,
            challenge: (u64::MAX, 0),
            effects: VecDeque::new(),
        }
    }

    /// Hands a packet to the queueing discipline; says what became of it.
    ///
    /// Linux: dev_queue_xmit (net/core/dev.c)
    pub(crate) fn dev_queue_xmit(&mut self, packet: Packet) -> Xmit {
        let (xmit, sent) = self.queue.enqueue(packet, self.now);
        self.tx.extend(sent.into_iter().flat_map(|packet| packet.datagrams));
        xmit
    }

    /// Whether this stack breaks the rule of `mutant`.
    #[cfg(feature = "mutants")]
    #[inline]
    pub(crate) fn mutant(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    /// No rule is broken.
    #[cfg(not(feature = "mutants"))]
    #[inline]
    #[expect(clippy::unused_self, reason = "the feature decides")]
    pub(crate) const fn mutant(&self, _: Mutant) -> bool {
        false
    }

    /// Hands datagrams back to this host.
    ///
    /// Linux: loopback_xmit (drivers/net/loopback.c)
    pub(crate) fn loop_back(&mut self, datagrams: Vec<Vec<u8>>, dif: i32, is_rtn_local: bool) {
        let looped = datagrams.into_iter().map(|bytes| Looped { bytes, dif, is_rtn_local });
        self.loopback.extend(looped);
    }

    /// Asks for `effect` after the present function.
    pub(crate) fn later(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    /// Tells whoever sleeps on `id` that something of `wake` happened.
    pub(crate) fn wake(&mut self, id: SockId, wake: Wake) {
        self.later(Effect::Wake(id, wake));
    }

    /// The tick counter at present.
    pub(crate) const fn jiffies(&self) -> Jiffies {
        self.hz.jiffies(self.now)
    }

    /// Ticks since `earlier`; 0 when that is yet to come.
    pub(crate) const fn ticks_since(&self, earlier: Instant) -> u32 {
        self.hz.ticks_between(earlier, self.now)
    }

    /// A timer of the wheel that is armed now for `delta` ticks later.
    pub(crate) fn timer(&self, delta: u32) -> WheelTimer {
        self.wheel.after(self.now, u64::from(delta))
    }

    /// Where the timestamps of connections between two hosts begin.
    ///
    /// Linux: secure_tcp_ts_off (net/core/secure_seq.c)
    pub(crate) fn secure_tcp_ts_off(&self, flow: Flow) -> u32 {
        if self.sysctl.tcp_timestamps != 1 || !self.kernel.random_ts_offset {
            return 0;
        }
        self.rng.secure_tcp_ts_off(flow.local.ip(), flow.remote.ip())
    }

    /// tcp_rto_max_ms
    pub(crate) fn rto_max_ms(&self) -> u32 {
        self.sysctl.tcp_rto_max_ms.unsigned_abs()
    }

    /// Hop limit of the route, else the host's.
    ///
    /// Linux: ip4_dst_hoplimit (include/net/route.h)
    pub(crate) fn default_ttl(&self, is_v6: bool) -> u8 {
        match self.net.route.hoplimit {
            0 if is_v6 => IPV6_DEFAULT_HOPLIMIT,
            0 => self.sysctl.ip_default_ttl,
            hops => hops,
        }
    }

    /// Takes one of the host's challenge ACKs of this second, if there is one left. Their number
    /// is random, so that nobody can count what others caused.
    ///
    /// RFC 5961 §7 · Linux: tcp_send_challenge_ack (net/ipv4/tcp_input.c)
    pub(crate) fn take_challenge_ack(&mut self) -> bool {
        let limit = self.sysctl.tcp_challenge_ack_limit.unsigned_abs();
        if limit == i32::MAX.unsigned_abs() || self.mutant(Mutant::ChallengesUnlimited) {
            return true;
        }
        let second = self.jiffies().0 / self.hz.secs(1);
        if self.challenge.0 != second {
            let half = limit.div_ceil(2);
            let random = self.kernel.random_challenge_limit;
            let count = if random { half + self.rng.below(limit.max(1)) } else { limit };
            self.challenge = (second, count);
        }
        let left = self.challenge.1.checked_sub(1);
        self.challenge.1 = left.unwrap_or(0);
        left.is_some()
    }
}
