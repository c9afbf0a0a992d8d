//! Two hosts and a link, from the first SYN until nothing is left of either connection.

use std::net::SocketAddr;

use synproof_stack::time::Instant;

use super::link::Link;
use super::plan::Story;
use super::program::{Host, Phase};
use super::sure;

/// Virtual time after which a story that is not over is stuck: two days.
const DEADLINE: Instant = Instant::from_millis(172_800_000);
/// Events after which a story is going round in circles.
const MOST_EVENTS: u32 = 2_000_000;
/// Datagrams of one settling after which a host babbles.
const MOST_AT_ONCE: u32 = 100_000;

/// A story that is played.
#[derive(Debug)]
pub struct Play {
    story: Story,
    hosts: [Host; 2],
    link: Link,
    now: Instant,
    /// Every datagram is told on standard error (`TELL=1`).
    tells: bool,
}

impl Play {
    /// At its beginning. `tells`: every datagram is told on standard error.
    #[must_use]
    pub fn new(story: Story, tells: bool) -> Self {
        let ends = if story.v6 {
            ["[2001:db8::1]:1000", "[2001:db8::2]:8080"]
        } else {
            ["192.0.2.1:1000", "192.0.2.2:8080"]
        };
        let [client, server] = ends.map(|end| sure(end.parse::<SocketAddr>()));
        let [a, b] = story.programs.clone();
        let hosts = [
            Host::new(a, [client, server], true),
            Host::new(b, [server, client], story.simultaneous),
        ];
        let link = Link::with_fates(story.weather, story.fates.clone(), story.seed);
        Self { story, hosts, link, now: Instant::ZERO, tells }
    }

    /// Its hosts.
    pub fn hosts_mut(&mut self) -> &mut [Host; 2] {
        &mut self.hosts
    }

    /// To its end.
    ///
    /// # Panics
    /// It does not end, a host babbles, or a stack contradicts itself.
    pub fn run(&mut self) {
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
            tell(self.tells, (self.now, "  ->", to), &bytes);
            if let Some(host) = self.hosts.get_mut(to) {
                host.stack.on_packet(self.now, &bytes);
            }
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
        let Self { hosts, link, now, tells, .. } = self;
        for (who, host) in hosts.iter_mut().enumerate() {
            host.program(*now);
            let mut sent = 0;
            while let Some(bytes) = host.stack.poll_transmit() {
                tell(*tells, (*now, "", who), &bytes);
                link.send(*now, 1 - who, bytes);
                sent += 1;
                assert!(sent < MOST_AT_ONCE, "host {who} babbles");
            }
            host.stack.check();
        }
    }

    /// Where both hosts are.
    #[must_use]
    pub fn situation(&self) -> String {
        let each = self.hosts.iter().map(Host::situation).collect::<Vec<_>>();
        format!("at {} ms: {}", self.now.as_millis(), each.join("; "))
    }

    /// Every byte arrived, in order, once; everybody finished; nothing is left.
    ///
    /// # Panics
    /// Otherwise.
    pub fn check(&self) {
        let [first, second] = &self.hosts;
        for (who, host, peer) in [(0, first, second), (1, second, first)] {
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

#[expect(clippy::print_stderr, reason = "told because it was asked for")]
fn tell(tells: bool, (now, what, who): (Instant, &str, usize), bytes: &[u8]) {
    if !tells {
        return;
    }
    eprintln!("{:>9} us {what} {who} {}", now.as_micros(), told(bytes));
}

/// A datagram in brief: flags, numbers, payload, window, options.
fn told(bytes: &[u8]) -> String {
    let ip = if bytes.first().is_some_and(|first| first >> 4 == 6) { 40 } else { 20 };
    let Some(tcp) = bytes.get(ip..) else {
        return format!("{} bytes", bytes.len());
    };
    let Some(&[_, _, _, _, q0, q1, q2, q3, a0, a1, a2, a3, offset, bits, w0, w1, ..]) =
        tcp.first_chunk::<20>()
    else {
        return format!("{} bytes", bytes.len());
    };
    let payload_at = (usize::from(offset >> 4) * 4).clamp(20, tcp.len());
    let payload = tcp.len() - payload_at;
    let (seq, ack) = (u32::from_be_bytes([q0, q1, q2, q3]), u32::from_be_bytes([a0, a1, a2, a3]));
    let window = u16::from_be_bytes([w0, w1]);
    let letters = "FSRP.UEC".chars().enumerate();
    let flags: String = letters.filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, c)| c).collect();
    let options = tcp.get(20..payload_at).unwrap_or_default();
    format!("{flags} {seq}:({payload}) ack {ack} win {window} {options:02x?}")
}
