//! Every socket option, got and set with many lengths and values in several states, answered
//! alike by the reference stack and by the running kernel.
//!
//! A table test: it needs a kernel of the version that the stack models, and the right to make a
//! network namespace; without them it says so and does nothing.
#![cfg(all(target_os = "linux", feature = "target-linux", feature = "target-stack"))]
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "helpers of tests")]

mod twins;

use synproof_harness::target::{Fd, Syscall};
use twins::{AF_INET, AF_INET6, STREAM_NONBLOCK, Side, is_comparable, shown};

/// Lengths handed to getsockopt; the last is negative as an int.
const GET_LENGTHS: [u32; 9] = [0, 1, 2, 4, 5, 8, 16, 300, u32::MAX];
/// Values of four bytes.
const VALUES: [i32; 16] = [-2, -1, 0, 1, 2, 3, 5, 6, 7, 8, 0x28, 255, 256, 1500, 65_536, i32::MAX];
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
    (1, 49, "SO_INCOMING_CPU: the machine's processors"),
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

/// A socket in `state`, and what else to close afterwards.
fn socket(side: &mut Side, domain: i32, state: State) -> (Fd, Vec<Fd>) {
    let socket = Syscall::Socket { domain, ty: STREAM_NONBLOCK, protocol: 6 };
    let fd = side.fd(&socket);
    match state {
        State::Close => (fd, Vec::new()),
        State::Listen => {
            side.fd(&Syscall::Listen { fd, backlog: 5 });
            (fd, Vec::new())
        }
        State::SynSent => {
            let addr = side.addr(domain, side.remote, 80);
            side.call(&Syscall::Connect { fd, addr }).unwrap();
            (fd, Vec::new())
        }
        State::Established => {
            let listener = side.fd(&socket);
            let addr = side.addr(domain, side.local, 8080);
            side.fd(&Syscall::Setsockopt {
                fd: listener,
                level: 1,
                name: 2,
                value: 1_i32.to_ne_bytes().to_vec(),
                len: 4,
            });
            side.fd(&Syscall::Bind { fd: listener, addr });
            side.fd(&Syscall::Listen { fd: listener, backlog: 5 });
            side.call(&Syscall::Connect { fd, addr }).unwrap();
            let peer = side.fd(&Syscall::Accept { fd: listener });
            (fd, vec![peer, listener])
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

/// The differences of one option, one a line.
fn compare_option(
    (linux, stack): (&mut Side, &mut Side),
    (domain, state): (i32, State),
    (level, name): (i32, i32),
) -> String {
    let (theirs, their_rest) = socket(linux, domain, state);
    let (ours, our_rest) = socket(stack, domain, state);
    let calls = questions(theirs, level, name).into_iter().zip(questions(ours, level, name));
    let mut differences = String::new();
    for (to_linux, to_stack) in calls {
        let answers = (shown(&linux.call(&to_linux)), shown(&stack.call(&to_stack)));
        if answers.0 != answers.1 {
            differences += &format!(
                "{state:?} family {domain} level {level} option {name}: {}: linux {}, stack {}\n",
                asked(&to_linux),
                answers.0,
                answers.1
            );
        }
    }
    for fd in [theirs].into_iter().chain(their_rest) {
        linux.call(&Syscall::Close { fd }).unwrap();
    }
    for fd in [ours].into_iter().chain(our_rest) {
        stack.call(&Syscall::Close { fd }).unwrap();
    }
    differences
}

fn compare(domain: i32, state: State) -> String {
    let (mut linux, mut stack) = (Side::linux(), Side::stack());
    let is_apart = |option| APART.iter().any(|apart| (apart.0, apart.1) == option);
    LEVELS
        .iter()
        .flat_map(|(level, names)| names.clone().map(|name| (*level, name)))
        .filter(|option| !is_apart(*option))
        .map(|option| compare_option((&mut linux, &mut stack), (domain, state), option))
        .collect()
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
