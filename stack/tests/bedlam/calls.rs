//! Any call, with any arguments, sensible or not.

use std::net::SocketAddr;

use synproof_stack::api::{Address, Domain, EpollEvent, EpollOp, How, MsgFlags, PollFd, Sleep};
use synproof_stack::rng::Rng;
use synproof_stack::time::Instant;
use synproof_stack::{Fd, Stack};

/// Most descriptors that are open at a time.
const MOST_FDS: i32 = 9;

/// Option levels: `SOL_SOCKET`, IPPROTO_IP, TCP, IPV6, and one that is none.
const LEVELS: [i32; 5] = [1, 0, 6, 41, 77];
/// Option values around the edges.
const VALUES: [i32; 12] = [0, 1, -1, 2, 3, 100, 1000, 4096, 65_535, 65_536, i32::MAX, i32::MIN];
/// ioctl requests: FIONREAD, TIOCOUTQ, SIOCATMARK, SIOCOUTQNSD, FIONBIO, and one that is none.
const REQUESTS: [u64; 6] = [0x541b, 0x5411, 0x8905, 0x894b, 0x5421, 0x1234];

/// SO_LINGER, which may make close() wait, is as good as any other; these would undo the bounds
/// that the test relies on: `SO_SNDBUFFORCE`, `SO_RCVBUFFORCE`.
const UNBOUNDED: [i32; 2] = [32, 33];

/// Whatever a call answers is right.
fn ignore<T>(_answer: T) {}

fn pick<T: Copy>(rng: &mut Rng, all: &[T]) -> T {
    all[usize::try_from(rng.below(u32::try_from(all.len()).unwrap_or(1))).unwrap_or(0)]
}

fn int(rng: &mut Rng) -> i32 {
    if rng.below(4) == 0 { rng.next_u32().cast_signed() } else { pick(rng, &VALUES) }
}

/// Makes one call of `stack`; whatever it answers is right.
pub(crate) fn call(stack: &mut Stack, now: Instant, ends: &[SocketAddr], rng: &mut Rng) {
    let fd = Fd(2 + rng.below(10).cast_signed());
    let sleep = &mut Sleep::default();
    let address = |rng: &mut Rng| match rng.below(12) {
        0 => Address::Family(pick(rng, &[0, 1, 2, 10])),
        _ => Address::Inet(pick(rng, ends)),
    };
    let flags = MsgFlags(if rng.below(2) == 0 { 0 } else { 1 << rng.below(31) });
    match rng.below(18) {
        0 => open(stack, now, rng),
        1 => ignore(stack.bind(now, fd, address(rng))),
        2 => ignore(stack.listen(now, fd, int(rng))),
        3 => ignore(stack.connect(now, fd, address(rng), sleep)),
        4 => ignore(stack.accept(now, fd, rng.below(2) == 0, sleep)),
        5..8 => {
            let data = vec![1; usize::try_from(rng.below(9_000)).unwrap_or(0)];
            ignore(stack.send(now, fd, &data, flags, sleep));
        }
        8..10 => {
            let max = usize::try_from(rng.below(20_000)).unwrap_or(0);
            ignore(stack.recv(now, fd, max, flags, sleep));
        }
        10 if rng.below(4) == 0 => {
            ignore(stack.shutdown(now, fd, pick(rng, &[How::Read, How::Write, How::Both])));
        }
        11 if rng.below(3) == 0 => ignore(stack.close(now, fd, sleep)),
        10..13 => set_option(stack, now, fd, rng),
        13 => {
            let (level, name) = (pick(rng, &LEVELS), rng.below(80).cast_signed());
            let len = usize::try_from(rng.below(300)).unwrap_or(0);
            ignore(stack.getsockopt(now, fd, level, name, len));
        }
        14 => {
            ignore(stack.ioctl(fd, pick(rng, &REQUESTS), Some(int(rng))));
            ignore(stack.fcntl(fd, int(rng), i64::from(int(rng))));
            ignore((stack.getsockname(fd), stack.getpeername(fd)));
        }
        15 => {
            let fds = [fd, Fd(3), Fd(-1)].map(|fd| PollFd { fd, events: 0x3fff });
            ignore(stack.poll(now, &fds, int(rng), sleep));
        }
        16 => epoll_ctl(stack, fd, rng),
        _ => ignore(stack.epoll_wait(now, fd, int(rng).min(1000), int(rng), sleep)),
    }
}

fn open(stack: &mut Stack, now: Instant, rng: &mut Rng) {
    let domain = if rng.below(2) == 0 { Domain::Inet } else { Domain::Inet6 };
    let fd = if rng.below(6) == 0 {
        stack.epoll_create(1).unwrap_or(Fd(-1))
    } else {
        stack.socket(now, domain, rng.below(4) != 0)
    };
    if fd.0 > MOST_FDS {
        ignore(stack.close(now, fd, &mut Sleep::default()));
    }
}

fn set_option(stack: &mut Stack, now: Instant, fd: Fd, rng: &mut Rng) {
    let (level, name) = (pick(rng, &LEVELS), rng.below(80).cast_signed());
    if level == 1 && UNBOUNDED.contains(&name) {
        return;
    }
    let mut value = int(rng).to_ne_bytes().to_vec();
    value.extend((0..rng.below(40)).map(|_| rng.next_u32().to_le_bytes()[0]));
    let len = usize::try_from(rng.below(44)).unwrap_or(0);
    value.truncate(if rng.below(4) == 0 { len } else { 4 });
    ignore(stack.setsockopt(now, fd, level, name, &value));
}

fn epoll_ctl(stack: &mut Stack, fd: Fd, rng: &mut Rng) {
    let op = pick(rng, &[EpollOp::Add, EpollOp::Mod, EpollOp::Del]);
    let event = EpollEvent { events: rng.next_u32(), data: rng.next_u64() };
    let epoll = Fd(2 + rng.below(10).cast_signed());
    ignore(stack.epoll_ctl(epoll, op, fd, event));
}
