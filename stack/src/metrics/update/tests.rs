//! What is saved of a connection, and what the next one takes from it.

use rstest::rstest;

use super::*;
use crate::Config;
use crate::metrics::tcp_init_metrics;
use crate::sock::SockId;

fn surroundings() -> Cx {
    Cx::new(Config::default())
}

fn socket(cx: &Cx, srtt_us: u32) -> Sock {
    let mut sk = Sock::new(SockId(1), false, cx);
    sk.rtt.srtt_us = srtt_us;
    sk.rtt.mdev_us = 4000;
    sk
}

fn saved(cx: &Cx) -> MetricsBlock {
    cx.metrics.entries().first().map(|(_, block)| (*block).clone()).unwrap()
}

#[rstest]
#[case::longer_counts_at_once(80_000, 160_000, 160_000)]
#[case::shorter_by_an_eighth(160_000, 80_000, 150_000)]
fn round_trips(#[case] first: u32, #[case] second: u32, #[case] wanted: u32) {
    let mut cx = surroundings();
    for srtt in [first, second] {
        tcp_update_metrics(&socket(&cx, srtt), &mut cx);
    }
    assert_eq!(saved(&cx).rtt_us, wanted);
}

#[test]
fn a_connection_without_a_round_trip_takes_it_back() {
    let mut cx = surroundings();
    tcp_update_metrics(&socket(&cx, 80_000), &mut cx);
    tcp_update_metrics(&socket(&cx, 0), &mut cx);
    assert_eq!(saved(&cx).rtt_us, 0);
}

#[rstest]
#[case::slow_start(20, INFINITE_SSTHRESH, CaState::Open, (0, 20))]
#[case::avoidance(20, 8, CaState::Open, (10, 10))]
#[case::recovering(20, 30, CaState::Recovery, (0, 15))]
fn windows(
    #[case] cwnd: u32,
    #[case] ssthresh: u32,
    #[case] state: CaState,
    #[case] (wanted_ssthresh, wanted_cwnd): (u32, u32),
) {
    let mut cx = surroundings();
    cx.sysctl.tcp_no_ssthresh_metrics_save = 0;
    let mut sk = socket(&cx, 80_000);
    (sk.cong.cw.snd_cwnd, sk.cong.cw.snd_ssthresh) = (cwnd, ssthresh);
    sk.loss.ca_state = state;
    tcp_update_metrics(&sk, &mut cx);
    assert_eq!((saved(&cx).ssthresh, saved(&cx).cwnd), (wanted_ssthresh, wanted_cwnd));
}

#[test]
fn what_the_route_has_locked_stays() {
    let mut cx = surroundings();
    cx.net.route.rtt_ms8 = 8;
    cx.net.route.cwnd = 4;
    cx.net.route.locks.rtt = true;
    cx.net.route.locks.rttvar = true;
    cx.net.route.locks.cwnd = true;
    tcp_update_metrics(&socket(&cx, 80_000), &mut cx);
    let MetricsBlock { rtt_us, rttvar_us, cwnd, .. } = saved(&cx);
    assert_eq!((rtt_us, rttvar_us, cwnd), (8000, 0, 4));
    let mut next = socket(&cx, 0);
    tcp_init_metrics(&mut next, &mut cx);
    assert_eq!(next.cong.cw.snd_cwnd_clamp, 4);
}

#[test]
fn nothing_is_saved_if_the_host_does_not_want_it() {
    let mut cx = surroundings();
    cx.sysctl.tcp_no_metrics_save = 1;
    tcp_update_metrics(&socket(&cx, 80_000), &mut cx);
    assert!(cx.metrics.entries().is_empty());
}

#[rstest]
#[case::longer_than_measured(0, 640_000, 80 + 200)]
#[case::three_seconds_without_either(0, 0, 3000)]
#[case::measured_is_longer(800_000, 640_000, 1000)]
fn first_timeout(#[case] srtt_us: u32, #[case] cached: u32, #[case] rto_ms: u32) {
    let mut cx = surroundings();
    if cached != 0 {
        tcp_update_metrics(&socket(&cx, cached), &mut cx);
    }
    let mut next = socket(&cx, srtt_us);
    tcp_init_metrics(&mut next, &mut cx);
    assert_eq!(next.loss.rto, rto_ms);
}
