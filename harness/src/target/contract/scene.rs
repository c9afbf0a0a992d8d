//! A target with a small IPv4 network and the few moves that the checks are made of.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::Violation;
use crate::packet::{Ip, Packet, Tcp, Transport, build, flag, parse};
use crate::target::syscall::SockAddr;
use crate::target::{
    CallId, Clock, Errno, Fd, FlowKey, IpVersion, Launch, Observation, Returned, ScriptTime, Setup,
    SockSnapshot, Syscall, Target, TcpState,
};

const LOCAL: Ipv4Addr = Ipv4Addr::new(192, 168, 0, 17);
const REMOTE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const PORT: u16 = 8080;

/// How long the checks wait for what must come, in microseconds of script time.
const PATIENCE_US: i64 = 2_000_000;

/// The harness's end of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    pub port: u16,
    /// Next sequence number to send.
    pub seq: u32,
    /// Next sequence number expected.
    pub ack: u32,
}

pub(super) struct Scene {
    target: Box<dyn Target>,
    calls: u32,
    /// The latest time told, and the first that was before it.
    latest: ScriptTime,
    back: Option<(ScriptTime, ScriptTime)>,
}

impl Scene {
    /// Launches and starts a target.
    pub(super) fn new(launch: &dyn Launch) -> Result<Self, Violation> {
        let setup = Setup {
            ip_version: IpVersion::Ipv4,
            local_ip: LOCAL.into(),
            local_prefix: 16,
            remote_ip: REMOTE.into(),
            remote_prefix: 32,
            gateway_ip: Ipv4Addr::new(192, 168, 0, 1).into(),
            mtu: 1500,
            inject_gso_size: 0,
            is_anyip: false,
            speed_mbps: None,
            hz: None,
            sysctls: Vec::new(),
            seed: 1,
        };
        let mut target = launch.launch(&setup)?;
        target.start()?;
        Ok(Self { target, calls: 0, latest: ScriptTime(i64::MIN), back: None })
    }

    pub(super) fn clock(&self) -> Clock {
        self.target.info().clock
    }

    pub(super) fn now(&mut self) -> ScriptTime {
        let now = self.target.now();
        self.acted(now);
        now
    }

    /// The first time that was told after a later one.
    pub(super) fn went_back(&self) -> Option<(ScriptTime, ScriptTime)> {
        self.back
    }

    /// The time of something that was asked for. What happened before it on a real clock may be
    /// observed after it, by its own stamp: there the two are not compared.
    fn acted(&mut self, at: ScriptTime) {
        if self.clock().is_virtual() {
            self.told(at);
        }
    }

    fn told(&mut self, at: ScriptTime) {
        if at < self.latest {
            self.back.get_or_insert((self.latest, at));
        }
        self.latest = self.latest.max(at);
    }

    pub(super) fn submit(
        &mut self,
        syscall: &Syscall,
        may_block: bool,
    ) -> Result<CallId, Violation> {
        self.calls += 1;
        let call = CallId(self.calls);
        // The start of a call is told after its packets may have left: it is not compared.
        self.target.submit(call, syscall, may_block)?;
        Ok(call)
    }

    /// The next event, none at the deadline.
    fn observe(&mut self, deadline: ScriptTime) -> Result<Option<Observation>, Violation> {
        let observation = self.target.observe(deadline)?;
        match &observation {
            Observation::Packet { at, .. }
            | Observation::Returned { at, .. }
            | Observation::Idle { at } => self.told(*at),
        }
        let idle = matches!(observation, Observation::Idle { .. });
        Ok((!idle).then_some(observation))
    }

    /// Everything that happens within `us` microseconds.
    pub(super) fn observe_all(&mut self, us: i64) -> Result<Vec<Observation>, Violation> {
        let deadline = self.target.now().plus(us);
        let mut observed = Vec::new();
        while let Some(observation) = self.observe(deadline)? {
            observed.push(observation);
        }
        Ok(observed)
    }

    /// When the target is idle, having been asked to wait until `deadline`.
    pub(super) fn idle_at(&mut self, deadline: ScriptTime) -> Result<ScriptTime, Violation> {
        loop {
            if let Observation::Idle { at } = self.target.observe(deadline)? {
                return Ok(at);
            }
        }
    }

    /// The result of `call`; what else happens until then is dropped.
    pub(super) fn returned(&mut self, call: CallId) -> Result<Returned, Violation> {
        let deadline = self.target.now().plus(PATIENCE_US);
        while let Some(observation) = self.observe(deadline)? {
            if let Observation::Returned { call: done, returned, .. } = observation
                && done == call
            {
                return Ok(returned);
            }
        }
        Err(Violation::Broken(format!("{call:?} did not return")))
    }

    pub(super) fn call(&mut self, syscall: &Syscall) -> Result<Returned, Violation> {
        let call = self.submit(syscall, false)?;
        self.returned(call)
    }

    /// A call that must succeed; its value as a descriptor.
    fn must(&mut self, syscall: &Syscall) -> Result<Fd, Violation> {
        let returned = self.call(syscall)?;
        match i32::try_from(returned.value) {
            Ok(value) if value >= 0 => Ok(Fd(value)),
            _ => Err(Violation::Broken(format!("{syscall:?} gave {returned:?}"))),
        }
    }

    /// socket, bind, listen.
    pub(super) fn listen(&mut self) -> Result<Fd, Violation> {
        let fd = self.must(&Syscall::Socket { domain: 2, ty: 1, protocol: 6 })?;
        let addr = SockAddr::Inet(SocketAddr::new(IpAddr::V4(LOCAL), PORT));
        self.must(&Syscall::Bind { fd, addr })?;
        self.must(&Syscall::Listen { fd, backlog: 100 })?;
        Ok(fd)
    }

    pub(super) fn port(&mut self) -> Result<u16, Violation> {
        Ok(self.target.ephemeral_port()?)
    }

    /// Injects a segment from `port` of the harness.
    pub(super) fn inject(
        &mut self,
        port: u16,
        seq: u32,
        ack: u32,
        flags: u16,
        payload: usize,
    ) -> Result<(), Violation> {
        let tcp = Tcp {
            src_port: port,
            dst_port: PORT,
            seq,
            ack,
            flags,
            window: 65_535,
            payload: vec![0; payload],
            ..Tcp::default()
        };
        let ip = Ip::new(REMOTE.into(), LOCAL.into());
        let packet = Packet { outer: Vec::new(), ip, transport: Transport::Tcp(tcp) };
        let bytes = build(&packet).map_err(|e| Violation::Broken(format!("build: {e}")))?;
        let at = self.target.inject(&bytes)?;
        self.acted(at);
        Ok(())
    }

    /// The TCP segment in `observation` and the port of the harness it goes to.
    pub(super) fn outbound(observation: &Observation) -> Option<(u16, Tcp)> {
        let Observation::Packet { bytes, .. } = observation else { return None };
        match parse(bytes).ok()?.transport {
            Transport::Tcp(tcp) => Some((tcp.dst_port, tcp)),
            Transport::Udp(_) | Transport::Icmp(_) => None,
        }
    }

    /// A SYN and its SYN-ACK.
    pub(super) fn syn(&mut self) -> Result<Peer, Violation> {
        const ISN: u32 = 1000;
        let port = self.port()?;
        self.inject(port, ISN, 0, flag::SYN, 0)?;
        let deadline = self.target.now().plus(PATIENCE_US);
        while let Some(observation) = self.observe(deadline)? {
            if let Some((to, tcp)) = Self::outbound(&observation)
                && to == port
                && tcp.has(flag::SYN | flag::ACK)
            {
                return Ok(Peer { port, seq: ISN + 1, ack: tcp.seq.wrapping_add(1) });
            }
        }
        Err(Violation::Broken("a SYN to a listener drew no SYN-ACK".into()))
    }

    /// A whole handshake.
    pub(super) fn handshake(&mut self) -> Result<Peer, Violation> {
        let peer = self.syn()?;
        self.inject(peer.port, peer.seq, peer.ack, flag::ACK, 0)?;
        Ok(peer)
    }

    /// A listener and an accepted connection.
    pub(super) fn connection(&mut self) -> Result<(Fd, Peer), Violation> {
        let listener = self.listen()?;
        let peer = self.handshake()?;
        Ok((self.must(&Syscall::Accept { fd: listener })?, peer))
    }

    /// State of the connection with `port` of the harness.
    pub(super) fn state(&mut self, port: u16) -> Result<TcpState, Violation> {
        self.state_of(SocketAddr::new(REMOTE.into(), port))
    }

    pub(super) fn listener_state(&mut self) -> Result<TcpState, Violation> {
        self.state_of(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0))
    }

    fn state_of(&mut self, remote: SocketAddr) -> Result<TcpState, Violation> {
        let local = SocketAddr::new(LOCAL.into(), PORT);
        Ok(self.target.tcp_state(&FlowKey { local, remote })?)
    }

    pub(super) fn probe(&mut self, fd: Fd) -> Result<Result<SockSnapshot, Errno>, Violation> {
        Ok(self.target.probe(fd)?)
    }
}
