//! The running kernel behind the [`Target`] trait.

use std::collections::VecDeque;
use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags};
use nix::sys::time::TimeSpec;

use super::clock::ScriptClock;
use super::commands::KernelHost;
use super::launch::Passage;
use super::namespace::Namespace;
use super::packet_socket::PacketSocket;
use super::pool::Pool;
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

/// What `launch` put up. Dropped in this order: calls end before their namespace does.
pub(super) struct Parts {
    pub info: TargetInfo,
    pub passage: Passage,
    pub pool: Pool,
    pub namespace: Namespace,
    pub wire: Box<dyn Wire>,
    pub packets: PacketSocket,
    pub diag: SockDiag,
}

/// One script's kernel: a network namespace with the threads that live in it.
pub struct LinuxTarget {
    parts: Parts,
    clock: ScriptClock,
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
        Self {
            parts,
            clock: ScriptClock::new(),
            pending: VecDeque::new(),
            last: ScriptTime(i64::MIN),
            next_port: FIRST_EPHEMERAL_PORT,
            boosted: None,
        }
    }

    /// Moves everything that has happened into `pending`. Completions first: the packets that a
    /// call sent are in the packet socket before the call returns, so none can be missing.
    fn collect(&mut self) -> Result<(), TargetError> {
        for done in self.parts.pool.collect() {
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
        self.pending.make_contiguous().sort_by_key(|(at_ns, _)| *at_ns);
        Ok(())
    }

    /// The error that a packet socket keeps from a moment when `tun0` was down means nothing once
    /// it is up again; while it is down, that is what is wrong.
    fn still_up(&mut self, what: &str, error: std::io::Error) -> Result<(), TargetError> {
        if self.parts.namespace.run(|_| network::is_up())? {
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

    fn wait(&self, limit: std::time::Duration) -> Result<(), TargetError> {
        let mut fds = vec![
            PollFd::new(self.parts.packets.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.parts.pool.notify(), PollFlags::POLLIN),
        ];
        if let Some(device) = self.parts.wire.awaited() {
            fds.push(PollFd::new(device, PollFlags::POLLIN));
        }
        match nix::poll::ppoll(&mut fds, Some(TimeSpec::from_duration(limit)), None) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
            Err(error) => Err(fault::io("wait for packets")(error)),
        }
    }
}

impl Target for LinuxTarget {
    fn info(&self) -> &TargetInfo {
        &self.parts.info
    }

    fn start(&mut self) -> Result<(), TargetError> {
        let tid = nix::unistd::gettid().as_raw();
        if sys::round_robin(tid, Some(0)) {
            self.boosted = Some(tid);
        }
        let _ = nix::sys::prctl::set_timerslack(1);
        match self.parts.passage {
            Passage::TimeTravel { wheel_ticks } => self.clock.start_in_time_travel(wheel_ticks),
            Passage::Machine => self.clock.start(),
        }
        // What the interface sent while it was set up belongs to no script.
        self.collect()?;
        self.pending.clear();
        Ok(())
    }

    fn now(&mut self) -> ScriptTime {
        self.clock.now()
    }

    fn submit(
        &mut self,
        call: CallId,
        syscall: &Syscall,
        may_block: bool,
    ) -> Result<ScriptTime, TargetError> {
        self.parts.pool.settle()?;
        let at = self.clock.now();
        self.parts.pool.submit(&self.parts.namespace, call, syscall, may_block)?;
        Ok(at)
    }

    fn inject(&mut self, ip_packet: &[u8]) -> Result<ScriptTime, TargetError> {
        self.parts.pool.settle()?;
        let at = self.clock.now();
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
            let Some(limit) = self.clock.remaining(deadline) else {
                self.last = self.last.max(self.clock.now());
                return Ok(Observation::Idle { at: self.last });
            };
            self.wait(limit)?;
        }
    }

    fn command(&mut self, script: &ShellScript) -> Result<CommandOutcome, TargetError> {
        self.parts.pool.settle()?;
        let script = script.clone();
        self.parts.namespace.run(move |realm| {
            let mut host = KernelHost { programs: &mut realm.programs };
            execute(&script, &mut realm.session, &mut host)
        })?
    }

    fn probe(&mut self, fd: Fd) -> Result<Result<SockSnapshot, Errno>, TargetError> {
        self.parts.pool.settle()?;
        self.parts.namespace.run(move |_| snapshot(fd.0))
    }

    fn look(&mut self, fds: &[Fd], sampling: Sampling) -> Result<Vec<Sample>, TargetError> {
        self.parts.pool.settle()?;
        let fds = fds.to_vec();
        self.parts.namespace.run(move |_| samples(&fds, sampling))
    }

    fn tcp_state(&mut self, flow: &FlowKey) -> Result<TcpState, TargetError> {
        self.parts.pool.settle()?;
        self.parts.diag.tcp_state(flow).map_err(fault::io("ask for the state of a connection"))
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
