//! What every [`Target`](super::Target) must do, as checks to run on any [`Launch`].
//!
//! A target that passes can stand in for another: the engine relies on these rules and on nothing
//! else. Failures are values; a test prints them. [`Footprint`] counts what this process holds, so
//! the check of the teardown needs a process in which nothing else comes and goes.

mod footprint;
mod scene;

use std::collections::BTreeMap;

pub use footprint::Footprint;
use scene::Scene;

use super::syscall::{Buffer, Errno, Fd, Output, Syscall};
use super::{Clock, Launch, Observation, TargetError, TcpState};
use crate::packet::flag;

/// A rule that a target broke, or could not be asked about.
#[derive(Debug, thiserror::Error)]
pub enum Violation {
    /// The rule and what happened instead.
    #[error("{0}")]
    Broken(String),
    /// The environment failed.
    #[error(transparent)]
    Target(#[from] TargetError),
}

/// Fails with the text unless the condition holds.
macro_rules! require {
    ($holds:expr, $($text:tt)+) => {
        if !$holds {
            return Err(Violation::Broken(format!($($text)+)));
        }
    };
}

/// One rule with its check.
pub struct Rule {
    /// Lower-case, as in "rule `…` is broken".
    pub name: &'static str,
    check: fn(&dyn Launch) -> Result<(), Violation>,
}

impl Rule {
    /// Launches targets and checks the rule on them.
    ///
    /// # Errors
    /// The rule is broken, or the environment failed.
    pub fn check(&self, launch: &dyn Launch) -> Result<(), Violation> {
        (self.check)(launch)
    }
}

/// All rules.
pub const RULES: &[Rule] = &[
    Rule { name: "a submitted call returns exactly once", check: returns_once },
    Rule { name: "a blocked call returns when its cause comes", check: blocked_call_returns },
    Rule { name: "no packet is lost or duplicated", check: packets_once },
    Rule { name: "times never go back", check: times_monotonic },
    Rule { name: "idle means the deadline was reached", check: idle_at_deadline },
    Rule { name: "a virtual target is reproducible", check: virtual_reproducible },
    Rule { name: "states and probes agree", check: states_agree },
    Rule { name: "ports are not handed out twice", check: ports_differ },
    Rule { name: "nothing stays behind", check: nothing_stays },
];

/// Long enough for anything that is on its way, in microseconds of script time.
const SOON_US: i64 = 100_000;

fn returns_once(launch: &dyn Launch) -> Result<(), Violation> {
    let mut scene = Scene::new(launch)?;
    let mut calls = Vec::new();
    let bad = Fd(-1);
    for _ in 0..8 {
        calls.push(scene.submit(&Syscall::Socket { domain: 2, ty: 1, protocol: 0 }, false)?);
        calls.push(scene.submit(&Syscall::Close { fd: bad }, false)?);
    }
    let mut returned = BTreeMap::new();
    for observation in scene.observe_all(SOON_US)? {
        if let Observation::Returned { call, returned: result, .. } = observation {
            let count = returned.entry(call).or_insert(0);
            *count += 1;
            require!(*count == 1, "{call:?} returned {count} times");
            let of_close = calls.iter().position(|&c| c == call).is_some_and(|at| at % 2 == 1);
            if of_close {
                let ebadf = result.value == -1 && result.errno == Some(Errno(9));
                require!(ebadf, "close(-1) gave {result:?}, not EBADF");
            } else {
                require!(result.value >= 0, "socket() gave {result:?}");
            }
        }
    }
    let lost = calls.iter().find(|call| !returned.contains_key(call));
    require!(lost.is_none(), "{lost:?} never returned");
    Ok(())
}

fn blocked_call_returns(launch: &dyn Launch) -> Result<(), Violation> {
    let mut scene = Scene::new(launch)?;
    let listener = scene.listen()?;
    let accept = scene.submit(&Syscall::Accept { fd: listener }, true)?;
    let early = scene.observe_all(20_000)?;
    let returned =
        |o: &Observation| matches!(o, Observation::Returned { call, .. } if *call == accept);
    require!(!early.iter().any(returned), "accept returned without a connection");
    // Other calls go on meanwhile.
    let other = scene.call(&Syscall::Socket { domain: 2, ty: 1, protocol: 0 })?;
    require!(other.value >= 0, "a call beside a blocked one gave {other:?}");
    let peer = scene.handshake()?;
    let result = scene.returned(accept)?;
    require!(result.value >= 0, "accept gave {result:?}");
    let port = if let Output::Peer(address) = result.output { address.port() } else { 0 };
    require!(port == peer.port, "accept says port {port}, the peer is {}", peer.port);
    Ok(())
}

/// One SYN from each of many ports draws exactly one SYN-ACK before a retransmission is due.
fn packets_once(launch: &dyn Launch) -> Result<(), Violation> {
    const SYNS: u32 = 32;
    let mut scene = Scene::new(launch)?;
    scene.listen()?;
    let mut expected = BTreeMap::new();
    for seq in 0..SYNS {
        let port = scene.port()?;
        scene.inject(port, seq * 1000, 0, flag::SYN, 0)?;
        expected.insert(port, seq * 1000 + 1);
    }
    let mut seen = BTreeMap::new();
    for observation in scene.observe_all(SOON_US)? {
        if let Some((port, tcp)) = Scene::outbound(&observation) {
            let acked = expected.get(&port).copied();
            require!(acked == Some(tcp.ack), "port {port}: ack {} not {acked:?}", tcp.ack);
            let count = seen.entry(port).or_insert(0);
            *count += 1;
            require!(*count == 1, "port {port} was answered {count} times");
        }
    }
    require!(seen.len() == expected.len(), "{} of {SYNS} SYNs were answered", seen.len());
    Ok(())
}

fn times_monotonic(launch: &dyn Launch) -> Result<(), Violation> {
    let mut scene = Scene::new(launch)?;
    let (fd, peer) = scene.connection()?;
    for round in 0..10 {
        scene.submit(&Syscall::Write { fd, buf: Buffer::Zeros(100) }, false)?;
        scene.observe_all(1_000)?;
        scene.inject(
            peer.port,
            peer.seq,
            peer.ack.wrapping_add(100 * (round + 1)),
            flag::ACK,
            0,
        )?;
        scene.observe_all(1_000)?;
    }
    match scene.went_back() {
        Some((before, after)) => Err(Violation::Broken(format!("from {before:?} to {after:?}"))),
        None => Ok(()),
    }
}

fn idle_at_deadline(launch: &dyn Launch) -> Result<(), Violation> {
    let mut scene = Scene::new(launch)?;
    let exact = matches!(scene.clock(), Clock::Virtual { .. });
    for ahead in [0, 1, 999, 10_000, 123_457] {
        let deadline = scene.now().plus(ahead);
        let at = scene.idle_at(deadline)?;
        require!(at >= deadline, "idle at {at:?} before the deadline {deadline:?}");
        require!(!exact || at == deadline, "idle at {at:?}, the deadline is {deadline:?}");
    }
    Ok(())
}

fn virtual_reproducible(launch: &dyn Launch) -> Result<(), Violation> {
    let run = || {
        let mut scene = Scene::new(launch)?;
        let (fd, _) = scene.connection()?;
        scene.submit(&Syscall::Write { fd, buf: Buffer::Zeros(5000) }, false)?;
        // Long enough for retransmissions.
        let observed = scene.observe_all(5_000_000)?;
        Ok::<_, Violation>((matches!(scene.clock(), Clock::Virtual { .. }), observed))
    };
    let info = launch.info()?;
    if matches!(info.clock, Clock::Real { .. }) {
        return Ok(());
    }
    let (_, first) = run()?;
    let (_, second) = run()?;
    let differs = first.iter().zip(&second).position(|(a, b)| a != b);
    require!(
        first.len() == second.len() && differs.is_none(),
        "two runs saw {} and {} events and differ at {differs:?}",
        first.len(),
        second.len()
    );
    Ok(())
}

fn states_agree(launch: &dyn Launch) -> Result<(), Violation> {
    let mut scene = Scene::new(launch)?;
    let nobody = scene.state(40_000)?;
    require!(nobody == TcpState::Close, "a connection that never was is {nobody:?}");
    let listener = scene.listen()?;
    let listening = scene.listener_state()?;
    require!(listening == TcpState::Listen, "a listener is {listening:?}");
    let nobody = scene.state(40_000)?;
    require!(nobody == TcpState::Close, "a connection beside a listener is {nobody:?}");
    let half_open = scene.syn()?;
    let state = scene.state(half_open.port)?;
    require!(state == TcpState::NewSynRecv, "a half-open connection is {state:?}");
    scene.inject(half_open.port, half_open.seq, half_open.ack, flag::ACK, 0)?;
    let state = scene.state(half_open.port)?;
    require!(state == TcpState::Established, "an open connection is {state:?}");
    let accepted = scene.call(&Syscall::Accept { fd: listener })?;
    let fd = Fd(i32::try_from(accepted.value).unwrap_or(-1));
    if launch.info()?.has(super::Capability::TcpInfo) {
        let info = scene.probe(fd)?.map_err(|e| Violation::Broken(format!("probe: {e:?}")))?;
        let state = info.tcp_info.first().copied().and_then(TcpState::from_number);
        require!(state == Some(TcpState::Established), "TCP_INFO says {state:?}");
    }
    let bad = scene.probe(Fd(-1))?;
    require!(bad == Err(Errno(9)), "probe of a bad descriptor gave {bad:?}");
    Ok(())
}

fn ports_differ(launch: &dyn Launch) -> Result<(), Violation> {
    let mut scene = Scene::new(launch)?;
    let ports = (0..100).map(|_| scene.port()).collect::<Result<Vec<_>, _>>()?;
    let distinct: std::collections::BTreeSet<_> = ports.iter().collect();
    require!(distinct.len() == ports.len(), "{} of 100 ports differ", distinct.len());
    Ok(())
}

/// Also after a blocked call, an open connection and a command, and when several targets overlap.
fn nothing_stays(launch: &dyn Launch) -> Result<(), Violation> {
    // The first target of a process may set up what is kept for all of them.
    drop(Scene::new(launch)?);
    let before = Footprint::settled(&Footprint::NONE);
    let mut first = Scene::new(launch)?;
    let mut second = Scene::new(launch)?;
    let (fd, _) = first.connection()?;
    first.submit(&Syscall::Read { fd, buf: Buffer::Zeros(10) }, true)?;
    let listener = second.listen()?;
    second.submit(&Syscall::Accept { fd: listener }, true)?;
    drop(first);
    drop(second);
    let after = Footprint::settled(&before);
    require!(after.within(&before), "before: {before:?}, after: {after:?}");
    Ok(())
}
