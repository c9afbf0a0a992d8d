//! Two stacks over a bad link: every byte arrives, in order, once; both sides finish; and the same
//! seed gives the same datagrams, byte for byte.
#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::indexing_slicing,
    reason = "helpers of tests panic like tests"
)]

#[path = "sim/host.rs"]
mod host;

use std::collections::BTreeMap;

use host::{Host, Setup};
use rstest::rstest;
use synproof_rig::story::{Link, Weather};
use synproof_stack::mib::Counter;
use synproof_stack::rng::Rng;
use synproof_stack::state::TcpState;
use synproof_stack::time::Instant;

const FAIR: Weather =
    Weather { loss: 0, duplication: 0, corruption: 0, delay_us: 20_000, jitter_us: 0 };
const REORDERING: Weather = Weather { jitter_us: 5_000, ..FAIR };
const LOSSY: Weather = Weather { loss: 50, ..FAIR };
const FOUL: Weather =
    Weather { loss: 100, duplication: 50, corruption: 20, delay_us: 10_000, jitter_us: 30_000 };

/// Virtual time after which a transfer that is not over is stuck.
const DEADLINE: Instant = Instant::from_millis(3_600_000);
/// Events after which a transfer is going round in circles.
const MOST_EVENTS: u32 = 500_000;

/// One transfer in both directions at once.
struct Sim {
    hosts: [Host; 2],
    link: Link,
    now: Instant,
    /// Every datagram sent: when, by whom, what.
    trace: Vec<(Instant, usize, Vec<u8>)>,
}

impl Sim {
    fn new(weather: Weather, seed: u64, bytes: [usize; 2], setup: Setup) -> Self {
        let mut rng = Rng::new(seed);
        let mut data = |len: usize| (0..len).map(|_| rng.below(256).to_le_bytes()[0]).collect();
        let hosts = [
            Host::client(seed, data(bytes[0]), setup),
            Host::server(seed + 1, data(bytes[1]), setup),
        ];
        Self { hosts, link: Link::new(weather, seed), now: Instant::ZERO, trace: Vec::new() }
    }

    /// Runs until both programs have read the other's last byte and both connections are gone.
    fn run(&mut self) {
        for _ in 0..MOST_EVENTS {
            self.settle();
            let timers = self.hosts.iter().filter_map(|host| host.stack.poll_timer());
            let programs = self.hosts.iter().filter_map(Host::next);
            let Some(next) = timers.chain(programs).chain(self.link.next()).min() else { return };
            assert!(next <= DEADLINE, "stuck: {}", self.situation());
            self.now = self.now.max(next);
            while let Some((to, bytes)) = self.link.arrived(self.now) {
                self.hosts[to].stack.on_packet(self.now, &bytes);
                self.settle();
            }
            for host in &mut self.hosts {
                host.stack.on_timer(self.now);
            }
        }
        panic!("going round in circles: {}", self.situation());
    }

    /// Lets the programs do what they can, and puts what they cause on the link.
    fn settle(&mut self) {
        for (who, host) in self.hosts.iter_mut().enumerate() {
            host.program(self.now);
            while let Some(bytes) = host.stack.poll_transmit() {
                self.trace.push((self.now, who, bytes.clone()));
                self.link.send(self.now, 1 - who, bytes);
            }
        }
    }

    fn situation(&self) -> String {
        let each = self.hosts.iter().map(Host::situation).collect::<Vec<_>>();
        format!("at {} ms: {}", self.now.as_millis(), each.join("; "))
    }

    fn check(&self) {
        let [client, server] = &self.hosts;
        assert!(client.received == server.to_send, "the client's bytes are not the server's");
        assert!(server.received == client.to_send, "the server's bytes are not the client's");
        for host in &self.hosts {
            assert!(host.is_done(), "{}", self.situation());
            let left: BTreeMap<_, TcpState> = host.stack.connections().collect();
            assert!(left.is_empty(), "{left:?}");
        }
    }
}

fn transfer(weather: Weather, seed: u64, bytes: [usize; 2], setup: Setup) -> Sim {
    let mut sim = Sim::new(weather, seed, bytes, setup);
    sim.run();
    sim.check();
    sim
}

#[rstest]
#[case::nothing([0, 0])]
#[case::a_byte([1, 0])]
#[case::one_way([200_000, 0])]
#[case::the_other_way([0, 200_000])]
#[case::both_ways([100_000, 150_000])]
fn every_byte_arrives(
    #[case] bytes: [usize; 2],
    #[values(FAIR, REORDERING, LOSSY, FOUL)] weather: Weather,
    #[values(false, true)] v6: bool,
) {
    for seed in 1..=5 {
        transfer(weather, seed, bytes, Setup { v6, ..Setup::default() });
    }
}

#[rstest]
#[case::no_sack(&[("net.ipv4.tcp_sack", "0")])]
#[case::no_timestamps(&[("net.ipv4.tcp_timestamps", "0")])]
#[case::no_window_scaling(&[("net.ipv4.tcp_window_scaling", "0")])]
#[case::plain(&[
    ("net.ipv4.tcp_sack", "0"),
    ("net.ipv4.tcp_timestamps", "0"),
    ("net.ipv4.tcp_window_scaling", "0"),
])]
#[case::reno(&[("net.ipv4.tcp_congestion_control", "reno")])]
#[case::ecn(&[("net.ipv4.tcp_ecn", "1")])]
#[case::no_loss_probe(&[("net.ipv4.tcp_early_retrans", "0"), ("net.ipv4.tcp_recovery", "0")])]
#[case::small_buffers(&[("net.ipv4.tcp_rmem", "4096 8192 8192"), ("net.ipv4.tcp_wmem", "4096 8192 8192")])]
fn every_byte_arrives_whatever_is_negotiated(
    #[case] sysctls: &'static [(&'static str, &'static str)],
) {
    for seed in 1..=3 {
        transfer(FOUL, seed, [60_000, 40_000], Setup { sysctls, ..Setup::default() });
    }
}

/// Data goes with the SYN, is acknowledged or not, and arrives once.
#[rstest]
fn every_byte_arrives_by_fast_open(
    #[values(FAIR, REORDERING, LOSSY, FOUL)] weather: Weather,
    #[values(false, true)] v6: bool,
) {
    let mut active = 0;
    for seed in 1..=12 {
        let setup = Setup { v6, fastopen: true, ..Setup::default() };
        let sim = transfer(weather, seed, [20_000, 30_000], setup);
        active += sim.hosts[0].stack.mib().get(Counter::TcpExtTCPFastOpenActive);
    }
    assert!(active > 6, "{active} of 12");
}

/// The reader takes 5,000 bytes at a time, more slowly than they come: windows close and open.
#[rstest]
fn every_byte_arrives_at_a_slow_reader(
    #[values(FAIR, REORDERING, LOSSY, FOUL)] weather: Weather,
    #[values(10_000, 300_000, 3_000_000)] pause_us: u64,
) {
    let sysctls = &[("net.ipv4.tcp_rmem", "4096 16384 16384")];
    let mut probed = 0;
    for seed in 1..=3 {
        let sim =
            transfer(weather, seed, [80_000, 0], Setup { pause_us, sysctls, ..Setup::default() });
        probed += sim.hosts[0].stack.mib().get(Counter::TcpExtTCPWinProbe);
    }
    assert!(probed > 0 || pause_us < 1_000_000, "a window closed for seconds is probed");
}

#[test]
fn one_seed_gives_one_trace() {
    let run = || transfer(FOUL, 42, [50_000, 50_000], Setup::default()).trace;
    assert!(run() == run(), "two runs of one seed differ");
}

#[test]
fn a_fair_link_is_used_well() {
    let sim = transfer(FAIR, 1, [1_000_000, 0], Setup::default());
    let last = sim.trace.iter().filter(|(_, _, bytes)| bytes.len() > 100).map(|(at, ..)| *at).max();
    // Ten segments double every 40 ms: a megabyte takes eight round trips, not twenty.
    assert!(last < Some(Instant::from_millis(800)), "{last:?}");
    let data: usize = sim.trace.iter().map(|(_, _, bytes)| bytes.len().saturating_sub(52)).sum();
    assert!(data < 1_010_000, "a link without loss needs no retransmission: {data} bytes");
}
