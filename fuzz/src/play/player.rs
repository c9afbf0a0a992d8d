//! A scenario from its first step to the end of every connection, with every oracle looking on.

mod judges;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use synproof_harness::scenario::{
    Action, Call, Fate, IcmpError, LinkEvent, Scenario, Segment, SockOption,
};
use synproof_stack::api::Sleep;
use synproof_stack::mib::Counter;
use synproof_stack::state::TcpState;
use synproof_stack::time::Instant;
use synproof_stack::{Config, Fd, Flow, Stack};

use super::arrival::{self, Arrival, Ends};
use super::duty::Duty;
use super::peer::Peer;
use super::program::Program;
use super::seen::{self, RST, Seen};
use super::setting::{Setting, ends};
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

/// Bit of tcp_fastopen: a client needs no cookie.
const TFO_CLIENT_NO_COOKIE: i32 = 4;
const WELL_FORMED: &str = "what a host sends is well-formed [RFC9293:3.1]";
const ENDS: &str =
    "with every socket closed and a silent peer, every connection ends [RFC9293:3.9.1]";
const NOTHING_LEFT: &str = "a host without sockets has no memory of connections";
const CIRCLES: &str = "one event causes a bounded number of packets and timers";
const UNREAD: &str = "close() with unread data sends a reset [RFC1122:4.2.2.13]";
const ICMP: &str = "an ICMP error does not end an established connection [RFC5927:5.2]";

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

/// A connection, by its ports: what the wire shows, how the peer sees it, what is due.
#[derive(Default)]
struct Link {
    wire: Wire,
    peer: Peer,
    duty: Duty,
}

struct Player {
    stack: Stack,
    now: Instant,
    ends: Ends,
    program: Program,
    /// Every connection there was.
    links: Vec<Link>,
    /// The connection of the last segment or connect().
    current: usize,
    /// What the last event made the stack send.
    sent: Vec<Seen>,
    /// Fates of the next packets: to the stack, from it.
    fates: [Vec<Fate>; 2],
    /// A segment that is overtaken by the next, and the index of its connection.
    overtaken: Option<(Arrival, Vec<u8>, usize)>,
    may_shrink: bool,
    setting: Setting,
    /// What each socket held for its application when data last arrived, in bytes of memory; whether
    /// it has taken something since that was more than its buffer.
    held: Vec<(Fd, u32, bool)>,
    /// The largest buffers that each socket has had, for receiving and for sending: what a larger one
    /// holds stays when it is made smaller.
    buffers: BTreeMap<i32, [u32; 2]>,
    played: Played,
}

impl Link {
    const fn is(&self, local: u16, remote: u16) -> bool {
        self.wire.local == local && self.wire.remote == remote
    }
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
            links: Vec::new(),
            current: 0,
            sent: Vec::new(),
            fates: [Vec::new(), Vec::new()],
            overtaken: None,
            may_shrink,
            setting: Setting::of(scenario),
            held: Vec::new(),
            buffers: BTreeMap::new(),
            played: Played::default(),
        }
    }

    fn act(&mut self, action: &Action) -> Result<(), Finding> {
        match action {
            Action::Call(call) => self.call(*call),
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

    fn call(&mut self, call: Call) -> Result<(), Finding> {
        let closes = if let Call::Close { slot } = call { Some(slot) } else { None };
        if let Call::SetOption { option: SockOption::RcvBuf | SockOption::SndBuf, .. } = call {
            self.note_buffers();
        }
        let unread = closes.and_then(|slot| self.unread(slot));
        self.links.iter_mut().for_each(|link| link.duty.stirred());
        self.held.iter_mut().for_each(|(.., over)| *over = false);
        let got = self.program.call(&mut self.stack, self.now, call);
        self.after_event()?;
        self.states_are_now();
        let reset = |flow: (u16, u16)| {
            self.sent.iter().any(|seen| (seen.local, seen.remote) == flow && seen.has(RST))
        };
        if let Some(flow) = unread.filter(|flow| !reset(*flow)) {
            return Err(Finding::of(UNREAD, "close", format!("{flow:?} {:?}", self.sent)));
        }
        self.judge_read(got)
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
        self.judge_time()
    }

    fn run_timers(&mut self, end: Instant) -> Result<(), Finding> {
        for _ in 0..MOST_TIMERS {
            let Some(at) = self.stack.poll_timer().filter(|at| *at <= end) else { return Ok(()) };
            self.now = self.now.max(at);
            self.stack.on_timer(self.now);
            self.after_event()?;
            self.judge_time()?;
        }
        Err(Finding::of(CIRCLES, "timers", format!("{MOST_TIMERS} before {end:?}")))
    }

    /// The index of a connection of this number.
    fn connection(&mut self, number: u8) -> usize {
        if number == 0 && !self.links.is_empty() {
            return self.current;
        }
        self.current = self.index(PORT, PEER_PORT + u16::from(number));
        self.current
    }

    fn index(&mut self, local: u16, remote: u16) -> usize {
        self.links.iter().position(|link| link.is(local, remote)).unwrap_or_else(|| {
            let mut wire = Wire::new(local, remote);
            wire.maxseg = self.setting.maxseg;
            self.links.push(Link { wire, ..Link::default() });
            self.links.len() - 1
        })
    }

    fn segment(&mut self, segment: &Segment) -> Result<(), Finding> {
        let index = self.connection(segment.conn);
        let Some(Link { wire, peer, .. }) = self.links.get_mut(index) else { return Ok(()) };
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
        wire.arrives(&arrival, self.now);
        let fate = self.fates.first_mut().and_then(Vec::pop);
        match fate {
            Some(Fate::Lose) => return Ok(()),
            Some(Fate::Overtaken) => {
                self.overtaken = Some((arrival, bytes, index));
                return Ok(());
            }
            Some(Fate::Duplicate) => self.deliver(&arrival, &bytes, index)?,
            None => {}
        }
        self.deliver(&arrival, &bytes, index)?;
        if let Some((arrival, late, index)) = self.overtaken.take() {
            // Its window counts by the scale that the other one may have told.
            if let Some(link) = self.links.get_mut(index) {
                link.wire.arrives(&arrival, self.now);
            }
            self.stack.on_packet(self.now, &late);
            self.after_event()?;
            self.states_are_now();
        }
        Ok(())
    }

    /// The segment arrives, and the reaction is judged.
    fn deliver(&mut self, arrival: &Arrival, bytes: &[u8], index: usize) -> Result<(), Finding> {
        let flow = flow(self.ends, arrival.local, arrival.remote);
        let nobody = Flow::new(flow.local, SocketAddr::new(flow.remote.ip(), 0));
        let before = self.stack.tcp_state(flow);
        let Some(link) = self.links.get_mut(index) else { return Ok(()) };
        link.duty.stirred();
        let quiet = link.duty.is_quiet(self.now) && !self.setting.is_reluctant;
        let wire = link.wire.clone();
        let listens = self.stack.tcp_state(nobody) == TcpState::Listen;
        self.played.arrived += 1;
        self.stack.on_packet(self.now, bytes);
        self.after_event()?;
        let after = self.stack.tcp_state(flow);
        if let Some(link) = self.links.get_mut(index) {
            let acked = [wire.acked, link.wire.acked];
            link.duty.arrived(arrival, (before, after), acked, self.now);
            if (before, after) == (TcpState::Established, TcpState::Established)
                && wire.acked == Some(arrival.seq)
            {
                link.wire.came_next(arrival);
            }
        }
        if arrival.payload > 0 {
            self.judge_growth()?;
        }
        let aborts = self.setting.aborts;
        let situation = Situation { before, after, listens, quiet, aborts, wire: &wire };
        let ours = |seen: &&Seen| (seen.local, seen.remote) == (arrival.local, arrival.remote);
        let out: Vec<Seen> = self.sent.iter().filter(ours).copied().collect();
        reaction::judge(&situation, arrival, &out).map_or(Ok(()), Err)
    }

    fn icmp(&mut self, error: &IcmpError) -> Result<(), Finding> {
        let index = self.connection(0);
        let Some(Link { wire, peer, duty }) = self.links.get_mut(index) else { return Ok(()) };
        duty.stirred();
        let bytes = arrival::icmp(self.ends, (wire.local, wire.remote), error, peer.ack(error.seq));
        let (flow, is_idle) = (flow(self.ends, wire.local, wire.remote), peer.is_idle());
        let before = self.stack.tcp_state(flow);
        self.stack.on_packet(self.now, &bytes);
        self.after_event()?;
        self.states_are_now();
        let after = self.stack.tcp_state(flow);
        // With something in flight it may be the moment to give up.
        let stays = matches!(before, TcpState::Established | TcpState::CloseWait) && is_idle;
        if stays && before != after {
            return Err(Finding::of(ICMP, before.linux_name(), format!("{error:?} to {after:?}")));
        }
        Ok(())
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
        let counted = |counter| self.stack.mib().get(counter) > 0;
        let cookies = counted(Counter::TcpExtSyncookiesSent);
        // Without memory for a segment Linux closes the window (tcp_select_window, ICSK_ACK_NOMEM).
        let may_shrink = self.may_shrink || counted(Counter::TcpExtTCPRcvQDrop);
        let remembers = self.stack.sysctl().tcp_fastopen & TFO_CLIENT_NO_COOKIE != 0;
        let lenience = Lenience { may_shrink, cookies, remembers };
        let Some(Link { wire, peer, duty }) = self.links.get_mut(index) else { return Ok(()) };
        if let Some((property, detail)) = wire.leaves(&seen, bytes, lenience) {
            let kind = if seen.has(RST) { "reset" } else { "segment" };
            return Err(Finding::of(property, kind, detail));
        }
        if let Some(property) = duty.leaves(&seen, self.now) {
            return Err(Finding::of(property, "segment", format!("{seen:?}\nin {duty:?}")));
        }
        let fate = self.fates.get_mut(1).and_then(Vec::pop);
        if fate != Some(Fate::Lose) {
            peer.sees(&seen);
        }
        self.sent.push(seen);
        Ok(())
    }

    /// Closes every socket, and waits until nothing is left: the peer says no more.
    fn end(mut self) -> Result<Played, Finding> {
        self.check_memory()?;
        self.judge_rest()?;
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
        if self.setting.is_patient {
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
}

fn flow(ends: Ends, local: u16, remote: u16) -> Flow {
    Flow::new(SocketAddr::new(ends.local, local), SocketAddr::new(ends.remote, remote))
}
