//! A target that lies: it perturbs what another target says, in one chosen way, and counts how
//! often. The harness must notice; a test that stays green over a lie tests nothing.
//!
//! Works on the bytes of datagrams with arithmetic of its own, so that no parser or builder that
//! is under suspicion itself takes part.

mod datagram;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datagram::Segment;

use super::super::{
    CallId, Errno, Fd, FlowKey, Launch, Observation, Returned, Sample, Sampling, ScriptTime, Setup,
    SockSnapshot, Syscall, Target, TargetError, TargetInfo, TcpState,
};
use crate::command::{CommandOutcome, ShellScript};

/// How much later a late packet is reported, in microseconds.
const LATE_US: i64 = 50_000;

/// A way to lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// Every acknowledgment number is one too high.
    AckOffByOne,
    /// Every sequence number after the handshake is one too high.
    SeqOffByOne,
    /// Segments with RST do not arrive.
    RstSwallowed,
    /// Segments with FIN do not arrive.
    FinSwallowed,
    /// The first option that is not padding is overwritten with padding.
    OptionDropped,
    /// TS ecr is one too high.
    WrongTsEcr,
    /// Every packet comes twice.
    Duplicated,
    /// The last byte of a payload is missing.
    PayloadShort,
    /// PSH is inverted on segments with data.
    PshFlipped,
    /// The urgent pointer is set.
    UrgentPointer,
    /// Packets are reported 50 ms late.
    Late50ms,
    /// Successful calls return one more, failing ones another errno.
    WrongReturn,
    /// `TCP_INFO` and state queries tell another state.
    WrongState,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::AckOffByOne,
        Self::SeqOffByOne,
        Self::RstSwallowed,
        Self::FinSwallowed,
        Self::OptionDropped,
        Self::WrongTsEcr,
        Self::Duplicated,
        Self::PayloadShort,
        Self::PshFlipped,
        Self::UrgentPointer,
        Self::Late50ms,
        Self::WrongReturn,
        Self::WrongState,
    ];

    /// Its name on command lines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AckOffByOne => "ack-off-by-one",
            Self::SeqOffByOne => "seq-off-by-one",
            Self::RstSwallowed => "rst-swallowed",
            Self::FinSwallowed => "fin-swallowed",
            Self::OptionDropped => "option-dropped",
            Self::WrongTsEcr => "wrong-ts-ecr",
            Self::Duplicated => "duplicated",
            Self::PayloadShort => "payload-short",
            Self::PshFlipped => "psh-flipped",
            Self::UrgentPointer => "urgent-pointer",
            Self::Late50ms => "late-50ms",
            Self::WrongReturn => "wrong-return",
            Self::WrongState => "wrong-state",
        }
    }

    /// The fault called `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }
}

/// Makes targets that lie.
pub struct Faulty<'a> {
    inner: &'a dyn Launch,
    fault: Fault,
    struck: Arc<AtomicUsize>,
}

impl<'a> Faulty<'a> {
    /// Perturbs the targets of `inner` by `fault`.
    #[must_use]
    pub fn new(inner: &'a dyn Launch, fault: Fault) -> Self {
        Self { inner, fault, struck: Arc::default() }
    }

    /// How often it struck so far, in all targets it made. A run over which it did not strike says
    /// nothing about the harness.
    #[must_use]
    pub fn struck(&self) -> usize {
        self.struck.load(Ordering::Relaxed)
    }
}

impl Launch for Faulty<'_> {
    fn info(&self) -> Result<TargetInfo, TargetError> {
        self.inner.info()
    }

    fn launch(&self, setup: &Setup) -> Result<Box<dyn Target>, TargetError> {
        let inner = self.inner.launch(setup)?;
        let struck = Arc::clone(&self.struck);
        Ok(Box::new(Liar { inner, fault: self.fault, struck, again: None }))
    }
}

struct Liar {
    inner: Box<dyn Target>,
    fault: Fault,
    struck: Arc<AtomicUsize>,
    /// What is to be told a second time.
    again: Option<Observation>,
}

impl Liar {
    fn strike(&self) {
        self.struck.fetch_add(1, Ordering::Relaxed);
    }

    /// The packet as it is to be seen; none if it is swallowed.
    fn packet(&self, at: ScriptTime, mut bytes: Vec<u8>) -> Option<Observation> {
        if self.fault == Fault::Late50ms {
            self.strike();
            return Some(Observation::Packet { at: at.plus(LATE_US), bytes });
        }
        let struck = Segment::locate(&mut bytes).is_some_and(|mut s| falsify(self.fault, &mut s));
        if struck {
            self.strike();
        }
        let swallowed = struck && matches!(self.fault, Fault::RstSwallowed | Fault::FinSwallowed);
        (!swallowed).then_some(Observation::Packet { at, bytes })
    }

    fn returned(&self, mut returned: Returned) -> Returned {
        if self.fault != Fault::WrongReturn {
            return returned;
        }
        self.strike();
        match &mut returned.errno {
            // ENOTRECOVERABLE, the highest errno of Linux but two: no TCP call returns it.
            Some(errno) => *errno = Errno(131),
            None => returned.value = returned.value.saturating_add(1),
        }
        returned
    }

    fn state(&self, state: TcpState) -> TcpState {
        if self.fault != Fault::WrongState {
            return state;
        }
        self.strike();
        if state == TcpState::Closing { TcpState::Listen } else { TcpState::Closing }
    }

    /// The first byte of `TCP_INFO` is the state.
    fn state_of_info(&self, tcp_info: &mut [u8]) {
        if let Some(first) = tcp_info.first_mut()
            && let Some(state) = TcpState::from_number(*first)
        {
            *first = self.state(state) as u8;
        }
    }
}

/// Tells the lie about one segment, if it is one that the lie is about.
fn falsify(fault: Fault, segment: &mut Segment<'_>) -> bool {
    match fault {
        Fault::AckOffByOne => segment.ack_off_by_one(),
        Fault::SeqOffByOne => segment.seq_off_by_one(),
        Fault::OptionDropped => segment.drop_option(),
        Fault::WrongTsEcr => segment.ts_ecr_off_by_one(),
        Fault::PayloadShort => segment.shorten(),
        Fault::PshFlipped => segment.flip_psh(),
        Fault::UrgentPointer => segment.set_urgent(),
        Fault::RstSwallowed => segment.is_rst(),
        Fault::FinSwallowed => segment.is_fin(),
        Fault::Duplicated | Fault::Late50ms | Fault::WrongReturn | Fault::WrongState => false,
    }
}

impl Target for Liar {
    fn info(&self) -> &TargetInfo {
        self.inner.info()
    }

    fn start(&mut self) -> Result<(), TargetError> {
        self.inner.start()
    }

    fn now(&mut self) -> ScriptTime {
        self.inner.now()
    }

    fn submit(
        &mut self,
        call: CallId,
        syscall: &Syscall,
        may_block: bool,
    ) -> Result<ScriptTime, TargetError> {
        self.inner.submit(call, syscall, may_block)
    }

    fn inject(&mut self, ip_packet: &[u8]) -> Result<ScriptTime, TargetError> {
        self.inner.inject(ip_packet)
    }

    fn observe(&mut self, deadline: ScriptTime) -> Result<Observation, TargetError> {
        if let Some(again) = self.again.take() {
            return Ok(again);
        }
        loop {
            let seen = match self.inner.observe(deadline)? {
                Observation::Packet { at, bytes } if self.fault == Fault::Duplicated => {
                    self.strike();
                    let packet = Observation::Packet { at, bytes };
                    self.again = Some(packet.clone());
                    Some(packet)
                }
                Observation::Packet { at, bytes } => self.packet(at, bytes),
                Observation::Returned { at, call, returned } => {
                    let returned = self.returned(returned);
                    Some(Observation::Returned { at, call, returned })
                }
                idle @ Observation::Idle { .. } => Some(idle),
            };
            if let Some(seen) = seen {
                return Ok(seen);
            }
        }
    }

    fn command(&mut self, script: &ShellScript) -> Result<CommandOutcome, TargetError> {
        self.inner.command(script)
    }

    fn probe(&mut self, fd: Fd) -> Result<Result<SockSnapshot, Errno>, TargetError> {
        let mut probed = self.inner.probe(fd)?;
        if let Ok(snapshot) = &mut probed {
            self.state_of_info(&mut snapshot.tcp_info);
        }
        Ok(probed)
    }

    fn look(&mut self, fds: &[Fd], sampling: Sampling) -> Result<Vec<Sample>, TargetError> {
        let mut samples = self.inner.look(fds, sampling)?;
        samples.iter_mut().filter_map(|s| s.tcp_info.as_mut()).for_each(|i| self.state_of_info(i));
        Ok(samples)
    }

    fn tcp_state(&mut self, flow: &FlowKey) -> Result<TcpState, TargetError> {
        let state = self.inner.tcp_state(flow)?;
        Ok(self.state(state))
    }

    fn realtime_at_start_us(&mut self) -> i64 {
        self.inner.realtime_at_start_us()
    }

    fn ephemeral_port(&mut self) -> Result<u16, TargetError> {
        self.inner.ephemeral_port()
    }
}

#[cfg(test)]
mod tests;
