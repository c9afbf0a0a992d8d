//! Virtual time around a [`Stack`]: what it sends, what it answers, and when to look again.
//!
//! A call that sleeps is parked and made again whenever the stack has an event or the call's own
//! deadline comes, so that it returns at the microsecond at which it could.

use std::collections::VecDeque;
use std::net::SocketAddr;

use synproof_stack::api::Sleep;
use synproof_stack::time::Instant;
use synproof_stack::{Config, Fd as StackFd, Flow, Stack};

use super::calls::{self, Attempt};
use super::commands::Host;
use super::launch::info;
use crate::command::execute::{Session, execute};
use crate::command::{CommandOutcome, ShellScript};
use crate::target::{
    CallId, Errno, Fd, FlowKey, Observation, Returned, ScriptTime, Setup, SockSnapshot, Syscall,
    Target, TargetError, TargetInfo, TcpState,
};

/// First port given to the harness's side.
const FIRST_PORT: u16 = 32_768;

/// A call that sleeps.
#[derive(Debug)]
struct Parked {
    id: CallId,
    syscall: Syscall,
    sleep: Sleep,
}

/// One host of one script.
#[derive(Debug)]
pub(super) struct StackTarget {
    info: TargetInfo,
    pub(super) stack: Stack,
    pub(super) now: Instant,
    origin: Instant,
    seen: VecDeque<Observation>,
    parked: Vec<Parked>,
    session: Session,
    next_port: u16,
}

impl StackTarget {
    /// A host with the addresses, the MTU and the sysctls of `setup`.
    pub(super) fn new(setup: &Setup) -> Result<Self, TargetError> {
        let local_addrs = if setup.is_anyip { Vec::new() } else { vec![setup.local_ip] };
        let mut stack = Stack::new(Config { local_addrs, mtu: setup.mtu, seed: setup.seed });
        for (name, value) in &setup.sysctls {
            stack
                .sysctl_mut()
                .set(name, value)
                .map_err(|why| TargetError::Unsupported(format!("sysctl {name}: {why}")))?;
        }
        let start = Instant::from_micros(0);
        Ok(Self {
            info: info(),
            stack,
            now: start,
            origin: start,
            seen: VecDeque::new(),
            parked: Vec::new(),
            session: Session::default(),
            next_port: FIRST_PORT,
        })
    }

    fn script_time(&self, at: Instant) -> ScriptTime {
        let us = |t: Instant| i64::try_from(t.as_micros()).unwrap_or(i64::MAX);
        ScriptTime(us(at) - us(self.origin))
    }

    fn instant(&self, at: ScriptTime) -> Instant {
        let origin = i64::try_from(self.origin.as_micros()).unwrap_or(i64::MAX);
        Instant::from_micros(u64::try_from(at.0.saturating_add(origin)).unwrap_or(0))
    }

    /// Takes out what the stack has sent, and tries sleeping calls again if anything happened.
    fn settle(&mut self) {
        loop {
            self.collect();
            let mut stirred = false;
            while self.stack.poll_event().is_some() {
                stirred = true;
            }
            if !stirred {
                return;
            }
            self.retry();
        }
    }

    fn collect(&mut self) {
        let at = self.script_time(self.now);
        while let Some(bytes) = self.stack.poll_transmit() {
            self.seen.push_back(Observation::Packet { at, bytes });
        }
    }

    /// Makes every sleeping call again.
    fn retry(&mut self) {
        for mut call in std::mem::take(&mut self.parked) {
            match calls::attempt(&mut self.stack, self.now, &call.syscall, &mut call.sleep) {
                Attempt::Done(returned) => self.done(call.id, returned),
                // A call that was begun is one the stack has.
                Attempt::Asleep | Attempt::Lacking(_) => self.parked.push(call),
            }
        }
    }

    fn done(&mut self, call: CallId, returned: Returned) {
        self.collect();
        let at = self.script_time(self.now);
        self.seen.push_back(Observation::Returned { at, call, returned });
    }

    /// The next moment at which anything can happen by itself.
    fn next_moment(&self) -> Option<Instant> {
        let calls = self.parked.iter().filter_map(|call| call.sleep.deadline());
        calls.chain(self.stack.poll_timer()).min()
    }

    /// Time goes on to `at`, and what is due then is done.
    fn advance(&mut self, at: Instant) {
        self.now = self.now.max(at);
        self.stack.on_timer(self.now);
        self.settle();
        let now = self.now;
        if self.parked.iter().any(|call| call.sleep.deadline().is_some_and(|d| d <= now)) {
            self.retry();
            self.settle();
        }
    }

    /// Lets `us` microseconds pass; what happens meanwhile is observed later.
    pub(super) fn pass(&mut self, us: i64) {
        let until = self.now.plus_micros(u64::try_from(us).unwrap_or(0));
        while let Some(next) = self.next_moment().filter(|next| *next <= until) {
            self.advance(next);
        }
        self.now = until;
    }
}

impl Target for StackTarget {
    fn info(&self) -> &TargetInfo {
        &self.info
    }

    fn start(&mut self) -> Result<(), TargetError> {
        self.origin = self.now;
        Ok(())
    }

    fn now(&mut self) -> ScriptTime {
        self.script_time(self.now)
    }

    fn submit(
        &mut self,
        call: CallId,
        syscall: &Syscall,
        _may_block: bool,
    ) -> Result<ScriptTime, TargetError> {
        let at = self.script_time(self.now);
        let mut sleep = Sleep::default();
        match calls::attempt(&mut self.stack, self.now, syscall, &mut sleep) {
            Attempt::Done(returned) => self.done(call, returned),
            Attempt::Asleep => {
                self.parked.push(Parked { id: call, syscall: syscall.clone(), sleep });
            }
            Attempt::Lacking(what) => {
                return Err(TargetError::Unsupported(format!("stack has no {what}")));
            }
        }
        self.settle();
        Ok(at)
    }

    fn inject(&mut self, ip_packet: &[u8]) -> Result<ScriptTime, TargetError> {
        self.stack.on_packet(self.now, ip_packet);
        self.settle();
        Ok(self.script_time(self.now))
    }

    fn observe(&mut self, deadline: ScriptTime) -> Result<Observation, TargetError> {
        let until = self.instant(deadline);
        loop {
            if let Some(seen) = self.seen.pop_front() {
                return Ok(seen);
            }
            match self.next_moment().filter(|next| *next <= until) {
                Some(next) => self.advance(next),
                None => {
                    self.now = self.now.max(until);
                    return Ok(Observation::Idle { at: self.script_time(self.now) });
                }
            }
        }
    }

    fn command(&mut self, script: &ShellScript) -> Result<CommandOutcome, TargetError> {
        let mut session = std::mem::take(&mut self.session);
        let outcome = execute(script, &mut session, &mut Host { target: self });
        self.session = session;
        outcome
    }

    fn probe(&mut self, fd: Fd) -> Result<Result<SockSnapshot, Errno>, TargetError> {
        const SOL_SOCKET: i32 = 1;
        const SOL_TCP: i32 = 6;
        const TCP_INFO: i32 = 11;
        const TCP_CC_INFO: i32 = 26;
        const SO_MEMINFO: i32 = 55;
        let mut get = |level, name| {
            self.stack
                .getsockopt(self.now, StackFd(fd.0), level, name, 1024)
                .map_err(|errno| Errno(errno.raw()))
        };
        // The stack's congestion controls tell nothing more about themselves than TCP_INFO does.
        let cc_info = get(SOL_TCP, TCP_CC_INFO).unwrap_or_default();
        let snapshot = get(SOL_TCP, TCP_INFO).and_then(|tcp_info| {
            Ok(SockSnapshot { tcp_info, cc_info, meminfo: get(SOL_SOCKET, SO_MEMINFO)? })
        });
        Ok(snapshot)
    }

    fn tcp_state(&mut self, flow: &FlowKey) -> Result<TcpState, TargetError> {
        let canonical = |a: SocketAddr| SocketAddr::new(a.ip().to_canonical(), a.port());
        let state = self.stack.tcp_state(Flow::new(canonical(flow.local), canonical(flow.remote)));
        TcpState::from_number(state as u8)
            .ok_or_else(|| TargetError::Internal(format!("no TCP state {state:?}")))
    }

    fn ephemeral_port(&mut self) -> Result<u16, TargetError> {
        let port = self.next_port;
        self.next_port = self.next_port.checked_add(1).unwrap_or(FIRST_PORT);
        Ok(port)
    }
}
