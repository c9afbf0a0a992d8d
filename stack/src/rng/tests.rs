//! What callers rely on: repeatability, separation, and the ISN clock.

use super::*;

fn sock(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn one_seed_gives_one_stream() {
    let (mut a, mut b, mut c) = (Rng::new(7), Rng::new(7), Rng::new(8));
    let take = |rng: &mut Rng| (0..8).map(|_| rng.next_u64()).collect::<Vec<_>>();
    let first = take(&mut a);
    assert_eq!(first, take(&mut b));
    assert_ne!(first, take(&mut c));
    assert_ne!(first, take(&mut a));
}

#[test]
fn below_stays_below_and_reaches_everything() {
    let mut rng = Rng::new(1);
    let mut seen = [0_u32; 5];
    for _ in 0..500 {
        seen[rng.below(5) as usize] += 1;
    }
    assert!(seen.iter().all(|&n| n > 50), "{seen:?}");
    assert_eq!(rng.below(0), 0);
}

#[test]
fn isn_advances_one_every_64_ns_and_differs_per_tuple() {
    let rng = Rng::new(1);
    let (a, b) = (sock("192.0.2.1:80"), sock("192.0.2.2:1000"));
    let at = |ns| rng.secure_tcp_seq(a, b, Instant(ns));
    assert_eq!(at(6400).wrapping_sub(at(0)), 100);
    assert_ne!(at(0), rng.secure_tcp_seq(b, a, Instant(0)));
    assert_ne!(at(0), Rng::new(2).secure_tcp_seq(a, b, Instant(0)));
}

#[test]
fn purposes_do_not_share_a_key() {
    let rng = Rng::new(1);
    let (a, b) = (sock("[2001:db8::1]:80"), sock("[2001:db8::2]:1000"));
    assert_ne!(rng.inet_ehashfn(a, b), rng.inet_ehashfn(b, a));
    assert_ne!(rng.inet_ehashfn(a, b), rng.secure_tcp_seq(a, b, Instant::ZERO));
}
