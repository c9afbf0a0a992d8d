//! A scenario from its first step to the end of every connection, with every oracle looking on.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use synproof_harness::scenario::{
    Action, Call, Family, Fate, IcmpError, LinkEvent, Scenario, Segment, SockOption, Step,
};
use synproof_stack::api::{Domain, Sleep};
use synproof_stack::mib::Counter;
use synproof_stack::state::TcpState;
use synproof_stack::time::Instant;
use synproof_stack::{Config, Flow, Stack};

use super::arrival::{self, Arrival, Ends};
use super::peer::Peer;
use super::program::{Got, Program};
use super::seen::{self, RST, Seen};
use super::wire::{Lenience, Wire};
use crate::oracles::reaction::{self, Situation};
use crate::reached;
use crate::{Finding, Verdict};

/// The port that scripts bind to, and connect to.
const PORT: u16 = 8080;
/// Connections of the peer's own come from this port and so many.
const PEER_PORT: u16 = 40_000;
/// Most time a step takes, and all of them together, in microseconds.
const MOST_STEP_US: u64 = 3 * 3_600_000_000;
const MOST_US: u64 = 12 * 3_600_000_000;
/// Virtual time after which the end has not come: two days.
const END_US: u64 = 2 * 86_400_000_000;
/// Timers of one step, and packets because of one event, after which a host goes round in circles.
const MOST_TIMERS: u32 = 20_000;
const MOST_SENT: u32 = 20_000;
/// What a socket may hold beyond twice its buffer: a burst that was taken as a whole.
const MOST_BEYOND: u32 = 3 * 65_536;

const WELL_FORMED: &str = "what a host sends is well-formed [RFC9293:3.1]";
const ENDS: &str =
    "with every socket closed and a silent peer, every connection ends [RFC9293:3.9.1]";
const NOTHING_LEFT: &str = "a host without sockets has no memory of connections";
const CIRCLES: &str = "one event causes a bounded number of packets and timers";
const STREAM: &str = "an application reads what the peer sent, in order, once [RFC9293:3.1]";
const MEMORY: &str = "a socket holds no more than its buffers allow";

#[cfg(feature = "mutants")]
thread_local! {
    static MUTANT: std::cell::Cell<Option<synproof_stack::mutant::Mutant>> =
        const { std::cell::Cell::new(None) };
}

/// The rule that the stacks of this thread break from now on.
#[cfg(feature = "mutants")]
pub fn set_mutant(mutant: Option<synproof_stack::mutant::Mutant>) {
    MUTANT.set(mutant);
}

/// A scenario's outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// Packets that arrived.
    pub arrived: u32,
    /// Packets that were sent.
    pub sent: u32,
    /// Bytes that the application read.
    pub read: u32,
    /// Microseconds at the end.
    pub us: u64,
}

/// Plays a scenario; [`Verdict::Rejected`] if it has no steps.
pub fn play(scenario: &Scenario) -> Verdict {
    if scenario.steps.is_empty() {
        return Verdict::Rejected;
    }
    match played(scenario) {
        Ok(_) => Verdict::Holds,
        Err(finding) => Verdict::Broken(finding),
    }
}

/// Plays a scenario, and says what came of it.
///
/// # Errors
/// A broken property.
pub fn played(scenario: &Scenario) -> Result<Played, Finding> {
    let mut player = Player::new(scenario);
    for step in &scenario.steps {
        player.advance(step.after_us)?;
        player.act(&step.action)?;
    }
    player.end()
}

struct Player {
    stack: Stack,
    now: Instant,
    ends: Ends,
    program: Program,
    /// Every connection there was, by its ports, and how its peer sees it.
    wires: Vec<(Wire, Peer)>,
    /// The connection of the last segment or connect().
    current: usize,
    /// What the last event made the stack send.
    sent: Vec<Seen>,
    /// Fates of the next packets: to the stack, from it.
    fates: [Vec<Fate>; 2],
    /// A packet that is overtaken by the next.
    overtaken: Option<Vec<u8>>,
    may_shrink: bool,
    /// The largest TCP_MAXSEG of the scenario.
    maxseg: u32,
    /// A socket was told to wait for its peer for longer than the end is waited for.
    is_patient: bool,
    played: Played,
}

impl Player {
    fn new(scenario: &Scenario) -> Self {
        let (domain, ends) = ends(scenario.family);
        let config = Config { local_addrs: vec![ends.local], seed: 1, ..Config::default() };
        let mut stack = Stack::new(config);
        #[cfg(feature = "mutants")]
        stack.set_mutant(MUTANT.get());
        stack.net_mut().tso = false;
        stack.trace_mut().enable();
        for (name, value) in &scenario.sysctls {
            // A knob that this stack does not have is none of its business.
            let _refused = stack.sysctl_mut().set(name, value);
        }
        let may_shrink = stack.sysctl().tcp_shrink_window != 0;
        let [local, remote] = [ends.local, ends.remote].map(|ip| SocketAddr::new(ip, PORT));
        Self {
            stack,
            now: Instant::from_millis(1),
            ends,
            program: Program::new(domain, local, remote),
            wires: Vec::new(),
            current: 0,
            sent: Vec::new(),
            fates: [Vec::new(), Vec::new()],
            overtaken: None,
            may_shrink,
            maxseg: scenario.steps.iter().filter_map(maxseg).max().unwrap_or_default(),
            is_patient: scenario.steps.iter().any(is_patient),
            played: Played::default(),
        }
    }

    fn act(&mut self, action: &Action) -> Result<(), Finding> {
        match action {
            Action::Call(call) => {
                let got = self.program.call(&mut self.stack, self.now, *call);
                self.after_event()?;
                self.judge_read(got)
            }
            Action::Segment(segment) => self.segment(segment),
            Action::Icmp(error) => self.icmp(error),
            Action::Link(LinkEvent { outbound, fate }) => {
                if let Some(fates) = self.fates.get_mut(usize::from(*outbound)) {
                    fates.push(*fate);
                }
                Ok(())
            }
            Action::Wait | Action::Verbatim(_) => Ok(()),
        }
    }

    /// Time passes, timer by timer.
    fn advance(&mut self, us: u64) -> Result<(), Finding> {
        if us == 0 {
            return Ok(());
        }
        let left = MOST_US.saturating_sub(self.now.as_micros());
        let end = self.now.plus_micros(us.min(MOST_STEP_US).min(left));
        self.run_timers(end)?;
        self.now = end;
        Ok(())
    }

    fn run_timers(&mut self, end: Instant) -> Result<(), Finding> {
        for _ in 0..MOST_TIMERS {
            let Some(at) = self.stack.poll_timer().filter(|at| *at <= end) else { return Ok(()) };
            self.now = self.now.max(at);
            self.stack.on_timer(self.now);
            self.after_event()?;
        }
        Err(Finding::of(CIRCLES, "timers", format!("{MOST_TIMERS} before {end:?}")))
    }

    /// The index of a connection of this number.
    fn connection(&mut self, number: u8) -> usize {
        if number == 0 && !self.wires.is_empty() {
            return self.current;
        }
        self.current = self.index(PORT, PEER_PORT + u16::from(number));
        self.current
    }

    fn index(&mut self, local: u16, remote: u16) -> usize {
        let known = |(wire, _): &(Wire, Peer)| wire.local == local && wire.remote == remote;
        self.wires.iter().position(known).unwrap_or_else(|| {
            let mut wire = Wire::new(local, remote);
            wire.maxseg = self.maxseg;
            self.wires.push((wire, Peer::default()));
            self.wires.len() - 1
        })
    }

    fn segment(&mut self, segment: &Segment) -> Result<(), Finding> {
        let index = self.connection(segment.conn);
        let Some((wire, peer)) = self.wires.get_mut(index) else { return Ok(()) };
        let ports = (wire.local, wire.remote);
        let (arrival, bytes) =
            arrival::segment(self.ends, ports, segment, peer, self.now.as_millis());
        peer.sends(
            arrival.flags,
            arrival.seq,
            arrival.end(),
            arrival.acks(),
            arrival.wscale.is_some(),
        );
        wire.arrives(&arrival);
        let fate = self.fates.first_mut().and_then(Vec::pop);
        match fate {
            Some(Fate::Lose) => return Ok(()),
            Some(Fate::Overtaken) => {
                self.overtaken = Some(bytes);
                return Ok(());
            }
            Some(Fate::Duplicate) => self.deliver(&arrival, &bytes, index)?,
            None => {}
        }
        self.deliver(&arrival, &bytes, index)?;
        if let Some(late) = self.overtaken.take() {
            self.stack.on_packet(self.now, &late);
            self.after_event()?;
        }
        Ok(())
    }

    /// The segment arrives, and the reaction is judged.
    fn deliver(&mut self, arrival: &Arrival, bytes: &[u8], index: usize) -> Result<(), Finding> {
        let flow = self.flow(arrival.local, arrival.remote);
        let nobody = Flow::new(flow.local, SocketAddr::new(flow.remote.ip(), 0));
        let state = self.stack.tcp_state(flow);
        let wire = self.wires.get(index).map(|(wire, _)| wire.clone()).unwrap_or_default();
        let listens = self.stack.tcp_state(nobody) == TcpState::Listen;
        self.played.arrived += 1;
        self.stack.on_packet(self.now, bytes);
        self.after_event()?;
        let situation =
            Situation { before: state, after: self.stack.tcp_state(flow), listens, wire: &wire };
        let ours = |seen: &&Seen| (seen.local, seen.remote) == (arrival.local, arrival.remote);
        let out: Vec<Seen> = self.sent.iter().filter(ours).copied().collect();
        reaction::judge(&situation, arrival, &out).map_or(Ok(()), Err)
    }

    fn flow(&self, local: u16, remote: u16) -> Flow {
        Flow::new(
            SocketAddr::new(self.ends.local, local),
            SocketAddr::new(self.ends.remote, remote),
        )
    }

    fn icmp(&mut self, error: &IcmpError) -> Result<(), Finding> {
        let index = self.connection(0);
        let Some((wire, peer)) = self.wires.get(index) else { return Ok(()) };
        let bytes = arrival::icmp(self.ends, (wire.local, wire.remote), error, peer.ack(error.seq));
        self.stack.on_packet(self.now, &bytes);
        self.after_event()
    }

    /// Takes what the stack sends, and looks at everything it says and is.
    fn after_event(&mut self) -> Result<(), Finding> {
        self.sent.clear();
        let mut count = 0;
        while let Some(bytes) = self.stack.poll_transmit() {
            count += 1;
            if count > MOST_SENT {
                return Err(Finding::of(
                    CIRCLES,
                    "packets",
                    format!("{MOST_SENT} at {:?}", self.now),
                ));
            }
            self.leaves(&bytes)?;
        }
        self.played.sent += count;
        while self.stack.poll_event().is_some() {}
        reached::note(self.stack.trace_mut());
        self.stack.check();
        Ok(())
    }

    fn leaves(&mut self, bytes: &[u8]) -> Result<(), Finding> {
        let seen = match seen::read(bytes) {
            Ok(Some(seen)) => seen,
            Ok(None) => return Ok(()),
            Err(what) => return Err(Finding::of(WELL_FORMED, what, format!("{bytes:02x?}"))),
        };
        let index = self.index(seen.local, seen.remote);
        if seen.has(seen::SYN) && !seen.has(seen::ACK) {
            self.current = index;
        }
        let cookies = self.stack.mib().get(Counter::TcpExtSyncookiesSent) > 0;
        let lenience = Lenience { may_shrink: self.may_shrink, cookies };
        let Some((wire, peer)) = self.wires.get_mut(index) else { return Ok(()) };
        if let Some((property, detail)) = wire.leaves(&seen, bytes, lenience) {
            let kind = if seen.has(RST) { "reset" } else { "segment" };
            return Err(Finding::of(property, kind, detail));
        }
        let fate = self.fates.get_mut(1).and_then(Vec::pop);
        if fate != Some(Fate::Lose) {
            peer.sees(&seen);
        }
        self.sent.push(seen);
        Ok(())
    }

    /// What was read is the peer's stream at the place where the application is.
    fn judge_read(&mut self, got: Option<Got>) -> Result<(), Finding> {
        let Some(got) = got else { return Ok(()) };
        self.played.read += u32::try_from(got.data.len()).unwrap_or_default();
        let peer = self.stack.getpeername(got.fd).ok();
        let local = self.stack.getsockname(got.fd).ok();
        let Some((local, remote)) = local.zip(peer) else { return Ok(()) };
        let known = |(wire, _): &&(Wire, Peer)| {
            (wire.local, wire.remote) == (local.port(), remote.port()) && wire.is_judged()
        };
        let Some((wire, _)) = self.wires.iter().find(known) else { return Ok(()) };
        match wire.first_difference(got.at, &got.data) {
            Some(detail) => Err(Finding::of(STREAM, "read", detail)),
            None => Ok(()),
        }
    }

    /// Closes every socket, and waits until nothing is left: the peer says no more.
    fn end(mut self) -> Result<Played, Finding> {
        self.check_memory()?;
        for fd in self.program.take_open() {
            let mut sleep = Sleep::default();
            if self.stack.close(self.now, fd, &mut sleep).is_pending() {
                self.program.linger(fd, sleep);
            }
            self.after_event()?;
        }
        for (fd, mut sleep) in self.program.take_lingering() {
            self.run_timers(sleep.deadline().unwrap_or(self.now))?;
            self.now = self.now.max(sleep.deadline().unwrap_or(self.now));
            let _over = self.stack.close(self.now, fd, &mut sleep);
            self.after_event()?;
        }
        if self.is_patient {
            return Ok(self.played);
        }
        let end = self.now.plus_micros(END_US);
        self.run_timers(end)?;
        self.played.us = self.now.as_micros();
        let left: Vec<_> = self.stack.connections().map(|(_, state)| state).collect();
        if let Some(state) = left.first() {
            return Err(Finding::of(ENDS, state.linux_name(), format!("{left:?}")));
        }
        if self.stack.sockets() != 0 || self.stack.poll_timer().is_some() {
            let (sockets, timer) = (self.stack.sockets(), self.stack.poll_timer());
            return Err(Finding::of(NOTHING_LEFT, "", format!("{sockets} sockets, {timer:?}")));
        }
        Ok(self.played)
    }

    /// SO_MEMINFO: rmem_alloc, rcvbuf, wmem_alloc, sndbuf, fwd_alloc, wmem_queued, …
    fn check_memory(&mut self) -> Result<(), Finding> {
        for fd in self.program.open() {
            let Ok(meminfo) = self.stack.getsockopt(self.now, *fd, 1, 55, 36) else { continue };
            let words = meminfo.as_chunks::<4>().0.iter().map(|word| u32::from_ne_bytes(*word));
            let words: Vec<u32> = words.collect();
            let &[rmem, rcvbuf, _, sndbuf, _, wmem, ..] = words.as_slice() else { continue };
            let most = |buffer: u32| buffer.saturating_mul(2).saturating_add(MOST_BEYOND);
            if rmem > most(rcvbuf) || wmem > most(sndbuf) {
                return Err(Finding::of(MEMORY, "SO_MEMINFO", format!("{words:?}")));
            }
        }
        Ok(())
    }
}

/// TCP_USER_TIMEOUT of more than an hour, in milliseconds.
fn is_patient(step: &Step) -> bool {
    let Action::Call(Call::SetOption { option, value, .. }) = step.action else { return false };
    option == SockOption::UserTimeout && value > 3_600_000
}

/// What a step sets TCP_MAXSEG to.
fn maxseg(step: &Step) -> Option<u32> {
    match step.action {
        Action::Call(Call::SetOption { option: SockOption::MaxSeg, value, .. }) => {
            u32::try_from(value).ok()
        }
        Action::Call(_)
        | Action::Segment(_)
        | Action::Icmp(_)
        | Action::Link(_)
        | Action::Wait
        | Action::Verbatim(_) => None,
    }
}

/// The addresses of a script, and what sockets are made for.
fn ends(family: Family) -> (Domain, Ends) {
    let v4 = Ends {
        local: IpAddr::V4(Ipv4Addr::new(192, 168, 0, 1)),
        remote: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    };
    match family {
        Family::V4 => (Domain::Inet, v4),
        Family::Mapped => (Domain::Inet6, v4),
        Family::V6 => {
            let host = |n: u16| IpAddr::V6(Ipv6Addr::new(0xfd3d, 0, 0, 0, 0, 0, 0, n));
            (Domain::Inet6, Ends { local: host(1), remote: host(2) })
        }
    }
}
