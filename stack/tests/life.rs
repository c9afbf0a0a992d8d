//! Stories longer than one segment: retransmission, persistence, time-outs, resets by the user.

mod testkit;

use rstest::rstest;
use synproof_stack::errno::Errno;
use synproof_stack::state::TcpState;
use testkit::{A, F, P, R, S, Scene};

const SOL_SOCKET: i32 = 1;
const SO_LINGER: i32 = 13;

/// Times in milliseconds after which something is sent, with what.
fn transmissions(scene: &mut Scene, until_ms: u64, step_ms: u64) -> Vec<(u64, String)> {
    let mut seen = Vec::new();
    let start = scene.now.as_millis();
    while scene.now.as_millis() < start + until_ms {
        scene.wait_ms(step_ms);
        let at = scene.now.as_millis() - start;
        seen.extend(scene.sent_text().into_iter().map(|text| (at, text)));
    }
    seen
}

#[test]
fn syn_sent_retransmits_linearly_then_exponentially_and_gives_up() {
    let mut scene = Scene::syn_sent();
    let seen = transmissions(&mut scene, 150_000, 100);
    let at: Vec<u64> = seen.iter().map(|(at, _)| at / 1000).collect();
    // The timer wheel is late by up to an eighth: the last is 68 s after the first.
    assert_eq!(at, [1, 2, 3, 4, 5, 7, 11, 19, 35, 68]);
    assert!(seen.iter().all(|(_, text)| text == "S 0:0(0)"));
    assert_eq!(scene.connection(), TcpState::Close);
    assert_eq!(scene.recv(), Err(Errno::ETIMEDOUT));
}

#[test]
fn half_open_retransmits_five_times_and_is_forgotten() {
    let mut scene = Scene::half_open();
    let seen = transmissions(&mut scene, 70_000, 100);
    let at: Vec<u64> = seen.iter().map(|(at, _)| at / 1000).collect();
    assert_eq!(at, [1, 3, 7, 15, 31]);
    assert_eq!(scene.connection(), TcpState::Close);
}

#[test]
fn data_is_retransmitted_with_doubling_timeouts() {
    let mut scene = Scene::established();
    scene.send(b"hello");
    assert_eq!(scene.sent_text(), ["P. 1:6(5) ack 1"]);
    let seen = transmissions(&mut scene, 3_500, 10);
    let at: Vec<u64> = seen.iter().map(|(at, _)| *at).collect();
    // Timeouts of 200, 400, 800 and 1600 ms, rounded up by the timer wheel.
    assert_eq!(at, [210, 620, 1470, 3130]);
    scene.peer(A, 1, 6, b"");
    assert!(transmissions(&mut scene, 10_000, 100).is_empty());
}

#[test]
fn a_reader_gets_the_data_in_order_and_then_the_end() {
    let mut scene = Scene::established();
    scene.peer(P | A, 6, 1, b"world");
    scene.peer(P | A, 1, 1, b"hello");
    scene.peer(F | A, 11, 1, b"");
    assert_eq!(scene.recv().unwrap().data, b"helloworld");
    assert_eq!(scene.recv().unwrap().data, b"");
}

#[test]
fn a_reset_is_reported_once() {
    let mut scene = Scene::established();
    scene.peer(R, 1, 0, b"");
    assert_eq!(scene.recv(), Err(Errno::ECONNRESET));
    assert_eq!(scene.recv().unwrap().data, b"");
}

#[test]
fn close_with_unread_data_resets() {
    let mut scene = Scene::established();
    scene.peer(P | A, 1, 1, b"unread");
    scene.sent();
    scene.close();
    assert_eq!(scene.sent_text(), ["R. 1:1(0) ack 7"]);
    assert_eq!(scene.connection(), TcpState::Close);
}

#[test]
fn close_with_linger_zero_resets() {
    let mut scene = Scene::established();
    let linger = [1_i32.to_ne_bytes(), 0_i32.to_ne_bytes()].concat();
    scene.stack.setsockopt(scene.now, scene.fd, SOL_SOCKET, SO_LINGER, &linger).unwrap();
    scene.close();
    assert_eq!(scene.sent_text(), ["R. 1:1(0) ack 1"]);
}

#[test]
fn closing_a_listener_resets_what_nobody_accepted() {
    let mut scene = Scene::half_open();
    scene.peer(A, 1, 1, b"");
    scene.close();
    assert_eq!(scene.sent_text(), ["R. 1:1(0) ack 1"]);
    assert_eq!(scene.state(), TcpState::Close);
}

#[rstest]
#[case::time_wait(Scene::time_wait(), 60_000)]
#[case::fin_wait2_of_an_orphan(orphan_in_fin_wait2(), 60_000)]
fn waiting_ends_after_a_minute_and_at_most_an_eighth(#[case] mut scene: Scene, #[case] ms: u64) {
    let state = scene.connection();
    scene.wait_ms(ms - 100);
    assert_eq!(scene.connection(), state);
    scene.wait_ms(100 + ms / 8);
    assert_eq!(scene.connection(), TcpState::Close);
    assert!(scene.sent().is_empty());
}

fn orphan_in_fin_wait2() -> Scene {
    let mut scene = Scene::fin_wait1();
    scene.peer(A, 1, 2, b"");
    scene
}

#[test]
fn a_new_syn_reopens_time_wait_beyond_the_old_numbers() {
    let mut scene = Scene::time_wait();
    scene.peer(S, 100_000, 0, b"");
    let answer = scene.sent();
    assert_eq!(answer[0].flags, S | A);
    assert_eq!(answer[0].seq, 2 + 65_537);
    assert_eq!(scene.connection(), TcpState::NewSynRecv);
}

#[test]
fn an_accept_queue_of_one_holds_two() {
    let mut scene = Scene::listening(0);
    scene.peer(S, 0, 0, b"");
    let isn = scene.sent()[0].seq;
    scene.peer(A, 1, isn.wrapping_add(1), b"");
    assert_eq!(scene.connection(), TcpState::Established);
}
