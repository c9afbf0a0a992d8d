//! The reference stack behind the [`Target`] trait.

use synproof_stack::Flow;
use synproof_stack::time::Hz;

use super::commands::StackHost;
use super::machine::Machine;
use super::network::Network;
use super::options;
use crate::command::execute::{Session, execute};
use crate::command::{CommandOutcome, ShellScript};
use crate::target::{
    CallId, Errno, Fd, FlowKey, Observation, Sample, Sampling, ScriptTime, SockSnapshot, Syscall,
    Target, TargetError, TargetInfo, TcpState,
};

/// First port of the harness's side: the start of Linux's own ephemeral range.
const FIRST_EPHEMERAL_PORT: u16 = 32_768;

/// One script's stack.
#[derive(Debug)]
pub struct StackTarget {
    info: TargetInfo,
    hz: Hz,
    machine: Machine,
    network: Network,
    session: Session,
    /// None when all are used up.
    next_port: Option<u16>,
}

impl StackTarget {
    pub(super) fn new(info: TargetInfo, hz: Hz, machine: Machine, network: Network) -> Self {
        Self {
            info,
            hz,
            machine,
            network,
            session: Session::default(),
            next_port: Some(FIRST_EPHEMERAL_PORT),
        }
    }
}

impl Target for StackTarget {
    fn info(&self) -> &TargetInfo {
        &self.info
    }

    fn start(&mut self) -> Result<(), TargetError> {
        self.machine.start(self.hz)
    }

    fn now(&mut self) -> ScriptTime {
        self.machine.now()
    }

    fn submit(
        &mut self,
        call: CallId,
        syscall: &Syscall,
        _may_block: bool,
    ) -> Result<ScriptTime, TargetError> {
        self.machine.submit(call, syscall)?;
        Ok(self.machine.now())
    }

    fn inject(&mut self, ip_packet: &[u8]) -> Result<ScriptTime, TargetError> {
        self.machine.inject(ip_packet)?;
        Ok(self.machine.now())
    }

    fn observe(&mut self, deadline: ScriptTime) -> Result<Observation, TargetError> {
        self.machine.observe(deadline)
    }

    fn command(&mut self, script: &ShellScript) -> Result<CommandOutcome, TargetError> {
        let mut host = StackHost { machine: &mut self.machine, network: &mut self.network };
        execute(script, &mut self.session, &mut host)
    }

    fn probe(&mut self, fd: Fd) -> Result<Result<SockSnapshot, Errno>, TargetError> {
        let now = self.machine.stack_now();
        Ok(options::snapshot(&mut self.machine.stack, now, fd))
    }

    fn look(&mut self, fds: &[Fd], sampling: Sampling) -> Result<Vec<Sample>, TargetError> {
        let now = self.machine.stack_now();
        let stack = &mut self.machine.stack;
        Ok(fds.iter().map(|fd| options::sample(stack, now, *fd, sampling)).collect())
    }

    fn tcp_state(&mut self, flow: &FlowKey) -> Result<TcpState, TargetError> {
        let state = self.machine.stack.tcp_state(Flow::new(flow.local, flow.remote));
        TcpState::from_number(state.number())
            .ok_or_else(|| TargetError::Internal(format!("the stack has a state {state:?}")))
    }

    /// Its own clock began when it was made.
    fn realtime_at_start_us(&mut self) -> i64 {
        self.machine.origin_us()
    }

    fn ephemeral_port(&mut self) -> Result<u16, TargetError> {
        let port = self
            .next_port
            .ok_or_else(|| TargetError::Unsupported("more than 32768 connections".into()))?;
        self.next_port = port.checked_add(1);
        Ok(port)
    }
}
