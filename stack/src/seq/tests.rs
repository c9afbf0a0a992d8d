//! Sequence arithmetic against 64-bit integers.

use super::Seq;
use rstest::rstest;

/// Pairs around the points where 32-bit arithmetic changes its mind.
const POINTS: [u32; 9] =
    [0, 1, 2, 0x7fff_fffe, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, u32::MAX - 1, u32::MAX];

#[test]
fn order_agrees_with_unwrapped_numbers() {
    for base in POINTS {
        for step in [0_u32, 1, 2, 1000, 0x7fff_fffe, 0x7fff_ffff] {
            let (a, b) = (Seq(base), Seq(base) + step);
            assert_eq!(a.before(b), step != 0, "{base} + {step}");
            assert_eq!(b.after(a), step != 0, "{base} + {step}");
            assert!(!b.before(a), "{base} + {step}");
            assert_eq!(a.max(b), b);
            assert_eq!(a.min(b), a);
            assert_eq!(b - a, step);
            assert_eq!(i64::from(b.distance(a)), i64::from(step));
        }
    }
}

#[rstest]
#[case(5, 5, 10, true, true)]
#[case(10, 5, 10, true, false)]
#[case(4, 5, 10, false, false)]
#[case(11, 5, 10, false, false)]
#[case(1, u32::MAX, 3, true, true)]
#[case(u32::MAX - 1, u32::MAX, 3, false, false)]
#[case(7, 7, 7, true, false)]
fn between_includes_both_ends_and_within_only_the_first(
    #[case] seq: u32,
    #[case] low: u32,
    #[case] high: u32,
    #[case] between: bool,
    #[case] within: bool,
) {
    assert_eq!(Seq(seq).between(Seq(low), Seq(high)), between);
    assert_eq!(Seq(seq).within(Seq(low), Seq(high)), within);
}

#[test]
fn half_a_turn_away_is_before_both_ways() {
    let (a, b) = (Seq(0), Seq(0x8000_0000));
    assert!(a.before(b) && b.before(a));
}
