//! The curve against the formula of RFC 9438 in floating point, and HyStart's two triggers.

use super::*;
use crate::congestion::reno::tests::{ack, window};
use rstest::rstest;

#[rstest]
#[case(0, 0)]
#[case(1, 1)]
#[case(7, 1)]
#[case(8, 2)]
#[case(26, 2)]
#[case(27, 3)]
#[case(u64::MAX, 2_642_245)]
fn cube_roots_are_exact(#[case] a: u64, #[case] root: u64) {
    assert_eq!(cubic_root(a), root);
}

#[test]
fn constants_are_the_kernels() {
    assert_eq!((BETA_FRIENDLY, CUBE_FACTOR), (15, 2_681_735_677));
}

#[rstest]
#[case(100, 0, 70, 100)]
#[case(100, 200, 70, 85)]
#[case(2, 0, 2, 2)]
fn a_loss_multiplies_by_seven_tenths(
    #[case] cwnd: u32,
    #[case] last_max: u32,
    #[case] ssthresh: u32,
    #[case] new_max: u32,
) {
    let mut cubic = Cubic::new(&Sysctls::default(), Hz::DEFAULT);
    cubic.curve.last_max_cwnd = last_max;
    assert_eq!(cubic.ssthresh(&mut window(cwnd, u32::MAX)), ssthresh);
    assert_eq!(cubic.curve.last_max_cwnd, new_max);
}

fn tick(ms: u64) -> Jiffies {
    Hz::DEFAULT.jiffies(Instant::from_millis(ms))
}

/// Every ACK of `rtts` round trips of `rtt_ms`, starting at one second, one segment each.
fn run(cubic: &mut Cubic, cw: &mut Cwnd, rtts: u64, rtt_ms: u64) {
    let rtt_us = u32::try_from(rtt_ms * 1000).unwrap();
    for round in 0..rtts {
        let flight = u64::from(cw.snd_cwnd);
        for i in 0..flight {
            let at = 1_000_000 + (round * rtt_ms * 1000) + i * rtt_ms * 1000 / flight;
            let sample = ack(at, 1, Some(rtt_us));
            cubic.pkts_acked(cw, &sample);
            cubic.cong_avoid(cw, &sample);
        }
    }
}

#[test]
fn growth_after_a_loss_follows_the_formula() {
    let mut cubic = Cubic::new(&Sysctls::default(), Hz::DEFAULT);
    let mut cw = window(1000, 1000);
    cw.snd_ssthresh = cubic.ssthresh(&mut cw);
    cw.snd_cwnd = cw.snd_ssthresh;
    cubic.curve.delay_min_us = 100_000;
    // RFC 9438 (1) and (2): W(t) = C (t - K)³ + W_max, K = cbrt(W_max (1 - beta) / C).
    let k = ((1000.0 - f64::from(cw.snd_ssthresh)) / 0.4_f64).cbrt();
    let formula = |t: f64| 0.4 * (t - k).powi(3) + 1000.0;
    for seconds in [3_u64, 6, 9, 12] {
        let mut copy = (cubic.clone(), cw.clone());
        run(&mut copy.0, &mut copy.1, seconds * 10, 100);
        let (got, wanted) = (f64::from(copy.1.snd_cwnd), formula(seconds as f64));
        assert!((got - wanted).abs() < wanted * 0.02, "after {seconds} s: {got}, not {wanted}");
    }
}

#[test]
fn small_windows_are_at_least_as_fast_as_reno() {
    let mut cubic = Cubic::new(&Sysctls::default(), Hz::DEFAULT);
    let mut cw = window(20, 20);
    cw.snd_ssthresh = cubic.ssthresh(&mut cw);
    cw.snd_cwnd = cw.snd_ssthresh;
    run(&mut cubic, &mut cw, 50, 10);
    // RFC 9438 (4) with alpha = 3 (1 - beta) / (1 + beta) = 0.53 segments per round trip.
    assert!((35..=42).contains(&cw.snd_cwnd), "{}", cw.snd_cwnd);
}

#[test]
fn idle_time_shifts_the_curve() {
    let mut cubic = Cubic::new(&Sysctls::default(), Hz::DEFAULT);
    cubic.curve.epoch_start = Some(tick(1000));
    let mut cw = window(10, 10);
    let now = Instant::from_millis(5000);
    cubic.cwnd_event(&mut cw, CaEvent::TxStart { idle: 2000 }, now);
    assert_eq!(cubic.curve.epoch_start, Some(tick(3000)));
    cubic.cwnd_event(&mut cw, CaEvent::TxStart { idle: 9000 }, now);
    assert_eq!(cubic.curve.epoch_start, Some(tick(5000)));
}

#[test]
fn a_timeout_forgets_everything() {
    let mut cubic = Cubic::new(&Sysctls::default(), Hz::DEFAULT);
    let mut cw = window(100, 50);
    cubic.ssthresh(&mut cw);
    cubic.set_state(&mut cw, CaState::Recovery, Instant::ZERO);
    assert_eq!(cubic.curve.last_max_cwnd, 100);
    cubic.set_state(&mut cw, CaState::Loss, Instant::ZERO);
    assert_eq!(cubic.curve.last_max_cwnd, 0);
}

fn hystart_after(cwnd: u32, acks: &[(u64, u32)]) -> u32 {
    let mut cubic = Cubic::new(&Sysctls::default(), Hz::DEFAULT);
    let mut cw = window(cwnd, u32::MAX);
    for (n, &(at_us, rtt_us)) in acks.iter().enumerate() {
        let seq = Seq(u32::try_from(n).unwrap());
        let sample = AckSample { ack: seq, snd_nxt: Seq(1000), ..ack(at_us, 1, Some(rtt_us)) };
        cubic.pkts_acked(&mut cw, &sample);
    }
    cw.snd_ssthresh
}

#[rstest]
#[case::train(20, 1500, 40, 20)]
#[case::small_window_is_left_alone(15, 1500, 40, u32::MAX)]
#[case::too_far_apart(20, 2500, 40, u32::MAX)]
#[case::too_short(20, 1500, 30, u32::MAX)]
fn an_ack_train_of_half_the_delay_ends_slow_start(
    #[case] cwnd: u32,
    #[case] gap_us: u64,
    #[case] count: u64,
    #[case] ssthresh: u32,
) {
    // (100 ms + 1 ms) / 2 is reached with the 35th ACK at 1.5 ms each.
    let acks: Vec<_> = (0..count).map(|i| (1_000_000 + i * gap_us, 100_000)).collect();
    assert_eq!(hystart_after(cwnd, &acks), ssthresh);
}

#[test]
fn nine_samples_of_a_longer_delay_end_slow_start() {
    let mut cubic = Cubic::new(&Sysctls::default(), Hz::DEFAULT);
    let mut cw = window(20, u32::MAX);
    cubic.curve.delay_min_us = 100_000;
    for i in 0..9 {
        assert_eq!(cw.snd_ssthresh, u32::MAX);
        let sample =
            AckSample { snd_nxt: Seq(1000), ..ack(1_000_000 + i * 3000, 1, Some(112_501)) };
        cubic.pkts_acked(&mut cw, &sample);
    }
    assert_eq!(cw.snd_ssthresh, 20);
}

#[test]
fn parameters_turn_hystart_off() {
    let sysctl = Sysctls { cubic_hystart_detect: 2, ..Sysctls::default() };
    let mut cubic = Cubic::new(&sysctl, Hz::DEFAULT);
    let mut cw = window(20, u32::MAX);
    for i in 0..40 {
        let sample =
            AckSample { snd_nxt: Seq(1000), ..ack(1_000_000 + i * 1500, 1, Some(100_000)) };
        assert_eq!(cubic.pkts_acked(&mut cw, &sample), None);
    }
}

#[test]
fn a_paced_connection_may_have_trains_of_a_whole_round_trip() {
    let mut cubic = Cubic::new(&Sysctls::default(), Hz::DEFAULT);
    let mut cw = window(20, u32::MAX);
    for i in 0..60 {
        let at = 1_000_000 + i * 1500;
        let sample = AckSample { snd_nxt: Seq(1000), is_paced: true, ..ack(at, 1, Some(100_000)) };
        assert_eq!(cubic.pkts_acked(&mut cw, &sample), None);
    }
}
