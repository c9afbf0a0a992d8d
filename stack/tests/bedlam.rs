//! Two hosts in bedlam: any call with any arguments at any time, and between them a link that
//! changes, repeats, reflects and invents datagrams. Nothing may panic, contradict itself, go round
//! in circles, or hold more memory than the sysctls allow.
//!
//! `STORMS=10000 cargo test --profile checked -p synproof-stack --test bedlam` runs many more than
//! an ordinary test run; `FIRST_SEED` goes on from another one. A failure prints its seed.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "helpers of tests panic like tests"
)]

#[path = "bedlam/bytes.rs"]
mod bytes;
#[path = "bedlam/calls.rs"]
mod calls;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rstest::rstest;
use synproof_stack::api::{Address, Domain, Sleep};
use synproof_stack::rng::Rng;
use synproof_stack::time::Instant;
use synproof_stack::{Config, Fd, Stack};

/// Seeds of an ordinary test run.
const FEW: u64 = 80;
const PARTS: u64 = 4;
/// Events of one seed.
const EVENTS: u32 = 1_500;
/// Datagrams a host may send because of one event.
const MOST_SENT: usize = 2_000;
/// Datagrams that are remembered.
const MOST_KEPT: usize = 64;
/// Most memory of one direction of a socket: buffers are doubled, and the last segment may be a
/// burst.
const MOST_MEMORY: u32 = 2 * 65_536 + 3 * 65_536;

const ENDS: [&str; 6] = [
    "192.0.2.1:80",
    "192.0.2.2:80",
    "[2001:db8::1]:80",
    "[2001:db8::2]:80",
    "0.0.0.0:80",
    "[::]:80",
];

/// Small buffers, so that a host that keeps too much is found out; few ports and descriptors.
const SYSCTLS: [(&str, &str); 6] = [
    ("net.ipv4.tcp_rmem", "4096 32768 65536"),
    ("net.ipv4.tcp_wmem", "4608 32768 65536"),
    ("net.core.rmem_max", "65536"),
    ("net.core.wmem_max", "65536"),
    ("net.ipv4.tcp_max_syn_backlog", "64"),
    ("net.ipv4.ip_local_port_range", "40000 40020"),
];

struct Bedlam {
    hosts: [Stack; 2],
    ends: Vec<SocketAddr>,
    rng: Rng,
    now: Instant,
    /// Datagrams that were sent lately.
    kept: Vec<Vec<u8>>,
    /// Datagrams under way to each host.
    under_way: [VecDeque<Vec<u8>>; 2],
}

impl Bedlam {
    fn new(seed: u64) -> Self {
        let ends: Vec<SocketAddr> = ENDS.iter().map(|end| end.parse().unwrap()).collect();
        let hosts = [0, 1].map(|who| {
            let local_addrs = vec![ends[who].ip(), ends[who + 2].ip()];
            let mut stack = Stack::new(Config {
                local_addrs,
                mtu: 1500,
                seed: seed * 2 + who as u64,
                ..Config::default()
            });
            for (name, value) in SYSCTLS {
                stack.sysctl_mut().set(name, value).unwrap();
            }
            stack
        });
        Self {
            hosts,
            ends,
            rng: Rng::new(seed),
            now: Instant::from_millis(1),
            kept: Vec::new(),
            under_way: Default::default(),
        }
    }

    /// The first host connects to the second over IPv4 or IPv6, as a sensible program would.
    fn connect(&mut self) {
        let (now, remote) = (self.now, self.ends[if self.rng.below(2) == 0 { 1 } else { 3 }]);
        let domain = if remote.is_ipv6() { Domain::Inet6 } else { Domain::Inet };
        let [client, server] = &mut self.hosts;
        let listener = server.socket(now, domain, true);
        server.bind(now, listener, Address::Inet(remote)).unwrap();
        server.listen(now, listener, 4).unwrap();
        let fd = client.socket(now, domain, true);
        let _begun = client.connect(now, fd, Address::Inet(remote), &mut Sleep::default());
        for to in [1, 0, 1] {
            self.collect(1 - to);
            self.deliver(to);
        }
        let _fd = self.hosts[1].accept(now, listener, true, &mut Sleep::default());
    }

    fn run(&mut self) {
        if self.rng.below(4) != 0 {
            self.connect();
        }
        for _ in 0..EVENTS {
            self.event();
            for who in [0, 1] {
                self.collect(who);
                self.hosts[who].check();
                self.check_memory(who);
            }
        }
    }

    fn event(&mut self) {
        let who = usize::try_from(self.rng.below(2)).unwrap();
        let host = &mut self.hosts[who];
        match self.rng.below(10) {
            0..4 => calls::call(host, self.now, &self.ends, &mut self.rng),
            4..7 => self.deliver(who),
            7..9 => {
                let datagram = self.datagram();
                self.hosts[who].on_packet(self.now, &datagram);
            }
            _ => self.wait(),
        }
    }

    /// The oldest datagram under way arrives as it was sent.
    fn deliver(&mut self, to: usize) {
        if let Some(datagram) = self.under_way[to].pop_front() {
            self.hosts[to].on_packet(self.now, &datagram);
        }
    }

    /// One of the last datagrams, as it was or changed; or noise.
    fn datagram(&mut self) -> Vec<u8> {
        let rng = &mut self.rng;
        if self.kept.is_empty() || rng.below(16) == 0 {
            return bytes::noise(rng);
        }
        let at = usize::try_from(rng.below(u32::try_from(self.kept.len()).unwrap())).unwrap();
        let mut datagram = self.kept[at].clone();
        match rng.below(6) {
            0 => bytes::reflect(&mut datagram),
            1 | 2 => bytes::mutate(rng, &mut datagram),
            _ => {}
        }
        datagram
    }

    fn wait(&mut self) {
        let ms = [1, 40, 200, 1_000, 60_000][usize::try_from(self.rng.below(5)).unwrap()];
        let end = Instant::from_millis(self.now.as_millis() + ms);
        for who in [0, 1] {
            let mut fired = 0;
            while let Some(at) = self.hosts[who].poll_timer().filter(|at| *at <= end) {
                self.now = self.now.max(at);
                self.hosts[who].on_timer(self.now);
                self.collect(who);
                fired += 1;
                assert!(fired < 100_000, "timers go round in circles");
            }
        }
        self.now = end;
    }

    fn collect(&mut self, who: usize) {
        let mut sent = 0;
        while let Some(datagram) = self.hosts[who].poll_transmit() {
            sent += 1;
            if self.kept.len() == MOST_KEPT {
                self.kept.remove(0);
            }
            self.kept.push(datagram.clone());
            if self.under_way[1 - who].len() == MOST_KEPT {
                self.under_way[1 - who].pop_front();
            }
            self.under_way[1 - who].push_back(datagram);
        }
        assert!(sent < MOST_SENT, "one event made {sent} datagrams");
        let mut events = 0;
        while self.hosts[who].poll_event().is_some() {
            events += 1;
        }
        assert!(events < MOST_SENT, "one event woke {events} sleepers");
    }

    /// SO_MEMINFO: rmem_alloc, rcvbuf, wmem_alloc, sndbuf, fwd_alloc, wmem_queued, …
    fn check_memory(&mut self, who: usize) {
        for fd in 3..16 {
            let meminfo = self.hosts[who].getsockopt(self.now, Fd(fd), 1, 55, 36);
            let Ok(bytes) = meminfo else { continue };
            let words: Vec<u32> =
                bytes.chunks_exact(4).map(|w| u32::from_ne_bytes(w.try_into().unwrap())).collect();
            assert!(words[0] <= MOST_MEMORY, "rmem_alloc: {words:?}");
            assert!(words[5] <= MOST_MEMORY, "wmem_queued: {words:?}");
        }
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[rstest]
fn nothing_breaks_a_host(#[values(0, 1, 2, 3)] part: u64) {
    let (first, count) = (number("FIRST_SEED", 1), number("STORMS", FEW));
    let mut broken = Vec::new();
    for seed in (first..first + count).filter(|seed| seed % PARTS == part) {
        let mut bedlam = Bedlam::new(seed);
        if catch_unwind(AssertUnwindSafe(|| bedlam.run())).is_err() {
            eprintln!("seed {seed} broke at {} ms", bedlam.now.as_millis());
            broken.push(seed);
        }
    }
    assert!(broken.is_empty(), "seeds that break: {broken:?}");
}
