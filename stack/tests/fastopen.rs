//! Fast Open under random segments, calls and pauses: nothing may contradict itself or panic, and
//! a listener's limit holds.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests panic like tests"
)]

mod testkit;

use std::task::Poll;

use rstest::rstest;
use synproof_stack::Fd;
use synproof_stack::api::{Address, How, MsgFlags, Sleep};
use synproof_stack::mib::Counter;
use synproof_stack::rng::Rng;
use synproof_stack::state::TcpState;
use testkit::{A, F, P, S, Scene};

const SOL_TCP: i32 = 6;
const TCP_FASTOPEN_CONNECT: i32 = 30;
const MSG_FASTOPEN: i32 = 0x2000_0000;
const LOCAL: &str = "192.0.2.1:8080";
const REMOTE: &str = "198.51.100.1:40000";

/// Data goes with SYNs, without cookies, at either end.
fn without_cookies(scene: &mut Scene) {
    scene.stack.sysctl_mut().set("net.ipv4.tcp_fastopen", "0x607").unwrap();
    scene.stack.sysctl_mut().set("net.ipv4.tcp_fastopen_blackhole_timeout_sec", "1").unwrap();
}

fn remote() -> Address {
    Address::Inet(REMOTE.parse().unwrap())
}

/// A child that was accepted before its handshake has ended.
fn child() -> Scene {
    let mut scene = Scene::closed();
    without_cookies(&mut scene);
    scene.listen(2);
    scene.peer(S, 0, 0, b"hello");
    scene.learn_isn();
    scene.accept();
    assert_eq!(scene.state(), TcpState::SynRecv);
    scene
}

/// connect() has returned, and the SYN waits for data.
fn deferred() -> Scene {
    let mut scene = Scene::closed();
    without_cookies(&mut scene);
    let (now, fd) = (scene.now, scene.fd);
    scene.stack.bind(now, fd, Address::Inet(LOCAL.parse().unwrap())).unwrap();
    scene.stack.setsockopt(now, fd, SOL_TCP, TCP_FASTOPEN_CONNECT, &[1, 0, 0, 0]).unwrap();
    let begun = scene.stack.connect(now, fd, remote(), &mut Sleep::default());
    assert_eq!(begun, Poll::Ready(Ok(())));
    scene
}

/// The SYN with data is out.
fn opening() -> Scene {
    let mut scene = deferred();
    scene.send(b"hello");
    scene.learn_isn();
    scene
}

fn one_call(scene: &mut Scene, rng: &mut Rng) {
    let (now, fd) = (scene.now, scene.fd);
    let stack = &mut scene.stack;
    match rng.below(9) {
        0 => {
            let how = [How::Read, How::Write, How::Both][usize::try_from(rng.below(3)).unwrap()];
            let _done = stack.shutdown(now, fd, how);
        }
        1 => {
            let _connected = stack.connect(now, fd, remote(), &mut Sleep::default());
        }
        2 => {
            let _done = stack.connect(now, fd, Address::Family(0), &mut Sleep::default());
        }
        3 => {
            let on = [u8::from(rng.below(2) == 0), 0, 0, 0];
            let _set = stack.setsockopt(now, fd, SOL_TCP, TCP_FASTOPEN_CONNECT, &on);
        }
        4 => {
            let _closed = stack.close(now, fd, &mut Sleep::default());
        }
        5 => {
            let max = usize::try_from(rng.below(2_000)).unwrap();
            let _got = stack.recv(now, fd, max, MsgFlags(0), &mut Sleep::default());
        }
        _ => {
            let data = vec![0; usize::try_from(rng.below(3_000)).unwrap()];
            let flags = MsgFlags(if rng.below(2) == 0 { 0 } else { MSG_FASTOPEN });
            let _taken = stack.send(now, fd, &data, flags, &mut Sleep::default());
        }
    }
}

fn one_event(scene: &mut Scene, rng: &mut Rng) {
    match rng.below(8) {
        0 => scene.wait_ms(u64::from(rng.below(3_000))),
        1 | 2 => one_call(scene, rng),
        3 => {
            let listener = scene.listener.unwrap_or(Fd(1000));
            let _accepted = scene.stack.accept(scene.now, listener, true, &mut Sleep::default());
        }
        _ => {
            let kinds = [S, S | A, S | F | A, A, A | P, F | A, 0x04, 0x14];
            let flags = kinds[usize::try_from(rng.below(8)).unwrap()];
            let data = vec![b'x'; usize::try_from(rng.below(100)).unwrap()];
            let (seq, ack) = (rng.below(9), rng.below(9));
            scene.peer(flags, seq, ack, &data);
        }
    }
    scene.sent();
}

#[rstest]
#[case::child(child)]
#[case::deferred(deferred)]
#[case::opening(opening)]
fn no_storm_breaks_it(#[case] scene: fn() -> Scene) {
    for seed in 0..400 {
        let mut rng = Rng::new(seed);
        let mut scene = scene();
        for _ in 0..60 {
            one_event(&mut scene, &mut rng);
        }
    }
}

#[test]
fn the_end_of_a_handshake_makes_room() {
    let mut scene = child();
    let overflows = |scene: &Scene| scene.stack.mib().get(Counter::TcpExtTCPFastOpenListenOverflow);
    assert_eq!(scene.recv().unwrap().data, b"hello");
    scene.peer(A, 6, 1, b"");
    assert_eq!(scene.state(), TcpState::Established);
    assert_eq!(overflows(&scene), 0);
}

/// A segment of the peer for a connection whose SYN has not been sent means nothing to it.
#[test]
fn nothing_answers_a_syn_that_waits() {
    let mut scene = deferred();
    scene.peer(S | A, 0, 1, b"");
    assert_eq!(scene.state(), TcpState::SynSent);
    scene.sent();
    scene.send(b"hello");
    assert_eq!(scene.sent().len(), 1);
}
