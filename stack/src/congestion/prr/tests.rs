//! A reduction from twenty segments to ten, ACK by ACK, and its bounds.

use super::*;
use crate::rng::Rng;

fn window(snd_cwnd: u32) -> Cwnd {
    Cwnd { snd_cwnd, ..Cwnd::new() }
}

fn sacked(n: u32) -> Delivery {
    Delivery { newly_acked_sacked: n, ..Delivery::default() }
}

#[test]
fn the_first_ack_of_a_reduction_lets_one_segment_out() {
    let (mut cw, mut prr) = (window(20), Prr::default());
    prr.begin(&mut cw, 10);
    prr.tcp_cwnd_reduction(&mut cw, 19, sacked(1));
    assert_eq!(cw.snd_cwnd, 20);
}

#[test]
fn above_the_target_one_segment_leaves_for_two_delivered() {
    let (mut cw, mut prr) = (window(20), Prr::default());
    prr.begin(&mut cw, 10);
    let (mut in_flight, mut sent) = (19, Vec::new());
    for _ in 0..8 {
        in_flight -= 1;
        prr.tcp_cwnd_reduction(&mut cw, in_flight, sacked(1));
        let n = cw.snd_cwnd - in_flight;
        sent.push(n);
        prr.out += n;
        in_flight += n;
    }
    assert_eq!(sent, [1, 0, 1, 0, 1, 0, 1, 0]);
}

#[test]
fn below_the_target_an_advance_without_loss_sends_one_more() {
    let (mut cw, mut prr) = (window(20), Prr { delivered: 5, out: 5 });
    (cw.prior_cwnd, cw.snd_ssthresh) = (20, 10);
    let advance = Delivery { newly_acked_sacked: 1, snd_una_advanced: true, ..Delivery::default() };
    prr.tcp_cwnd_reduction(&mut cw, 5, advance);
    assert_eq!(cw.snd_cwnd, 7);
    prr.tcp_cwnd_reduction(&mut cw, 5, Delivery { newly_lost: 1, ..advance });
    assert_eq!(cw.snd_cwnd, 7, "two delivered in all, none sent for them");
}

#[test]
fn a_sender_that_conserves_sends_what_was_delivered() {
    let (mut cw, mut prr) = (window(20), Prr { delivered: 5, out: 1 });
    (cw.prior_cwnd, cw.snd_ssthresh) = (20, 10);
    prr.tcp_cwnd_reduction(&mut cw, 5, Delivery { conserves: true, ..sacked(2) });
    assert_eq!(cw.snd_cwnd, 7, "two, although seven were delivered and one was sent");
    prr.tcp_cwnd_reduction(&mut cw, 9, Delivery { conserves: true, ..sacked(2) });
    assert_eq!(cw.snd_cwnd, 10, "up to the threshold");
}

#[test]
fn nothing_delivered_changes_nothing() {
    let (mut cw, mut prr) = (window(20), Prr::default());
    prr.begin(&mut cw, 10);
    prr.tcp_cwnd_reduction(&mut cw, 3, sacked(0));
    assert_eq!((cw.snd_cwnd, prr), (20, Prr::default()));
}

#[test]
fn the_window_never_exceeds_flight_plus_delivered_plus_one() {
    for seed in 0..200 {
        let mut rng = Rng::new(seed);
        let (mut cw, mut prr) = (window(2 + rng.below(100)), Prr::default());
        let target = 1 + rng.below(cw.snd_cwnd);
        let mut in_flight = rng.below(cw.snd_cwnd + 1);
        prr.begin(&mut cw, target);
        for _ in 0..50 {
            let n = 1 + rng.below(3);
            in_flight = in_flight.saturating_sub(n);
            let seen = Delivery {
                newly_acked_sacked: n,
                newly_lost: rng.below(2),
                snd_una_advanced: rng.below(2) == 0,
                conserves: false,
            };
            prr.tcp_cwnd_reduction(&mut cw, in_flight, seen);
            let sent = cw.snd_cwnd - in_flight;
            assert!(sent <= (prr.delivered - prr.out.min(prr.delivered)).max(n) + 1);
            prr.out += sent;
            in_flight += sent;
        }
        assert!(in_flight <= target + 1, "{in_flight} still above {target}");
    }
}
