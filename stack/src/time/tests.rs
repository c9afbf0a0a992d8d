//! Rounding rules, with the numbers that `kernel/time/timer.c` documents.

use super::*;
use rstest::rstest;

fn hz(per_sec: u32) -> Hz {
    Hz::new(per_sec).unwrap()
}

#[rstest]
#[case(1000, 0, 0)]
#[case(1000, 1, 1)]
#[case(1000, 999, 1)]
#[case(1000, 1000, 1)]
#[case(1000, 1001, 2)]
#[case(1000, 200_000, 200)]
#[case(250, 1, 1)]
#[case(250, 4000, 1)]
#[case(250, 4001, 2)]
#[case(300, 3333, 1)]
#[case(300, 3334, 2)]
#[case(100, 10_001, 2)]
fn usecs_round_up_to_ticks(#[case] per_sec: u32, #[case] us: u64, #[case] jiffies: u32) {
    assert_eq!(hz(per_sec).usecs_to_jiffies(us), jiffies);
}

#[rstest]
#[case(1000)]
#[case(300)]
#[case(250)]
#[case(100)]
fn a_tick_is_where_it_says(#[case] per_sec: u32) {
    let hz = hz(per_sec);
    let start = hz.jiffies(Instant::ZERO);
    for n in [0, 1, 2, 299, 300, 301, 1_000_000] {
        let at = hz.instant(start.plus(n));
        assert_eq!(hz.jiffies(at), start.plus(n));
        assert!(n == 0 || hz.jiffies(Instant(at.0 - 1)) == start.plus(n - 1));
    }
    assert_eq!(hz.jiffies(Instant(3_600_000_000_000)), start.plus(hz.secs(3600)));
}

/// TCP's constants are given as fractions of HZ: all of these are whole milliseconds.
#[rstest]
#[case(1000)]
#[case(300)]
#[case(250)]
#[case(100)]
fn the_constants_of_tcp_are_whole_ticks(#[case] per_sec: u32) {
    let hz = hz(per_sec);
    let fractions = [(200, 5), (40, 25), (500, 2), (1000, 1)];
    assert!(fractions.iter().all(|&(ms, part)| hz.msecs_to_jiffies(ms) == per_sec / part));
}

// The wheel stands at a multiple of 64³, so that all of its levels are at their beginning.
const CLK: u64 = 1 << 32;

#[rstest]
#[case(0, 0, 1)]
#[case(0, 1, 2)]
#[case(0, 62, 63)]
#[case(0, 63, 64)]
#[case(0, 200, 208)]
#[case(5, 205, 208)]
#[case(0, 503, 504)]
#[case(0, 504, 512)]
#[case(0, 1000, 1024)]
#[case(0, 3000, 3008)]
#[case(0, 120_000, 122_880)]
#[case(9, 8, 9)]
fn the_wheel_rounds_up_to_its_level(#[case] clk: u64, #[case] expires: u64, #[case] served: u64) {
    let at = |ticks| Jiffies(CLK + ticks);
    assert_eq!(calc_wheel_index(at(clk), at(expires), 9), at(served));
}

/// WHEEL_TIMEOUT_CUTOFF and WHEEL_TIMEOUT_MAX: 12 days with a thousand ticks per second.
#[test]
fn nothing_is_later_than_the_wheel_is_large() {
    let served = calc_wheel_index(Jiffies(0), Jiffies(u64::MAX / 2), 9);
    assert_eq!(served.0, 63 << 24);
}

#[rstest]
#[case(0, 40, 41_000)]
#[case(250, 40, 41_000)]
#[case(999, 40, 41_000)]
#[case(1000, 40, 42_000)]
#[case(1500, 0, 2000)]
fn timers_fire_on_a_tick_and_never_early(
    #[case] now_us: u64,
    #[case] delta: u64,
    #[case] due_us: u64,
) {
    let timer = Wheel::new(hz(1000)).after(Instant::from_micros(now_us), delta);
    assert_eq!(timer.due, Instant::from_micros(due_us));
}

/// 63 ticks from now are level 1, which is served at multiples of eight; they are 62 ticks, and
/// level 0, for a wheel that has served the present tick.
#[test]
fn timers_armed_by_timers_count_from_the_next_tick() {
    let mut wheel = Wheel::new(hz(1000));
    let start = hz(1000).jiffies(Instant::ZERO).0 % 8;
    let now = Instant::from_millis(8 - start + 1);
    assert_eq!(wheel.after(now, 63).due.as_millis() - now.as_millis(), 71);
    wheel.runs(now);
    assert_eq!(wheel.after(now, 63).due.as_millis() - now.as_millis(), 64);
}

#[test]
fn differences_saturate() {
    let (early, late) = (Instant::from_micros(3), Instant::from_micros(10));
    assert_eq!(late.micros_since(early), 7);
    assert_eq!(early.micros_since(late), 0);
    assert_eq!(Instant::MAX.plus(Duration::from_secs(1)), Instant::MAX);
    assert_eq!(Hz::DEFAULT.ticks_between(late, Instant::MAX), u32::MAX);
}

#[test]
fn conversions_round_as_the_kernels() {
    assert_eq!((hz(250).msecs_to_jiffies(7), hz(250).jiffies_to_msecs(2)), (2, 8));
    assert_eq!((hz(300).msecs_to_jiffies(7), hz(300).jiffies_to_msecs(1)), (3, 4));
    assert_eq!((hz(300).jiffies_to_usecs(1), hz(250).jiffies_to_usecs(3)), (3333, 12_000));
    assert_eq!(hz(1000).nsecs_to_jiffies(1_999_999), 1);
    assert_eq!(Hz::new(1024), None);
}
