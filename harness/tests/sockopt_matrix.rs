//! Every socket option, got and set with many lengths and values in several states, answered
//! alike by the reference stack and by the running kernel.
//!
//! A table test: it needs a kernel of the version that the stack models, and the right to make a
//! network namespace; without them it says so and does nothing.
#![cfg(all(target_os = "linux", feature = "target-linux", feature = "target-stack"))]

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use synproof_harness::target::linux::LinuxLaunch;
use synproof_harness::target::stack::StackLaunch;
use synproof_harness::target::syscall::SockAddr;
use synproof_harness::target::{
    CallId, Fd, IpVersion, Launch, Observation, Output, Returned, Setup, Syscall, Target,
    TargetError,
};

const AF_INET: i32 = 2;
const AF_INET6: i32 = 10;
const STREAM_NONBLOCK: i32 = 1 | 0o4000;

/// The kernel whose options the stack has.
const KERNEL: &str = "6.18.";

/// Lengths handed to getsockopt; the last is negative as an int.
const GET_LENGTHS: [u32; 9] = [0, 1, 2, 4, 5, 8, 16, 300, u32::MAX];
/// Values of four bytes.
const VALUES: [i32; 16] =
    [-2, -1, 0, 1, 2, 3, 5, 6, 7, 8, 0x28, 255, 256, 1500, 65_536, i32::MAX];
/// Lengths of a value of ones, besides four.
const SET_LENGTHS: [u32; 6] = [0, 1, 3, 5, 8, 16];

/// First and last option of each level.
const LEVELS: [(i32, std::ops::RangeInclusive<i32>); 6] =
    [(0, 0..=60), (1, 0..=90), (6, 0..=50), (17, 0..=2), (41, 0..=84), (282, 0..=2)];

/// Options that are compared elsewhere, or say something about the machine rather than about TCP:
/// level, name, why.
const APART: &[(i32, i32, &str)] = &[
    (0, 4, "IP_OPTIONS: no IP options"),
    (0, 52, "IP_PROTOCOL: the port, for want of a protocol number"),
    (1, 17, "SO_PEERCRED: the process"),
    (1, 26, "SO_ATTACH_FILTER: a pointer to a program"),
    (1, 37, "SO_TIMESTAMPING: its own scripts"),
    (1, 50, "SO_ATTACH_BPF: a descriptor of a program"),
    (1, 51, "SO_ATTACH_REUSEPORT_CBPF: a pointer to a program"),
    (1, 52, "SO_ATTACH_REUSEPORT_EBPF: a descriptor of a program"),
    (1, 55, "SO_MEMINFO: sizes of the kernel's buffers"),
    (1, 57, "SO_COOKIE: any number"),
    (1, 59, "SO_PEERGROUPS: the process"),
    (1, 60, "SO_ZEROCOPY: its own scripts"),
    (1, 65, "SO_TIMESTAMPING_NEW: its own scripts"),
    (1, 71, "SO_NETNS_COOKIE: any number"),
    (1, 80, "SO_DEVMEM_DONTNEED: device memory"),
    (6, 9, "TCP_DEFER_ACCEPT: its own scripts"),
    (6, 11, "TCP_INFO: its own test"),
    (6, 13, "TCP_CONGESTION: the kernel's modules"),
    (6, 14, "TCP_MD5SIG: its own scripts"),
    (6, 19, "TCP_REPAIR: its own scripts"),
    (6, 20, "TCP_REPAIR_QUEUE: its own scripts"),
    (6, 21, "TCP_QUEUE_SEQ: its own scripts"),
    (6, 22, "TCP_REPAIR_OPTIONS: its own scripts"),
    (6, 23, "TCP_FASTOPEN: its own scripts"),
    (6, 24, "TCP_TIMESTAMP: a clock"),
    (6, 26, "TCP_CC_INFO: its own scripts"),
    (6, 29, "TCP_REPAIR_WINDOW: its own scripts"),
    (6, 30, "TCP_FASTOPEN_CONNECT: its own scripts"),
    (6, 32, "TCP_MD5SIG_EXT: its own scripts"),
    (6, 33, "TCP_FASTOPEN_KEY: its own scripts"),
    (6, 34, "TCP_FASTOPEN_NO_COOKIE: its own scripts"),
    (6, 35, "TCP_ZEROCOPY_RECEIVE: its own scripts"),
    (6, 38, "TCP_AO_ADD_KEY: no TCP-AO"),
    (6, 39, "TCP_AO_DEL_KEY: no TCP-AO"),
    (6, 40, "TCP_AO_INFO: no TCP-AO"),
    (6, 41, "TCP_AO_GET_KEYS: no TCP-AO"),
    (6, 42, "TCP_AO_REPAIR: no TCP-AO"),
    (6, 45, "TCP_RTO_MIN_US: in ticks, of which the two have different ones"),
    (6, 46, "TCP_DELACK_MAX_US: in ticks as well"),
    (41, 6, "IPV6_2292PKTOPTIONS: no extension headers"),
    (41, 54, "IPV6_HOPOPTS: no extension headers"),
    (41, 55, "IPV6_RTHDRDSTOPTS: no extension headers"),
    (41, 57, "IPV6_RTHDR: no extension headers"),
    (41, 59, "IPV6_DSTOPTS: no extension headers"),
    (41, 64, "netfilter"),
    (41, 65, "netfilter"),
    (41, 68, "netfilter"),
    (41, 69, "netfilter"),
    (41, 80, "netfilter"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Close,
    Listen,
    SynSent,
    Established,
}

/// A target with a counter of calls.
struct Side {
    target: Box<dyn Target>,
    calls: u32,
    local: IpAddr,
    remote: IpAddr,
}

impl Side {
    fn new(launch: &dyn Launch) -> Result<Self, TargetError> {
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

    fn call(&mut self, syscall: &Syscall) -> Result<Returned, TargetError> {
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

    fn fd(&mut self, syscall: &Syscall) -> Fd {
        let returned = self.call(syscall).unwrap();
        assert!(returned.value >= 0, "{syscall:?}: {returned:?}");
        Fd(i32::try_from(returned.value).unwrap())
    }

    /// The address of a family: IPv4-mapped for AF_INET6.
    fn addr(&self, domain: i32, ip: IpAddr, port: u16) -> SockAddr {
        let ip = match ip {
            IpAddr::V4(v4) if domain == AF_INET6 => v4.to_ipv6_mapped().into(),
            other => other,
        };
        SockAddr::Inet(SocketAddr::new(ip, port))
    }

    /// A socket in `state`, and what else to close afterwards.
    fn socket(&mut self, domain: i32, state: State) -> Vec<Fd> {
        let socket = Syscall::Socket { domain, ty: STREAM_NONBLOCK, protocol: 6 };
        let fd = self.fd(&socket);
        match state {
            State::Close => vec![fd],
            State::Listen => {
                self.fd(&Syscall::Listen { fd, backlog: 5 });
                vec![fd]
            }
            State::SynSent => {
                let addr = self.addr(domain, self.remote, 80);
                self.call(&Syscall::Connect { fd, addr }).unwrap();
                vec![fd]
            }
            State::Established => {
                let listener = self.fd(&socket);
                let addr = self.addr(domain, self.local, 8080);
                self.fd(&Syscall::Setsockopt {
                    fd: listener,
                    level: 1,
                    name: 2,
                    value: 1_i32.to_ne_bytes().to_vec(),
                    len: 4,
                });
                self.fd(&Syscall::Bind { fd: listener, addr });
                self.fd(&Syscall::Listen { fd: listener, backlog: 5 });
                self.call(&Syscall::Connect { fd, addr }).unwrap();
                let peer = self.fd(&Syscall::Accept { fd: listener });
                vec![fd, peer, listener]
            }
        }
    }
}

/// What is asked of one option, in order, on one socket.
fn questions(fd: Fd, level: i32, name: i32) -> Vec<Syscall> {
    let get = |len| Syscall::Getsockopt { fd, level, name, len };
    let set = |value: Vec<u8>, len| Syscall::Setsockopt { fd, level, name, value, len };
    let mut calls: Vec<_> = GET_LENGTHS.into_iter().map(get).collect();
    for len in SET_LENGTHS {
        calls.push(set(vec![1, 0, 0, 0, 0, 0, 0, 0], len));
        calls.extend([get(4), get(1)]);
    }
    for value in VALUES {
        calls.push(set(value.to_ne_bytes().to_vec(), 4));
        calls.extend([get(4), get(1), get(8)]);
    }
    calls.push(set(Vec::new(), 4));
    calls
}

fn shown(answer: &Result<Returned, TargetError>) -> String {
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

fn asked(call: &Syscall) -> String {
    match call {
        Syscall::Getsockopt { len, .. } => format!("get len {len}"),
        Syscall::Setsockopt { value, len, .. } if value.is_empty() => format!("set NULL len {len}"),
        Syscall::Setsockopt { value, len, .. } => {
            let int = value.first_chunk().map(|bytes| i32::from_ne_bytes(*bytes));
            format!("set {} len {len}", int.unwrap_or_default())
        }
        other => format!("{other:?}"),
    }
}

/// The differences of one family and state, one a line.
fn compare(domain: i32, state: State) -> String {
    let mut linux = Side::new(&LinuxLaunch::default()).unwrap();
    let mut stack = Side::new(&StackLaunch).unwrap();
    let mut differences = String::new();
    for (level, names) in LEVELS {
        for name in names {
            if APART.iter().any(|apart| (apart.0, apart.1) == (level, name)) {
                continue;
            }
            let (on_linux, on_stack) = (linux.socket(domain, state), stack.socket(domain, state));
            let calls = questions(on_linux[0], level, name);
            for (kernels, ours) in calls.iter().zip(questions(on_stack[0], level, name)) {
                let (theirs, ours) = (shown(&linux.call(kernels)), shown(&stack.call(&ours)));
                if theirs != ours {
                    let what = asked(kernels);
                    writeln!(
                        differences,
                        "{state:?} family {domain} level {level} option {name}: {what}: \
                         linux {theirs}, stack {ours}"
                    )
                    .unwrap();
                }
            }
            for (a, b) in on_linux.into_iter().zip(on_stack) {
                linux.call(&Syscall::Close { fd: a }).unwrap();
                stack.call(&Syscall::Close { fd: b }).unwrap();
            }
        }
    }
    differences
}

fn is_comparable() -> bool {
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

#[rstest::rstest]
fn options_answer_alike(
    #[values(AF_INET, AF_INET6)] domain: i32,
    #[values(State::Close, State::Listen, State::SynSent, State::Established)] state: State,
) {
    if is_comparable() {
        let differences = compare(domain, state);
        assert!(differences.is_empty(), "{differences}");
    }
}
