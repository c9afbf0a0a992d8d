//! Rounding rules, with the numbers that `kernel/time/timer.c` documents.

use super::*;
use rstest::rstest;

#[rstest]
#[case(0, 0)]
#[case(1, 1)]
#[case(999, 1)]
#[case(1000, 1)]
#[case(1001, 2)]
#[case(200_000, 200)]
fn usecs_round_up_to_ticks(#[case] us: u64, #[case] jiffies: u64) {
    assert_eq!(usecs_to_jiffies(us), jiffies);
}

#[rstest]
#[case(0, 40, 40_000)]
#[case(1, 40, 41_000)]
#[case(999, 40, 41_000)]
#[case(1000, 40, 41_000)]
#[case(1500, 0, 2000)]
fn timers_fire_on_a_tick_and_never_early(
    #[case] now_us: u64,
    #[case] delta: u64,
    #[case] due_us: u64,
) {
    assert_eq!(timer_deadline(Instant::from_micros(now_us), delta), Instant::from_micros(due_us));
}

#[rstest]
#[case(0, 1, 2)]
#[case(0, 62, 63)]
#[case(0, 63, 64)]
#[case(0, 200, 208)]
#[case(5, 205, 208)]
#[case(0, 504, 512)]
#[case(0, 1000, 1024)]
#[case(0, 3000, 3008)]
fn the_wheel_rounds_up_to_its_level(#[case] now: u64, #[case] expires: u64, #[case] served: u64) {
    assert_eq!(wheel_expiry(Jiffies(now), Jiffies(expires)), Jiffies(served));
}

#[test]
fn differences_saturate() {
    let (early, late) = (Instant::from_micros(3), Instant::from_micros(10));
    assert_eq!(late.micros_since(early), 7);
    assert_eq!(early.micros_since(late), 0);
    assert_eq!(Instant::MAX.plus(Duration::from_secs(1)), Instant::MAX);
}

#[test]
fn jiffies_are_milliseconds() {
    assert_eq!((msecs_to_jiffies(7), jiffies_to_msecs(7)), (7, 7));
    assert_eq!((usecs_to_jiffies(1), usecs_to_jiffies(1000), usecs_to_jiffies(1001)), (1, 1, 2));
    assert_eq!((nsecs_to_jiffies(1_999_999), jiffies_to_usecs(3)), (1, 3000));
    assert_eq!(Jiffies(0x1_0000_0002).low32(), 2);
}
