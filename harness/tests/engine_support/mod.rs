//! A target in memory that replays what a test prepared, in virtual time: for the event loop and
//! the verdicts of the engine. It knows nothing of TCP.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests panic")]
#![allow(dead_code, reason = "not every test uses all")]
#![allow(clippy::wildcard_enum_match_arm, reason = "few calls need an answer of their own")]

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use synproof_harness::command::{CommandOutcome, ShellScript};
use synproof_harness::config::{Config, Tolerance, ToleranceOrigin, builtin};
use synproof_harness::engine::{Mode, Run, carry_out};
use synproof_harness::packet::text::{TextOptions, packet_text};
use synproof_harness::packet::{Ip, Packet, Tcp, TcpOption, Transport, build, flag, parse};
use synproof_harness::script::ast::Script;
use synproof_harness::script::source::SourceFile;
use synproof_harness::target::{
    CallId, Capability, Clock, Errno, Fd, FlowKey, IpVersion, Launch, Observation, Output,
    Returned, Sample, Sampling, ScriptTime, Setup, SockSnapshot, Syscall, Target, TargetError,
    TargetInfo, TcpState,
};

/// One timer tick of the prepared target: all that virtual time forgives.
pub(crate) const TICK_US: i64 = 1_000;

/// What the target will do.
#[derive(Clone)]
pub(crate) struct Plan {
    /// Datagrams it sends, and when.
    pub(crate) sends: Vec<(i64, Vec<u8>)>,
    /// Results of calls by their number from 0: how long they take, and what comes of it.
    pub(crate) results: BTreeMap<u32, (i64, Returned)>,
    /// Outcomes of commands in the order they run; success when there are no more.
    pub(crate) commands: VecDeque<CommandOutcome>,
    /// State of every connection.
    pub(crate) state: TcpState,
    /// First byte of `TCP_INFO`, or getsockopt's error.
    pub(crate) probe: Result<u8, Errno>,
    pub(crate) launch_error: bool,
    pub(crate) start_error: bool,
    pub(crate) capabilities: Vec<Capability>,
    pub(crate) clock: Clock,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            sends: Vec::new(),
            results: BTreeMap::new(),
            commands: VecDeque::new(),
            state: TcpState::Established,
            probe: Ok(1),
            launch_error: false,
            start_error: false,
            capabilities: vec![Capability::Ipv4, Capability::Udp, Capability::TcpInfo],
            clock: Clock::Virtual { tick_us: TICK_US },
        }
    }
}

/// A TCP segment of the target in numbers of the wire; its own first number is [`ISN`].
pub(crate) const ISN: u32 = 7_000_000;

/// A segment from port 8080 to our port 40001.
pub(crate) fn segment(flags: u16, seq: u32, ack: u32, len: usize) -> Tcp {
    let payload = vec![0; len];
    let window = 65_535;
    Tcp { src_port: 8080, dst_port: 40_001, seq, ack, flags, window, payload, ..Tcp::default() }
}

/// An ACK with data, relative to [`ISN`], of a connection whose peer started at 0.
pub(crate) fn data(seq: u32, len: usize) -> Tcp {
    segment(flag::ACK, ISN + seq, 1, len)
}

/// The SYN-ACK of such a connection.
pub(crate) fn syn_ack() -> Tcp {
    let options = vec![TcpOption::Mss(1460)];
    Tcp { options, ..segment(flag::SYN | flag::ACK, ISN, 1, 0) }
}

impl Plan {
    pub(crate) fn sends(mut self, at: i64, tcp: Tcp) -> Self {
        let ip = Ip::new("192.168.0.7".parse().unwrap(), "192.0.2.1".parse().unwrap());
        let packet = Packet { outer: Vec::new(), ip, transport: Transport::Tcp(tcp) };
        self.sends.push((at, build(&packet).unwrap()));
        self
    }

    pub(crate) fn sends_bytes(mut self, at: i64, bytes: Vec<u8>) -> Self {
        self.sends.push((at, bytes));
        self
    }

    /// Call number `call` takes `us` and gives `returned`.
    pub(crate) fn returns(mut self, call: u32, us: i64, returned: Returned) -> Self {
        self.results.insert(call, (us, returned));
        self
    }

    pub(crate) fn command(mut self, outcome: CommandOutcome) -> Self {
        self.commands.push_back(outcome);
        self
    }
}

/// What was done to the target, one line each: time and text.
pub(crate) type Diary = Arc<Mutex<Vec<String>>>;

struct Prepared {
    info: TargetInfo,
    plan: Plan,
    diary: Diary,
    now: ScriptTime,
    pending: Vec<(ScriptTime, Observation)>,
    next_fd: i32,
    next_port: u16,
}

impl Prepared {
    fn note(&self, text: impl std::fmt::Display) {
        let (s, us) = (self.now.0 / 1_000_000, self.now.0 % 1_000_000);
        self.diary.lock().unwrap().push(format!("{s}.{us:06} {text}"));
    }

    /// What a call does when nothing was prepared for it.
    fn usual(&mut self, syscall: &Syscall) -> Returned {
        let mut new_fd = || {
            self.next_fd += 1;
            i64::from(self.next_fd)
        };
        match syscall {
            Syscall::Socket { .. } | Syscall::EpollCreate { .. } | Syscall::Open { .. } => {
                Returned::ok(new_fd())
            }
            Syscall::Accept { .. } => {
                let peer: SocketAddr = ([192, 0, 2, 1], 40_001).into();
                Returned { output: Output::Peer(peer), ..Returned::ok(new_fd()) }
            }
            Syscall::Pipe => {
                let (read, write) = (new_fd(), new_fd());
                let fd = |fd| Fd(i32::try_from(fd).unwrap());
                Returned { output: Output::Pipe(fd(read), fd(write)), ..Returned::ok(0) }
            }
            Syscall::Write { buf, .. } | Syscall::Read { buf, .. } => {
                Returned::ok(i64::try_from(buf.len()).unwrap())
            }
            _ => Returned::ok(0),
        }
    }
}

impl Target for Prepared {
    fn info(&self) -> &TargetInfo {
        &self.info
    }

    fn start(&mut self) -> Result<(), TargetError> {
        self.note("start");
        if self.plan.start_error {
            return Err(TargetError::Internal("no tick".into()));
        }
        Ok(())
    }

    fn now(&mut self) -> ScriptTime {
        self.now
    }

    fn submit(
        &mut self,
        call: CallId,
        syscall: &Syscall,
        may_block: bool,
    ) -> Result<ScriptTime, TargetError> {
        let usual = self.usual(syscall);
        let (us, returned) = self.plan.results.remove(&call.0).unwrap_or((0, usual));
        let text = format!("{syscall:?}");
        let name = text.split([' ', '{']).next().unwrap_or_default();
        self.note(format_args!("{name}{}", if may_block { " may block" } else { "" }));
        let at = self.now.plus(us);
        self.pending.push((at, Observation::Returned { at, call, returned }));
        Ok(self.now)
    }

    fn inject(&mut self, ip_packet: &[u8]) -> Result<ScriptTime, TargetError> {
        let options = TextOptions { ports: true, ..TextOptions::default() };
        self.note(format_args!("< {}", packet_text(&parse(ip_packet).unwrap(), &options)));
        Ok(self.now)
    }

    fn observe(&mut self, deadline: ScriptTime) -> Result<Observation, TargetError> {
        let next = (0..self.pending.len()).min_by_key(|&at| self.pending[at].0);
        if let Some(at) = next.filter(|&at| self.pending[at].0 <= deadline) {
            let (when, observation) = self.pending.remove(at);
            self.now = self.now.max(when);
            return Ok(observation);
        }
        self.now = self.now.max(deadline);
        Ok(Observation::Idle { at: self.now })
    }

    fn command(&mut self, script: &ShellScript) -> Result<CommandOutcome, TargetError> {
        self.note(format_args!("`{}`", script.text));
        Ok(self.plan.commands.pop_front().unwrap_or(CommandOutcome::Ok))
    }

    fn probe(&mut self, _fd: Fd) -> Result<Result<SockSnapshot, Errno>, TargetError> {
        let snapshot = |state| {
            let mut tcp_info = vec![0; 248];
            tcp_info[0] = state;
            SockSnapshot { tcp_info, ..SockSnapshot::default() }
        };
        Ok(self.plan.probe.map(snapshot))
    }

    fn look(&mut self, fds: &[Fd], _: Sampling) -> Result<Vec<Sample>, TargetError> {
        let mut tcp_info = vec![0; 232];
        tcp_info[0] = self.plan.probe.unwrap_or(0);
        let sample = Sample { readiness: Some(4), tcp_info: Some(tcp_info) };
        Ok(vec![sample; fds.len()])
    }

    fn tcp_state(&mut self, _flow: &FlowKey) -> Result<TcpState, TargetError> {
        Ok(self.plan.state)
    }

    fn ephemeral_port(&mut self) -> Result<u16, TargetError> {
        self.next_port += 1;
        Ok(self.next_port)
    }
}

/// Launches one prepared target.
struct Prepare {
    plan: Plan,
    diary: Diary,
}

impl Launch for Prepare {
    fn info(&self) -> Result<TargetInfo, TargetError> {
        Ok(TargetInfo {
            name: "prepared".into(),
            version: "1".into(),
            clock: self.plan.clock,
            capabilities: self.plan.capabilities.clone(),
        })
    }

    fn launch(&self, setup: &Setup) -> Result<Box<dyn Target>, TargetError> {
        assert_eq!(setup.ip_version, IpVersion::Ipv4);
        if self.plan.launch_error {
            let (what, why, fix) = ("open /dev/x", "no such device", "plug it in");
            return Err(TargetError::Unavailable {
                what: what.into(),
                why: why.into(),
                fix: fix.into(),
            });
        }
        let plan = self.plan.clone();
        let observed = |(at, bytes): &(i64, Vec<u8>)| {
            let at = ScriptTime(*at);
            (at, Observation::Packet { at, bytes: bytes.clone() })
        };
        Ok(Box::new(Prepared {
            info: self.info()?,
            pending: plan.sends.iter().map(observed).collect(),
            plan,
            diary: Arc::clone(&self.diary),
            now: ScriptTime(0),
            next_fd: 10,
            next_port: 40_000,
        }))
    }
}

/// A run and what was done to the target.
pub(crate) struct Ran {
    pub(crate) run: Run,
    pub(crate) script: Script,
    pub(crate) diary: Vec<String>,
}

pub(crate) fn config() -> Config {
    let mut config = builtin(IpVersion::Ipv4, 0);
    config.setup.local_ip = "192.168.0.7".parse().unwrap();
    config.tolerance = Tolerance { usecs: 4_000, percent: 12.5, origin: ToleranceOrigin::Default };
    config
}

pub(crate) fn run_with(text: &str, plan: Plan, config: &Config) -> Ran {
    carry_out_with(text, plan, config, Mode::Judge)
}

/// The same without judging, looking at everything.
pub(crate) fn observe_plan(text: &str, plan: Plan) -> Ran {
    carry_out_with(text, plan, &config(), Mode::Observe(Sampling::ALL))
}

fn carry_out_with(text: &str, plan: Plan, config: &Config, mode: Mode) -> Ran {
    let source = SourceFile::new("dir/sample.pkt", text);
    let (script, diagnostics) = synproof_harness::script::parse(&source, &BTreeMap::default());
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let diary = Diary::default();
    let launch = Prepare { plan, diary: Arc::clone(&diary) };
    let run = carry_out(&script, config, &launch, mode);
    let diary = diary.lock().unwrap().clone();
    Ran { run, script, diary }
}

pub(crate) fn run_plan(text: &str, plan: Plan) -> Ran {
    run_with(text, plan, &config())
}

/// The steps that take a listener to an accepted connection, three lines, all at 0.
pub(crate) const ESTABLISHED: &str = "\
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 1000 <mss 1000>
+0 > S. 0:0(0) ack 1 <mss 1460>
+0 < . 1:1(0) ack 1 win 1000
+0 accept(3, ..., ...) = 4
";
