//! Random segments, calls and pauses in every state: nothing may contradict itself or panic.
//!
//! `Sock::check` runs after every entry point, so that reaching the end is the assertion.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests panic like tests"
)]

mod testkit;

use rstest::rstest;
use synproof_stack::api::{How, MsgFlags, Sleep};
use synproof_stack::rng::Rng;
use synproof_stack::state::TcpState;
use testkit::Scene;

/// Numbers around the edges that matter: old, next, a bit later, beyond the window.
fn near(rng: &mut Rng) -> u32 {
    const EDGES: [u32; 12] = [0, 1, 2, 3, 500, 1000, 1461, 9_999, 64_240, 64_241, 99_999, u32::MAX];
    let base = EDGES[usize::try_from(rng.below(12)).unwrap()];
    base.wrapping_add(rng.below(4))
}

/// A byte of randomness.
fn byte(rng: &mut Rng) -> u8 {
    rng.next_u32().to_le_bytes()[0]
}

fn one_event(scene: &mut Scene, rng: &mut Rng) {
    let (now, fd) = (scene.now, scene.fd);
    match rng.below(12) {
        0 => scene.wait_ms(u64::from(rng.below(3_000))),
        1 => {
            let data = vec![0; usize::try_from(rng.below(20_000)).unwrap()];
            let _taken = scene.stack.send(now, fd, &data, MsgFlags(0), &mut Sleep::default());
        }
        2 => {
            let max = usize::try_from(rng.below(5_000)).unwrap();
            let flags = MsgFlags(if rng.below(2) == 0 { 0 } else { 2 });
            let _got = scene.stack.recv(now, fd, max, flags, &mut Sleep::default());
        }
        3 if rng.below(10) == 0 => {
            let how = [How::Read, How::Write, How::Both][usize::try_from(rng.below(3)).unwrap()];
            let _done = scene.stack.shutdown(now, fd, how);
        }
        4 if rng.below(10) == 0 => {
            let _closed = scene.stack.close(now, fd, &mut Sleep::default());
        }
        _ => {
            // Mostly plain ACKs with data; sometimes any flags at all.
            let flags = if rng.below(4) == 0 { byte(rng) & 0x3f } else { 0x10 };
            let data = vec![b'x'; usize::try_from(rng.below(1_500)).unwrap()];
            let (seq, ack) = (near(rng), near(rng));
            scene.peer(flags, seq, ack, &data);
        }
    }
    scene.sent();
}

#[rstest]
fn no_storm_breaks_a_state(
    #[values(
        TcpState::Close,
        TcpState::Listen,
        TcpState::NewSynRecv,
        TcpState::SynSent,
        TcpState::SynRecv,
        TcpState::Established,
        TcpState::FinWait1,
        TcpState::FinWait2,
        TcpState::Closing,
        TcpState::CloseWait,
        TcpState::LastAck,
        TcpState::TimeWait
    )]
    state: TcpState,
) {
    for seed in 0..60 {
        let mut rng = Rng::new(seed);
        let mut scene = Scene::in_state(state);
        for _ in 0..120 {
            one_event(&mut scene, &mut rng);
        }
    }
}
