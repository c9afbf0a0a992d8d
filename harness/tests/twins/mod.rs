//! The same calls on the running kernel and on the reference stack, for tests that compare answers.
#![allow(clippy::unwrap_used, reason = "helpers of tests panic like tests")]
#![allow(dead_code, reason = "not every test uses all")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use synproof_harness::target::linux::LinuxLaunch;
use synproof_harness::target::stack::StackLaunch;
use synproof_harness::target::syscall::SockAddr;
use synproof_harness::target::{
    CallId, Clock, Fd, IpVersion, Launch, Observation, Output, Returned, Setup, Syscall, Target,
    TargetError,
};

pub(crate) const AF_INET: i32 = 2;
pub(crate) const AF_INET6: i32 = 10;
pub(crate) const STREAM_NONBLOCK: i32 = 1 | 0o4000;

/// The kernel that the stack models.
const KERNEL: &str = "6.18.";

/// A target with a counter of calls.
pub(crate) struct Side {
    target: Box<dyn Target>,
    calls: u32,
    pub(crate) local: IpAddr,
    pub(crate) remote: IpAddr,
}

impl Side {
    /// The kernel's side.
    pub(crate) fn linux() -> Self {
        Self::new(&LinuxLaunch::default(), None).unwrap()
    }

    /// The stack's side, with the ticks of the running kernel.
    pub(crate) fn stack() -> Self {
        let Clock::Real { tick_us } = LinuxLaunch::default().info().unwrap().clock else {
            panic!("the running kernel has a real clock")
        };
        Self::new(&StackLaunch, u32::try_from(1_000_000 / tick_us).ok()).unwrap()
    }

    pub(crate) fn new(launch: &dyn Launch, hz: Option<u32>) -> Result<Self, TargetError> {
        let (local, remote) = (Ipv4Addr::new(192, 168, 0, 17), Ipv4Addr::new(192, 0, 2, 1));
        let setup = Setup {
            ip_version: IpVersion::Ipv4,
            local_ip: local.into(),
            local_prefix: 16,
            remote_ip: remote.into(),
            remote_prefix: 32,
            gateway_ip: Ipv4Addr::new(192, 168, 0, 1).into(),
            mtu: 1500,
            inject_gso_size: 0,
            is_anyip: false,
            speed_mbps: None,
            hz,
            sysctls: vec![
                ("net.ipv4.tcp_rmem".to_owned(), "4096 131072 6291456".to_owned()),
                ("net.ipv4.tcp_wmem".to_owned(), "4096 16384 4194304".to_owned()),
                ("net.ipv4.tcp_congestion_control".to_owned(), "reno".to_owned()),
            ],
            seed: 1,
        };
        let mut target = launch.launch(&setup)?;
        target.start()?;
        Ok(Self { target, calls: 0, local: local.into(), remote: remote.into() })
    }

    pub(crate) fn call(&mut self, syscall: &Syscall) -> Result<Returned, TargetError> {
        self.calls += 1;
        let wanted = CallId(self.calls);
        self.target.submit(wanted, syscall, false)?;
        loop {
            let deadline = self.target.now().plus(1_000_000);
            match self.target.observe(deadline)? {
                Observation::Returned { call, returned, .. } if call == wanted => {
                    return Ok(returned);
                }
                Observation::Packet { .. } | Observation::Returned { .. } => {}
                Observation::Idle { .. } => panic!("{syscall:?} does not return"),
            }
        }
    }

    pub(crate) fn fd(&mut self, syscall: &Syscall) -> Fd {
        let returned = self.call(syscall).unwrap();
        assert!(returned.value >= 0, "{syscall:?}: {returned:?}");
        Fd(i32::try_from(returned.value).unwrap())
    }

    /// The address of a family: IPv4-mapped for AF_INET6.
    pub(crate) fn addr(&self, domain: i32, ip: IpAddr, port: u16) -> SockAddr {
        let ip = match ip {
            IpAddr::V4(v4) if domain == AF_INET6 => v4.to_ipv6_mapped().into(),
            IpAddr::V4(_) | IpAddr::V6(_) => ip,
        };
        SockAddr::Inet(SocketAddr::new(ip, port))
    }
}

/// An answer on one line.
pub(crate) fn shown(answer: &Result<Returned, TargetError>) -> String {
    match answer {
        Ok(Returned { errno: Some(errno), .. }) => format!("errno {}", errno.0),
        Ok(Returned { output: Output::OptVal(bytes), .. }) if bytes.len() == 4 => {
            let int = bytes.first_chunk().map(|bytes| i32::from_ne_bytes(*bytes));
            format!("int {}", int.unwrap_or_default())
        }
        Ok(Returned { output: Output::OptVal(bytes), .. }) => format!("bytes {bytes:?}"),
        Ok(returned) => format!("{}", returned.value),
        Err(error) => format!("cannot: {error}"),
    }
}

/// Whether there is a kernel to compare with; why not is said.
pub(crate) fn is_comparable() -> bool {
    match LinuxLaunch::default().info() {
        Ok(info) if info.version.starts_with(KERNEL) => true,
        Ok(info) => {
            eprintln!("skipped: the kernel is {}, not {KERNEL}x", info.version);
            false
        }
        Err(error) => {
            eprintln!("skipped: {error}");
            false
        }
    }
}
