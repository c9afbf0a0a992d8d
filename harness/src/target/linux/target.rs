//! The running kernel behind the [`Target`] trait.

use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::sync::Arc;

use nix::poll::{PollFd, PollFlags};
use nix::sys::time::TimeSpec;

use super::clock::ScriptClock;
use super::commands::KernelHost;
use super::crew::{Crew, Home};
use super::launch::Passage;
use super::lull::Lull;
use super::packet_socket::PacketSocket;
use super::sock_diag::SockDiag;
use super::wire::Wire;
use super::{fault, network, sys};
use crate::command::execute::execute;
use crate::command::{CommandOutcome, ShellScript};
use crate::target::look::ALL_EVENTS;
use crate::target::{
    CallId, Errno, Fd, FlowKey, Observation, Sample, Sampling, ScriptTime, SockSnapshot, Syscall,
    Target, TargetError, TargetInfo, TcpState,
};

/// First port of the harness's side: the start of Linux's own ephemeral range. In a namespace of
/// its own nobody else uses any, so counting up never meets a port the kernel remembers.
const FIRST_EPHEMERAL_PORT: u16 = 32_768;

/// What `launch` put up.
pub(super) struct Parts {
    pub info: TargetInfo,
    pub passage: Passage,
    pub crew: Crew,
    pub wire: Box<dyn Wire>,
    pub packets: PacketSocket,
    pub diag: SockDiag,
    /// Where the crew goes afterwards; none where it ends.
    pub home: Option<Arc<Home>>,
}

/// One script's kernel: a network namespace with the threads that live in it.
pub struct LinuxTarget {
    parts: Parts,
    clock: ScriptClock,
    lull: Lull,
    /// What has happened and was not handed out yet, in order of time.
    pending: VecDeque<(i64, Observation)>,
    /// The latest time handed out.
    last: ScriptTime,
    next_port: u16,
    /// Thread whose scheduling [`Target::start`] changed.
    boosted: Option<i32>,
}

impl LinuxTarget {
    pub(super) fn new(parts: Parts) -> Self {
        let lull = Lull::new(parts.passage);
        Self {
            parts,
            clock: ScriptClock::new(),
            lull,
            pending: VecDeque::new(),
            last: ScriptTime(i64::MIN),
            next_port: FIRST_EPHEMERAL_PORT,
            boosted: None,
        }
    }

    /// Moves everything that has happened into `pending`. Completions first: the packets that a
    /// call sent are in the packet socket before the call returns, so none can be missing.
    fn collect(&mut self) -> Result<(), TargetError> {
        if self.lull.is_collected() {
            return Ok(());
        }
        for done in self.parts.crew.pool.collect() {
            let at = self.clock.at(done.at_ns);
            let returned = Observation::Returned { at, call: done.call, returned: done.returned };
            self.pending.push_back((done.at_ns, returned));
        }
        loop {
            match self.parts.packets.receive() {
                Ok(Some(packet)) => {
                    self.parts.wire.consume();
                    let at = self.clock.at(packet.at_ns);
                    let seen = Observation::Packet { at, bytes: packet.bytes };
                    self.pending.push_back((packet.at_ns, seen));
                }
                Ok(None) => break,
                Err(error) => self.still_up("read packets of tun0", error)?,
            }
        }
        self.parts.wire.settle();
        if self.parts.wire.awaited().is_none() {
            self.lull.set_collected();
        }
        self.pending.make_contiguous().sort_by_key(|(at_ns, _)| *at_ns);
        Ok(())
    }

    /// The error that a packet socket keeps from a moment when `tun0` was down means nothing once
    /// it is up again; while it is down, that is what is wrong.
    fn still_up(&mut self, what: &str, error: std::io::Error) -> Result<(), TargetError> {
        if self.parts.crew.namespace.run(|_| network::is_up())? {
            let was_down = error.raw_os_error() == Some(libc::ENETDOWN);
            return if was_down { Ok(()) } else { Err(fault::io(what)(error)) };
        }
        Err(TargetError::Unavailable {
            what: what.into(),
            why: format!("the interface tun0 is down or gone ({error})"),
            fix: "a command of the script took it down: bring it up again in the same command"
                .into(),
        })
    }

    /// The next of `pending`. Two processors may stamp packets a microsecond out of order; the
    /// times handed out never go back.
    fn next_pending(&mut self) -> Option<Observation> {
        let (_, mut observation) = self.pending.pop_front()?;
        match &mut observation {
            Observation::Packet { at, .. }
            | Observation::Returned { at, .. }
            | Observation::Idle { at } => {
                *at = self.last.max(*at);
                self.last = *at;
            }
        }
        Some(observation)
    }

    fn wait(&mut self, limit: std::time::Duration) -> Result<(), TargetError> {
        let pool = &self.parts.crew.pool;
        self.lull.end();
        if !pool.may_sleep() {
            pool.woken(false);
            return Ok(());
        }
        let mut fds = vec![
            PollFd::new(pool.notify(), PollFlags::POLLIN),
            PollFd::new(self.parts.packets.as_fd(), PollFlags::POLLIN),
        ];
        if let Some(device) = self.parts.wire.awaited() {
            fds.push(PollFd::new(device, PollFlags::POLLIN));
        }
        let slept = nix::poll::ppoll(&mut fds, Some(TimeSpec::from_duration(limit)), None);
        pool.woken(fds.first().is_none_or(|notify| notify.any() != Some(false)));
        match slept {
            Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
            Err(error) => Err(fault::io("wait for packets")(error)),
        }
    }

    /// Before the runner does something: the calls before it are where they go.
    fn settle(&mut self) -> Result<(), TargetError> {
        if self.parts.crew.pool.settle()? {
            self.lull.end();
        }
        Ok(())
    }

    fn present(&mut self) -> ScriptTime {
        self.clock.at(self.lull.now_ns())
    }

    /// Time that is left until `deadline`, or none.
    fn remaining(&mut self, deadline: ScriptTime) -> Option<std::time::Duration> {
        self.clock.remaining(deadline, self.lull.now_ns())?;
        self.clock.remaining(deadline, self.lull.exact_now_ns())
    }
}

impl Target for LinuxTarget {
    fn info(&self) -> &TargetInfo {
        &self.parts.info
    }

    fn start(&mut self) -> Result<(), TargetError> {
        // A guest's runner is so from the beginning.
        if self.parts.home.is_none() {
            let tid = nix::unistd::gettid().as_raw();
            if sys::round_robin(tid, Some(0)) {
                self.boosted = Some(tid);
            }
            let _ = nix::sys::prctl::set_timerslack(1);
        }
        match self.parts.passage {
            Passage::TimeTravel { wheel_ticks } => self.clock.start_in_time_travel(wheel_ticks),
            Passage::Machine => self.clock.start(),
        }
        self.lull.end();
        // What the interface sent while it was set up belongs to no script.
        self.collect()?;
        self.pending.clear();
        Ok(())
    }

    fn now(&mut self) -> ScriptTime {
        self.present()
    }

    fn submit(
        &mut self,
        call: CallId,
        syscall: &Syscall,
        may_block: bool,
    ) -> Result<ScriptTime, TargetError> {
        self.settle()?;
        let at = self.present();
        self.lull.disturb();
        let Crew { pool, namespace } = &mut self.parts.crew;
        let still_ns = self.lull.still_ns();
        if pool.submit(namespace, (call, syscall, may_block), still_ns)? {
            self.lull.end();
        }
        Ok(at)
    }

    fn inject(&mut self, ip_packet: &[u8]) -> Result<ScriptTime, TargetError> {
        self.settle()?;
        let at = self.present();
        self.lull.disturb();
        match self.parts.wire.inject(ip_packet) {
            Ok(()) => Ok(at),
            Err(error) if matches!(error.raw_os_error(), Some(libc::EMSGSIZE | libc::ENOBUFS)) => {
                let (name, len) = (&self.parts.info.name, ip_packet.len());
                let what = format!("{name} cannot inject a datagram of {len} bytes: {error}");
                Err(TargetError::Unsupported(what))
            }
            Err(error) => {
                let why = error.to_string();
                self.still_up("inject a packet", error)?;
                Err(TargetError::Internal(format!("inject a packet: {why}")))
            }
        }
    }

    fn observe(&mut self, deadline: ScriptTime) -> Result<Observation, TargetError> {
        loop {
            self.collect()?;
            if let Some(observation) = self.next_pending() {
                return Ok(observation);
            }
            let Some(limit) = self.remaining(deadline) else {
                self.last = self.last.max(self.present());
                return Ok(Observation::Idle { at: self.last });
            };
            self.wait(limit)?;
        }
    }

    fn command(&mut self, script: &ShellScript) -> Result<CommandOutcome, TargetError> {
        self.settle()?;
        self.lull.end();
        let script = script.clone();
        self.parts.crew.namespace.run(move |realm| {
            let mut host = KernelHost { programs: &mut realm.programs };
            execute(&script, &mut realm.session, &mut host)
        })?
    }

    fn probe(&mut self, fd: Fd) -> Result<Result<SockSnapshot, Errno>, TargetError> {
        self.settle()?;
        self.parts.crew.namespace.run(move |_| snapshot(fd.0))
    }

    fn look(&mut self, fds: &[Fd], sampling: Sampling) -> Result<Vec<Sample>, TargetError> {
        self.settle()?;
        let fds = fds.to_vec();
        self.parts.crew.namespace.run(move |_| samples(&fds, sampling))
    }

    fn tcp_state(&mut self, flow: &FlowKey) -> Result<TcpState, TargetError> {
        let states = self.tcp_states(&[*flow])?;
        let gone = || TargetError::Internal("a connection without a state".into());
        states.first().copied().ok_or_else(gone)
    }

    fn tcp_states(&mut self, flows: &[FlowKey]) -> Result<Vec<TcpState>, TargetError> {
        self.settle()?;
        if let Some(known) = flows.iter().map(|flow| self.lull.state(flow)).collect() {
            return Ok(known);
        }
        let states = self.parts.diag.tcp_states(flows);
        let states = states.map_err(fault::io("ask for the state of a connection"))?;
        flows.iter().zip(&states).for_each(|(flow, state)| self.lull.set_state(*flow, *state));
        Ok(states)
    }

    fn realtime_at_start_us(&mut self) -> i64 {
        self.clock.origin_ns() / 1000
    }

    fn ephemeral_port(&mut self) -> Result<u16, TargetError> {
        let port = self.next_port;
        self.next_port = port
            .checked_add(1)
            .ok_or_else(|| TargetError::Unsupported("more than 32768 connections".into()))?;
        Ok(port)
    }
}

impl Drop for LinuxTarget {
    fn drop(&mut self) {
        // After a panic nobody knows what it was in the middle of.
        if let Some(home) = self.parts.home.take()
            && !std::thread::panicking()
        {
            let lasted = self.present();
            home.come(self.parts.crew.take(), lasted.0);
        }
        if let Some(tid) = self.boosted.filter(|&tid| tid == nix::unistd::gettid().as_raw()) {
            sys::round_robin(tid, None);
        }
    }
}

/// SO_MEMINFO of asm-generic/socket.h.
const SO_MEMINFO: i32 = 55;

/// Longer than any of the structures.
const ROOM: u32 = 1024;

fn snapshot(fd: i32) -> Result<SockSnapshot, Errno> {
    let tcp = |name| sys::getsockopt(fd, libc::IPPROTO_TCP, name, ROOM);
    Ok(SockSnapshot {
        tcp_info: tcp(libc::TCP_INFO)?,
        cc_info: tcp(libc::TCP_CC_INFO)?,
        meminfo: sys::getsockopt(fd, libc::SOL_SOCKET, SO_MEMINFO, ROOM)?,
    })
}

fn samples(fds: &[Fd], sampling: Sampling) -> Vec<Sample> {
    let mut polled: Vec<_> = fds.iter().map(|fd| (fd.0, ALL_EVENTS, 0)).collect();
    let known = sampling.readiness && sys::poll(&mut polled, 0).is_ok();
    let sample = |(fd, _, revents): (i32, i16, i16)| Sample {
        readiness: known.then_some(revents),
        tcp_info: sampling
            .tcp_info
            .then(|| sys::getsockopt(fd, libc::IPPROTO_TCP, libc::TCP_INFO, ROOM).ok())
            .flatten(),
    };
    polled.into_iter().map(sample).collect()
}
