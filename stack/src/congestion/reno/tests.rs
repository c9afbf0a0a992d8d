//! Growth step by step.

use super::*;
use crate::seq::Seq;
use rstest::rstest;

pub(in crate::congestion) fn window(snd_cwnd: u32, snd_ssthresh: u32) -> Cwnd {
    Cwnd { snd_cwnd, snd_ssthresh, is_cwnd_limited: true, ..Cwnd::new() }
}

pub(in crate::congestion) fn ack(at_us: u64, acked: u32, rtt_us: Option<u32>) -> AckSample {
    AckSample {
        now: Instant::from_micros(at_us),
        ack: Seq(0),
        acked,
        rtt_us,
        snd_nxt: Seq(0),
        pacing_rate: 1_000_000,
        is_paced: false,
    }
}

#[rstest]
#[case::slow_start(10, 100, 2, 12, 0)]
#[case::slow_start_stops_at_the_threshold(10, 11, 3, 11, 2)]
#[case::avoidance_counts(10, 10, 4, 10, 4)]
#[case::avoidance_steps(10, 10, 25, 12, 5)]
fn one_ack(
    #[case] cwnd: u32,
    #[case] ssthresh: u32,
    #[case] acked: u32,
    #[case] after: u32,
    #[case] credit: u32,
) {
    let mut cw = window(cwnd, ssthresh);
    Reno.cong_avoid(&mut cw, &ack(0, acked, None));
    assert_eq!((cw.snd_cwnd, cw.snd_cwnd_cnt), (after, credit));
}

#[test]
fn credit_of_a_larger_window_is_worth_one_step() {
    let mut cw = Cwnd { snd_cwnd_cnt: 90, ..window(10, 5) };
    tcp_cong_avoid_ai(&mut cw, 10, 1);
    assert_eq!((cw.snd_cwnd, cw.snd_cwnd_cnt), (11, 1));
}

#[test]
fn a_window_nobody_fills_does_not_grow() {
    let mut cw = Cwnd { is_cwnd_limited: false, max_packets_out: 5, ..window(10, 100) };
    Reno.cong_avoid(&mut cw, &ack(0, 2, None));
    assert_eq!(cw.snd_cwnd, 10);
    cw.max_packets_out = 6;
    Reno.cong_avoid(&mut cw, &ack(0, 2, None));
    assert_eq!(cw.snd_cwnd, 12);
}

#[test]
fn loss_halves_down_to_two() {
    assert_eq!(Reno.ssthresh(&mut window(11, 100)), 5);
    assert_eq!(Reno.ssthresh(&mut window(3, 100)), 2);
    let cw = Cwnd { prior_cwnd: 20, ..window(7, 10) };
    assert_eq!(Reno.undo_cwnd(&cw), 20);
}
