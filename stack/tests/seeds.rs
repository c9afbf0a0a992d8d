//! Two stacks over a lossy link in virtual time, one story per seed: links that lose, duplicate,
//! corrupt, delay and reorder; every combination of knobs, options, buffer sizes and endings.
//!
//! `SEEDS=10000 cargo test --profile checked -p synproof-stack --test seeds` plays 10,000 of them in
//! about a minute, with `Sock::check` after every entry point; without `SEEDS` it is a few hundred,
//! so that an ordinary test run stays short. `FIRST_SEED` plays on from another one. What fails is
//! printed with its seed: `FIRST_SEED=n SEEDS=1` plays it again.
#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::print_stderr,
    reason = "helpers of tests panic like tests"
)]

#[path = "sim/link.rs"]
mod link;
#[path = "seeds/plan.rs"]
mod plan;
#[path = "seeds/program.rs"]
mod program;

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use link::Link;
use plan::Story;
use program::{Host, Phase};
use rstest::rstest;
use synproof_stack::time::Instant;

/// Stories of an ordinary test run.
const FEW: u64 = 300;
/// What they are divided into.
const PARTS: u64 = 8;
/// Virtual time after which a story that is not over is stuck: two days.
const DEADLINE: Instant = Instant::from_millis(172_800_000);
/// Events after which a story is going round in circles.
const MOST_EVENTS: u32 = 2_000_000;
/// Datagrams of one settling after which a host babbles.
const MOST_AT_ONCE: u32 = 100_000;

struct Play {
    seed: u64,
    story: Story,
    hosts: [Host; 2],
    link: Link,
    now: Instant,
    /// Every datagram is told on standard error (`TELL=1`).
    tells: bool,
}

impl Play {
    fn of(seed: u64) -> Self {
        let story = Story::of(seed);
        let ends: [SocketAddr; 2] = if story.v6 {
            ["[2001:db8::1]:1000", "[2001:db8::2]:8080"].map(|end| end.parse().unwrap())
        } else {
            ["192.0.2.1:1000", "192.0.2.2:8080"].map(|end| end.parse().unwrap())
        };
        let [a, b] = story.programs.clone();
        let hosts =
            [Host::new(a, ends, true), Host::new(b, [ends[1], ends[0]], story.simultaneous)];
        let link = Link::new(story.weather, seed);
        Self { seed, story, hosts, link, now: Instant::ZERO, tells: number("TELL", 0) != 0 }
    }

    fn run(&mut self) {
        for _ in 0..MOST_EVENTS {
            self.settle();
            match self.next() {
                Some(next) => self.advance(next),
                None if self.abandon() => {}
                None => return,
            }
        }
        panic!("going round in circles: {}", self.situation());
    }

    /// When something happens next, if anything will.
    fn next(&self) -> Option<Instant> {
        let timers = self.hosts.iter().filter_map(|host| host.stack.poll_timer());
        let programs = self.hosts.iter().filter_map(Host::next);
        timers.chain(programs).chain(self.link.next()).min()
    }

    fn advance(&mut self, next: Instant) {
        assert!(next <= DEADLINE, "stuck: {}", self.situation());
        self.now = self.now.max(next);
        while let Some((to, bytes)) = self.link.arrived(self.now) {
            self.tell("  ->", to, &bytes);
            self.hosts[to].stack.on_packet(self.now, &bytes);
            self.settle();
        }
        for host in &mut self.hosts {
            host.stack.on_timer(self.now);
        }
    }

    /// A connection that was torn down before it was established is never accepted.
    fn abandon(&mut self) -> bool {
        let waiting = |host: &&mut Host| host.phase == Phase::Accepting;
        let Some(host) = self.hosts.iter_mut().find(waiting) else { return false };
        host.abandon(self.now);
        true
    }

    fn settle(&mut self) {
        for who in [0, 1] {
            self.hosts[who].program(self.now);
            let mut sent = 0;
            while let Some(bytes) = self.hosts[who].stack.poll_transmit() {
                self.tell("", who, &bytes);
                self.link.send(self.now, 1 - who, bytes);
                sent += 1;
                assert!(sent < MOST_AT_ONCE, "host {who} babbles");
            }
            self.hosts[who].stack.check();
        }
    }

    fn tell(&self, what: &str, who: usize, bytes: &[u8]) {
        if self.tells {
            eprintln!("{:>9} us {what} {who} {}", self.now.as_micros(), told(bytes));
        }
    }

    fn situation(&self) -> String {
        let each = self.hosts.iter().map(Host::situation).collect::<Vec<_>>();
        format!("at {} ms: {}", self.now.as_millis(), each.join("; "))
    }

    fn check(&self) {
        for (who, host) in self.hosts.iter().enumerate() {
            let peer = &self.hosts[1 - who];
            let got = &host.received;
            assert!(peer.to_send.starts_with(got), "host {who} read what was not sent");
            assert_eq!(host.phase, Phase::Done, "{}", self.situation());
            assert_eq!(host.stack.connections().count(), 0, "{}", self.situation());
            if host.at_end && !host.received.is_empty() {
                assert!(peer.sent >= got.len());
            }
            if self.story.is_orderly() {
                assert_eq!(host.error, None, "{}", self.situation());
                assert_eq!(got.len(), peer.to_send.len(), "host {who} misses bytes");
            }
        }
    }
}

/// A datagram in brief: flags, numbers, payload, window, options.
fn told(bytes: &[u8]) -> String {
    let ip = if bytes.first().is_some_and(|first| first >> 4 == 6) { 40 } else { 20 };
    let Some(tcp) = bytes.get(ip..).filter(|tcp| tcp.len() >= 20) else {
        return format!("{} bytes", bytes.len());
    };
    let word = |at: usize| u32::from_be_bytes(tcp[at..at + 4].try_into().unwrap());
    let payload_at = (usize::from(tcp[12] >> 4) * 4).clamp(20, tcp.len());
    let payload = tcp.len() - payload_at;
    let window = u16::from_be_bytes([tcp[14], tcp[15]]);
    let letters = "FSRP.UEC".chars().enumerate();
    let flags: String =
        letters.filter(|(bit, _)| tcp[13] >> bit & 1 == 1).map(|(_, c)| c).collect();
    let options = &tcp[20..payload_at];
    format!("{flags} {}:({payload}) ack {} win {window} {options:02x?}", word(4), word(8))
}

fn play(seed: u64) -> Result<(), String> {
    let mut play = Play::of(seed);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        play.run();
        play.check();
    }));
    outcome.map_err(|_| format!("seed {}: {:?}\n  {}", play.seed, play.story, play.situation()))
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// The stories are dealt to parts, so that they run on several processors.
#[rstest]
fn every_story_ends_well(#[values(0, 1, 2, 3, 4, 5, 6, 7)] part: u64) {
    let (first, count) = (number("FIRST_SEED", 1), number("SEEDS", FEW));
    let mine = (first..first + count).filter(|seed| seed % PARTS == part);
    let failures: Vec<_> = mine.filter_map(|seed| play(seed).err()).collect();
    for failure in failures.iter().take(10) {
        eprintln!("{failure}");
    }
    let seeds: Vec<_> = failures.iter().filter_map(|failure| failure.split(':').next()).collect();
    assert!(failures.is_empty(), "{} stories failed: {seeds:?}", failures.len());
}
