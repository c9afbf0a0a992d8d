//! Who may share a local port with whom: every pair of sockets, and walks of random calls, answered
//! alike by the reference stack and by the running kernel.
//!
//! A table test: it needs a kernel of the version that the stack models, and the right to make a
//! network namespace; without them it says so and does nothing.
#![cfg(all(target_os = "linux", feature = "target-linux", feature = "target-stack"))]
#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

mod twins;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use synproof_harness::target::syscall::SockAddr;
use synproof_harness::target::{Fd, Syscall};
use twins::{AF_INET, AF_INET6, STREAM_NONBLOCK, Side, is_comparable, shown};

/// Numbers that look random (splitmix64).
struct Rng(u64);

impl Rng {
    fn below(&mut self, ceil: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % ceil as u64).unwrap()
    }
}

const SOL_SOCKET: i32 = 1;
const SO_REUSEADDR: i32 = 2;
const SO_REUSEPORT: i32 = 15;
const SO_BINDTODEVICE: i32 = 25;
const SO_LINGER: i32 = 13;
const IPV6_V6ONLY: (i32, i32) = (41, 26);
const IP_BIND_ADDRESS_NO_PORT: (i32, i32) = (0, 24);
const IP_LOCAL_PORT_RANGE: (i32, i32) = (0, 51);

const LINK: Ipv4Addr = Ipv4Addr::new(192, 168, 0, 17);

/// A socket of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    ip: IpAddr,
    v6only: Option<bool>,
    reuse: bool,
    reuseport: bool,
    device: &'static str,
}

/// Every address a socket can be bound to, with V6ONLY where that means something.
fn ends() -> Vec<(IpAddr, Option<bool>)> {
    let v4 = [Ipv4Addr::UNSPECIFIED, LINK, Ipv4Addr::LOCALHOST];
    let mapped = [Ipv4Addr::UNSPECIFIED, LINK].map(|ip| IpAddr::from(ip.to_ipv6_mapped()));
    let v6 = [Ipv6Addr::UNSPECIFIED, Ipv6Addr::LOCALHOST].map(IpAddr::from);
    let dual = mapped.into_iter().chain(v6).map(|ip| (ip, Some(false)));
    let only = v6.into_iter().map(|ip| (ip, Some(true)));
    v4.into_iter().map(|ip| (ip.into(), None)).chain(dual).chain(only).collect()
}

fn shapes(devices: &[&'static str]) -> Vec<Shape> {
    let mut shapes = Vec::new();
    for (ip, v6only) in ends() {
        for (reuse, reuseport) in [(false, false), (true, false), (false, true), (true, true)] {
            for &device in devices {
                shapes.push(Shape { ip, v6only, reuse, reuseport, device });
            }
        }
    }
    shapes
}

fn flag(fd: Fd, (level, name): (i32, i32), on: bool) -> Syscall {
    Syscall::Setsockopt { fd, level, name, value: i32::from(on).to_ne_bytes().to_vec(), len: 4 }
}

fn device(fd: Fd, name: &str) -> Syscall {
    let (value, len) = (name.as_bytes().to_vec(), u32::try_from(name.len()).unwrap());
    Syscall::Setsockopt { fd, level: SOL_SOCKET, name: SO_BINDTODEVICE, value, len }
}

fn bind(fd: Fd, ip: IpAddr, port: u16) -> Syscall {
    Syscall::Bind { fd, addr: SockAddr::Inet(SocketAddr::new(ip, port)) }
}

impl Shape {
    fn open(self, side: &mut Side) -> Fd {
        let domain = if self.ip.is_ipv4() { AF_INET } else { AF_INET6 };
        let fd = side.fd(&Syscall::Socket { domain, ty: STREAM_NONBLOCK, protocol: 6 });
        if let Some(v6only) = self.v6only {
            side.call(&flag(fd, IPV6_V6ONLY, v6only)).unwrap();
        }
        side.call(&flag(fd, (SOL_SOCKET, SO_REUSEADDR), self.reuse)).unwrap();
        side.call(&flag(fd, (SOL_SOCKET, SO_REUSEPORT), self.reuseport)).unwrap();
        if !self.device.is_empty() {
            side.call(&device(fd, self.device)).unwrap();
        }
        fd
    }
}

/// What becomes of the first socket between its bind() and the second's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    Bound,
    Listening,
    /// Bound, and the options taken back.
    TakenBack,
}

/// The answers to bind() and listen() of `second`, with `first` there.
fn answers(side: &mut Side, (first, state): (Shape, First), seconds: &[Shape]) -> Vec<String> {
    let a = first.open(side);
    let bound = shown(&side.call(&bind(a, first.ip, 5000)));
    match state {
        First::Bound => {}
        First::Listening => {
            side.call(&Syscall::Listen { fd: a, backlog: 5 }).unwrap();
        }
        First::TakenBack => {
            side.call(&flag(a, (SOL_SOCKET, SO_REUSEADDR), !first.reuse)).unwrap();
            side.call(&flag(a, (SOL_SOCKET, SO_REUSEPORT), !first.reuseport)).unwrap();
        }
    }
    let mut all = vec![bound];
    for second in seconds {
        let b = second.open(side);
        let mut line = shown(&side.call(&bind(b, second.ip, 5000)));
        for fd in [b, a] {
            line += &format!(", listen {}", shown(&side.call(&Syscall::Listen { fd, backlog: 5 })));
            if state != First::TakenBack {
                break;
            }
        }
        all.push(line);
        side.call(&Syscall::Close { fd: b }).unwrap();
    }
    side.call(&Syscall::Close { fd: a }).unwrap();
    all
}

fn compare_pairs(state: First, devices: &[&'static str]) -> String {
    let (mut linux, mut stack) = (Side::linux(), Side::stack());
    let shapes = shapes(devices);
    let mut differences = String::new();
    for first in &shapes {
        let theirs = answers(&mut linux, (*first, state), &shapes);
        let ours = answers(&mut stack, (*first, state), &shapes);
        let pairs = theirs.iter().zip(&ours).enumerate().filter(|(_, (a, b))| a != b);
        for (at, (theirs, ours)) in pairs {
            let second = at.checked_sub(1).and_then(|at| shapes.get(at));
            differences +=
                &format!("{first:?} {state:?}, then {second:?}: linux {theirs}, stack {ours}\n");
        }
    }
    differences
}

#[rstest::rstest]
#[case::bound(First::Bound, &[""])]
#[case::listening(First::Listening, &[""])]
#[case::taken_back(First::TakenBack, &[""])]
#[case::devices(First::Bound, &["", "lo", "tun0"])]
fn pairs_answer_alike(#[case] state: First, #[case] devices: &[&'static str]) {
    if is_comparable() {
        let differences = compare_pairs(state, devices);
        assert!(differences.is_empty(), "{differences}");
    }
}

/// Sockets of a walk at most.
const MOST: usize = 5;

/// One side of a walk: its sockets, by the same index on both sides.
struct Walker {
    side: Side,
    fds: Vec<Option<Fd>>,
    /// Sockets that have been connected to an IPv4-mapped address. In Linux such a socket never
    /// speaks IPv6 again: disconnected, it sends the SYN of an IPv6 connection as IPv4, to nobody.
    spoke_v4: Vec<Fd>,
}

/// One step of a walk, the same for both sides.
#[derive(Clone, Debug)]
enum Step {
    Open(Shape),
    Option(usize, (i32, i32), bool),
    Bind(usize, IpAddr, u16),
    Listen(usize),
    Connect(usize, IpAddr, u16),
    Accept(usize),
    Shutdown(usize, i32),
    Disconnect(usize),
    Close(usize),
}

fn pick<T: Copy>(rng: &mut Rng, from: &[T]) -> T {
    from[rng.below(from.len())]
}

fn random_step(rng: &mut Rng, ports: [u16; 2]) -> Step {
    let at = rng.below(MOST);
    let (ip, v6only) = pick(rng, &ends());
    let port = pick(rng, &ports);
    let on = rng.below(2) == 0;
    match rng.below(18) {
        0..=4 => {
            let (reuse, reuseport) = (rng.below(3) != 0, rng.below(3) == 0);
            let device = pick(rng, &["", "", "", "", "lo", "tun0"]);
            Step::Open(Shape { ip, v6only, reuse, reuseport, device })
        }
        5 => {
            let options = [
                (SOL_SOCKET, SO_REUSEADDR),
                (SOL_SOCKET, SO_REUSEPORT),
                IPV6_V6ONLY,
                IP_BIND_ADDRESS_NO_PORT,
            ];
            Step::Option(at, pick(rng, &options), on)
        }
        6..=9 => Step::Bind(at, ip, port),
        10..=11 => Step::Listen(at),
        12..=13 => {
            let own = [Ipv4Addr::LOCALHOST, LINK].map(IpAddr::from);
            let to =
                [own[0], own[1], Ipv6Addr::LOCALHOST.into(), Ipv4Addr::new(192, 0, 2, 1).into()];
            let to = if on { pick(rng, &to) } else { mapped(pick(rng, &to)) };
            Step::Connect(at, to, port)
        }
        14 => Step::Accept(at),
        15 => Step::Shutdown(at, pick(rng, &[0, 1, 2])),
        16 => Step::Disconnect(at),
        _ => Step::Close(at),
    }
}

impl Walker {
    fn new(side: Side) -> Self {
        Self { side, fds: vec![None; MOST], spoke_v4: Vec::new() }
    }

    /// The answer of a step; none if it means nothing here.
    fn step(&mut self, step: &Step) -> Option<String> {
        let side = &mut self.side;
        let fd_of = |at: &usize| self.fds[*at];
        let call = match step {
            Step::Open(shape) => {
                let free = self.fds.iter_mut().find(|fd| fd.is_none())?;
                *free = Some(shape.open(side));
                return None;
            }
            Step::Option(at, option, on) => flag(fd_of(at)?, *option, *on),
            Step::Bind(at, ip, port) => bind(fd_of(at)?, *ip, *port),
            Step::Listen(at) => Syscall::Listen { fd: fd_of(at)?, backlog: 5 },
            Step::Connect(at, ip, port) => {
                let fd = fd_of(at)?;
                match ip {
                    IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => self.spoke_v4.push(fd),
                    IpAddr::V6(_) if self.spoke_v4.contains(&fd) => return None,
                    IpAddr::V4(_) | IpAddr::V6(_) => {}
                }
                Syscall::Connect { fd, addr: SockAddr::Inet(SocketAddr::new(*ip, *port)) }
            }
            Step::Accept(at) => Syscall::Accept { fd: fd_of(at)? },
            Step::Shutdown(at, how) => Syscall::Shutdown { fd: fd_of(at)?, how: *how },
            Step::Disconnect(at) => Syscall::Connect { fd: fd_of(at)?, addr: SockAddr::Family(0) },
            Step::Close(at) => {
                let fd = self.fds[*at].take()?;
                self.spoke_v4.retain(|other| *other != fd);
                Syscall::Close { fd }
            }
        };
        let answer = side.call(&call);
        match (step, &answer) {
            (Step::Accept(_), Ok(returned)) if returned.value >= 0 => {
                let fd = Fd(i32::try_from(returned.value).unwrap());
                match self.fds.iter_mut().find(|fd| fd.is_none()) {
                    Some(free) => *free = Some(fd),
                    None => {
                        side.call(&Syscall::Close { fd }).unwrap();
                    }
                }
                Some("accepted".to_owned())
            }
            _ => Some(shown(&answer)),
        }
    }

    /// Everything is closed by resets, so that the next walk finds the ports free.
    fn finish(&mut self) {
        self.spoke_v4.clear();
        for fd in self.fds.iter_mut().filter_map(Option::take) {
            let value = [1_i32.to_ne_bytes(), 0_i32.to_ne_bytes()].concat();
            let linger =
                Syscall::Setsockopt { fd, level: SOL_SOCKET, name: SO_LINGER, value, len: 8 };
            self.side.call(&linger).unwrap();
            self.side.call(&Syscall::Close { fd }).unwrap();
        }
    }
}

#[rstest::rstest]
fn walks_answer_alike(#[values(0, 1, 2, 3)] quarter: u16) {
    if !is_comparable() {
        return;
    }
    let (mut linux, mut stack) = (Walker::new(Side::linux()), Walker::new(Side::stack()));
    for walk in quarter * 250..(quarter + 1) * 250 {
        let mut rng = Rng(u64::from(walk));
        // Ports of its own: connections of the walk before may still be in TIME-WAIT.
        let ports = [20_000 + 2 * walk, 20_001 + 2 * walk];
        let mut steps = Vec::new();
        for _ in 0..60 {
            let step = random_step(&mut rng, ports);
            let (theirs, ours) = (linux.step(&step), stack.step(&step));
            if ours.is_some() {
                steps.push(format!("{step:?} = {}", theirs.clone().unwrap_or_default()));
            } else {
                steps.push(format!("{step:?}"));
            }
            assert_eq!(theirs, ours, "walk {walk}, linux and stack:\n{}", steps.join("\n"));
        }
        linux.finish();
        stack.finish();
    }
}

/// bind(0) and connect() with a range of the socket's own: as many as there are ports, and no more.
#[rstest::rstest]
fn a_range_is_used_up_alike(#[values(AF_INET, AF_INET6)] domain: i32) {
    if !is_comparable() {
        return;
    }
    let [theirs, ours] = [Side::linux(), Side::stack()].map(|mut side| used_up(&mut side, domain));
    assert_eq!(theirs, ours);
    assert_eq!(theirs.iter().filter(|answer| *answer == "errno 98").count(), 2, "{theirs:?}");
    assert_eq!(theirs.iter().filter(|answer| *answer == "errno 99").count(), 2, "{theirs:?}");
}

fn used_up(side: &mut Side, domain: i32) -> Vec<String> {
    let any = side.addr(domain, Ipv4Addr::UNSPECIFIED.into(), 0);
    let remote = side.addr(domain, side.remote, 80);
    let open = |side: &mut Side, range: i32, no_port: bool| {
        let fd = side.fd(&Syscall::Socket { domain, ty: STREAM_NONBLOCK, protocol: 6 });
        let (level, name) = IP_LOCAL_PORT_RANGE;
        let value = range.to_ne_bytes().to_vec();
        side.fd(&Syscall::Setsockopt { fd, level, name, value, len: 4 });
        side.fd(&flag(fd, IP_BIND_ADDRESS_NO_PORT, no_port));
        fd
    };
    let mut answers = Vec::new();
    for _ in 0..6 {
        let fd = open(side, 40_003 << 16 | 40_000, false);
        answers.push(shown(&side.call(&Syscall::Bind { fd, addr: any })));
    }
    for _ in 0..6 {
        let fd = open(side, 41_003 << 16 | 41_000, true);
        answers.push(shown(&side.call(&Syscall::Bind { fd, addr: any })));
        answers.push(shown(&side.call(&Syscall::Connect { fd, addr: remote })));
    }
    answers
}

/// The address as an IPv6 socket names it.
fn mapped(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().into(),
        IpAddr::V6(_) => ip,
    }
}
